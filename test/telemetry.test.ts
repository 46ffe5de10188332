import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { databaseFile } from '../db/open.ts'
import { fingerprintOf } from '../src/platform/jobs/run-failure.ts'
import { openLog } from '../src/platform/process/log.ts'
import { openOutput } from '../src/platform/process/output.ts'
import { openAppProcess } from './app-process.ts'
import { afterTest, refusalOf, shared, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

// biome-ignore lint/suspicious/noExplicitAny: envelopes are read as they come
type Item = any

/** A Sentry of the test's own: keeps whatever is sent to it. */
function startFakeSentry() {
  const bodies: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer())
      bodies.push(
        new TextDecoder().decode(request.headers.get('content-encoding') === 'gzip' ? Bun.gunzipSync(bytes) : bytes),
      )
      return Response.json({})
    },
  })
  afterTest(() => server.stop(true))
  const items = (): Item[] =>
    bodies.flatMap(body =>
      body
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line)),
    )
  return {
    dsn: `http://public@127.0.0.1:${server.port}/1`,
    allText: () => bodies.join('\n'),
    errors: () => items().filter(item => item.exception),
    spans: () => items().flatMap(item => (item.version === 2 ? item.items : [])),
  }
}

/** Takes a table away from a running fieldhouse, so that a route finds a bug. */
function breakLeagues(dataDir: string) {
  const db = new Database(databaseFile(dataDir))
  db.run('PRAGMA busy_timeout = 10000') // ms: its own writes come in between
  db.run('alter table leagues rename to no_longer_here')
  db.close()
}

test('a bug in a route reaches Sentry with release, environment, route and request id, and no secret; a refusal does not', async () => {
  const sentry = startFakeSentry()
  const settings = { SENTRY_DSN: sentry.dsn, SENTRY_TRACES: '0', ENVIRONMENT: 'arena' }
  const { dataDir, call, finished, child } = await spawnFieldhouse(settings)
  await refusalOf(call.get('/api/v1/leagues/999'))
  await refusalOf(call.post('/api/v1/leagues', { name: 1 }))
  breakLeagues(dataDir)
  const headers = { 'x-request-id': 'the-bad-one', cookie: 'fieldhouse_session=hunter2', 'x-api-key': 'hunter2' }
  const answer = await call.raw('/api/v1/leagues?password=hunter2', { headers })
  expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'internal', request_id: 'the-bad-one' }])

  const [error] = await until(() => (sentry.errors().length ? sentry.errors() : undefined))
  expect(error).toMatchObject({
    release: expect.stringMatching(/^fieldhouse@\d/),
    environment: 'arena',
    exception: { values: [{ type: 'SQLiteError', value: 'no such table: leagues' }] },
    extra: { request_id: 'the-bad-one', route: 'GET /api/v1/leagues/' },
  })
  expect(error.exception.values[0].stacktrace.frames).toContainEqual(
    expect.objectContaining({
      filename: expect.stringMatching(/\/src\/leagues\/\w+\.ts$/),
      lineno: expect.any(Number),
    }),
  )
  expect(sentry.allText()).not.toContain('hunter2')

  // So does a statistic that could not be refreshed, although the run succeeds. It is counted again because a user is new since the start.
  await call.post('/api/v1/users', {
    email: 'ann@fieldhouse.example',
    username: 'ann',
    password: 'long enough for all',
    role: 'member',
  })
  const { status, result } = await finished(call.post('/api/v1/stats/refresh'))
  expect(status).toBe('SUCCESS')
  expect(result.failures.map(({ key }: { key: string }) => key)).toContain(
    'stats_dashboard|{"include":["summary"],"period":"all"}',
  )
  const [refreshError] = await until(() => {
    const reports = sentry.errors().filter(({ extra }) => extra?.key)
    return reports.length ? reports : undefined
  })
  expect(refreshError).toMatchObject({
    exception: { values: [{ value: 'no such table: leagues' }] },
    extra: { key: expect.stringMatching(/^stats_dashboard/) },
  })
  child.kill()
  await child.exited
  const reported = sentry.errors().map(({ exception }) => exception.values[0].value)
  expect(new Set(reported)).toEqual(new Set(['no such table: leagues']))
  expect(sentry.spans()).toEqual([]) // no request is traced in a share of 0
})

/** One process and its Sentry for the tests that leave it as it was. */
const withSentry = shared(async () => {
  const sentry = startFakeSentry()
  return { sentry, ...(await openAppProcess({ SENTRY_DSN: sentry.dsn, SENTRY_TRACES: '1' })) }
})

const quietWithoutDsn = shared(() => openAppProcess({ LOG_LEVEL: 'warn' }))

test('a job that failed reaches Sentry with its name, what it quotes of secrets taken out', async () => {
  const { sentry, send, answer, finished, logged } = await withSentry()
  send('fail https://ann:hunter2@feed.invalid with Bearer hunter2')
  const jobId = await answer('job')
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'FAILURE' })
  const [error] = await until(() => (sentry.errors().length ? sentry.errors() : undefined))
  expect(error).toMatchObject({
    exception: { values: [{ value: 'Could not reach https://…@feed.invalid with Bearer …' }] },
    extra: { job: 'test.fail', job_id: jobId },
  })
  await until(() => logged.some(({ message }) => message === 'Job failed'))
  expect(sentry.allText() + JSON.stringify(logged)).not.toContain('hunter2')
})

test('requests are traced by route, without their queries', async () => {
  const { sentry, call } = await withSentry()
  await call.get('/api/v1/leagues?q=hunter2')
  await call.get('/api/v1/leagues?q=hunter2')
  const spans = await until(() => {
    const found = sentry.spans().filter(({ name }) => name === 'GET /api/v1/leagues/')
    return found.length >= 2 ? found : undefined
  })
  expect(new Set(spans.map(({ trace_id }) => trace_id)).size).toBe(2)
  expect(sentry.allText()).not.toContain('hunter2')
})

test("no trace headers are added to requests to other people's servers", async () => {
  let headers: Headers | undefined
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      headers = request.headers
      return new Response('{}')
    },
  })
  afterTest(() => server.stop(true))
  const { send, answer, finished } = await withSentry()
  send(`fetch http://127.0.0.1:${server.port}/`)
  expect(await finished({ job_id: await answer('job') })).toMatchObject({ status: 'SUCCESS' })
  expect([...(headers ?? [])].map(([name]) => name)).not.toContainAnyValues(['sentry-trace', 'baggage', 'traceparent'])
  expect(headers?.get('host')).toBe(`127.0.0.1:${server.port}`)
})

test('Sentry is loaded only with a DSN', async () => {
  const withoutDsn = await quietWithoutDsn()
  withoutDsn.send('loaded @sentry')
  expect(await withoutDsn.answer('loaded')).toBe('no')
  const withDsn = await withSentry()
  withDsn.send('loaded @sentry')
  expect(await withDsn.answer('loaded')).toBe('yes')
})

test('an unreachable Sentry does no harm and is told in the log', async () => {
  const { dataDir, call, child, lines } = await spawnFieldhouse({ SENTRY_DSN: 'http://public@127.0.0.1:1/1' })
  breakLeagues(dataDir)
  expect((await refusalOf(call.get('/api/v1/leagues'))).status).toBe(500)
  await until(() => lines.some(({ message }) => message === 'Sentry cannot be reached'))
  child.kill()
  expect(await child.exited).toBe(0)
})

test('an unhandled rejection is reported and the service stays open; after an uncaught exception it closes', async () => {
  const sentry = startFakeSentry()
  const { send, call, logged, ended } = await openAppProcess({ SENTRY_DSN: sentry.dsn })
  send('forget')
  await until(() => sentry.errors().some(({ exception }) => exception.values[0].value === 'forgotten'))
  expect(await call.get('/livez')).toBe('ok')
  send('throw')
  expect(await ended()).toBe(1)
  expect(sentry.errors().some(({ exception }) => exception.values[0].value === 'thrown')).toBe(true)
  expect(logged.filter(({ level }) => level === 'error')).toMatchObject([
    { error: { message: 'forgotten' } },
    { error: { message: 'thrown' } },
  ])
})

test('a request is one line of JSON with its id, path, status and time, and no secret', async () => {
  const { call, as, lines } = await start()
  await call.raw('/api/v1/leagues?token=hunter2', {
    headers: { 'x-request-id': 'mine', cookie: 'fieldhouse_session=hunter2' },
  })
  await refusalOf(as().post('/api/v1/auth/login', { email: 'ann@example.org', password: 'hunter2-hunter2' }))
  await refusalOf(as('hunter2').get('/api/v1/users'))
  const logged = await until(() => {
    const requests = lines.filter(({ message }) => message === 'request')
    return requests.length >= 3 ? requests : undefined
  })
  expect(logged[0]).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    level: 'info',
    message: 'request',
    request_id: 'mine',
    method: 'GET',
    path: '/api/v1/leagues',
    status: 200,
    duration_ms: expect.any(Number),
    user: 'operator',
  })
  expect(JSON.stringify(lines)).not.toContain('hunter2')
})

test('what is logged under a name that sounds secret is not written, at any depth', async () => {
  const { app, lines } = await start()
  const facts = {
    password: 'hunter2',
    headers: { Authorization: 'Bearer hunter2', cookie: 'hunter2', accept: 'text/html' },
    list: [{ apiKey: 'hunter2', api_key: 'hunter2', csrfToken: 'hunter2', dsn: 'hunter2' }],
  }
  app.log.warn('Look', facts)
  app.log.flush()
  const line = lines.find(({ message }) => message === 'Look')
  expect(line).toMatchObject({ password: '…', headers: { Authorization: '…', accept: 'text/html' } })
  expect(JSON.stringify(line)).not.toContain('hunter2')
})

test('LOG_LEVEL leaves out what is below it', async () => {
  const fieldhouse = await quietWithoutDsn()
  await fieldhouse.call.get('/api/v1/leagues')
  fieldhouse.send('fail nothing')
  await fieldhouse.finished({ job_id: await fieldhouse.answer('job') })
  fieldhouse.child.kill()
  await fieldhouse.ended()
  expect(fieldhouse.logged.map(({ message }) => message)).toEqual(['Job failed'])
})

test('failures that differ only in numbers and names have one fingerprint', () => {
  const errorOf = (message: string) => Object.assign(new Error(message), { stack: 'Error\n    at work (/a.ts:1:2)' })
  const fingerprint = fingerprintOf('x.y', errorOf('No row 17 of "ann"'))
  expect(fingerprintOf('x.y', errorOf('No row 4 of "bob"'))).toBe(fingerprint)
  expect(fingerprintOf('x.y', errorOf('No column 4'))).not.toBe(fingerprint)
  expect(fingerprintOf('x.z', errorOf('No row 17 of "ann"'))).not.toBe(fingerprint)
})

test('a log whose reader is slow keeps its lines whole, and says how many it had to leave out', async () => {
  const path = join(temporaryFolder(), 'output')
  Bun.spawnSync(['mkfifo', path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const log = openLog('info', Date.now, false, openOutput(pipe, 200_000), 0)
  const bytes = Buffer.alloc(2 ** 20)
  const chunks: Buffer[] = []
  const readToEnd = () => {
    try {
      for (;;) chunks.push(Buffer.from(bytes.subarray(0, readSync(pipe, bytes))))
    } catch {
      return String(Buffer.concat(chunks)) // the pipe is empty
    }
  }
  const count = 50
  for (let i = 0; i < count; i++) log.info('é'.repeat(10_000))
  await until(() => {
    if (!readToEnd().includes('left out')) return log.info('more')
    return true
  })
  closeSync(pipe)
  const read = String(Buffer.concat(chunks))
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const [note] = read.filter(({ lines }) => lines)
  expect(read.filter(({ message }) => message.startsWith('é')).length + note.lines).toBe(count)
})
