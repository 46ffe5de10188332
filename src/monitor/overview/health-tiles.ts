/** What `/health` found, as numbers on the board that lead to where more is told. */
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Stat } from '../../ui/parts/figures.ts'
import { bytes, number } from '../../ui/parts/values.ts'
import type { Health } from '../health.ts'

const megabytes = (mb: number | undefined) => bytes(mb === undefined ? null : Math.round(mb) * 1024 ** 2)

export function healthTiles({ checks: { database, cache, queue, schedule, redis } }: Health): (Stat | undefined)[] {
  const tile = (label: string, { status }: { status: string }, href: string, note: Content): Stat => ({
    label,
    value: html`<a href="${href}">${word(status)}</a>`,
    note,
  })
  const disk = html`${megabytes(database.size_mb)}; ${megabytes(database.disk_free_mb)} free on the disk`
  const waiting = html`on ${queue.backend === 'redis' ? 'Redis' : 'SQLite'}; ${number(queue.waiting)} waiting`
  const late = schedule.late.length ? `late: ${schedule.late.join(', ')}` : 'nothing late'
  const answered = redis && (redis.error ?? html`answers in ${number(redis.latency_ms, { unit: 'ms', digits: 1 })}`)
  const held = html`${number(cache.stats.total_keys)} values in ${cache.mode === 'redis' ? 'Redis' : 'memory'}`
  return [
    tile('Database', database, '/admin/backups', database.error ?? disk),
    tile('Queue', queue, '/admin/task-monitor', queue.error ?? waiting),
    tile('Schedule', schedule, '/admin/task-monitor#expected', late),
    tile('Cache', cache, '/admin/monitoring/cache', held),
    redis && tile('Redis', redis, '/admin/monitoring/cache', answered),
  ]
}

const word = (status: string): Html => html`<span class="${status === 'healthy' ? '' : 'loss'}">${status}</span>`
