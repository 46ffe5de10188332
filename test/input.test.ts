import { expect, test } from 'bun:test'
import { routes } from '../src/routes.ts'
import { newLeague, season, upload } from './sheets.ts'
import { refusalOf, shared, start } from './start.ts'

type Mistake = { path: string; message: string }
type Started = Awaited<ReturnType<typeof start>>

const aDate = 'Write a date such as 2026-03-30, from 1970 to 2100.'
const aDayOrTime = 'Write a day such as 2026-03-30, or a time such as 2026-03-30T12:00:00Z, from 1970 to 2100.'
const aTime = 'Write a time such as 2026-03-01T12:00:00Z, from 1970 to 2100.'

const errorsOf = async (call: Promise<unknown>): Promise<string[]> => {
  const { status, problem } = await refusalOf(call)
  expect(status).toBe(422)
  return problem.errors.map(({ path, message }: Mistake) => `${path}: ${message}`)
}
const linksOf = async ({ call }: Pick<Started, 'call'>, path: string) => {
  const header = (await call.raw(path)).headers.get('link') ?? ''
  return Object.fromEntries([...header.matchAll(/<([^>]+)>; rel="(\w+)"/g)].map(([, to, rel]) => [rel, to]))
}

/** Shared by tests that do not mind what others have added. */
const service = shared(() => start())

test('a page far beyond the last is empty, and leads back to the last', async () => {
  const fieldhouse = await start()
  for (const page of ['7', '99999999999999999999'])
    expect(await fieldhouse.call.get(`/api/v1/users?page=${page}`)).toMatchObject({
      users: [],
      pagination: { total: 0 },
    })
  await newLeague(fieldhouse.call)
  const links = await linksOf(fieldhouse, '/api/v1/leagues?page=7')
  expect(links).toMatchObject({ prev: '/api/v1/leagues?page=1', last: '/api/v1/leagues?page=1' })
})

test('a board comes with links to its other pages, from the cache too', async () => {
  const fieldhouse = await service()
  const { call, as, finished } = fieldhouse
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Power\n1,5\n2,4\n3,3\n'))
  const board = `/api/v1/leagues/${id}/leaderboard`
  const next = `${board}?limit=1&page=3`
  for (const one of [fieldhouse, fieldhouse, { call: as() }, { call: as() }])
    expect(await linksOf(one, `${board}?limit=1&page=2`)).toMatchObject({ prev: `${board}?limit=1&page=1`, next })
  expect(await linksOf(fieldhouse, `${board}?around=2&limit=1`)).toMatchObject({ next })
})

test('a mistake names its field, in the path, the query and the body', async () => {
  const { call } = await service()
  expect(await errorsOf(call.get('/api/v1/users/0'))).toEqual(['id: Write a whole number, 1 or more.'])
  expect(await errorsOf(call.get('/api/v1/users/x'))).toEqual(['id: Write a whole number, 1 or more.'])
  expect(await errorsOf(call.get('/api/v1/users/0x1'))).toEqual(['id: Write a whole number, 1 or more.'])
  expect(await errorsOf(call.get('/api/v1/users?page=two'))).toEqual(['page: Write a whole number.'])
  const hours = await errorsOf(call.get('/admin/monitoring/trading-activity/json?hours=-1'))
  expect(hours).toEqual(['hours: Write a whole number from 1 to 720.'])
  const tour = { slug: 'pga', name: 'PGA', feed_url: 'http://localhost/', format: 'espn', interval_s: '0' }
  expect(await errorsOf(call.post('/api/v1/tours', tour))).toEqual([
    'interval_s: Write a whole number from 1 to 86,400.',
  ])
})

test('times are of the calendar and of one place on the line', async () => {
  const { call } = await service()
  for (const starts_at of ['2026-02-30T00:00:00Z', '2027-02-29', '01/02/2026', '2026-01-01T00:00:00', '2026', 'soon'])
    expect(await errorsOf(call.post('/api/v1/leagues', { ...season, starts_at }))).toEqual([`starts_at: ${aTime}`])
  const starts = async (starts_at: string) => (await call.post('/api/v1/leagues', { ...season, starts_at })).starts_at
  expect(await starts('2028-02-29T23:30:00+02:00')).toBe('2028-02-29T21:30:00.000Z')
  expect(await starts('2026-01-01')).toBe('2026-01-01T00:00:00.000Z')
  const late = { symbol: 'ACME', price_cents: 1, as_of: '2026-02-30T00:00:00Z' }
  expect(await errorsOf(call.post('/api/v1/quotes', { quotes: [late] }))).toHaveLength(1)
})

test('what is no object is not taken for an empty one', async () => {
  const { call } = await service()
  for (const config of ['x', ['x'], 7])
    expect(await errorsOf(call.post('/api/v1/leagues', { ...season, config }))).toEqual([
      'config: Write an object with named values: at most 100 names.',
    ])
  expect(await errorsOf(call.post('/api/v1/leagues', 'x'))).toEqual(['body: Write an object with named values.'])
  const staff = { name: 'Ann', preferences: 'mornings' }
  expect(await errorsOf(call.post('/api/v1/roster/staff', staff))).toEqual([
    'preferences: Write a list: at most 100 values.',
  ])
})

async function* noBytes() {
  yield ''
}

test('an action that needs no words takes no body', async () => {
  const { call } = await service()
  const act = async (path: string) => (await call.raw(`/api/v1/${path}`, { method: 'POST' })).status
  expect(await act('roster/leave/999/approve')).toBe(404)
  const inChunks = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: new Blob(['no']).stream() }
  expect((await call.raw('/api/v1/roster/leave/999/approve', inChunks)).status).toBe(415)
  const noChunks = { method: 'POST', body: noBytes() as unknown as ReadableStream }
  expect((await call.raw('/api/v1/roster/leave/999/approve', noChunks)).status).toBe(404)
  expect(await act('roster/swaps/999/decline')).toBe(404)
  expect(await act('invitations')).toBe(201)
  expect(await act('leagues')).toBe(422)
})

test('names are one line, and not blank', async () => {
  const { call } = await service()
  const unseen = ['\u200b', '\u3164', 'a\u202eb', 'a\u2066b', 'a\u0085b', 'a\u2028b', 'a\ufeffb', 'a\ud800b']
  for (const name of ['', '   ', 'a\0b', 'two\nlines', ...unseen]) {
    const expected = (most: number) => [`name: Write one line, not blank, of up to ${most} characters.`]
    expect(await errorsOf(call.post('/api/v1/leagues', { ...season, name }))).toEqual(expected(120))
    expect(await errorsOf(call.post('/api/v1/roster/sites', { name, timezone: 'UTC' }))).toEqual(expected(80))
    expect(await errorsOf(call.post('/api/v1/keys', { name, role: 'member' }))).toEqual(expected(80))
  }
  const fits = 'Été 👩‍👧 🏆️ می‌خواهم'
  expect(await call.post('/api/v1/leagues', { ...season, name: ` ${fits} ` })).toMatchObject({ name: fits })
})

test('a config that does not fit says what would, once for each field', async () => {
  const { call } = await service()
  const wrong = (kind: string, config: object) => errorsOf(call.post('/api/v1/leagues', { ...season, kind, config }))
  expect(await wrong('sheet', { score_on: 'x', goal: 0, webhook_url: 'ftp://x', weights: { deads: 'x' } })).toEqual([
    'config.weights.deads: Write a number from -1,000,000,000 to 1,000,000,000.',
    'config.score_on: Choose one of: gains, current.',
    'config.goal: Write a number above 0, or write an object with named values.',
    'config.webhook_url: Write an address that begins with https:// or http://.',
  ])
  const twice = [
    { name: 'gold', min: 90 },
    { name: 'gold', min: 10 },
  ]
  expect(await wrong('sheet', { tiers: twice })).toEqual([
    'config.tiers.1.name: gold is already the name of another tier.',
  ])
  expect(await wrong('tour', { picks: '3', missed_cut: { rule: 'never' } })).toEqual([
    'config.tour: Fill this in with up to 40 characters.',
    'config.picks: Write a whole number from 1 to 50.',
    'config.missed_cut.rule: Choose one of: actual, worst, plus.',
  ])
})

test('a body in another format than JSON is refused as such', async () => {
  const { call } = await service()
  const send = (type: string, body: string) =>
    call.raw('/api/v1/leagues', { method: 'POST', headers: { 'content-type': type }, body })
  for (const type of ['text/plain', 'application/xml']) expect((await send(type, '<league/>')).status).toBe(415)
  const asCurlSends = await send('application/x-www-form-urlencoded', JSON.stringify(season))
  expect(asCurlSends.status).toBe(415)
  expect((await asCurlSends.json()).detail).toContain('Send the body as application/json')
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const body = Bun.gzipSync(JSON.stringify(season))
  expect((await call.raw('/api/v1/leagues', { method: 'POST', headers, body })).status).toBe(415)
  const { id } = await call.post('/api/v1/leagues', season)
  const rename = (type: string) =>
    call.raw(`/api/v1/leagues/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': type },
      body: '{"name":"Renamed"}',
    })
  for (const type of [
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'application/vnd.ms-excel',
    'image/png',
    'application/jsonp',
  ])
    expect((await rename(type)).status).toBe(415)
  for (const type of ['application/merge-patch+json', 'Application/JSON', 'text/json; charset=utf-8']) {
    await call.patch(`/api/v1/leagues/${id}`, { name: season.name })
    expect((await (await rename(type)).json()).name).toBe('Renamed')
  }
  const untyped = (body: string) => call.raw(`/api/v1/leagues/${id}`, { method: 'PATCH', body }) // as Bun's fetch sends it
  expect((await (await untyped('{"name":"Renamed again"}')).json()).name).toBe('Renamed again')
  expect((await untyped('name=Renamed')).status).toBe(400)
  expect((await send('application/json', '{"name":')).status).toBe(400)
  expect((await send('application/json', '')).status).toBe(422)
})

test('a body that cannot be read is refused, also where none is needed, and text in another encoding is not garbled', async () => {
  const { call } = await start()
  const headers = { 'content-type': 'application/json' }
  const { id: leagueId } = await call.post('/api/v1/leagues', season)
  for (const path of ['/api/v1/roster/staff', '/api/v1/invitations', `/api/v1/leagues/${leagueId}/join`])
    for (const body of ['{"name":', Buffer.from('{"name":"Zo\xeb"}', 'latin1')]) {
      const refused = await call.raw(path, { method: 'POST', headers, body })
      expect(refused.status).toBe(400)
      expect((await refused.json()).detail).toBe('The body is not readable JSON in UTF-8')
    }
  const deep = `{"email":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  const tooDeep = await call.raw('/api/v1/auth/login', { method: 'POST', headers, body: deep })
  expect([tooDeep.status, (await tooDeep.json()).detail]).toEqual([400, 'The body is nested more than 50 levels deep'])
  expect((await call.get('/api/v1/roster/staff')).staff).toEqual([])
  const withMark = await call.raw('/api/v1/roster/staff', { method: 'POST', headers, body: '\ufeff{"name":"Zoë"}' })
  expect((await withMark.json()).name).toBe('Zoë')
})

test('a table is imported and a file is refused in the same way, whatever type the body is said to have', async () => {
  const { call } = await service()
  const { id } = await call.post('/api/v1/leagues', season)
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'text/csv']) {
    const send = (path: string, body: string) =>
      call.raw(path, { method: 'POST', headers: { 'content-type': type }, body })
    expect((await send('/api/v1/quotes/import', 'symbol,price\nACME,3.50\n')).status).toBe(200)
    const refused = await send(`/api/v1/leagues/${id}/uploads`, 'id,power\n1,2\n')
    expect(refused.status).toBe(415)
    expect((await refused.json()).detail).toContain('multipart/form-data')
  }
})

test('only files are taken as a form in parts, whose names of fields could ask for a list of any length', async () => {
  const { as } = await service()
  for (const path of ['/sign-in', '/api/v1/auth/login']) {
    const form = new FormData()
    form.set('email[500000]', 'x')
    const refused = await as().raw(path, { method: 'POST', body: form })
    expect([refused.status, (await refused.json()).detail]).toEqual([
      415,
      expect.stringContaining('multipart/form-data'),
    ])
  }
})

test('input that cannot be made text is refused like any other', async () => {
  const { call } = await service()
  const refusal = await refusalOf(call.post('/api/v1/leagues', { ...season, name: { toString: 1 } }))
  expect(refusal).toMatchObject({ status: 422, problem: { code: 'invalid' } })
})

test('invalid days are refused wherever a day is accepted', async () => {
  const { call } = await service()
  for (const path of ['roster', 'roster/export', 'roster/shifts'])
    for (const [name, date] of [
      ['start', '2027-02-29'],
      ['end', '0000-00-00'],
    ])
      expect(await errorsOf(call.get(`/api/v1/${path}?${name}=${date}`))).toEqual([`${name}: ${aDate}`])
})

test('a change that names nothing changes nothing, and one that is no object is refused', async () => {
  const { call } = await start({ ROLE: 'web' })
  const feed = { name: 'Nasdaq', url: 'http://127.0.0.1:9/' }
  await call.post('/api/v1/tours', { slug: 'pga', name: 'PGA', feed_url: feed.url, format: 'espn' })
  await call.post('/api/v1/quote-feeds', feed)
  await newLeague(call)
  await call.post('/api/v1/users', { email: 'a@b.cd', username: 'ann', password: 'long enough for all', role: 'admin' })
  const { id: site_id } = await call.post('/api/v1/roster/sites', { name: 'Hall', timezone: 'UTC' })
  await call.post('/api/v1/roster/staff', { name: 'Ann', hourly_cents: 5 })
  const shift = { starts_at: '2026-03-01T09:00:00Z', ends_at: '2026-03-01T12:00:00Z', headcount: 3 }
  await call.post('/api/v1/roster/shifts', { site_id, ...shift })
  for (const path of ['tours/pga', 'leagues/1', 'users/1', 'roster/sites/1', 'roster/staff/1', 'roster/shifts/1']) {
    const before = await call.get(`/api/v1/${path}`)
    expect(await call.patch(`/api/v1/${path}`, {})).toEqual(before)
    for (const body of [-1, 'x', [], null, true])
      expect(await errorsOf(call.patch(`/api/v1/${path}`, body))).toEqual(['body: Write an object with named values.'])
  }
  expect(await call.patch('/api/v1/quote-feeds/1', {})).toMatchObject({ name: 'Nasdaq' })
})

test('dates far out of range are refused at once wherever a date is accepted', async () => {
  const { call } = await start()
  await newLeague(call)
  await call.post('/api/v1/roster/sites', { name: 'Hall', timezone: 'UTC' })
  const far = ['9999-12-31', '2101-01-01', '1969-12-31', '0001-01-01']
  const ranges = ['/rota', '/rota/part', '/rota/people', '/rota/people/part', '/rota/shifts']
  for (const path of [...ranges, ...['roster', 'roster/export', 'roster/shifts'].map(each => `/api/v1/${each}`)])
    for (const name of ['start', 'end'])
      for (const date of far) expect(await errorsOf(call.get(`${path}?${name}=${date}`))).toEqual([`${name}: ${aDate}`])
  for (const path of [
    '/admin/audit/logs/json?from',
    '/admin/audit/logs/json?to',
    '/api/v1/quotes/A/options?expiration',
  ])
    for (const date of far) expect(await errorsOf(call.get(`${path}=${date}`))).toHaveLength(1)
  for (const date of far) {
    const time = `${date}T12:00:00Z`
    expect(await errorsOf(call.get(`/api/v1/leagues/1/leaderboard?at=${time}`))).toEqual([`at: ${aTime}`])
    expect(await errorsOf(call.post('/api/v1/leagues', { ...season, ends_at: time }))).toEqual([`ends_at: ${aTime}`])
    expect(
      await errorsOf(call.post('/api/v1/quotes', { quotes: [{ symbol: 'A', price_cents: 1, as_of: time }] })),
    ).toEqual([`quotes.0.as_of: ${aTime}`])
    const shift = { site_id: 1, starts_at: time, ends_at: time }
    expect(await errorsOf(call.post('/api/v1/roster/shifts', shift))).toContain(`starts_at: ${aTime}`)
    const person = {
      name: 'Ann',
      certifications: [{ name: 'first aid', expires_on: date }],
      unavailable: [{ from: time, to: date }],
      preferences: [{ want: 'avoid', date }],
    }
    expect((await errorsOf(call.post('/api/v1/roster/staff', person))).sort()).toEqual([
      `certifications.0.expires_on: ${aDate}`,
      `preferences.0.date: ${aDate}`,
      `unavailable.0.from: ${aDayOrTime}`,
      `unavailable.0.to: ${aDayOrTime}`,
    ])
    const csv = `site,date,from,to\nHall,${date},10:00,12:00\n`
    const rows = `site,starts_at,ends_at\nHall,${time},${time}\nHall,${date} 10:00,${date} 12:00\n`
    expect(await errorsOf(call.post('/api/v1/roster/shifts/import', { csv }))).toHaveLength(1)
    expect(await errorsOf(call.post('/api/v1/roster/shifts/import', { csv: rows }))).toHaveLength(2)
  }
  expect((await call.raw('/rota?end=9999-12-31', { headers: { accept: 'text/html' } })).status).toBe(422)
})

test('the first and the last days that are accepted can be shown', async () => {
  const { call } = await start()
  await call.post('/api/v1/roster/sites', { name: 'Hall', timezone: 'UTC' })
  const shift = { site_id: 1, starts_at: '2100-12-31T09:00:00Z', ends_at: '2100-12-31T12:00:00Z' }
  await call.post('/api/v1/roster/shifts', shift)
  for (const path of ['/rota', '/rota/people'])
    for (const query of ['end=2100-12-31', 'start=2100-12-27', 'start=1970-01-01'])
      expect((await call.raw(`${path}?${query}`)).status).toBe(200)
  expect((await call.get('/api/v1/roster?start=2100-12-27')).shifts).toHaveLength(1)
})

type InputSchema = {
  type?: string
  format?: string
  anyOf?: InputSchema[]
  items?: InputSchema
  properties?: Record<string, InputSchema>
  patternProperties?: Record<string, InputSchema>
  [rule: string]: unknown
}
const boundedFormats = ['date', 'date-time', 'integer', 'numeric', 'boolean'] // formats of which no text is long

/** Finds the inputs of a schema without a maximum length. */
function inputsWithoutLimit(schema: InputSchema | undefined, at: string): string[] {
  const { type, format = '', anyOf, items, properties = {}, patternProperties } = schema ?? {}
  if (!schema || 'const' in schema) return []
  const has = (...rules: string[]) => rules.some(rule => rule in schema)
  const isUnlimited =
    (type === 'string' && !has('maxLength', 'pattern') && !boundedFormats.includes(format)) ||
    (type === 'array' && !has('maxItems')) ||
    (type === 'object' && patternProperties && !has('maxProperties'))
  return [
    ...(isUnlimited ? [at] : []),
    ...(anyOf ?? []).flatMap(each => inputsWithoutLimit(each, at)),
    ...inputsWithoutLimit(items, `${at}[]`),
    ...Object.entries(properties).flatMap(([name, each]) => inputsWithoutLimit(each, `${at}.${name}`)),
  ]
}

test('every text, list and record in a request has a maximum length', async () => {
  const { app } = await service()
  const parts = ['query', 'params', 'headers', 'body'] as const
  const found = routes(app).routes.flatMap(({ method, path, hooks = {} }) =>
    [hooks, ...(hooks.standaloneValidator ?? [])].flatMap(schemas =>
      parts.flatMap(part => inputsWithoutLimit(schemas[part], `${method} ${path} ${part}`)),
    ),
  )
  expect(found).toEqual([])
})

test('the largest numbers are answered without errors', async () => {
  const { call } = await start()
  await newLeague(call)
  for (const huge of ['9007199254740993', `1${'0'.repeat(22)}`]) {
    for (const path of [
      'users/X',
      'leagues/X',
      'leagues/1/leaderboard?page=X',
      'leagues/1/players?page=X',
      'jobs?page=X',
      'roster?site_id=X',
    ])
      expect((await call.raw(`/api/v1/${path.replace('X', huge)}`)).status).toBeLessThan(500)
    for (const path of [
      '/?page=X',
      '/leagues/1?page=X',
      '/rota?site_id=X',
      '/rota/shifts?page=X',
      '/admin/task-monitor/jobs?page=X',
      '/admin/audit/logs?page=X',
    ])
      expect((await call.raw(path.replace('X', huge))).status).toBeLessThan(500)
    const shift = { site_id: Number(huge), starts_at: '2026-03-01T09:00:00Z', ends_at: '2026-03-01T12:00:00Z' }
    expect((await refusalOf(call.post('/api/v1/roster/shifts', shift))).status).toBeLessThan(500)
  }
})

test('a roster that is too long is refused, with what would be accepted', async () => {
  const { call } = await start()
  await call.post('/api/v1/roster/sites', { name: 'Hall', timezone: 'UTC' })
  await call.post('/api/v1/roster/shifts/pattern', {
    site_id: 1,
    start_date: '2026-03-01',
    end_date: '2026-12-31',
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '09:00',
    to: '12:00',
    headcount: 500,
  })
  await call.post('/api/v1/roster/shifts/copy', { from: '2026-03-01', to: '2026-05-30', weeks: 1 })
  const week = 'start=2026-03-08&end=2026-03-14'
  expect((await call.get(`/api/v1/roster?${week}`)).summary.places).toBe(3_500)
  const quarter = 'start=2026-03-01&end=2026-05-31'
  await call.post('/api/v1/roster/shifts/pattern', {
    site_id: 1,
    start_date: '2026-03-01',
    end_date: '2026-12-31',
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '13:00',
    to: '15:00',
    headcount: 500,
  })
  for (const path of ['/rota', '/rota/people', '/api/v1/roster', '/api/v1/roster/export'])
    expect(await errorsOf(call.get(`${path}?${quarter}`))).toEqual([
      'end: There are 92000 places on these days, more than 50000: choose fewer days or a site.',
    ])
})

test('a refusal says in one sentence what is wrong and where', async () => {
  const { call } = await service()
  const detailOf = async (body: object) => (await refusalOf(call.post('/api/v1/leagues', body))).problem.detail
  expect(await detailOf({ ...season, name: '' })).toBe('Name: Write one line, not blank, of up to 120 characters.')
  expect(await detailOf({})).toBe('Correct name, starts at, ends at, and kind.')
})
