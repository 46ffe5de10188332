import { expect, test } from 'bun:test'
import { kindOf } from '../src/leagues/kinds.ts'
import { ledgerCsv } from '../src/leagues/market/ledger-csv.ts'
import { placeOrder } from '../src/leagues/market/place-order.ts'
import { leagueById } from '../src/leagues/queries.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { cupFields, newCup, newTrader, newTraders, portfolio, sendQuotes, trade } from './market.ts'
import { board, refusalOf, start } from './start.ts'

const league = 1

test('joining grants the starting cash once, and the portfolio, the board and the activity show it', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { starting_cash_cents: 500_000 })
  const ann = await newTrader(fieldhouse, 'ann')
  expect((await refusalOf(portfolio(ann, league))).status).toBe(404)
  for (let i = 0; i < 3; i++) await ann.post('/api/v1/leagues/1/join')
  expect(await portfolio(ann, league)).toMatchObject({
    user_id: ann.id,
    cash_cents: 500_000,
    total_cents: 500_000,
    return_pct: 0,
    holdings: [],
  })
  expect((await board(fieldhouse.call, league)).rows).toMatchObject([
    { rank: 1, change: null, player_id: String(ann.id), name: 'ann', score: 500_000, metrics: { return_pct: 0 } },
  ])
  expect(await ann.get('/api/v1/leagues/1/activity')).toMatchObject({
    activity: [{ kind: 'joined', username: 'ann', symbol: null }],
    pagination: { total: 1 },
  })
})

test('an order moves cash, holding, ledger, board, statistics and activity at once', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { fee_cents: 100 })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 20_000, BOLT: 5_000 })
  // Everything is in the cache when the order comes.
  const readAll = () =>
    Promise.all([
      portfolio(ann!, league),
      board(fieldhouse.call, league),
      fieldhouse.call.get('/api/v1/leagues/1/stats'),
      ann!.get('/api/v1/leagues/1/activity'),
      ann!.get(`/api/v1/users/${ann!.id}/stats`),
    ])
  await readAll()
  expect(await trade(ann!, league, 'buy', 10, 'acme')).toMatchObject({
    symbol: 'ACME',
    side: 'buy',
    quantity: 10,
    price_cents: 20_000,
    amount_cents: 200_000,
    fee_cents: 100,
    cash_cents: 9_799_900,
    holding: 10,
  })
  await sendQuotes(fieldhouse.call, { ACME: 22_000 })
  await trade(ann!, league, 'sell', 4, 'ACME')
  const [mine, ranked, stats, activity, user] = await readAll()
  expect(mine).toMatchObject({
    cash_cents: 9_887_800,
    holdings_cents: 132_000,
    total_cents: 10_019_800,
    return_pct: 0.198,
    realised_cents: 8_000,
    unrealised_cents: 12_000,
    fees_cents: 200,
    trades: 2,
    holdings: [{ symbol: 'ACME', quantity: 6, cost_cents: 120_000, value_cents: 132_000, unrealised_pct: 10 }],
  })
  expect(mine.total_cents).toBe(mine.starting_cents + mine.realised_cents + mine.unrealised_cents - mine.fees_cents)
  expect(ranked.rows[0]).toMatchObject({
    score: 10_019_800,
    metrics: { return_pct: 0.198, cash_cents: 9_887_800, invested_cents: 132_000, holdings: 1, trades: 2 },
  })
  expect(stats.numbers).toMatchObject({ trades: 2, volume_cents: 288_000, fees_cents: 200, portfolios: 1 })
  expect(activity.activity.map(({ side }: { side: string }) => side)).toEqual(['sell', 'buy', null])
  expect(user).toMatchObject({ trades: 2, trade_volume_cents: 288_000 })
})

test('an order is refused with the broken rule, and nothing changes', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000, max_position_pct: 40, quote_max_age_s: 60 })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  const outsider = await newTrader(fieldhouse, 'bob')
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  const refused = async (side: string, quantity: number, symbol = 'ACME') =>
    (await refusalOf(trade(ann!, league, side, quantity, symbol))).problem
  expect(await refused('buy', 11)).toMatchObject({ status: 409, rule: 'cash', over: 10_000, most: 4 })
  expect(await refused('buy', 5)).toMatchObject({ rule: 'position', actual: 50, limit: 40, most: 4 })
  expect(await refused('sell', 1)).toMatchObject({ rule: 'holding', over: 1 })
  expect(await refused('buy', 1, 'NONE')).toMatchObject({ status: 422, errors: [{ path: 'symbol' }] })
  expect(await refused('buy', 0)).toMatchObject({ status: 422, errors: [{ path: 'quantity' }] })
  expect(await refused('buy', 1.5)).toMatchObject({ status: 422, errors: [{ path: 'quantity' }] })
  expect(await refused('buy', 1_000_001)).toMatchObject({ status: 422 })
  expect(await refused('hold', 1)).toMatchObject({ status: 422, errors: [{ path: 'side' }] })
  fieldhouse.clock.forward(61_000)
  expect(await refused('buy', 1)).toMatchObject({ rule: 'quote_age', limit: 60, unit: 'seconds' })
  expect((await refusalOf(trade(outsider, league, 'buy', 1, 'ACME'))).status).toBe(403)
  expect((await refusalOf(trade(fieldhouse.call, league, 'buy', 1, 'ACME'))).status).toBe(404) // the operator
  expect((await refusalOf(trade(ann!, 99, 'buy', 1, 'ACME'))).status).toBe(404)
  expect(await portfolio(ann!, league)).toMatchObject({ cash_cents: 100_000, trades: 0 })
})

test('a league trades only while it is active', async () => {
  const fieldhouse = await start()
  const at = (ms: number) => new Date(fieldhouse.clock.now() + ms).toISOString()
  await newCup(fieldhouse.call, {}, { starts_at: at(hour), ends_at: at(2 * hour) })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 100 })
  expect((await refusalOf(trade(ann!, league, 'buy', 1, 'ACME'))).problem).toMatchObject({ rule: 'status' })
  fieldhouse.clock.forward(hour + minute)
  await trade(ann!, league, 'buy', 1, 'ACME')
  fieldhouse.clock.forward(hour)
  expect((await refusalOf(trade(ann!, league, 'buy', 1, 'ACME'))).problem).toMatchObject({
    status: 409,
    rule: 'status',
  })
})

test('the same key gives the same answer and one trade; another order under it is refused; a day later it is free', async () => {
  const fieldhouse = await start({ HOLD_PRICE_PCT: '0' })
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000 })
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  const first = await trade(ann!, league, 'buy', 2, 'ACME', 'order-1')
  expect(await trade(ann!, league, 'buy', 2, 'acme', 'order-1')).toEqual(first)
  expect((await refusalOf(trade(ann!, league, 'buy', 3, 'ACME', 'order-1'))).problem).toMatchObject({
    status: 409,
    rule: 'idempotency_key',
  })
  expect(await trade(bob!, league, 'buy', 3, 'ACME', 'order-1')).toMatchObject({ user_id: bob!.id, quantity: 3 })

  // What was refused once is not filled by a late copy, though by now it could be.
  const refused = await refusalOf(trade(ann!, league, 'buy', 9, 'ACME', 'order-2'))
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  const again = await refusalOf(trade(ann!, league, 'buy', 9, 'ACME', 'order-2'))
  expect({ ...again.problem, request_id: 0 }).toEqual({ ...refused.problem, request_id: 0 })
  expect([refused, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true'])

  const copies = await Promise.all(Array.from({ length: 20 }, () => trade(ann!, league, 'buy', 1, 'ACME', 'order-3')))
  expect(new Set(copies.map(({ id }) => id)).size).toBe(1)
  expect(await portfolio(ann!, league)).toMatchObject({ trades: 2, holdings: [{ quantity: 3 }] })

  fieldhouse.clock.forward(day + minute)
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  expect((await trade(ann!, league, 'buy', 2, 'ACME', 'order-1')).id).not.toBe(first.id)
})

test('members see their own portfolio and trades, officers everybody’s, also of former members, strangers none', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  await trade(ann!, league, 'buy', 1, 'ACME')
  await trade(bob!, league, 'buy', 2, 'ACME')
  expect((await ann!.get('/api/v1/leagues/1/trades')).trades).toMatchObject([{ user_id: ann!.id, username: 'ann' }])
  expect((await refusalOf(ann!.get(`/api/v1/leagues/1/portfolios/${bob!.id}`))).status).toBe(403)
  expect((await refusalOf(ann!.get(`/api/v1/leagues/1/trades?user_id=${bob!.id}`))).status).toBe(403)
  expect(await ann!.get(`/api/v1/leagues/1/portfolios/${ann!.id}`)).toMatchObject({ username: 'ann' })
  expect(await fieldhouse.call.get(`/api/v1/leagues/1/portfolios/${bob!.id}`)).toMatchObject({
    holdings: [{ quantity: 2 }],
  })
  expect((await fieldhouse.call.get('/api/v1/leagues/1/trades')).pagination.total).toBe(2)
  expect((await fieldhouse.call.get(`/api/v1/leagues/1/trades?user_id=${bob!.id}`)).pagination.total).toBe(1)
  for (const path of ['portfolio', 'trades', 'activity', `portfolios/${ann!.id}`])
    expect((await refusalOf(fieldhouse.as().get(`/api/v1/leagues/1/${path}`))).status).toBe(401)

  await ann!.post('/api/v1/leagues/1/leave')
  const olga = await newTrader(fieldhouse, 'olga', 'officer')
  expect(await olga.get(`/leagues/1/portfolios/${ann!.id}`)).toContain('Portfolio of <bdi class="name">ann') // what a former member holds stays
  const unknown = await olga.raw('/leagues/1/portfolios/99', { headers: { accept: 'text/html' } })
  expect([unknown.status, await unknown.text()]).toEqual([
    404,
    expect.stringContaining('User 99 has no portfolio here'),
  ])
  expect(await ann!.get('/leagues/1/trade')).toContain('You are not in this league yet')
})

test('old quotes are shown with their age, and as stale once the league would not trade at them', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { quote_max_age_s: 600 })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  await trade(ann!, league, 'buy', 1, 'ACME')
  fieldhouse.clock.forward(60_000)
  const young = await portfolio(ann!, league)
  expect(young).toMatchObject({ stale_quotes: 0, holdings: [{ stale: false }] })
  expect(young.holdings[0].quote_age_s).toBeGreaterThanOrEqual(60)
  fieldhouse.clock.forward(600_000)
  const old = await portfolio(ann!, league)
  expect(old).toMatchObject({ stale_quotes: 1, holdings: [{ stale: true, value_cents: 10_000 }] })
  expect(old.holdings[0].quote_age_s).toBeGreaterThanOrEqual(660)
})

test('a quote drops the boards and portfolios that hold it, and no others', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  await newCup(fieldhouse.call)
  const [ann, bob] = await newTraders(fieldhouse, 1, ['ann', 'bob'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(fieldhouse.call, { ACME: 10_000, BOLT: 5_000 })
  await trade(ann!, 1, 'buy', 1, 'ACME')
  await trade(bob!, 1, 'buy', 1, 'BOLT')
  const state = async (path: string, who = ann!) => (await who.raw(`/api/v1/leagues/${path}`)).headers.get('x-cache')
  const paths = ['1/leaderboard', '2/leaderboard', '1/portfolio', '2/portfolio']
  for (const path of paths) await state(path)
  await state('1/portfolio', bob)
  await sendQuotes(fieldhouse.call, { ACME: 11_000 })
  expect([await Promise.all(paths.map(path => state(path))), await state('1/portfolio', bob)]).toEqual([
    ['miss', 'hit', 'miss', 'hit'],
    'hit',
  ])
  expect((await board(fieldhouse.call, 1)).rows[0]).toMatchObject({ name: 'ann', score: 10_001_000 })
  // The same price, only newer: values stay, ages change.
  await sendQuotes(fieldhouse.call, { ACME: 11_000 })
  expect([await state('1/leaderboard'), await state('1/portfolio')]).toEqual(['hit', 'miss'])
})

test('movement counts from midnight, UTC, by the holdings and prices of then', async () => {
  const fieldhouse = await start()
  fieldhouse.clock.forwardToNext(day)
  fieldhouse.clock.forward(hour)
  await newCup(fieldhouse.call)
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000, BOLT: 10_000 })
  await trade(ann!, league, 'buy', 100, 'ACME')
  await trade(bob!, league, 'buy', 100, 'BOLT')
  await sendQuotes(fieldhouse.call, { ACME: 12_000 })
  const rows = async () =>
    (await board(fieldhouse.call, league)).rows.map((row: Record<string, unknown>) => [row.name, row.rank, row.change])
  expect(await rows()).toEqual([
    ['ann', 1, null],
    ['bob', 2, null],
  ])
  fieldhouse.clock.forward(day - hour / 2) // the next day, and no quote is a day old
  expect(await rows()).toEqual([
    ['ann', 1, 0],
    ['bob', 2, 0],
  ])
  await sendQuotes(fieldhouse.call, { BOLT: 15_000 })
  await trade(ann!, league, 'sell', 50, 'ACME')
  await sendQuotes(fieldhouse.call, { ACME: 9_000 })
  expect(await rows()).toEqual([
    ['bob', 1, 1],
    ['ann', 2, -1],
  ])
  const mine = await portfolio(ann!, league)
  expect(mine).toMatchObject({ total_cents: 10_050_000, today_cents: -150_000 })
  const [first] = (await board(fieldhouse.call, league)).rows
  expect(first.metrics.today_pct).toBeCloseTo(4.902 + 0.0979, 1)
})

test('a final board and its portfolios stay as they were to the byte, whatever is quoted, and can be reopened', async () => {
  const fieldhouse = await start({ HOLD_PRICE_PCT: '0' })
  await newCup(fieldhouse.call)
  expect((await refusalOf(fieldhouse.call.post('/api/v1/leagues/1/finalize'))).status).toBe(409)
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await sendQuotes(fieldhouse.call, { ACME: 12_000 })
  const { final_hash } = await fieldhouse.call.post('/api/v1/leagues/1/finalize')
  expect(final_hash).toMatch(/^[0-9a-f]{64}$/)
  const bytes = async () => [
    await (await fieldhouse.as().raw('/api/v1/leagues/1/leaderboard')).text(),
    await (await fieldhouse.as().raw(`/api/v1/leagues/1/players/${bob!.id}`)).text(),
    await (await ann!.raw('/api/v1/leagues/1/portfolio')).text(),
  ]
  const before = await bytes()
  await sendQuotes(fieldhouse.call, { ACME: 50_000 })
  fieldhouse.clock.forward(2 * day)
  expect(await bytes()).toEqual(before)
  expect((await refusalOf(trade(ann!, league, 'sell', 1, 'ACME'))).problem).toMatchObject({ rule: 'status' })
  await fieldhouse.call.post('/api/v1/leagues/1/reopen')
  expect((await board(fieldhouse.call, league)).rows[0]).toMatchObject({ name: 'ann', score: 10_400_000 })
  expect((await fieldhouse.call.post('/api/v1/leagues/1/finalize')).final_hash).not.toBe(final_hash)
})

test('boards and portfolios hide the names of members who deleted their account, also of those who had left the league', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  await newCup(call)
  await newCup(call, {}, { name: 'Live cup' })
  const traders = await newTraders(fieldhouse, league, ['ann', 'bob'])
  for (const trader of traders) await trader.post('/api/v1/leagues/2/join')
  const [ann, bob] = traders
  for (const id of [1, 2]) await bob!.post(`/api/v1/leagues/${id}/leave`)
  await call.post('/api/v1/leagues/1/finalize')
  const names = async () => {
    const rows = [...(await board(call, 1)).rows, ...(await board(call, 2)).rows]
    const { activity } = await call.get('/api/v1/leagues/2/activity')
    const portfolios = await Promise.all(traders.map(({ id }) => call.get(`/api/v1/leagues/2/portfolios/${id}`)))
    return [
      ...rows.map(({ name }) => name),
      ...[...activity, ...portfolios].map(({ username }: { username: string }) => username),
    ].sort()
  }
  expect(new Set(await names())).toEqual(new Set(['ann', 'bob']))
  for (const { id } of traders) await call.delete(`/api/v1/users/${id}`)
  expect(new Set(await names())).toEqual(new Set([`deleted-${ann!.id}`, `deleted-${bob!.id}`]))
})

test('the config of a market league is completed and checked field by field', async () => {
  const { call } = await start()
  expect((await newCup(call, { fee_cents: 5 })).config).toEqual({
    starting_cash_cents: 10_000_000,
    fee_cents: 5,
    max_position_pct: 100,
    quote_max_age_s: 86_400,
    allow_short: false,
  })
  const wrong = { starting_cash_cents: '100', fee_cents: -1, max_position_pct: 0, quote_max_age_s: 1.5, allow_short: 1 }
  const { problem } = await refusalOf(newCup(call, wrong))
  expect(new Set(problem.errors.map(({ path }: { path: string }) => path))).toEqual(
    new Set(Object.keys(wrong).map(name => `config.${name}`)),
  )
})

test('a late member starts with the cash that the config grants then, and their return counts from there', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000 })
  await newTraders(fieldhouse, league, ['ann'])
  await fieldhouse.call.patch('/api/v1/leagues/1', { config: { starting_cash_cents: 200_000 } })
  await newTraders(fieldhouse, league, ['bob'])
  expect((await board(fieldhouse.call, league)).rows).toMatchObject([
    { name: 'bob', score: 200_000, metrics: { return_pct: 0 } },
    { name: 'ann', score: 100_000, metrics: { return_pct: 0 } },
  ])
})

test('a deleted league takes its ledger with it, which no one else may touch', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, 1, ['ann'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(fieldhouse.call, { ACME: 100 })
  await trade(ann!, 1, 'buy', 1, 'ACME')
  const { $client: client } = fieldhouse.app.db
  expect(() => client.run('update ledger set cash_cents = 0')).toThrow('append-only')
  expect(() => client.run('delete from ledger')).toThrow('append-only')
  await fieldhouse.call.delete('/api/v1/leagues/1', { name: cupFields.name })
  const leaguesIn = (table: string) => client.query(`select distinct league_id from ${table}`).values()
  expect([leaguesIn('ledger'), leaguesIn('portfolios'), leaguesIn('holdings')]).toEqual([[[2]], [[2]], []])
})

test('a preview shows the effect of an order, or the rule it would break', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000, fee_cents: 10 })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 10_000 })
  const preview = (quantity: number, symbol = 'acme') =>
    ann!.get(`/api/v1/leagues/1/trades/preview?symbol=${symbol}&side=buy&quantity=${quantity}`)
  expect(await preview(5)).toMatchObject({
    allowed: true,
    amount_cents: 50_000,
    fee_cents: 10,
    cash_after_cents: 49_990,
    holding_after: 5,
    share_after_pct: 50.005,
  })
  expect(await preview(50)).toMatchObject({ allowed: false, refusal: { rule: 'cash' }, most: 9 })
  expect(await preview(1, 'none')).toMatchObject({ allowed: false, refusal: { rule: 'quote' }, price_cents: null })
  expect(await portfolio(ann!, league)).toMatchObject({ trades: 0 })
})

test('leftovers of a deleted league are removed at night, and nothing of others', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, 1, ['ann'])
  await ann!.post('/api/v1/leagues/2/join')
  await sendQuotes(fieldhouse.call, { ACME: 100 })
  for (const id of [1, 2]) await trade(ann!, id, 'buy', 1, 'ACME', 'same key')
  const { $client: client } = fieldhouse.app.db
  client.run('delete from leagues where id = 1') // and then the process died
  const leaguesLeft = () =>
    ['ledger', 'portfolios', 'holdings', 'order_keys'].map(table =>
      client.query(`select distinct league_id from ${table} order by 1`).values().flat(),
    )
  expect(leaguesLeft()).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  await fieldhouse.runScheduled('retention.delete_old')
  expect(leaguesLeft()).toEqual([[2], [2], [2], [2]])
})

test('a ledger that grows while it is downloaded lists no line twice', async () => {
  const fieldhouse = await start()
  const { app, call } = fieldhouse
  await newCup(call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(call, { ACME: 100 })
  const order = { symbol: 'ACME', side: 'buy' as const, quantity: 1 }
  const buy = (times: number) =>
    Promise.all(Array.from({ length: times }, () => placeOrder(app, league, ann!.id, order)))
  await buy(1_010)
  const read: string[] = []
  for await (const chunk of ledgerCsv(app.db, { leagueId: league, userId: ann!.id })) {
    read.push(...new TextDecoder().decode(chunk).trim().split('\r\n'))
    if (read.length < 600) await buy(3)
  }
  expect(read).toHaveLength(1_012)
  expect(new Set(read).size).toBe(1_012)
})

test('pages for an export are of one moment, whatever happens between them', async () => {
  const fieldhouse = await start()
  const { app, call } = fieldhouse
  await newCup(call)
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(call, { ACME: 10_000 })
  await trade(ann!, league, 'buy', 10, 'ACME')
  await sendQuotes(call, { ACME: 11_000 })
  const query = { limit: 1, ties: 'standard' as const }
  const cup = leagueById(app.db, league)
  const readPage = (await kindOf(app, cup).pagesOfNow?.(app, cup, { ...query, page: 1 }))!
  const first = await readPage({ ...query, page: 1 })
  await sendQuotes(call, { ACME: 9_000 })
  const second = await readPage({ ...query, page: 2 })
  expect([...first.rows, ...second.rows].map(({ player_id }) => player_id)).toEqual([String(ann!.id), String(bob!.id)])
  expect((await board(call, league)).rows[0]).toMatchObject({ name: 'bob' })
})

test('exports have money in currency units, and in cents in addition', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { fee_cents: 50 })
  const path = '/api/v1/leagues/1/leaderboard.csv'
  expect(await fieldhouse.call.get(path)).toBe('rank,change,player_id,name,score,score_cents\r\n')
  const [ann, bob] = await newTraders(fieldhouse, league, ['ann', 'bob'])
  await sendQuotes(fieldhouse.call, { ACME: 10_001 })
  await trade(ann!, league, 'buy', 3, 'ACME')
  const [heading, , second] = String(await fieldhouse.call.get(path)).split('\r\n')
  expect(heading).toBe(
    'rank,change,player_id,name,score,score_cents,return_pct,today_pct,cash,cash_cents,invested,invested_cents,holdings,trades',
  )
  expect(second).toBe('2,,1,ann,99999.5,9999950,-0.0005,,99699.47,9969947,300.03,30003,1,1')
  expect(await fieldhouse.call.get(`${path}?columns=cash_cents`)).toContain(
    'rank,change,player_id,name,cash,cash_cents\r\n',
  )

  const [names, line, granted] = String(await ann!.get('/api/v1/leagues/1/ledger.csv')).split('\r\n')
  expect(names).toBe(
    'id,at,username,kind,symbol,shares,holding,price,fee,cash,cash_after,realised,undoes,undone_at,reason,price_cents,fee_cents,cash_cents,cash_after_cents,realised_cents',
  )
  expect(line).toContain(',ann,buy,ACME,3,3,100.01,0.5,-300.53,')
  expect(line).toEndWith(',99699.47,0,,,,10001,50,-30053,9969947,0')
  expect(granted).toContain(',ann,grant,,0,0,,0,100000,')
  expect((await refusalOf(bob!.get(`/api/v1/leagues/1/ledger.csv?user_id=${ann!.id}`))).status).toBe(403)
  expect((await refusalOf(bob!.get(`/api/v1/leagues/1/ledger?user_id=${ann!.id}`))).status).toBe(403)
  expect((await refusalOf(bob!.get(`/api/v1/leagues/1/portfolios/${ann!.id}/history`))).status).toBe(403)
  const { points } = await ann!.get(`/api/v1/leagues/1/portfolios/${ann!.id}/history`)
  expect(points).toMatchObject([
    { total_cents: 10_000_000, best_cents: 10_000_000, average_cents: 10_000_000 },
    { total_cents: 9_999_950, best_cents: 10_000_000, average_cents: 9_999_975 },
  ])
})
