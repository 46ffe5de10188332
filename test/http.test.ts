import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NotSynced } from '../db/file.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { importUpload } from '../src/leagues/sheets/import-job.ts'
import { cacheEntry } from '../src/platform/cache/cache.ts'
import { touch } from '../src/platform/cache/stamps.ts'
import { openCachedFastPath } from '../src/platform/http/cached-fast-path.ts'
import { localUrl } from '../src/platform/http/http-server.ts'
import { asRefusal } from '../src/platform/http/problem.ts'
import { readLimit } from '../src/platform/http/rate-limits.ts'
import type { RequestContext } from '../src/platform/http/request-context.ts'
import { cachedResponse, compressed } from '../src/platform/http/responses.ts'
import { openThread, ThreadError } from '../src/platform/process/threads.ts'
import { newMember } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { afterTest, shared, start, temporaryFolder, until } from './start.ts'

const sheet = `ID,Name,Power\n${Array.from({ length: 200 }, (_, i) => `${i},player ${i},${i * 7}`).join('\n')}\n`

/** Shared by tests that leave it unchanged. */
const service = shared(() => start())

async function withBoard(env = {}) {
  const fieldhouse = await start(env)
  const { id } = await newLeague(fieldhouse.call, { score_on: 'current' })
  await fieldhouse.finished(upload(fieldhouse.call, id, sheet))
  return { ...fieldhouse, id, path: `/api/v1/leagues/${id}/leaderboard` }
}

/** Shared by tests that only read it. */
const sharedBoard = shared(() => withBoard())

test('every answer carries a request id, its time and what keeps browsers strict', async () => {
  const { as } = await service()
  const { headers } = await as().raw('/livez', { headers: { 'x-request-id': 'from-the-proxy.1' } })
  expect(headers.get('x-request-id')).toBe('from-the-proxy.1')
  expect(Number(headers.get('x-process-time'))).toBeLessThan(10)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  for (const path of ['/livez', '/api/v1/leagues', '/nowhere', '/swagger/json'])
    expect((await as().raw(path)).headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    )
  const invalid = await as().raw('/nowhere', { headers: { 'x-request-id': '<script>' } })
  expect(invalid.headers.get('x-request-id')).toMatch(/^[\w-]{20,40}$/)
  expect(await invalid.json()).toMatchObject({
    status: 404,
    code: 'not_found',
    request_id: invalid.headers.get('x-request-id'),
  })
})

test('a 304 leaves the page that a browser kept its own policy', async () => {
  const { as, url, id } = await withBoard()
  for (const path of [`/leagues/${id}`, `/api/v1/leagues/${id}/leaderboard`]) {
    const etag = (await as().raw(path)).headers.get('etag') ?? ''
    for (const _ of ['the long way', 'the fast path']) {
      const answer = await fetch(url + path, { headers: { 'if-none-match': etag } })
      expect(answer.status).toBe(304)
      expect(answer.headers.get('content-security-policy')).toBeNull()
    }
  }
})

test('a site on https sends HSTS, any other does not', async () => {
  const policyOf = async (PUBLIC_URL: string) => {
    const { headers } = await (await start({ PUBLIC_URL })).as().raw('/sign-in')
    return headers.get('strict-transport-security')
  }
  expect(await policyOf('https://scores.example.org')).toBe('max-age=31536000')
  expect(await policyOf('http://scores.example.org')).toBeNull()
})

test('a board is a miss, then a hit, then the same bytes from the fast path, until it changes', async () => {
  const { as, call, path, id, finished, app } = await withBoard()
  const before = { ...app.cache.statsOf('leaderboard') } // the first page is read as the sheet is published
  const read = async () => {
    const answer = await as().raw(`${path}?limit=30`)
    return {
      cache: answer.headers.get('x-cache'),
      tag: answer.headers.get('etag'),
      text: await answer.text(),
      headers: answer.headers,
    }
  }
  const first = await read()
  const [second, third] = [await read(), await read()]
  expect([first.cache, second.cache, third.cache]).toEqual(['miss', 'hit', 'hit'])
  expect(third.text).toBe(first.text)
  expect([...third.headers.keys()].sort()).toEqual([...first.headers.keys()].sort())
  expect(app.cache.stats.get('leaderboard')).toMatchObject({ hits: before.hits + 2, misses: before.misses + 1 })
  expect((await app.metrics.text()).split('\n')).toContain('fieldhouse_fast_path_answers_total 2')
  await finished(upload(call, id, sheet.replace('player 7,', 'player seven,')))
  const changed = await read()
  expect(changed.cache).toBe('miss')
  expect(changed.tag).not.toBe(first.tag)
})

test('the first page is computed when a sheet is published, so its first reader does not wait', async () => {
  const { call, as, id, path, finished } = await withBoard()
  const firstRow = async (query = '') => {
    const answer = await as().raw(`${path}${query}`)
    const { rows } = await answer.json()
    return [answer.headers.get('x-cache'), rows[0]?.name]
  }
  expect(await firstRow()).toEqual(['hit', 'player 199'])
  await call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', sort: 'deads' } })
  const rows = Array.from({ length: 200 }, (_, i) => `${i},player ${i},${i * 7},${200 - i}`)
  await finished(upload(call, id, `ID,Name,Power,Deads\n${rows.join('\n')}\n`))
  expect(await firstRow()).toEqual(['hit', 'player 0'])
  expect(await firstRow('?sort_by=power')).toEqual(['miss', 'player 199'])
})

test('a sheet without the column its league is sorted by is published, its board made by score', async () => {
  const { call, as, id, path, finished } = await withBoard()
  await call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', sort: 'deads' } })
  await finished(upload(call, id, sheet.replace('player 7,', 'player seven,')))
  const answer = await as().raw(path)
  expect([answer.headers.get('x-cache'), (await answer.json()).sort_by]).toEqual(['hit', 'score'])
})

const newContext = (): RequestContext => ({
  id: 'one',
  began: 0,
  ms: 0,
  address: () => '',
  client: () => '',
  who: undefined,
  route: 'GET /',
  counted: false,
  isPrivate: false,
  isAhead: false,
  takesFile: false,
  reads: undefined,
  headers: [],
})

test('the fast path uses no more than its share of memory, whatever is requested', async () => {
  const { app } = await start()
  const fastPath = openCachedFastPath(app.cache, app.reads, app.clock, () => 'nobody')
  const find = (i: number) => fastPath.find(`http://x/${i}`, new Headers(), newContext())
  for (let i = 0; i < 1_000; i++) {
    const cached = await app.cache.read(cacheEntry('long', '5m'), [i], () => `${i}`.padEnd(50_000))
    const request = new Request(`http://x/${i}`)
    fastPath.learn(request, newContext(), cachedResponse(request, cached), cached)
    expect(find(i)?.status).toBe(200)
  }
  const stillCached = Array.from({ length: 1_000 }, (_, i) => find(i)).filter(known => known !== undefined)
  expect(stillCached.length * 50_000).toBeLessThan(16 * 2 ** 20)
})

test('however many addresses are invented, the fast path keeps few of them and makes few ahead', async () => {
  const { app, call } = await start()
  const { id } = await newLeague(call)
  const fastPath = openCachedFastPath(app.cache, app.reads, app.clock, () => 'nobody')
  const entry = cacheEntry('short', '5m', ['scores'])
  const read = () => app.cache.read(entry, [id], () => 1)
  const learn = async (url: string) => {
    const cached = await read()
    const request = new Request(url)
    fastPath.learn(request, newContext(), cachedResponse(request, cached), cached)
  }
  const isKept = (url: string) => fastPath.find(url, new Headers(), newContext()) !== undefined
  const long = (i: number) => `http://x/?junk=${i}${'x'.repeat(50_000)}`
  for (let i = 0; i < 1_000; i++) await learn(long(i))
  expect(Array.from({ length: 1_000 }, (_, i) => isKept(long(i))).filter(Boolean).length).toBeLessThan(200)
  for (let i = 0; i < 300; i++) await learn(`http://x/?junk=${i}`)
  await learn('http://x/')
  for (let i = 0; i < 3; i++) expect(isKept('http://x/')).toBe(true)
  touch(app.db, 'scores', id)
  await read()
  const outdated = fastPath.outdated(id)
  expect([outdated.length, outdated[0]?.url]).toEqual([100, 'http://x/'])
})

test('what was asked for once is made ahead after several changes in a row, but not for ever', async () => {
  const { app, call } = await start()
  const { id } = await newLeague(call)
  const fastPath = openCachedFastPath(app.cache, app.reads, app.clock, () => 'nobody')
  const entry = cacheEntry('marked', '5m', ['scores'])
  const request = new Request('http://x/board')
  const learn = async (isAhead: boolean) => {
    const cached = await app.cache.read(entry, [id], () => 1)
    fastPath.learn(request, { ...newContext(), isAhead }, cachedResponse(request, cached), cached)
  }
  await learn(false)
  let changes = 0
  for (let isWanted = true; isWanted && changes < 100; changes++) {
    touch(app.db, 'scores', id)
    await app.cache.read(entry, [id], () => 1)
    isWanted = fastPath.outdated(id).length > 0
    if (isWanted) await learn(true)
  }
  expect(changes).toBeGreaterThan(10)
  expect(changes).toBeLessThan(100)
})

test('a matching ETag gets 304, whatever encodings are accepted', async () => {
  const { as, path } = await withBoard()
  const tag = (await as().raw(path, { headers: { 'accept-encoding': 'gzip' } })).headers.get('etag') ?? ''
  expect(tag).toStartWith('W/"')
  for (const encoding of ['zstd', 'gzip', 'identity', 'zstd'])
    for (let i = 0; i < 2; i++) {
      const answer = await as().raw(path, { headers: { 'if-none-match': tag, 'accept-encoding': encoding } })
      expect([answer.status, await answer.text(), answer.headers.get('etag')]).toEqual([304, '', tag])
    }
  for (const known of [tag.replace('W/', ''), `"other", ${tag}`, '*'])
    expect((await as().raw(path, { headers: { 'if-none-match': known } })).status).toBe(304)
  expect((await as().raw(path, { headers: { 'if-none-match': 'W/"other"' } })).status).toBe(200)
})

test('a board is compressed as the client accepts, and small answers are not', async () => {
  const { as, path } = await sharedBoard()
  const plain = await (await as().raw(path, { headers: { 'accept-encoding': 'identity' } })).text()
  for (const encoding of ['zstd', 'gzip'])
    for (let i = 0; i < 2; i++) {
      const answer = await as().raw(path, { headers: { 'accept-encoding': encoding } })
      expect(answer.headers.get('content-encoding')).toBe(encoding)
      expect(answer.headers.get('vary')).toContain('accept-encoding')
      expect(await answer.text()).toBe(plain)
    }
  expect(
    (await as().raw(path, { headers: { 'accept-encoding': 'zstd;q=0, gzip' } })).headers.get('content-encoding'),
  ).toBe('gzip')
  expect(
    (await as().raw('/api/v1/leagues/1', { headers: { 'accept-encoding': 'zstd' } })).headers.get('content-encoding'),
  ).toBeNull()
})

test('long answers that are not cached are compressed too', async () => {
  const text = 'a line of a long page\n'.repeat(50_000)
  for (const [encoding, unpack] of [
    ['zstd', Bun.zstdDecompressSync],
    ['gzip', Bun.gunzipSync],
  ] as const) {
    const request = new Request('http://x/', { headers: { 'accept-encoding': encoding } })
    const answer = await compressed(request, new Response(text, { headers: { 'content-type': 'text/html' } }))
    expect(answer.headers.get('content-encoding')).toBe(encoding)
    expect(new TextDecoder().decode(unpack(new Uint8Array(await answer.arrayBuffer())))).toBe(text)
  }
})

test('searches, neighbourhoods and past boards are computed, not cached', async () => {
  const { as, path } = await sharedBoard()
  for (const query of ['?q=player', '?around=7', `?at=${encodeURIComponent(new Date().toISOString())}`])
    expect((await as().raw(path + query)).headers.get('x-cache')).toBeNull()
})

test('strangers have a limit of reads per minute, keys ten times that, and the operator none', async () => {
  const { app, as, call, path } = await withBoard({ RATE_LIMIT: '3' })
  for (let left = 2; left >= 0; left--) {
    const { headers, status } = await as().raw(path)
    expect([status, headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]).toEqual([
      200,
      '3',
      String(left),
    ])
  }
  const refused = await as().raw(path)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refused.json()).toMatchObject({ code: 'rate_limited' })
  const { key } = await newMember(app, 'ann')
  const withKey = await as(key).raw(path)
  expect([withKey.status, withKey.headers.get('ratelimit-limit')]).toEqual([200, '30'])
  expect((await call.raw(path)).headers.get('ratelimit-limit')).toBeNull()
})

test('an address over its limit cannot fill the memory with browsers that it invents', () => {
  const limit = readLimit(1)
  const readAs = (client: string) =>
    limit.of({ who: undefined, address: () => '192.0.2.1', client: () => client, began: 0 })
  const usedBytes = () => {
    Bun.gc(true)
    return process.memoryUsage().heapUsed
  }
  const before = usedBytes()
  for (let i = 0; i < 5_000; i++) readAs(String(i).padStart(16_000))
  expect(usedBytes() - before).toBeLessThan(20e6)
  expect(readAs('any')).toMatchObject({ isOver: true, limit: 10 })
})

test('behind one address each browser has its own limit, and all together ten times that', async () => {
  const { as, path } = await withBoard({ RATE_LIMIT: '2' })
  const statusOf = async (browser: string) => (await as().raw(path, { headers: { 'user-agent': browser } })).status
  const browsers = Array.from({ length: 10 }, (_, i) => `Browser ${i}`)
  for (const browser of browsers) expect([await statusOf(browser), await statusOf(browser)]).toEqual([200, 200])
  expect(await statusOf('Browser 0')).toBe(429)
  expect(await statusOf('Browser 11')).toBe(429)
})

test('with private boards strangers are asked to sign in', async () => {
  const { as, call, path } = await withBoard({ PUBLIC_BOARDS: 'false' })
  expect((await as().raw(path)).status).toBe(401)
  expect((await call.raw(path)).status).toBe(200)
  expect((await as().raw(path)).status).toBe(401)
})

test('401 comes before unreadable JSON and bad input, whose errors only known users see', async () => {
  const { as, call } = await service()
  const send = (who: typeof call, body: string) =>
    who.raw('/api/v1/leagues', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  expect((await send(as(), '{"name":')).status).toBe(401)
  expect((await send(as(), '{}')).status).toBe(401)
  expect((await send(as(), JSON.stringify({ name: 'x'.repeat(100_000) }))).status).toBe(401)
  expect((await send(call, '{"name":')).status).toBe(400)
  expect((await send(call, '{}')).status).toBe(422)
})

test('a body that is too long is refused, whether it says so or not', async () => {
  const { as, call } = await service()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const fields = 'a=1&'.repeat(20_000)
  expect((await as().raw('/sign-in', { method: 'POST', headers, body: fields })).status).toBe(413)
  const long = JSON.stringify({ name: 'x'.repeat(3_000_000) })
  expect(
    (await call.raw('/api/v1/leagues', { method: 'POST', headers: { 'content-type': 'application/json' }, body: long }))
      .status,
  ).toBe(413)
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 30; i++) controller.enqueue(new TextEncoder().encode('x'.repeat(100_000)))
      controller.close()
    },
  })
  expect(
    (
      await call.raw('/api/v1/leagues', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: chunks,
      })
    ).status,
  ).toBe(413)
})

test('a proxy in front that TRUST_PROXY does not count is named in the log, once', async () => {
  const { as, app, lines } = await start()
  for (const address of ['192.0.2.1', '192.0.2.2'])
    await as().raw('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ email: 'ann@example.org', password: 'wrong' }),
    })
  app.log.flush()
  expect(lines.filter(({ message }) => String(message).includes('but TRUST_PROXY is 0'))).toHaveLength(1)
})

test('a bug answers 500 without detail and is in the log under its request id', async () => {
  const { call, app, lines } = await start()
  app.db.$client.run('alter table leagues rename to elsewhere')
  const answer = await call.raw('/api/v1/leagues')
  expect(answer.status).toBe(500)
  const problem = await answer.json()
  expect(problem).toMatchObject({ code: 'internal', detail: expect.not.stringContaining('SQL') })
  app.log.flush()
  expect(lines.find(line => line.request_id === problem.request_id && line.level === 'error')).toMatchObject({
    message: 'A request failed',
  })
})

test('a full disk and a busy database in a thread are answered like those in the main thread', () => {
  const refusalFor = (code: string) =>
    asRefusal(new ThreadError({ name: 'SQLiteError', message: 'no', facts: { code } }))
  expect(refusalFor('SQLITE_FULL')?.status).toBe(507)
  expect(refusalFor('SQLITE_IOERR_SHMSIZE')?.status).toBe(507)
  expect(refusalFor('ENOSPC')?.status).toBe(507)
  expect(refusalFor('SQLITE_BUSY_SNAPSHOT')?.status).toBe(503)
  expect(refusalFor('SQLITE_CORRUPT')).toBeUndefined()
  const notSynced = new NotSynced(Object.assign(new Error('no'), { code: 'ENOSPC' }))
  expect(asRefusal(notSynced)).toMatchObject({ status: 507, detail: expect.not.stringContaining('nothing') })
})

test('a task of a thread fails with its error, even if the error holds what cannot be sent', async () => {
  const script = join(temporaryFolder(), 'thread.ts')
  const fail = `const error = new Error('its own words'); throw Object.assign(error, { itself: error })`
  const threads = join(import.meta.dir, '../src/platform/process/threads.ts')
  writeFileSync(script, `import { answerTasks } from '${threads}'; answerTasks({ fail() { ${fail} } }, work => work)`)
  const thread = openThread<{ fail(input: object, work: unknown): void }>({ name: 'failing', script })
  afterTest(() => thread.stop())
  expect(await outcome(thread.ask('fail', {}))).toThrow('its own words')
})

test('an event stream survives and ends when the service closes', async () => {
  const { call, app, stop } = await start()
  const { jobId } = app.jobs.accept(app.db, importUpload, { uploadId: 1, leagueId: 1 })
  const answer = await call.raw(`/api/v1/jobs/${jobId}/events`)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  await until(() => app.streams.size() === 1)
  const [text] = await Promise.all([answer.text(), stop()])
  expect(text).toContain('"status":"PENDING"')
  expect(app.streams.size()).toBe(0)
})

test('a second process on the same port fails instead of sharing it', async () => {
  const { url } = await service()
  expect(await outcome(start({ PORT: new URL(url).port }))).toThrow(/in use|EADDRINUSE/i)
})

test('HEAD answers like GET without a body', async () => {
  const { as, path } = await sharedBoard()
  const answer = await as().raw(path, { method: 'HEAD' })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
})

test('HEAD of an event stream answers at once and leaves none open', async () => {
  const { call, app } = await start()
  const { jobId } = app.jobs.accept(app.db, importUpload, { uploadId: 1, leagueId: 1 })
  const answer = await call.raw(`/api/v1/jobs/${jobId}/events`, { method: 'HEAD' })
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'text/event-stream',
    '',
  ])
  await until(() => app.streams.size() === 0)
})

test('an event stream that is refused leaves nothing behind', async () => {
  const { as, app } = await start()
  expect((await as().raw('/leagues/999/events')).status).toBe(404)
  expect(app.streams.size()).toBe(0)
})

/** Sends a raw request and returns the raw answer. */
async function sendRaw(url: string, text: string): Promise<string> {
  const answer = Promise.withResolvers<string>()
  let received = ''
  await Bun.connect({
    hostname: '127.0.0.1',
    port: Number(new URL(url).port),
    socket: {
      open: socket => void socket.write(text),
      data: (_, bytes) => {
        received += bytes
      },
      close: () => answer.resolve(received),
      error: (_, error) => answer.reject(error),
    },
  })
  return answer.promise
}

test('a service of any name answers, however short', async () => {
  const { url } = await service()
  for (const host of ['nas', 'a', 'pi', 'a:80', 'nas:80', '[::1]', '[::1]:80', '10.0.0.1', 'a-longer.example'])
    for (const path of ['/api/v1/leagues?page=1', '/']) {
      const answer = await sendRaw(url, `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
      expect([host, path, answer.split('\r\n')[0]]).toEqual([host, path, 'HTTP/1.1 200 OK'])
    }
})

test('a Host header that names no host is refused, and the log is quiet about it', async () => {
  const { url, lines, app } = await start()
  const hosts = ['[', '', 'a b', 'evil:99999', '::1', '%', ':80', 'a/b', 'a@b', 'a\\b', 'é']
  for (const host of hosts)
    for (const accept of ['*/*', 'text/html'])
      for (const method of ['GET', 'HEAD', 'PUT']) {
        const head = `${method} /api/v1/leagues?page=1 HTTP/1.1\r\nhost: ${host}\r\naccept: ${accept}\r\n`
        const answer = await sendRaw(url, `${head}connection: close\r\n\r\n`)
        expect([host, method, answer.split('\r\n')[0]]).toEqual([host, method, 'HTTP/1.1 400 Bad Request'])
      }
  expect(await sendRaw(url, 'GET / HTTP/1.0\r\naccept: text/html\r\n\r\n')).toContain('400 Bad Request')
  app.log.flush()
  expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  expect(lines.filter(({ path, status }) => path === '/api/v1/leagues' && status === 400)).toHaveLength(
    hosts.length * 6,
  )
})

test('405 lists the allowed methods, and TRACE is never among them', async () => {
  const { as, url } = await service()
  for (const path of ['/', '/livez', '/api/v1/leagues']) {
    const head = `TRACE ${path} HTTP/1.1\r\nhost: a\r\nx-secret: echo\r\nconnection: close\r\n\r\n`
    const answer = await sendRaw(url, head)
    expect(answer).toMatch(/^HTTP\/1\.1 40[045] /)
    expect(answer).not.toContain('echo')
  }
  const statusAndAllowed = async (method: string, path: string) => {
    const answer = await as().raw(path, { method })
    return [answer.status, answer.headers.get('allow')]
  }
  expect(await statusAndAllowed('PUT', '/api/v1/leagues/1')).toEqual([405, 'DELETE, GET, HEAD, OPTIONS, PATCH'])
  expect(await statusAndAllowed('DELETE', '/api/v1/leagues/')).toEqual([405, 'GET, HEAD, OPTIONS, POST'])
  expect(await statusAndAllowed('OPTIONS', '/api/v1/leagues')).toEqual([204, 'GET, HEAD, OPTIONS, POST'])
  expect(await statusAndAllowed('GET', '/api/v1/leagues/1/join')).toEqual([405, 'OPTIONS, POST'])
  for (const path of ['/api/v1', '/api/v1/leagues/1/2/3', '/nowhere'])
    expect(await statusAndAllowed('POST', path)).toEqual([404, null])
  const page = await as().raw('/leagues/1', { method: 'DELETE', headers: { accept: 'text/html' } })
  expect([page.status, page.headers.get('content-type')]).toEqual([405, 'text/html; charset=utf-8'])
})

test('the address that is printed at the start can be opened, whatever HOST is', () => {
  const hosts = ['0.0.0.0', '::', '127.0.0.1', '::1', 'scores.lan']
  expect(hosts.map(host => localUrl(host, 3000))).toEqual([
    'http://localhost:3000',
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
    'http://scores.lan:3000',
  ])
})
