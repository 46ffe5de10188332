import { and, asc, desc, eq, getTableColumns, gte, inArray, lt, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { closingQuotes, holdings, ledger, portfolios, quotes, symbolActions, users } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { touch } from '../../platform/cache/stamps.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { League } from '../league.ts'
import type { ListedLine } from './ledger.ts'
import type { Account } from './order.ts'
import type { Portfolio, QuotedHolding } from './portfolio.ts'
import { movedAfter, noPosition, type Position } from './position.ts'
import { openOf, startOfDay } from './quote.ts'

const byOwner = prepared(db => db.select().from(portfolios).where(equalsGiven(portfolios.leagueId, portfolios.userId)))
export const findPortfolio = (db: Db, leagueId: number, userId: number): Portfolio | undefined =>
  byOwner(db).get({ leagueId, userId })

/** Of somebody who holds shares or has traded. */
export function holdersPortfolio(tx: Db, leagueId: number, userId: number): Portfolio {
  const portfolio = findPortfolio(tx, leagueId, userId)
  if (!portfolio) throw new Error(`User ${userId} has traded in league ${leagueId} without a portfolio`)
  return portfolio
}

/** The stamp of one portfolio. */
export const portfolioKey = (leagueId: number, userId: number) => `${leagueId}/${userId}`

/** Grants the starting cash: once per member, even if they join again. */
export function grantPortfolio(tx: Db, leagueId: number, userId: number, cents: number, now: number): void {
  const isNew = tx
    .insert(portfolios)
    .values({ leagueId, userId, grantedCents: cents, cashCents: cents, createdAt: now })
    .onConflictDoNothing()
    .returning({ userId: portfolios.userId })
    .all().length
  if (!isNew) return
  const nothing = { quantity: 0, feeCents: 0, quantityAfter: 0, realisedCents: 0 }
  const cash = { cashCents: cents, cashAfterCents: cents }
  tx.insert(ledger)
    .values({ leagueId, userId, at: now, kind: 'grant', ...nothing, ...cash })
    .run()
  touch(tx, 'portfolio', portfolioKey(leagueId, userId))
  touch(tx, 'activity', leagueId)
}

const storedPosition = prepared(db =>
  db
    .select({ quantity: holdings.quantity, cost: holdings.costCents, realised: holdings.realisedCents })
    .from(holdings)
    .where(equalsGiven(holdings.leagueId, holdings.userId, holdings.symbol)),
)
export const positionIn = (db: Db, leagueId: number, userId: number, symbol: string): Position =>
  storedPosition(db).get({ leagueId, userId, symbol }) ?? noPosition

const otherHoldings = prepared(db =>
  db
    .select({
      others: sql<number>`coalesce(sum(${holdings.quantity} * ${quotes.priceCents}), 0)`,
      othersOwed: sql<number>`coalesce(-sum(min(${holdings.quantity}, 0) * ${quotes.priceCents}), 0)`,
    })
    .from(holdings)
    .innerJoin(quotes, eq(quotes.symbol, holdings.symbol))
    .where(
      and(
        equalsGiven(holdings.leagueId, holdings.userId),
        sql`${holdings.symbol} <> ${sql.placeholder('symbol')}`,
        sql`${holdings.quantity} <> 0`,
      ),
    ),
)
/** The value of a portfolio's other holdings, and of the short positions among them. */
const valueOfOtherHoldings = (db: Db, leagueId: number, userId: number, symbol: string) =>
  otherHoldings(db).get({ leagueId, userId, symbol }) ?? { others: 0, othersOwed: 0 }

/** What an order of this symbol is checked against. */
export const accountOf = (db: Db, { leagueId, userId, cashCents }: Portfolio, symbol: string): Account => ({
  cash: cashCents,
  position: positionIn(db, leagueId, userId, symbol),
  ...valueOfOtherHoldings(db, leagueId, userId, symbol),
})

/** Everything a portfolio holds or has held, with the quotes that count. */
export function quotedHoldings(db: Db, { id, finalizedAt }: League, userId: number): QuotedHolding[] {
  const of = finalizedAt === null ? quotes : closingQuotes
  const on = and(eq(of.symbol, holdings.symbol), finalizedAt === null ? undefined : eq(closingQuotes.leagueId, id))
  return db
    .select({
      symbol: holdings.symbol,
      quantity: holdings.quantity,
      costCents: holdings.costCents,
      realisedCents: holdings.realisedCents,
      priceCents: sql<number>`coalesce(${of.priceCents}, 0)`,
      asOf: sql<number>`coalesce(${of.asOf}, 0)`,
    })
    .from(holdings)
    .leftJoin(of, on)
    .where(and(eq(holdings.leagueId, id), eq(holdings.userId, userId)))
    .orderBy(asc(holdings.symbol))
    .all()
}

const openSymbols = prepared(db =>
  db
    .select({ symbol: holdings.symbol })
    .from(holdings)
    .where(and(equalsGiven(holdings.leagueId, holdings.userId), sql`${holdings.quantity} <> 0`)),
)
export const heldSymbols = (db: Db, leagueId: number, userId: number): string[] =>
  openSymbols(db)
    .all({ leagueId, userId })
    .map(({ symbol }) => symbol)

const undone = alias(ledger, 'undone')

/** The value of a portfolio when the day began: without today's lines, at the prices of that time. */
export function valueAtOpen(db: Db, { leagueId, userId, cashCents, createdAt }: Portfolio, now: number): number | null {
  const today = startOfDay(now)
  if (createdAt >= today) return null
  const open = new Map<string, { quantity: number; price: number }>()
  const held = db
    .select({ quantity: holdings.quantity, quote: quotes })
    .from(holdings)
    .innerJoin(quotes, eq(quotes.symbol, holdings.symbol))
    .where(and(eq(holdings.leagueId, leagueId), eq(holdings.userId, userId)))
    .all()
  for (const { quantity, quote } of held) open.set(quote.symbol, { quantity, price: openOf(quote, now) })
  const lines = db
    .select({
      symbol: ledger.symbol,
      quantity: ledger.quantity,
      after: ledger.quantityAfter,
      cash: ledger.cashCents,
      ratio: sql<number>`coalesce(1.0 * ${symbolActions.sharesTo} / ${symbolActions.sharesFrom}, 1)`,
    })
    .from(ledger)
    .leftJoin(symbolActions, eq(symbolActions.id, ledger.actionId))
    .leftJoin(undone, eq(undone.id, ledger.undoes))
    .where(
      and(
        eq(ledger.userId, userId),
        gte(ledger.at, today),
        gte(sql`coalesce(${undone.at}, ${ledger.at})`, today), // what takes an older line back changes the opening value
        eq(ledger.leagueId, leagueId),
        sql`${ledger.symbol} is not null`,
      ),
    )
    .orderBy(asc(ledger.id))
    .all()
  const moved = new Map<string, number>()
  let worth = cashCents
  for (const { symbol, quantity, after, cash, ratio } of lines) {
    worth -= cash
    moved.set(symbol ?? '', movedAfter(moved.get(symbol ?? '') ?? 0, after, quantity, ratio))
  }
  for (const [symbol, { quantity, price }] of open) worth += (quantity - (moved.get(symbol) ?? 0)) * price
  return Math.round(worth)
}

export type TradeFilter = { leagueId: number; userId?: number }

const undoing = alias(ledger, 'undoing')

/** Lines of the ledger, newest first; `before`: only older ones than this. */
export function ledgerLines(
  db: Db,
  { leagueId, userId, before }: TradeFilter & { before?: number },
  which: 'trades' | 'all',
  { limit, offset }: PageSlice,
): ListedLine[] {
  const where = and(
    eq(ledger.leagueId, leagueId),
    userId === undefined ? undefined : eq(ledger.userId, userId),
    before === undefined ? undefined : lt(ledger.id, before),
    which === 'trades' ? inArray(ledger.kind, ['buy', 'sell']) : undefined,
  )
  return db
    .select({
      ...getTableColumns(ledger),
      username: users.username,
      undoneAt: undoing.at,
      reason: symbolActions.reason,
    })
    .from(ledger)
    .innerJoin(users, eq(users.id, ledger.userId))
    .leftJoin(undoing, eq(undoing.undoes, ledger.id))
    .leftJoin(symbolActions, eq(symbolActions.id, ledger.actionId))
    .where(where)
    .orderBy(desc(ledger.id))
    .limit(limit)
    .offset(offset)
    .all()
}

/** The number of portfolios, trades and lines, from the sums of portfolios: lines are not counted. */
export function ledgerTotals(db: Db, { leagueId, userId }: TradeFilter) {
  const none = { portfolios: 0, trades: 0, lines: 0, volume: 0, fees: 0, cash: 0 }
  return (
    db
      .select({
        portfolios: sql<number>`count(*)`,
        trades: sql<number>`coalesce(sum(${portfolios.trades}), 0)`,
        lines: sql<number>`coalesce(sum(1 + ${portfolios.trades} + ${portfolios.corrections}), 0)`,
        volume: sql<number>`coalesce(sum(${portfolios.volumeCents}), 0)`,
        fees: sql<number>`coalesce(sum(${portfolios.feesCents}), 0)`,
        cash: sql<number>`coalesce(sum(${portfolios.cashCents}), 0)`,
      })
      .from(portfolios)
      .where(and(eq(portfolios.leagueId, leagueId), userId === undefined ? undefined : eq(portfolios.userId, userId)))
      .get() ?? none
  )
}

export const usernameById = (db: Db, id: number): string =>
  db.select({ username: users.username }).from(users).where(eq(users.id, id)).get()?.username ?? ''
