import { and, eq, gte, inArray, min, type SQL, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { runDays, runHours, runStates } from '../../db/schema.ts'
import { type CalendarUnit, iso, startOf } from '../runtime/clock.ts'
import { beginOf, bucketsFrom, groupingSchema, type Period, periodSchema } from './period.ts'

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
const moment = t.String({ format: 'date-time' })
export const executionSchema = t.Object({
  period: periodSchema,
  generated_at: moment,
  group_by: groupingSchema,
  buckets: t.Array(
    t.Object({
      start: moment,
      total: t.Integer(),
      success: t.Integer(),
      failed: t.Integer(),
      avg_ms: t.Nullable(t.Number()),
    }),
  ),
  total: t.Integer(),
})
export type ExecutionStats = Static<typeof executionSchema>
export type ExecutionInput = { period: Period; group_by: CalendarUnit; status?: string; name?: string; now: number }

/** Finished runs by hour, day or month. */
export function executionStats(db: Db, { period, group_by: unit, status, name, now }: ExecutionInput): ExecutionStats {
  const counts = unit === 'hour' ? runHours : runDays
  const first =
    db
      .select({ at: min(counts.start) })
      .from(counts)
      .get()?.at ?? null
  const begin = beginOf(period, unit, now, first)
  const where: SQL | undefined = and(
    gte(counts.start, begin),
    status ? eq(counts.status, status as never) : undefined,
    name ? eq(counts.name, name) : undefined,
  )
  const rows = db
    .select({
      start: counts.start,
      total: sum(counts.runs).mapWith(Number),
      success: sql<number>`sum(iif(${counts.status} = 'SUCCESS', ${counts.runs}, 0))`,
      failed: sql<number>`sum(iif(${counts.status} = 'FAILURE', ${counts.runs}, 0))`,
      ms: sum(counts.totalMs).mapWith(Number),
    })
    .from(counts)
    .where(where)
    .groupBy(counts.start)
    .all()
  const found = new Map<number, { total: number; success: number; failed: number; ms: number }>()
  for (const { start, ...row } of rows) {
    const key = startOf(unit, start)
    const known = found.get(key) ?? { total: 0, success: 0, failed: 0, ms: 0 }
    found.set(key, {
      total: known.total + row.total,
      success: known.success + row.success,
      failed: known.failed + row.failed,
      ms: known.ms + row.ms,
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

export type TaskStats = { name: string; runs: number; failed: number; avg_ms: number | null; p95_ms: number | null }

/** What each job did since `begin`: how often, how long. */
export function taskStats(db: Db, begin: number): TaskStats[] {
  const rows = db
    .select({
      name: runDays.name,
      status: runDays.status,
      bucket: runDays.bucket,
      runs: sum(runDays.runs).mapWith(Number),
      ms: sum(runDays.totalMs).mapWith(Number),
    })
    .from(runDays)
    .where(and(gte(runDays.start, begin), inArray(runDays.status, ['SUCCESS', 'FAILURE'])))
    .groupBy(runDays.name, runDays.status, runDays.bucket)
    .orderBy(runDays.bucket)
    .all()
  const byName = Map.groupBy(rows, ({ name }) => name)
  return [...byName]
    .map(([name, counts]) => {
      const runs = counts.reduce((sum, count) => sum + count.runs, 0)
      const failed = counts.reduce((sum, { status, runs }) => sum + (status === 'FAILURE' ? runs : 0), 0)
      const ms = counts.reduce((sum, count) => sum + count.ms, 0)
      return {
        name,
        runs,
        failed,
        avg_ms: runs ? Math.round((ms / runs) * 10) / 10 : null,
        p95_ms: shareBelow(counts, 0.95 * runs),
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
