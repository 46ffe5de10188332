/** The rules and effects of orders, without an app. */
import { expect, test } from 'bun:test'
import { type Account, maxShares, type Order, validateOrder } from '../src/leagues/market/order.ts'
import { applyTrade, noPosition, type Position } from '../src/leagues/market/position.ts'
import { forSeeds } from './seeded.ts'

const rules = { fee_cents: 0, max_position_pct: 100, quote_max_age_s: 60, allow_short: false }
const quote = { priceCents: 1_000, asOf: 0 }
const account = (more: Partial<Account> = {}): Account => ({
  cash: 100_000,
  position: noPosition,
  others: 0,
  othersOwed: 0,
  ...more,
})
const buy = (quantity: number): Order => ({ symbol: 'ACME', side: 'buy', quantity })
const sell = (quantity: number): Order => ({ symbol: 'ACME', side: 'sell', quantity })
const holding = (quantity: number, cost = quantity * 1_000): Position => ({ quantity, cost, realised: 0 })

function brokenRule(order: Order, from: Account, more: Partial<typeof rules> = {}, at = 0, price = 1_000) {
  const verdict = validateOrder(order, from, { priceCents: price, asOf: 0 }, { ...rules, ...more }, at)
  return 'broken' in verdict ? verdict.broken : undefined
}
function fillOf(order: Order, from: Account, more: Partial<typeof rules> = {}, price = 1_000) {
  const verdict = validateOrder(order, from, { ...quote, priceCents: price }, { ...rules, ...more }, 0)
  if ('broken' in verdict) throw new Error(verdict.broken.detail)
  return verdict.fill
}

test('buying pays price and fee, selling reduces the cost in proportion and keeps the gain', () => {
  expect(fillOf(buy(10), account(), { fee_cents: 50 })).toMatchObject({
    cash: -10_050,
    cashAfter: 89_950,
    position: { quantity: 10, cost: 10_000, realised: 0 },
  })
  expect(fillOf(sell(4), account({ position: holding(10) }), { fee_cents: 50 }, 1_500)).toMatchObject({
    cash: 5_950,
    realised: 2_000,
    position: { quantity: 6, cost: 6_000, realised: 2_000 },
  })
})

test('a cost that cannot be halved leaves its odd cent with the remaining shares', () => {
  const afterFirst = applyTrade({ quantity: 3, cost: 1_000, realised: 0 }, -1, 400)
  expect(afterFirst).toEqual({ quantity: 2, cost: 667, realised: 67 })
  expect(applyTrade(afterFirst, -2, 400)).toEqual({ quantity: 0, cost: 0, realised: 200 })
})

test('each refusal says which rule is broken, by how much, and what would be accepted', () => {
  expect(brokenRule(buy(101), account())).toMatchObject({
    rule: 'cash',
    limit: 100_000,
    actual: 101_000,
    over: 1_000,
    most: 100,
    detail: 'This costs 1,010.00 and there is 1,000.00 in cash: 10.00 short',
  })
  expect(brokenRule(buy(100), account(), { fee_cents: 1 })).toMatchObject({ rule: 'cash', over: 1, most: 99 })
  expect(brokenRule(sell(5), account({ position: holding(3) }))).toMatchObject({ rule: 'holding', over: 2, most: 3 })
  expect(brokenRule(buy(1), account(), {}, 61_000)).toMatchObject({ rule: 'quote_age', actual: 61, limit: 60, over: 1 })
  expect(brokenRule(buy(1), account(), { quote_max_age_s: 3_600 }, 3_620_000)?.detail).toBe(
    'The quote of ACME is 20\u202fs too old: it may be at most 1\u202fh old',
  )
  expect(brokenRule(buy(1), account(), {}, 60_999)).toBeUndefined()
  expect(brokenRule(buy(30), account(), { max_position_pct: 25 })).toMatchObject({
    rule: 'position',
    actual: 30,
    limit: 25,
    over: 5,
    most: 25,
  })
  expect(brokenRule(sell(1), account({ cash: 0, position: holding(1, 1) }), { fee_cents: 5 }, 0, 3)).toMatchObject({
    rule: 'cash',
    over: 2,
  })
  const full = account({ cash: 1e12, position: holding(maxShares - 5) })
  expect(brokenRule(buy(6), full)).toMatchObject({ rule: 'quantity', over: 1, most: 5 })
  const overfull = account({ position: holding(2 * maxShares) }) // a split or an undone sale may lead there
  expect(brokenRule(buy(1), overfull)).toMatchObject({ rule: 'quantity', most: 0 })
  expect(brokenRule(sell(1), overfull)).toBeUndefined()
})

test('the largest quantity a refusal names is allowed, and one more is not', () =>
  forSeeds(300, ({ below, pick }) => {
    const price = 1 + below(5_000)
    const position = pick([1, 1, -1]) === 1 ? holding(below(40), below(60_000)) : holding(-below(40))
    const from = account({ cash: below(400_000), position, others: below(300_000), othersOwed: below(200_000) })
    const allow_short = pick([false, true])
    const more = { max_position_pct: pick([5, 12.5, 33, 60, 100]), fee_cents: below(200), allow_short }
    const order = pick([buy, sell])
    const broken = brokenRule(order(1 + below(600)), from, more, 0, price)
    if (broken && order === sell && broken.rule !== 'cash') expect(broken.most).toBeDefined()
    if (broken?.most === undefined) return
    const { most } = broken
    expect(brokenRule(order(most + 1), from, more, 0, price)?.rule).toBeDefined()
    if (most > 0) expect(brokenRule(order(most), from, more, 0, price)).toBeUndefined()
  }))

test('a quantity that only a rounding error makes fit is not suggested for ever', () => {
  const [price, fits, total] = [981_240_881, 686_203, 2_040_395_261_408_615]
  const from = account({ cash: total })
  const broken = brokenRule(buy(fits + 1), from, { max_position_pct: 33 }, 0, price)
  expect(broken).toMatchObject({ rule: 'position', most: fits - 1 })
  expect(brokenRule(buy(fits - 1), from, { max_position_pct: 33 }, 0, price)).toBeUndefined()
})

test('a position above its limit may still be made smaller', () => {
  const from = account({ cash: 0, position: holding(10) })
  expect(brokenRule(sell(1), from, { max_position_pct: 20 })).toBeUndefined()
  expect(brokenRule(buy(1), account({ cash: 5_000, position: holding(10) }), { max_position_pct: 20 })?.rule).toBe(
    'position',
  )
})

test('where shorting is allowed it is bounded by the worth of the portfolio, and buying back settles it', () => {
  const short = { allow_short: true }
  const first = fillOf(sell(10), account({ cash: 20_000 }), short)
  expect(first).toMatchObject({ cashAfter: 30_000, position: { quantity: -10, cost: -10_000 } })
  const owing = account({ cash: 30_000, position: first.position })
  expect(fillOf(buy(10), owing, short, 800)).toMatchObject({ realised: 2_000, position: { quantity: 0, cost: 0 } })
  expect(brokenRule(sell(11), owing, short)).toMatchObject({ rule: 'position' })
  expect(brokenRule(sell(5), { ...owing, othersOwed: 9_000 }, short)).toMatchObject({ rule: 'short', over: 4_000 })
  expect(fillOf(buy(15), owing, short)).toMatchObject({ position: { quantity: 5, cost: 5_000, realised: 0 } })
  const large = account({ cash: 0, position: holding(10) })
  expect(brokenRule(sell(19), large, { ...short, max_position_pct: 20 })).toMatchObject({ rule: 'position', most: 12 })
})

test('cash, cost and gains always add up, however a position is traded', () =>
  forSeeds(200, random => {
    let position = noPosition
    let cash = 0
    for (let i = 0; i < 60; i++) {
      const quantity = (1 + random.below(50)) * (random.chance(0.5) ? 1 : -1)
      const price = 1 + random.below(100_000)
      position = applyTrade(position, quantity, price)
      cash -= quantity * price
      // What was paid for what is held, less what was gained by closing, is the cash that went.
      expect(position.cost - position.realised).toBe(-cash)
      if (position.quantity === 0) expect(position.cost).toBe(0)
      else expect(Math.sign(position.cost)).toBe(Math.sign(position.quantity))
    }
  }))

test('amounts that a double could not hold are split exactly', () => {
  const large = { quantity: 999_999, cost: 999_999_000_000_001, realised: 0 }
  const after = applyTrade(large, -333_333, 1_000_000_000)
  expect(after.cost + (333_333 * 1_000_000_000 - after.realised)).toBe(large.cost)
})
