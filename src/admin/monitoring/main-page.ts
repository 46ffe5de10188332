/** The main page of the monitor: the house at a glance, against the stretch before. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { riskAssessment } from '../../market/risk.ts'
import { type Content, type Html, html } from '../../runtime/html.ts'
import { type Stat, stats } from '../../web/parts/figures.ts'
import { compact, money, number, percent } from '../../web/parts/values.ts'
import { alertStats, alertStatsSchema } from '../alerting/queries.ts'
import { healthNow } from '../health.ts'
import { calmly, room } from '../monitor/room.ts'
import { tasksNow } from '../tasks/state.ts'
import { cacheNow } from './cache.ts'
import { healthTiles } from './health-tiles.ts'
import type { MainReading, Tile } from './main.ts'
import { change, charted, monitoringPath, ms, periods } from './parts.ts'
import { type LongPeriod, longPeriodSchema, longPeriods, longQuery, periodWords } from './period.ts'

const maybe = t.Nullable(t.Number())
const tile = t.Object({ value: maybe, before: maybe, change: t.Nullable(t.Number({ description: 'Percent' })) })
const mainSchema = t.Object({
  period: longPeriodSchema,
  sentence: t.String(),
  status: t.String(),
  health: t.String(),
  alerts: alertStatsSchema,
  users: t.Integer(),
  leagues_active: t.Integer(),
  at_risk: t.Integer(),
  cache_hit_pct: maybe,
  figures: t.Record(t.String(), tile),
})
const figureRow = t.Object({ figure: t.String(), ...tile.properties })

type MainData = Awaited<ReturnType<typeof read>>

async function read(app: App, period: LongPeriod) {
  const [reading, tasks, health, risks] = await Promise.all([
    app.reader.read('mainReading', { period, now: app.clock.now() }),
    tasksNow(app),
    healthNow(app),
    riskAssessment(app),
  ])
  const { hit_rate: rate } = cacheNow(app)
  const hitRate = rate === null ? null : Math.round(rate * 1_000) / 10
  return { ...reading, sentence: tasks.sentence, health, alerts: alertStats(app.db), hitRate, atRisk: risks.length }
}

export const mainPage = (app: App) =>
  room(app, {
    path: `${monitoringPath}/`,
    title: 'Overview',
    room: 'overview',
    query: t.Object(longQuery),
    tools: ({ period = '24h' }) => periods(longPeriods, `${monitoringPath}/`, period),
    read: ({ period = '24h' }) => read(app, period),
    body,
    json: { says: 'The house at a glance, against the stretch before', schema: mainSchema, of: viewOf },
    file: {
      name: 'overview',
      row: figureRow,
      rows: async ({ period = '24h' }, { offset }) =>
        offset ? [] : Object.entries(figuresOf(await read(app, period))).map(([figure, tile]) => ({ figure, ...tile })),
    },
    live: calmly,
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

const viewOf = (data: MainData) => ({
  period: data.period,
  sentence: data.sentence.text,
  status: data.sentence.tone,
  health: data.health.status,
  alerts: data.alerts,
  users: data.users,
  leagues_active: data.leaguesActive,
  at_risk: data.atRisk,
  cache_hit_pct: data.hitRate,
  figures: figuresOf(data),
})

const body = (data: MainData): Html => html`${lead(data)}
${stats(community(data))}
${stats(machine(data))}
${stats(healthTiles(data.health))}
<div class="charts">${charts(data)}</div>`

const lead = ({ sentence, alerts: { total_active: open }, health }: MainData): Html =>
  html`<p class="lead ${sentence.tone}">${sentence.text} <small><a href="/admin/task-monitor">Tasks</a> · <a href="${monitoringPath}/alerts">${open ? `${number(open)} open ${open === 1 ? 'alert' : 'alerts'}` : 'no open alerts'}</a> · the house is ${health.status}</small></p>`

const linked = (path: string, value: Content): Html => html`<a href="${path}">${value}</a>`
const at = (page: string) => `${monitoringPath}/${page}`
const noteOf =
  ({ period }: MainData) =>
  ({ change: pct }: Tile) =>
    change(pct, periodWords[period])

function community(data: MainData): Stat[] {
  const { registered, activeADay, leaguesCreated, trades, volumeCents, atRisk, period } = data
  const note = noteOf(data)
  const days = periodWords[period === '24h' ? '7d' : period]
  const joined = html`${number(registered.value)} new; ${change(registered.change, days)}`
  const users = {
    label: 'Users',
    value: linked(at(`active-users?period=${period}`), compact(data.users)),
    note: joined,
  }
  const active = linked(at('engagement'), number(activeADay.value))
  const made = html`${number(leaguesCreated.value)} new; ${note(leaguesCreated)}`
  const hours = { '24h': 24, '7d': 168, '30d': 720 }[period]
  const trading = at(`trading-activity?hours=${hours}`)
  return [
    users,
    { label: 'Active a day', value: active, note: change(activeADay.change, days) },
    { label: 'Active leagues', value: linked(at('league-activity'), number(data.leaguesActive)), note: made },
    { label: 'Trades', value: linked(trading, compact(trades.value)), note: note(trades) },
    { label: 'Traded', value: linked(trading, money(volumeCents.value)), note: note(volumeCents) },
    { label: 'At risk', value: linked(at('risk-assessment'), number(atRisk)), note: 'members who deserve a look' },
  ]
}

function machine(data: MainData): Stat[] {
  const { requests, errorPct, p95Ms, runs, failed, hitRate, period } = data
  const note = noteOf(data)
  const performance = at(`performance?period=${period === '24h' ? '24h' : '7d'}`)
  const jobs = '/admin/task-monitor/jobs'
  return [
    { label: 'Requests', value: linked(performance, compact(requests.value)), note: note(requests) },
    { label: 'Errors', value: linked(performance, percent(errorPct.value, { digits: 2 })), note: note(errorPct) },
    { label: 'p95', value: linked(performance, ms(p95Ms.value)), note: note(p95Ms) },
    { label: 'Runs', value: linked(jobs, compact(runs.value)), note: note(runs) },
    { label: 'Failed runs', value: linked(`${jobs}?status=FAILURE`, number(failed.value)), note: note(failed) },
    { label: 'Cache hits', value: linked(at('cache'), percent(hitRate)), note: 'since this process began' },
  ]
}

function charts({ trends: { days, hours } }: MainData): Html[] {
  const hourly = hours.map(({ at }) => at)
  const daily = days.map(({ at }) => at)
  return [
    charted('Requests', {
      times: hourly,
      series: [
        { label: 'Requests', values: hours.map(({ requests }) => requests) },
        { label: 'Errors', values: hours.map(({ errors }) => errors) },
      ],
    }),
    charted('p95 of requests', {
      unit: 'ms',
      times: hourly,
      series: [{ label: 'p95', values: hours.map(({ p95Ms }) => p95Ms) }],
    }),
    charted('Runs', {
      times: hourly,
      series: [
        { label: 'Runs', values: hours.map(({ runs }) => runs) },
        { label: 'Failed', values: hours.map(({ failed }) => failed) },
      ],
    }),
    charted('Trades', { times: hourly, series: [{ label: 'Trades', values: hours.map(({ trades }) => trades) }] }),
    charted('Active users a day', {
      kind: 'bars',
      times: daily,
      series: [{ label: 'Active', values: days.map(({ active }) => active) }],
    }),
    charted('Registrations a day', {
      kind: 'bars',
      times: daily,
      series: [{ label: 'Users', values: days.map(({ registered }) => registered) }],
    }),
  ]
}
