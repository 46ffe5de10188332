/** Splits and dividends: a line in the ledger of everyone who holds the symbol in a league that is not final, in one transaction. */
import { and, eq, gte, type SQL } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { symbolActions } from '../../../../db/schema.ts'
import { refuse } from '../../../errors.ts'
import { writeQuotes } from '../accept-quotes.ts'
import { maxShares } from '../order.ts'
import { applyCorrection, type Correction, type Position, type SplitRatio, splitOf } from '../position.ts'
import { findPortfolio, position } from '../queries.ts'
import { type QuoteRow, startOfDay } from '../quote.ts'
import { findQuote } from '../quote-queries.ts'
import { writeLine } from '../write-line.ts'
import { countLines, insertAction, type SymbolAction } from './symbol-action.ts'
import type { Act } from './void-price.ts'

/** So that the product of shares and price stays within what a number holds exactly. */
export const mostInSplit = 1_000

export function splitSymbol(tx: Db, symbol: string, ratio: SplitRatio, act: Act): SymbolAction {
  const quote = quoteOf(tx, symbol)
  const given = { symbol, kind: 'split' as const, cents: quote.priceCents, sharesTo: ratio.to, sharesFrom: ratio.from }
  refuseSecond(tx, act.at, and(eq(symbolActions.sharesTo, ratio.to), eq(symbolActions.sharesFrom, ratio.from)), given)
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  const lines = correctHolders(tx, action, held => {
    const split = splitOf(held, ratio, quote.priceCents)
    if (Math.abs(held.quantity + split.quantity) > maxShares)
      refuse('conflict', `Somebody would hold more than ${maxShares} shares of ${symbol}`, { rule: 'quantity' })
    return split
  })
  splitPrices(tx, symbol, ratio)
  const restated = (cents: number) => Math.max(1, Math.round((cents * ratio.from) / ratio.to))
  const after = { ...quote, priceCents: restated(quote.priceCents), openCents: restated(quote.openCents) }
  writeQuotes(tx, [after], new Map([[symbol, quote]]), act.at, act.by)
  return countLines(tx, action, { lines })
}

export function payDividend(tx: Db, symbol: string, perShareCents: number, act: Act): SymbolAction {
  quoteOf(tx, symbol)
  const given = { symbol, kind: 'dividend' as const, cents: perShareCents }
  refuseSecond(tx, act.at, eq(symbolActions.cents, perShareCents), given)
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  const lines = correctHolders(tx, action, ({ quantity }) => {
    const cash = quantity * perShareCents // who has sold short pays it
    return { quantity: 0, cash, fee: 0, realised: cash }
  })
  return countLines(tx, action, { lines })
}

const quoteOf = (tx: Db, symbol: string): QuoteRow =>
  findQuote(tx, symbol) ?? refuse('not_found', `There is no quote of ${symbol}`)

/** A form sent twice must not split twice. */
function refuseSecond(
  tx: Db,
  at: number,
  same: SQL | undefined,
  { symbol, kind }: Pick<SymbolAction, 'symbol' | 'kind'>,
) {
  const ofSymbol = and(eq(symbolActions.symbol, symbol), eq(symbolActions.kind, kind))
  const known = tx
    .select({ id: symbolActions.id })
    .from(symbolActions)
    .where(and(ofSymbol, gte(symbolActions.at, startOfDay(at)), same))
    .get()
  if (known) refuse('conflict', `The same ${kind} of ${symbol} was entered today already`, { rule: 'twice' })
}

type Holder = { leagueId: number; userId: number }

function correctHolders(
  tx: Db,
  { id, at, symbol, kind, cents }: SymbolAction,
  correction: (held: Position) => Correction,
): number {
  const holders = tx.$client
    .query<Holder, [string]>(
      `select h.league_id as leagueId, h.user_id as userId from holdings h join leagues l on l.id = h.league_id
       where h.symbol = ? and h.quantity <> 0 and l.finalized_at is null order by h.league_id, h.user_id`,
    )
    .all(symbol)
  for (const { leagueId, userId } of holders) {
    const portfolio = findPortfolio(tx, leagueId, userId)
    if (!portfolio || kind === 'void')
      throw new Error(`User ${userId} holds ${symbol} in league ${leagueId} without a portfolio`)
    const held = position(tx, leagueId, userId, symbol)
    const change = correction(held)
    const line = { kind, at, symbol, price: cents, ...change, actionId: id }
    writeLine(tx, portfolio, line, applyCorrection(held, change))
  }
  return holders.length
}

/** The history is kept in the shares of now, so that no chart shows a cliff where nothing was gained or lost. */
function splitPrices(tx: Db, symbol: string, { to, from }: SplitRatio): void {
  const restated = (column: string) => `max(1, cast(round(${column} * ${from}.0 / ${to}) as integer))`
  tx.$client.query(`update prices set price_cents = ${restated('price_cents')} where symbol = ?`).run(symbol)
  tx.$client.query(`update daily_prices set close_cents = ${restated('close_cents')} where symbol = ?`).run(symbol)
}
