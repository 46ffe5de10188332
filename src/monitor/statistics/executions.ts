import { and, eq, gte, min, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { aggregate } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { type RunState, runDays, runHours, runMonths, runStates, runTotals } from '../../../db/schema.ts'
import { type CalendarUnit, iso, startOf } from '../../platform/clock.ts'
import { dateTimeSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { bucketsFrom, groupingSchema, periodSchema, periodStart, type StatsPeriod } from '../period.ts'

export const executionQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  status: t.Optional(oneOfWords(runStates, { description: 'Only finished runs are counted' })),
  name: t.Optional(t.String({ maxLength: 100 })),
})
export const executionSchema = t.Object({
  period: periodSchema,
  generated_at: dateTimeSchema,
  group_by: groupingSchema,
  buckets: t.Array(
    t.Object({
      start: dateTimeSchema,
      total: t.Integer(),
      success: t.Integer(),
      failed: t.Integer(),
      cancelled: t.Integer(),
      avg_ms: t.Nullable(t.Number({ description: 'The average of runs that succeeded or failed' })),
    }),
  ),
  total: t.Integer({ description: 'success + failed + cancelled, here as in each bucket' }),
  success: t.Integer(),
  failed: t.Integer(),
  cancelled: t.Integer(),
})
type ExecutionStats = Static<typeof executionSchema>
export type ExecutionInput = {
  period: StatsPeriod
  group_by: CalendarUnit
  status?: string
  name?: string
  now: number
}

/** Finished runs by hour, day or month. */
export function executionStats(db: Db, { period, group_by: unit, status, name, now }: ExecutionInput): ExecutionStats {
  const begin = periodStart(period, unit, now, firstRun(db))
  const countsByStart = new Map<number, Counts>()
  const sum = noCounts()
  for (const { start, status: ended, runs, ms } of finishedRuns(db, unit, begin, name)) {
    if (status && ended !== status) continue
    const at = startOf(unit, start)
    const counts = countsByStart.get(at) ?? noCounts()
    countsByStart.set(at, counts)
    for (const each of [counts, sum]) {
      each.total += runs
      each[countKeyOf(ended)] += runs
      if (ended !== 'CANCELLED') each.ms += ms
    }
  }
  const { ms: _, ...sums } = sum
  return {
    period,
    generated_at: iso(now),
    group_by: unit,
    buckets: [...bucketsFrom(begin, unit, now)].map(start => {
      const { ms, ...counts } = countsByStart.get(start) ?? noCounts()
      return { start: iso(start), ...counts, avg_ms: averageMs(ms, counts.success + counts.failed) }
    }),
    ...sums,
  }
}

/** The day of the first run that was counted; null if there is none. */
export const firstRun = (db: Db): number | null =>
  aggregate(db, runTotals, min(runTotals.start), eq(runTotals.unit, 'day'))

type Counts = { total: number; success: number; failed: number; cancelled: number; ms: number }
const noCounts = (): Counts => ({ total: 0, success: 0, failed: 0, cancelled: 0, ms: 0 })
const countKeyOf = (status: RunState) =>
  status === 'SUCCESS' ? 'success' : status === 'FAILURE' ? 'failed' : 'cancelled'
const averageMs = (ms: number, runs: number) => (runs ? Math.round((ms / runs) * 10) / 10 : null)

/** Finished runs by state, of one job or of all, at the finest resolution that is small enough. */
export function finishedRuns(db: Db, unit: CalendarUnit, begin: number, name: string | undefined) {
  if (name !== undefined)
    return db
      .select({ start: runHours.start, status: runHours.status, runs: runHours.runs, ms: runHours.totalMs })
      .from(runHours)
      .where(and(eq(runHours.name, name), gte(runHours.start, begin)))
      .all()
  return db
    .select({ start: runTotals.start, status: runTotals.status, runs: runTotals.runs, ms: runTotals.totalMs })
    .from(runTotals)
    .where(and(eq(runTotals.unit, unit === 'hour' ? 'hour' : 'day'), gte(runTotals.start, begin)))
    .all()
}

export const taskStatsSchema = t.Object({
  name: t.String(),
  runs: t.Integer({ description: 'Runs that succeeded, failed or were cancelled' }),
  failed: t.Integer(),
  cancelled: t.Integer(),
  avg_ms: t.Nullable(t.Number()),
  p95_ms: t.Nullable(t.Number({ description: 'Nineteen of twenty took less, within 10 %' })),
})
type TaskStats = Static<typeof taskStatsSchema>

/** Runs and times of each job since `begin`, or ever. Cancelled runs are counted, not timed. */
export function taskStats(db: Db, begin: number | 'ever'): TaskStats[] {
  const counts = begin === 'ever' ? runMonths : runDays
  const rows = db
    .select({
      name: counts.name,
      status: counts.status,
      bucket: counts.bucket,
      runs: sum(counts.runs).mapWith(Number),
      ms: sum(counts.totalMs).mapWith(Number),
    })
    .from(counts)
    .where(begin === 'ever' ? undefined : gte(counts.start, begin))
    .groupBy(counts.name, counts.status, counts.bucket)
    .orderBy(counts.bucket)
    .all()
  const bounds = db.$client
    .query<{ bound: number }, []>('select bound from duration_bounds order by bound')
    .all()
    .map(({ bound }) => bound)
  return [...Map.groupBy(rows, ({ name }) => name)]
    .map(([name, all]) => {
      const timed = all.filter(({ status }) => status !== 'CANCELLED')
      const runs = runsOf(all)
      const timedRuns = runsOf(timed)
      return {
        name,
        runs,
        failed: runsOf(all.filter(({ status }) => status === 'FAILURE')),
        cancelled: runs - timedRuns,
        avg_ms: averageMs(
          timed.reduce((total, { ms }) => total + ms, 0),
          timedRuns,
        ),
        p95_ms: timeOfNthRun(timed, 0.95 * timedRuns, bounds),
      }
    })
    .toSorted((a, b) => b.runs - a.runs || (a.name < b.name ? -1 : 1))
}

const runsOf = (counts: readonly { runs: number }[]) => counts.reduce((total, { runs }) => total + runs, 0)

/** The middle of the bucket of the `n`th run, counts ordered by bucket: within 10 % of its time. */
function timeOfNthRun(counts: { bucket: number; runs: number }[], n: number, bounds: readonly number[]): number | null {
  let below = 0
  for (const { bucket, runs } of counts) {
    below += runs
    if (below < n) continue
    const shortest = bounds.findLast(bound => bound < bucket) ?? 0
    return Math.round(Math.sqrt(shortest * (bucket - 1)))
  }
  return null
}
