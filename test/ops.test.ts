import { expect, test } from 'bun:test'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { databaseFile } from '../db/open.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { job } from '../src/context.ts'
import { overviewReading } from '../src/monitor/overview/installation.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { newLeague } from './sheets.ts'
import { refusalOf, spawnFieldhouse, start, until } from './start.ts'

test('a healthy service reports so on /livez, /readyz and /health', async () => {
  const { as } = await start()
  expect(await as().get('/livez')).toBe('ok')
  expect(
    await until(() =>
      as()
        .get('/readyz')
        .catch(() => undefined),
    ),
  ).toEqual({ status: 'ready' })
  const health = await until(async () => {
    const answer = await as().get('/health')
    const { waiting, active } = answer.checks.queue // jobs of the start or of the schedule may run at this moment
    return waiting + active === 0 && answer
  })
  expect(health).toMatchObject({
    status: 'healthy',
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    uptime_s: expect.any(Number),
    checks: {
      database: { status: 'healthy' },
      cache: { status: 'healthy', mode: 'memory', connected: true },
      queue: { status: 'healthy', backend: 'sqlite', waiting: 0, active: 0 },
      schedule: { status: 'healthy', late: [] },
    },
  })
  expect((await as().get('/health')).checks.redis).toBeUndefined()
})

test('every answer carries a request id and the time it took, /livez too', async () => {
  const { as } = await start()
  for (const path of ['/livez', '/health', '/api/v1/leagues', '/nowhere']) {
    const { headers } = await as().raw(path, { headers: { 'x-request-id': 'asked-by-me' } })
    expect(headers.get('x-request-id')).toBe('asked-by-me')
    expect(headers.get('x-process-time')).toMatch(/^\d+\.\d{6}$/)
  }
})

test('the hit rate of the cache is reported', async () => {
  const { as, call } = await start()
  await call.post('/api/v1/leagues', {
    name: 'Northern',
    kind: 'sheet',
    starts_at: '2026-01-01T00:00:00Z',
    ends_at: '2099-01-01T00:00:00Z',
  })
  for (let i = 0; i < 4; i++) await as().get('/api/v1/leagues/1')
  const { stats } = (await as().get('/health')).checks.cache
  expect(stats).toMatchObject({ hits: 3, misses: 1, hit_rate: 0.75 })
  expect(stats.total_keys).toBeGreaterThanOrEqual(1) // statistics are being warmed meanwhile
})

test.each([
  ['removed', (file: string) => rmSync(file)],
  [
    'replaced by something else',
    (file: string) => {
      renameSync(file, `${file}.away`)
      writeFileSync(file, 'not a database at all'.repeat(1000))
    },
  ],
])('with the database %s /readyz and /health are a 503, /livez is not', async (_, harm) => {
  const { as, dataDir } = await start({ ROLE: 'web' })
  harm(databaseFile(dataDir))
  const ready = await as().raw('/readyz')
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'the database fails' }])
  const health = await as().raw('/health')
  expect(health.status).toBe(503)
  expect(await health.json()).toMatchObject({ status: 'unhealthy', checks: { database: { status: 'unhealthy' } } })
  expect((await as().raw('/livez')).status).toBe(200)
})

redisTest('without its Redis a service is degraded, ready, and well again when Redis is back', async () => {
  const redis = await startRedis()
  const { as } = await start({ REDIS_URL: redis.url })
  const health = () => as().raw('/health')
  const up = await until(async () => {
    const body = await (await health()).json()
    return body.status === 'healthy' ? body : undefined // a busy machine may answer late at first
  })
  expect(up.checks).toMatchObject({
    cache: { mode: 'redis', connected: true },
    queue: { backend: 'redis' },
    redis: { status: 'healthy' },
  })
  await redis.stop()
  const down = await until(async () => {
    const response = await health()
    const body = await response.json()
    const { cache, queue, redis } = body.checks // each notices for itself
    return [cache, queue, redis].every(({ status }) => status === 'degraded') ? { response, body } : undefined
  })
  expect(down.response.status).toBe(200)
  expect(down.body).toMatchObject({
    status: 'degraded',
    checks: { database: { status: 'healthy' }, cache: { connected: false } },
  })
  await until(async () => (await as().raw('/readyz')).status === 200)
  await redis.restart()
  await until(async () => (await (await health()).json()).status === 'healthy')
})

redisTest('a Redis that hangs delays /health by no more than its timeout', async () => {
  const redis = await startRedis()
  const { as } = await start({ REDIS_URL: redis.url })
  redis.freeze()
  const health = await (await as().raw('/health', { signal: AbortSignal.timeout(20_000) })).json()
  redis.thaw()
  expect(health).toMatchObject({ status: 'degraded', checks: { redis: { status: 'degraded' } } })
})

test('/metrics is for admins, or for everyone with METRICS_PUBLIC', async () => {
  const { as, call } = await start()
  expect((await refusalOf(as().get('/metrics'))).status).toBe(401)
  expect(await call.get('/metrics')).toContain('# TYPE')
  const open = await start({ METRICS_PUBLIC: 'true' })
  expect(await open.as().get('/metrics')).toContain('# TYPE')
})

/** The samples of a Prometheus text, by name and labels. Throws on an invalid line. */
function samplesOf(text: string) {
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# HELP ')) continue
    const type = line.match(/^# TYPE (\S+) (counter|gauge|histogram)$/)
    if (type) {
      if (types.has(type[1] ?? '')) throw new Error(`Twice: ${line}`)
      types.set(type[1] ?? '', type[2] ?? '')
      continue
    }
    const sample = line.match(
      /^([a-z_]+(?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})?) (-?[\d.e+-]+)$/,
    )
    if (!sample) throw new Error(`Not a sample: ${line}`)
    if (samples.has(sample[1] ?? '')) throw new Error(`Twice: ${line}`)
    samples.set(sample[1] ?? '', Number(sample[2]))
  }
  return { samples, types }
}

test('/metrics is text that Prometheus reads, about requests, process, cache, queue, locks and files', async () => {
  const { as, call } = await start()
  await as().get('/api/v1/leagues')
  await as().get('/api/v1/leagues')
  await refusalOf(as().get('/nowhere/"quoted"'))
  const { samples, types } = samplesOf(await call.get('/metrics'))
  expect(types.get('fieldhouse_http_request_duration_seconds')).toBe('histogram')
  const route = '{route="GET /api/v1/leagues/"'
  expect(samples.get(`fieldhouse_http_request_duration_seconds_count${route}}`)).toBe(2)
  expect(samples.get(`fieldhouse_http_request_duration_seconds_bucket${route},le="+Inf"}`)).toBe(2)
  for (const name of [
    'fieldhouse_uptime_seconds',
    'process_resident_memory_bytes',
    'fieldhouse_event_loop_lag_seconds{quantile="0.5"}',
    'fieldhouse_event_loop_lag_seconds{quantile="0.99"}',
    'fieldhouse_http_thread_long_stretches_total{over="0.01"}',
    'fieldhouse_open_streams',
    'fieldhouse_cache_keys',
    'fieldhouse_queue_jobs{queue="quick",state="waiting"}',
    'fieldhouse_queue_jobs{queue="heavy",state="active"}',
    'fieldhouse_database_bytes{file="fieldhouse.db"}',
    'fieldhouse_alerts{severity="critical"}',
    'fieldhouse_runs_total{status="FAILURE"}',
  ])
    expect([name, samples.get(name)]).toEqual([name, expect.any(Number)])
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(samples.has('fieldhouse_newest_backup_timestamp_seconds')).toBe(false) // there is none yet
})

test('held locks, open streams and cached answers show in /metrics', async () => {
  const hold = Promise.withResolvers<void>()
  const { locks } = await import('../src/locks.ts')
  const holder = job('test.holder', { lock: () => locks.roster(), run: () => hold.promise })
  const { app, call, as } = await start({}, undefined, { jobs: [holder] })
  const { jobId } = await app.jobs.start(holder, {})
  const abort = new AbortController()
  const stream = await call.raw(`/api/v1/jobs/${jobId}/events`, { signal: abort.signal })
  await stream.body?.getReader().read()
  await as().get('/api/v1/leagues/active')
  const samples = await until(async () => {
    const current = samplesOf(await call.get('/metrics')).samples
    return current.has('fieldhouse_locks{task="roster"}') ? current : undefined
  })
  expect(samples.get('fieldhouse_locks{task="roster"}')).toBe(1)
  expect(samples.get('fieldhouse_open_streams')).toBe(1)
  expect(samples.get('fieldhouse_cache_misses_total{entry="active_leagues"}')).toBe(1)
  hold.resolve()
  abort.abort()
})

test('a worker serves the probes and metrics, and nothing else', async () => {
  const { as, call } = await start({ ROLE: 'worker' })
  expect(await as().get('/livez')).toBe('ok')
  expect(
    await until(() =>
      as()
        .get('/readyz')
        .catch(() => undefined),
    ),
  ).toEqual({ status: 'ready' })
  expect(await call.get('/metrics')).toContain('fieldhouse_uptime_seconds')
  for (const path of ['/health', '/', '/api/v1/leagues', '/swagger', '/swagger/json', '/admin/backups/json'])
    expect((await refusalOf(call.get(path))).status).toBe(404)
})

test('a web process accepts work that a worker of the same folder does', async () => {
  const worker = await spawnFieldhouse({ ROLE: 'worker' })
  const web = await start({ ROLE: 'web' }, worker.dataDir)
  expect(await web.finished(web.call.post('/admin/backups'))).toMatchObject({ status: 'SUCCESS' })
})

test('two services in one process read their own folders, and one goes on when the other has closed', async () => {
  const [first, second] = [await start(), await start()]
  const leaguesOf = async ({ app }: typeof first) =>
    (await app.reader.read(overviewReading, { now: app.clock.now() })).leagues.total
  await newLeague(first.call)
  expect([await leaguesOf(first), await leaguesOf(second)]).toEqual([1, 0])
  await first.stop()
  expect(await outcome(leaguesOf(first))).toThrow('stopped')
  expect(await leaguesOf(second)).toBe(0)
})
