/** The processes that share the folder and those of `ROLE=compute`: who they are, and which have died. */
import { hostname } from 'node:os'
import { eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { refuseNewer, schemaVersion } from '../../db/migrate.ts'
import type { Db } from '../../db/open.ts'
import { processes, systemAlerts } from '../../db/schema.ts'
import { atomically, bestEffortWrite } from '../../db/transactions.ts'
import { raiseAlert } from '../alerts.ts'
import type { App } from '../context.ts'
import { iso } from '../platform/clock.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { isProcessDead } from '../platform/process/process-lock.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'

/**
 * Stores this process among those that share the folder; returns a function that removes it. Call it under the process lock: a
 * newer version that saw no lock may have migrated since the database was opened.
 */
export async function registerProcess(
  db: Db,
  row: Pick<typeof processes.$inferInsert, 'id' | 'role' | 'version' | 'startedAt'>,
) {
  const values = { ...row, host: hostname(), pid: process.pid }
  await atomically(db, tx => {
    refuseNewer(schemaVersion(tx.$client))
    tx.insert(processes).values(values).run()
  })
  return () => void bestEffortWrite(db, tx => void tx.delete(processes).where(eq(processes.id, row.id)).run())
}

export type Process = typeof processes.$inferSelect & { alive: boolean }

export const processesOf = ({
  db,
  processId,
  config: { dataDir },
}: Pick<App, 'db' | 'processId' | 'config'>): Process[] =>
  allProcesses(db).map(row => ({ ...row, alive: row.id === processId || !isProcessDead(dataDir, row.id) }))

const allProcesses = (db: Db) => db.select().from(processes).orderBy(processes.startedAt).all()

/** Whether any process runs jobs. */
export const hasWorker = (all: readonly Process[]) => all.some(({ alive, role }) => alive && role !== 'web')

const deathAlertPrefix = 'process_died:'

/**
 * Reports each process that ended without stopping (killed, out of memory, a power cut) once, also after a restart. Called at the
 * start and each minute, by every process.
 */
export async function reportDeadProcesses(app: App): Promise<void> {
  const { db, clock } = app
  const all = processesOf(app)
  const dead = all.filter(({ alive }) => !alive)
  if (!dead.length) return
  await atomically(db, tx => {
    for (const { id, role, host, pid, startedAt } of dead) {
      const key = `${deathAlertPrefix}${id}`
      if (tx.select({ id: systemAlerts.id }).from(systemAlerts).where(eq(systemAlerts.key, key)).get()) continue
      raiseAlert(tx, clock.now(), {
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

/** A process of `ROLE=compute`, which shares only Redis with this folder. */
export const machineSchema = t.Object({
  name: t.String({ description: 'Host and process', examples: ['nas-4711'] }),
  host: t.String({ examples: ['nas'] }),
  doing: t.Array(t.Object({ task: t.String({ examples: ['roster.solve'] }), since: dateTimeSchema })),
})
export type MachineView = Static<typeof machineSchema>

/** None if Redis does not answer: the caller already reports that. */
export async function machinesNow({ compute }: Pick<App, 'compute'>): Promise<MachineView[]> {
  const machines = await withTimeout(compute.machines(), 700, () => []).catch(() => [])
  return machines.map(({ doing, ...machine }) => ({
    ...machine,
    doing: doing.map(({ task, since }) => ({ task, since: iso(since) })),
  }))
}
