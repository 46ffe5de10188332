import { expect, test } from 'bun:test'
import { unfinishedUpdate } from '../src/leagues/tours/queries.ts'
import { stampIn } from '../src/platform/cache/stamps.ts'
import { day, minute } from '../src/platform/clock.ts'
import { afterTest, board, refusalOf, start, until } from './start.ts'
import {
  alerts,
  enter,
  feedFor,
  newTour,
  newTourLeague,
  newUpdatedTour,
  newUser,
  players,
  tour,
  update,
} from './tours.ts'

test('officers create a tour, which is updated at once and read by all; its feed’s URL stays among officers', async () => {
  const fieldhouse = await start()
  const { call, as } = fieldhouse
  const [ann, olga] = [await newUser(fieldhouse, 'ann'), await newUser(fieldhouse, 'olga', 'officer')]
  const feed = feedFor()
  expect((await refusalOf(newTour(ann, feed.url))).status).toBe(403)
  const created = await newTour(olga, `${feed.url}?key=secret`)
  expect(created).toMatchObject({ slug: 'pga', interval_s: 60, event: null, feed_url: `${feed.url}?key=secret` })
  expect((await refusalOf(newTour(olga, feed.url))).status).toBe(409)
  const updated = await until(async () => {
    const seen = await tour(as())
    return seen.status === 'ok' && seen
  })
  expect(updated).toMatchObject({
    event: { id: 'coastal', name: 'Coastal Open', round: 1, status: 'upcoming' },
    age_s: 0,
  })
  for (const who of [as(), ann]) expect(await tour(who)).not.toHaveProperty('feed_url')
  expect(JSON.stringify(fieldhouse.app.db.query.auditLog.findMany().sync())).not.toContain('secret')

  const { players: found } = await as().get(`/api/v1/tours/pga/players?limit=5`)
  expect(found).toHaveLength(5)
  expect(found[0]).toMatchObject({ player_id: expect.any(String), total: 0, thru: 0, status: 'active' })
  const name = found[0].name.split(' ').at(-1).toUpperCase()
  expect((await as().get(`/api/v1/tours/pga/players?q=${encodeURIComponent(name)}`)).players).toContainEqual(found[0])
  expect((await call.get('/api/v1/tours')).pagination.total).toBe(1)

  expect(stampIn(fieldhouse.app.db, 'scores', '')).toBe(0) // no board is made of it yet
  expect(await olga.patch('/api/v1/tours/pga', { name: 'PGA Tour', interval_s: 90 })).toMatchObject({
    name: 'PGA Tour',
    interval_s: 90,
    status: 'ok',
  })
  const league = await newTourLeague(olga)
  expect((await refusalOf(olga.delete('/api/v1/tours/pga'))).problem).toMatchObject({ leagues: [league.id] })
  fieldhouse.clock.forward(5 * day)
  await olga.patch(`/api/v1/leagues/${league.id}`, { archived: true }) // its board is still made of the tour’s scores
  expect((await refusalOf(olga.delete('/api/v1/tours/pga'))).problem).toMatchObject({ leagues: [league.id] })
  await olga.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  await olga.delete('/api/v1/tours/pga')
  expect((await refusalOf(tour(call))).status).toBe(404)
  expect((await refusalOf(call.post('/api/v1/tours/pga/update'))).status).toBe(404)
})

test('a tour is not called like another, however it is written; it may keep its name', async () => {
  const { call } = await start()
  const { url } = feedFor()
  await newTour(call, url, { name: 'PGA Tour' })
  const taken = { status: 409, errors: [{ path: 'name', message: 'The tour pga is already called PGA Tour' }] }
  expect((await refusalOf(newTour(call, url, { slug: 'euro', name: ' PGA tour' }))).problem).toMatchObject(taken)
  await newTour(call, url, { slug: 'euro' })
  expect((await refusalOf(call.patch('/api/v1/tours/euro', { name: 'PGA Tour' }))).problem).toMatchObject(taken)
  const toursFound = async (q: string) => (await call.get(`/api/v1/search?q=${q}&category=tours`)).tours
  expect(await toursFound('pga')).toMatchObject([{ name: 'PGA Tour' }])
  expect(await call.patch('/api/v1/tours/pga', { name: 'PGA TOUR' })).toMatchObject({ name: 'PGA TOUR' })
  expect(await toursFound('pga')).toMatchObject([{ name: 'PGA TOUR' }])
})

test('another feed takes the place of one that fails at once, also while that one is still being asked', async () => {
  const { app, call, clock } = await start()
  const oldFeed = Promise.withResolvers<void>()
  let requests = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch() {
      if (++requests > 1) await oldFeed.promise
      return new Response('', { status: 503 })
    },
  })
  afterTest(() => server.stop(true))
  await newTour(call, server.url.href)
  await until(async () => (await tour(call)).status === 'failing')
  await until(() => unfinishedUpdate(app.db, 'pga') === undefined)
  const league = await newTourLeague(call, {}, { starts: clock.now() - 9 * day, ends: clock.now() - 2 * day })
  expect(await call.get(`/leagues/${league.id}`)).toContain('has failed since')
  clock.forward(minute)
  await call.post('/api/v1/tours/pga/update')
  await until(() => requests === 2)

  await call.patch('/api/v1/tours/pga', { feed_url: feedFor().url })
  expect(await tour(call)).toMatchObject({ status: 'new', error: null })
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
  expect(await call.get(`/leagues/${league.id}`)).not.toContain('has failed since')
  oldFeed.resolve()
  await until(async () => (await tour(call)).event?.name === 'Coastal Open') // although no league waits for it
})

test('a feed of another format reads the same', async () => {
  const fieldhouse = await start()
  const feed = feedFor()
  feed.advance(300)
  const boards = await Promise.all(
    (['fieldhouse', 'datagolf', 'espn'] as const).map(async format => {
      await newUpdatedTour(fieldhouse.call, feed.urlOf(format), { slug: format, format })
      const totals = (await players(fieldhouse.call, format)).map((each: { player_id: string; total: number }) => [
        each.player_id,
        each.total,
      ])
      return Object.fromEntries(totals)
    }),
  )
  expect(boards[1]).toEqual(boards[0])
  expect(Object.keys(boards[2] ?? {})).toHaveLength(24)
})

test('feeds on private addresses are refused, however they are written', async () => {
  const feed = feedFor()
  const { port } = new URL(feed.url)
  const allowing = await start()
  await newUpdatedTour(allowing.call, `http://localhost:${port}/fieldhouse.json`)
  await allowing.stop()
  const requestsBefore = feed.requests.length
  const { call, ...fieldhouse } = await start({ ALLOW_PRIVATE_FEEDS: 'false' }, allowing.dataDir)
  const refused = [
    feed.url,
    `http://localhost:${port}/feed`,
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/feed',
    'http://[::ffff:127.0.0.1]/feed',
    'http://0x7f000001/feed',
    'http://2130706433/feed',
    'http://10.0.0.8/feed',
    'ftp://example.org/feed',
    'file:///etc/passwd',
    'feed.json',
  ]
  for (const url of refused)
    expect((await refusalOf(newTour(call, url, { slug: 'euro' }))).problem, url).toMatchObject({
      status: 422,
      errors: [{ path: 'feed_url' }],
    })
  fieldhouse.clock.forward(minute) // the last update is old enough for another
  await update({ call, ...fieldhouse }).catch(() => {})
  expect(await until(async () => (await tour(call)).error)).toContain('not on the public internet')
  expect((await refusalOf(call.patch('/api/v1/tours/pga', { feed_url: feed.url }))).status).toBe(422)
  expect(feed.requests).toHaveLength(requestsBefore)
  expect(alerts(fieldhouse.app)).toMatchObject([{ key: 'feed_held:pga', state: 'active' }])
})

test('the config of a tour league is checked and completed', async () => {
  const { call } = await start()
  const feed = feedFor()
  await newTour(call, feed.url)
  const { id, config } = await newTourLeague(call, { picks: undefined, best: undefined })
  expect(config).toEqual({
    tour: 'pga',
    event: null,
    picks: 6,
    best: 4,
    deadline: null,
    missed_cut: { rule: 'actual' },
    tiebreak: 'guess',
    max_entries: 10,
    auto_finalize: true,
  })
  const invalidField = async (change: object) => (await refusalOf(newTourLeague(call, change))).problem.errors[0].path
  expect(await invalidField({ tour: 'nowhere' })).toBe('config.tour')
  expect(await invalidField({ best: 5 })).toBe('config.best')
  expect(await invalidField({ picks: 0 })).toBe('config.picks')
  expect(await invalidField({ deadline: 'tomorrow' })).toBe('config.deadline')
  expect(await invalidField({ missed_cut: { rule: 'perhaps' } })).toBe('config.missed_cut.rule')
  expect(await invalidField({ tour: undefined })).toBe('config.tour')
  const change = { config: { deadline: '2030-01-01T00:00:00Z', tiebreak: 'best_pick' } }
  expect((await call.patch(`/api/v1/leagues/${id}`, change)).config).toMatchObject({ ...change.config, picks: 6 })
})

test('a held board is accepted when an officer says so', async () => {
  const fieldhouse = await start()
  const { app, call, clock } = fieldhouse
  const feed = feedFor()
  await newUpdatedTour(call, feed.url)
  expect((await refusalOf(call.post('/api/v1/tours/pga/update', { accept: true }))).status).toBe(409)
  const league = await newTourLeague(call)
  const ann = await newUser(fieldhouse, 'ann')
  const ids = (await players(call)).map(({ player_id }: { player_id: string }) => player_id)
  await enter(ann, league.id, ids.slice(0, 4))
  feed.advance(200)
  clock.forward(3 * 60 * minute)
  await update(fieldhouse)
  feed.fault('shrunk')
  clock.forward(2 * minute)
  expect((await update(fieldhouse)).result).toMatchObject({ outcome: 'held' })
  expect(await players(call)).toHaveLength(24)
  feed.fault('down')
  expect((await update(fieldhouse, { accept: true })).status).toBe('FAILURE')
  feed.fault('shrunk')
  clock.forward(minute)
  expect((await update(fieldhouse)).result).toMatchObject({ outcome: 'held' }) // only the answer then was accepted
  expect((await update(fieldhouse, { accept: true })).result).toMatchObject({ outcome: 'changed', changed: 12 })
  expect(await players(call)).toHaveLength(12)
  expect(await tour(call)).toMatchObject({ status: 'ok', held: null })
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
  const missing = (await call.get(`/api/v1/leagues/${league.id}/entries`)).entries[0].scores
  expect(missing.some(({ status }: { status: string }) => status === 'missing')).toBe(true)
  expect((await board(call, league.id)).rows[0].score).toEqual(expect.any(Number))
})

test('a league on another week’s event says so instead of taking its field', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const feed = feedFor({ firstTee: Date.now() - 3 * 24 * 60 * minute })
  feed.advance(600)
  await newUpdatedTour(call, feed.url)
  const starts = Date.now() + 3 * 24 * 60 * minute
  const league = await newTourLeague(call, {}, { starts, ends: starts + 4 * 24 * 60 * minute })
  const ann = await newUser(fieldhouse, 'ann')
  const { problem } = await refusalOf(enter(ann, league.id, ['1', '2', '3', '4']))
  expect(problem).toMatchObject({ status: 422, detail: expect.stringContaining('Coastal Open') })
})
