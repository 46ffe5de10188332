/** Quotes, pushed and polled; option chains; and alerts about suspicious trading. */
import { expect, test } from 'bun:test'
import type { App } from '../src/context.ts'
import { riskAssessment } from '../src/leagues/market/risk.ts'
import { day, minute, second } from '../src/platform/clock.ts'
import { newCup, newTraders, sendQuotes, trade } from './market.ts'
import { afterTest, refusalOf, start, temporaryFolder, until } from './start.ts'

const manyQuotes = (count: number, price: number) =>
  Array.from({ length: count }, (_, i) => ({ symbol: `S${i}`, price_cents: price + i }))

test('thousands of quotes are accepted at once, older ones are ignored, and one mistake refuses them all', async () => {
  const { call } = await start()
  const push = (quotes: unknown) => call.post('/api/v1/quotes', { quotes })
  expect(await push(manyQuotes(10_000, 100))).toMatchObject({
    received: 10_000,
    changed: 10_000,
    unchanged: 0,
    older: 0,
    held: 0,
  })
  expect((await call.get('/api/v1/quotes?q=s999')).quotes).toHaveLength(11)
  for (const noMatch of ['s_999', 's%25', '999'])
    expect((await call.get(`/api/v1/quotes?q=${noMatch}`)).quotes).toEqual([])
  const as_of = new Date(Date.now() - minute).toISOString()
  expect(await push([{ symbol: 's1', price_cents: 5, as_of }])).toMatchObject({ older: 1, changed: 0 })
  expect(await call.get('/api/v1/quotes/s1')).toMatchObject({ symbol: 'S1', price_cents: 101 })
  const invalid = [
    { symbol: 'S1', price_cents: 0 },
    { symbol: 'S 1', price_cents: 1 },
    { symbol: 'S1', price_cents: '7' },
    { symbol: 'S1', price_cents: 7, as_of: 'today' },
    { symbol: 'S1', price_cents: 7, as_of: new Date(Date.now() + 5 * minute).toISOString() },
    null,
  ]
  const { problem } = await refusalOf(push([{ symbol: 'S1', price_cents: 9 }, ...invalid]))
  expect(problem).toMatchObject({ status: 422, detail: 'Nothing was imported: 6 mistakes' })
  expect(problem.errors.map(({ path }: { path: string }) => path)).toEqual([
    'quotes.1.price_cents',
    'quotes.2.symbol',
    'quotes.3.price_cents',
    'quotes.4.as_of',
    'quotes.5.as_of',
    'quotes.6',
  ])
  expect(await call.get('/api/v1/quotes/S1')).toMatchObject({ price_cents: 101 })
  expect((await refusalOf(push(manyQuotes(10_001, 1)))).status).toBe(422)
  expect((await refusalOf(call.get('/api/v1/quotes/NONE'))).status).toBe(404)
})

test('the same push again changes nothing, and of two prices in one push the later counts', async () => {
  const { call } = await start({ HOLD_PRICE_PCT: '0' })
  const as_of = new Date().toISOString()
  const push = () => sendQuotes(call, { A: 1, B: 2 }, as_of)
  expect([await push(), await push()]).toMatchObject([{ changed: 2 }, { changed: 0, unchanged: 2 }])
  const quotes = [1, 2, 3].map(price_cents => ({ symbol: 'TWICE', price_cents }))
  await call.post('/api/v1/quotes', { quotes })
  expect(await call.get('/api/v1/quotes/TWICE')).toMatchObject({ price_cents: 3, open_cents: 1 })
})

test('a quote shows its change since midnight, UTC', async () => {
  const { call, clock } = await start()
  clock.forwardToNext(day)
  await sendQuotes(call, { ACME: 1_000 })
  await sendQuotes(call, { ACME: 1_100 })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ open_cents: 1_000, change_cents: 100, change_pct: 10 })
  clock.forward(day)
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ open_cents: 1_100, change_cents: 0 })
  await sendQuotes(call, { ACME: 990 })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({
    open_cents: 1_100,
    change_cents: -110,
    change_pct: -10,
  })
})

test('a chain of options is replaced whole and read by day; others of the symbol stay in the cache', async () => {
  const { call, as } = await start()
  const path = (expiration: string) => `/api/v1/quotes/acme/options?expiration=${expiration}`
  const call100 = { strike_cents: 10_000, type: 'call', bid_cents: 120, ask_cents: 130, open_interest: 7 }
  const put90 = { strike_cents: 9_000, type: 'put', bid_cents: null, ask_cents: 40 }
  await call.post(path('2027-01-15'), { chain: [call100, put90] })
  await call.post(path('2027-02-19'), { chain: [call100] })
  expect((await as().get(path('2027-01-15'))).chain).toEqual([{ ...put90, open_interest: null }, call100])
  await as().get(path('2027-02-19'))
  await call.post(path('2027-01-15'), { chain: [put90] })
  const state = async (day: string) => (await as().raw(path(day))).headers.get('x-cache')
  expect([await state('2027-01-15'), await state('2027-02-19')]).toEqual(['miss', 'hit'])
  expect((await as().get('/api/v1/quotes/ACME/options')).expirations).toMatchObject([
    { expiration: '2027-01-15', contracts: 1 },
    { expiration: '2027-02-19', contracts: 1 },
  ])
  const old = { chain: [call100], as_of: '2020-01-01T00:00:00Z' }
  expect((await refusalOf(call.post(path('2027-01-15'), old))).status).toBe(409)
  const wrong = { chain: [{ ...call100, bid_cents: 200 }, put90, put90] }
  expect((await refusalOf(call.post(path('2027-01-15'), wrong))).problem.errors).toMatchObject([
    { path: 'chain.0.bid_cents' },
    { path: 'chain.2' },
  ])
  expect((await refusalOf(call.post('/api/v1/quotes/acme/options', { chain: [] }))).problem.errors).toMatchObject([
    { path: 'expiration' },
  ])
  expect((await refusalOf(as().get(path('2030-01-01')))).status).toBe(404)
  expect((await refusalOf(as().post(path('2027-01-15'), { chain: [] }))).status).toBe(401)
})

/** Waits until no feed is being polled: a poll asked for before that would be the one under way. */
const pollsEnded = ({ db }: Pick<App, 'db'>) =>
  until(() => !db.$client.query(`select 1 from runs where name = 'update_quotes' and status = 'PROGRESS'`).get())

/** A feed on loopback that answers as the test says, and counts requests. */
function feedOf(first: unknown) {
  const feed = { answer: first, asked: 0, unchanged: 0, url: '' }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      feed.asked++
      if (feed.answer === undefined) return new Response('out of order', { status: 500 })
      const body = JSON.stringify(feed.answer)
      const etag = `"${Bun.hash(body)}"`
      if (request.headers.get('if-none-match') === etag) {
        feed.unchanged++
        return new Response(null, { status: 304, headers: { etag } })
      }
      return new Response(body, { headers: { 'content-type': 'application/json', etag } })
    },
  })
  afterTest(() => server.stop(true))
  feed.url = `http://127.0.0.1:${server.port}/quotes?key=secret`
  return feed
}

/** A feed that is followed and was read once. */
async function startWithFeed(quotes: object[], interval_s = 3_600) {
  const fieldhouse = await start()
  const { app, call, finished } = fieldhouse
  const feed = feedOf({ quotes })
  const created = await call.post('/api/v1/quote-feeds', { name: 'Exchange', url: feed.url, interval_s })
  await until(async () => (await call.get('/api/v1/quotes')).pagination.total === quotes.length)
  await pollsEnded(app)
  const poll = (body: object = {}) => finished(call.post(`/api/v1/quote-feeds/${created.id}/poll`, body))
  return { ...fieldhouse, feed, created, id: created.id as number, poll }
}

const activeAlertsOf = ({ db }: Pick<App, 'db'>) =>
  db.$client.query(`select key from system_alerts where state = 'active' and alert_type = 'feed_held'`).values().flat()

test('a feed is polled continuously, its unchanged answers cost nothing, and its key is never shown', async () => {
  const quotes = [
    { symbol: 'ACME', price_cents: 1_000 },
    { symbol: 'BOLT', price: 12.34 },
  ]
  const { call, feed, created, poll, lines } = await startWithFeed(quotes, 5)
  expect(created.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/…$/)
  expect((await call.get('/api/v1/quotes?symbols=ACME,BOLT')).quotes).toHaveLength(2)
  expect(await call.get('/api/v1/quotes/BOLT')).toMatchObject({ price_cents: 1_234 })
  expect((await poll()).result).toMatchObject({ outcome: 'unchanged' })
  feed.answer = { quotes: [{ symbol: 'ACME', price_cents: 1_100 }] }
  const before = feed.asked
  await until(() => feed.asked > before, 30_000) // by itself
  await until(async () => (await call.get('/api/v1/quotes/ACME')).price_cents === 1_100)
  expect(JSON.stringify([await call.get('/api/v1/quote-feeds'), lines])).not.toContain('secret')
  expect((await refusalOf(call.post('/api/v1/quote-feeds', { name: 'x', url: 'ftp://x' }))).status).toBe(422)
  expect((await refusalOf(call.post('/api/v1/quote-feeds', { name: 'Again', url: feed.url }))).status).toBe(409)
  await call.delete(`/api/v1/quote-feeds/${created.id}`)
  expect((await call.get('/api/v1/quote-feeds')).quote_feeds).toEqual([])
})

test('an implausible feed is held back with an alert until it is plausible again or accepted by hand', async () => {
  const prices = (factor: number) =>
    Array.from({ length: 10 }, (_, i) => ({ symbol: `S${i}`, price_cents: Math.round(1_000 * factor) }))
  const { app, call, feed, id, poll } = await startWithFeed(prices(1))
  const price = async () => (await call.get('/api/v1/quotes/S0')).price_cents
  const activeAlerts = () => activeAlertsOf(app)

  feed.answer = { quotes: [...prices(1).slice(0, 7), ...prices(0).slice(7)] } // three have fallen to 0
  expect((await poll()).result).toMatchObject({
    outcome: 'held',
    message: '3 of 10 quotes cannot be read. Quotes 8 price cents: Write a whole number from 1 to 1,000,000,000',
  })
  feed.answer = { quotes: prices(1).map(price => ({ ...price, as_of: '2099-01-01T00:00:00Z' })) }
  expect((await poll()).result.message).toBe(
    '10 of 10 quotes cannot be read. Quotes 1 as of: This is more than a minute ahead of this clock',
  )
  feed.answer = { quotes: prices(0.01) }
  expect((await poll()).result).toMatchObject({ outcome: 'held', message: '10 of 10 prices moved more than tenfold' })
  expect([await price(), activeAlerts()]).toEqual([1_000, [`feed_held:quotes:${id}`]])
  expect((await call.get('/api/v1/quote-feeds')).quote_feeds[0].held).toContain('tenfold')
  feed.answer = { quotes: prices(1.05) }
  expect((await poll()).result).toMatchObject({ outcome: 'updated', changed: 10 })
  expect([await price(), activeAlerts()]).toEqual([1_050, []])

  feed.answer = { quotes: prices(100) }
  await poll()
  expect((await poll({ accept: true })).result).toMatchObject({ outcome: 'updated' })
  expect([await price(), activeAlerts()]).toEqual([100_000, []])

  feed.answer = undefined
  for (let i = 0; i < 3; i++) await poll()
  expect([await price(), activeAlerts()]).toEqual([100_000, [`feed_failing:quotes:${id}`]])
  expect(await call.get('/api/v1/quote-feeds?limit=1')).toMatchObject({
    quote_feeds: [{ failures: 3 }],
    pagination: { total: 1 },
  })
  feed.answer = { quotes: prices(1) }
  await poll()
  expect(activeAlerts()).toEqual([`feed_held:quotes:${id}`]) // it answers again
  await call.patch(`/api/v1/quote-feeds/${id}`, { url: `${feed.url}&again` })
  expect(activeAlerts()).toEqual([])
})

test('quotes of a feed that cannot be read are left out and named with what is wrong', async () => {
  const quotes = Array.from({ length: 40 }, (_, i) => ({ symbol: `S${i}`, price_cents: 1_000 }))
  const { call, feed, poll } = await startWithFeed(quotes)
  feed.answer = { quotes: quotes.map((quote, i) => (i < 7 ? { ...quote, price_cents: 0 } : quote)) }
  expect((await poll()).result).toMatchObject({ outcome: 'updated', unread: 7 })
  const message = 'Quotes 1 price cents: Write a whole number from 1 to 1,000,000,000'
  const unread = async () => (await call.get('/api/v1/quote-feeds')).quote_feeds[0].unread
  expect(await unread()).toMatchObject({ count: 7, first: [{ symbol: 'S0', message }, {}, {}, {}, {}] })
  const page = (await call.get('/quotes')) as string
  expect(page).toContain('7 quotes of the last answer are left out:')
  expect(page).toContain(message)
  expect(page).toContain('<li>2 more</li>')
  await poll() // unchanged
  expect(await unread()).toMatchObject({ count: 7 })
  feed.answer = { quotes }
  await poll()
  expect(await unread()).toBeNull()
})

test('an answer that comes after its feed was removed or got another address is dropped, and raises no alert', async () => {
  const { app, call } = await start()
  const answered = Promise.withResolvers<void>()
  let asked = 0
  const slow = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch() {
      asked++
      await answered.promise
      return Response.json({ quotes: [{ symbol: 'OLD', price_cents: 100_000 }] })
    },
  })
  afterTest(() => slow.stop(true))
  const quick = feedOf({ quotes: [{ symbol: 'NEW', price_cents: 500 }] })
  await sendQuotes(call, { OLD: 1 })
  const newFeed = (name: string) =>
    call.post('/api/v1/quote-feeds', { name, url: `http://127.0.0.1:${slow.port}/${name}`, interval_s: 3_600 })
  const [moved, removed] = [await newFeed('moved'), await newFeed('removed')]
  await until(() => asked === 2)
  const accept = await refusalOf(call.post(`/api/v1/quote-feeds/${moved.id}/poll`, { accept: true }))
  expect(accept.problem).toMatchObject({ status: 409, detail: expect.stringContaining('being polled') })
  expect(app.db.$client.query(`select 1 from audit_log where action = 'quote_feed.accept'`).all()).toEqual([])
  const change = (id: number) => call.patch(`/api/v1/quote-feeds/${id}`, { url: quick.url })
  await change(moved.id)
  expect((await refusalOf(change(removed.id))).problem).toMatchObject({ errors: [{ path: 'url' }] })
  await call.delete(`/api/v1/quote-feeds/${removed.id}`)
  answered.resolve()
  await until(async () => (await call.get('/api/v1/quotes?symbols=NEW')).quotes.length === 1)
  await pollsEnded(app)
  expect((await call.get('/api/v1/quote-feeds')).quote_feeds).toMatchObject([{ id: moved.id, held: null, failures: 0 }])
  expect(activeAlertsOf(app)).toEqual([])
  expect((await call.get('/api/v1/quotes/OLD')).price_cents).toBe(1)
})

test('one price of a feed that moves far is held and the others are taken, unless the answer is accepted', async () => {
  const prices = (first: number, others: number) =>
    Array.from({ length: 10 }, (_, i) => ({ symbol: `S${i}`, price_cents: i === 0 ? first : others }))
  const { call, feed, poll } = await startWithFeed(prices(1_000, 1_000))
  feed.answer = { quotes: prices(2_000, 1_010) }
  expect((await poll()).result).toMatchObject({ outcome: 'updated', changed: 9, held: 1 })
  expect((await call.get('/api/v1/held-prices')).held_prices).toMatchObject([{ symbol: 'S0', username: null }])
  expect((await call.get('/api/v1/quotes/S0')).price_cents).toBe(1_000)
  feed.answer = { quotes: prices(2_100, 1_020) }
  expect((await poll({ accept: true })).result).toMatchObject({ outcome: 'updated', changed: 10, held: 0 })
  expect((await call.get('/api/v1/quotes/S0')).price_cents).toBe(2_100)
  expect((await call.get('/api/v1/held-prices')).held_prices).toEqual([])
})

test('bursts, very many trades and a portfolio in one symbol raise alerts with reasons', async () => {
  const fieldhouse = await start()
  fieldhouse.clock.forwardToNext(day)
  await newCup(fieldhouse.call)
  const [ann, bob, cat] = await newTraders(fieldhouse, 1, ['ann', 'bob', 'cat'])
  await sendQuotes(fieldhouse.call, { ACME: 1_000, BOLT: 1_000 })
  // Only alerts about trading: at a full minute the tasks of the skipped day raise alerts for being late.
  const ofTrading = `alert_type in ('security', 'high_trades')`
  const alerts = () =>
    fieldhouse.app.db.$client
      .query(`select key, alert_type as type, count from system_alerts where ${ofTrading} order by key`)
      .all()
  fieldhouse.clock.forward(50 * second) // the burst does not end with the minute of the clock
  for (let i = 0; i < 15; i++) await trade(ann!, 1, 'buy', 1, 'ACME')
  fieldhouse.clock.forward(15 * second)
  for (let i = 0; i < 14; i++) await trade(ann!, 1, 'buy', 1, 'ACME')
  expect(alerts()).toEqual([])
  await trade(ann!, 1, 'buy', 1, 'ACME')
  expect(alerts()).toEqual([{ key: `trade_burst:${ann!.id}`, type: 'security', count: 1 }])
  for (let i = 0; i < 5; i++) {
    fieldhouse.clock.forward(2 * minute)
    for (let j = 0; j < 21; j++) await trade(bob!, 1, j % 2 ? 'sell' : 'buy', 1, 'BOLT')
  }
  expect(alerts()).toMatchObject([{ type: 'high_trades', key: `high_trades:${bob!.id}` }, { type: 'security' }])
  await trade(cat!, 1, 'buy', 8_000, 'ACME')
  await newCup(fieldhouse.call, { allow_short: true, starting_cash_cents: 100_000 }, { name: 'Bear cup' })
  const [dan] = await newTraders(fieldhouse, 2, ['dan'])
  await sendQuotes(fieldhouse.call, { CORE: 1_000 })
  await trade(dan!, 2, 'sell', 100, 'CORE')
  for (const cents of [1_500, 2_000]) await sendQuotes(fieldhouse.call, { CORE: cents })
  expect(await riskAssessment(fieldhouse.app)).toEqual([
    { id: ann!.id, username: 'ann', trades_count: 30, recent_trades: 30, reasons: ['30 trades within a minute'] },
    { id: bob!.id, username: 'bob', trades_count: 105, recent_trades: 105, reasons: ['105 trades since 00:00 UTC'] },
    {
      id: cat!.id,
      username: 'cat',
      trades_count: 1,
      recent_trades: 1,
      reasons: ['80 % of the portfolio in Spring trading cup is ACME'],
    },
    {
      id: dan!.id,
      username: 'dan',
      trades_count: 1,
      recent_trades: 1,
      reasons: ['the portfolio in Bear cup, with CORE, is worth nothing or less'],
    },
  ])
})

test('the value at the start of each day is stored once and shown as a player’s history', async () => {
  const fieldhouse = await start({ HOLD_PRICE_PCT: '0' })
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, 1, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  await trade(ann!, 1, 'buy', 1_000, 'ACME')
  const mark = async () => (await fieldhouse.runScheduled('market.record_daily_values')).result
  expect(await mark()).toEqual({ leagues: 1, marked: 0 })
  fieldhouse.clock.forward(day)
  await sendQuotes(fieldhouse.call, { ACME: 2_000 })
  expect(await mark()).toEqual({ leagues: 1, marked: 1 })
  const more = `insert into leagues (name, kind, starts_at, ends_at, config, created_at)
    select name || value, kind, starts_at + 1, ends_at, config, created_at from leagues, json_each(?)`
  fieldhouse.app.db.$client.query(more).run(JSON.stringify(Array.from({ length: 500 }, (_, i) => i)))
  expect(await mark()).toEqual({ leagues: 501, marked: 1 })
  const { history, score } = await fieldhouse.call.get(`/api/v1/leagues/1/players/${ann!.id}`)
  expect([history.map(({ score }: { score: number }) => score), score]).toEqual([[10_000_000], 11_000_000])
  await fieldhouse.call.patch('/api/v1/leagues/1', { ends_at: new Date(fieldhouse.clock.now() + 1).toISOString() })
  fieldhouse.clock.forward(day)
  expect(await mark()).toEqual({ leagues: 501, marked: 1 }) // quotes still move its board
  await fieldhouse.call.post('/api/v1/leagues/1/finalize')
  fieldhouse.clock.forward(day)
  expect(await mark()).toEqual({ leagues: 500, marked: 0 })
})

test('after a restart, boards, held symbols and activity numbers are warm', async () => {
  const folder = temporaryFolder()
  const before = await start({}, folder)
  await newCup(before.call)
  const [ann] = await newTraders(before, 1, ['ann'])
  await sendQuotes(before.call, { ACME: 1_000, IDLE: 1 })
  await trade(ann!, 1, 'buy', 1, 'ACME')
  await before.stop()
  const after = await start({}, folder)
  await until(() => after.app.isReady)
  const state = async (path: string) => (await after.as(ann!.key).raw(`/api/v1/${path}`)).headers.get('x-cache')
  const paths = ['leagues/1/leaderboard', 'quotes/ACME', `users/${ann!.id}/stats`, 'quotes/IDLE']
  expect(await Promise.all(paths.map(state))).toEqual(['hit', 'hit', 'hit', 'miss'])
})
