/** Redis statistics, or the queue’s file instead, on a page of its own; JSON at the same address. */
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { badge } from '../../ui/parts/badges.ts'
import { type Stat, stats } from '../../ui/parts/figures.ts'
import { notice } from '../../ui/parts/notices.ts'
import { bytes, duration, noValue, number, percent } from '../../ui/parts/values.ts'
import { emptyQuery, everySecondAndAHalf, livePage } from '../pages/live-page.ts'
import { redisTitle } from '../pages/monitor-layout.ts'
import { type RedisStats, redisStats, redisStatsSchema } from '../redis-stats.ts'

export const redisPath = '/admin/redis-stats'

export const redisPage = (app: App) =>
  livePage(app, {
    path: redisPath,
    title: redisTitle(app),
    navItem: 'redis',
    query: emptyQuery,
    read: () => redisStats(app),
    body: redisBody,
    json: {
      summary: 'Redis statistics, or the queue’s file instead',
      schema: redisStatsSchema,
      isAtPage: true,
    },
    live: everySecondAndAHalf,
  })

const statusWords = {
  HEALTHY: 'is well',
  WARNING: 'needs attention',
  CRITICAL: 'is in trouble',
  ERROR: 'does not answer',
}
const tones = { HEALTHY: 'good', WARNING: 'warn', CRITICAL: 'bad', ERROR: 'bad' }

const redisBody = (redis: RedisStats): Html =>
  html`<p class="lead ${tones[redis.status]}">${redis.mode === 'redis' ? 'Redis' : 'The queue file'} ${statusWords[redis.status]}.</p>
${redisWarnings(redis)}
${redis.mode === 'embedded' && html`<p>Without <code>REDIS_URL</code> the queue lives in <code>queue.db</code> and the cache in the memory of each process.</p>`}
${redisTiles(redis)}
<p class="quiet">The same as JSON: <a href="${redisPath}/json"><code>${redisPath}/json</code></a></p>`

export const redisWarnings = ({ alerts }: RedisStats): Html =>
  html`${alerts.map(({ level, message }) => {
    const tone = level === 'WARNING' ? 'warn' : 'bad'
    return notice(html`${badge(level.toLowerCase(), tone)} ${message}`, tone)
  })}`

export const redisTiles = (redis: RedisStats): Html | null => {
  if (redis.embedded) return stats(ofQueueFile(redis.embedded))
  return redis.status === 'ERROR' ? null : stats(ofRedis(redis))
}

function ofQueueFile(embedded: NonNullable<RedisStats['embedded']>): Stat[] {
  const { queue_file_bytes: size, page_count: pages, free_pages: free } = embedded
  const age = embedded.checkpoint_age_s
  const copied =
    age === null ? 'not yet copied into the file' : html`last copied into the file ${duration(age * 1000)} ago`
  return [
    { label: 'Queue file', value: bytes(size), note: html`${number(pages)} pages, ${number(free)} free` },
    { label: 'Write-ahead log', value: bytes(embedded.wal_bytes), note: copied },
  ]
}

function ofRedis({ status, connections, memory, performance }: RedisStats): Stat[] {
  const { connected_clients: clients, max_connections: most, blocked_clients: blocked } = connections
  const limit = memory.max_memory_human === 'no limit' ? 'no limit' : html`of ${memory.max_memory_human ?? noValue}`
  const share = most === null ? 'no limit' : html`of ${number(most)}, ${percent(connections.usage_percentage)}`
  const { rejected_connections: rejected, evicted_keys: evicted } = performance
  return [
    { label: 'State', value: status.toLowerCase(), note: html`policy ${memory.eviction_policy ?? noValue}` },
    { label: 'Commands', value: number(performance.instantaneous_ops_per_sec), note: 'a second, just now' },
    { label: 'Connections', value: number(clients), note: share },
    {
      label: 'Blocked',
      value: number(blocked),
      note: html`${number(connections.blocked_by_workers)} of them our workers`,
    },
    {
      label: 'Rejected',
      value: number(performance.rejected_lately),
      note: html`lately; ${number(rejected)} since it began`,
    },
    {
      label: 'Memory',
      value: memory.used_memory_human ?? noValue,
      note: html`${limit}; peak ${memory.used_memory_peak_human ?? noValue}`,
    },
    {
      label: 'Of the machine',
      value: memory.used_memory_rss_human ?? noValue,
      note: html`${number(memory.mem_fragmentation_ratio)} × of used memory`,
    },
    { label: 'Evicted', value: number(evicted), note: html`${number(performance.expired_keys)} expired` },
  ]
}
