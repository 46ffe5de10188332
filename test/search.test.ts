import { expect, test } from 'bun:test'
import { answerValue } from '../src/platform/cache/cache.ts'
import { readSearch } from '../src/search/search.ts'
import { newCup, newTrader, newTraders, sendQuotes } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, shared, start } from './start.ts'

const names = (rows: { name?: string; username?: string; symbol?: string }[] | undefined) =>
  rows?.map(row => row.name ?? row.username ?? row.symbol)

/** Shared by tests that search for names of their own. */
const service = shared(() => start())

test('leagues, players, symbols and users are found by the start of words in their names', async () => {
  const fieldhouse = await start()
  const { id } = await newLeague(fieldhouse.call, {}, 'Northern Björn season')
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Name,Power\n1,Björn Ærø,10\n2,Anna,5\n3,Old Björn,7'))
  await newCup(fieldhouse.call, {}, { name: 'Trading cup of the North' })
  await newTraders(fieldhouse, 2, ['bjorn_the_trader', 'anna'])
  await sendQuotes(fieldhouse.call, { BJ: 100, BJX: 200, 'BRK.B': 300 })
  const find = (q: string, more = '') => fieldhouse.call.get(`/api/v1/search?q=${encodeURIComponent(q)}${more}`)

  const found = await find('bjo')
  expect(names(found.leagues)).toEqual(['Northern Björn season'])
  expect(names(found.users)).toEqual(['bjorn_the_trader'])
  expect(new Set(names(found.players))).toEqual(new Set(['Björn Ærø', 'Old Björn', 'bjorn_the_trader']))
  expect(found.players).toContainEqual({
    player_id: '1',
    name: 'Björn Ærø',
    rank: 1,
    score: 0,
    league: { id: 1, name: 'Northern Björn season', kind: 'sheet' },
  })
  await fieldhouse.call.patch('/api/v1/leagues/1', { config: { sort: 'power' } })
  expect((await find('anna', '&category=players')).players).toContainEqual(
    expect.objectContaining({ player_id: '2', rank: 3 }),
  ) // as the board ranks them
  expect(names((await find('bj')).symbols)).toEqual(['BJ', 'BJX'])
  expect((await find('brk.b')).symbols).toMatchObject([{ symbol: 'BRK.B', price_cents: 300 }])
  expect(names((await find('north cup')).leagues)).toEqual(['Trading cup of the North'])
  expect(names((await find('NORTH')).leagues)).toEqual(['Northern Björn season', 'Trading cup of the North'])
  expect(await find('orthern', '&category=leagues')).toEqual({ q: 'orthern', leagues: [] })
  expect(Object.keys(await find('a', '&category=symbols'))).toEqual(['q', 'symbols'])
})

test('strangers find no users and nothing in private leagues', async () => {
  const fieldhouse = await service()
  const { id } = await newCup(fieldhouse.call, { public: false }, { name: 'Secret society' })
  const secretive = await newTrader(fieldhouse, 'secretive')
  await fieldhouse.call.post(`/api/v1/leagues/${id}/join`, { user_id: secretive.id })
  const found = await fieldhouse.as().get('/api/v1/search?q=secret')
  expect(found).toEqual({ q: 'secret', players: [], leagues: [], symbols: [], tours: [] })
  expect((await refusalOf(fieldhouse.as().get('/api/v1/search?q=secret&category=users'))).status).toBe(401)
  const asOperator = await fieldhouse.call.get('/api/v1/search?q=secret')
  expect([names(asOperator.players), names(asOperator.leagues), names(asOperator.users)]).toEqual([
    ['secretive'],
    ['Secret society'],
    ['secretive'],
  ])
})

test('the search index follows renames, deletions and additions', async () => {
  const fieldhouse = await service()
  const { id } = await newCup(fieldhouse.call, {}, { name: 'Alpha' })
  const [ann] = await newTraders(fieldhouse, id, ['alphonse'])
  let asked = 0
  const find = (q: string) => fieldhouse.call.get(`/api/v1/search?q=${q}&limit=${++asked}`) // never the cached answer
  expect([names((await find('alp')).leagues), names((await find('alp')).users)]).toEqual([['Alpha'], ['alphonse']])
  await fieldhouse.call.patch(`/api/v1/leagues/${id}`, { name: 'Beta' })
  await fieldhouse.call.patch(`/api/v1/users/${ann!.id}`, { username: 'bertram' })
  expect([names((await find('alp')).leagues), names((await find('alp')).users)]).toEqual([[], []])
  expect([names((await find('be')).leagues), names((await find('be')).users)]).toEqual([['Beta'], ['bertram']])
  await fieldhouse.call.delete(`/api/v1/users/${ann!.id}`)
  await fieldhouse.call.delete(`/api/v1/leagues/${id}`, { name: 'Beta' })
  const afterDeletion = await find('be')
  expect([afterDeletion.leagues, afterDeletion.users]).toEqual([[], []])
  expect((await find('deleted')).users).toEqual([])
})

test('tours are found by everyone, people of the rota by officers, runs by admins', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  await call.post('/api/v1/tours', {
    slug: 'pga',
    name: 'Océan Tour',
    feed_url: 'http://127.0.0.1:1/feed',
    format: 'fieldhouse',
  })
  await call.post('/api/v1/roster/staff', { name: 'Oceane Ødegård' })
  await fieldhouse.finished(call.post('/api/v1/stats/refresh'))
  const officer = await newTrader(fieldhouse, 'olga', 'officer')
  const member = await newTrader(fieldhouse, 'max')
  const find = (as: Pick<typeof call, 'get'>, q: string, more = '') => as.get(`/api/v1/search?q=${q}${more}`)

  expect((await find(fieldhouse.as(), 'ocean')).tours).toEqual([{ slug: 'pga', name: 'Océan Tour' }])
  expect((await find(fieldhouse.as(), 'pga')).tours).toHaveLength(1)
  expect(Object.keys(await find(member, 'ocean'))).toEqual(['q', 'players', 'leagues', 'users', 'symbols', 'tours'])
  const found = await find(officer, 'ocean')
  expect([names(found.staff), found.runs]).toEqual([['Oceane Ødegård'], undefined])
  const { runs } = await find(call, 'refresh')
  expect(runs.length).toBeGreaterThan(0)
  expect(names(runs)?.join()).toContain('refresh')
  expect((await find(call, runs[0].job_id.slice(0, 13), '&category=runs')).runs).not.toEqual([])
  expect((await refusalOf(find(officer, 'refresh', '&category=runs'))).status).toBe(403)
  expect((await refusalOf(find(member, 'ocean', '&category=staff'))).status).toBe(403)

  await call.delete('/api/v1/tours/pga')
  expect((await find(fieldhouse.as(), 'ocean')).tours).toEqual([])
})

test('members find people by the leagues that both may see', async () => {
  const fieldhouse = await service()
  const open = await newCup(fieldhouse.call, {}, { name: 'Open cup' })
  const hidden = await newCup(fieldhouse.call, { public: false }, { name: 'Closed cup' })
  await newTraders(fieldhouse, open.id, ['pat_open'])
  const closed = await newTrader(fieldhouse, 'pat_closed')
  await fieldhouse.call.post(`/api/v1/leagues/${hidden.id}/join`, { user_id: closed.id })
  await newTrader(fieldhouse, 'pat_nowhere')
  const max = await newTrader(fieldhouse, 'max')
  expect(names((await max.get('/api/v1/search?q=pat')).users)).toEqual(['pat_open'])
  expect(names((await fieldhouse.call.get('/api/v1/search?q=pat')).users)).toHaveLength(3)
})

test('the page of the search lists what is found with where it is, and works without script', async () => {
  const fieldhouse = await service()
  const { id } = await newCup(fieldhouse.call, {}, { name: '<b>Northern</b> cup' })
  await sendQuotes(fieldhouse.call, { 'BRK.B': 300 })
  const pageText = fieldhouse.as().get
  const found = await pageText('/search?q=north')
  expect(found).toContain(`<a href="/leagues/${id}"><bdi class="name">&lt;b&gt;Northern&lt;/b&gt; cup</bdi></a>`)
  expect(await pageText('/search?q=brk.b')).toContain('href="/quotes/BRK.B"')
  expect(await pageText('/search?q=zzz')).toContain('Nothing found')
  await sendQuotes(fieldhouse.call, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`ZX${i + 10}`, 100])))
  expect(await pageText('/search?q=zx')).toContain('<a href="/search?q=zx&amp;category=symbols">More symbols</a>')
  expect(await pageText('/search?q=zx&category=symbols')).toContain('At most 50 are listed')
  expect(await pageText('/search')).toContain('<form class="search" method="get" action="/search"')
  expect(await pageText('/')).toContain('action="/search"')
  const part = await pageText('/search/part?q=north')
  expect(part).toContain('role="option"')
  expect(part).not.toContain('<html')
})

test('any input is searched as words, never as a query', async () => {
  const { call } = await service()
  await newCup(call, {}, { name: 'Fifty "percent" (off) NEAR* ^you' })
  for (const q of ['"', '*', '(((', 'a AND', 'NOT', '^', 'name:x', "';--", '-', '\u0000', '💥', 'x'.repeat(100)]) {
    const found = await call.get(`/api/v1/search?q=${encodeURIComponent(q)}`)
    expect(Object.keys(found)).toContain('leagues')
  }
  expect(names((await call.get('/api/v1/search?q=near*')).leagues)).toHaveLength(1)
  expect(names((await call.get('/api/v1/search?q=%22perc')).leagues)).toHaveLength(1)
  expect((await refusalOf(call.get('/api/v1/search?q='))).status).toBe(422)
  expect((await refusalOf(call.get('/api/v1/search?q=a&category=things'))).status).toBe(422)
})

test('a league that is deleted during a search is left out, and the others are found', async () => {
  const fieldhouse = await service()
  const { app, call } = fieldhouse
  const [first, second, third] = [await newCup(call), await newCup(call), await newCup(call)]
  const ann = await newTrader(fieldhouse, 'ann')
  for (const { id } of [first, second, third]) await ann.post(`/api/v1/leagues/${id}/join`)
  const searching = readSearch(app, { q: 'ann', categories: ['players'], who: undefined, limit: 10 })
  for (let i = 0; i < 5; i++) await Promise.resolve() // it has begun, and reads the first board
  app.db.$client.run('delete from leagues where id in (?, ?)', [first.id, second.id])
  const { players } = answerValue(await searching)
  expect(players?.map(({ league }) => league.id)).toEqual([third.id])
})

test('search results are cached for an hour', async () => {
  const fieldhouse = await start()
  const state = async () => (await fieldhouse.as().raw('/api/v1/search?q=alp')).headers.get('x-cache')
  expect([await state(), await state()]).toEqual(['miss', 'hit'])
  fieldhouse.clock.forward(50 * 60_000)
  expect(await state()).toBe('hit')
  fieldhouse.clock.forward(11 * 60_000)
  expect(await state()).not.toBe('hit')
})

test('cached results do not show people who were deleted or renamed', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const people = ['ann', 'bob'].map(username => ({
    ...{ username, email: `${username}@example.org` },
    ...{ password: 'long enough for all', role: 'member' },
  }))
  for (const person of people) await call.post('/api/v1/users', person)
  const countFound = async (q: string) => (await call.get(`/api/v1/search?q=${q}`)).users.length
  expect([await countFound('ann'), await countFound('bob')]).toEqual([1, 1])
  await call.delete('/api/v1/users/1')
  await call.patch('/api/v1/users/2', { username: 'robert' })
  expect([await countFound('ann'), await countFound('bob'), await countFound('robert')]).toEqual([0, 0, 1])
})
