/** What the main page shows: now, against the stretch before, and on the way. For the reader thread. */

import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { leagues, runTotals, tradeHours } from '../../../db/schema.ts'
import { day, hour } from '../../platform/clock.ts'
import { addHistogram, bounds, quantile } from '../../platform/process/metrics.ts'
import { activeLeagues, leaguesWhere, usersTotal } from './overview.ts'
import { bucketsOf, changeOf, type LongPeriod, lengthOf } from './period.ts'
import { activeByDay, averageIn, registeredByDay, sumIn } from './user-activity.ts'

export type Tile = { value: number | null; before: number | null; change: number | null }
export type MainReading = {
  period: LongPeriod
  activeADay: Tile
  registered: Tile
  users: number
  leaguesActive: number
  leaguesCreated: Tile
  trades: Tile
  volumeCents: Tile
  requests: Tile
  errorPct: Tile
  p95Ms: Tile
  runs: Tile
  failed: Tile
  trends: {
    days: { at: number; active: number | null; registered: number }[]
    hours: {
      at: number
      requests: number | null
      errors: number | null
      p95Ms: number | null
      runs: number | null
      failed: number | null
      trades: number
    }[]
  }
}

const tile = (value: number | null, before: number | null): Tile => ({ value, before, change: changeOf(value, before) })

/** What the main page shows. */
export function mainReading(db: Db, { period, now }: { period: LongPeriod; now: number }): MainReading {
  const length = lengthOf(period)
  const last = now - (now % hour)
  const begin = last - length + hour
  const before = begin - length
  const today = now - (now % day)
  const days = Math.max(7, length / day)
  const firstDay = today - (days - 1) * day

  const requests = requestsByHour(db, before, now)
  const runs = runsByHour(db, before)
  const trades = tradesByHour(db, before)
  const active = activeByDay(db, firstDay - days * day)
  const registered = registeredByDay(db, firstDay - days * day)

  const [requestsNow, requestsBefore] = split(requests, begin)
  const [runsNow, runsBefore] = split(runs, begin)
  const [tradesNow, tradesBefore] = split(trades, begin)
  const traffic = trafficOf(requestsNow)
  const trafficBefore = trafficOf(requestsBefore)
  const seen = requestsBefore.length > 0
  const activeADay = averageIn(active, firstDay, today) ?? active.get(today) ?? null // today is not over
  return {
    period,
    activeADay: tile(activeADay, averageIn(active, firstDay - days * day, firstDay)),
    registered: tile(sumIn(registered, firstDay, today + day), sumIn(registered, firstDay - days * day, firstDay)),
    users: usersTotal(db),
    leaguesActive: activeLeagues(db, now),
    leaguesCreated: tile(createdBetween(db, begin, now + 1), createdBetween(db, before, begin)),
    trades: tile(add(tradesNow, 'trades'), add(tradesBefore, 'trades')),
    volumeCents: tile(add(tradesNow, 'volume'), add(tradesBefore, 'volume')),
    requests: tile(requestsNow.length ? traffic.requests : null, seen ? trafficBefore.requests : null),
    errorPct: tile(traffic.errorPct, trafficBefore.errorPct),
    p95Ms: tile(traffic.p95Ms, trafficBefore.p95Ms),
    runs: tile(runsNow.length ? add(runsNow, 'runs') : null, runsBefore.length ? add(runsBefore, 'runs') : null),
    failed: tile(runsNow.length ? add(runsNow, 'failed') : null, runsBefore.length ? add(runsBefore, 'failed') : null),
    trends: {
      days: bucketsOf(firstDay, now, day).map(at => ({
        at,
        active: active.get(at) ?? null,
        registered: registered.get(at) ?? 0,
      })),
      hours: trendOf(requestsNow, runsNow, tradesNow, begin, now, period === '30d' ? 6 * hour : hour),
    },
  }
}

type At = { at: number }
type RunHour = At & { runs: number; failed: number }
type TradeHour = At & { trades: number; volume: number }

const split = <Row extends At>(rows: readonly Row[], at: number): [now: Row[], before: Row[]] => [
  rows.filter(row => row.at >= at),
  rows.filter(row => row.at < at),
]
const add = <Key extends string>(rows: readonly Record<Key, number>[], key: Key): number =>
  rows.reduce((sum, row) => sum + row[key], 0)

function trafficOf(rows: readonly RequestHour[]) {
  const requests = add(rows, 'requests')
  return {
    requests,
    errorPct: requests ? Math.round((10_000 * add(rows, 'errors')) / requests) / 100 : null,
    p95Ms: p95Of(rows),
  }
}

function p95Of(rows: readonly RequestHour[]): number | null {
  const histogram = new Float64Array(bounds.length + 1)
  for (const row of rows)
    for (let i = 0; i < histogram.length; i++) histogram[i] = (histogram[i] ?? 0) + (row.histogram[i] ?? 0)
  const p95 = quantile(histogram, 0.95)
  return p95 === null ? null : Math.round(p95 * 10) / 10
}

function trendOf(
  requests: readonly RequestHour[],
  runs: readonly RunHour[],
  trades: readonly TradeHour[],
  begin: number,
  now: number,
  step: number,
): MainReading['trends']['hours'] {
  const within = <Row extends At>(rows: readonly Row[]) => Map.groupBy(rows, ({ at }) => at - ((at - begin) % step))
  const [asked, ran, traded] = [within(requests), within(runs), within(trades)]
  return bucketsOf(begin, now, step).map(at => {
    const [some, done] = [asked.get(at), ran.get(at)]
    return {
      at,
      requests: some ? add(some, 'requests') : null,
      errors: some ? add(some, 'errors') : null,
      p95Ms: some ? p95Of(some) : null,
      runs: done ? add(done, 'runs') : null,
      failed: done ? add(done, 'failed') : null,
      trades: add(traded.get(at) ?? [], 'trades'),
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
  leaguesWhere(db, and(gte(leagues.createdAt, from), lt(leagues.createdAt, to)))

/** Requests of an hour, all routes together. */
type RequestHour = { at: number; requests: number; errors: number; histogram: Float64Array }
type Row = { at: number; requests: number; errors: number; histogram: Uint8Array }

/** A month of many routes is a hundred thousand rows; what is settled is read once. `from`: as far back as it was looked. */
type Settled = { from: number; to: number; hours: RequestHour[] }
const remembered = new WeakMap<Db, Settled>()

/** Every process puts its counts away each minute: after two hours an hour does not change any more. */
const settledAfter = 2 * hour

function requestsByHour(db: Db, since: number, now: number): RequestHour[] {
  let known = remembered.get(db)
  if (!known || since < known.from) known = { from: since, to: since, hours: [] }
  const fresh = readHours(db, known.to)
  const to = Math.max(known.to, now - (now % hour) - settledAfter)
  const hours = [...known.hours, ...fresh.filter(({ at }) => at < to)]
  remembered.set(db, { from: known.from, to, hours })
  return [...hours, ...fresh.filter(({ at }) => at >= to)].filter(({ at }) => at >= since)
}

function readHours({ $client: client }: Db, since: number): RequestHour[] {
  const byHour = new Map<number, RequestHour>()
  const rows = client.query<Row, [number]>(
    'select hour as at, requests, errors, histogram from request_hours where hour >= ?',
  )
  for (const { at, requests, errors, histogram } of rows.iterate(since)) {
    let sum = byHour.get(at)
    if (!sum) byHour.set(at, (sum = { at, requests: 0, errors: 0, histogram: new Float64Array(bounds.length + 1) }))
    sum.requests += requests
    sum.errors += errors
    addHistogram(sum.histogram, histogram)
  }
  return [...byHour.values()]
}
