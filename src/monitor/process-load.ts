/** The load of each process and the depth of the queue, minute by minute, and the alerts about them. */
import { availableParallelism } from 'node:os'
import { gte } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { processMinutes, queueMinutes } from '../../db/schema.ts'
import { tryWrite } from '../../db/transactions.ts'
import type { Alert } from '../alerts.ts'
import type { App } from '../context.ts'
import { minute } from '../platform/clock.ts'
import { depthReading } from './tasks/task-queries.ts'

export type Load = typeof processMinutes.$inferSelect

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

/** Call the returned function each minute: it records how much waits and runs, unless another process has. */
export function openDepthRecorder({ db, clock, reader }: App): () => Promise<void> {
  return async () => {
    const now = clock.now()
    const depth = await reader.read(depthReading, { now })
    const row = { minute: now - (now % minute), ...depth }
    tryWrite(db, tx => void tx.insert(queueMinutes).values(row).onConflictDoNothing().run())
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
