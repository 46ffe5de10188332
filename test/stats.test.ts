import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { type RunState, runs } from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import { refreshAllStats } from '../src/monitor/statistics/warm-statistics.ts'
import { touch } from '../src/platform/cache/stamps.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { newLeague, upload } from './sheets.ts'
import { ready, refusalOf, shared, start, temporaryFolder, until } from './start.ts'

const stats = '/api/v1/stats'
const user = (name: string, country?: string) => ({
  email: `${name}@x.test`,
  username: name,
  password: 'long enough one',
  role: 'member',
  ...(country && { country }),
})

async function startWithHistory(env = {}, folder?: string) {
  const fieldhouse = await start(env, folder)
  const { call, finished } = fieldhouse
  for (const [name, country] of [
    ['ann', 'SE'],
    ['bob', 'SE'],
    ['cy', undefined],
  ] as const)
    await call.post('/api/v1/users', user(name, country))
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Name,Power\n1,ann,5\n'))
  await finished(upload(call, id, 'nothing,to\nsee,here\n'))
  await finished(call.post(`${stats}/refresh`)) // answers cached at the start are without this
  return { ...fieldhouse, id }
}

/** Shared by tests that only read what was counted. */
const history = shared(() => startWithHistory())

test('the dashboard counts what there is, by section', async () => {
  const { call } = await history()
  const dashboard = await call.get(`${stats}/dashboard?period=last_week`)
  expect(dashboard).toMatchObject({ period: 'last_week', summary: { users: 3, leagues: 1, uploads: 2 } })
  expect(dashboard.summary.runs).toBeGreaterThanOrEqual(2)
  expect(dashboard.trends).toHaveLength(8)
  expect(dashboard.trends.at(-1)).toMatchObject({ date: new Date().toISOString().slice(0, 10), uploads: 2, failed: 1 })
  expect(dashboard.geographic).toEqual([
    { country: 'SE', users: 2 },
    { country: null, users: 1 },
  ])
  expect(dashboard.tasks.find(({ name }: { name: string }) => name === 'sheets.import')).toMatchObject({
    runs: 2,
    failed: 1,
  })
  expect(Object.keys(await call.get(`${stats}/dashboard?include=tasks,summary`)).sort()).toEqual([
    'generated_at',
    'period',
    'summary',
    'tasks',
  ])
  expect((await refusalOf(call.get(`${stats}/dashboard?include=weather`))).problem.errors).toMatchObject([
    { path: 'include' },
  ])
})

test('executions are grouped and filtered, with nothing left out where nothing ran', async () => {
  const { call } = await history()
  const byDay = await call.get(`${stats}/executions?period=last_week&group_by=day&name=sheets.import`)
  expect(byDay).toMatchObject({ total: 2, group_by: 'day' })
  expect(byDay.buckets).toHaveLength(8)
  expect(byDay.buckets[0]).toMatchObject({ total: 0, avg_ms: null })
  expect(byDay.buckets.at(-1)).toMatchObject({ total: 2, success: 1, failed: 1 })
  expect(await call.get(`${stats}/executions?group_by=hour&status=FAILURE&period=last_day`)).toMatchObject({ total: 1 })
  expect((await call.get(`${stats}/executions?period=all&group_by=month`)).buckets).toHaveLength(1)
  expect((await refusalOf(call.get(`${stats}/executions?period=century`))).status).toBe(422)
})

/** Runs as they end: put in as running, then ended, as the trigger counts them. */
async function endRuns(db: Db, now: number, name: string, ended: { status: RunState; ms: number }[]) {
  const startedAt = now - 3_600_000
  await atomically(db, tx => {
    for (const [i, { status, ms }] of ended.entries()) {
      const id = `${name}-${i}`
      const run = { id, name, queue: 'quick', status: 'PROGRESS' as const, input: {}, maxAttempts: 1 }
      tx.insert(runs)
        .values({ ...run, createdAt: startedAt, startedAt })
        .run()
      tx.update(runs)
        .set({ status, completedAt: startedAt + ms })
        .where(eq(runs.id, id))
        .run()
    }
  })
}

test('p95 is within 10 % of the true value, for jobs and for requests', async () => {
  const { call, app, clock, finished } = await start()
  const trueP95 = new Map([2, 7, 23, 61, 190, 480, 1_150, 4_400, 27_000, 95_000, 700_000].map(ms => [`test.${ms}`, ms]))
  for (const [name, p95] of trueP95) {
    const most = Array.from({ length: 94 }, (_, i) => ({ status: 'SUCCESS' as const, ms: Math.floor((p95 * i) / 100) }))
    const rest = Array.from({ length: 6 }, () => ({ status: 'FAILURE' as const, ms: p95 }))
    await endRuns(app.db, clock.now(), name, [...most, ...rest])
    for (const { ms } of [...most, ...rest]) if (p95 < 60_000) app.metrics.request(`GET /${name}`, ms, 200)
  }
  app.metrics.flush(app.db, clock.now())
  await finished(call.post(`${stats}/refresh`))
  const { tasks } = await call.get(`${stats}/dashboard?period=all`)
  const { routes } = await call.get('/admin/monitoring/performance/json')
  const offBy = (found: number, ms: number) => Math.abs(found - ms) / ms
  for (const [name, ms] of trueP95) {
    const job = tasks.find((task: { name: string }) => task.name === name)
    expect([name, offBy(job.p95_ms, ms) <= 0.1]).toEqual([name, true])
    if (ms > 60_000) continue
    const route = routes.find((found: { route: string }) => found.route === `GET /${name}`)
    expect([name, offBy(route.p95_ms, ms) <= 0.1]).toEqual([name, true])
  }
})

test('what was cancelled is counted and named, and a total is the sum of its parts', async () => {
  const { call, app, clock, finished } = await start()
  const ended = ['SUCCESS', 'SUCCESS', 'FAILURE', 'CANCELLED', 'CANCELLED', 'CANCELLED'] as const
  await endRuns(
    app.db,
    clock.now(),
    'test.some',
    ended.map(status => ({ status, ms: status === 'CANCELLED' ? 0 : 90 })),
  )
  await finished(call.post(`${stats}/refresh`))
  const found = await call.get(`${stats}/executions?period=last_week&name=test.some`)
  expect(found).toMatchObject({ total: 6, success: 2, failed: 1, cancelled: 3 })
  const hour = found.buckets.find(({ total }: { total: number }) => total)
  expect(hour).toMatchObject({ total: 6, success: 2, failed: 1, cancelled: 3, avg_ms: 90 })
  expect(await call.get(`${stats}/executions?name=test.some&status=CANCELLED`)).toMatchObject({
    total: 3,
    cancelled: 3,
  })
  const { tasks, trends } = await call.get(`${stats}/dashboard?period=last_week`)
  expect(tasks.find(({ name }: { name: string }) => name === 'test.some')).toMatchObject({
    runs: 6,
    failed: 1,
    cancelled: 3,
    avg_ms: 90,
  })
  expect(trends.reduce((sum: number, { cancelled }: { cancelled: number }) => sum + cancelled, 0)).toBe(3)
})

test('users are counted by registration, activity and country', async () => {
  const { call, as } = await history()
  await as().post('/api/v1/auth/login', { email: 'ann@x.test', password: 'long enough one' })
  await as().post('/api/v1/auth/login', { email: 'ann@x.test', password: 'long enough one' })
  const userStats = await call.get(`${stats}/users?period=last_week&group_by=hour`)
  expect(userStats.total).toBe(3)
  expect(userStats.buckets.reduce((sum: number, { registered }: { registered: number }) => sum + registered, 0)).toBe(3)
  expect(userStats.buckets.reduce((sum: number, { active }: { active: number }) => sum + active, 0)).toBe(1)
  expect((await call.get(`${stats}/users?country=no`)).total).toBe(0)
  expect((await call.get(`${stats}/users?country=se`)).total).toBe(2)
})

test('a refresh computes the common and the recent queries, and renews what has not changed', async () => {
  const { call, finished, as } = await startWithHistory()
  await call.get(`${stats}/executions?name=sheets.import`)
  const first = await finished(call.post(`${stats}/refresh`))
  expect(first).toMatchObject({ status: 'SUCCESS', result: { failed: 0 } })
  const { total_refreshed, successful, cache_keys } = first.result
  expect(total_refreshed).toBe(successful)
  expect(cache_keys).toHaveLength(successful)
  expect(cache_keys.some((key: string) => key.includes('sheets.import'))).toBe(true)
  expect((await call.raw(`${stats}/dashboard?period=all`)).headers.get('x-cache')).toBe('hit')
  await as().post('/api/v1/auth/login', { email: 'ann@x.test', password: 'long enough one' })
  expect((await finished(call.post(`${stats}/refresh`))).result.renewed).toBeLessThan(successful)
})

test('while the schedule refreshes, every query is cached', async () => {
  const { call, runJob, clock } = await startWithHistory()
  await call.get(`${stats}/dashboard?period=last_day`)
  for (let passed = 0; passed < 30; passed += 4) {
    clock.forward(4 * 60_000)
    await runJob(refreshAllStats, {})
    for (const query of ['period=last_day', 'period=all', 'period=last_week'])
      expect((await call.raw(`${stats}/dashboard?${query}`)).headers.get('x-cache')).toBe('hit')
  }
})

test('one failing statistic is counted and never stops the others', async () => {
  const { call, app, finished } = await startWithHistory()
  app.db.$client.run('alter table user_activity rename to elsewhere')
  app.db.$client.run('alter table activity_counts rename to gone')
  const { result, job_id } = await finished(call.post(`${stats}/refresh`))
  expect(result.failed).toBeGreaterThan(0)
  expect(result.successful).toBeGreaterThan(4)
  expect(result.total_refreshed).toBe(result.failed + result.successful)
  expect(result.failures).toHaveLength(result.failed)
  expect(result.failures[0].error).toContain('no such table')
  const { log } = await call.get(`/admin/task-monitor/jobs/${job_id}/json`)
  expect(log.filter(({ level }: { level: string }) => level === 'warn')).toHaveLength(result.failed)
  const activeAlerts = async () =>
    (await call.get('/admin/monitoring/alerts/json?type=cache_error')).alerts.map(
      ({ title }: { title: string }) => title,
    )
  expect(await activeAlerts()).toContain('Statistics (users) could not all be refreshed')
  app.db.$client.run('alter table elsewhere rename to user_activity')
  app.db.$client.run('alter table gone rename to activity_counts')
  await finished(call.post(`${stats}/refresh`))
  expect(await activeAlerts()).toEqual([])
})

test('the cache is shown by entry and cleared by name, by admins', async () => {
  const { call, as, id } = await startWithHistory()
  await call.get(`/api/v1/leagues/${id}/leaderboard`) // made as its sheet was published
  const board = async () =>
    (await call.get(`${stats}/cache`)).by_name.find(({ name }: { name: string }) => name === 'leaderboard')
  expect(await board()).toMatchObject({ hits: 1, requests: expect.any(Number), bytes: expect.any(Number) })
  expect(await call.delete(`${stats}/cache?name=leaderboard`)).toEqual({ cleared: ['leaderboard'] })
  expect((await call.raw(`/api/v1/leagues/${id}/leaderboard`)).headers.get('x-cache')).toBe('miss')
  expect((await refusalOf(call.delete(`${stats}/cache?name=nothing`))).problem.errors).toMatchObject([{ path: 'name' }])
  expect((await refusalOf(as().get(`${stats}/cache`))).status).toBe(401)
})

test('the cache has totals, counts what changes dropped, and is cleared by league, by pattern, and warmed by name', async () => {
  const { call, app, id } = await startWithHistory()
  const other = (await newLeague(call)).id
  const board = async (league: number) =>
    (await call.raw(`/api/v1/leagues/${league}/leaderboard`)).headers.get('x-cache')
  const both = async () => [await board(id), await board(other)]
  await both()
  expect(await both()).toEqual(['hit', 'hit'])
  const before = await call.get(`${stats}/cache`)
  expect(before.total_requests).toBe(before.hits + before.misses)
  expect(before).toMatchObject({ sets: expect.any(Number), hit_rate: expect.any(Number) })
  expect(await call.delete(`${stats}/cache?name=leaderboard&scope=${id}`)).toEqual({ cleared: [`leaderboard:${id}`] })
  expect(await both()).toEqual(['miss', 'hit'])
  expect(await call.delete(`${stats}/cache?pattern=leaderboard:${other}`)).toEqual({
    cleared: [`leaderboard:${other}`],
  })
  expect(await both()).toEqual(['hit', 'miss'])
  expect(await call.delete(`${stats}/cache?pattern=leaderboard:*`)).toEqual({ cleared: ['leaderboard'] })
  expect(await both()).toEqual(['miss', 'miss'])
  const cleared = await call.get(`${stats}/cache`)
  expect([cleared.deletes - before.deletes, cleared.invalidations - before.invalidations]).toEqual([3, 0])
  await atomically(app.db, tx => touch(tx, 'scores', id))
  const changed = await call.get(`${stats}/cache`)
  const dropped = changed.invalidations - cleared.invalidations
  expect(dropped).toBeGreaterThan(0)
  expect(changed.deletes - cleared.deletes).toBe(dropped)
  expect(await call.get('/admin/monitoring/cache/json')).toMatchObject({ deletes: changed.deletes })
  expect(await call.post(`${stats}/warm?name=boards`)).toMatchObject({ warmed: [{ name: 'boards', error: null }] })
  expect(await both()).toEqual(['hit', 'hit'])
  expect((await call.post(`${stats}/warm`)).warmed.length).toBeGreaterThan(3)
  expect((await refusalOf(call.post(`${stats}/warm?name=nothing`))).problem.errors).toMatchObject([{ path: 'name' }])
  const { logs } = await call.get('/admin/audit/logs/json?action=cache.warm')
  expect(logs).toMatchObject([
    { user: 'operator', target: 'all', result: 'ok', detail: { failed: 0 } },
    { user: 'operator', target: 'boards', result: 'ok', detail: { warmed: 1, failed: 0 } },
  ])
})

test('the performance page lists the slowest routes first, and pages the rest', async () => {
  const { call, app, clock } = await start()
  for (let i = 0; i < 40; i++)
    for (let times = 0; times <= 40 - i; times++) app.metrics.request(`GET /route-${i}-`, 2_000 + 100 * i, 200)
  app.metrics.flush(app.db, clock.now())
  const page = await call.get('/admin/monitoring/performance')
  expect(page).toContain('/route-39-')
  expect(page).not.toContain('/route-0-')
  expect(await call.get('/admin/monitoring/performance?page=3')).toContain('/route-0-')
  const { routes } = await call.get('/admin/monitoring/performance/json')
  const times = routes.map(({ p95_ms }: { p95_ms: number }) => p95_ms)
  expect(times).toEqual(times.toSorted((a: number, b: number) => b - a))
})

test('a service is ready once its cache is warm, and warmed answers are hits', async () => {
  const folder = temporaryFolder()
  const before = await startWithHistory({}, folder)
  await before.stop()
  const { call, app } = await start({}, folder)
  await until(() => app.isReady)
  await ready(call)
  expect((await call.raw(`/api/v1/leagues/${before.id}/leaderboard`)).headers.get('x-cache')).toBe('hit')
  expect((await call.raw(`${stats}/dashboard?period=all`)).headers.get('x-cache')).toBe('hit')
})

async function checkRefreshByWorker(env = {}) {
  const folder = temporaryFolder()
  const web = await start({ ...env, ROLE: 'web' }, folder)
  await start({ ...env, ROLE: 'worker' }, folder, { clock: web.clock })
  const { call, finished, clock } = web
  const dashboard = () => call.raw(`${stats}/dashboard?period=all&include=summary`)
  const users = async () => (await (await dashboard()).json()).summary.users
  const refresh = () => finished(call.post(`${stats}/refresh`))
  await refresh()
  const before = await dashboard()
  expect((await before.json()).summary.users).toBe(0)
  await call.post('/api/v1/users', user('ann'))
  expect(await users()).toBe(0)
  expect(await refresh()).toMatchObject({ status: 'SUCCESS' })
  expect(await users()).toBe(1)
  const tag = before.headers.get('etag') ?? ''
  expect(
    (await call.raw(`${stats}/dashboard?period=all&include=summary`, { headers: { 'if-none-match': tag } })).status,
  ).toBe(200)
  for (let passed = 0; passed < 15; passed += 5) {
    clock.forward(5 * 60_000)
    await refresh()
    for (const query of ['dashboard?period=all', 'executions?period=last_week&group_by=day', 'users'])
      expect((await call.raw(`${stats}/${query}`)).headers.get('x-cache')).toBe('hit')
  }
}

test('the very next read of the web process shows what a worker refreshed', () => checkRefreshByWorker())
redisTest('the very next read of the web process shows what a worker refreshed, over Redis', async () =>
  checkRefreshByWorker({ REDIS_URL: (await startRedis()).url }),
)

redisTest(
  'one process serves what another refreshed, and shows a change made in the other on its next read',
  async () => {
    const redis = await startRedis()
    const folder = temporaryFolder()
    const one = await startWithHistory({ REDIS_URL: redis.url, ROLE: 'all' }, folder)
    await until(() => one.app.cache.usage().connected)
    await one.finished(one.call.post(`${stats}/refresh`))
    const two = await start({ REDIS_URL: redis.url, ROLE: 'web' }, folder)
    await until(() => two.app.cache.usage().connected)
    await until(async () => (await two.call.raw(`${stats}/dashboard?period=all`)).headers.get('x-cache') === 'hit')
    await two.call.patch(`/api/v1/leagues/${one.id}`, { name: 'Renamed' })
    expect((await two.call.get(`/api/v1/leagues/${one.id}`)).name).toBe('Renamed')
    expect(await until(async () => (await one.call.get(`/api/v1/leagues/${one.id}`)).name === 'Renamed')).toBe(true)
  },
)
