import { expect, test } from 'bun:test'
import { Redis } from 'ioredis'
import { job } from '../src/context.ts'
import { countWorkers, redisAlerts } from '../src/monitor/redis-stats.ts'
import { queueNames } from '../src/platform/jobs/job.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { afterTest, type caller, refusalOf, start, until } from './start.ts'

const healthyInfo: Record<string, string> = {
  connected_clients: '20',
  blocked_clients: '4',
  maxclients: '1000',
  client_recent_max_input_buffer: '20480',
  client_recent_max_output_buffer: '0',
  used_memory: '1048576',
  used_memory_human: '1.00M',
  used_memory_peak_human: '2.00M',
  used_memory_rss_human: '7.00M',
  mem_fragmentation_ratio: '6.80',
  maxmemory: '0',
  maxmemory_human: '0B',
  maxmemory_policy: 'noeviction',
  total_commands_processed: '12345',
  instantaneous_ops_per_sec: '17',
  rejected_connections: '931',
  expired_keys: '3',
  evicted_keys: '0',
}
const asBrowser = async (call: ReturnType<typeof caller>, path: string) => {
  const answer = await call.raw(path, { headers: { accept: 'text/html' } })
  expect(answer.headers.get('vary')).toContain('accept')
  return answer.text()
}

const redisStats = (fields: Record<string, string> = {}, workers = 4, rejected = 0) =>
  redisAlerts(new Map(Object.entries({ ...healthyInfo, ...fields })), workers, rejected)

test('Redis is healthy whatever it refused long ago, and however many of our workers wait', () => {
  expect(redisStats()).toMatchObject({
    mode: 'redis',
    status: 'HEALTHY',
    alerts: [],
    connections: { connected_clients: 20, blocked_clients: 4, max_connections: 1000, usage_percentage: 2 },
    memory: { max_memory_human: 'no limit', usage_percentage: null, eviction_policy: 'noeviction' },
    performance: { rejected_connections: 931, rejected_lately: 0 },
  })
})

test.each([
  ['more than 75 % of the connections', redisStats({ connected_clients: '760' }), 'WARNING', '76 %'],
  ['more than 90 % of the connections', redisStats({ connected_clients: '901' }), 'CRITICAL', '90.1 %'],
  ['connections refused just now', redisStats({}, 4, 3), 'CRITICAL', '3 connections refused'],
  [
    'clients blocked that are not our workers',
    redisStats({ blocked_clients: '6' }),
    'WARNING',
    '2 blocked clients besides',
  ],
  ['a policy that evicts', redisStats({ maxmemory_policy: 'allkeys-lru' }), 'WARNING', 'allkeys-lru'],
  [
    'memory that is nearly used up',
    redisStats({ maxmemory: '1100000', maxmemory_human: '1.05M' }),
    'CRITICAL',
    '95.3 %',
  ],
])('Redis is not healthy with %s', (_, stats, status, words) => {
  expect(stats.status).toBe(status as typeof stats.status)
  expect(stats.alerts).toHaveLength(1)
  expect(stats.alerts[0]?.message).toContain(words)
})

test('workers of another installation on the same Redis explain blocked clients too', () => {
  const client = (name: string) =>
    `id=3 addr=127.0.0.1:50604 laddr=127.0.0.1:6379 name=${name} age=12 idle=0 flags=b db=0`
  const worker = (namespace: string, queue: string) => `${namespace}:${Buffer.from(queue).toString('base64')}`
  const clients = [
    worker('fieldhouse', 'quick'),
    worker('club:two', 'heavy'),
    `${worker('club', 'compute-1.0.0')}:w:host-12`,
    worker('fieldhouse', 'emails of another program'),
    '',
  ]
  expect(countWorkers(`${clients.map(client).join('\n')}\n`)).toBe(3)
})

test('without a memory limit there is no share of it, and missing figures of Redis are unknown, not 0', () => {
  const stats = redisStats({ maxclients: '', instantaneous_ops_per_sec: '' })
  expect(stats.connections).toMatchObject({ max_connections: null, usage_percentage: null })
  expect(stats.performance.instantaneous_ops_per_sec).toBeNull()
  expect(stats.status).toBe('HEALTHY')
})

redisTest('figures of a real Redis are read, and rejections count only while they rise', async () => {
  const redis = await startRedis()
  const { call } = await start({ REDIS_URL: redis.url })
  const stats = () => call.get('/admin/redis-stats')
  const first = await until(async () => {
    const seen = await stats()
    return seen.connections.blocked_clients >= queueNames.length ? seen : undefined
  })
  expect(first).toMatchObject({ mode: 'redis', status: 'HEALTHY', alerts: [], embedded: null })
  expect(first.connections.blocked_by_workers).toBe(queueNames.length)
  expect(first.memory.used_memory_human).toMatch(/^[\d.]+[KM]$/)
  expect(first.performance.rejected_lately).toBe(0)

  const admin = new Redis(redis.url)
  afterTest(() => admin.disconnect())
  await admin.call('ACL', 'SETUSER', 'default', '-client|list') // as some hosts of Redis do
  expect(await stats()).toMatchObject({ status: 'HEALTHY', connections: { blocked_by_workers: null } })
  await admin.call('ACL', 'SETUSER', 'default', '+client|list')
  await admin.config('SET', 'maxclients', String(first.connections.connected_clients + 1))
  const rejected = new Redis(redis.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
  rejected.on('error', () => {})
  await rejected.ping().catch(() => {})
  rejected.disconnect()
  const full = await until(async () => {
    const seen = await stats()
    return seen.performance.rejected_lately > 0 ? seen : undefined
  })
  expect(full.status).toBe('CRITICAL')
  await admin.config('SET', 'maxclients', '1000')
  await redis.stop()
  const unreachable = await until(async () => {
    const seen = await stats()
    return seen.status === 'ERROR' ? seen : undefined
  })
  expect(unreachable).toMatchObject({ connections: { connected_clients: null }, memory: { used_memory_human: null } })
})

test('without Redis the same fields describe the queue file', async () => {
  const { call } = await start()
  const stats = await call.get('/admin/redis-stats')
  expect(stats).toMatchObject({
    mode: 'embedded',
    status: 'HEALTHY',
    connections: { connected_clients: 1, max_connections: null },
    performance: { total_commands_processed: null },
    embedded: { file: 'queue.db', page_size: 2048 },
  })
  for (const part of ['queue_file_bytes', 'wal_bytes', 'page_count', 'free_pages', 'checkpoint_age_s'])
    expect(stats.embedded[part]).toBeGreaterThanOrEqual(0)
  // A browser reads the same on a page, which the task monitor leads to.
  expect(await call.get('/admin/task-monitor')).toContain('<a href="/admin/redis-stats">The queue file</a>')
  const page = await asBrowser(call, '/admin/redis-stats')
  expect(page).toContain('The queue file is well.')
  expect(page).toContain('<dt>Write-ahead log</dt>')
  expect(await call.get('/admin/redis-stats/json')).toMatchObject({ mode: 'embedded', status: 'HEALTHY' })
})

test('the queues list their workers and their active, waiting, planned and registered jobs', async () => {
  const release = Promise.withResolvers<void>()
  const slow = job('test.slow', { queue: 'heavy', run: () => release.promise })
  const failing = job('test.failing', {
    backoff: '5m',
    run: () => Promise.reject(new Error('no')),
  })
  const { call, app } = await start({}, undefined, { jobs: [slow, failing] })
  await app.jobs.start(failing, {}, { at: Date.now() + 50 })
  const retried = await until(async () => {
    const { scheduled } = await call.get('/admin/queue-inspect')
    return scheduled.find(({ attempts }: { attempts: number }) => attempts === 1)
  })
  const [queued] = await app.queues.list('quick', 'delayed', 1)
  expect(Date.parse(retried.eta) - Date.parse(retried.since)).toBe(queued?.delay ?? 0)
  await app.jobs.cancel(retried.id)
  for (let i = 0; i < 3; i++) await app.jobs.start(slow, {})
  const at = Date.now() + 3_600_000
  await app.jobs.start(slow, {}, { at })
  const queues = await until(async () => {
    const seen = await call.get('/admin/queue-inspect')
    return seen.active.length === 1 ? seen : undefined
  })
  expect(queues).toMatchObject({ backend: 'sqlite', active: [{ name: 'test.slow', queue: 'heavy', attempts: 0 }] })
  expect(queues.reserved).toHaveLength(2)
  expect(queues.counts.heavy).toMatchObject({ active: 1, waiting: 2, delayed: 1 })
  expect(Math.abs(Date.parse(queues.scheduled[0].eta) - at)).toBeLessThan(60_000)
  expect(queues.registered).toContain('test.slow')
  expect(queues.workers.map(({ queue }: { queue: string }) => queue).sort()).toEqual([
    'heavy',
    'mail',
    'quick',
    'rosters',
  ])
  expect(await call.get('/admin/task-monitor')).toContain('<a href="/admin/queue-inspect">Inside the queues</a>')
  const page = await asBrowser(call, '/admin/queue-inspect')
  expect(page).toContain(
    `<tr id="active-${queues.active[0].id}"><th scope="row" class="names"><a href="/admin/task-monitor/jobs/${queues.active[0].id}">`,
  )
  expect(page.match(/<tr id="reserved-/g)).toHaveLength(2)
  expect(page).toContain(`<time datetime="${queues.scheduled[0].eta}"`)
  expect(await call.get('/admin/queue-inspect/json')).toMatchObject({ machines: [], active: [{ name: 'test.slow' }] })
  release.resolve()
})

test('the older path of the queues redirects admins', async () => {
  const { call, as } = await start({ ROLE: 'web' })
  const moved = await call.raw('/admin/celery-inspect')
  expect([moved.status, moved.headers.get('location')]).toEqual([308, '/admin/queue-inspect'])
  expect((await refusalOf(as().get('/admin/celery-inspect'))).status).toBe(401)
})
