/** A process that ended without stopping (killed, out of memory, a power cut) is told of once, after a restart too. */
import { eq } from 'drizzle-orm'
import { systemAlerts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { iso } from '../platform/clock.ts'
import { hasWorker, processesOf } from './load.ts'

const alertOfDeath = 'process_died:'

/** Called at the start and each minute, by every process. */
export async function reportDeadProcesses(app: App): Promise<void> {
  const { db, clock } = app
  const all = processesOf(app)
  const dead = all.filter(({ alive }) => !alive)
  if (!dead.length) return
  await atomically(db, tx => {
    for (const { id, role, host, pid, startedAt } of dead) {
      const key = `${alertOfDeath}${id}`
      if (tx.select({ id: systemAlerts.id }).from(systemAlerts).where(eq(systemAlerts.key, key)).get()) continue
      raise(tx, clock.now(), {
        key,
        type: 'process_died',
        severity: 'warning',
        title: `A process (${role}) ended without stopping`,
        message: `Pid ${pid} on ${host}, running since ${iso(startedAt)}, was killed, ran out of memory or lost its power. ${
          hasWorker(all) ? 'What it had under way is done again.' : 'What it had under way waits for a worker.'
        }`,
        data: { process: id },
      })
    }
  })
}
