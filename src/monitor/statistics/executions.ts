import { and, eq, gte, inArray, min, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { runDays, runHours, runMonths, runStates, runTotals } from '../../../db/schema.ts'
import { type CalendarUnit, iso, startOf } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { bucketsFrom, groupingSchema, periodSchema, periodStart, type StatsPeriod } from './users.ts'

export const executionQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  status: t.Optional(
    t.Union(
      runStates.map(state => t.Literal(state)),
      { description: 'Only finished runs are counted' },
    ),
  ),
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
      avg_ms: t.Nullable(t.Number()),
    }),
  ),
  total: t.Integer(),
})
export type ExecutionStats = Static<typeof executionSchema>
export type ExecutionInput = {
  period: StatsPeriod
  group_by: CalendarUnit
  status?: string
  name?: string
  now: number
}

/** Finished runs by hour, day or month. */
export function executionStats(db: Db, { period, group_by: unit, status, name, now }: ExecutionInput): ExecutionStats {
  const first =
    db
      .select({ at: min(runTotals.start) })
      .from(runTotals)
      .where(eq(runTotals.unit, 'day'))
      .get()?.at ?? null
  const begin = periodStart(period, unit, now, first)
  const found = new Map<number, Count>()
  for (const count of countsOf(db, unit, begin, name)) {
    if (status && count.status !== status) continue
    const start = startOf(unit, count.start)
    const { total, success, failed, ms } = found.get(start) ?? { total: 0, success: 0, failed: 0, ms: 0 }
    found.set(start, {
      total: total + count.runs,
      success: success + (count.status === 'SUCCESS' ? count.runs : 0),
      failed: failed + (count.status === 'FAILURE' ? count.runs : 0),
      ms: ms + count.ms,
    })
  }
  const buckets = [...bucketsFrom(begin, unit, now)].map(start => {
    const { total = 0, success = 0, failed = 0, ms = 0 } = found.get(start) ?? {}
    return { start: iso(start), total, success, failed, avg_ms: total ? Math.round((ms / total) * 10) / 10 : null }
  })
  return {
    period,
    generated_at: iso(now),
    group_by: unit,
    buckets,
    total: buckets.reduce((sum, { total }) => sum + total, 0),
  }
}

type Count = { total: number; success: number; failed: number; ms: number }

/** Finished runs by state, of one job or of all, in the finest rows that are few enough. */
function countsOf(db: Db, unit: CalendarUnit, begin: number, name: string | undefined) {
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

export type TaskStats = { name: string; runs: number; failed: number; avg_ms: number | null; p95_ms: number | null }

/** What each job did since `begin`, or ever: how often, how long. */
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
    .where(and(begin === 'ever' ? undefined : gte(counts.start, begin), inArray(counts.status, ['SUCCESS', 'FAILURE'])))
    .groupBy(counts.name, counts.status, counts.bucket)
    .orderBy(counts.bucket)
    .all()
  const byName = Map.groupBy(rows, ({ name }) => name)
  return [...byName]
    .map(([name, all]) => {
      const runs = all.reduce((sum, count) => sum + count.runs, 0)
      const failed = all.reduce((sum, { status, runs }) => sum + (status === 'FAILURE' ? runs : 0), 0)
      const ms = all.reduce((sum, count) => sum + count.ms, 0)
      return {
        name,
        runs,
        failed,
        avg_ms: runs ? Math.round((ms / runs) * 10) / 10 : null,
        p95_ms: shareBelow(all, 0.95 * runs),
      }
    })
    .toSorted((a, b) => b.runs - a.runs || (a.name < b.name ? -1 : 1))
}

/** The upper bound of the bucket in which the `n`th run lies, counts ordered by bucket. */
function shareBelow(counts: { bucket: number; runs: number }[], n: number): number | null {
  let below = 0
  for (const { bucket, runs } of counts) {
    below += runs
    if (below >= n) return bucket
  }
  return null
}
