/** The pages under /admin/monitoring: plain data in, markup out. */

import type { Risk } from '../../market/risk.ts'
import type { EntryStats } from '../../runtime/cache.ts'
import { type Content, type Html, html } from '../../runtime/html.ts'
import type { Pagination } from '../../runtime/page.ts'
import { address } from '../../web/parts/address.ts'
import { stats } from '../../web/parts/figures.ts'
import { action } from '../../web/parts/form.ts'
import { badge, status } from '../../web/parts/marks.ts'
import { emptyState, notice } from '../../web/parts/notices.ts'
import { pagination } from '../../web/parts/pages.ts'
import { table } from '../../web/parts/table.ts'
import { bytes, compact, day, money, name, none, number, percent, time } from '../../web/parts/values.ts'
import type { AlertStats } from '../alerting/queries.ts'
import type { RedisStats } from '../redis/stats.ts'
import type { Sentence } from '../tasks/sentence.ts'
import type { LeagueActivity } from './league-activity.ts'
import type { MainReading, Tile } from './main.ts'
import { change, charted, monitoringPath, ms } from './parts.ts'
import type { ActiveUser, Engagement } from './people.ts'
import type { Performance } from './performance.ts'
import type { LongPeriod } from './period.ts'
import type { Trading } from './trading.ts'

export type MainData = MainReading & {
  sentence: Sentence
  health: string
  alerts: AlertStats
  hitRate: number | null
  atRisk: number
}

const linked = (path: string, value: Content): Html => html`<a href="${monitoringPath}/${path}">${value}</a>`

export function mainBody(data: MainData): Html {
  const { period, trends } = data
  const note = ({ change: pct }: Tile) => change(pct, period)
  const { alerts } = data
  const hours = trends.hours.map(({ at }) => at)
  return html`<p class="lead ${data.sentence.tone}">${data.sentence.text} <small><a href="/admin/task-monitor">Tasks</a> · <a href="${monitoringPath}/alerts">${alerts.total_active ? `${number(alerts.total_active)} open alerts` : 'no open alerts'}</a> · the house is <a href="${monitoringPath}/health">${data.health}</a></small></p>
${stats([
  {
    label: 'Users',
    value: linked('active-users', compact(data.users)),
    note: html`${number(data.registered.value)} new; ${note(data.registered)}`,
  },
  { label: 'Active a day', value: linked('engagement', number(data.activeADay.value)), note: note(data.activeADay) },
  {
    label: 'Active leagues',
    value: linked('league-activity', number(data.leaguesActive)),
    note: html`${number(data.leaguesCreated.value)} new; ${note(data.leaguesCreated)}`,
  },
  { label: 'Trades', value: linked('trading-activity', compact(data.trades.value)), note: note(data.trades) },
  { label: 'Traded', value: linked('trading-activity', money(data.volumeCents.value)), note: note(data.volumeCents) },
  { label: 'At risk', value: linked('risk-assessment', number(data.atRisk)), note: 'members who deserve a look' },
])}
${stats([
  { label: 'Requests', value: linked('performance', compact(data.requests.value)), note: note(data.requests) },
  {
    label: 'Errors',
    value: linked('performance', percent(data.errorPct.value, { digits: 2 })),
    note: note(data.errorPct),
  },
  { label: 'p95', value: linked('performance', ms(data.p95Ms.value)), note: note(data.p95Ms) },
  {
    label: 'Runs',
    value: html`<a href="/admin/task-monitor/jobs">${compact(data.runs.value)}</a>`,
    note: note(data.runs),
  },
  {
    label: 'Failed runs',
    value: html`<a href="/admin/task-monitor/jobs?status=FAILURE">${number(data.failed.value)}</a>`,
    note: note(data.failed),
  },
  { label: 'Cache hits', value: linked('cache', percent(data.hitRate)), note: 'since this process began' },
])}
<div class="charts">
${charted('Requests', {
  times: hours,
  series: [
    { label: 'Requests', values: trends.hours.map(({ requests }) => requests) },
    { label: 'Errors', values: trends.hours.map(({ errors }) => errors) },
  ],
})}
${charted('p95 in ms', { times: hours, series: [{ label: 'p95', values: trends.hours.map(({ p95Ms }) => p95Ms) }] })}
${charted('Runs', {
  times: hours,
  series: [
    { label: 'Runs', values: trends.hours.map(({ runs }) => runs) },
    { label: 'Failed', values: trends.hours.map(({ failed }) => failed) },
  ],
})}
${charted('Active users a day', { kind: 'bars', times: trends.days.map(({ at }) => at), series: [{ label: 'Active', values: trends.days.map(({ active }) => active) }] })}
</div>`
}

export const activeUsersBody = (
  users: readonly ActiveUser[],
  pages: Pagination,
  before: number,
  period: LongPeriod,
): Html => html`${stats([{ label: 'Seen', value: number(pages.total), note: html`last seen before that: ${number(before)}` }])}
${table<ActiveUser>({
  caption: 'Users, the last seen first',
  dense: true,
  stack: true,
  rows: users,
  key: ({ id }) => `user-${id}`,
  empty: emptyState('Nobody was here', 'Nobody signed in during this time.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="/admin/users/${user.id}">${name(user.username)}</a>` },
    { head: 'Role', cell: ({ role }) => role },
    { head: 'Country', cell: ({ country }) => country ?? none },
    { head: 'Last seen', cell: ({ last_seen }) => time(last_seen) },
    { head: 'Last login', cell: ({ last_login }) => time(last_login) },
    { head: 'Leagues', numeric: true, cell: ({ league_count }) => number(league_count) },
    { head: 'Trades today', numeric: true, cell: ({ trades_today }) => number(trades_today) },
  ],
})}
${pagination(pages, page => address(`${monitoringPath}/active-users`, { period, page }))}`

const at = (date: string) => Date.parse(date)
export const engagementBody = (data: Engagement): Html => html`${charted('Active users a day', {
  kind: 'bars',
  times: data.daily_active_users.map(({ date }) => at(date)),
  series: [{ label: 'Active', values: data.daily_active_users.map(({ active }) => active) }],
})}
${charted('Registrations', {
  kind: 'bars',
  times: data.registrations.map(({ date }) => at(date)),
  series: [{ label: 'Users', values: data.registrations.map(({ users }) => users) }],
})}
${charted('New leagues', {
  kind: 'bars',
  times: data.league_creation_trend.map(({ date }) => at(date)),
  series: [{ label: 'Leagues', values: data.league_creation_trend.map(({ leagues }) => leagues) }],
})}
<p class="quiet">The same stretch before: ${number(data.previous.active_a_day)} active a day, ${number(data.previous.registrations)} registrations, ${number(data.previous.leagues)} new leagues.</p>`

export const tradingBody = (data: Trading): Html => html`${stats([
  {
    label: 'Trades',
    value: number(data.total_trades),
    note: html`${percent(data.change_pct.trades, { signed: true })} on the ${data.hours} h before`,
  },
  { label: 'Bought', value: number(data.by_type.buy) },
  { label: 'Sold', value: number(data.by_type.sell) },
  { label: 'Shares', value: compact(data.shares) },
  {
    label: 'Volume',
    value: money(data.volume * 100),
    note: html`${percent(data.change_pct.volume, { signed: true })} on the ${data.hours} h before`,
  },
])}
${charted('Trades', {
  times: data.trend.map(({ at }) => Date.parse(at)),
  series: [
    { label: 'Bought', values: data.trend.map(({ buy }) => buy) },
    { label: 'Sold', values: data.trend.map(({ sell }) => sell) },
  ],
})}
${table<Trading['top_symbols'][number]>({
  caption: 'Symbols, the most traded first',
  dense: true,
  stack: true,
  rows: data.top_symbols,
  key: ({ symbol }) => `symbol-${symbol}`,
  empty: emptyState('Nothing was traded', 'No market league saw a trade in this time.'),
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => symbol },
    { head: 'Trades', numeric: true, cell: ({ count }) => number(count) },
    { head: 'Shares a trade', numeric: true, cell: ({ avg_qty }) => number(avg_qty) },
    { head: 'Volume', numeric: true, cell: ({ volume }) => money(volume * 100) },
  ],
})}`

export const leaguesBody = (
  leagues: readonly LeagueActivity[],
  pages: Pagination,
  path: string,
): Html => html`${table<LeagueActivity>({
  caption: 'Leagues, the newest first',
  dense: true,
  stack: true,
  rows: leagues,
  key: ({ id }) => `league-${id}`,
  empty: emptyState(
    'No league is here',
    path.endsWith('archives') ? 'What is archived is listed here and read as before.' : 'Officers make the first one.',
  ),
  columns: [
    { head: 'League', names: true, cell: league => html`<a href="/leagues/${league.id}">${name(league.name)}</a>` },
    { head: 'Kind', cell: ({ kind }) => kind },
    { head: 'State', cell: league => status(league.status) },
    { head: 'Members', numeric: true, cell: ({ member_count }) => number(member_count) },
    { head: 'Entries', numeric: true, cell: ({ entry_count }) => number(entry_count) },
    { head: 'Trades', numeric: true, cell: ({ trade_count }) => number(trade_count) },
    { head: 'Uploads', numeric: true, cell: ({ upload_count }) => number(upload_count) },
    { head: 'Made', cell: ({ created_at }) => day(created_at) },
  ],
})}
${pagination(pages, page => address(path, { page }))}`

export const riskBody = (risks: readonly Risk[]): Html =>
  table<Risk>({
    caption: 'Members who deserve a look',
    dense: true,
    stack: true,
    rows: risks,
    key: ({ id }) => `risk-${id}`,
    empty: emptyState(
      'Nobody stands out',
      'That is usual. Bursts of trades, very many in a day and everything on one card show up here.',
    ),
    columns: [
      { head: 'Member', names: true, cell: risk => html`<a href="/admin/users/${risk.id}">${name(risk.username)}</a>` },
      {
        head: 'Reasons',
        cell: ({ reasons }) => html`<ul class="reasons">${reasons.map(reason => html`<li>${reason}</li>`)}</ul>`,
      },
      { head: 'Trades, last day', numeric: true, cell: ({ recent_trades }) => number(recent_trades) },
      { head: 'Trades, all', numeric: true, cell: ({ trades_count }) => number(trades_count) },
    ],
  }) as Html

export function performanceBody(data: Performance, route: string | undefined): Html {
  const { total, trend, load, period } = data
  const times = trend.map(({ at }) => Date.parse(at))
  return html`${stats([
    { label: 'Requests', value: compact(total.requests), note: change(total.requests_change_pct, period) },
    { label: 'A minute', value: number(total.per_minute) },
    {
      label: 'Errors',
      value: percent(total.error_pct, { digits: 2 }),
      note: html`${number(total.errors)} answers from 500 up`,
    },
    { label: 'p50', value: ms(total.p50_ms) },
    { label: 'p95', value: ms(total.p95_ms), note: change(total.p95_change_pct, period) },
    { label: 'p99', value: ms(total.p99_ms) },
  ])}
${route && html`<p>The charts show <code>${route}</code> alone. <a href="${address(`${monitoringPath}/performance`, { period })}">All routes</a></p>`}
<div class="charts">
${charted('Requests', {
  times,
  series: [
    { label: 'Requests', values: trend.map(({ requests }) => requests) },
    { label: 'Errors', values: trend.map(({ errors }) => errors) },
  ],
})}
${charted('Times in ms', {
  times,
  series: [
    { label: 'p50', values: trend.map(({ p50_ms }) => p50_ms) },
    { label: 'p95', values: trend.map(({ p95_ms }) => p95_ms) },
  ],
})}
${charted('Processor, % of all cores', { times, series: [{ label: 'Processor', values: load.map(({ cpu_pct }) => cpu_pct) }] })}
${charted('Lag of timers in ms', { times, series: [{ label: 'p99', values: load.map(({ lag_ms }) => lag_ms) }] })}
</div>
${table<Performance['routes'][number]>({
  caption: 'Routes, the most asked first',
  dense: true,
  stack: true,
  rows: data.routes,
  key: ({ route }) => `route-${route.replaceAll(/\W+/g, '-')}`,
  empty: emptyState('Nothing was asked yet', 'Requests are counted by the minute; look again in one.'),
  columns: [
    {
      head: 'Route',
      names: true,
      cell: ({ route }) =>
        html`<a href="${address(`${monitoringPath}/performance`, { period, route })}"><code>${route}</code></a>`,
    },
    { head: 'Requests', numeric: true, cell: ({ requests }) => number(requests) },
    { head: 'A minute', numeric: true, cell: ({ per_minute }) => number(per_minute) },
    {
      head: 'Errors',
      numeric: true,
      cell: ({ errors, error_pct }) =>
        errors ? html`<span class="loss">${percent(error_pct, { digits: 2 })}</span>` : number(0),
    },
    { head: 'p50', numeric: true, cell: ({ p50_ms }) => ms(p50_ms) },
    { head: 'p95', numeric: true, cell: ({ p95_ms }) => ms(p95_ms) },
    { head: 'p99', numeric: true, cell: ({ p99_ms }) => ms(p99_ms) },
    { head: 'Change', numeric: true, cell: ({ requests_change_pct: pct }) => percent(pct, { signed: true }) },
  ],
})}`
}

export type CacheData = {
  mode: string
  connected: boolean
  entries: number
  bytes: number
  hit_rate: number | null
  by_name: (Pick<EntryStats, 'hits' | 'misses' | 'stale' | 'loads' | 'failures'> & {
    name: string
    hit_rate: number | null
    avg_load_ms: number | null
  })[]
  redis: RedisStats
}

export function cacheBody({ redis, ...data }: CacheData): Html {
  const { connections, memory, performance, embedded } = redis
  return html`${!data.connected && notice('Redis cannot be reached: each process answers from its own memory, and loads more often.', 'bad')}
${redis.alerts.map(({ level, message }) => notice(html`${badge(level.toLowerCase(), level === 'WARNING' ? 'warn' : 'bad')} ${message}`, level === 'WARNING' ? 'warn' : 'bad'))}
${stats([
  {
    label: 'Hit rate',
    value: percent(data.hit_rate === null ? null : data.hit_rate * 100),
    note: 'since this process began',
  },
  { label: 'Values', value: number(data.entries), note: bytes(data.bytes) },
  {
    label: 'Kept in',
    value: data.mode === 'redis' ? 'Redis' : 'memory',
    note: data.mode === 'redis' ? 'behind memory' : 'of this process',
  },
  redis.mode === 'redis' && {
    label: 'Redis',
    value: redis.status.toLowerCase(),
    note: html`${number(performance.instantaneous_ops_per_sec)} commands a second`,
  },
  redis.mode === 'redis' && {
    label: 'Connections',
    value: number(connections.connected_clients),
    note: html`of ${connections.max_connections === null ? 'no limit' : number(connections.max_connections)}`,
  },
  redis.mode === 'redis' && {
    label: 'Memory of Redis',
    value: memory.used_memory_human ?? none,
    note: memory.max_memory_human === 'no limit' ? 'no limit' : html`of ${memory.max_memory_human ?? none}`,
  },
  embedded && {
    label: 'Queue file',
    value: bytes(embedded.queue_file_bytes),
    note: html`${number(embedded.page_count)} pages, ${number(embedded.free_pages)} free`,
  },
  embedded && {
    label: 'Its log',
    value: bytes(embedded.wal_bytes),
    note: html`last copied ${number(embedded.checkpoint_age_s)} s ago`,
  },
])}
${table<CacheData['by_name'][number]>({
  caption: 'Cached answers, by entry',
  dense: true,
  stack: true,
  rows: data.by_name,
  key: ({ name }) => `entry-${name}`,
  empty: emptyState('Nothing was asked yet', 'Entries appear here as they are asked for.'),
  columns: [
    { head: 'Entry', names: true, cell: ({ name }) => html`<code>${name}</code>` },
    { head: 'Hits', numeric: true, cell: ({ hits }) => number(hits) },
    { head: 'Stale', numeric: true, cell: ({ stale }) => number(stale) },
    { head: 'Misses', numeric: true, cell: ({ misses }) => number(misses) },
    { head: 'Hit rate', numeric: true, cell: ({ hit_rate }) => percent(hit_rate === null ? null : hit_rate * 100) },
    { head: 'A load takes', numeric: true, cell: ({ avg_load_ms }) => ms(avg_load_ms) },
    { head: 'Failed loads', numeric: true, cell: ({ failures }) => number(failures) },
    {
      head: html`<span class="sr">Actions</span>`,
      class: 'doing',
      cell: ({ name }) =>
        action({
          method: 'delete',
          action: `/api/v1/stats/cache?name=${name}`,
          label: 'Clear',
          small: true,
          quiet: true,
          confirm: `Forget all cached answers of ${name}, in every process? They are loaded anew when asked for.`,
          done: 'Cleared',
        }),
    },
  ],
})}`
}
