/** The processes that share the folder and those of `ROLE=compute`: who they are, how loaded, and which have died. */
import { availableParallelism, hostname } from 'node:os'
import { eq, gte } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { refuseNewer, schemaVersion } from '../../db/migrate.ts'
import type { Db } from '../../db/open.ts'
import { processes, processMinutes, systemAlerts } from '../../db/schema.ts'
import { atomically, bestEffortWrite, tryWrite } from '../../db/transactions.ts'
import { type Alert, raiseAlert } from '../alerts.ts'
import type { App } from '../context.ts'
import { iso, minute } from '../platform/clock.ts'
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

/** The load of each process, minute by minute, and the alerts about it. */

type Load = typeof processMinutes.$inferSelect

/** Call the returned function each minute: it records what this process used since the last call. */
export function openLoadRecorder({ db, clock, config, processId, loop, loadShedding }: App): () => void {
  let refused = loadShedding.refused()
  let used = process.cpuUsage()
  let at = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(used)
    const cpu = (user + system) / 1_000 / (performance.now() - at) / availableParallelism()
    used = process.cpuUsage()
    at = performance.now()
    const refusedBefore = refused
    refused = loadShedding.refused()
    const now = clock.now()
    const row: Load = {
      minute: now - (now % minute),
      process: processId,
      role: config.role,
      cpu: Math.round(Math.min(1, cpu) * 1_000) / 1_000,
      lagMs: Math.round(loop.lag().p99 * 10) / 10,
      rssBytes: process.memoryUsage.rss(),
      shed: refused - refusedBefore,
    }
    tryWrite(db, tx => void tx.insert(processMinutes).values(row).onConflictDoNothing().run())
  }
}

/** All processes since then, oldest first. */
export const loadSince = (db: Db, at: number): Load[] =>
  db.select().from(processMinutes).where(gte(processMinutes.minute, at)).orderBy(processMinutes.minute).all()

const maxLag = 200 // ms
const maxBusyShare = 0.8 // of all cores
const minutesInARow = 5

/** Thresholds for an overloaded process. */
export function processLoadAlerts(rows: readonly Load[], now: number): Alert[] {
  const byProcess = Map.groupBy(rows, ({ process }) => process)
  return [...byProcess.values()].flatMap(minutes => [...overloadAlerts(minutes), ...refusedReadAlerts(minutes, now)])
}

/** Overloaded for this many minutes in a row: a short peak needs no alarm. */
function overloadAlerts(minutes: readonly Load[]): Alert[] {
  const last = minutes.slice(-minutesInARow)
  const newest = last.at(-1)
  if (!newest || last.length < minutesInARow) return []
  const { process, role, lagMs, cpu } = newest
  const isLate = last.every(({ lagMs }) => lagMs > maxLag)
  const isBusy = last.every(({ cpu }) => cpu > maxBusyShare)
  if (!isLate && !isBusy) return []
  const what = [
    isLate && `timers fire up to ${Math.round(lagMs)} ms late`,
    isBusy && `it uses ${Math.round(cpu * 100)} % of the processor`,
  ]
  return [
    {
      key: `high_load:${process}`,
      type: 'high_load',
      severity: isLate ? 'error' : 'warning',
      title: `A process (${role}) is overloaded`,
      message: `For ${minutesInARow} minutes ${what.filter(Boolean).join(', and ')}.`,
      data: { process, lag_ms: lagMs, cpu },
    },
  ]
}

/** Readers were refused in the last two minutes: raises an alert at once. */
function refusedReadAlerts(minutes: readonly Load[], now: number): Alert[] {
  const recent = minutes.slice(-2).filter(row => row.minute > now - 3 * minute) // a row is of the minute before it
  const shed = recent.reduce((sum, { shed }) => sum + shed, 0)
  const newest = minutes.at(-1)
  if (!newest || shed === 0) return []
  const { process, role, lagMs } = newest
  return [
    {
      key: `high_load:shed:${process}`,
      type: 'high_load',
      severity: 'error',
      title: `A process (${role}) refuses readers`,
      message: `It is overloaded: ${shed} reads were refused with a 503 in the last two minutes. Requests of officers and admins, and changes, are still answered.`,
      data: { process, shed, lag_ms: lagMs },
    },
  ]
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
