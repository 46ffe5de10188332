/** A clock that was wrong for a while: set forward, used, and set back. */
import { expect, test } from 'bun:test'
import { auditLog, optionChains } from '../db/schema.ts'
import { day, hour, iso, minute } from '../src/platform/clock.ts'
import { newCup, newTrader, sendQuotes, trade } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { board, refusalOf, start } from './start.ts'

const wrongBy = 40 * day

test('quotes and chains from a clock that was ahead are replaced by correct ones, and are not traded at', async () => {
  const fieldhouse = await start()
  const { call, clock, app } = fieldhouse
  const { id } = await newCup(call)
  const ann = await newTrader(fieldhouse, 'ann')
  await ann.post(`/api/v1/leagues/${id}/join`)
  const chain = [{ strike_cents: 100, type: 'call', bid_cents: 1 }]
  const options = '/api/v1/quotes/ACME/options?expiration=2099-03-20'
  clock.forward(wrongBy)
  await sendQuotes(call, { ACME: 1_000 })
  await call.post(options, { chain })
  clock.forward(-wrongBy)
  expect((await refusalOf(trade(ann, id, 'buy', 1, 'ACME'))).problem).toMatchObject({ rule: 'quote_age' })
  expect(await sendQuotes(call, { ACME: 1_400 })).toMatchObject({ changed: 1, older: 0 })
  expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 1_400, open_cents: 1_000 })
  expect(await trade(ann, id, 'buy', 1, 'ACME')).toMatchObject({ price_cents: 1_400 })
  await call.post(options, { chain: [{ ...chain[0], bid_cents: 7 }] })
  expect(app.db.select().from(optionChains).get()).toMatchObject({ contracts: [{ bid_cents: 7 }] })
})

test('a chain or a sheet that says it is from ahead of the clock is refused', async () => {
  const { call, clock } = await start()
  const ahead = iso(clock.now() + 5 * minute)
  const { id } = await newLeague(call)
  for (const [field, refused] of [
    ['as_of', refusalOf(call.post('/api/v1/quotes/ACME/options?expiration=2099-03-20', { chain: [], as_of: ahead }))],
    ['taken_at', refusalOf(upload(call, id, 'ID,Power\n1,5\n', { taken_at: ahead }))],
  ] as const) {
    const { status, problem } = await refused
    expect([status, problem.errors]).toEqual([
      422,
      [{ path: field, message: 'This is more than a minute ahead of this clock.' }],
    ])
  }
})

test('a sheet sent while the clock was ahead takes its place before those that come after', async () => {
  const { call, clock, finished } = await start()
  const { id } = await newLeague(call)
  const send = (power: number, fields = {}) => finished(upload(call, id, `ID,Power\n1,${power}\n`, fields))
  await send(1, { kind: 'baseline' })
  clock.forward(wrongBy)
  await send(2)
  expect((await board(call, id)).rows[0].metrics.power).toBe(2)
  clock.forward(-wrongBy)
  await send(3)
  expect((await board(call, id)).rows[0].metrics.power).toBe(3)
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  const taken = uploads.map(({ id, taken_at }: { id: number; taken_at: string }) => [id, taken_at])
  expect(taken.map(([id]: [number]) => id)).toEqual([3, 2, 1])
  expect(
    taken
      .map(([, at]: [number, string]) => at)
      .toSorted()
      .reverse(),
  ).toEqual(taken.map(([, at]: [number, string]) => at))
  expect(Date.parse(taken[0][1])).toBeLessThanOrEqual(clock.now())
})

test('sheets sent before the clock was set back keep their order, whichever is imported last', async () => {
  const { call, clock, finished } = await start()
  const { id } = await newLeague(call)
  for (const power of [1, 2, 3]) await finished(upload(call, id, `ID,Power\n1,${power}\n`))
  clock.forward(-wrongBy)
  await finished(upload(call, id, 'ID,Power\n1,4\n'))
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  const taken: [string, number][] = uploads.map(({ id, taken_at }: { id: number; taken_at: string }) => [taken_at, id])
  expect(new Set(taken.map(([at]) => at)).size).toBe(4)
  expect(taken.toSorted().map(([, id]) => id)).toEqual([1, 2, 3, 4])
})

test('retention under a clock that is far ahead deletes at most two days of data', async () => {
  const { call, app, clock, finished, runScheduled } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Power\n1,5\n'))
  await call.post('/api/v1/uploads/1/undo')
  const count = () => app.db.select().from(auditLog).all().length
  const before = count()
  const deleteOldRecords = async () => {
    expect((await runScheduled('retention.delete_old')).status).toBe('SUCCESS')
  }
  const snapshots = () => app.sheets.boards.scores.query<{ n: number }, []>('select count(*) n from snapshots').get()?.n
  clock.forward(500 * day)
  await deleteOldRecords()
  clock.forward(-500 * day)
  expect([snapshots(), count() >= before]).toEqual([1, true])
  await deleteOldRecords()
  expect(snapshots()).toBe(1)
})

test('answers cached while the clock was ahead are not fresh for longer once it is right', async () => {
  const { app, clock } = await start()
  const { cached } = await import('../src/cached.ts')
  let loads = 0
  const readSearch = () =>
    app.cache.read(cached.search, ['a question'], () => ({ q: `answer ${++loads}` })).then(({ value }) => value.q)
  clock.forward(wrongBy)
  expect(await readSearch()).toBe('answer 1')
  clock.forward(-wrongBy + hour)
  expect(await readSearch()).toBe('answer 2')
  expect(await readSearch()).toBe('answer 2')
})
