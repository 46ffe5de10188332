/** The installation as a whole: the numbers of the main page, compared with the period before, and totals. For the reader thread. */

import { and, eq, getTableName, gte, is, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Static, t } from 'elysia'
import { aggregate, countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import * as schema from '../../../db/schema.ts'
import { leagues, registrations, runCounts, runTotals, tradeHours, users } from '../../../db/schema.ts'
import { countLeagues } from '../../leagues/queries.ts'
import { day, hour } from '../../platform/clock.ts'
import { addCounts, addHistogram, emptyHistogram, quantile } from '../../platform/process/metrics.ts'
import { bucketsOf, type LongPeriod, lengthOf, percentChange } from '../period.ts'
import { activeUsers, registeredUsers } from '../statistics/dashboard.ts'
import { averageIn, sumIn, tradesBetween } from './community.ts'

export type Tile = { value: number | null; before: number | null; change: number | null }
export type MainReading = ReturnType<typeof mainReading>

const tile = (value: number | null, before: number | null): Tile => ({
  value,
  before,
  change: percentChange(value, before),
})

export function mainReading(db: Db, { period, now }: { period: LongPeriod; now: number }) {
  const length = lengthOf(period)
  const lastHour = now - (now % hour)
  const begin = lastHour - length + hour
  const before = begin - length
  const today = now - (now % day)
  const days = Math.max(7, length / day)
  const firstDay = today - (days - 1) * day

  const requests = requestsByHour(db, before, now)
  const runs = runsByHour(db, before)
  const trades = tradesByHour(db, before)
  const active = activeUsers(db, 'day', firstDay - days * day)
  const registered = registeredUsers(db, firstDay - days * day)

  const [requestsNow, requestsBefore] = splitAt(requests, begin)
  const [runsNow, runsBefore] = splitAt(runs, begin)
  const [tradesNow, tradesBefore] = splitAt(trades, begin)
  const traffic = trafficOf(requestsNow)
  const trafficBefore = trafficOf(requestsBefore)
  const hasBefore = requestsBefore.length > 0
  const activeADay = averageIn(active, firstDay, today) ?? active.get(today) ?? null // today is not over
  return {
    period,
    activeADay: tile(activeADay, averageIn(active, firstDay - days * day, firstDay)),
    registered: tile(sumIn(registered, firstDay, today + day), sumIn(registered, firstDay - days * day, firstDay)),
    users: usersTotal(db),
    leaguesActive: countLeagues(db, { status: 'active' }, now),
    leaguesCreated: tile(createdBetween(db, begin, now + 1), createdBetween(db, before, begin)),
    trades: tile(sumOf(tradesNow, 'trades'), sumOf(tradesBefore, 'trades')),
    volumeCents: tile(sumOf(tradesNow, 'volume'), sumOf(tradesBefore, 'volume')),
    requests: tile(requestsNow.length ? traffic.requests : null, hasBefore ? trafficBefore.requests : null),
    errorPct: tile(traffic.errorPct, trafficBefore.errorPct),
    p95Ms: tile(traffic.p95Ms, trafficBefore.p95Ms),
    runs: tile(runsNow.length ? sumOf(runsNow, 'runs') : null, runsBefore.length ? sumOf(runsBefore, 'runs') : null),
    failed: tile(
      runsNow.length ? sumOf(runsNow, 'failed') : null,
      runsBefore.length ? sumOf(runsBefore, 'failed') : null,
    ),
    trends: {
      days: bucketsOf(firstDay, now, day).map(at => ({
        at,
        active: active.get(at) ?? null,
        registered: registered.get(at) ?? 0,
      })),
      hours: trendOf(
        { requests: requestsNow, runs: runsNow, trades: tradesNow },
        { begin, now, step: period === 'last_month' ? 6 * hour : hour },
      ),
    },
  }
}

type Timed = { at: number }
type RunHour = Timed & { runs: number; failed: number }
type TradeHour = Timed & { trades: number; volume: number }

const splitAt = <Row extends Timed>(rows: readonly Row[], at: number): [now: Row[], before: Row[]] => [
  rows.filter(row => row.at >= at),
  rows.filter(row => row.at < at),
]
const sumOf = <Key extends string>(rows: readonly Record<Key, number>[], key: Key): number =>
  rows.reduce((sum, row) => sum + row[key], 0)

function trafficOf(rows: readonly RequestHour[]) {
  const requests = sumOf(rows, 'requests')
  return {
    requests,
    errorPct: requests ? Math.round((10_000 * sumOf(rows, 'errors')) / requests) / 100 : null,
    p95Ms: p95Of(rows),
  }
}

function p95Of(rows: readonly RequestHour[]): number | null {
  const histogram = emptyHistogram()
  for (const row of rows) addCounts(histogram, row.histogram)
  const p95 = quantile(histogram, 0.95)
  return p95 === null ? null : Math.round(p95 * 10) / 10
}

type Hours = {
  requests: readonly RequestHour[]
  runs: readonly RunHour[]
  trades: readonly TradeHour[]
}

function trendOf(
  { requests, runs, trades }: Hours,
  { begin, now, step }: { begin: number; now: number; step: number },
) {
  const byStep = <Row extends Timed>(rows: readonly Row[]) => Map.groupBy(rows, ({ at }) => at - ((at - begin) % step))
  const [requestsAt, runsAt, tradesAt] = [byStep(requests), byStep(runs), byStep(trades)]
  return bucketsOf(begin, now, step).map(at => {
    const [requestRows, runRows] = [requestsAt.get(at), runsAt.get(at)]
    return {
      at,
      requests: requestRows ? sumOf(requestRows, 'requests') : null,
      errors: requestRows ? sumOf(requestRows, 'errors') : null,
      p95Ms: requestRows ? p95Of(requestRows) : null,
      runs: runRows ? sumOf(runRows, 'runs') : null,
      failed: runRows ? sumOf(runRows, 'failed') : null,
      trades: sumOf(tradesAt.get(at) ?? [], 'trades'),
    }
  })
}

const runsByHour = (db: Db, since: number): RunHour[] =>
  db
    .select({
      at: runTotals.start,
      runs: sql<number>`sum(${runTotals.runs})`,
      failed: sql<number>`sum(iif(${runTotals.status} = 'FAILURE', ${runTotals.runs}, 0))`,
    })
    .from(runTotals)
    .where(and(eq(runTotals.unit, 'hour'), gte(runTotals.start, since)))
    .groupBy(runTotals.start)
    .all()

const tradesByHour = (db: Db, since: number): TradeHour[] =>
  db
    .select({
      at: tradeHours.hour,
      trades: sql<number>`sum(${tradeHours.trades})`,
      volume: sql<number>`sum(${tradeHours.volumeCents})`,
    })
    .from(tradeHours)
    .where(gte(tradeHours.hour, since))
    .groupBy(tradeHours.hour)
    .all()

const createdBetween = (db: Db, from: number, to: number): number =>
  countRows(db, leagues, and(gte(leagues.createdAt, from), lt(leagues.createdAt, to)))

/** Requests per hour, all routes together. */
type RequestHour = { at: number; requests: number; errors: number; histogram: Float64Array }
type Row = { at: number; requests: number; errors: number; histogram: Uint8Array }

/** A month of many routes is a hundred thousand rows; hours that no longer change are read once. `from`: how far back they were read. */
type SettledHours = { from: number; to: number; hours: RequestHour[] }
const settledHours = new WeakMap<Db, SettledHours>()

/** Every process stores its counts each minute: after two hours an hour no longer changes. */
const settledAfter = 2 * hour

function requestsByHour(db: Db, since: number, now: number): RequestHour[] {
  let settled = settledHours.get(db)
  if (!settled || since < settled.from) settled = { from: since, to: since, hours: [] }
  const fresh = readHours(db, settled.to)
  const to = Math.max(settled.to, now - (now % hour) - settledAfter)
  const hours = [...settled.hours, ...fresh.filter(({ at }) => at < to)]
  settledHours.set(db, { from: settled.from, to, hours })
  return [...hours, ...fresh.filter(({ at }) => at >= to)].filter(({ at }) => at >= since)
}

function readHours({ $client: client }: Db, since: number): RequestHour[] {
  const byHour = new Map<number, RequestHour>()
  const rows = client.query<Row, [number]>(
    'select hour as at, requests, errors, histogram from request_hours where hour >= ?',
  )
  for (const { at, requests, errors, histogram } of rows.iterate(since)) {
    let sum = byHour.get(at)
    if (!sum) byHour.set(at, (sum = { at, requests: 0, errors: 0, histogram: emptyHistogram() }))
    sum.requests += requests
    sum.errors += errors
    addHistogram(sum.histogram, histogram)
  }
  return [...byHour.values()]
}

/** The installation in a few numbers. For the reader thread. */

const integer = t.Integer()
export const installationOverviewSchema = t.Object({
  users: t.Object({ total: integer, active_7days: integer, active_percentage: t.Nullable(t.Number()) }),
  leagues: t.Object({ active: integer, archived: integer, total: integer }),
  trading: t.Object({
    trades_24h: integer,
    shares_traded_24h: integer,
    volume_24h: t.Number({ description: 'Currency units' }),
  }),
  database: t.Object({ tables: t.Record(t.String(), integer), total_records: integer }),
})
type InstallationOverview = Static<typeof installationOverviewSchema>

export function overviewReading(db: Db, { now }: { now: number }): InstallationOverview {
  const total = usersTotal(db)
  const active = activeSince(db, now - 7 * day)
  const { trades, shares, volume } = tradesBetween(db, now - (now % hour) - 23 * hour, now + hour)
  const archived = countRows(db, leagues, isNotNull(leagues.archivedAt))
  const tables = rowsByTable(db)
  return {
    users: {
      total,
      active_7days: active,
      active_percentage: total ? Math.round((1_000 * active) / total) / 10 : null,
    },
    leagues: { active: countLeagues(db, { status: 'active' }, now), archived, total: countRows(db, leagues) },
    trading: { trades_24h: trades, shares_traded_24h: shares, volume_24h: volume / 100 },
    database: { tables, total_records: Object.values(tables).reduce((sum, rows) => sum + rows, 0) },
  }
}

/** A trigger counts registrations and departures. */
const usersTotal = (db: Db): number => aggregate(db, registrations, sql<number>`sum(${registrations.users})`) ?? 0

const activeSince = (db: Db, since: number): number =>
  countRows(db, users, and(gte(users.lastSeenAt, since), isNull(users.deletedAt)))

const tables = Object.values(schema).flatMap((value: unknown) => (is(value, SQLiteTable) ? [getTableName(value)] : []))

/** A table of a million rows is counted in a few milliseconds; for runs the trigger's count is used. */
function rowsByTable(db: Db): Record<string, number> {
  const runs = aggregate(db, runCounts, sql<number>`sum(${runCounts.runs})`) ?? 0
  const rowsOf = (name: string) =>
    db.$client.query<{ rows: number }, []>(`select count(*) as rows from "${name}"`).get()?.rows ?? 0
  return Object.fromEntries(tables.map(name => [name, name === 'runs' ? runs : rowsOf(name)]))
}
