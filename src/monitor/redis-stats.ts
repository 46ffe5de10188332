/** Redis statistics with warnings about what matters here; or those of the queue's file without Redis. */
import { Database } from 'bun:sqlite'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, t } from 'elysia'
import { type App, oncePerApp } from '../context.ts'
import { messageOf } from '../errors.ts'
import { minute, second } from '../platform/clock.ts'
import { nullableNumber, oneOfWords } from '../platform/http/shared-schemas.ts'
import { isComputeQueue } from '../platform/jobs/compute.ts'
import { queueNames } from '../platform/jobs/job.ts'
import { counted } from '../platform/number-text.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'
import { processesOf } from './processes.ts'

const text = t.Nullable(t.String())
const level = oneOfWords(['WARNING', 'CRITICAL', 'ERROR'])

/** Instead of Redis: the queue's file, as SQLite sees it. */
const embeddedSchema = t.Object({
  file: t.String(),
  queue_file_bytes: nullableNumber,
  wal_bytes: t.Nullable(
    t.Number({ description: 'The write-ahead log: not yet copied into the file, or free for reuse' }),
  ),
  page_size: nullableNumber,
  page_count: nullableNumber,
  free_pages: nullableNumber,
  checkpoint_age_s: t.Nullable(t.Number({ description: 'Since the last checkpoint of the write-ahead log' })),
})
type Embedded = Static<typeof embeddedSchema>

export const redisStatsSchema = t.Object({
  mode: oneOfWords(['redis', 'embedded']),
  status: t.Union([t.Literal('HEALTHY'), level]),
  alerts: t.Array(t.Object({ level, message: t.String() })),
  connections: t.Object({
    connected_clients: nullableNumber,
    blocked_clients: nullableNumber,
    blocked_by_workers: t.Nullable(
      t.Number({
        description:
          'How many of them may be workers of Fieldhouse, also of other installations; null: Redis does not say',
      }),
    ),
    max_connections: t.Nullable(t.Number({ description: 'null: no limit' })),
    usage_percentage: nullableNumber,
    client_recent_max_input_buffer: nullableNumber,
    client_recent_max_output_buffer: nullableNumber,
  }),
  memory: t.Object({
    used_memory_human: text,
    used_memory_peak_human: text,
    used_memory_rss_human: text,
    mem_fragmentation_ratio: nullableNumber,
    max_memory_human: t.Nullable(t.String({ description: '`no limit` if there is none' })),
    usage_percentage: nullableNumber,
    eviction_policy: text,
  }),
  performance: t.Object({
    total_commands_processed: nullableNumber,
    instantaneous_ops_per_sec: nullableNumber,
    rejected_connections: nullableNumber,
    rejected_lately: t.Nullable(t.Number({ description: 'In the last ten minutes, as seen by this process' })),
    expired_keys: nullableNumber,
    evicted_keys: nullableNumber,
  }),
  embedded: t.Nullable(embeddedSchema),
})
export type RedisStats = Static<typeof redisStatsSchema>
type Warning = RedisStats['alerts'][number]

export async function redisStats(app: App): Promise<RedisStats> {
  const { redis } = app
  if (!redis) return withoutRedis(app)
  try {
    const clients = redis.client('LIST').catch(() => null) // some hosts of Redis do not allow it
    const [info, list] = await withTimeout(Promise.all([redis.info(), clients]))
    const workers = list === null ? null : countWorkers(String(list))
    return redisAlerts(infoFields(info), workers, recentRejections(app, infoFields(info)))
  } catch (error) {
    const why = messageOf(error)
    const alerts: Warning[] = [{ level: 'ERROR', message: `Redis does not answer: ${why}` }]
    return { ...unknown, status: 'ERROR', alerts }
  }
}

/** Workers of all installations that share this Redis: BullMQ calls their connections `namespace:<queue in base64>`, and `:w:<name>` after it. */
export function countWorkers(clients: string): number {
  const named = [...clients.matchAll(/ name=\S+?:([A-Za-z0-9+/]+=*)(?::w:\S*)? /g)]
  return named.filter(([, queue = '']) => isOurs(Buffer.from(queue, 'base64').toString())).length
}

const isOurs = (queue: string) => isComputeQueue(queue) || queueNames.some(name => name === queue)

type Fields = ReadonlyMap<string, string>
const infoFields = (info: string): Fields =>
  new Map(info.split(/\r?\n/).flatMap(line => (/^[a-z]\w*:/i.test(line) ? [fieldAndValue(line)] : [])))
const fieldAndValue = (line: string): [string, string] => [
  line.slice(0, line.indexOf(':')),
  line.slice(line.indexOf(':') + 1),
]

/** Pure: the fields of INFO, how many clients our workers block on purpose, and how many connections were recently refused. */
export function redisAlerts(fields: Fields, workers: number | null, rejectedLately: number | null): RedisStats {
  const value = (name: string): number | null => {
    const raw = fields.get(name)
    return raw === undefined || raw === '' || !Number.isFinite(Number(raw)) ? null : Number(raw)
  }
  const field = (name: string) => fields.get(name) ?? null
  const [clients, blocked, maxClients] = [value('connected_clients'), value('blocked_clients'), value('maxclients')]
  const [memory, maxMemory] = [value('used_memory'), value('maxmemory')]
  const policy = field('maxmemory_policy')
  const usage = shareOf(clients, maxClients)
  const memoryUsage = shareOf(memory, maxMemory)
  const alerts: Warning[] = []
  const warn = (level: Warning['level'], message: string) => alerts.push({ level, message })
  if (usage !== null && usage > 90) warn('CRITICAL', `${usage} % of all connections are in use`)
  else if (usage !== null && usage > 75) warn('WARNING', `${usage} % of all connections are in use`)
  if (rejectedLately) warn('CRITICAL', `${counted(rejectedLately, 'connection')} refused in the last ten minutes`)
  const foreignBlocked = workers === null ? 0 : (blocked ?? 0) - workers
  if (foreignBlocked > 0) warn('WARNING', `${counted(foreignBlocked, 'blocked client')} besides our workers`)
  if (policy !== null && policy !== 'noeviction')
    warn('WARNING', `Redis may evict jobs: maxmemory-policy is ${policy}, not noeviction`)
  if (memoryUsage !== null && memoryUsage > 90)
    warn('CRITICAL', `${memoryUsage} % of maxmemory is in use; writes will be refused`)
  else if (memoryUsage !== null && memoryUsage > 75) warn('WARNING', `${memoryUsage} % of maxmemory is in use`)
  return {
    mode: 'redis',
    status: worstStatus(alerts),
    alerts,
    connections: {
      connected_clients: clients,
      blocked_clients: blocked,
      blocked_by_workers: workers,
      max_connections: maxClients || null,
      usage_percentage: usage,
      client_recent_max_input_buffer: value('client_recent_max_input_buffer'),
      client_recent_max_output_buffer: value('client_recent_max_output_buffer'),
    },
    memory: {
      used_memory_human: field('used_memory_human'),
      used_memory_peak_human: field('used_memory_peak_human'),
      used_memory_rss_human: field('used_memory_rss_human'),
      mem_fragmentation_ratio: value('mem_fragmentation_ratio'),
      max_memory_human: maxMemory === 0 ? 'no limit' : field('maxmemory_human'),
      usage_percentage: memoryUsage,
      eviction_policy: policy,
    },
    performance: {
      total_commands_processed: value('total_commands_processed'),
      instantaneous_ops_per_sec: value('instantaneous_ops_per_sec'),
      rejected_connections: value('rejected_connections'),
      rejected_lately: rejectedLately,
      expired_keys: value('expired_keys'),
      evicted_keys: value('evicted_keys'),
    },
    embedded: null,
  }
}

const shareOf = (used: number | null, max: number | null): number | null =>
  used === null || !max ? null : Math.round((1_000 * used) / max) / 10

function worstStatus(alerts: readonly Warning[]): RedisStats['status'] {
  const levels = alerts.map(({ level }) => level)
  return (['ERROR', 'CRITICAL', 'WARNING'] as const).find(level => levels.includes(level)) ?? 'HEALTHY'
}

/** All values null, as of a Redis that does not answer. */
const unknown = redisAlerts(new Map(), null, null)

/** `rejected_connections` counts since Redis started: only its increase matters. */
const recentTime = 10 * minute
const rejectionSamples = oncePerApp((): { at: number; run: string; rejected: number }[] => [])

function recentRejections(app: App, fields: Fields): number {
  const now = app.clock.now()
  const run = fields.get('run_id') ?? ''
  const rejected = Number(fields.get('rejected_connections') ?? 0)
  const all = rejectionSamples(app)
  if (all[0]?.run !== run) all.length = 0 // another Redis counts from zero
  all.push({ at: now, run, rejected })
  // The newest old enough sample stays: the increase is measured from it.
  while (all[1] && all[1].at <= now - recentTime) all.shift()
  return rejected - (all[0]?.rejected ?? rejected)
}

/** The same shape for queue and cache in this process and its files. Values that only Redis has are null. */
function withoutRedis(app: App): RedisStats {
  const { embedded, alerts, processes, memory } = embeddedStats(app)
  return {
    mode: 'embedded',
    status: worstStatus(alerts),
    alerts,
    connections: { ...unknown.connections, connected_clients: processes, blocked_clients: 0, blocked_by_workers: 0 },
    memory: { ...unknown.memory, ...memory, max_memory_human: 'no limit', eviction_policy: 'noeviction' },
    performance: { ...unknown.performance, rejected_connections: 0, rejected_lately: 0, evicted_keys: 0 },
    embedded,
  }
}

const mb = 1024 ** 2
const [longLog, veryLongLog] = [256 * mb, 1024 * mb]

function embeddedStats(app: App) {
  const file = join(app.config.dataDir, 'queue.db')
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })
  const [main, log] = [sizeOf(file), sizeOf(`${file}-wal`)]
  const { pages, error } = pagesOf(file)
  const alerts: Warning[] = []
  if (error) alerts.push({ level: 'ERROR', message: `queue.db cannot be read: ${error}` })
  const bytes = log?.size ?? 0
  if (bytes > longLog)
    alerts.push({
      level: bytes > veryLongLog ? 'CRITICAL' : 'WARNING',
      message: `The write-ahead log of the queue has grown to ${Math.round(bytes / mb)} MB`,
    })
  const embedded: Embedded = {
    file: 'queue.db',
    queue_file_bytes: main?.size ?? null,
    wal_bytes: log?.size ?? null,
    ...pages,
    // By the file's own time, not by our clock: both are the machine's.
    checkpoint_age_s: main ? Math.max(0, Math.round((Date.now() - main.mtimeMs) / second)) : null,
  }
  const { rss } = process.memoryUsage()
  const memory = { used_memory_human: inRedisUnits(app.cache.usage().bytes), used_memory_rss_human: inRedisUnits(rss) }
  return { embedded, alerts, memory, processes: processesOf(app).filter(({ alive }) => alive).length }
}

function pagesOf(file: string) {
  const none = { page_size: null, page_count: null, free_pages: null }
  try {
    const db = new Database(file, { readonly: true })
    try {
      const pragma = (name: string) => Number(Object.values(db.query(`PRAGMA ${name}`).get() ?? {})[0] ?? 0)
      return {
        pages: {
          page_size: pragma('page_size'),
          page_count: pragma('page_count'),
          free_pages: pragma('freelist_count'),
        },
      }
    } finally {
      db.close()
    }
  } catch (error) {
    return { pages: none, error: messageOf(error) }
  }
}

/** In Redis notation: `1.50M`. */
const inRedisUnits = (bytes: number) => (bytes < mb ? `${(bytes / 1024).toFixed(2)}K` : `${(bytes / mb).toFixed(2)}M`)
