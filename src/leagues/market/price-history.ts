/** The price history of a symbol: one price per day, and every price of the last days. */
import { and, asc, desc, eq, gte, inArray, isNull, lte, or, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { dailyPrices, ledger, prices, users } from '../../../db/schema.ts'
import { day, iso } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { evenlySpaced } from '../evenly-spaced.ts'

const detailDays = 7
const maxPoints = 400 // in a chart
const maxRead = 4_000 // prices, some milliseconds; of a price that changes every few seconds this covers only some hours

export type Price = typeof prices.$inferSelect

export const priceSchema = t.Object(
  {
    id: idSchema,
    price_cents: t.Integer(),
    as_of: dateTimeSchema,
    received_at: dateTimeSchema,
    until: t.Nullable(dateTimeSchema, { description: 'When the next price came in; null: this is the newest' }),
    username: t.Nullable(t.String({ description: 'Who sent it; null: a feed or the operator' })),
    trades: t.Integer({ description: 'Trades made at it, in all leagues' }),
    voided_at: t.Nullable(dateTimeSchema, { description: 'When it was taken back as wrong' }),
  },
  {
    description: 'A price of the last 7 days',
    examples: [
      {
        id: 812,
        price_cents: 21_350,
        as_of: '2026-03-01T12:00:00.000Z',
        received_at: '2026-03-01T12:00:01.000Z',
        until: null,
        username: 'olga',
        trades: 3,
        voided_at: null,
      },
    ],
  },
)
export type PriceView = Static<typeof priceSchema>

export const historySchema = t.Object(
  {
    symbol: t.String(),
    days: t.Array(t.Object({ date: dateSchema, close_cents: t.Integer() }), {
      description: 'The last price of each day, in UTC, in shares as of today',
    }),
    recent: t.Array(t.Object({ at: dateTimeSchema, price_cents: t.Integer() }), {
      description: `Prices of the last ${detailDays} days, at most ${maxPoints} of them, evenly chosen`,
    }),
  },
  {
    description: 'The price of a symbol over time, oldest first',
    examples: [
      {
        symbol: 'ACME',
        days: [
          { date: '2026-02-27', close_cents: 20_900 },
          { date: '2026-02-28', close_cents: 21_100 },
        ],
        recent: [{ at: '2026-03-01T12:00:00.000Z', price_cents: 21_350 }],
      },
    ],
  },
)
export type PriceHistory = Static<typeof historySchema>

export function priceHistory(
  db: Db,
  symbol: string,
  now: number,
  days: { from?: number; to?: number } = {},
): PriceHistory {
  const closes = db
    .select({ day: dailyPrices.day, close: dailyPrices.closeCents })
    .from(dailyPrices)
    .where(
      and(
        eq(dailyPrices.symbol, symbol),
        days.from === undefined ? undefined : gte(dailyPrices.day, days.from),
        days.to === undefined ? undefined : lte(dailyPrices.day, days.to),
      ),
    )
    .orderBy(asc(dailyPrices.day))
    .all()
  const since = now - detailDays * day
  const recent = db
    .select({ at: prices.asOf, cents: prices.priceCents })
    .from(prices)
    .where(and(eq(prices.symbol, symbol), isNull(prices.voidedAt), or(isNull(prices.until), gte(prices.asOf, since))))
    .orderBy(desc(prices.id))
    .limit(maxRead)
    .all()
    .reverse()
  return {
    symbol,
    days: closes.map(({ day, close }) => ({ date: iso(day).slice(0, 10), close_cents: close })),
    recent: evenlySpaced(recent, maxPoints).map(({ at, cents }) => ({ at: iso(at), price_cents: cents })),
  }
}

const priceView = rowView(priceSchema)

/** Prices of the last days, newest first. */
export function listPrices(
  db: Db,
  symbol: string,
  { limit, offset }: PageSlice,
): { prices: PriceView[]; total: number } {
  const rows = db
    .select({
      price: prices,
      username: users.username,
      trades: sql<number>`(select count(*) from ${ledger} where ${ledger.priceId} = ${prices.id})`,
    })
    .from(prices)
    .leftJoin(users, eq(users.id, prices.setBy))
    .where(eq(prices.symbol, symbol))
    .orderBy(desc(prices.id))
    .limit(limit)
    .offset(offset)
    .all()
  return {
    prices: rows.map(({ price, ...others }) => priceView({ ...price, ...others })),
    total: countRows(db, prices, eq(prices.symbol, symbol)),
  }
}

const sparkDays = 30

/** A sparkline for each symbol: the days of a month, or its last prices if there are fewer than two days. */
export function sparkValues(db: Db, symbols: readonly string[], now: number): Map<string, number[]> {
  const lines = new Map<string, number[]>(symbols.map(symbol => [symbol, []]))
  const days = db
    .select({ symbol: dailyPrices.symbol, cents: dailyPrices.closeCents })
    .from(dailyPrices)
    .where(and(inArray(dailyPrices.symbol, [...symbols]), gte(dailyPrices.day, now - sparkDays * day)))
    .orderBy(asc(dailyPrices.symbol), asc(dailyPrices.day))
    .all()
  for (const { symbol, cents } of days) lines.get(symbol)?.push(cents)
  for (const [symbol, values] of lines) if (values.length < 2) lines.set(symbol, lastPrices(db, symbol))
  return lines
}

const lastPrices = (db: Db, symbol: string): number[] =>
  db
    .select({ cents: prices.priceCents })
    .from(prices)
    .where(and(eq(prices.symbol, symbol), isNull(prices.voidedAt)))
    .orderBy(desc(prices.id))
    .limit(30)
    .all()
    .map(({ cents }) => cents)
    .reverse()
