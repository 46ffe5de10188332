import { expect, test } from 'bun:test'
import { newLeague, upload } from './sheets.ts'
import { shared, start } from './start.ts'
import { visitor } from './visitor.ts'

const asPage = { headers: { accept: 'text/html' } }
const firstScan = 'id,name,power\na,Ann,10\nb,Bob,20'
const secondScan = 'id,name,power\na,Ann,90\nb,Bob,20'
const textOf = async (response: Response | Promise<Response>) => (await response).text()

async function startWithBoard() {
  const fieldhouse = await start()
  const { id } = await newLeague(fieldhouse.call, { score_on: 'current' })
  await fieldhouse.finished(upload(fieldhouse.call, id, firstScan))
  return { ...fieldhouse, id, stranger: fieldhouse.as() }
}

/** Shared by tests that leave it unchanged. */
const service = shared(() => start())

test('asset names contain a hash of their content, and assets are cached for ever', async () => {
  const { as } = await service()
  const page = await textOf(as().raw('/', asPage))
  const urls = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url]) => url ?? '')
  expect(urls.length).toBeGreaterThanOrEqual(4)
  for (const url of urls) {
    const file = await as().raw(url)
    expect([url, file.status, file.headers.get('cache-control')]).toEqual([
      url,
      200,
      'public, max-age=31536000, immutable',
    ])
    const again = await as().raw(url, { headers: { 'if-none-match': file.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  }
  const withoutHash = await as().raw('/assets/fieldhouse.css')
  expect(withoutHash.headers.get('cache-control')).toBe('no-cache')
  expect((await as().raw('/assets/..%2flayout.ts')).status).toBe(404)
})

test('search engines are told to read no page in all its orders and searches', async () => {
  const { as } = await service()
  const answer = await as().raw('/robots.txt')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)])
  expect(await answer.text()).toContain('Disallow: /*?\n')
})

test('a phone finds an icon and the name of the installation for its home screen', async () => {
  const { as } = await service()
  const answer = await as().raw('/manifest.webmanifest')
  expect(answer.headers.get('content-type')).toStartWith('application/manifest+json')
  const { name, icons } = await answer.json()
  expect(name).toBe('Fieldhouse')
  const icon = await as().raw(icons[0].src)
  expect([icon.status, icon.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect([...(await icon.bytes()).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47])
  const page = await textOf(as().raw('/sign-in'))
  expect(page).toContain(`<link rel="apple-touch-icon" href="${icons[0].src}" />`)
})

test('modules import each other by the hashed address too', async () => {
  const { as } = await service()
  const source = await textOf(as().raw('/assets/fieldhouse.js'))
  const imports = [...source.matchAll(/(?:from|import) ?\(?'([^']+)'/g)].map(([, url]) => url ?? '')
  expect(imports.length).toBeGreaterThan(3)
  for (const url of imports) {
    expect(url).toMatch(/^\/assets\/[\w-]+\.js\?v=\w+$/)
    expect((await as().raw(url)).headers.get('cache-control')).toContain('immutable')
  }
  expect(await textOf(as().raw('/assets/uplot.js'))).toContain('export default uPlot')
})

test('assets are compressed for clients that accept it', async () => {
  const { as } = await service()
  for (const encoding of ['zstd', 'gzip']) {
    const file = await as().raw('/assets/fieldhouse.css', { headers: { 'accept-encoding': encoding } })
    expect([file.headers.get('content-encoding'), file.headers.get('content-type')]).toEqual([
      encoding,
      'text/css; charset=utf-8',
    ])
    expect(await file.text()).toContain('@layer')
  }
})

test('strangers share one board page; signed-in users get their own', async () => {
  const { id, stranger, call, url } = await startWithBoard()
  const path = `/leagues/${id}`
  const states: unknown[] = []
  for (let i = 0; i < 3; i++) states.push((await stranger.raw(path, asPage)).headers.get('x-cache'))
  expect(states).toEqual(['miss', 'hit', 'hit'])
  const response = await stranger.raw(path, asPage)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
  const tag = { 'if-none-match': response.headers.get('etag') ?? '' }
  expect((await stranger.raw(path, { headers: { ...asPage.headers, ...tag } })).status).toBe(304)

  await call.post('/api/v1/users', {
    email: 'max@example.org',
    username: 'Max',
    password: 'a long enough one',
    role: 'member',
  })
  const max = visitor(url)
  await max.signIn('max@example.org', 'a long enough one')
  const own = await max.visit(path, { headers: { ...asPage.headers, ...tag } })
  expect([own.status, own.headers.get('cache-control'), own.headers.get('x-cache')]).toEqual([200, 'no-store', 'miss'])
  expect(await own.text()).toMatch(/href="\/account"[^>]*><bdi>Max</)
  const operators = await textOf(call.raw(path, asPage))
  expect(operators).toContain('<bdi>operator<')
  expect(operators).not.toContain('href="/account"') // they have none
  expect(await textOf(stranger.raw(path, asPage))).not.toContain('>Max<')
})

test('the very next reader of a page sees what was uploaded', async () => {
  const { id, stranger, call, finished } = await startWithBoard()
  const leader = async (path: string) =>
    (await textOf(stranger.raw(path, asPage))).match(/<bdi class="name">(Ann|Bob)/)?.[1]
  const paths = [`/leagues/${id}`, `/leagues/${id}/board`, `/leagues/${id}?limit=1`]
  for (const path of paths) expect(await leader(path)).toBe('Bob')
  await finished(upload(call, id, secondScan))
  for (const path of paths) expect(await leader(path)).toBe('Ann')
})

test('a chat that shows a card of a link to a board is told the league and who leads', async () => {
  const { call, finished, as } = await service()
  const { id } = await newLeague(call, { score_on: 'current' })
  const page = () => textOf(as().raw(`/leagues/${id}`, asPage))
  expect(await page()).not.toContain('og:')
  await finished(upload(call, id, 'id,name,power\na,Ann,1000\nb,"Bob ""B"" <3",2000\nc,,1\nd,Di,1'))
  const tags = [...(await page()).matchAll(/<meta property="og:(\w+)" content="([^"]*)"/g)].map(([, ...tag]) => tag)
  expect(tags).toEqual([
    ['title', 'Northern season'],
    ['description', '1. Bob &quot;B&quot; &lt;3 2,000 · 2. Ann 1,000 · 3. c 1'],
    ['site_name', 'Fieldhouse'],
  ])
  const card = await textOf(as().raw(`/leagues/${id}/players/b`, asPage))
  expect(card).toContain('<meta property="og:description" content="Rank 1, score 2,000" />')
})

test('a league that is made private shows its board to no stranger any more', async () => {
  const { id, stranger, call } = await startWithBoard()
  for (let i = 0; i < 2; i++) expect((await stranger.raw(`/leagues/${id}`, asPage)).status).toBe(200)
  await call.patch(`/api/v1/leagues/${id}`, { config: { public: false } })
  for (const rest of ['', '/board', '/players/a']) {
    const answer = await stranger.raw(`/leagues/${id}${rest}`, asPage)
    expect([rest, answer.status, answer.headers.get('location')]).toEqual([
      rest,
      303,
      `/sign-in?next=${encodeURIComponent(`/leagues/${id}${rest}`)}`,
    ])
  }
  expect((await stranger.raw(`/leagues/${id}/events`)).status).toBe(401)
  expect(await textOf(stranger.raw('/', asPage))).not.toContain('Northern season')
  await call.patch(`/api/v1/leagues/${id}`, { config: { public: null } })
  expect((await stranger.raw(`/leagues/${id}`, asPage)).status).toBe(200)
})

test('the stream of a board says another version after a change, the one the next fetch brings', async () => {
  const { id, stranger, call, finished } = await startWithBoard()
  const events = await stranger.raw(`/leagues/${id}/events`)
  const versions: string[] = []
  const changed = Promise.withResolvers<void>()
  const read = async () => {
    for await (const text of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      for (const [, version] of text.matchAll(/"version":"(\w+)"/g)) versions.push(version ?? '')
      if (versions.length > 1) changed.resolve()
    }
  }
  read().catch(changed.reject)
  const version = async () => (await stranger.raw(`/leagues/${id}/board`)).headers.get('x-version') ?? ''
  const before = await version()
  expect(await textOf(stranger.raw(`/leagues/${id}`, asPage))).toContain(`data-version="${before}"`)
  await finished(upload(call, id, secondScan))
  await changed.promise
  expect(versions).toEqual([before, await version()])
})

test('an invalid page is refused with an error page', async () => {
  const { id, stranger } = await startWithBoard()
  const refusals = [
    ['/leagues/99', 404],
    [`/leagues/${id}?sort_by=nothing`, 400],
    [`/leagues/${id}?order=sideways`, 422],
    [`/leagues/${id}/players/nobody`, 404],
    [`/leagues/${id}?around=nobody`, 404],
    ['/leagues/abc', 422],
  ] as const
  for (const [path, status] of refusals) {
    const answer = await stranger.raw(path, asPage)
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
      path,
      status,
      'text/html; charset=utf-8',
    ])
    expect(await answer.text()).toContain('<h1>')
  }
  expect((await stranger.raw('/leagues/99')).headers.get('content-type')).toBe('application/problem+json')
  expect((await stranger.raw('/leagues/new', asPage)).status).toBe(303)
})

test('leagues are found by kind, status and part of the name', async () => {
  const { call, as } = await start()
  await newLeague(call, {}, 'Harbour Cup')
  await newLeague(call, {}, 'Northern war <1>')
  const namesOn = async (query: string) =>
    [...(await textOf(as().raw(`/${query}`, asPage))).matchAll(/<bdi class="name">([^<]+)</g)].map(([, name]) => name)
  expect(await namesOn('')).toEqual(['Northern war &lt;1&gt;', 'Harbour Cup'])
  expect(await namesOn('?q=HARB')).toEqual(['Harbour Cup'])
  expect(await namesOn('?q=%25')).toEqual([])
  expect(await namesOn('?status=final')).toEqual([])
  expect(await namesOn('?limit=1&page=2')).toEqual(['Harbour Cup'])
  expect((await call.get('/api/v1/leagues?q=war')).leagues).toHaveLength(1)
})

test('page reads count against the same limit as the API', async () => {
  const { call, as } = await start({ RATE_LIMIT: '3' })
  const { id } = await newLeague(call)
  const statuses: number[] = []
  for (const path of [`/leagues/${id}`, `/api/v1/leagues/${id}/leaderboard`, `/leagues/${id}/board`, `/leagues/${id}`])
    statuses.push((await as().raw(path, asPage)).status)
  expect(statuses).toEqual([200, 200, 200, 429])
})

test('addresses that people type by hand redirect to a page', async () => {
  const { url } = await service()
  const redirectOf = async (path: string) => {
    const { status, headers } = await fetch(url + path, { redirect: 'manual' })
    return [status, headers.get('location')]
  }
  expect(await redirectOf('/admin')).toEqual([303, '/admin/monitoring/'])
  expect(await redirectOf('/login?next=/rota')).toEqual([303, '/sign-in?next=/rota'])
  expect(await redirectOf('/leagues?q=cup')).toEqual([303, '/?q=cup'])
})
