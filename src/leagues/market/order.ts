/** Whether an order may be filled, and what filling it does. Pure: everything it depends on comes in. */
import { isAhead, iso } from '../../platform/clock.ts'
import type { MarketRules } from './config.ts'
import { applyTrade, type Position } from './position.ts'

export type Side = 'buy' | 'sell'
export type Order = { symbol: string; side: Side; quantity: number }

/** Of one symbol in one portfolio. At the highest price a position stays within what a number holds exactly. */
export const maxShares = 1_000_000
export const maxPriceCents = 1_000_000_000 // cents

/** The portfolio as the order finds it. */
export type Account = {
  cash: number
  position: Position
  /** What all else is worth, what is owed taken off. */
  others: number
  /** What all else that is owed would take to buy back. */
  othersOwed: number
}
export type Quote = { priceCents: number; asOf: number }

export type Fill = {
  quantity: number // bought above 0, sold below
  price: number
  fee: number
  cash: number // what the order moves, fee included
  cashAfter: number
  position: Position
  realised: number // by this order, before the fee
}

type RuleName = 'cash' | 'holding' | 'position' | 'quantity' | 'quote_age' | 'short'
/** Which rule says no, and by how much. */
export type BrokenRule = {
  rule: RuleName
  detail: string
  limit: number
  actual: number
  over: number
  unit: 'cents' | 'shares' | 'percent' | 'seconds'
  /** The largest quantity that would be filled, where a smaller one would do; 0 is none. */
  most?: number
}

type OrderVerdict = { fill: Fill } | { broken: BrokenRule }

export function validateOrder(
  order: Order,
  account: Account,
  quote: Quote,
  rules: MarketRules,
  now: number,
): OrderVerdict {
  const verdict = tryOrder(order, account, quote, rules, now)
  if ('fill' in verdict) return verdict
  let most = verdict.broken.most
  // Each rule names what it alone would let through; what passes that one may break another.
  while (most) {
    const next = tryOrder({ ...order, quantity: most }, account, quote, rules, now)
    if ('fill' in next) break
    most = next.broken.most
  }
  return { broken: { ...verdict.broken, most } }
}

function tryOrder(order: Order, account: Account, quote: Quote, rules: MarketRules, now: number): OrderVerdict {
  const fill = fillOf(order, account, quote, rules)
  const broken =
    quoteTooOld(order, quote, rules, now) ??
    tooManyShares(order, fill) ??
    sellsMoreThanHeld(order, account, rules) ??
    exceedsCash(order, account, fill) ??
    exceedsPositionLimit(order, account, fill, rules) ??
    exceedsShortLimit(order, account, fill)
  return broken ? { broken } : { fill }
}

function fillOf(
  { side, quantity: size }: Order,
  { cash, position }: Account,
  { priceCents: price }: Quote,
  rules: MarketRules,
) {
  const quantity = side === 'buy' ? size : -size
  const moved = -quantity * price - rules.fee_cents
  const after = applyTrade(position, quantity, price)
  const realised = after.realised - position.realised
  return { quantity, price, fee: rules.fee_cents, cash: moved, cashAfter: cash + moved, position: after, realised }
}

function quoteTooOld(
  { symbol }: Order,
  { asOf }: Quote,
  { quote_max_age_s: limit }: MarketRules,
  now: number,
): BrokenRule | undefined {
  const actual = Math.floor((now - asOf) / 1000)
  if (isAhead(asOf, now)) {
    const detail = `The quote of ${symbol} is dated ${iso(asOf)}, ahead of this clock: it needs a new one`
    return { rule: 'quote_age', detail, limit, actual, over: -actual, unit: 'seconds' }
  }
  if (actual <= limit) return undefined
  const over = actual - limit
  const detail = `The quote of ${symbol} is ${actual} s old and may be at most ${limit} s old: ${over} s too old`
  return { rule: 'quote_age', detail, limit, actual, over, unit: 'seconds' }
}

function tooManyShares({ symbol }: Order, { position, quantity }: Fill): BrokenRule | undefined {
  const actual = Math.abs(position.quantity)
  const over = actual - maxShares
  if (over <= 0) return undefined
  const most = Math.max(0, Math.abs(quantity) - over)
  const detail = `This makes ${actual} ${symbol}; a portfolio has at most ${maxShares}: ${over} too many`
  return { rule: 'quantity', detail, limit: maxShares, actual, over, unit: 'shares', most }
}

function sellsMoreThanHeld(
  { symbol, side, quantity }: Order,
  { position }: Account,
  { allow_short }: MarketRules,
): BrokenRule | undefined {
  const limit = position.quantity
  if (side === 'buy' || allow_short || quantity <= limit) return undefined
  const over = quantity - limit
  const detail = `${quantity} ${symbol} are to be sold and ${limit} are held: ${over} too many`
  return { rule: 'holding', detail, limit, actual: quantity, over, unit: 'shares', most: Math.max(0, limit) }
}

function exceedsCash({ side }: Order, { cash }: Account, fill: Fill): BrokenRule | undefined {
  if (fill.cashAfter >= 0 || fill.cash >= 0) return undefined // a trade taken back may have left less than nothing
  const cost = -fill.cash
  const detail = `This takes ${moneyText(cost)}${fill.fee ? ` with the fee of ${moneyText(fill.fee)}` : ''} and there is ${moneyText(cash)} in cash: ${moneyText(-fill.cashAfter)} short`
  const most = side === 'buy' ? Math.max(0, Math.floor((cash - fill.fee) / fill.price)) : undefined
  return { rule: 'cash', detail, limit: cash, actual: cost, over: -fill.cashAfter, unit: 'cents', most }
}

/** An order that makes a position smaller is never refused for its size. */
function exceedsPositionLimit(
  { symbol }: Order,
  account: Account,
  fill: Fill,
  rules: MarketRules,
): BrokenRule | undefined {
  const { max_position_pct: limit } = rules
  const { position, price, cashAfter } = fill
  if (limit >= 100 && !rules.allow_short) return undefined
  const held = Math.abs(account.position.quantity)
  if (Math.abs(position.quantity) <= held) return undefined
  const value = Math.abs(position.quantity) * price
  const total = cashAfter + account.others + position.quantity * price
  if (total > 0 && value * 100 <= limit * total) return undefined
  const actual = total > 0 ? percent((value * 100) / total) : 100
  const over = percent(Math.max(0, actual - limit))
  const fits = Math.max(0, Math.floor((limit * Math.max(0, total)) / 100 / price))
  const towards = Math.sign(position.quantity) * account.position.quantity // what of it is there already, against it below 0
  const most = Math.max(0, fits - towards)
  const detail = `${symbol} would be ${actual} % of a total value of ${moneyText(total)} and may be at most ${limit} %: ${over} points too much`
  return { rule: 'position', detail, limit, actual, over, unit: 'percent', most }
}

/** What is owed may never be worth more than the portfolio: a rise of all of it to the double ruins nobody at once. */
function exceedsShortLimit({ side }: Order, account: Account, fill: Fill): BrokenRule | undefined {
  const { position, price, cashAfter } = fill
  if (side === 'buy' || position.quantity >= 0) return undefined
  const actual = account.othersOwed - position.quantity * price
  const limit = cashAfter + account.others + position.quantity * price
  if (actual <= limit) return undefined
  const detail = `${moneyText(actual)} would be owed and the portfolio would be worth ${moneyText(limit)}: ${moneyText(actual - limit)} too much`
  return { rule: 'short', detail, limit, actual, over: actual - limit, unit: 'cents' }
}

/** Up to the next hundredth, so that what is too much never reads as if it were not. */
const percent = (n: number) => Math.ceil(n * 100 - 1e-9) / 100
const format = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
export const moneyText = (cents: number): string => format.format(cents / 100)
