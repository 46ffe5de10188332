/** Ledgers always balance: in any order of events, over several processes, and after kill -9. */
import { expect, test } from 'bun:test'
import { openBeside } from '../db/open.ts'
import { atomically, batched, duringBulkWrite, tryWrite } from '../db/transactions.ts'
import { randomFrom } from '../scripts/random.ts'
import { auditLedger } from '../src/leagues/market/ledger-audit.ts'
import { systemClock } from '../src/platform/clock.ts'
import { newCup, newMember, newTraders, portfolio, sendQuotes, trade } from './market.ts'
import { runScript } from './operator.ts'
import { firstSeed } from './seeded.ts'
import { board, caller, Refused, refusalOf, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

const symbols = ['ACME', 'BOLT', 'CORN', 'DUNE', 'EELS']
const league = 1
const noDifferences = { differences: [], more: 0 }

/** Ignores refusals by a rule; other errors are thrown. */
const orRefused = (order: Promise<unknown>) =>
  order.catch(error => {
    if (!(error instanceof Refused) || error.status !== 409 || !error.problem.rule) throw error
    return undefined
  })

for (const allow_short of [false, true])
  test(`a thousand random orders of ten members in any order end as the ledger says${allow_short ? ', shorts too' : ''}`, async () => {
    const random = randomFrom(firstSeed)
    const fieldhouse = await start({ HOLD_PRICE_PCT: '0' })
    await newCup(fieldhouse.call, { starting_cash_cents: 500_000, fee_cents: 37, max_position_pct: 60, allow_short })
    const traders = await newTraders(
      fieldhouse,
      league,
      Array.from({ length: 10 }, (_, i) => `trader ${i}`),
    )
    const requote = () =>
      sendQuotes(fieldhouse.call, Object.fromEntries(symbols.map(symbol => [symbol, 100 + random.below(20_000)])))
    await requote()
    let filled = 0
    for (let round = 0; round < 20; round++) {
      const orders = Array.from({ length: 50 }, () =>
        orRefused(
          trade(random.pick(traders), league, random.pick(['buy', 'sell']), 1 + random.below(40), random.pick(symbols)),
        ),
      )
      const requoting = random.chance(0.3) ? requote() : undefined
      filled += (await Promise.all(orders)).filter(Boolean).length
      await requoting
    }
    expect(`SEED=${random.seed}: ${filled > 100}`).toBe(`SEED=${random.seed}: true`)
    expect(auditLedger(fieldhouse.dataDir)).toMatchObject({ ...noDifferences, portfolios: 10, lines: filled + 10 })

    const { $client: client } = fieldhouse.app.db
    const lowest = (column: string, table: string) =>
      Number(client.query(`select min(${column}) from ${table}`).values()[0]?.[0])
    expect(lowest('cash_cents', 'portfolios')).toBeGreaterThanOrEqual(0)
    expect(lowest('cash_after_cents', 'ledger')).toBeGreaterThanOrEqual(0)
    if (allow_short) expect(lowest('quantity', 'holdings')).toBeLessThan(0)
    else expect(lowest('quantity_after', 'ledger')).toBeGreaterThanOrEqual(0)

    // The board in memory, each portfolio, and what the tables add up to are one and the same.
    const rows = (await board(fieldhouse.call, league)).rows as { player_id: string; score: number }[]
    const fromTables = client
      .query(
        `select p.user_id, p.cash_cents + coalesce(sum(h.quantity * q.price_cents), 0) from portfolios p
         left join holdings h using (league_id, user_id) left join quotes q using (symbol) group by p.user_id`,
      )
      .values() as [number, number][]
    const fromBoard = new Map(rows.map(row => [Number(row.player_id), row.score]))
    expect(fromBoard).toEqual(new Map(fromTables))
    for (const trader of traders)
      expect((await portfolio(trader, league)).total_cents).toBe(fromBoard.get(trader.id) ?? -1)
  }, 120_000)

test('an audit finds every kind of tampering, raises one alert and clears it again', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call)
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  await sendQuotes(fieldhouse.call, { ACME: 100 })
  await trade(ann!, league, 'buy', 5, 'ACME')
  const auditResult = async () => (await fieldhouse.runScheduled('ledger.audit')).result
  expect(await auditResult()).toEqual({ leagues: 1, portfolios: 1, lines: 2, differences: 0 })

  const { $client: client } = fieldhouse.app.db
  const alerts = () => client.query(`select state, count from system_alerts where key = 'ledger_audit'`).all()
  const cases: [tamper: string, mend: string, what: string][] = [
    ['update portfolios set cash_cents = cash_cents + 1', 'update portfolios set cash_cents = cash_cents - 1', 'cash'],
    ['update holdings set quantity = 6', 'update holdings set quantity = 5', 'ACME quantity'],
    ['update holdings set cost_cents = 1', 'update holdings set cost_cents = 500', 'ACME cost'],
    ['update portfolios set trades = 0', 'update portfolios set trades = 1', 'trades'],
  ]
  for (const [tamper, mend, what] of cases) {
    client.run(tamper)
    expect(auditLedger(fieldhouse.dataDir).differences).toMatchObject([{ league_id: 1, user_id: ann!.id, what }])
    client.run(mend)
  }
  client.run(`insert into holdings (league_id, user_id, symbol, quantity, cost_cents) values (1, 77, 'ACME', 1, 1)`)
  expect(await auditResult()).toMatchObject({ differences: 2 })
  expect(alerts()).toEqual([{ state: 'active', count: 1 }])
  client.run('delete from holdings where user_id = 77')

  const { code, out } = await runScript('audit-ledger.ts', [], { DATA_DIR: fieldhouse.dataDir })
  expect([code, out]).toEqual([0, '2 lines, 1 portfolio, 1 league: every balance is right\n'])
  expect(alerts()).toEqual([{ state: 'resolved', count: 1 }])
})

test('two processes over one folder take orders at once, and no cash is spent twice', async () => {
  const folder = temporaryFolder()
  const fieldhouse = await start({ HOLD_PRICE_PCT: '0' }, folder)
  const other = await spawnFieldhouse({ ROLE: 'web', HOLD_PRICE_PCT: '0' }, folder)
  await newCup(fieldhouse.call, { starting_cash_cents: 100_000 })
  const [ann] = await newTraders(fieldhouse, league, ['ann'])
  const elsewhere = other.as(ann!.key)
  await sendQuotes(fieldhouse.call, { ACME: 1_000 })
  const orders = Array.from({ length: 150 }, (_, i) =>
    orRefused(trade(i % 2 ? ann! : elsewhere, league, 'buy', 1, 'ACME')),
  )
  const filled = (await Promise.all(orders)).filter(Boolean)
  expect(filled).toHaveLength(100)
  expect((await refusalOf(trade(elsewhere, league, 'buy', 1, 'ACME'))).problem).toMatchObject({ rule: 'cash' })
  expect(auditLedger(folder)).toMatchObject({ ...noDifferences, lines: 101 })

  // The key of an order holds in both, and both see what the other has done.
  await trade(ann!, league, 'sell', 10, 'ACME', 'sale')
  expect(
    (
      await until(
        async () => (await portfolio(elsewhere, league)).trades === 101 && (await portfolio(elsewhere, league)),
      )
    ).cash_cents,
  ).toBe(10_000)
  await trade(elsewhere, league, 'sell', 10, 'ACME', 'sale')
  expect(await portfolio(elsewhere, league)).toMatchObject({ trades: 101, holdings: [{ quantity: 90 }] })
  await sendQuotes(other.call, { ACME: 2_000 })
  const isOnBoard = async () => (await board(fieldhouse.call, league)).rows[0].score === 10_000 + 90 * 2_000
  expect(await until(isOnBoard)).toBe(true)
})

test('kill -9 in the middle of orders loses no trade that was answered, and makes none twice', async () => {
  const folder = temporaryFolder()
  const first = await spawnFieldhouse({}, folder)
  await newCup(first.call, { starting_cash_cents: 1_000_000 })
  await sendQuotes(first.call, { ACME: 100 })
  const db = openBeside(folder)
  const members = await Promise.all([1, 2, 3, 4, 5].map(i => newMember({ db, clock: systemClock }, `member ${i}`)))
  db.$client.close()
  const join = ({ key }: { key: string }) => caller(first.url, key).post('/api/v1/leagues/1/join')
  await Promise.all(members.map(join))

  const answered = new Map<string, number>()
  const trading = members.map(async ({ key }, m) => {
    const call = caller(first.url, key)
    for (let i = 0; ; i++) {
      const done = await trade(call, league, 'buy', 1, 'ACME', `order ${i}`).catch(() => undefined)
      if (!done) return
      answered.set(`${m} order ${i}`, done.id)
    }
  })
  await until(() => answered.size > 200)
  await first.kill9()
  await Promise.all(trading)

  const second = await start({}, folder)
  expect(auditLedger(folder)).toMatchObject(noDifferences)
  for (const [order, id] of answered) {
    const [m = 0, , i] = order.split(' ').map(Number)
    if (Number(i) % 20) continue // some of them; all are counted below
    const again = await trade(caller(second.url, members[m]!.key), league, 'buy', 1, 'ACME', `order ${i}`)
    expect(again.id).toBe(id)
  }
  const { trades } = (await second.call.get('/api/v1/leagues/1/stats')).numbers
  expect(trades).toBeGreaterThanOrEqual(answered.size)
  expect(trades).toBeLessThanOrEqual(answered.size + members.length)
})

test('writes that share a commit are each all or nothing, and all wait for a bulk write', async () => {
  const { app } = await start()
  const write = (name: string, fails = false) =>
    batched(app.db, tx => {
      tx.$client.run(`insert into facts (name, value) values ('${name}', '1')`)
      if (fails) throw new Error(`no ${name}`)
      return name
    })
  const answers = await Promise.allSettled([write('a'), write('b', true), write('c'), write('a')])
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
  const stored = app.db.$client.query(`select name from facts where name in ('a', 'b', 'c') order by name`).values()
  expect(stored).toEqual([['a'], ['c']])
  expect(await atomically(app.db, () => 'still open')).toBe('still open')

  let endBulkWrite = () => {}
  const written: string[] = []
  const bulkWrite = duringBulkWrite(app.db, () => new Promise<void>(resolve => (endBulkWrite = resolve)))
  const waiting = [write('d'), atomically(app.db, () => 'e')].map(async one => written.push(await one))
  const next = duringBulkWrite(app.db, async () => written.push('next'))
  expect(tryWrite(app.db, () => 'skipped')).toBeUndefined()
  await Bun.sleep(0)
  expect(written).toEqual([])
  endBulkWrite()
  await Promise.all([bulkWrite, next, ...waiting])
  expect(written.toSorted()).toEqual(['d', 'e', 'next'])
  expect(tryWrite(app.db, () => 'done')).toBe('done')
})
