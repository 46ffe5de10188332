/** Validates an order and computes what filling it does. Pure: everything it depends on is passed in. */
import { isAhead, iso } from '../../platform/clock.ts'
import { countText, moneyText } from '../../platform/number-text.ts'
import { duration } from '../../ui/parts/values.ts'
import type { MarketRules } from './config.ts'
import { applyTrade, type Position } from './position.ts'

export type Side = 'buy' | 'sell'
export type Order = { symbol: string; side: Side; quantity: number }

/** Per symbol and portfolio. At the highest price the value of a position stays within what a number holds exactly. */
export const maxShares = 1_000_000
export const maxPriceCents = 1_000_000_000 // cents

/** The portfolio before the order. */
export type Account = {
  cash: number
  position: Position
  /** The value of all other holdings, short positions subtracted. */
  others: number
  /** What it would cost to buy back all other short positions. */
  othersOwed: number
}
export type Quote = { priceCents: number; asOf: number }

export type Fill = {
  quantity: number // above 0: bought, below 0: sold
  price: number
  fee: number
  cash: number // change of cash, fee included
  cashAfter: number
  position: Position
  realised: number // gain of this order, before the fee
}

type RuleName = 'cash' | 'holding' | 'position' | 'quantity' | 'quote_age' | 'short'
/** The rule that an order breaks, and by how much. */
export type BrokenRule = {
  rule: RuleName
  detail: string
  limit: number
  actual: number
  over: number
  unit: 'cents' | 'shares' | 'percent' | 'seconds'
  /** The largest quantity that would be filled, if a smaller one would do; 0: none. */
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
  // Each rule suggests the quantity that it alone would accept; that may break another rule, or its own by a rounding error.
  while (most) {
    const next = tryOrder({ ...order, quantity: most }, account, quote, rules, now)
    if ('fill' in next) break
    most = next.broken.most && Math.min(next.broken.most, most - 1)
  }
  return { broken: { ...verdict.broken, most } }
}

function tryOrder(order: Order, account: Account, quote: Quote, rules: MarketRules, now: number): OrderVerdict {
  const fill = fillOf(order, account, quote, rules)
  const broken =
    quoteTooOld(order, quote, rules, now) ??
    tooManyShares(order, account, fill) ??
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
    const detail = `The quote of ${symbol} is dated ${iso(asOf)}, in the future: a new quote is needed`
    return { rule: 'quote_age', detail, limit, actual, over: -actual, unit: 'seconds' }
  }
  if (actual <= limit) return undefined
  const over = actual - limit
  const detail = `The quote of ${symbol} is ${ageText(over)} too old: it may be at most ${ageText(limit)} old`
  return { rule: 'quote_age', detail, limit, actual, over, unit: 'seconds' }
}

/** A position that has come to be too large may be made smaller, but not be turned into one the other way. */
const isSmaller = (after: Position, before: Position): boolean =>
  after.quantity * before.quantity >= 0 && Math.abs(after.quantity) < Math.abs(before.quantity)

function tooManyShares({ symbol }: Order, account: Account, { position, quantity }: Fill): BrokenRule | undefined {
  const actual = Math.abs(position.quantity)
  const over = actual - maxShares
  if (over <= 0 || isSmaller(position, account.position)) return undefined
  const most = Math.max(0, Math.abs(quantity) - over)
  const detail = `This would make ${countText(actual)} ${symbol}; a portfolio may hold at most ${countText(maxShares)}, so this is ${countText(over)} too many`
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
  const detail = `The order sells ${countText(quantity)} ${symbol} and the portfolio holds ${countText(limit)}, so it is ${countText(over)} too many`
  return { rule: 'holding', detail, limit, actual: quantity, over, unit: 'shares', most: Math.max(0, limit) }
}

function exceedsCash({ side }: Order, { cash }: Account, fill: Fill): BrokenRule | undefined {
  if (fill.cashAfter >= 0 || fill.cash >= 0) return undefined // undoing a trade may have left cash below 0
  const cost = -fill.cash
  const detail = `This costs ${moneyText(cost)}${fill.fee ? ` including the fee of ${moneyText(fill.fee)}` : ''} and there is ${moneyText(cash)} in cash: ${moneyText(-fill.cashAfter)} short`
  const most = side === 'buy' ? Math.max(0, Math.floor((cash - fill.fee) / fill.price)) : undefined
  return { rule: 'cash', detail, limit: cash, actual: cost, over: -fill.cashAfter, unit: 'cents', most }
}

function exceedsPositionLimit(
  { symbol }: Order,
  account: Account,
  fill: Fill,
  rules: MarketRules,
): BrokenRule | undefined {
  const { max_position_pct: limit } = rules
  const { position, price, cashAfter } = fill
  if (limit >= 100 && !rules.allow_short) return undefined
  if (isSmaller(position, account.position)) return undefined
  const value = Math.abs(position.quantity) * price
  const total = cashAfter + account.others + position.quantity * price
  if (total > 0 && value * 100 <= limit * total) return undefined
  const actual = total > 0 ? roundedUp((value * 100) / total) : 100
  const over = roundedUp(Math.max(0, actual - limit))
  const fits = Math.max(0, Math.floor((limit * Math.max(0, total)) / 100 / price))
  const towards = Math.sign(position.quantity) * account.position.quantity // what is already held in that direction; below 0: against it
  const most = Math.max(0, fits - towards)
  const detail = `${symbol} would be ${actual} % of a total value of ${moneyText(total)} and may be at most ${limit} %: ${over} points too much`
  return { rule: 'position', detail, limit, actual, over, unit: 'percent', most }
}

/** Short positions may never be worth more than the portfolio, so that even a doubling of all their prices ruins nobody at once. */
function exceedsShortLimit({ side, quantity }: Order, account: Account, fill: Fill): BrokenRule | undefined {
  const { position, price, cashAfter } = fill
  if (side === 'buy' || position.quantity >= 0) return undefined
  const actual = account.othersOwed - position.quantity * price
  const limit = cashAfter + account.others + position.quantity * price
  const over = actual - limit
  if (over <= 0) return undefined
  const detail = `${moneyText(actual)} would be owed and the portfolio would be worth ${moneyText(limit)}: ${moneyText(over)} too much`
  const most = Math.max(0, account.position.quantity, quantity - Math.ceil(over / price)) // what is held can be sold
  return { rule: 'short', detail, limit, actual, over, unit: 'cents', most }
}

/** Rounds up to a hundredth, so that an excess never reads as zero. */
const roundedUp = (n: number) => Math.ceil(n * 100 - 1e-9) / 100
const ageText = (seconds: number): string => String(duration(seconds * 1_000))
