import { expect, test } from 'bun:test'
import { openBeside } from '../db/open.ts'
import { newTrader } from './market.ts'
import { newLeague, season, upload } from './sheets.ts'
import { afterTest, refusalOf, shared, start } from './start.ts'

/** Shared by tests that only look at leagues and people of their own. */
const service = shared(() => start())

test('a stranger reads leagues but may not create one', async () => {
  const { as } = await start()
  expect(await as().get('/api/v1/leagues')).toEqual({
    leagues: [],
    pagination: { page: 1, limit: 20, total: 0, pages: 0 },
  })
  const { problem } = await refusalOf(as().post('/api/v1/leagues', { name: 1 }))
  expect(problem).toMatchObject({ status: 401, code: 'unauthorized' })
})

test('a league is created, read, changed, listed and deleted', async () => {
  const { call } = await start()
  const league = await newLeague(call)
  expect(league).toMatchObject({ id: 1, name: season.name, kind: 'sheet', status: 'active', members: 0, config: {} })
  expect(await call.get('/api/v1/leagues/1')).toEqual(league)
  expect(await call.get('/api/v1/leagues?kind=sheet&status=active')).toMatchObject({ pagination: { total: 1 } })
  expect(await call.get('/api/v1/leagues?kind=tour')).toMatchObject({ pagination: { total: 0 } })
  expect(await call.get('/api/v1/leagues/active?kind=sheet')).toMatchObject([{ id: 1 }])
  expect(await call.patch('/api/v1/leagues/1', { name: 'Southern', config: { weights: { power: 2 } } })).toMatchObject({
    name: 'Southern',
    config: { weights: { power: 2 } },
  })
  expect(await call.get('/api/v1/leagues/active')).toMatchObject([{ name: 'Southern' }])
  expect((await refusalOf(call.delete('/api/v1/leagues/1', { name: 'Northern' }))).problem).toMatchObject({
    status: 422,
    errors: [{ path: 'name' }],
  })
  const remove = () => call.delete('/api/v1/leagues/1', { name: 'Southern' })
  const answers = await Promise.allSettled([remove(), remove()])
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect((await refusalOf(call.get('/api/v1/leagues/1'))).status).toBe(404)
  expect(await call.get('/api/v1/leagues/active')).toEqual([])
})

test('bad input names every field and what was expected', async () => {
  const { call } = await service()
  const { problem } = await refusalOf(call.post('/api/v1/leagues', { name: '', kind: 'chess', starts_at: 'soon' }))
  expect(problem).toMatchObject({ status: 422, code: 'invalid' })
  expect(problem.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
    'ends_at',
    'kind',
    'name',
    'starts_at',
  ])
  const reversed = { ...season, starts_at: season.ends_at, ends_at: season.starts_at }
  expect((await refusalOf(call.post('/api/v1/leagues', reversed))).problem.errors).toMatchObject([{ path: 'ends_at' }])
  const config = { weights: { power: 'much' }, classify_by: 'luck', webhook_url: 'ftp://x' }
  const paths = (await refusalOf(newLeague(call, config))).problem.errors.map(({ path }: { path: string }) => path)
  expect(new Set(paths)).toEqual(new Set(['config.weights.power', 'config.classify_by', 'config.webhook_url']))
})

test('the status of a league follows the clock, also where it is cached', async () => {
  const { call, clock } = await start()
  const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
  await call.post('/api/v1/leagues', { ...season, starts_at: at(1), ends_at: at(2) })
  const status = async () => (await call.get('/api/v1/leagues/1')).status
  const totals = async () => {
    const requests = ['upcoming', 'active', 'ended'].map(each => call.get(`/api/v1/leagues?status=${each}`))
    return (await Promise.all(requests)).map(({ pagination }) => pagination.total)
  }
  expect(await status()).toBe('upcoming')
  expect(await totals()).toEqual([1, 0, 0])
  expect(await call.get('/api/v1/leagues/active')).toEqual([])
  clock.forward(86_400_000 + 1_000)
  expect(await status()).toBe('active')
  expect(await totals()).toEqual([0, 1, 0])
  expect(await call.get('/api/v1/leagues/active')).toHaveLength(1)
  clock.forward(86_400_000)
  expect(await status()).toBe('ended')
  expect(await totals()).toEqual([0, 0, 1])
  expect(await call.patch('/api/v1/leagues/1', { archived: true })).toMatchObject({ status: 'archived' })
  expect(await call.get('/api/v1/leagues')).toMatchObject({ pagination: { total: 0 } })
  expect(await call.get('/api/v1/leagues?status=archived')).toMatchObject({ pagination: { total: 1 } })
})

test('lists come page by page with links to the others', async () => {
  const { call } = await start()
  for (let i = 0; i < 5; i++) await newLeague(call, {}, `League ${i}`)
  const answer = await call.raw('/api/v1/leagues?limit=2&page=2')
  expect(answer.headers.get('link')).toContain('</api/v1/leagues?limit=2&page=3>; rel="next"')
  expect(await answer.json()).toMatchObject({
    leagues: [{ name: 'League 2' }, { name: 'League 1' }],
    pagination: { page: 2, limit: 2, total: 5, pages: 3 },
  })
  expect((await call.get('/api/v1/leagues?limit=100000&page=-3')).pagination).toMatchObject({ page: 1, limit: 500 })
  expect(await call.get('/?limit=2&status=active')).toContain('href="/?status=active&amp;page=3&amp;limit=2"')
  const active = await call.raw('/api/v1/leagues/active?limit=2&page=3')
  expect(active.headers.get('link')).toContain('</api/v1/leagues/active?limit=2&page=2>; rel="prev"')
  expect(await active.json()).toMatchObject([{ name: 'League 0' }])
  expect(await call.get('/api/v1/leagues/active')).toHaveLength(5)
})

test('a private league does not exist for strangers', async () => {
  const { call, as } = await start()
  await newLeague(call, { public: false })
  expect(await as().get('/api/v1/leagues')).toMatchObject({ leagues: [], pagination: { total: 0 } })
  expect(await call.get('/api/v1/leagues')).toMatchObject({ leagues: [{ id: 1 }], pagination: { total: 1 } })
  expect(await as().get('/api/v1/leagues/active')).toEqual([])
  for (const path of [
    '',
    '/leaderboard',
    '/members',
    '/stats',
    '/players',
    '/players/1',
    '/classifications',
    '/leaderboard.csv',
  ])
    expect((await refusalOf(as().get(`/api/v1/leagues/1${path}`))).status).toBe(401)
  expect(await call.get('/api/v1/leagues/1')).toMatchObject({ id: 1 })
})

test('unknown users cannot be added to a league', async () => {
  const { call } = await service()
  for (const kind of ['sheet', 'market']) {
    const { id } = await call.post('/api/v1/leagues', { ...season, kind })
    const refusal = await refusalOf(call.post(`/api/v1/leagues/${id}/join`, { user_id: 77 }))
    expect(refusal).toMatchObject({ status: 404, problem: { detail: 'There is no user 77' } })
  }
})

test('a webhook address is shown nowhere, because anyone who knows it may post to it', async () => {
  const { call, lines } = await service()
  const webhook_url = 'https://hooks.example.org/of-ours'
  const created = await newLeague(call, { webhook_url })
  const changed = await call.patch(`/api/v1/leagues/${created.id}`, { config: { webhook_url: `${webhook_url}/too` } })
  expect(JSON.stringify([created, changed])).not.toContain('of-ours')
  for (const path of [
    `/api/v1/leagues/${created.id}`,
    '/api/v1/leagues',
    '/admin/audit/logs/json',
    '/admin/audit/logs',
  ])
    expect(JSON.stringify(await call.get(path))).not.toContain('of-ours')
  expect(JSON.stringify(lines)).not.toContain('of-ours')
})

test('a league made private is closed to strangers at once, whatever of it was cached', async () => {
  const { call, as, finished } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Name,Power\n1,Cyrus,5\n'))
  await call.post('/api/v1/users', {
    email: 'a@b.cd',
    username: 'ann',
    password: 'long enough for all',
    role: 'member',
  })
  await call.post(`/api/v1/leagues/${id}/join`, { user_id: 1 })
  const league = `/api/v1/leagues/${id}`
  const leaguePaths = ['', '/members', '/leaderboard', '/stats', '/classifications', '/players/1'].map(
    path => league + path,
  )
  const listPaths = ['/api/v1/search?q=cyrus', '/api/v1/search?q=northern', '/api/v1/leagues', '/api/v1/leagues/active']
  const read = async (path: string) => {
    const answer = await as().raw(path)
    return [path, answer.status, /Northern|Cyrus/.test(await answer.text())]
  }
  for (let i = 0; i < 2; i++) for (const path of [...leaguePaths, ...listPaths]) expect((await read(path))[1]).toBe(200)
  await call.patch(league, { config: { public: false } })
  for (const path of leaguePaths) expect(await read(path)).toEqual([path, 401, false])
  for (const path of listPaths) expect(await read(path)).toEqual([path, 200, false])
})

test('a league is found by any part of its name, in capitals or not, also with letters beyond A to Z', async () => {
  const { call } = await service()
  await newLeague(call, {}, 'Österreich-Cup')
  await newLeague(call, {}, 'Северная лига')
  const found = async (q: string) =>
    (await call.get(`/api/v1/leagues?q=${encodeURIComponent(q)}`)).leagues.map(({ name }: { name: string }) => name)
  for (const q of ['Österreich', 'öster', 'ÖSTERREICH-CUP', 'oster']) expect(await found(q)).toEqual(['Österreich-Cup'])
  for (const q of ['Северная', 'северная лига', 'ЛИГА']) expect(await found(q)).toEqual(['Северная лига'])
  expect(await found('Norden')).toEqual([])
})

type Started = Pick<Awaited<ReturnType<typeof start>>, 'call' | 'dataDir'>

/** Requests that wait until another process has made a change to the league. */
async function duringChange<T>({ call, dataDir }: Started, change: string, id: number, request: () => Promise<T>) {
  const { $client: other } = openBeside(dataDir)
  afterTest(() => other.close())
  other.run('begin immediate')
  other.run(`update leagues set ${change} where id = ?`, [id])
  const answer = request()
  for (let i = 0; i < 3; i++) await call.get(`/api/v1/leagues/${id}`)
  other.run('commit')
  return answer
}

test('a change of the config keeps what another process has changed meanwhile, and does not reach a final league', async () => {
  const fieldhouse = await service()
  const { call } = fieldhouse
  const { id } = await newLeague(call, { goal: 3 })
  const patch = () => call.patch(`/api/v1/leagues/${id}`, { config: { public: false } })
  await duringChange(fieldhouse, `config = json_set(config, '$.goal', 5)`, id, patch)
  expect((await call.get(`/api/v1/leagues/${id}`)).config).toMatchObject({ goal: 5, public: false })
  const refused = await duringChange(fieldhouse, `finalized_at = 1, final_hash = ''`, id, () => refusalOf(patch()))
  expect(refused.status).toBe(409)
})

test('nobody joins a league that was archived while they waited for another write', async () => {
  const fieldhouse = await service()
  const { call } = fieldhouse
  const { id } = await newLeague(call)
  const cy = await newTrader(fieldhouse, 'cy')
  const join = () => refusalOf(cy.post(`/api/v1/leagues/${id}/join`))
  const refused = duringChange(fieldhouse, 'archived_at = 1', id, join)
  expect((await refused).problem).toMatchObject({ status: 409, detail: expect.stringContaining('archived') })
})

test('a private league is for its members, and for those whom an officer adds', async () => {
  const fieldhouse = await service()
  const { call } = fieldhouse
  const { id } = await newLeague(call, { public: false }, 'Secret society')
  const [ann, bob] = [await newTrader(fieldhouse, 'ann'), await newTrader(fieldhouse, 'bob')]
  const officer = await newTrader(fieldhouse, 'olga', 'officer')
  const league = `/api/v1/leagues/${id}`
  const reads = ['', '/leaderboard', '/members', '/stats', '/players', '/classifications', '/leaderboard.csv']
  const lists = ['/api/v1/leagues', '/api/v1/leagues/active', '/api/v1/search?q=secret', '/']
  const isListedFor = async ({ raw }: typeof ann) =>
    Promise.all(lists.map(async path => (await (await raw(path)).text()).includes('Secret society')))

  for (const path of reads) expect((await refusalOf(ann.get(league + path))).status).toBe(403)
  expect((await ann.raw(`/leagues/${id}`)).status).toBe(403)
  expect((await ann.raw(`/leagues/${id}/events`)).status).toBe(403)
  expect((await refusalOf(ann.post(`${league}/join`))).status).toBe(403)
  expect(await isListedFor(ann)).toEqual([false, false, false, false])
  expect(await isListedFor(officer)).toEqual([true, true, true, true])

  expect((await refusalOf(ann.post(`${league}/join`, { username: 'ann' }))).status).toBe(403)
  const unknown = await refusalOf(officer.post(`${league}/join`, { username: 'nobody' }))
  expect([unknown.status, unknown.problem.errors]).toEqual([
    422,
    [{ path: 'username', message: 'There is no user nobody.' }],
  ])
  const joined = await officer.post(`${league}/join`, { username: 'Ann' })
  expect(joined).toMatchObject({ user_id: ann.id, joined: true, message: 'ann is a member now' })
  const again = await officer.post(`${league}/join`, { user_id: ann.id })
  expect(again).toMatchObject({ joined: false, message: 'ann was a member already' })
  for (const path of reads) expect((await ann.raw(league + path)).status).toBe(200)
  expect(await isListedFor(ann)).toEqual([true, true, true, true])
  for (const path of reads) expect((await refusalOf(bob.get(league + path))).status).toBe(403)
  expect(await isListedFor(bob)).toEqual([false, false, false, false])
})

test('a league that is to be sorted by what its sheets do not have is sorted by score', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, { score_on: 'current', sort: 'honour' })
  await finished(upload(call, id, 'ID,Power\n1,5\n2,9\n'))
  const path = `/api/v1/leagues/${id}/leaderboard`
  expect(await call.get(path)).toMatchObject({ sort_by: 'score', order: 'desc', rows: [{ player_id: '2' }, {}] })
  expect((await call.get(`${path}.csv`)).split('\r\n')[1]).toStartWith('1,,2')
  expect((await call.raw(`/leagues/${id}`, { headers: { accept: 'text/html' } })).status).toBe(200)
  expect((await refusalOf(call.get(`${path}?sort_by=kills`))).status).toBe(400)
  await finished(upload(call, id, 'ID,Power,Honour\n1,5,8\n2,9,3\n'))
  expect(await call.get(path)).toMatchObject({ sort_by: 'honour', rows: [{ player_id: '1' }, {}] })
})

test('a webhook has an address on the internet, as feeds do', async () => {
  const { call } = await start({ ALLOW_PRIVATE_FEEDS: 'false' })
  const { id } = await newLeague(call, { webhook_url: 'https://hooks.example.org/x' })
  const errorsOf = async (request: Promise<unknown>) => (await refusalOf(request)).problem.errors
  for (const [url, why] of [
    ['http://127.0.0.1:6379/', 'http://127.0.0.1:6379 is not on the public internet'],
    ['http://[::1]/', 'http://[::1] is not on the public internet'],
    ['http://169.254.169.254/latest', 'http://169.254.169.254 is not on the public internet'],
    ['http://localhost:3000/', 'http://localhost:3000 is not on the public internet'],
    ['http://db.localhost/', 'http://db.localhost is not on the public internet'],
    ['https://redis/', 'https://redis is not on the public internet'],
    ['http://', 'This is not a URL'],
    ['https://a b', 'This is not a URL'],
  ]) {
    const errors = [{ path: 'config.webhook_url', message: `This cannot be a webhook: ${why}.` }]
    const webhook_url = url as string
    expect(await errorsOf(newLeague(call, { webhook_url }))).toEqual(errors)
    expect(await errorsOf(call.patch(`/api/v1/leagues/${id}`, { config: { webhook_url } }))).toEqual(errors)
  }
  await call.patch(`/api/v1/leagues/${id}`, { config: { webhook_url: null } })
  expect((await call.get(`/api/v1/leagues/${id}`)).config).not.toHaveProperty('webhook_url')
})

test('a league is copied with its rules and without what was played', async () => {
  const { call, as, finished } = await start()
  const { id } = await newLeague(call, { weights: { power: 3 }, public: false })
  await finished(upload(call, id, 'ID,Power\n1,5\n'))
  const next = { name: 'Second season', starts_at: '2027-01-01T00:00:00.000Z', ends_at: '2027-06-01T00:00:00.000Z' }
  const copy = await call.post(`/api/v1/leagues/${id}/copy`, next)
  expect(copy).toMatchObject({ ...next, kind: 'sheet', config: { weights: { power: 3 }, public: false }, members: 0 })
  expect(copy.id).not.toBe(id)
  expect((await call.get(`/api/v1/leagues/${copy.id}/uploads`)).uploads).toEqual([])
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/copy`, { name: 'x' }))).status).toBe(422)
  expect((await refusalOf(as().post(`/api/v1/leagues/${id}/copy`, next))).status).toBe(401)
  const { logs } = await call.get('/admin/audit/logs/json')
  expect(logs[0]).toMatchObject({ action: 'league.copy', detail: { of: id } })
})

test('a copy of a league weighs the same metrics, also those whose names are read as others where there is no sheet', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Power,Total Power\n1,5,50\n'))
  const weights = { power: 1, total_power: 2 }
  await call.patch(`/api/v1/leagues/${id}`, { config: { weights } })
  const next = { name: 'Second season', starts_at: '2027-01-01T00:00:00.000Z', ends_at: '2027-06-01T00:00:00.000Z' }
  expect((await call.post(`/api/v1/leagues/${id}/copy`, next)).config).toEqual({ weights })
})

test('the number of leagues follows who may see them', async () => {
  const { app, call, as } = await start()
  const { id } = await newLeague(call)
  const ann = await newTrader({ app, as }, 'ann')
  const totals = async () => {
    const lists = await Promise.all([as(), ann, call].map(each => each.get('/api/v1/leagues')))
    return lists.map(({ pagination }) => pagination.total)
  }
  expect(await totals()).toEqual([1, 1, 1])
  await call.patch(`/api/v1/leagues/${id}`, { config: { public: false } })
  expect(await totals()).toEqual([0, 0, 1])
  await call.post(`/api/v1/leagues/${id}/join`, { user_id: ann.id })
  expect(await totals()).toEqual([0, 1, 1])
  await call.delete(`/api/v1/leagues/${id}/members/${ann.id}`)
  expect(await totals()).toEqual([0, 0, 1])
})
