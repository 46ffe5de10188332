/** What `/metrics` tells beside the requests. Read at each scrape; nothing here is counted up on the way. */
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../context.ts'
import { queueNames } from '../platform/jobs/job.ts'

const files = ['fieldhouse.db', 'scores.db', 'queue.db']

export function addGauges(app: App): void {
  const { metrics, loop, clock, startedAt, cache, streams, locks, queues, config } = app
  const { gauge } = metrics
  gauge('fieldhouse_info', 'The version that runs', () => [[{ version: app.version, role: config.role }, 1]])
  gauge('fieldhouse_uptime_seconds', 'Since the start', () => (clock.now() - startedAt) / 1000)
  gauge('process_resident_memory_bytes', 'Memory in use', () => process.memoryUsage.rss())
  gauge('process_cpu_seconds_total', 'Processor time used', cpuSeconds, 'counter')
  gauge('fieldhouse_event_loop_lag_seconds', 'How late timers fire, over the last minute', () => {
    const { p50, p99, max } = loop.lag()
    return [
      [{ quantile: '0.5' }, p50 / 1000],
      [{ quantile: '0.99' }, p99 / 1000],
      [{ quantile: '1' }, max / 1000],
    ]
  })
  gauge('fieldhouse_open_streams', 'Event streams that are listened to', () => streams.size())

  for (const count of ['hits', 'misses', 'stale', 'loads', 'failures'] as const)
    gauge(
      `fieldhouse_cache_${count}_total`,
      `Cached answers: ${count}, by entry`,
      () => [...cache.stats].map(([entry, stats]) => [{ entry }, stats[count]]),
      'counter',
    )
  gauge('fieldhouse_cache_keys', 'Values in memory', () => cache.usage().keys)
  gauge('fieldhouse_cache_bytes', 'Memory that cached values take', () => cache.usage().bytes)
  gauge('fieldhouse_cache_connected', '1 while Redis is reached, or none is used', () =>
    Number(cache.usage().connected),
  )

  gauge('fieldhouse_queue_jobs', 'Jobs in the queue, by queue and state', async () => {
    const counts = await Promise.all(queueNames.map(async queue => [queue, await queues.counts(queue)] as const))
    return counts.flatMap(([queue, states]) =>
      (['waiting', 'active', 'delayed'] as const).map(state => [{ queue, state }, states[state]] as const),
    )
  })
  gauge('fieldhouse_locks', 'Task locks held, by task', () => {
    const held = new Map<string, number>()
    for (const { task, active } of locks.all()) if (active) held.set(task, (held.get(task) ?? 0) + 1)
    return [...held].map(([task, count]) => [{ task }, count])
  })
  gauge('fieldhouse_database_bytes', 'Size of the database files, with their write-ahead logs', () =>
    files.map(file => [{ file }, sizeOf(join(config.dataDir, file)) + sizeOf(join(config.dataDir, `${file}-wal`))]),
  )
  gauge('fieldhouse_disk_free_bytes', 'Left on the disk of DATA_DIR', () => {
    const { bavail, bsize } = statfsSync(config.dataDir)
    return bavail * bsize
  })
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
