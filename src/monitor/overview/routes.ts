/** The pages of the overview. Here: the main page, each number compared with the period before, and the current state for programs. */

import { t } from 'elysia'
import type { App } from '../../context.ts'
import { riskAssessment } from '../../leagues/market/risk.ts'
import { hour, iso, minute } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { apiRouter } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { nullableNumber } from '../../platform/http/shared-schemas.ts'
import { counted } from '../../platform/number-text.ts'
import { type Stat, stats } from '../../ui/parts/figures.ts'
import { bytes, compact, money, number, percent } from '../../ui/parts/values.ts'
import { alertStats, alertStatsSchema } from '../alerts/queries.ts'
import { type Health, healthNow } from '../health.ts'
import { everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { changeMark, chartWithTable, milliseconds, monitoringPath, periodLinks } from '../pages/monitor-layout.ts'
import { type LongPeriod, lengthOf, longPeriodSchema, longPeriods, longQuery, periodWords } from '../period.ts'
import { tasksNow } from '../tasks/task-state.ts'
import { activeUsersPage, archivesPage, engagementPage, leagueActivityPage } from './activity-pages.ts'
import { cacheNow, cachePage } from './cache-page.ts'
import {
  installationOverviewSchema,
  type MainReading,
  mainReading,
  overviewReading,
  type Tile,
} from './installation.ts'
import { performanceReading } from './performance.ts'
import { performancePage } from './performance-page.ts'
import { riskPage, tradingPage } from './trading-pages.ts'

const link = (path: string, value: Content): Html => html`<a href="${path}">${value}</a>`
const pagePath = (page: string) => `${monitoringPath}/${page}`
const noteOf =
  ({ period }: MainReading) =>
  ({ change: pct }: Tile) =>
    changeMark(pct, periodWords[period])

const withChange = (text: Html, change: Content): Html => html`${text}${change && html`; ${change}`}`

function communityTiles(data: MainReading & { atRisk: number }): Stat[] {
  const { registered, activeADay, leaguesCreated, trades, volumeCents, atRisk, period } = data
  const note = noteOf(data)
  const days = periodWords[period === 'last_day' ? 'last_week' : period]
  const newUsers = withChange(html`${number(registered.value)} new`, changeMark(registered.change, days))
  const users = {
    label: 'Users',
    value: link(pagePath(`active-users?period=${period}`), compact(data.users)),
    note: newUsers,
  }
  const active = link(pagePath('engagement'), number(activeADay.value))
  const newLeagues = withChange(html`${number(leaguesCreated.value)} made`, note(leaguesCreated))
  const trading = pagePath(`trading-activity?hours=${lengthOf(period) / hour}`)
  return [
    users,
    { label: 'Active a day', value: active, note: changeMark(activeADay.change, days) },
    { label: 'Active leagues', value: link(pagePath('league-activity'), number(data.leaguesActive)), note: newLeagues },
    { label: 'Trades', value: link(trading, compact(trades.value)), note: note(trades) },
    { label: 'Traded', value: link(trading, money(volumeCents.value)), note: note(volumeCents) },
    {
      label: 'At risk',
      value: link(pagePath('risk-assessment'), number(atRisk)),
      note: 'members who deserve a look',
    },
  ]
}

function machineTiles(data: MainReading & { hitRate: number | null }): Stat[] {
  const { requests, errorPct, p95Ms, runs, failed, hitRate, period } = data
  const note = noteOf(data)
  const performance = pagePath(`performance?period=${period === 'last_day' ? 'last_day' : 'last_week'}`)
  const jobs = '/admin/task-monitor/jobs'
  return [
    { label: 'Requests', value: link(performance, compact(requests.value)), note: note(requests) },
    { label: 'Errors', value: link(performance, percent(errorPct.value, { digits: 2 })), note: note(errorPct) },
    { label: 'p95', value: link(performance, milliseconds(p95Ms.value)), note: note(p95Ms) },
    { label: 'Runs', value: link(jobs, compact(runs.value)), note: note(runs) },
    { label: 'Failed runs', value: link(`${jobs}?status=FAILURE`, number(failed.value)), note: note(failed) },
    { label: 'Cache hits', value: link(pagePath('cache'), percent(hitRate)), note: 'since this process began' },
  ]
}

/** The results of `/health` as numbers that link to details. */

const megabytes = (mb: number | undefined) => bytes(mb === undefined ? null : Math.round(mb) * 1024 ** 2)

function healthTiles({ checks: { database, cache, queue, schedule, redis } }: Health): (Stat | undefined)[] {
  const tile = (label: string, { status }: { status: string }, href: string, note: Content): Stat => ({
    label,
    value: html`<a href="${href}">${statusWord(status)}</a>`,
    note,
  })
  const disk = html`${megabytes(database.size_mb)}; ${megabytes(database.disk_free_mb)} free on the disk`
  const waiting = html`on ${queue.backend === 'redis' ? 'Redis' : 'SQLite'}; ${number(queue.waiting)} waiting`
  const late = schedule.late.length ? `late: ${schedule.late.join(', ')}` : 'nothing late'
  const answered = redis && (redis.error ?? html`answers in ${number(redis.latency_ms, { unit: 'ms', digits: 1 })}`)
  const held = html`${counted(cache.stats.total_keys, 'value')} in ${cache.mode === 'redis' ? 'Redis' : 'memory'}`
  return [
    tile('Database', database, '/admin/backups', database.error ?? disk),
    tile('Queue', queue, '/admin/task-monitor', queue.error ?? waiting),
    tile('Schedule', schedule, '/admin/task-monitor#expected', late),
    tile('Cache', cache, '/admin/monitoring/cache', held),
    redis && tile('Redis', redis, '/admin/monitoring/cache', answered),
  ]
}

const statusWord = (status: string): Html => html`<span class="${status === 'healthy' ? '' : 'loss'}">${status}</span>`

const tile = t.Object({
  value: nullableNumber,
  before: nullableNumber,
  change: t.Nullable(t.Number({ description: 'Percent' })),
})
const mainSchema = t.Object({
  period: longPeriodSchema,
  sentence: t.String(),
  status: t.String(),
  health: t.String(),
  alerts: alertStatsSchema,
  users: t.Integer(),
  leagues_active: t.Integer(),
  at_risk: t.Integer(),
  cache_hit_pct: nullableNumber,
  figures: t.Record(t.String(), tile),
})
const figureRow = t.Object({ figure: t.String(), ...tile.properties })

type MainData = Awaited<ReturnType<typeof read>>

async function read(app: App, period: LongPeriod) {
  const [reading, tasks, health, risks] = await Promise.all([
    app.reader.read(mainReading, { period, now: app.clock.now() }),
    tasksNow(app),
    healthNow(app),
    riskAssessment(app),
  ])
  const { hit_rate: rate } = cacheNow(app)
  const hitRate = rate === null ? null : Math.round(rate * 1_000) / 10
  return { ...reading, sentence: tasks.sentence, health, alerts: alertStats(app.db), hitRate, atRisk: risks.length }
}

const mainPage = (app: App) =>
  livePage(app, {
    path: `${monitoringPath}/`,
    title: 'Overview',
    navItem: 'overview',
    query: t.Object(longQuery),
    tools: ({ period = 'last_day' }) => periodLinks(longPeriods, `${monitoringPath}/`, period),
    read: ({ period = 'last_day' }) => read(app, period),
    body,
    json: { summary: 'The installation at a glance, against the period before', schema: mainSchema, of: mainAnswer },
    file: {
      name: 'overview',
      row: figureRow,
      rows: slicesOf(async ({ period = 'last_day' }) =>
        Object.entries(figuresOf(await read(app, period))).map(([figure, tile]) => ({ figure, ...tile })),
      ),
    },
    live: everySecondAndAHalf,
  })

const figuresOf = (data: MainReading): Record<string, Tile> => ({
  active_a_day: data.activeADay,
  registered: data.registered,
  leagues_created: data.leaguesCreated,
  trades: data.trades,
  requests: data.requests,
  error_pct: data.errorPct,
  p95_ms: data.p95Ms,
  runs: data.runs,
  failed_runs: data.failed,
})

const mainView = rowView(mainSchema)
const mainAnswer = ({ sentence, health, hitRate, ...data }: MainData) =>
  mainView({
    ...data,
    sentence: sentence.text,
    status: sentence.tone,
    health: health.status,
    cacheHitPct: hitRate,
    figures: figuresOf(data),
  })

const body = (data: MainData): Html => html`${leadSentence(data)}
${stats(communityTiles(data))}
${stats(machineTiles(data))}
${stats(healthTiles(data.health))}
<div class="charts">${charts(data)}</div>`

const leadSentence = ({ sentence, alerts: { total_active: open }, health }: MainData): Html =>
  html`<p class="lead ${sentence.tone}">${sentence.text} <small><a href="/admin/task-monitor">Tasks</a> · <a href="${monitoringPath}/alerts">${open ? counted(open, 'open alert') : 'no open alerts'}</a> · the service is ${health.status}</small></p>`

function charts({ trends: { days, hours } }: MainData): Html[] {
  const perDay = { ongoing: true, kind: 'bars' } as const
  return [
    chartWithTable(
      'Requests',
      hours,
      { Requests: ({ requests }) => requests, Errors: ({ errors }) => errors },
      { ongoing: true },
    ),
    chartWithTable('p95 of requests', hours, { p95: ({ p95Ms }) => p95Ms }, { unit: 'ms' }),
    chartWithTable('Runs', hours, { Runs: ({ runs }) => runs, Failed: ({ failed }) => failed }, { ongoing: true }),
    chartWithTable('Trades', hours, { Trades: ({ trades }) => trades }, { ongoing: true }),
    chartWithTable('Active users a day', days, { Active: ({ active }) => active }, perDay),
    chartWithTable('Registrations a day', days, { Users: ({ registered }) => registered }, perDay),
  ]
}

/** The current state for programs: JSON without a page. */

const healthChecksSchema = t.Object({
  timestamp: t.String(),
  database: t.Unknown(),
  cache: t.Unknown(),
  overall_status: t.String(),
})
const realtimeSchema = t.Object({
  timestamp: t.String(),
  uptime_s: t.Integer(),
  requests_per_minute: nullableNumber,
  errors_per_minute: nullableNumber,
  open_streams: t.Integer(),
  running_jobs: t.Integer(),
  waiting_jobs: nullableNumber,
  event_loop_lag_ms: t.Object({ p50: t.Number(), p99: t.Number(), max: t.Number() }),
  memory_mb: t.Number(),
  cache_hit_rate: nullableNumber,
  active_alerts: t.Integer(),
})

const currentStateRoutes = (app: App) =>
  apiRouter(app, monitoringPath, 'admin')
    .get('/overview', () => app.reader.read(overviewReading, { now: app.clock.now() }), {
      may: 'admin',
      detail: describe('Users, leagues, trading and what the database holds', installationOverviewSchema),
    })
    .get('/health', () => healthChecks(app), {
      may: 'admin',
      detail: describe('The state of database and cache', healthChecksSchema),
    })
    .get('/realtime/stats', () => realtime(app), {
      may: 'admin',
      detail: describe('The current activity of this process and its queues', realtimeSchema),
    })

async function healthChecks(app: App) {
  const { status, checks } = await healthNow(app)
  return { timestamp: iso(app.clock.now()), database: checks.database, cache: checks.cache, overall_status: status }
}

async function realtime(app: App) {
  const { clock, reader, db } = app
  const now = clock.now()
  const [tasks, { trend }] = await Promise.all([
    tasksNow(app),
    reader.read(performanceReading, { period: 'last_hour', now }),
  ])
  const last = trend.findLast(({ at }) => Date.parse(at) < now - minute) // the last complete minute
  const { error, queues } = tasks.queue
  return {
    timestamp: iso(now),
    uptime_s: Math.floor((now - app.startedAt) / 1000),
    requests_per_minute: last?.requests ?? null,
    errors_per_minute: last?.errors ?? null,
    open_streams: app.streams.size(),
    running_jobs: tasks.states.PROGRESS,
    waiting_jobs: error === null ? queues.reduce((sum, { waiting }) => sum + waiting, 0) : null,
    event_loop_lag_ms: app.loop.lag(),
    memory_mb: Math.round(process.memoryUsage.rss() / 1024 ** 2),
    cache_hit_rate: cacheNow(app).hit_rate,
    active_alerts: alertStats(db).total_active,
  }
}

/** Everything under /admin/monitoring, except alerts, and the archives. */
export const monitoringRoutes = (app: App) => [
  mainPage(app),
  currentStateRoutes(app),
  activeUsersPage(app),
  engagementPage(app),
  tradingPage(app),
  leagueActivityPage(app),
  riskPage(app),
  ...performancePage(app),
  cachePage(app),
  archivesPage(app),
]
