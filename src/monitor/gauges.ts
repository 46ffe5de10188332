/** What `/metrics` shows besides requests. Read at each scrape; nothing here is counted on the way. */
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { eq, sum } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { runTotals } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { queueNames } from '../platform/jobs/job.ts'
import { alertStats } from './alerts/queries.ts'
import { backupNames, timeOfBackup } from './backups/stored-backups.ts'
import { sizeWithLog } from './health.ts'

const files = ['fieldhouse.db', 'scores.db', 'queue.db']

export function addGauges(app: App): void {
  const { db, metrics, loop, loadShedding, clock, startedAt, cache, streams, locks, queues, config } = app
  const { gauge } = metrics
  gauge('fieldhouse_info', 'The running version', () => [[{ version: app.version, role: config.role }, 1]])
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
  gauge(
    'fieldhouse_http_thread_stretch_seconds',
    'Longest blocking of the HTTP thread in the last minute, without waits for a processor',
    () => loop.stretch().max / 1000,
  )
  gauge(
    'fieldhouse_http_thread_long_stretches_total',
    'How often the HTTP thread was blocked for longer than `over` seconds, without waits for a processor',
    () => loop.longStretches().map(({ over, count }) => [{ over: String(over / 1000) }, count] as const),
    'counter',
  )
  gauge(
    'fieldhouse_http_shed_total',
    'Reads that were refused with a 503 because the process was overloaded',
    loadShedding.refused,
    'counter',
  )
  gauge('fieldhouse_http_shed_share', 'Share of strangers’ reads that is refused now', loadShedding.share)
  gauge('fieldhouse_open_streams', 'Open event streams', () => streams.size())

  for (const count of ['hits', 'misses', 'stale', 'loads', 'failures'] as const)
    gauge(
      `fieldhouse_cache_${count}_total`,
      `Cached answers: ${count}, by entry`,
      () => [...cache.stats].map(([entry, stats]) => [{ entry }, stats[count]]),
      'counter',
    )
  gauge('fieldhouse_cache_keys', 'Cached values in memory', () => cache.usage().keys)
  gauge('fieldhouse_cache_bytes', 'Memory that cached values take', () => cache.usage().bytes)
  gauge('fieldhouse_cache_connected', '1 while Redis is reachable or not used', () => Number(cache.usage().connected))

  gauge('fieldhouse_queue_jobs', 'Jobs in the queue, by queue and state', async () => {
    const counts = await Promise.all(queueNames.map(async queue => [queue, await queues.counts(queue)] as const))
    return counts.flatMap(([queue, states]) =>
      (['waiting', 'active', 'delayed'] as const).map(state => [{ queue, state }, states[state]] as const),
    )
  })
  gauge('fieldhouse_queue_paused', '1 while the queue is paused', () =>
    Promise.all(queueNames.map(async queue => [{ queue }, Number(await queues.isPaused(queue))] as const)),
  )
  gauge('fieldhouse_locks', 'Task locks held, by task', () => {
    const held = new Map<string, number>()
    for (const { task, active } of locks.all()) if (active) held.set(task, (held.get(task) ?? 0) + 1)
    return [...held].map(([task, count]) => [{ task }, count])
  })
  gauge('fieldhouse_runs_total', 'Runs of jobs that have ended, by status', () => endedRuns(db), 'counter')
  gauge('fieldhouse_alerts', 'Open alerts, by severity', () =>
    Object.entries(alertStats(db).by_severity).map(([severity, alerts]) => [{ severity }, alerts]),
  )
  gauge('fieldhouse_newest_backup_timestamp_seconds', 'When the newest backup in DATA_DIR was made', () =>
    backupNames(config.dataDir)
      .slice(0, 1)
      .map(name => [{}, timeOfBackup(name) / 1000]),
  )
  gauge('fieldhouse_database_bytes', 'Size of the database files, with their write-ahead logs', () =>
    files.map(file => [{ file }, sizeWithLog(join(config.dataDir, file))]),
  )
  gauge('fieldhouse_disk_free_bytes', 'Free on the disk of DATA_DIR', () => {
    const { bavail, bsize } = statfsSync(config.dataDir)
    return bavail * bsize
  })
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function endedRuns(db: Db): [{ status: string }, number][] {
  const { status, unit, runs } = runTotals
  const columns = { status, runs: sum(runs).mapWith(Number) }
  const rows = db.select(columns).from(runTotals).where(eq(unit, 'day')).groupBy(status).all()
  const byStatus = new Map(rows.map(row => [row.status, row.runs]))
  return (['SUCCESS', 'FAILURE', 'CANCELLED'] as const).map(status => [{ status }, byStatus.get(status) ?? 0])
}
