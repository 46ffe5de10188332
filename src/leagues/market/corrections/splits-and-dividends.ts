/** Splits and dividends: a line in the ledger of everyone who holds the symbol in a league that is not final, in one transaction. */
import { and, asc, eq, gte, not, type SQL } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { symbolActions } from '../../../../db/schema.ts'
import { refuse } from '../../../errors.ts'
import type { League } from '../../league.ts'
import { writeQuotes } from '../accept-quotes.ts'
import type { LedgerLine } from '../ledger.ts'
import { maxPriceCents, maxShares, moneyText } from '../order.ts'
import { applyCorrection, type Correction, type Position, type SplitRatio, splitOf } from '../position.ts'
import { holdersPortfolio, positionIn } from '../queries.ts'
import { openOf, startOfDay } from '../quote.ts'
import { quoteBySymbol } from '../quote-queries.ts'
import { writeLine } from '../write-line.ts'
import { insertAction, isUndone, type SymbolAction, storeCounts } from './symbol-action.ts'
import type { OfficerAction } from './void-price.ts'

/** Keeps the product of shares and price within what a number holds exactly. */
export const maxSplitPart = 1_000

export function splitSymbol(tx: Db, symbol: string, ratio: SplitRatio, act: OfficerAction): SymbolAction {
  const quote = quoteBySymbol(tx, symbol)
  refuseExtremePrice(symbol, (quote.priceCents * ratio.from) / ratio.to)
  const given = { symbol, kind: 'split' as const, cents: quote.priceCents, sharesTo: ratio.to, sharesFrom: ratio.from }
  refuseRepeated(tx, act.at, and(eq(symbolActions.sharesTo, ratio.to), eq(symbolActions.sharesFrom, ratio.from)), given)
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  const lines = correctHolders(tx, 'split', action, held => {
    const split = splitOf(held, ratio, quote.priceCents)
    if (Math.abs(held.quantity + split.quantity) > maxShares)
      refuse('conflict', `Somebody would hold more than ${maxShares} shares of ${symbol}`, { rule: 'quantity' })
    return split
  })
  splitPrices(tx, symbol, ratio)
  const restated = (cents: number) => Math.max(1, Math.round((cents * ratio.from) / ratio.to))
  const after = { ...quote, priceCents: restated(quote.priceCents), openCents: restated(openOf(quote, act.at)) }
  writeQuotes(tx, [after], new Map([[symbol, quote]]), act.at, act.by)
  return storeCounts(tx, action, { lines })
}

/** Below a cent it would be rounded up, and everyone's shares would be worth more than before. */
function refuseExtremePrice(symbol: string, cents: number): void {
  if (cents >= 1 && cents <= maxPriceCents) return
  const limit = cents < 1 ? `below ${moneyText(1)}` : `above ${moneyText(maxPriceCents)}`
  refuse('conflict', `The split would take the price of ${symbol} ${limit}`, { rule: 'price' })
}

/** A league that is live again: its shares are split as they would have been while it was final. */
export function applyMissedSplits(tx: Db, { id, finalizedAt }: League, at: number): void {
  const missed = tx
    .select()
    .from(symbolActions)
    .where(and(eq(symbolActions.kind, 'split'), gte(symbolActions.at, finalizedAt ?? at)))
    .orderBy(asc(symbolActions.id))
    .all()
  for (const action of missed) {
    const ratio = { to: action.sharesTo ?? 1, from: action.sharesFrom ?? 1 }
    correctHolders(tx, 'split', { ...action, at }, held => splitOf(held, ratio, action.cents), id)
  }
}

export function payDividend(tx: Db, symbol: string, perShareCents: number, act: OfficerAction): SymbolAction {
  quoteBySymbol(tx, symbol)
  const given = { symbol, kind: 'dividend' as const, cents: perShareCents }
  refuseRepeated(tx, act.at, eq(symbolActions.cents, perShareCents), given)
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  const lines = correctHolders(tx, 'dividend', action, ({ quantity }) => {
    const cash = quantity * perShareCents // members who are short pay it
    return { quantity: 0, cash, fee: 0, realised: cash }
  })
  return storeCounts(tx, action, { lines })
}

type Paid = Pick<LedgerLine, 'id' | 'leagueId' | 'userId' | 'cashCents'> & { isFinal: number; isUndone: number }

/** Takes back a dividend that was entered wrongly. It stays in final leagues. */
export function undoDividend(tx: Db, symbol: string, actionId: number, act: OfficerAction): SymbolAction {
  const dividend = tx
    .select()
    .from(symbolActions)
    .where(and(eq(symbolActions.id, actionId), eq(symbolActions.symbol, symbol), eq(symbolActions.kind, 'dividend')))
    .get()
  if (!dividend) return refuse('not_found', `There is no dividend ${actionId} of ${symbol}`)
  const paid = tx.$client
    .query<Paid, [at: number, action: number]>(
      `select d.id, d.league_id as leagueId, d.user_id as userId, d.cash_cents as cashCents,
         l.finalized_at is not null as isFinal, exists (select 1 from ledger u where u.undoes = d.id) as isUndone
       from ledger d join leagues l on l.id = d.league_id where d.at = ? and d.action_id = ? order by d.id`,
    )
    .all(dividend.at, actionId)
  if (paid.some(({ isUndone }) => isUndone))
    refuse('conflict', 'This dividend has already been taken back', { rule: 'undone' })
  const { cents } = dividend
  const action = insertAction(tx, { ...act, symbol, kind: 'undo', cents, lines: 0 })
  const open = paid.filter(({ isFinal }) => !isFinal)
  for (const { id, leagueId, userId, cashCents } of open) {
    const back = { quantity: 0, cash: -cashCents, fee: 0, realised: -cashCents }
    const after = applyCorrection(positionIn(tx, leagueId, userId, symbol), back)
    const line = { kind: 'undo' as const, at: act.at, symbol, price: cents, ...back, undoes: id, actionId: action.id }
    writeLine(tx, holdersPortfolio(tx, leagueId, userId), line, after)
  }
  return storeCounts(tx, action, { lines: open.length, kept: paid.length - open.length })
}

/** A form that is sent twice must not split twice. */
function refuseRepeated(
  tx: Db,
  at: number,
  same: SQL | undefined,
  { symbol, kind }: Pick<SymbolAction, 'symbol' | 'kind'>,
) {
  const ofSymbol = and(eq(symbolActions.symbol, symbol), eq(symbolActions.kind, kind))
  const known = tx
    .select({ id: symbolActions.id })
    .from(symbolActions)
    .where(and(ofSymbol, gte(symbolActions.at, startOfDay(at)), same, not(isUndone)))
    .get()
  if (known) refuse('conflict', `The same ${kind} of ${symbol} was already entered today`, { rule: 'twice' })
}

type Holder = { leagueId: number; userId: number }

/** In one league, or in every one that is not final. */
function correctHolders(
  tx: Db,
  kind: 'split' | 'dividend',
  { id, at, symbol, cents }: SymbolAction,
  correction: (held: Position) => Correction,
  leagueId: number | null = null,
): number {
  const holders = tx.$client
    .query<Holder, [symbol: string, league: number | null]>(
      `select h.league_id as leagueId, h.user_id as userId from holdings h join leagues l on l.id = h.league_id
       where h.symbol = ?1 and h.quantity <> 0 and iif(?2 is null, l.finalized_at is null, l.id = ?2)
       order by h.league_id, h.user_id`,
    )
    .all(symbol, leagueId)
  for (const { leagueId, userId } of holders) {
    const held = positionIn(tx, leagueId, userId, symbol)
    const change = correction(held)
    const line = { kind, at, symbol, price: cents, ...change, actionId: id }
    writeLine(tx, holdersPortfolio(tx, leagueId, userId), line, applyCorrection(held, change))
  }
  return holders.length
}

/** The history is kept in today's shares, so that no chart shows a jump where nothing was gained or lost. */
function splitPrices(tx: Db, symbol: string, { to, from }: SplitRatio): void {
  const restated = (column: string) => `max(1, cast(round(${column} * ${from}.0 / ${to}) as integer))`
  tx.$client.query(`update prices set price_cents = ${restated('price_cents')} where symbol = ?`).run(symbol)
  tx.$client.query(`update daily_prices set close_cents = ${restated('close_cents')} where symbol = ?`).run(symbol)
}
