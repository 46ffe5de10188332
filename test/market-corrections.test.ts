/** Voided prices, splits and dividends: ledgers add up after each, also when they run at once, repeatedly or are killed. */
import { expect, test } from 'bun:test'
import { openBeside } from '../db/open.ts'
import { duringBulkWrite } from '../db/transactions.ts'
import { randomFrom } from '../scripts/random.ts'
import { recordDailyValues } from '../src/leagues/market/daily-values.ts'
import { auditLedger } from '../src/leagues/market/ledger-audit.ts'
import { applyCorrection, applyTrade, noPosition, splitOf } from '../src/leagues/market/position.ts'
import { day, hour, minute, systemClock } from '../src/platform/clock.ts'
import {
  newCup,
  newestPrice,
  newMember,
  newTrader,
  newTraders,
  portfolio,
  sendQuotes,
  takeBack,
  trade,
} from './market.ts'
import { firstSeed } from './seeded.ts'
import { board, Refused, refusalOf, spawnFieldhouse, start, temporaryFolder } from './start.ts'

const league = 1
const noDifferences = { differences: [], more: 0 }

const startWithoutHolding = () => start({ HOLD_PRICE_PCT: '0' })

test('a wrong price is taken back: trades at it are undone, their owners are told, and the price before counts again', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call, { starting_cash_cents: 1_000_000, fee_cents: 100 })
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  const olga = await newTrader(fieldhouse, 'olga', 'officer')
  await sendQuotes(olga, { ACME: 20_000, BOLT: 1_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await trade(bob!, league, 'buy', 5, 'BOLT')
  await sendQuotes(olga, { ACME: 200_000 })
  const sale = await trade(ann!, league, 'sell', 4, 'ACME')
  await trade(bob!, league, 'buy', 2, 'ACME')
  await trade(ann!, league, 'buy', 100, 'BOLT')
  const wrong = await newestPrice(olga, 'ACME')
  expect((await olga.get('/api/v1/quotes/ACME/prices')).prices[0]).toMatchObject({
    id: wrong,
    trades: 2,
    username: 'olga',
  })

  expect((await refusalOf(takeBack(ann!, 'ACME', wrong))).status).toBe(403)
  expect(await takeBack(olga, 'acme', wrong, 'A slip of the decimal point')).toMatchObject({
    kind: 'void',
    symbol: 'ACME',
    price_cents: 200_000,
    lines: 2,
    kept: 0,
    username: 'olga',
  })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 20_000 })
  expect(await portfolio(ann!, league)).toMatchObject({
    cash_cents: 1_000_000 - 200_000 - 100 - 100_000 - 100,
    fees_cents: 200,
    trades: 3,
    realised_cents: 0,
    holdings: [
      { symbol: 'ACME', quantity: 10, cost_cents: 200_000 },
      { symbol: 'BOLT', quantity: 100 },
    ],
  })
  expect(await portfolio(bob!, league)).toMatchObject({
    cash_cents: 1_000_000 - 5_000 - 100,
    holdings: [{ symbol: 'BOLT' }],
  })

  const { activity } = await ann!.get('/api/v1/leagues/1/activity')
  expect(activity.slice(0, 2)).toMatchObject([
    {
      kind: 'undone',
      username: 'bob',
      side: 'buy',
      quantity: 2,
      price_cents: 200_000,
      reason: 'A slip of the decimal point',
    },
    { kind: 'undone', username: 'ann', side: 'sell', quantity: 4, symbol: 'ACME' },
  ])
  const { trades } = await ann!.get('/api/v1/leagues/1/trades')
  expect(trades.map(({ undone_at }: { undone_at: unknown }) => undone_at !== null)).toEqual([false, true, false])
  const { lines, pagination } = await ann!.get('/api/v1/leagues/1/ledger')
  expect(pagination.total).toBe(5)
  expect(lines[0]).toMatchObject({ kind: 'undo', undoes: sale.id, quantity: 4, cash_cents: -799_900, fee_cents: -100 })

  expect((await refusalOf(takeBack(olga, 'ACME', wrong))).problem).toMatchObject({ status: 409, rule: 'voided' })
  expect((await call.get('/api/v1/quotes/ACME/history')).days).toMatchObject([{ close_cents: 20_000 }])
  const restored = await newestPrice(olga, 'ACME')
  await takeBack(olga, 'ACME', restored) // the price before is the same: it counts again with an id of its own
  expect((await olga.get('/api/v1/quotes/ACME/prices')).prices.slice(0, 2)).toMatchObject([
    { price_cents: 20_000, until: null, voided_at: null },
    { id: restored, voided_at: expect.any(String) },
  ])
  expect((await call.get('/api/v1/quotes/ACME/actions')).actions).toMatchObject([
    { kind: 'void', lines: 0 },
    { kind: 'void', lines: 2 },
  ])
  expect((await board(call, league)).rows).toMatchObject([
    { name: 'bob', score: 999_900 },
    { name: 'ann', score: 999_800 },
  ])
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject({ ...noDifferences, lines: 9 })
})

test('a member who spent the gain of a wrong price owes it: they may sell and buy back, but not spend', async () => {
  const fieldhouse = await startWithoutHolding()
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000 })
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000, BOLT: 1_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await sendQuotes(fieldhouse.call, { ACME: 100_000 })
  const highPrice = await newestPrice(fieldhouse.call, 'ACME')
  await trade(ann!, league, 'sell', 5, 'ACME')
  await trade(ann!, league, 'buy', 400, 'BOLT')
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  const lowPrice = await newestPrice(fieldhouse.call, 'ACME')
  await trade(bob!, league, 'buy', 50, 'ACME')
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  await trade(bob!, league, 'sell', 50, 'ACME')
  await takeBack(fieldhouse.call, 'ACME', highPrice)
  await takeBack(fieldhouse.call, 'ACME', lowPrice)

  expect(await portfolio(ann!, league)).toMatchObject({ cash_cents: -400_000, total_cents: 100_000 })
  expect(await portfolio(bob!, league)).toMatchObject({
    cash_cents: 600_000,
    total_cents: 100_000,
    holdings: [{ symbol: 'ACME', quantity: -50 }],
  })
  expect((await refusalOf(trade(ann!, league, 'buy', 1, 'BOLT'))).problem).toMatchObject({ rule: 'cash' })
  expect((await refusalOf(trade(bob!, league, 'sell', 1, 'ACME'))).problem).toMatchObject({ rule: 'holding', most: 0 })
  expect(await trade(ann!, league, 'sell', 100, 'BOLT')).toMatchObject({ cash_cents: -300_000 })
  expect(await trade(bob!, league, 'buy', 50, 'ACME')).toMatchObject({ holding: 0, cash_cents: 100_000 })
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('a price stays where it cannot be taken back, with the reason, and nothing has moved', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call)
  await newCup(call, {}, { name: 'Final cup' })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(call, { ACME: 1_000, BOLT: 500 })
  await trade(ann!, league, 'buy', 1, 'ACME')
  await trade(ann!, 2, 'buy', 1, 'ACME')
  const onlyPrice = await newestPrice(call, 'ACME')
  expect((await refusalOf(takeBack(call, 'ACME', onlyPrice))).problem).toMatchObject({
    status: 409,
    rule: 'only_price',
  })
  expect(await portfolio(ann!, league)).toMatchObject({ trades: 1, holdings: [{ quantity: 1 }] })
  expect((await refusalOf(takeBack(call, 'BOLT', onlyPrice))).status).toBe(404)
  await sendQuotes(call, { ACME: 1_100 })
  await call.post('/api/v1/leagues/2/finalize')
  expect(await takeBack(call, 'ACME', onlyPrice)).toMatchObject({ lines: 1, kept: 1 })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 1_100 })
  expect(await portfolio(ann!, 2)).toMatchObject({ holdings: [{ quantity: 1 }] })
  const before = await newestPrice(call, 'BOLT')
  await call.post('/api/v1/quotes/BOLT/splits', { to: 2, from: 1 })
  expect((await refusalOf(takeBack(call, 'BOLT', before))).problem).toMatchObject({ status: 409, rule: 'split' })
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('a split changes shares, price and history, pays out what is left of a share, and today’s gain stays', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  await newCup(call, { starting_cash_cents: 1_000_000 })
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(call, { ACME: 9_000 }, new Date(clock.now() - day).toISOString())
  await sendQuotes(call, { ACME: 10_001 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await trade(bob!, league, 'buy', 5, 'ACME')
  await call.get('/api/v1/leagues/1/leaderboard') // the board is in memory when it is split
  expect(await call.post('/api/v1/quotes/ACME/splits', { to: 3, from: 2 })).toMatchObject({
    lines: 2,
    split_to: 3,
    split_from: 2,
  })
  expect((await refusalOf(call.post('/api/v1/quotes/ACME/splits', { to: 3, from: 2 }))).problem).toMatchObject({
    rule: 'twice',
  })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 6_667, open_cents: 6_000 })
  expect((await call.get('/api/v1/quotes/ACME/history')).days).toMatchObject([
    { close_cents: 6_000 },
    { close_cents: 6_667 },
  ])
  expect(await portfolio(ann!, league)).toMatchObject({
    cash_cents: 899_990,
    holdings: [{ quantity: 15, cost_cents: 100_010 }],
  })
  // 5 become 7 and a half: the half is paid out at what it was worth, and leaves with its part of the cost.
  expect(await portfolio(bob!, league)).toMatchObject({
    cash_cents: 1_000_000 - 50_005 + 3_333,
    realised_cents: 0,
    holdings: [{ quantity: 7, cost_cents: 46_672 }],
  })
  const rows = (await board(call, league)).rows as { score: number; player_id: string }[]
  for (const trader of [ann!, bob!]) {
    const { total_cents } = await portfolio(trader, league)
    expect(rows.find(({ player_id }) => player_id === String(trader.id))?.score).toBe(total_cents)
    expect(Math.abs(total_cents - 1_000_000)).toBeLessThan(10)
  }
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)

  fieldhouse.clock.forward(day)
  await sendQuotes(call, { ACME: 6_667 })
  await trade(ann!, league, 'sell', 5, 'ACME')
  await trade(bob!, league, 'buy', 12, 'ACME')
  await call.post('/api/v1/quotes/ACME/splits', { to: 1, from: 10 })
  for (const trader of [ann!, bob!]) {
    const after = await portfolio(trader, league)
    expect(after).toMatchObject({ holdings: [{ quantity: 1 }] })
    expect(Math.abs(after.today_cents)).toBeLessThan(10)
  }
  for (const { metrics } of (await board(call, league)).rows) expect(Math.abs(metrics.today_pct)).toBeLessThan(0.01)
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('a split that would take the price out of what can be quoted is refused: below a cent shares would be worth more', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(call, { PENNY: 9, DEAR: 900_000_000 })
  await trade(ann!, league, 'buy', 1_000, 'PENNY')
  const split = (symbol: string, to: number, from: number) => call.post(`/api/v1/quotes/${symbol}/splits`, { to, from })
  expect((await refusalOf(split('PENNY', 10, 1))).problem).toMatchObject({
    status: 409,
    rule: 'price',
    detail: 'The split would take the price of PENNY below 0.01',
  })
  expect((await refusalOf(split('DEAR', 1, 2))).problem.detail).toEndWith('above 10,000,000.00')
  expect(await portfolio(ann!, league)).toMatchObject({ total_cents: 10_000_000, holdings: [{ quantity: 1_000 }] })
  expect((await refusalOf(split('PENNY', 3, 3))).problem).toMatchObject({ status: 422, errors: [{ path: 'to' }] })
  await split('PENNY', 9, 1)
  await split('PENNY', 1, 9)
  await split('PENNY', 9, 1) // it was turned back, so it is not a repetition
  expect((await refusalOf(split('PENNY', 9, 1))).problem).toMatchObject({ rule: 'twice' })
  expect(await portfolio(ann!, league)).toMatchObject({ total_cents: 10_000_000, holdings: [{ quantity: 9_000 }] })
})

test('a league that is live again gets the splits and dividends that it missed while it was final', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(call, { ACME: 1_000, BOLT: 1_000 })
  for (const symbol of ['ACME', 'BOLT']) await trade(ann!, league, 'buy', 100, symbol)
  const split = (symbol: string, to: number, from: number) => call.post(`/api/v1/quotes/${symbol}/splits`, { to, from })
  const pay = async (symbol: string, per_share_cents: number) =>
    (await call.post(`/api/v1/quotes/${symbol}/dividends`, { per_share_cents })).id as number
  const undo = (symbol: string, id: number) => call.post(`/api/v1/quotes/${symbol}/actions/${id}/undo`)
  await split('BOLT', 2, 1)
  await pay('BOLT', 1)
  fieldhouse.clock.forward(-minute) // what came before the end stays done once, also by a clock that is set back
  await call.post('/api/v1/leagues/1/finalize')
  await split('ACME', 2, 1)
  const missed = await pay('ACME', 25)
  await undo('ACME', await pay('ACME', 99))
  await split('ACME', 1, 3)
  expect(await call.get('/quotes/ACME')).toContain(`/actions/${missed}/undo`) // although nobody was paid yet
  await call.post('/api/v1/leagues/1/reopen')
  const worth = 10_000_000 + 200 * 1
  expect(await portfolio(ann!, league)).toMatchObject({
    total_cents: worth + 200 * 25,
    holdings: [{ quantity: 200 }, { quantity: 66 }],
  })
  expect((await board(call, league)).rows).toMatchObject([{ score: worth + 200 * 25 }])
  expect((await call.get('/api/v1/quotes/ACME/actions')).actions).toMatchObject([
    { kind: 'split', lines: 1 },
    { kind: 'undo', lines: 0 },
    { kind: 'dividend', lines: 0, undone: true },
    { kind: 'dividend', lines: 1 },
    { kind: 'split', lines: 1 },
  ])
  expect(await undo('ACME', missed)).toMatchObject({ lines: 1, kept: 0 })
  expect(await portfolio(ann!, league)).toMatchObject({ total_cents: worth })
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('a league that is live again loses the dividends and trades that were taken back while it was final', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call)
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(call, { ACME: 1_000 })
  for (const cup of [1, 2]) await trade(ann!, cup, 'buy', 100, 'ACME')
  await sendQuotes(call, { ACME: 9_000 })
  const wrong = await newestPrice(call, 'ACME')
  for (const cup of [1, 2]) await trade(ann!, cup, 'sell', 50, 'ACME')
  const pay = async () => (await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 25 })).id as number
  const undo = (id: number) => call.post(`/api/v1/quotes/ACME/actions/${id}/undo`)
  const dividend = await pay()
  await call.post('/api/v1/leagues/2/finalize')
  await takeBack(call, 'ACME', wrong)
  expect(await undo(dividend)).toMatchObject({ lines: 1, kept: 1 })
  await call.post('/api/v1/leagues/1/finalize')
  await call.post('/api/v1/quotes/ACME/splits', { to: 2, from: 1 })
  for (const cup of [1, 2]) await call.post(`/api/v1/leagues/${cup}/reopen`)
  const cups = await Promise.all([1, 2].map(cup => portfolio(ann!, cup)))
  for (const cup of cups)
    expect(cup).toMatchObject({ total_cents: 10_000_000, realised_cents: 0, holdings: [{ quantity: 200 }] })
  expect((await call.get('/api/v1/quotes/ACME/actions')).actions).toMatchObject([
    { kind: 'split', lines: 2 },
    { kind: 'undo', lines: 2, kept: 0 },
    { kind: 'void', lines: 2, kept: 0 },
    { kind: 'dividend', undone: true },
  ])

  const late = await pay() // all who hold it are in final leagues when it is taken back
  for (const cup of [1, 2]) await call.post(`/api/v1/leagues/${cup}/finalize`)
  expect(await undo(late)).toMatchObject({ lines: 0, kept: 2 })
  expect((await refusalOf(undo(late))).problem).toMatchObject({ rule: 'undone' })
  await call.post('/api/v1/leagues/1/reopen')
  expect(await portfolio(ann!, 1)).toMatchObject({ total_cents: 10_000_000, realised_cents: 0 })

  // A dividend that waits while the league is made final is paid after that.
  let endBulkWrite = () => {}
  const { db } = fieldhouse.app
  const bulkWrite = duringBulkWrite(db, () => new Promise<void>(resolve => (endBulkWrite = resolve)))
  const final = call.post('/api/v1/leagues/1/finalize')
  for (let i = 0; i < 3; i++) await portfolio(ann!, 1)
  const paid = pay()
  for (let i = 0; i < 3; i++) await portfolio(ann!, 1)
  endBulkWrite()
  await Promise.all([bulkWrite, final, paid])
  await call.post('/api/v1/leagues/1/reopen')
  expect(await portfolio(ann!, 1)).toMatchObject({ total_cents: 10_005_000 })
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('a dividend is paid to holders of the symbol in running leagues, and by members who sold it short', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call, { allow_short: true })
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob', 'cy'])
  await sendQuotes(call, { ACME: 1_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await trade(bob!, league, 'sell', 4, 'ACME')
  expect((await refusalOf(ann!.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 1 }))).status).toBe(403)
  expect((await refusalOf(call.post('/api/v1/quotes/NONE/dividends', { per_share_cents: 1 }))).status).toBe(404)
  expect(
    await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 25, reason: 'First quarter' }),
  ).toMatchObject({ lines: 2 })
  expect((await refusalOf(call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 25 }))).problem).toMatchObject({
    rule: 'twice',
  })
  expect(await portfolio(ann!, league)).toMatchObject({ total_cents: 10_000_250, realised_cents: 250 })
  expect(await portfolio(bob!, league)).toMatchObject({ total_cents: 9_999_900, realised_cents: -100 })
  expect((await ann!.get('/api/v1/leagues/1/activity')).activity[0]).toMatchObject({
    kind: 'dividend',
    reason: 'First quarter',
    price_cents: 25,
  })
  expect((await call.get('/api/v1/quotes/acme/actions')).actions).toMatchObject([
    { kind: 'dividend', price_cents: 25, reason: 'First quarter' },
  ])
  const [{ id }] = (await call.get('/api/v1/quotes/ACME/actions')).actions
  expect((await refusalOf(ann!.post(`/api/v1/quotes/ACME/actions/${id}/undo`))).status).toBe(403)
  const undos = await Promise.allSettled(
    [1, 2, 3].map(() => call.post(`/api/v1/quotes/ACME/actions/${id}/undo`, { reason: 'It was 0.02' })),
  )
  expect(undos.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(await portfolio(ann!, league)).toMatchObject({ total_cents: 10_000_000, realised_cents: 0 })
  expect((await bob!.get('/api/v1/leagues/1/activity')).activity[0]).toMatchObject({
    kind: 'undone',
    side: null,
    reason: 'It was 0.02',
  })
  expect((await call.get('/api/v1/quotes/acme/actions')).actions).toMatchObject([
    { kind: 'undo', lines: 2 },
    { kind: 'dividend', undone: true },
  ])
  expect((await refusalOf(call.post('/api/v1/quotes/ACME/actions/99/undo'))).status).toBe(404)
  expect(await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 25 })).toMatchObject({ lines: 2 }) // may be entered again
  const { logs } = await call.get('/admin/audit/logs/json?action=price.dividend')
  expect(logs).toMatchObject([{ user: 'operator', target: 'price of ACME' }, {}])
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})

test('the page of a symbol has all its corrections, by pages, and offers no price from before a split', async () => {
  const { call, clock } = await startWithoutHolding()
  await sendQuotes(call, { ACME: 1_000 })
  await call.post('/api/v1/quotes/ACME/splits', { to: 2, from: 1 })
  for (let cents = 1; cents <= 20; cents++) await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: cents })
  clock.forward(hour)
  await sendQuotes(call, { ACME: 501 })
  const first: string = await call.get('/quotes/ACME?range=week')
  expect(first).toContain('Pages of corrections')
  expect(first).toContain('/quotes/ACME?range=week&amp;corrections_page=2#corrections')
  expect(first).not.toContain('Split: 2 for 1')
  expect(first.match(/prices\/\d+\/void/g)).toHaveLength(1)
  const second: string = await call.get('/quotes/ACME?corrections_page=2')
  expect(second).toContain('Split: 2 for 1')
  expect(second.match(/prices\/\d+\/void/g)).toHaveLength(1)
})

test('the audit finds tampering in a line that is no trade', async () => {
  const fieldhouse = await startWithoutHolding()
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await fieldhouse.call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 25 })
  const { $client: client } = fieldhouse.app.db
  client.run('drop trigger ledger_update_refused')
  client.run(
    `update ledger set cash_cents = 300, cash_after_cents = cash_after_cents + 50, realised_cents = 300 where kind = 'dividend'`,
  )
  client.run('update portfolios set cash_cents = cash_cents + 50, realised_cents = 300')
  client.run('update holdings set realised_cents = 300')
  expect(auditLedger(fieldhouse.dataDir).differences).toMatchObject([
    { what: 'dividend of line 3', ledger: 250, found: 300 },
  ])
})

test('when officers take back the same price at once during orders, it happens once, and portfolios end as without the trades', async () => {
  const random = randomFrom(firstSeed)
  const fieldhouse = await startWithoutHolding()
  const { call } = fieldhouse
  await newCup(call, { starting_cash_cents: 5_000_000, fee_cents: 7, allow_short: true })
  await newCup(call, { starting_cash_cents: 5_000_000, fee_cents: 7, allow_short: true })
  const traders = await newTraders(fieldhouse, league, ['a', 'b', 'c', 'd', 'e'])
  for (const trader of traders) await trader.post('/api/v1/leagues/2/join')
  const orderBoth = async (wrongToo: boolean, prices: number) => {
    await sendQuotes(call, { ACME: prices })
    const price = await newestPrice(call, 'ACME')
    for (let i = 0; i < 12; i++) {
      const trader = random.pick(traders)
      const [side, quantity] = [random.pick(['buy', 'sell']), 1 + random.below(30)]
      await trade(trader, 2, side, quantity, 'ACME').catch(ruleOnly)
      if (wrongToo) await trade(trader, 1, side, quantity, 'ACME').catch(ruleOnly)
    }
    return price
  }
  await orderBoth(true, 1_000)
  const wrong = await orderBoth(false, 10_000) // in the second league only
  await orderBoth(true, 1_050)
  const results = await Promise.allSettled([
    ...Array.from({ length: 5 }, () => takeBack(call, 'ACME', wrong)),
    ...traders.map(trader => trade(trader, 1, 'buy', 1, 'ACME')),
  ])
  expect(results.slice(0, 5).filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const trader of traders) await trade(trader, 2, 'buy', 1, 'ACME')
  for (const trader of traders) {
    const [without, undone] = [await portfolio(trader, 1), await portfolio(trader, 2)]
    const comparable = ({ cash_cents, holdings, closed, realised_cents, fees_cents }: typeof without) => ({
      cash_cents,
      realised_cents,
      fees_cents,
      holdings: holdings.map((holding: object) => ({ ...holding, quote_age_s: 0 })), // it grows while the test asks
      closed,
    })
    expect([random.seed, comparable(undone)]).toEqual([random.seed, comparable(without)])
  }
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
}, 60_000)

function ruleOnly(error: unknown) {
  if (!(error instanceof Refused) || !error.problem.rule) throw error
}

test('kill -9 while a price is taken back leaves all of it undone or none', async () => {
  const folder = temporaryFolder()
  const first = await spawnFieldhouse({ HOLD_PRICE_PCT: '0' }, folder)
  await newCup(first.call)
  await sendQuotes(first.call, { ACME: 100 })
  const db = openBeside(folder)
  const members = await Promise.all(
    Array.from({ length: 40 }, (_, i) => newMember({ db, clock: systemClock }, `member ${i}`)),
  )
  db.$client.close()
  await Promise.all(members.map(({ key }) => first.as(key).post('/api/v1/leagues/1/join')))
  await sendQuotes(first.call, { ACME: 1_000 })
  const wrong = await newestPrice(first.call, 'ACME')
  for (let i = 0; i < 5; i++)
    await Promise.all(members.map(({ key }) => trade(first.as(key), league, 'buy', 1, 'ACME')))
  const takingBack = takeBack(first.call, 'ACME', wrong).catch(() => undefined)
  await Bun.sleep(5) // no matter for how long: killed earlier or later, all of it is undone or none
  await first.kill9()
  const answered = await takingBack

  const second = await start({ HOLD_PRICE_PCT: '0' }, folder)
  expect(auditLedger(folder)).toMatchObject(noDifferences)
  const undone = async () =>
    (await second.call.get('/api/v1/leagues/1/trades?limit=500')).trades.filter(
      ({ undone_at }: { undone_at: string | null }) => undone_at !== null,
    ).length
  const undoneAtStart = await undone()
  expect([0, 200]).toContain(undoneAtStart)
  if (answered) expect(undoneAtStart).toBe(200)
  if (undoneAtStart === 0) await takeBack(second.call, 'ACME', wrong)
  expect(await undone()).toBe(200)
  expect(await second.call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 100 })
  expect(auditLedger(folder)).toMatchObject(noDifferences)
}, 60_000)

test('whatever is traded, split and paid out, cash, cost and gains add up', () => {
  const { seed, below, pick, chance } = randomFrom(firstSeed)
  for (let round = 0; round < 500; round++) {
    let position = noPosition
    let cash = 0
    for (let i = 0; i < 12; i++) {
      const price = 1 + below(100_000)
      if (chance(0.6)) {
        const quantity = pick([1, -1]) * (1 + below(50))
        position = applyTrade(position, quantity, price)
        cash -= quantity * price
      } else {
        const change = splitOf(position, { to: 1 + below(12), from: 1 + below(12) }, price)
        position = applyCorrection(position, change)
        cash += change.cash
      }
      expect([seed, cash]).toEqual([seed, position.realised - position.cost + 0])
      if (position.quantity === 0) expect([seed, position.cost + 0]).toEqual([seed, 0])
    }
  }
})

test('a price of yesterday that is split or taken back today leaves today’s gain as it is', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  clock.forward(hour)
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(call, { ACME: 9_000, BOLT: 1_000, CORE: 1_000 })
  await sendQuotes(call, { ACME: 10_000, BOLT: 1_100, CORE: 1_100 })
  for (const symbol of ['ACME', 'BOLT', 'CORE']) await trade(ann!, league, 'buy', 10, symbol)
  await sendQuotes(call, { BOLT: 9_000, CORE: 9_000 })
  clock.forward(day - hour / 2)
  await sendQuotes(call, { CORE: 1_150 })
  const today = async () => [
    ...(await call.get('/api/v1/quotes?symbols=ACME,BOLT,CORE')).quotes.map(
      ({ open_cents, price_cents }: Record<string, number>) => [open_cents, price_cents],
    ),
    (await portfolio(ann!, league)).today_cents,
    (await board(call, league)).rows[0].metrics.today_pct > 0,
  ]
  expect(await today()).toEqual([[10_000, 10_000], [9_000, 9_000], [9_000, 1_150], -78_500, false])
  await call.post('/api/v1/quotes/ACME/splits', { to: 2, from: 1 })
  await takeBack(call, 'BOLT', await newestPrice(call, 'BOLT'))
  await takeBack(call, 'CORE', (await call.get('/api/v1/quotes/CORE/prices')).prices[1].id)
  expect(await today()).toEqual([[5_000, 5_000], [1_100, 1_100], [1_100, 1_150], 500, true])
})

test('today’s gain counts from the exact value at the day’s opening, also when cents and parts of shares are split', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  await newCup(call, { allow_short: true })
  const traders = await newTraders(fieldhouse, league, ['ann', 'bob', 'cy'])
  const [ann, bob, cy] = traders
  await sendQuotes(call, { ACME: 100, BOLT: 1_000 })
  await trade(ann!, league, 'buy', 10_001, 'ACME')
  await trade(bob!, league, 'sell', 5_003, 'ACME')
  for (const trader of traders) await trade(trader, league, 'buy', 19, 'BOLT')
  clock.forward(day)
  const totals = () => Promise.all(traders.map(async trader => (await portfolio(trader, league)).total_cents))
  const opening = await totals()
  const atOpen = async () =>
    (await Promise.all(traders.map(trader => portfolio(trader, league)))).map(
      ({ total_cents, today_cents }) => total_cents - today_cents,
    )
  const split = (symbol: string, to: number, from: number) => call.post(`/api/v1/quotes/${symbol}/splits`, { to, from })
  await split('ACME', 3, 1) // 1.00 becomes 0.33
  expect(await atOpen()).toEqual(opening)
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ open_cents: 33, change_cents: 0 })
  await sendQuotes(call, { ACME: 60 })
  await takeBack(call, 'ACME', await newestPrice(call, 'ACME'))
  await sendQuotes(call, { ACME: 50, BOLT: 3_000 })
  await trade(ann!, league, 'sell', 1_000, 'ACME')
  await trade(cy!, league, 'buy', 6, 'BOLT')
  await board(call, league) // so that it is in memory
  await split('BOLT', 1, 10) // 0.9 of a share is paid out at three times the opening price
  await split('ACME', 2, 7)
  expect(await atOpen()).toEqual(opening)
  await sendQuotes(call, { ACME: 500 })
  await takeBack(call, 'ACME', await newestPrice(call, 'ACME'))
  expect(await atOpen()).toEqual(opening)
  const now = await totals()
  const rows = (await board(call, league)).rows as { player_id: string; metrics: { today_pct: number } }[]
  for (const [i, { id }] of traders.entries())
    expect(rows.find(row => row.player_id === String(id))?.metrics.today_pct).toBeCloseTo(
      (now[i]! / opening[i]! - 1) * 100,
      3,
    )
  await fieldhouse.runJob(recordDailyValues, {})
  const { points } = await call.get(`/api/v1/leagues/1/portfolios/${ann!.id}/history`)
  expect(points.at(-2)).toMatchObject({ total_cents: opening[0] })
})

test('a trade or a dividend of yesterday that is taken back today is no loss or gain of today', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(call, { ACME: 1_000 })
  await trade(ann!, league, 'buy', 100, 'ACME')
  await sendQuotes(call, { ACME: 9_000 })
  const wrong = await newestPrice(call, 'ACME')
  await trade(ann!, league, 'sell', 50, 'ACME')
  await sendQuotes(call, { ACME: 1_000 })
  const { id: dividend } = await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 30 })
  clock.forward(day)
  await board(call, league) // so that it is in memory
  await takeBack(call, 'ACME', wrong)
  await call.post(`/api/v1/quotes/ACME/actions/${dividend}/undo`)
  await fieldhouse.runJob(recordDailyValues, {})
  await sendQuotes(call, { ACME: 1_100 })
  const { change, metrics } = (await board(call, league)).rows[0]
  const { points } = await call.get(`/api/v1/leagues/1/portfolios/${ann!.id}/history`)
  const { today_cents } = await portfolio(ann!, league)
  expect([change, metrics.today_pct, today_cents, points[1].total_cents]).toEqual([0, 0.1, 10_000, 10_000_000])
})

test('a price or a dividend that is taken back leaves no trace in the values of past days', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  await newCup(call, { starting_cash_cents: 1_000_000, fee_cents: 100 })
  const [ann] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(call, { ACME: 10_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await sendQuotes(call, { ACME: 100_000 })
  const wrong = await newestPrice(call, 'ACME')
  await trade(ann!, league, 'sell', 4, 'ACME')
  for (const cents of [11_000, 12_000]) {
    clock.forward(day)
    await fieldhouse.runJob(recordDailyValues, {})
    await sendQuotes(call, { ACME: cents })
  }
  const valuesOf = async () => {
    const { points } = await call.get(`/api/v1/leagues/1/portfolios/${ann!.id}/history`)
    return points
      .slice(1, -1)
      .map(({ total_cents, best_cents, average_cents }: Record<string, number>) => [
        total_cents,
        best_cents,
        average_cents,
      ])
  }
  expect(await valuesOf()).toEqual([
    [1_899_800, 1_899_800, 1_449_900],
    [1_365_800, 1_365_800, 1_182_900],
  ])
  await takeBack(call, 'ACME', wrong)
  expect(await valuesOf()).toEqual([
    [999_900, 1_000_000, 999_950],
    [1_009_900, 1_009_900, 1_004_950],
  ])
  const { id } = await call.post('/api/v1/quotes/ACME/dividends', { per_share_cents: 500 })
  clock.forward(day)
  await fieldhouse.runJob(recordDailyValues, {})
  expect((await valuesOf()).at(-1)).toEqual([1_024_900, 1_024_900, 1_012_450])
  await call.post(`/api/v1/quotes/ACME/actions/${id}/undo`)
  expect((await valuesOf()).at(-1)).toEqual([1_019_900, 1_019_900, 1_009_950])
})

test('a league that was final while prices were taken back has the same past values as others once it is reopened', async () => {
  const fieldhouse = await startWithoutHolding()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  const leagues = [1, 2]
  for (const id of leagues) await newCup(call, { starting_cash_cents: 1_000_000 }, { name: `Cup ${id}` })
  const [ann] = await newTraders(fieldhouse, 1, ['ann', 'bob'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(call, { ACME: 10_000 })
  for (const id of leagues) await trade(ann!, id, 'buy', 10, 'ACME')
  const wrong: number[] = []
  for (const cents of [100_000, 50_000]) {
    await sendQuotes(call, { ACME: cents })
    wrong.push(await newestPrice(call, 'ACME'))
    for (const id of leagues) await trade(ann!, id, 'sell', 2, 'ACME')
    clock.forward(day)
    await fieldhouse.runJob(recordDailyValues, {})
  }
  await sendQuotes(call, { ACME: 11_000 })
  const valuesOf = async (id: number) =>
    (await call.get(`/api/v1/leagues/${id}/portfolios/${ann!.id}/history`)).points
      .slice(1, -1)
      .map(({ total_cents }: { total_cents: number }) => total_cents)
  const valuesBefore = await valuesOf(1)
  await call.post('/api/v1/leagues/2/finalize')
  for (const price of wrong) {
    clock.forward(minute)
    await takeBack(call, 'ACME', price)
  }
  expect(await valuesOf(1)).toEqual([1_000_000, 1_000_000])
  expect(await valuesOf(2)).toEqual(valuesBefore)
  await call.post('/api/v1/leagues/2/reopen')
  expect(await valuesOf(2)).toEqual([1_000_000, 1_000_000])
  expect(auditLedger(fieldhouse.dataDir)).toMatchObject(noDifferences)
})
