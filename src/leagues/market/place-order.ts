/** Places orders: one synchronous transaction each, all or nothing; orders that arrive together share the wait for the disk. */
import type { Db } from '../../../db/open.ts'
import type { OrderRefusal } from '../../../db/schema.ts'
import { batched } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { countText } from '../../platform/number-text.ts'
import { type League, leagueStatus } from '../league.ts'
import { isMember, leagueById } from '../queries.ts'
import { marketConfigOf } from './config.ts'
import { type BrokenRule, type Fill, type Order, validateOrder } from './order.ts'
import { type OrderOutcome, outcomeOfKey, storeOutcome } from './order-keys.ts'
import type { Portfolio } from './portfolio.ts'
import { accountOf, findPortfolio } from './queries.ts'
import type { QuoteRow } from './quote.ts'
import { findQuote } from './quote-queries.ts'
import { watchForRisk } from './risk.ts'
import { writeTrade } from './write-ledger.ts'

/** With a `key`, the same request within a day gets the same answer and changes nothing: `replayed`. */
export function placeOrder(
  app: App,
  leagueId: number,
  userId: number,
  order: Order,
  key?: string,
): Promise<OrderOutcome & { replayed: boolean }> {
  const { db, clock } = app
  return batched(db, tx => {
    const now = clock.now()
    const known = key === undefined ? undefined : outcomeOfKey(tx, { leagueId, userId, key }, order, now)
    if (known) return { ...known, replayed: true }
    const outcome = executeOrder(tx, leagueId, userId, order, now)
    if (key !== undefined) storeOutcome(tx, { leagueId, userId, key }, order, outcome, now)
    return { ...outcome, replayed: false }
  })
}

function executeOrder(tx: Db, leagueId: number, userId: number, order: Order, now: number): OrderOutcome {
  const decision = previewOrder(tx, leagueId, userId, order, now)
  if ('refusal' in decision) return { refusal: decision.refusal }
  const { portfolio, quote, fill } = decision
  const { quantity, price, fee, cash, realised, position } = fill
  const { side, symbol } = order
  const trade = { kind: side, at: now, symbol, quantity, price, fee, cash, realised, priceId: quote.priceId }
  const line = writeTrade(tx, portfolio, trade, position)
  watchForRisk(tx, userId, now)
  return { line }
}

type Decision = { portfolio: Portfolio } & ({ quote: QuoteRow; fill: Fill } | { refusal: OrderRefusal })

/** The outcome that an order would have now; writes nothing. */
export function previewOrder(db: Db, leagueId: number, userId: number, order: Order, now: number): Decision {
  const league = leagueById(db, leagueId)
  const portfolio =
    (isMember(db, leagueId, userId) && findPortfolio(db, leagueId, userId)) ||
    refuse('forbidden', 'You are not in this league; join it first')
  if (leagueStatus(league, now) !== 'active') return { portfolio, refusal: notActive(league, now) }
  const quote = findQuote(db, order.symbol)
  if (!quote) return { portfolio, refusal: notQuoted(order) }
  const account = accountOf(db, portfolio, order.symbol)
  const verdict = validateOrder(order, account, quote, marketConfigOf(league), now)
  return 'fill' in verdict
    ? { portfolio, quote, fill: verdict.fill }
    : { portfolio, refusal: refusalOf(verdict.broken) }
}

function notActive(league: League, now: number): OrderRefusal {
  const times = { starts_at: iso(league.startsAt), ends_at: iso(league.endsAt) }
  const detail = `Orders are accepted from ${times.starts_at} until ${times.ends_at}, before the league is final; now it is ${leagueStatus(league, now)}`
  return { code: 'conflict', detail, facts: { rule: 'status', ...times } }
}

const notQuoted = ({ symbol }: Order): OrderRefusal => ({
  code: 'invalid',
  detail: `There is no quote of ${symbol}`,
  facts: { rule: 'quote', errors: [{ path: 'symbol', message: 'This symbol is not quoted here.' }] },
})

function refusalOf({ detail, ...facts }: BrokenRule): OrderRefusal {
  const { rule, most } = facts
  const path = rule === 'quote_age' ? 'symbol' : 'quantity'
  const advice =
    most === undefined ? '' : most > 0 ? `. At most ${countText(most)} can be traded` : '. None can be traded'
  return { code: 'conflict', detail, facts: { ...facts, errors: [{ path, message: `${detail}${advice}.` }] } }
}
