import { expect, test } from 'bun:test'
import { newCup, newTrader, newTraders, quote } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, start } from './start.ts'

const names = (rows: { name?: string; username?: string; symbol?: string }[] | undefined) =>
  rows?.map(row => row.name ?? row.username ?? row.symbol)

test('leagues, players, symbols and users are found by how words of their names begin', async () => {
  const fieldhouse = await start()
  const { id } = await newLeague(fieldhouse.call, {}, 'Northern Björn season')
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Name,Power\n1,Björn Ærø,10\n2,Anna,5\n3,Old Björn,7'))
  await newCup(fieldhouse.call, {}, { name: 'Trading cup of the North' })
  await newTraders(fieldhouse, 2, ['bjorn_the_trader', 'anna'])
  await quote(fieldhouse.call, { BJ: 100, BJX: 200, 'BRK.B': 300 })
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
  expect(names((await find('bj')).symbols)).toEqual(['BJ', 'BJX'])
  expect((await find('brk.b')).symbols).toMatchObject([{ symbol: 'BRK.B', price_cents: 300 }])
  expect(names((await find('north cup')).leagues)).toEqual(['Trading cup of the North'])
  expect(names((await find('NORTH')).leagues)).toEqual(['Northern Björn season', 'Trading cup of the North'])
  expect(await find('orthern', '&category=leagues')).toEqual({ q: 'orthern', leagues: [] })
  expect(Object.keys(await find('a', '&category=symbols'))).toEqual(['q', 'symbols'])
})

test('strangers find no users and nothing of private leagues', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { public: false }, { name: 'Secret society' })
  const secretive = await newTrader(fieldhouse, 'secretive')
  await fieldhouse.call.post('/api/v1/leagues/1/join', { user_id: secretive.id })
  const seen = await fieldhouse.as().get('/api/v1/search?q=secret')
  expect(seen).toEqual({ q: 'secret', players: [], leagues: [], symbols: [] })
  expect((await refusalOf(fieldhouse.as().get('/api/v1/search?q=secret&category=users'))).status).toBe(401)
  const known = await fieldhouse.call.get('/api/v1/search?q=secret')
  expect([names(known.players), names(known.leagues), names(known.users)]).toEqual([
    ['secretive'],
    ['Secret society'],
    ['secretive'],
  ])
})

test('the index follows what is renamed, deleted and added', async () => {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, {}, { name: 'Alpha' })
  const [ann] = await newTraders(fieldhouse, 1, ['alphonse'])
  let asked = 0
  const find = (q: string) => fieldhouse.call.get(`/api/v1/search?q=${q}&limit=${++asked}`) // never the cached answer
  expect([names((await find('alp')).leagues), names((await find('alp')).users)]).toEqual([['Alpha'], ['alphonse']])
  await fieldhouse.call.patch('/api/v1/leagues/1', { name: 'Beta' })
  await fieldhouse.call.patch(`/api/v1/users/${ann!.id}`, { username: 'bertram' })
  expect([names((await find('alp')).leagues), names((await find('alp')).users)]).toEqual([[], []])
  expect([names((await find('be')).leagues), names((await find('be')).users)]).toEqual([['Beta'], ['bertram']])
  await fieldhouse.call.delete(`/api/v1/users/${ann!.id}`)
  await fieldhouse.call.delete('/api/v1/leagues/1', { name: 'Beta' })
  const gone = await find('be')
  expect([gone.leagues, gone.users]).toEqual([[], []])
  expect((await find('deleted')).users).toEqual([])
})

test('whatever is typed is words to look for, never a query', async () => {
  const { call } = await start()
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

test('what was found is kept for an hour', async () => {
  const fieldhouse = await start()
  const state = async () => (await fieldhouse.as().raw('/api/v1/search?q=alp')).headers.get('x-cache')
  expect([await state(), await state()]).toEqual(['miss', 'hit'])
  fieldhouse.clock.forward(50 * 60_000)
  expect(await state()).toBe('hit')
  fieldhouse.clock.forward(11 * 60_000)
  expect(await state()).not.toBe('hit')
})

test('who has gone or is called otherwise is found no longer', async () => {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const people = ['ann', 'bob'].map(username => ({
    ...{ username, email: `${username}@example.org` },
    ...{ password: 'long enough for all', role: 'member' },
  }))
  for (const person of people) await call.post('/api/v1/users', person)
  const found = async (q: string) => (await call.get(`/api/v1/search?q=${q}`)).users.length
  expect([await found('ann'), await found('bob')]).toEqual([1, 1])
  await call.delete('/api/v1/users/1')
  await call.patch('/api/v1/users/2', { username: 'robert' })
  expect([await found('ann'), await found('bob'), await found('robert')]).toEqual([0, 0, 1])
})
