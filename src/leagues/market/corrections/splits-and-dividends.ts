/** Splits and dividends: a line in the ledger of everyone who holds the symbol in a league that is not final, in one transaction. */
import { and, desc, eq, gte, not } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { symbolActions } from '../../../../db/schema.ts'
import { invalid, refuse } from '../../../errors.ts'
import { moneyText } from '../../../platform/number-text.ts'
import { writeQuotes } from '../accept-quotes.ts'
import type { LedgerLine } from '../ledger.ts'
import { maxPriceCents, maxShares } from '../order.ts'
import { applyCorrection, type Correction, type Position, type SplitRatio, splitOf } from '../position.ts'
import { holdersPortfolio, positionIn } from '../queries.ts'
import { openOf, startOfDay } from '../quote.ts'
import { quoteBySymbol } from '../quote-queries.ts'
import { writeCorrections } from '../write-ledger.ts'
import { correctPastPayments } from './past-values.ts'
import {
  insertAction,
  isUndone,
  type OfficerAction,
  type SymbolAction,
  storeCounts,
  type Written,
} from './symbol-action.ts'

/** Keeps the product of shares and price within what a number holds exactly. */
export const maxSplitPart = 1_000

export function splitSymbol(tx: Db, symbol: string, ratio: SplitRatio, act: OfficerAction): SymbolAction {
  const quote = quoteBySymbol(tx, symbol)
  if (ratio.to === ratio.from) invalid('to', 'A split changes the number of shares: write another number.')
  const [last] = enteredToday(tx, symbol, 'split', act.at)
  refuseRepeated(last?.sharesTo === ratio.to && last.sharesFrom === ratio.from, symbol, 'split')
  refuseExtremePrice(symbol, (quote.priceCents * ratio.from) / ratio.to)
  const given = { symbol, kind: 'split' as const, cents: quote.priceCents, sharesTo: ratio.to, sharesFrom: ratio.from }
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  const lines = splitHoldings(tx, action)
  splitPrices(tx, symbol, ratio)
  const restated = (cents: number) => (cents * ratio.from) / ratio.to
  const priceCents = Math.round(restated(quote.priceCents))
  const after = { ...quote, priceCents, openCents: restated(openOf(quote, act.at)) }
  writeQuotes(tx, [after], new Map([[symbol, quote]]), act.at, act.by)
  return storeCounts(tx, action, { lines })
}

/** Below a cent it would be rounded up, and everyone's shares would be worth more than before. */
function refuseExtremePrice(symbol: string, cents: number): void {
  if (cents >= 1 && cents <= maxPriceCents) return
  const limit = cents < 1 ? `below ${moneyText(1)}` : `above ${moneyText(maxPriceCents)}`
  refuse('conflict', `The split would take the price of ${symbol} ${limit}`, { rule: 'price' })
}

/** The holders in one league, or in all; final leagues stay as they are. */
export const splitHoldings = (tx: Db, action: SymbolAction, leagueId: number | null = null): number =>
  correctHolders(
    tx,
    'split',
    action,
    held => {
      const split = splitOf(held, { to: action.sharesTo ?? 1, from: action.sharesFrom ?? 1 }, action.cents)
      if (leagueId === null && Math.abs(held.quantity + split.quantity) > maxShares)
        refuse('conflict', `Somebody would hold more than ${maxShares} shares of ${action.symbol}`, {
          rule: 'quantity',
        })
      return split
    },
    leagueId,
  )

export function payDividend(tx: Db, symbol: string, perShareCents: number, act: OfficerAction): SymbolAction {
  quoteBySymbol(tx, symbol)
  const isKnown = enteredToday(tx, symbol, 'dividend', act.at).some(({ cents }) => cents === perShareCents)
  refuseRepeated(isKnown, symbol, 'dividend')
  const given = { symbol, kind: 'dividend' as const, cents: perShareCents }
  const action = insertAction(tx, { ...act, ...given, lines: 0 })
  return storeCounts(tx, action, { lines: payHolders(tx, action) })
}

/** In one league, or in all; final leagues stay as they are. */
export const payHolders = (tx: Db, action: SymbolAction, leagueId: number | null = null): number =>
  correctHolders(
    tx,
    'dividend',
    action,
    ({ quantity }) => {
      const cash = quantity * action.cents // members who are short pay it
      return { quantity: 0, cash, fee: 0, realised: cash }
    },
    leagueId,
  )

/** Takes back a dividend that was entered wrongly. It stays in leagues while they are final. */
export function undoDividend(tx: Db, symbol: string, actionId: number, act: OfficerAction): SymbolAction {
  const dividend = tx
    .select({ cents: symbolActions.cents, undone: isUndone })
    .from(symbolActions)
    .where(and(eq(symbolActions.id, actionId), eq(symbolActions.symbol, symbol), eq(symbolActions.kind, 'dividend')))
    .get()
  if (!dividend) return refuse('not_found', `There is no dividend ${actionId} of ${symbol}`)
  if (dividend.undone) refuse('conflict', 'This dividend has already been taken back', { rule: 'undone' })
  const { cents } = dividend
  const action = insertAction(tx, { ...act, symbol, kind: 'undo', cents, undoes: actionId, lines: 0 })
  return storeCounts(tx, action, undoPayments(tx, action))
}

type Paid = Pick<LedgerLine, 'id' | 'leagueId' | 'userId' | 'cashCents'> & { isFinal: number }

/** In one league, or in all; final leagues stay as they are. */
export function undoPayments(tx: Db, action: SymbolAction, leagueId: number | null = null): Written {
  const { id: actionId, at, symbol, cents: price } = action
  const paid = tx.$client
    .query<Paid, [dividend: number | null, league: number | null]>(
      `select d.id, d.league_id as leagueId, d.user_id as userId, d.cash_cents as cashCents,
         l.finalized_at is not null as isFinal
       from ledger d join leagues l on l.id = d.league_id
       where d.action_id = ?1 and (?2 is null or l.id = ?2) and not exists (select 1 from ledger u where u.undoes = d.id)
       order by d.id`,
    )
    .all(action.undoes, leagueId)
  const open = paid.filter(({ isFinal }) => !isFinal)
  const lines = open.map(({ id, leagueId, userId, cashCents }) => {
    const back = { quantity: 0, cash: -cashCents, fee: 0, realised: -cashCents }
    const cashAfter = holdersPortfolio(tx, leagueId, userId).cashCents + back.cash
    const line = { kind: 'undo' as const, at, symbol, price, ...back, undoes: id, actionId }
    return { leagueId, userId, cashAfter, line, after: applyCorrection(positionIn(tx, leagueId, userId, symbol), back) }
  })
  writeCorrections(tx, lines)
  correctPastPayments(tx, action, leagueId)
  return { lines: open.length, kept: paid.length - open.length }
}

/** Newest first, without dividends that were taken back. */
const enteredToday = (tx: Db, symbol: string, kind: 'split' | 'dividend', at: number): SymbolAction[] =>
  tx
    .select()
    .from(symbolActions)
    .where(
      and(
        eq(symbolActions.symbol, symbol),
        eq(symbolActions.kind, kind),
        gte(symbolActions.at, startOfDay(at)),
        not(isUndone),
      ),
    )
    .orderBy(desc(symbolActions.id))
    .all()

/** A form that is sent twice must not split twice. */
function refuseRepeated(isKnown: boolean, symbol: string, kind: 'split' | 'dividend'): void {
  if (isKnown) refuse('conflict', `The same ${kind} of ${symbol} was already entered today`, { rule: 'twice' })
}

type Holder = Position & { leagueId: number; userId: number; cashCents: number }

/** Whoever has a line of the action already gets no second one. */
function correctHolders(
  tx: Db,
  kind: 'split' | 'dividend',
  { id, at, symbol, cents }: SymbolAction,
  correction: (held: Position) => Correction,
  leagueId: number | null,
): number {
  const holders = tx.$client
    .query<Holder, [symbol: string, league: number | null, action: number]>(
      `select h.league_id as leagueId, h.user_id as userId, h.quantity, h.cost_cents as cost,
         h.realised_cents as realised, p.cash_cents as cashCents
       from holdings h join leagues l on l.id = h.league_id
         join portfolios p on p.league_id = h.league_id and p.user_id = h.user_id
       where h.symbol = ?1 and h.quantity <> 0 and l.finalized_at is null and (?2 is null or l.id = ?2)
         and (h.league_id, h.user_id) not in (select league_id, user_id from ledger where action_id = ?3)
       order by h.league_id, h.user_id`,
    )
    .all(symbol, leagueId, id)
  const lines = holders.map(({ leagueId, userId, cashCents, ...held }) => {
    const change = correction(held)
    const line = { kind, at, symbol, price: cents, ...change, actionId: id }
    return { leagueId, userId, cashAfter: cashCents + change.cash, line, after: applyCorrection(held, change) }
  })
  writeCorrections(tx, lines)
  return lines.length
}

/** The history is kept in today's shares, so that no chart shows a jump where nothing was gained or lost. */
function splitPrices(tx: Db, symbol: string, { to, from }: SplitRatio): void {
  const restated = (column: string) => `max(1, cast(round(${column} * ${from}.0 / ${to}) as integer))`
  tx.$client.query(`update prices set price_cents = ${restated('price_cents')} where symbol = ?`).run(symbol)
  tx.$client.query(`update daily_prices set close_cents = ${restated('close_cents')} where symbol = ?`).run(symbol)
}
