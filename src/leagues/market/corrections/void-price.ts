/**
 * Takes back a wrong price: the price before it counts again, and every trade made at it is undone by a line of its own,
 * in one transaction. What a member did afterwards stays, so cash or a holding may end below 0.
 */
import { and, asc, desc, eq, gte, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { equalsGiven } from '../../../../db/prepared-writes.ts'
import { dailyPrices, ledger, prices } from '../../../../db/schema.ts'
import { prepared } from '../../../../db/transactions.ts'
import { refuse } from '../../../errors.ts'
import { touchEach } from '../../../platform/cache/stamps.ts'
import { day, iso } from '../../../platform/clock.ts'
import { moneyText } from '../../../platform/number-text.ts'
import { writeQuotes } from '../accept-quotes.ts'
import { isTrade, type LedgerLine } from '../ledger.ts'
import { applyCorrection, applyTrade, noPosition, type Position } from '../position.ts'
import type { Price } from '../price-history.ts'
import { holdersPortfolio, portfolioKey, positionIn } from '../queries.ts'
import { openOf, type QuoteRow, startOfDay } from '../quote.ts'
import { findQuote, leaguesHolding } from '../quote-queries.ts'
import { type CorrectionLine, writeCorrections } from '../write-ledger.ts'
import { correctPastValues } from './past-values.ts'
import {
  insertAction,
  lastSplitAt,
  type OfficerAction,
  type SymbolAction,
  storeCounts,
  type Written,
} from './symbol-action.ts'

export function voidPrice(tx: Db, symbol: string, priceId: number, act: OfficerAction): SymbolAction {
  const price = findVoidablePrice(tx, symbol, priceId)
  const action = insertAction(tx, { ...act, symbol, kind: 'void', priceId, cents: price.priceCents, lines: 0 })
  const counts = undoTrades(tx, action)
  tx.update(prices).set({ voidedAt: act.at }).where(eq(prices.id, priceId)).run()
  const lastAsOf = price.confirmedAt ?? findQuote(tx, symbol)?.asOf ?? price.asOf
  if (price.until === null) restorePriceBefore(tx, price, act)
  else correctOpen(tx, price, act)
  for (let start = startOfDay(price.asOf); start <= lastAsOf; start += day) updateDayClose(tx, price, start)
  correctPastValues(tx, price, act.at)
  return storeCounts(tx, action, counts)
}

function findVoidablePrice(tx: Db, symbol: string, id: number): Price {
  const price = tx
    .select()
    .from(prices)
    .where(and(eq(prices.id, id), eq(prices.symbol, symbol)))
    .get()
  if (!price) return refuse('not_found', `There is no price ${id} of ${symbol} in the last days`)
  if (price.voidedAt !== null)
    return refuse('conflict', `This price was already taken back, at ${iso(price.voidedAt)}`, { rule: 'voided' })
  const splitAt = lastSplitAt(tx, symbol)
  if (splitAt !== undefined && splitAt >= price.receivedAt)
    return refuse(
      'conflict',
      `${symbol} was split at ${iso(splitAt)}, after this price, so it can no longer be taken back`,
      { rule: 'split' },
    )
  return price
}

type Trade = Pick<LedgerLine, 'id' | 'leagueId' | 'userId'> & { isFinal: number }

/** In one league, or in all; final leagues stay as they are. */
export function undoTrades(tx: Db, action: SymbolAction, leagueId: number | null = null): Written {
  const made = tx.$client
    .query<Trade, [price: number | null, league: number | null]>(
      `select t.id, t.league_id as leagueId, t.user_id as userId, l.finalized_at is not null as isFinal
       from ledger t join leagues l on l.id = t.league_id
       where t.price_id = ?1 and t.price_id is not null and (?2 is null or l.id = ?2)
         and not exists (select 1 from ledger u where u.undoes = t.id)
       order by t.league_id, t.user_id, t.id`,
    )
    .all(action.priceId, leagueId)
  const open = made.filter(({ isFinal }) => !isFinal)
  const byPortfolio = Map.groupBy(open, ({ leagueId, userId }) => portfolioKey(leagueId, userId))
  const lines = [...byPortfolio.values()].flatMap(trades => undoneLines(tx, trades, action))
  writeCorrections(tx, lines)
  return { lines: open.length, kept: made.length - open.length }
}

/**
 * The holding afterwards is what it would be without these trades. Each line returns the shares at their price; the last one also
 * carries the difference in gains that later trades have made of them.
 */
function undoneLines(tx: Db, trades: readonly Trade[], { id: actionId, at, symbol }: SymbolAction): CorrectionLine[] {
  const [{ leagueId, userId }] = trades as [Trade]
  const history = linesOf(tx, leagueId, userId, symbol)
  const undone = new Set(trades.map(({ id }) => id))
  const target = positionWithout(history, undone)
  let now = positionIn(tx, leagueId, userId, symbol)
  let { cashCents } = holdersPortfolio(tx, leagueId, userId)
  const wrong = history.filter(({ id }) => undone.has(id))
  const lines = wrong.map((line, i) => {
    const back = { quantity: -line.quantity, cash: -line.cashCents, fee: -line.feeCents }
    const realised = i === wrong.length - 1 ? target.realised - now.realised : 0
    now = applyCorrection(now, { ...back, realised })
    cashCents += back.cash
    const price = line.priceCents ?? 0
    const undo = { kind: 'undo' as const, at, symbol, price, ...back, realised, undoes: line.id, actionId }
    return { leagueId, userId, cashAfter: cashCents, line: undo, after: now }
  })
  if (now.cost !== target.cost || now.quantity !== target.quantity)
    throw new Error(`Undoing trades of user ${userId} in league ${leagueId} would not add up`)
  return lines
}

const linesOf = (tx: Db, leagueId: number, userId: number, symbol: string): LedgerLine[] =>
  linesOfSymbol(tx).all({ leagueId, userId, symbol })
const linesOfSymbol = prepared(db =>
  db
    .select()
    .from(ledger)
    .where(equalsGiven(ledger.leagueId, ledger.userId, ledger.symbol))
    .orderBy(asc(ledger.id)),
)

/** The position that these lines make, without `undone` and whatever was already taken back. */
function positionWithout(lines: readonly LedgerLine[], undone: ReadonlySet<number>): Position {
  const gone = new Set(undone)
  for (const { undoes } of lines) if (undoes !== null) gone.add(undoes)
  let held = noPosition
  for (const line of lines) {
    if (gone.has(line.id) || line.kind === 'undo') continue
    held = isTrade(line.kind)
      ? applyTrade(held, line.quantity, line.priceCents ?? 0)
      : applyCorrection(held, {
          quantity: line.quantity,
          cash: line.cashCents,
          fee: line.feeCents,
          realised: line.realisedCents,
        })
  }
  return held
}

function restorePriceBefore(tx: Db, wrong: Price, { at, by }: OfficerAction): void {
  const { symbol } = wrong
  const quote = findQuote(tx, symbol)
  const before = tx
    .select()
    .from(prices)
    .where(and(eq(prices.symbol, symbol), lt(prices.id, wrong.id), isNull(prices.voidedAt)))
    .orderBy(desc(prices.id))
    .get()
  if (!quote || !before)
    refuse(
      'conflict',
      `${moneyText(wrong.priceCents)} is the only known price of ${symbol}. Set the right one first, then take this one back`,
      { rule: 'only_price' },
    )
  const { priceCents } = before
  const openCents = openWithout(tx, wrong, quote, at) ?? priceCents
  const restored = { ...quote, priceCents, openCents, asOf: before.confirmedAt ?? before.asOf, receivedAt: at }
  const voided = { ...quote, priceCents: 0 } // so that the restored price has an id of its own, even if it is the same
  writeQuotes(tx, [restored], new Map([[symbol, voided]]), at, by)
}

/** The day may have begun with a wrong price that is no longer the newest. */
function correctOpen(tx: Db, wrong: Price, { at, by }: OfficerAction): void {
  const { symbol } = wrong
  const quote = findQuote(tx, symbol)
  if (!quote || quote.receivedAt < startOfDay(at)) return
  const openCents = openWithout(tx, wrong, quote, at)
  if (openCents === undefined || openOf(quote, at) === openCents) return
  writeQuotes(tx, [{ ...quote, openCents }], new Map([[symbol, quote]]), at, by)
  touchEach(tx, 'scores', leaguesHolding(tx, [symbol]))
}

/** If the day began with another price, the opening price stays as it is: after splits it is more exact than the history, which is in whole cents. */
function openWithout(tx: Db, wrong: Price, quote: QuoteRow, at: number): number | undefined {
  const isValid = isNull(prices.voidedAt)
  const opened = openingPrice(tx, wrong.symbol, at, or(isValid, eq(prices.id, wrong.id)))
  return opened?.id === wrong.id ? openingPrice(tx, wrong.symbol, at, isValid)?.priceCents : openOf(quote, at)
}

/** The last price before today, or else the first one. */
function openingPrice(tx: Db, symbol: string, at: number, which: SQL | undefined): Price | undefined {
  const counts = and(eq(prices.symbol, symbol), which)
  const first = (where: SQL | undefined, order: SQL) =>
    tx.select().from(prices).where(where).orderBy(order).limit(1).get()
  return first(and(counts, lt(prices.asOf, startOfDay(at))), desc(prices.id)) ?? first(counts, asc(prices.id))
}

/** A day that closed at the wrong price closes at its last price that was not taken back. */
function updateDayClose(tx: Db, { symbol, priceCents }: Price, start: number): void {
  const last = tx
    .select({ closeCents: prices.priceCents })
    .from(prices)
    .where(
      and(
        eq(prices.symbol, symbol),
        isNull(prices.voidedAt),
        gte(sql`coalesce(${prices.confirmedAt}, ${prices.asOf})`, start),
        lt(prices.asOf, start + day),
      ),
    )
    .orderBy(desc(prices.id))
    .get()
  const wrong = and(eq(dailyPrices.symbol, symbol), eq(dailyPrices.day, start), eq(dailyPrices.closeCents, priceCents))
  if (last) tx.update(dailyPrices).set(last).where(wrong).run()
  else tx.delete(dailyPrices).where(wrong).run()
}
