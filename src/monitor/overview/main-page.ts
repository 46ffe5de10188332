/** The main page of the monitor: the installation at a glance, against the stretch before. */

import { t } from 'elysia'
import type { App } from '../../context.ts'
import { riskAssessment } from '../../leagues/market/risk.ts'
import { type Html, html } from '../../platform/html.ts'
import { stats } from '../../ui/parts/figures.ts'
import { number } from '../../ui/parts/values.ts'
import { alertStats, alertStatsSchema } from '../alerts/queries.ts'
import { healthNow } from '../health.ts'
import { everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { tasksNow } from '../tasks/task-state.ts'
import { cacheNow } from './cache-page.ts'
import type { MainReading, Tile } from './main.ts'
import { mainReading } from './main.ts'
import { communityTiles, healthTiles, machineTiles } from './main-tiles.ts'
import { chartWithTable, monitoringPath, periodLinks } from './parts.ts'
import { type LongPeriod, longPeriodSchema, longPeriods, longQuery } from './period.ts'

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
    app.reader.read(mainReading, { period, now: app.clock.now() }),
    tasksNow(app),
    healthNow(app),
    riskAssessment(app),
  ])
  const { hit_rate: rate } = cacheNow(app)
  const hitRate = rate === null ? null : Math.round(rate * 1_000) / 10
  return { ...reading, sentence: tasks.sentence, health, alerts: alertStats(app.db), hitRate, atRisk: risks.length }
}

export const mainPage = (app: App) =>
  livePage(app, {
    path: `${monitoringPath}/`,
    title: 'Overview',
    room: 'overview',
    query: t.Object(longQuery),
    tools: ({ period = '24h' }) => periodLinks(longPeriods, `${monitoringPath}/`, period),
    read: ({ period = '24h' }) => read(app, period),
    body,
    json: { says: 'The installation at a glance, against the period before', schema: mainSchema, of: viewOf },
    file: {
      name: 'overview',
      row: figureRow,
      rows: slicesOf(async ({ period = '24h' }) =>
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
${stats(communityTiles(data))}
${stats(machineTiles(data))}
${stats(healthTiles(data.health))}
<div class="charts">${charts(data)}</div>`

const lead = ({ sentence, alerts: { total_active: open }, health }: MainData): Html =>
  html`<p class="lead ${sentence.tone}">${sentence.text} <small><a href="/admin/task-monitor">Tasks</a> · <a href="${monitoringPath}/alerts">${open ? `${number(open)} open ${open === 1 ? 'alert' : 'alerts'}` : 'no open alerts'}</a> · the service is ${health.status}</small></p>`

function charts({ trends: { days, hours } }: MainData): Html[] {
  const hourly = hours.map(({ at }) => at)
  const daily = days.map(({ at }) => at)
  return [
    chartWithTable('Requests', {
      ongoing: true,
      times: hourly,
      series: [
        { label: 'Requests', values: hours.map(({ requests }) => requests) },
        { label: 'Errors', values: hours.map(({ errors }) => errors) },
      ],
    }),
    chartWithTable('p95 of requests', {
      unit: 'ms',
      times: hourly,
      series: [{ label: 'p95', values: hours.map(({ p95Ms }) => p95Ms) }],
    }),
    chartWithTable('Runs', {
      ongoing: true,
      times: hourly,
      series: [
        { label: 'Runs', values: hours.map(({ runs }) => runs) },
        { label: 'Failed', values: hours.map(({ failed }) => failed) },
      ],
    }),
    chartWithTable('Trades', {
      ongoing: true,
      times: hourly,
      series: [{ label: 'Trades', values: hours.map(({ trades }) => trades) }],
    }),
    chartWithTable('Active users a day', {
      ongoing: true,
      kind: 'bars',
      times: daily,
      series: [{ label: 'Active', values: days.map(({ active }) => active) }],
    }),
    chartWithTable('Registrations a day', {
      ongoing: true,
      kind: 'bars',
      times: daily,
      series: [{ label: 'Users', values: days.map(({ registered }) => registered) }],
    }),
  ]
}
