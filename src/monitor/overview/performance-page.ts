/** How often each route is asked and how long it takes; how busy the processes are. */
import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { address } from '../../ui/parts/address.ts'
import { stats } from '../../ui/parts/figures.ts'
import { compact, number, percent } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, listFiles, livePage, slicesOf } from '../pages/live-page.ts'
import { changeMark, chartWithTable, milliseconds, monitoringPath, periodLinks } from './parts.ts'
import {
  type JobTimes,
  jobTimeSchema,
  jobTimesReading,
  jobTimesSchema,
  type Performance,
  performanceReading,
  performanceSchema,
  routeOrderSchema,
  routeSchema,
} from './performance.ts'
import { periodWords, shortPeriodSchema, shortPeriods } from './period.ts'
import { jobTable, routeTable } from './route-table.ts'

const path = `${monitoringPath}/performance`
const query = t.Object({
  period: t.Optional(shortPeriodSchema),
  route: t.Optional(t.String({ maxLength: 200, description: 'Trends of this route alone' })),
  sort_by: t.Optional(routeOrderSchema),
})
type Query = typeof query.static

const jobsPath = `${path}/jobs`

export const performancePage = (app: App) => new Elysia().use(page(app)).use(jobFiles(app))

const page = (app: App) => {
  const { reader, clock } = app
  const read = ({ period = '1h', route, sort_by }: Query) =>
    reader.read(performanceReading, { period, route, sortBy: sort_by, now: clock.now() })
  return livePage(app, {
    path,
    title: 'Performance',
    room: 'performance',
    query,
    tools: ({ period = '1h', ...asked }) => periodLinks(shortPeriods, path, period, asked),
    async read(asked) {
      const jobs = reader.read(jobTimesReading, { period: asked.period ?? '1h', now: clock.now() })
      return { ...(await read(asked)), jobs: await jobs }
    },
    body,
    json: {
      says: 'Each route: rate, errors and times; load of processes; each job',
      schema: t.Object({ ...performanceSchema.properties, jobs: jobTimesSchema }),
    },
    file: { name: 'routes', row: routeSchema, rows: slicesOf(async asked => (await read(asked)).routes) },
    live: everySecondAndAHalf,
  })
}

const jobFiles = (app: App) =>
  listFiles(app, jobsPath, query, {
    name: 'job-times',
    row: jobTimeSchema,
    rows: slicesOf(
      async ({ period = '1h' }) => (await app.reader.read(jobTimesReading, { period, now: app.clock.now() })).by_name,
    ),
  })

const body = (data: Performance & { jobs: JobTimes }, asked: Query): Html => html`${totals(data)}
${asked.route && html`<p>The charts show <code>${asked.route}</code> alone. <a href="${address(path, { ...asked, route: undefined })}">All routes</a></p>`}
<div class="charts">${charts(data)}</div>
${routeTable(data, path, asked)}
${jobTable(data.jobs, jobsPath, { period: asked.period })}`

function totals({ total, period }: Performance): Html {
  const before = periodWords[period]
  const failed = html`${number(total.errors)} ${total.errors === 1 ? 'answer' : 'answers'} from 500 up`
  return stats([
    { label: 'Requests', value: compact(total.requests), note: changeMark(total.requests_change_pct, before) },
    { label: 'A minute', value: number(total.per_minute), note: 'on average' },
    { label: 'Errors', value: percent(total.error_pct, { digits: 2 }), note: failed },
    { label: 'p50', value: milliseconds(total.p50_ms), note: 'half are faster' },
    { label: 'p95', value: milliseconds(total.p95_ms), note: changeMark(total.p95_change_pct, before) },
    { label: 'p99', value: milliseconds(total.p99_ms), note: 'one in hundred is slower' },
  ])
}

function charts({ trend, load }: Performance): Html[] {
  const times = trend.map(({ at }) => Date.parse(at))
  return [
    chartWithTable('Requests', {
      ongoing: true,
      times,
      series: [{ label: 'Requests', values: trend.map(({ requests }) => requests) }],
    }),
    chartWithTable('Errors, answers from 500 up', {
      ongoing: true,
      times,
      series: [{ label: 'Errors', values: trend.map(({ errors }) => errors) }],
    }),
    chartWithTable('Times of requests', {
      unit: 'ms',
      times,
      series: [
        { label: 'p50', values: trend.map(({ p50_ms }) => p50_ms) },
        { label: 'p95', values: trend.map(({ p95_ms }) => p95_ms) },
      ],
    }),
    chartWithTable('Processor, of all cores', {
      unit: '%',
      times,
      series: [{ label: 'Processor', values: load.map(({ cpu_pct }) => cpu_pct) }],
    }),
    chartWithTable('Memory of all processes', {
      unit: 'MB',
      times,
      series: [{ label: 'Memory', values: load.map(({ memory_mb }) => memory_mb) }],
    }),
    chartWithTable('How late timers fire', {
      unit: 'ms',
      times,
      series: [{ label: 'p99', values: load.map(({ lag_ms }) => lag_ms) }],
    }),
  ]
}
