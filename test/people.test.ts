import { expect, test } from 'bun:test'
import { day, hour } from '../src/platform/clock.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { newCup, newTraders, sendQuotes, trade } from './market.ts'
import { browserTest } from './needs.ts'
import { base, createPerson, createSite } from './rosters.ts'
import { newLeague } from './sheets.ts'
import { refusalOf, start } from './start.ts'
import { enter, feedFor, newTour, newTourLeague, newUser, players, update } from './tours.ts'

const iso = (at: number) => new Date(at).toISOString()

test('my page shows my rank, its change, and where I am a member without a rank', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  await sendQuotes(call, { ABC: 1_000 })
  const { id } = await newCup(call)
  const [ann, bob] = await newTraders(fieldhouse, id, ['ann', 'bob'])
  if (!ann || !bob) throw new Error('Somebody is missing')
  await trade(ann, id, 'buy', 10, 'ABC')
  await sendQuotes(call, { ABC: 1_400 })
  const { id: sheets } = await newLeague(call)
  await ann.post(`/api/v1/leagues/${sheets}/join`)
  const mine = await ann.get('/api/v1/me/overview')
  expect(mine.pagination.total).toBe(2)
  const cup = mine.leagues.find(({ league }: { league: { id: number } }) => league.id === id)
  expect(cup).toMatchObject({ league: { kind: 'market', status: 'active' }, rows: [{ name: 'ann', rank: 1 }] })
  expect(cup.rows[0].score).toBe(10_000_000 + 4_000)
  expect(mine.leagues.find(({ league }: { league: { id: number } }) => league.id === sheets).rows).toEqual([])
  expect((await bob.get('/api/v1/me/overview')).leagues).toMatchObject([{ rows: [{ rank: 2 }] }])
  expect((await ann.get('/api/v1/me/overview?page=2&limit=1')).leagues).toHaveLength(1)
  expect((await refusalOf(call.get('/api/v1/me/overview'))).status).toBe(404)
  expect((await refusalOf(fieldhouse.as().get('/api/v1/me/overview'))).status).toBe(401)
})

test('my page shows what is due: picks that close, and the shifts of the week', async () => {
  const feed = feedFor({ firstTee: Date.now() + 3 * hour })
  const fieldhouse = await start()
  const { call } = fieldhouse
  await newTour(call, feed.url)
  await update(fieldhouse)
  const { id } = await newTourLeague(call)
  const ann = await newUser(fieldhouse, 'Ann')
  await ann.post(`/api/v1/leagues/${id}/join`)
  const site = await createSite(call)
  const person = await createPerson(call, 'Ann', { account: 'Ann' })
  const tomorrow = iso(Date.now() + day).slice(0, 10)
  const shift = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: `${tomorrow}T17:00:00Z`,
    ends_at: `${tomorrow}T22:00:00Z`,
    skill: 'bar',
  })
  await call.post(`${base}/assignments`, { shift_id: shift.id, staff_id: person.id })
  const { due } = await ann.get('/api/v1/me/overview')
  expect(due).toMatchObject([
    { what: 'league', text: 'Picks close', league: { id }, path: `/leagues/${id}/entries` },
    { what: 'shift', at: `${tomorrow}T17:00:00.000Z`, text: expect.stringContaining('Riverside (Europe/Berlin)') },
  ])
  const field = await players(call)
  await enter(
    ann,
    id,
    field.slice(0, 4).map(({ player_id }: { player_id: string }) => player_id),
  )
  expect((await ann.get('/api/v1/me/overview')).due).toMatchObject([{ what: 'shift' }])
  const bob = await newUser(fieldhouse, 'Bob')
  expect((await bob.get('/api/v1/me/overview')).due).toEqual([])
})

test('a person is shown across leagues, as far as the reader may see', async () => {
  const fieldhouse = await start()
  const { call, as } = fieldhouse
  await sendQuotes(call, { ABC: 1_000 })
  const open = await newCup(call)
  const closed = await newCup(call, { public: false }, { name: 'Behind closed doors' })
  const [ann] = await newTraders(fieldhouse, open.id, ['ann'])
  const [, bob] = await newTraders(fieldhouse, open.id, ['cy', 'bob'])
  if (!ann || !bob) throw new Error('Somebody is missing')
  await call.post(`/api/v1/leagues/${closed.id}/join`, { user_id: ann.id })
  const path = `/api/v1/people/${ann.id}`
  const leaguesSeenBy = async (reader: { get(path: string): Promise<{ leagues: { league: { id: number } }[] }> }) =>
    (await reader.get(path)).leagues.map(({ league }) => league.id).sort()
  expect(await leaguesSeenBy(ann)).toEqual([open.id, closed.id])
  expect(await leaguesSeenBy(call)).toEqual([open.id, closed.id])
  expect(await leaguesSeenBy(bob)).toEqual([open.id])
  expect(await leaguesSeenBy(as())).toEqual([open.id])
  await call.post(`/api/v1/leagues/${closed.id}/join`, { user_id: bob.id })
  expect(await leaguesSeenBy(bob)).toEqual([open.id, closed.id])
  const { person, leagues } = await as().get(path)
  expect(person).toEqual({ id: ann.id, username: 'ann', country: null })
  expect(leagues[0].rows).toMatchObject([
    { player_id: String(ann.id), rank: expect.any(Number), history: expect.any(Array) },
  ])
  await call.delete(`/api/v1/leagues/${open.id}`, { name: 'Spring trading cup' })
  expect((await refusalOf(as().get(path))).status).toBe(404) // nowhere else do strangers read the name
  expect(await leaguesSeenBy(ann)).toEqual([closed.id])
  await call.delete(`/api/v1/users/${ann.id}`)
  expect((await refusalOf(as().get(path))).status).toBe(404)
})

test('where boards are not public, people are not either', async () => {
  const { as } = await start({ PUBLIC_BOARDS: 'false' })
  expect((await refusalOf(as().get('/api/v1/people/1'))).status).toBe(401)
})

browserTest('my page is in the header and leads to my leagues and to my account', async () => {
  const fieldhouse = await start()
  const { call, url } = fieldhouse
  const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }
  const user = await call.post('/api/v1/users', ann)
  await sendQuotes(call, { ABC: 1_000 })
  const { id } = await newCup(call)
  await call.post(`/api/v1/leagues/${id}/join`, { user_id: user.id })
  const page = await openBrowser({ viewport: { width: 390, height: 800 } })
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, ann.email, ann.password)
  await page.goto(url)
  await page.click('header.top >> text=My page')
  await page.waitForURL(`${url}/me`)
  expect(await page.textContent('main')).toContain('Nothing waits for you.')
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  await page.click('text=As others see you')
  await page.waitForURL(`${url}/people/${user.id}`)
  await page.click('main h2 a')
  await page.waitForURL(`${url}/leagues/${id}`)
  expect(consoleErrors).toEqual([])
})
