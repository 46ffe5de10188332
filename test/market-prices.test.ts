/** Price history, held prices, and prices imported by CSV. */
import { expect, test } from 'bun:test'
import { day, hour } from '../src/platform/clock.ts'
import { newCup, newestPrice, newTrader, newTraders, portfolio, sendQuotes, takeBack, trade } from './market.ts'
import { board, type caller, refusalOf, start } from './start.ts'

const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10)
const closesOf = async (call: ReturnType<typeof caller>, symbol: string): Promise<number[]> =>
  (await call.get(`/api/v1/quotes/${symbol}/history`)).days.map((each: { close_cents: number }) => each.close_cents)

test('a price that moves more than half is held: nobody trades at it until an officer accepts it', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, 1, ['ann'])
  const olga = await newTrader(fieldhouse, 'olga', 'officer')
  await sendQuotes(olga, { ACME: 20_000, BOLT: 1_000 })
  expect(await sendQuotes(olga, { ACME: 213_500, BOLT: 1_500 })).toMatchObject({
    changed: 1,
    held: 1,
    message: '1 price accepted, 1 held until an officer answers',
  })
  expect(await trade(ann!, 1, 'buy', 1, 'ACME')).toMatchObject({ price_cents: 20_000 })
  const { held_prices } = await olga.get('/api/v1/held-prices')
  expect(held_prices).toMatchObject([
    { symbol: 'ACME', price_cents: 213_500, before_cents: 20_000, change_pct: 967.5, username: 'olga' },
  ])
  const alerts = async () => (await fieldhouse.call.get('/admin/monitoring/alerts/json?type=price_held')).alerts
  expect(await alerts()).toMatchObject([{ title: 'A price is held', data: { symbols: ['ACME'] } }])

  const accept = `/api/v1/held-prices/${held_prices[0].id}/accept`
  for (const refused of [refusalOf(ann!.get('/api/v1/held-prices')), refusalOf(ann!.post(accept))])
    expect((await refused).status).toBe(403)
  expect(await olga.post(accept)).toMatchObject({ price_cents: 213_500 })
  expect((await refusalOf(olga.post(accept))).status).toBe(404)
  expect((await olga.get('/api/v1/held-prices')).held_prices).toEqual([])
  expect(await alerts()).toEqual([])
  const { logs } = await fieldhouse.call.get('/admin/audit/logs/json?action=price.accept')
  expect(logs).toMatchObject([{ user: 'olga', target: 'price of ACME', detail: { price_cents: 213_500 } }])
})

test('a held price is discarded by hand or by the next plausible price; a newer implausible one replaces it', async () => {
  const { call, clock } = await start()
  const ago = (ms: number) => new Date(clock.now() - ms).toISOString()
  await sendQuotes(call, { ACME: 1_000, BOLT: 1_000 })
  await sendQuotes(call, { ACME: 10_000, BOLT: 10_000 })
  await sendQuotes(call, { ACME: 11_000 })
  const heldPrices = async () =>
    (await call.get('/api/v1/held-prices')).held_prices.map((each: { symbol: string; price_cents: number }) => [
      each.symbol,
      each.price_cents,
    ])
  expect(await heldPrices()).toEqual([
    ['ACME', 11_000],
    ['BOLT', 10_000],
  ])
  await sendQuotes(call, { ACME: 1_010 })
  expect(await heldPrices()).toEqual([['BOLT', 10_000]])
  const [{ id }] = (await call.get('/api/v1/held-prices')).held_prices
  expect(await call.post(`/api/v1/held-prices/${id}/discard`)).toMatchObject({ symbol: 'BOLT' })
  expect(await heldPrices()).toEqual([])
  expect(await call.get('/api/v1/quotes/BOLT')).toMatchObject({ price_cents: 1_000 })

  // One that is older than the held price answers no question about it.
  await sendQuotes(call, { CORE: 1_000 }, ago(3 * hour))
  await sendQuotes(call, { CORE: 1_700 })
  await sendQuotes(call, { CORE: 9_000 }, ago(2 * hour))
  await sendQuotes(call, { CORE: 1_100 }, ago(hour))
  expect((await call.get('/api/v1/held-prices')).held_prices).toMatchObject([
    { symbol: 'CORE', price_cents: 1_700, before_cents: 1_100 },
  ])
  await sendQuotes(call, { CORE: 1_200 }, ago(hour / 2)) // beside which 1,700 is plausible
  expect(await heldPrices()).toEqual([])
  expect(await call.get('/api/v1/quotes/CORE')).toMatchObject({ price_cents: 1_700 })
})

test('a price that was taken back is held when it comes again, however little it moves', async () => {
  const { call } = await start()
  await sendQuotes(call, { ACME: 1_000 })
  await sendQuotes(call, { ACME: 1_200 })
  await takeBack(call, 'ACME', await newestPrice(call, 'ACME'))
  expect(await sendQuotes(call, { ACME: 1_200 })).toMatchObject({ held: 1, changed: 0 })
  expect(await sendQuotes(call, { ACME: 1_201 })).toMatchObject({ held: 0, changed: 1 })
  await sendQuotes(call, { ACME: 1_200 })
  const [held] = (await call.get('/api/v1/held-prices')).held_prices
  expect(await call.post(`/api/v1/held-prices/${held.id}/accept`)).toMatchObject({ price_cents: 1_200 })
  expect(await sendQuotes(call, { ACME: 1_200 })).toMatchObject({ held: 0 })
})

test('a held price is looked at again after a correction: it counts if it is plausible by now', async () => {
  const { call } = await start()
  await sendQuotes(call, { ACME: 1_000, BOLT: 1_000, CORE: 1_000 })
  await sendQuotes(call, { ACME: 1_400 })
  await sendQuotes(call, { ACME: 600, BOLT: 95, CORE: 5_000 })
  await takeBack(call, 'ACME', await newestPrice(call, 'ACME'))
  for (const symbol of ['BOLT', 'CORE']) await call.post(`/api/v1/quotes/${symbol}/splits`, { to: 10, from: 1 })
  const { quotes } = await call.get('/api/v1/quotes')
  expect(quotes.map(({ price_cents }: { price_cents: number }) => price_cents)).toEqual([600, 95, 100])
  expect((await call.get('/api/v1/held-prices')).held_prices).toMatchObject([
    { symbol: 'CORE', price_cents: 5_000, before_cents: 100 },
  ])
})

test('a price that is taken back leaves the days that have another price as they are', async () => {
  const { call, clock } = await start({ HOLD_PRICE_PCT: '0' })
  clock.forwardToNext(day)
  const send = async (ahead: number, price: number) => {
    clock.forward(ahead)
    await sendQuotes(call, { ACME: price })
  }
  await send(0, 1_000)
  await send(day, 5_000)
  const wrong = await newestPrice(call, 'ACME')
  await send(2 * day, 5_000) // confirmed
  await call.post('/api/v1/quotes/import', { csv: `ACME,10.50,${dateOf(clock.now() - day)}` })
  await send(0, 1_100)
  await takeBack(call, 'ACME', wrong)
  expect(await closesOf(call, 'ACME')).toEqual([1_000, 1_050, 1_100])
})

test('the price at the start of the day is the same on portfolios and boards, also after the clock was set back', async () => {
  const fieldhouse = await start()
  const { call, clock } = fieldhouse
  clock.forwardToNext(day)
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, 1, ['ann'])
  clock.forward(day)
  await sendQuotes(call, { ACME: 1_000 })
  await trade(ann!, 1, 'buy', 10, 'ACME')
  clock.forward(2 * day)
  await sendQuotes(call, { ACME: 1_100 })
  clock.forward(-day)
  expect(await portfolio(ann!, 1)).toMatchObject({ today_pct: 0 })
  expect((await board(call, 1)).rows[0].metrics).toMatchObject({ today_pct: 0 })
})

test('the page says how many more prices are held than it shows', async () => {
  const { call } = await start()
  const prices = (cents: number) => Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`S${i}`, cents]))
  await sendQuotes(call, prices(100))
  await sendQuotes(call, prices(1_000))
  expect(await call.get('/quotes')).toContain('The first 100 of 101 are here.')
})

test('how far a price may move is a setting, and 0 holds none', async () => {
  const careful = await start({ HOLD_PRICE_PCT: '5' })
  await sendQuotes(careful.call, { ACME: 1_000 })
  expect(await sendQuotes(careful.call, { ACME: 1_050 })).toMatchObject({ held: 0, changed: 1 })
  expect(await sendQuotes(careful.call, { ACME: 1_103 })).toMatchObject({ held: 1, changed: 0 })
  const bold = await start({ HOLD_PRICE_PCT: '0' })
  await sendQuotes(bold.call, { ACME: 1 })
  expect(await sendQuotes(bold.call, { ACME: 1_000_000 })).toMatchObject({ held: 0, changed: 1 })
})

test('a symbol has a price for each day and every price of the last days, until retention', async () => {
  const { call, clock, runScheduled } = await start()
  const now = clock.now()
  for (const [ago, price] of [
    [3, 900],
    [2, 1_000],
    [1, 1_100],
  ] as const)
    await sendQuotes(call, { ACME: price }, new Date(now - ago * day).toISOString())
  await sendQuotes(call, { ACME: 1_150 })
  await sendQuotes(call, { ACME: 1_200 })
  const { days, recent } = await call.get('/api/v1/quotes/acme/history')
  expect(days).toEqual([
    { date: dateOf(now - 3 * day), close_cents: 900 },
    { date: dateOf(now - 2 * day), close_cents: 1_000 },
    { date: dateOf(now - day), close_cents: 1_100 },
    { date: dateOf(now), close_cents: 1_200 },
  ])
  expect(recent.map(({ price_cents }: { price_cents: number }) => price_cents)).toEqual([
    900, 1_000, 1_100, 1_150, 1_200,
  ])
  expect((await call.get(`/api/v1/quotes/ACME/history?from=${dateOf(now)}`)).days).toHaveLength(1)
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ open_cents: 1_100, change_cents: 100 })
  const { prices } = await call.get('/api/v1/quotes/ACME/prices?limit=2')
  expect(prices).toMatchObject([
    { price_cents: 1_200, until: null, trades: 0, voided_at: null },
    { price_cents: 1_150, trades: 0 },
  ])
  expect((await refusalOf(call.get('/api/v1/quotes/NONE/history'))).status).toBe(404)

  const runRetention = async () => {
    for (let night = 0; night < 5; night++) {
      clock.forward(2 * day)
      await runScheduled('retention.delete_old')
    }
  }
  await runRetention()
  const remaining = await call.get('/api/v1/quotes/ACME/history')
  expect([remaining.days.length, remaining.recent.length]).toEqual([4, 1]) // the newest stays, however old
})

test('prices are imported by CSV, earlier days as history; mistakes are named and then nothing is imported', async () => {
  const { call, clock } = await start()
  const send = (csv: string) => call.post('/api/v1/quotes/import', { csv })
  const now = clock.now()
  const today = new Date(now).toISOString()
  const csv = `Symbol;Price;Date\nacme;21,50;${today}\nACME;20.00;${dateOf(now - day)}\nBRK.B;1.234,5;\n`
  expect(await send(csv)).toMatchObject({ received: 3, changed: 2, older: 0 })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 2_150, open_cents: 2_000 })
  expect(await call.get('/api/v1/quotes/BRK.B')).toMatchObject({ price_cents: 123_450 })
  expect(await send(`ACME,19.00,${dateOf(now - 5 * day)}`)).toMatchObject({ older: 1, changed: 0 })
  expect(await closesOf(call, 'ACME')).toEqual([1_900, 2_000, 2_150])
  const german = dateOf(now - 6 * day)
    .split('-')
    .reverse()
    .join('.')
  expect(await send(`Ticker;Kurs;Datum\nACME;19,50;${german}`)).toMatchObject({ older: 1 })
  expect(await closesOf(call, 'ACME')).toEqual([1_950, 1_900, 2_000, 2_150])
  expect(await send(`${csv}ACME;18.00;${german}\n`)).toMatchObject({ received: 4, changed: 1, unchanged: 2, older: 1 })
  const { problem } = await refusalOf(send('symbol,price\nACME,1.234\n\n,5\nACME,0\nACME,10000000.01'))
  expect(problem).toMatchObject({ status: 422, detail: 'Nothing was imported: 4 mistakes' })
  expect(problem.errors.map(({ path }: { path: string }) => path)).toEqual([
    'line 2, price',
    'line 4, symbol',
    'line 5, price',
    'line 6, price',
  ])
  expect(problem.errors[3].message).toBe('Write a price up to 10,000,000.00.')
  expect((await refusalOf(send('symbol,cost\nACME,1'))).problem.errors).toMatchObject([{ path: 'price' }])
  const endless = `symbol;price\nACME;1${',234'.repeat(300_000)}`
  expect((await refusalOf(send(endless))).problem.errors).toMatchObject([{ path: 'line 2, price' }])
  const raw = await call.raw('/api/v1/quotes/import', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'ACME\t22.00',
  })
  expect([raw.status, (await raw.json()).changed]).toEqual([200, 1])
})

test('officers send prices and see each; members see the history', async () => {
  const fieldhouse = await start({ PUBLIC_BOARDS: 'false' })
  const ann = await newTrader(fieldhouse, 'ann')
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  expect((await refusalOf(ann.post('/api/v1/quotes/import', { csv: 'ACME,1' }))).status).toBe(403)
  expect((await refusalOf(ann.get('/api/v1/quotes/ACME/prices'))).status).toBe(403)
  expect((await refusalOf(fieldhouse.as().get('/api/v1/quotes/ACME/history'))).status).toBe(401)
  expect(await ann.get('/api/v1/quotes/ACME/history')).toMatchObject({ symbol: 'ACME' })
  expect(await newCup(fieldhouse.call)).toMatchObject({ id: 1 })
  expect((await refusalOf(portfolio(ann, 1))).status).toBe(404)
})
