/** Requests and times of each route; load of processes; jobs and database statements by time. */

import { t } from 'elysia'
import { statementTimes } from '../../../db/statement-times.ts'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { itemsOfPage, pageOf, pagination } from '../../platform/http/pagination.ts'
import { counted } from '../../platform/number-text.ts'
import { jobsPath, jobTitle } from '../../runs/job-titles.ts'
import { address, type Params } from '../../ui/parts/address.ts'
import { stats } from '../../ui/parts/figures.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { type Column, denseTable } from '../../ui/parts/table.ts'
import { compact, duration, number, percent, utcDay } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, listFiles, livePage, slicesOf } from '../pages/live-page.ts'
import {
  changeMark,
  chartWithTable,
  exportLinks,
  milliseconds,
  monitoringPath,
  periodLinks,
} from '../pages/monitor-layout.ts'
import { periodWords, shortPeriodSchema, shortPeriods } from '../period.ts'
import { taskStatsSchema } from '../statistics/executions.ts'
import {
  type JobTimes,
  jobTimesReading,
  jobTimesSchema,
  type Performance,
  performanceReading,
  performanceSchema,
  type RouteFigures,
  routeOrderSchema,
  routeOrders,
  routeSchema,
  type StatementFigures,
  statementFigures,
  statementOrderSchema,
  statementReading,
  statementSchema,
} from './performance.ts'

const perPage = 15
const statementsPerPage = 10

function routeTable({ routes, period }: Performance, path: string, asked: Query): Content {
  const slice = pageOf({ page: asked.page, limit: perPage })
  const timeColumn = (head: string, by: 'p50_ms' | 'p95_ms' | 'p99_ms'): Column<RouteFigures> => ({
    head,
    numeric: true,
    sort: { by },
    cell: figures => milliseconds(figures[by]),
  })
  const since = (pct: number | null) =>
    pct === null ? null : html`<span class="aside">${percent(pct, { signed: true, digits: 0 })}</span> `
  return html`${denseTable<RouteFigures>({
    caption: 'Routes',
    class: 'routes',
    rows: itemsOfPage(routes, slice),
    pages: pagination(slice, routes.length),
    key: ({ route }) => `route-${route.replaceAll(/\W+/g, '-')}`,
    empty: emptyState('No requests yet', 'Requests are counted each minute; come back in a minute.'),
    sorted: {
      by: asked.sort_by ?? routeOrders[0],
      order: 'desc',
      href: by => address(path, { ...asked, sort_by: by, page: undefined }),
    },
    columns: [
      {
        head: 'Route',
        names: true,
        cell: ({ route }) => html`<a href="${address(path, { ...asked, route })}"><code>${route}</code></a>`,
      },
      {
        head: 'Requests',
        numeric: true,
        sort: { by: 'requests' },
        cell: ({ requests, requests_change_pct: pct }) => html`${since(pct)}${number(requests)}`,
      },
      { head: 'A minute', numeric: true, cell: ({ per_minute }) => number(per_minute, { digits: 2 }) },
      { head: 'Errors', numeric: true, sort: { by: 'error_pct' }, cell: errorsOf },
      timeColumn('p50', 'p50_ms'),
      {
        ...timeColumn('p95', 'p95_ms'),
        cell: ({ p95_ms, p95_change_pct: pct }) => html`${since(pct)}${milliseconds(p95_ms)}`,
      },
      timeColumn('p99', 'p99_ms'),
    ],
  })}
${paginationLinks(pagination(slice, routes.length), page => address(path, { ...asked, page }), 'Pages of routes')}
${routes.length > 0 && html`<p class="quiet">Small percentages compare with ${periodWords[period]}. Click a heading to sort.</p>`}`
}

const errorsOf = ({ errors, error_pct }: RouteFigures): Content =>
  errors
    ? html`<span class="aside">${number(errors)} ×</span> <span class="loss">${percent(error_pct, { digits: 2 })}</span>`
    : number(0)

/** Jobs by name: how often, how long, and a link to failed ones. */

type JobTime = JobTimes['by_name'][number]

function jobTable({ since, by_name }: JobTimes, asked: Query): Html {
  const slice = pageOf({ page: asked.jobs_page, limit: perPage })
  const href = (page: number) => `${address(path, { ...asked, jobs_page: page })}#jobs`
  return html`<section class="part" id="jobs"><div class="head"><h2>Jobs since ${utcDay(since)}</h2>${exportLinks(jobTimesPath, { period: asked.period })}</div>
${denseTable<JobTime>({
  caption: 'Jobs by name, most runs first',
  class: 'routes',
  rows: itemsOfPage(by_name, slice),
  pages: pagination(slice, by_name.length),
  key: ({ name }) => `times-${name.replaceAll(/\W/g, '-')}`,
  empty: html`<p class="usual">Nothing finished in this time.</p>`,
  columns: [
    { head: 'Job', names: true, cell: nameOf },
    { head: 'Runs', numeric: true, cell: ({ runs }) => number(runs) },
    { head: 'Failed', numeric: true, cell: failedOf },
    { head: 'Cancelled', numeric: true, cell: ({ cancelled }) => number(cancelled) },
    { head: 'On average', numeric: true, cell: ({ avg_ms }) => duration(avg_ms) },
    { head: 'p95', numeric: true, cell: ({ p95_ms }) => duration(p95_ms) },
  ],
})}
${paginationLinks(pagination(slice, by_name.length), href, 'Pages of jobs')}</section>`
}

const nameOf = ({ name }: JobTime): Html =>
  html`<a href="${address(jobsPath, { name })}">${jobTitle(name)}</a> <code class="quiet">${name}</code>`

const failedOf = ({ name, failed, runs }: JobTime): Content =>
  failed
    ? html`<span class="aside">${percent((100 * failed) / runs)}</span> <a class="loss" href="${address(jobsPath, { name, status: 'FAILURE' })}">${number(failed)}</a>`
    : number(0)

/** Database statements, by total time. */

const threadLabels = { main: '', reader: 'reader thread', scores: 'scores.db' } as const

function statementTable(all: readonly StatementFigures[], asked: Query): Html {
  const slice = pageOf({ page: asked.statements_page, limit: statementsPerPage })
  const pathWith = (change: Params) => `${address(path, { ...asked, ...change })}#statements`
  const timeColumn = (head: string, by: 'total_ms' | 'mean_ms' | 'p95_ms'): Column<StatementFigures> => ({
    head,
    numeric: true,
    sort: { by },
    cell: figures => fineMilliseconds(figures[by]),
  })
  return html`<section class="part" id="statements"><div class="head"><h2>Database statements since the start</h2>${exportLinks(statementsPath, { statements_by: asked.statements_by })}</div>
${denseTable<StatementFigures>({
  caption: 'Database statements',
  class: 'routes',
  rows: itemsOfPage(all, slice),
  pages: pagination(slice, all.length),
  key: ({ statement, connection }) => `statement-${connection}-${Bun.hash(statement).toString(36)}`,
  sorted: {
    by: asked.statements_by ?? 'total_ms',
    order: 'desc',
    href: by => pathWith({ statements_by: by, statements_page: undefined }),
  },
  columns: [
    {
      head: 'Statement',
      names: true,
      class: 'statement',
      cell: ({ statement, connection }) =>
        html`<code>${statement}</code> <small class="quiet">${threadLabels[connection]}</small>`,
    },
    { head: 'Times', numeric: true, sort: { by: 'count' }, cell: ({ count }) => number(count) },
    timeColumn('Mean', 'mean_ms'),
    timeColumn('p95', 'p95_ms'),
    timeColumn('In all', 'total_ms'),
  ],
})}
${paginationLinks(pagination(slice, all.length), page => pathWith({ statements_page: page }), 'Pages of statements')}
<p class="quiet">Of the process that answers here, without the thread that reads sheets. Statements in the reader thread delay nobody else.</p></section>`
}

/** The fastest take a few microseconds. */
const fineMilliseconds = (ms: number): Content => number(ms, { unit: 'ms', digits: ms < 1 ? 3 : ms < 10 ? 1 : 0 })

const path = `${monitoringPath}/performance`
const query = t.Object({
  period: t.Optional(shortPeriodSchema),
  route: t.Optional(t.String({ maxLength: 200, description: 'Trends of this route alone' })),
  sort_by: t.Optional(routeOrderSchema),
  page: t.Optional(t.Integer({ description: 'Of the routes on the page; the JSON has all' })),
  jobs_page: t.Optional(t.Integer({ description: 'Of the jobs on the page; the JSON has all' })),
  statements_by: t.Optional(statementOrderSchema),
  statements_page: t.Optional(t.Integer({ description: 'Of the statements on the page; the JSON has all' })),
})
type Query = typeof query.static

const jobTimesPath = `${path}/jobs`
const statementsPath = `${path}/statements`

export const performancePage = (app: App) => [page(app), jobFiles(app), statementFiles(app)]

const readStatements = async ({ db, reader, sheets }: App, { statements_by }: Query) => {
  const [main, scores] = [statementTimes(db.$client), statementTimes(sheets.boards.scores)]
  return statementFigures({ main, scores, reader: await reader.read(statementReading, {}) }, statements_by)
}

const page = (app: App) => {
  const { reader, clock } = app
  const read = ({ period = 'last_hour', route, sort_by }: Query) =>
    reader.read(performanceReading, { period, route, sortBy: sort_by, now: clock.now() })
  return livePage(app, {
    path,
    title: 'Performance',
    navItem: 'performance',
    query,
    tools: ({ period = 'last_hour', route, sort_by }) => periodLinks(shortPeriods, path, period, { route, sort_by }),
    async read(asked) {
      const jobs = reader.read(jobTimesReading, { period: asked.period ?? 'last_hour', now: clock.now() })
      return { ...(await read(asked)), jobs: await jobs, statements: await readStatements(app, asked) }
    },
    body,
    json: {
      summary: 'Each route: rate, errors and times; load of processes; each job; each database statement',
      schema: t.Object({
        ...performanceSchema.properties,
        jobs: jobTimesSchema,
        statements: t.Array(statementSchema, { description: 'Of this process, since it started' }),
      }),
    },
    file: { name: 'routes', row: routeSchema, rows: slicesOf(async asked => (await read(asked)).routes) },
    live: { ...everySecondAndAHalf, watched: ({ statements: _, ...data }) => data },
  })
}

const jobFiles = (app: App) =>
  listFiles(app, jobTimesPath, query, {
    name: 'job-times',
    row: taskStatsSchema,
    rows: slicesOf(
      async ({ period = 'last_hour' }) =>
        (await app.reader.read(jobTimesReading, { period, now: app.clock.now() })).by_name,
    ),
  })

const statementFiles = (app: App) =>
  listFiles(app, statementsPath, query, {
    name: 'statements',
    row: statementSchema,
    rows: slicesOf(asked => readStatements(app, asked)),
  })

type PageData = Performance & { jobs: JobTimes; statements: StatementFigures[] }

const body = (data: PageData, asked: Query): Html => html`${totals(data)}
${asked.route && html`<p>The charts show <code>${asked.route}</code> alone. <a href="${address(path, { ...asked, route: undefined })}">All routes</a></p>`}
<div class="charts">${charts(data)}</div>
${routeTable(data, path, asked)}
${jobTable(data.jobs, asked)}
${statementTable(data.statements, asked)}`

function totals({ total, period }: Performance): Html {
  const before = periodWords[period]
  const failed = `${counted(total.errors, 'answer')} from 500 up`
  return stats([
    { label: 'Requests', value: compact(total.requests), note: changeMark(total.requests_change_pct, before) },
    { label: 'A minute', value: number(total.per_minute), note: 'on average' },
    { label: 'Errors', value: percent(total.error_pct, { digits: 2 }), note: failed },
    { label: 'p50', value: milliseconds(total.p50_ms), note: 'half are faster' },
    { label: 'p95', value: milliseconds(total.p95_ms), note: changeMark(total.p95_change_pct, before) },
    { label: 'p99', value: milliseconds(total.p99_ms), note: 'one in hundred is slower' },
  ])
}

const charts = ({ trend, load }: Performance): Html[] => [
  chartWithTable('Requests', trend, { Requests: ({ requests }) => requests }, { ongoing: true }),
  chartWithTable('Errors, answers from 500 up', trend, { Errors: ({ errors }) => errors }, { ongoing: true }),
  chartWithTable('Times of requests', trend, { p50: row => row.p50_ms, p95: row => row.p95_ms }, { unit: 'ms' }),
  chartWithTable('Processor, of all cores', load, { Processor: ({ cpu_pct }) => cpu_pct }, { unit: '%' }),
  chartWithTable('Memory of all processes', load, { Memory: ({ memory_mb }) => memory_mb }, { unit: 'MB' }),
  chartWithTable('How late timers fire', load, { p99: ({ lag_ms }) => lag_ms }, { unit: 'ms' }),
]
