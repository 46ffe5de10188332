/** What the task monitor needs from runs and slots. For the reader thread. */
import { and, asc, count, desc, eq, gte, inArray, isNull, lte, min, or, sql, sum } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import {
  queueMinutes,
  type RunState,
  runCounts,
  runHours,
  runStates,
  runs,
  runTotals,
  scheduleSlots,
} from '../../../db/schema.ts'
import { day, hour, minute } from '../../platform/clock.ts'
import type { Run } from '../../platform/jobs/runs.ts'
import { bucketsOf } from '../period.ts'
import { finishedRuns } from '../statistics/executions.ts'

const maxOutcomes = 20
const maxRunning = 100
const week = 7 * day

export type RunOutcome = {
  slot: number
  jobId: string | null
  status: RunState | 'SKIPPED' | 'GONE'
  ms: number | null
}
export type FailureGroup = {
  fingerprint: string
  name: string
  error: string
  runs: number
  first: number
  last: number
  jobId: string
  /** A retry of any of them would end the same way. */
  refused: boolean
}
export type TaskReading = ReturnType<typeof taskReading>

export function taskReading(db: Db, { entries, now }: { entries: readonly string[]; now: number }) {
  const running = runningNow(db)
  const names = new Set([...entries, ...running.map(({ name }) => name)])
  return {
    outcomes: Object.fromEntries(entries.map(entry => [entry, outcomesOf(db, entry)])),
    usual: usualMs(db, [...names], now),
    running,
    states: recentStates(db),
    waiting: waitingNow(db, now),
    failures: failureGroups(db, now - day),
    rate: failureRate(db, now),
  }
}

/** The last slots of an entry, oldest first. */
function outcomesOf(db: Db, entry: string): RunOutcome[] {
  const rows = db
    .select({
      slot: scheduleSlots.slot,
      jobId: scheduleSlots.jobId,
      status: runs.status,
      message: runs.message,
      startedAt: runs.startedAt,
      completedAt: runs.completedAt,
    })
    .from(scheduleSlots)
    .leftJoin(runs, eq(runs.id, scheduleSlots.jobId))
    .where(eq(scheduleSlots.entry, entry))
    .orderBy(desc(scheduleSlots.slot))
    .limit(maxOutcomes)
    .all()
  return rows.reverse().map(({ slot, jobId, status, message, startedAt, completedAt }) => ({
    slot,
    jobId,
    status: jobId === null || message?.startsWith('skipped') ? 'SKIPPED' : (status ?? 'GONE'),
    ms: startedAt && completedAt ? completedAt - startedAt : null,
  }))
}

/** The average time of successful runs over the last week. */
export function usualMs(db: Db, names: readonly string[], now: number): Record<string, number> {
  const rows = db
    .select({
      name: runHours.name,
      ms: sum(runHours.totalMs).mapWith(Number),
      runs: sum(runHours.runs).mapWith(Number),
    })
    .from(runHours)
    .where(and(inArray(runHours.name, [...names]), gte(runHours.start, now - week), eq(runHours.status, 'SUCCESS')))
    .groupBy(runHours.name)
    .all()
  return Object.fromEntries(rows.map(({ name, ms, runs }) => [name, ms / runs]))
}

const runningNow = (db: Db): Run[] =>
  db.select().from(runs).where(eq(runs.status, 'PROGRESS')).orderBy(asc(runs.startedAt)).limit(maxRunning).all()

/** How many runs are in each state, of one name or of all. */
export function recentStates(db: Db, name?: string): Record<RunState, number> {
  const counts = new Map(
    db
      .select({ status: runCounts.status, runs: sum(runCounts.runs).mapWith(Number) })
      .from(runCounts)
      .where(name ? eq(runCounts.name, name) : undefined)
      .groupBy(runCounts.status)
      .all()
      .map(row => [row.status, row.runs]),
  )
  return Object.fromEntries(runStates.map(state => [state, counts.get(state) ?? 0])) as Record<RunState, number>
}

/** Runs that are due and wait, and since when the first of them has. */
const waitingNow = (db: Db, now: number): { runs: number; since: number | null } =>
  db
    .select({ runs: count(), since: sql<number | null>`min(coalesce(${runs.notBefore}, ${runs.createdAt}))` })
    .from(runs)
    .where(and(eq(runs.status, 'PENDING'), or(isNull(runs.notBefore), lte(runs.notBefore, now))))
    .get() ?? { runs: 0, since: null }

/** What waits and runs now: recorded each minute. For the reader thread. */
export const depthReading = (db: Db, { now }: { now: number }): { waiting: number; running: number } => ({
  waiting: waitingNow(db, now).runs,
  running: recentStates(db).PROGRESS,
})

const depthStep = 30 * minute

export type JobsOverTime = {
  /** How many ended in each hour of the last day. */
  hours: { at: number; success: number; failed: number; cancelled: number }[]
  /** The most that waited and ran at a time, every half hour; null if nothing was recorded. All jobs, whatever the name. */
  depth: { at: number; waiting: number | null; running: number | null }[]
}

/** For one job or all. For the reader thread. */
export function jobsOverTime(db: Db, { name, now }: { name?: string; now: number }): JobsOverTime {
  const begin = now - (now % hour) - 23 * hour
  const ended = finishedRuns(db, 'hour', begin, name)
  const runsEnded = (at: number, status: RunState) =>
    ended.reduce((sum, row) => sum + (row.start === at && row.status === status ? row.runs : 0), 0)
  const at = sql<number>`${queueMinutes.minute} - ${queueMinutes.minute} % ${depthStep}`
  const depth = new Map(
    db
      .select({
        at,
        waiting: sql<number>`max(${queueMinutes.waiting})`,
        running: sql<number>`max(${queueMinutes.running})`,
      })
      .from(queueMinutes)
      .where(gte(queueMinutes.minute, begin))
      .groupBy(at)
      .all()
      .map(row => [row.at, row]),
  )
  return {
    hours: bucketsOf(begin, now, hour).map(at => ({
      at,
      success: runsEnded(at, 'SUCCESS'),
      failed: runsEnded(at, 'FAILURE'),
      cancelled: runsEnded(at, 'CANCELLED'),
    })),
    depth: bucketsOf(begin, now, depthStep).map(at => depth.get(at) ?? { at, waiting: null, running: null }),
  }
}

const maxFailures = 10_000 // looked at, the newest

/** Written out, not a parameter: the index holds only failures. */
const failedSince = (at: number) => and(sql`${runs.status} = 'FAILURE'`, gte(runs.completedAt, at))

/** Groups of identical failures, most recent first. */
function failureGroups(db: Db, since: number, limit = 20): FailureGroup[] {
  const failed = db
    .select({
      fingerprint: runs.fingerprint,
      name: runs.name,
      error: runs.error,
      id: runs.id,
      refused: runs.refused,
      at: runs.completedAt,
    })
    .from(runs)
    .where(failedSince(since))
    .orderBy(desc(runs.completedAt))
    .limit(maxFailures)
    .as('failed')
  // SQLite takes the columns that are neither grouped nor counted from the row of the max.
  return db
    .select({
      fingerprint: sql<string>`coalesce(${failed.fingerprint}, '')`,
      name: failed.name,
      error: sql<string>`coalesce(${failed.error}, '')`,
      jobId: failed.id,
      refused: sql<number>`sum(${failed.refused}) = count(*)`.mapWith(Boolean),
      runs: count(),
      first: sql<number>`min(${failed.at})`,
      last: sql<number>`max(${failed.at})`.as('last'),
    })
    .from(failed)
    .groupBy(failed.fingerprint, failed.name)
    .orderBy(desc(sql`last`))
    .limit(limit)
    .all()
}

export type FailureRate = { lastHour: number; usualPerHour: number | null }

/** Failures in the last hour, and the usual number; null while there is less than a day of data. */
function failureRate(db: Db, now: number): FailureRate {
  const recent = db
    .select({ one: sql`1`.as('one') })
    .from(runs)
    .where(failedSince(now - hour))
    .limit(maxFailures)
    .as('recent')
  const lastHour = db.select({ runs: count() }).from(recent).get()?.runs ?? 0
  const hours = and(eq(runTotals.unit, 'hour'), gte(runTotals.start, now - week), lte(runTotals.start, now - 2 * hour))
  const { first, failed } = db
    .select({
      first: min(runTotals.start),
      failed: sql<number | null>`sum(iif(${runTotals.status} = 'FAILURE', ${runTotals.runs}, 0))`,
    })
    .from(runTotals)
    .where(hours)
    .get() ?? { first: null, failed: null }
  const length = first === null ? 0 : (now - hour - first) / hour
  return { lastHour, usualPerHour: length < 24 ? null : (failed ?? 0) / length }
}

/** Times the usual; null if it is negligible. */
export function failureSurge({ lastHour, usualPerHour }: FailureRate): number | null {
  if (lastHour < 5 || usualPerHour === null) return null
  const times = lastHour / Math.max(usualPerHour, 0.5)
  return times >= 3 ? times : null
}
