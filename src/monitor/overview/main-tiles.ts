/** The main page's numbers: each against the stretch before, each a way to where more is told. */
import { hour } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Stat } from '../../ui/parts/figures.ts'
import { bytes, compact, money, number, percent } from '../../ui/parts/values.ts'
import type { Health } from '../health.ts'
import type { MainReading, Tile } from './main.ts'
import { changeMark, milliseconds, monitoringPath } from './parts.ts'
import { lengthOf, periodWords } from './period.ts'

const linked = (path: string, value: Content): Html => html`<a href="${path}">${value}</a>`
const at = (page: string) => `${monitoringPath}/${page}`
const noteOf =
  ({ period }: MainReading) =>
  ({ change: pct }: Tile) =>
    changeMark(pct, periodWords[period])

export function communityTiles(data: MainReading & { atRisk: number }): Stat[] {
  const { registered, activeADay, leaguesCreated, trades, volumeCents, atRisk, period } = data
  const note = noteOf(data)
  const days = periodWords[period === '24h' ? '7d' : period]
  const joined = html`${number(registered.value)} new; ${changeMark(registered.change, days)}`
  const users = {
    label: 'Users',
    value: linked(at(`active-users?period=${period}`), compact(data.users)),
    note: joined,
  }
  const active = linked(at('engagement'), number(activeADay.value))
  const made = html`${number(leaguesCreated.value)} new; ${note(leaguesCreated)}`
  const trading = at(`trading-activity?hours=${lengthOf(period) / hour}`)
  return [
    users,
    { label: 'Active a day', value: active, note: changeMark(activeADay.change, days) },
    { label: 'Active leagues', value: linked(at('league-activity'), number(data.leaguesActive)), note: made },
    { label: 'Trades', value: linked(trading, compact(trades.value)), note: note(trades) },
    { label: 'Traded', value: linked(trading, money(volumeCents.value)), note: note(volumeCents) },
    { label: 'At risk', value: linked(at('risk-assessment'), number(atRisk)), note: 'members who deserve a look' },
  ]
}

export function machineTiles(data: MainReading & { hitRate: number | null }): Stat[] {
  const { requests, errorPct, p95Ms, runs, failed, hitRate, period } = data
  const note = noteOf(data)
  const performance = at(`performance?period=${period === '24h' ? '24h' : '7d'}`)
  const jobs = '/admin/task-monitor/jobs'
  return [
    { label: 'Requests', value: linked(performance, compact(requests.value)), note: note(requests) },
    { label: 'Errors', value: linked(performance, percent(errorPct.value, { digits: 2 })), note: note(errorPct) },
    { label: 'p95', value: linked(performance, milliseconds(p95Ms.value)), note: note(p95Ms) },
    { label: 'Runs', value: linked(jobs, compact(runs.value)), note: note(runs) },
    { label: 'Failed runs', value: linked(`${jobs}?status=FAILURE`, number(failed.value)), note: note(failed) },
    { label: 'Cache hits', value: linked(at('cache'), percent(hitRate)), note: 'since this process began' },
  ]
}

/** What `/health` found, as numbers on the board that lead to where more is told. */

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
