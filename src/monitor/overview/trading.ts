/** What is traded, from the hours the ledger's trigger counts. For the reader thread. */
import { and, desc, gte, lt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { tradeHours } from '../../../db/schema.ts'
import { hour, iso } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { bucketsOf, changeOf } from './period.ts'

const mostSymbols = 20

export const tradedSymbolSchema = t.Object({
  symbol: t.String(),
  count: t.Integer(),
  avg_qty: t.Number(),
  volume: t.Number(),
})
export type TradedSymbol = Static<typeof tradedSymbolSchema>

export const tradingSchema = t.Object({
  hours: t.Integer(),
  total_trades: t.Integer(),
  by_type: t.Object({ buy: t.Integer(), sell: t.Integer() }),
  shares: t.Integer(),
  volume: t.Number({ description: 'Currency units' }),
  top_symbols: t.Array(tradedSymbolSchema),
  trend: t.Array(t.Object({ at: dateTimeSchema, buy: t.Integer(), sell: t.Integer() })),
  change_pct: t.Object(
    { trades: t.Nullable(t.Number()), volume: t.Nullable(t.Number()) },
    { description: 'Against the same stretch before' },
  ),
})
export type Trading = Static<typeof tradingSchema>

const trades = sql<number>`sum(${tradeHours.trades})`
const shares = sql<number>`sum(${tradeHours.shares})`
const volume = sql<number>`sum(${tradeHours.volumeCents})`

type Lately = { hours: number; now: number }
const beginOf = ({ hours, now }: Lately) => now - (now % hour) - (hours - 1) * hour

export function tradingReading(db: Db, { hours, now }: Lately): Trading {
  const begin = beginOf({ hours, now })
  const since = gte(tradeHours.hour, begin)
  const rows = db
    .select({ at: tradeHours.hour, kind: tradeHours.kind, trades, shares, volume })
    .from(tradeHours)
    .where(since)
    .groupBy(tradeHours.hour, tradeHours.kind)
    .all()
  const sum = (of: 'trades' | 'shares' | 'volume', kind?: 'buy' | 'sell') =>
    rows.reduce((total, row) => total + (kind && row.kind !== kind ? 0 : row[of]), 0)
  const before = tradesBetween(db, begin - hours * hour, begin)
  const step = hours > 24 * 7 ? 24 * hour : hour
  const first = begin - (begin % step)
  const byTime = new Map(bucketsOf(first, now, step).map(at => [at, { buy: 0, sell: 0 }]))
  for (const { at, kind, trades } of rows) {
    const bucket = byTime.get(at - (at % step))
    if (bucket) bucket[kind] += trades
  }
  return {
    hours,
    total_trades: sum('trades'),
    by_type: { buy: sum('trades', 'buy'), sell: sum('trades', 'sell') },
    shares: sum('shares'),
    volume: sum('volume') / 100,
    top_symbols: tradedSymbols(db, { hours, now, limit: mostSymbols, offset: 0 }),
    trend: [...byTime].map(([at, counts]) => ({ at: iso(at), ...counts })),
    change_pct: {
      trades: changeOf(sum('trades'), before.trades),
      volume: changeOf(sum('volume'), before.volume),
    },
  }
}

/** The most traded first. */
export const tradedSymbols = (
  db: Db,
  { limit, offset, ...lately }: Lately & { limit: number; offset: number },
): TradedSymbol[] =>
  db
    .select({ symbol: tradeHours.symbol, trades, shares, volume })
    .from(tradeHours)
    .where(gte(tradeHours.hour, beginOf(lately)))
    .groupBy(tradeHours.symbol)
    .orderBy(desc(trades), tradeHours.symbol)
    .limit(limit)
    .offset(offset)
    .all()
    .map(row => ({
      symbol: row.symbol,
      count: row.trades,
      avg_qty: Math.round((100 * row.shares) / row.trades) / 100,
      volume: row.volume / 100,
    }))

export function tradesBetween(db: Db, from: number, to: number): { trades: number; shares: number; volume: number } {
  const row = db
    .select({ trades, shares, volume })
    .from(tradeHours)
    .where(and(gte(tradeHours.hour, from), lt(tradeHours.hour, to)))
    .get()
  return { trades: row?.trades ?? 0, shares: row?.shares ?? 0, volume: row?.volume ?? 0 }
}
