/** Requests and times of each route; load of processes. For the reader thread. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { type StatementTimes, statementTimes } from '../../../db/statement-times.ts'
import { hour, iso, minute, startOf } from '../../platform/clock.ts'
import { dateTimeSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { addCounts, addHistogram, emptyHistogram, quantile } from '../../platform/process/metrics.ts'
import { bucketsOf, lengthOf, percentChange, type ShortPeriod, shortPeriodSchema } from '../period.ts'
import { taskStats, taskStatsSchema } from '../statistics/executions.ts'

const nullableMs = t.Nullable(t.Number())
const timeFields = { avg_ms: nullableMs, p50_ms: nullableMs, p95_ms: nullableMs, p99_ms: nullableMs }
const countFields = {
  requests: t.Integer(),
  per_minute: t.Number(),
  errors: t.Integer(),
  error_pct: t.Nullable(t.Number()),
}
const changeFields = {
  requests_change_pct: t.Nullable(t.Number({ description: 'Compared with the previous period of the same length' })),
  p95_change_pct: t.Nullable(t.Number()),
}
export const routeSchema = t.Object({ route: t.String(), ...countFields, ...timeFields, ...changeFields })
export type RouteFigures = Static<typeof routeSchema>

/** What routes are sorted by, highest first; by default the slowest. */
export const routeOrders = ['p95_ms', 'requests', 'error_pct', 'p50_ms', 'p99_ms'] as const
export const routeOrderSchema = oneOfWords(routeOrders)
type RouteOrder = (typeof routeOrders)[number]

export const performanceSchema = t.Object({
  period: shortPeriodSchema,
  since: dateTimeSchema,
  total: t.Object({ ...countFields, ...timeFields, ...changeFields }),
  routes: t.Array(routeSchema),
  trend: t.Array(
    t.Object({
      at: dateTimeSchema,
      requests: t.Nullable(t.Integer({ description: 'null: nothing was counted' })),
      errors: t.Nullable(t.Integer()),
      p50_ms: nullableMs,
      p95_ms: nullableMs,
    }),
  ),
  load: t.Array(
    t.Object({
      at: dateTimeSchema,
      cpu_pct: t.Nullable(t.Number()),
      lag_ms: t.Nullable(t.Number({ description: 'p99 of how late timers fired, the worst process' })),
      memory_mb: t.Nullable(t.Number({ description: 'Memory of all processes' })),
    }),
  ),
})
export type Performance = Static<typeof performanceSchema>

type Row = { at: number; route: string; requests: number; errors: number; total_ms: number; histogram: Uint8Array }
type Sum = { requests: number; errors: number; totalMs: number; histogram: Float64Array }
const emptySum = (): Sum => ({ requests: 0, errors: 0, totalMs: 0, histogram: emptyHistogram() })

function addRow(sum: Sum, { requests, errors, total_ms, histogram }: Row) {
  sum.requests += requests
  sum.errors += errors
  sum.totalMs += total_ms
  addHistogram(sum.histogram, histogram)
}

function sumOfRoutes(routes: ReadonlyMap<string, Sum>): Sum {
  const total = emptySum()
  for (const { requests, errors, totalMs, histogram } of routes.values()) {
    total.requests += requests
    total.errors += errors
    total.totalMs += totalMs
    addCounts(total.histogram, histogram)
  }
  return total
}

type PerformanceInput = { period: ShortPeriod; now: number; route?: string; sortBy?: RouteOrder }

/** With `route`, the trend is of that route alone. */
export function performanceReading(db: Db, { period, now, route, sortBy = 'p95_ms' }: PerformanceInput): Performance {
  const isShort = period === 'last_hour'
  const [table, time, step] = isShort ? ['request_stats', 'minute', minute] : ['request_hours', 'hour', hour]
  const length = lengthOf(period)
  const lastStep = now - (now % step)
  const begin = lastStep - length + step
  const rows = db.$client.query<Row, [number]>(
    `select ${time} as at, route, requests, errors, total_ms, histogram from ${table} where ${time} >= ?`,
  )
  const byRoute = new Map<string, Sum>()
  const before = new Map<string, Sum>()
  const byTime = new Map<number, Sum>()
  const sumOf = <Key>(sums: Map<Key, Sum>, key: Key) => {
    let sum = sums.get(key)
    if (!sum) sums.set(key, (sum = emptySum()))
    return sum
  }
  for (const row of rows.iterate(begin - length)) {
    const isNow = row.at >= begin
    addRow(sumOf(isNow ? byRoute : before, row.route), row)
    if (isNow && (!route || route === row.route)) addRow(sumOf(byTime, row.at), row)
  }
  const [total, totalBefore] = [sumOfRoutes(byRoute), sumOfRoutes(before)]
  const minutes = Math.max(1, (now - begin) / minute)
  const load = loadOf(db, begin, now, step)
  return {
    period,
    since: iso(begin),
    total: { ...figuresOf(total, minutes), ...changePercents(total, totalBefore) },
    routes: [...byRoute]
      .map(([name, sum]) => ({ route: name, ...figuresOf(sum, minutes), ...changePercents(sum, before.get(name)) }))
      .sort((a, b) => (b[sortBy] ?? -1) - (a[sortBy] ?? -1) || b.requests - a.requests || (a.route < b.route ? -1 : 1)),
    trend: bucketsOf(begin, now, step).map((at, i) => {
      const sum = byTime.get(at)
      const ifNone = load[i]?.cpu_pct === null ? null : 0
      return {
        at: iso(at),
        requests: sum?.requests ?? ifNone,
        errors: sum?.errors ?? ifNone,
        p50_ms: sum ? timeAt(sum, 0.5) : null,
        p95_ms: sum ? timeAt(sum, 0.95) : null,
      }
    }),
    load,
  }
}

const round = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10)
const timeAt = ({ histogram }: Sum, share: number) => round(quantile(histogram, share))

const figuresOf = (sum: Sum, minutes: number) => ({
  requests: sum.requests,
  per_minute: Math.round((100 * sum.requests) / minutes) / 100,
  errors: sum.errors,
  error_pct: sum.requests ? Math.round((10_000 * sum.errors) / sum.requests) / 100 : null,
  avg_ms: sum.requests ? round(sum.totalMs / sum.requests) : null,
  p50_ms: timeAt(sum, 0.5),
  p95_ms: timeAt(sum, 0.95),
  p99_ms: timeAt(sum, 0.99),
})

const changePercents = (sum: Sum, before: Sum | undefined) => ({
  requests_change_pct: percentChange(sum.requests, before?.requests ?? null),
  p95_change_pct: before?.requests ? percentChange(timeAt(sum, 0.95), timeAt(before, 0.95)) : null,
})

type LoadRow = { at: number; cpu: number; lag: number; rss: number }

/** Processor and memory of a minute are sums over all processes, those of a bucket the average and the maximum of its minutes. */
function loadOf(db: Db, begin: number, now: number, step: number): Performance['load'] {
  const rows = db.$client
    .query<LoadRow, [number, number]>(
      `select minute - minute % ?1 as at, avg(cpu) as cpu, max(lag) as lag, max(rss) as rss from
        (select minute, sum(cpu) as cpu, max(lag_ms) as lag, sum(rss_bytes) as rss from process_minutes where minute >= ?2 group by minute)
      group by 1`,
    )
    .all(step, begin)
  const byBucket = new Map(rows.map(row => [row.at, row]))
  return bucketsOf(begin, now, step).map(at => {
    const row = byBucket.get(at)
    return {
      at: iso(at),
      cpu_pct: row ? round(row.cpu * 100) : null,
      lag_ms: row ? round(row.lag) : null,
      memory_mb: row ? Math.round(row.rss / 1024 ** 2) : null,
    }
  })
}

/** How often each job ran and how long it took, by whole days. For the reader thread. */

export const jobTimesSchema = t.Object({ since: dateTimeSchema, by_name: t.Array(taskStatsSchema) })
export type JobTimes = Static<typeof jobTimesSchema>

export function jobTimesReading(db: Db, { period, now }: { period: ShortPeriod; now: number }): JobTimes {
  const begin = startOf('day', now - lengthOf(period))
  return { since: iso(begin), by_name: taskStats(db, begin) }
}

/** How long each database statement takes, in this process since its connections were opened. */

const statementOrders = ['total_ms', 'mean_ms', 'p95_ms', 'count'] as const
export const statementOrderSchema = oneOfWords(statementOrders)
type StatementOrder = (typeof statementOrders)[number]

export const statementSchema = t.Object({
  statement: t.String({ description: 'Its text without values' }),
  connection: oneOfWords(['main', 'reader', 'scores'], {
    description:
      'reader: the thread of long queries; nobody else waits for it. scores: what boards read from scores.db',
  }),
  count: t.Integer(),
  total_ms: t.Number(),
  mean_ms: t.Number(),
  p95_ms: t.Number({ description: 'Nineteen of twenty took less, within 10 %' }),
})
export type StatementFigures = Static<typeof statementSchema>

/** Of the reader thread itself. */
export const statementReading = (db: Db, _: object): StatementTimes[] => statementTimes(db.$client)

/** Of all connections, highest first. */
export const statementFigures = (
  times: Record<StatementFigures['connection'], readonly StatementTimes[]>,
  order: StatementOrder = 'total_ms',
): StatementFigures[] =>
  (['main', 'reader', 'scores'] as const)
    .flatMap(connection => times[connection].map(each => ({ connection, ...each })))
    .sort((a, b) => b[order] - a[order])
