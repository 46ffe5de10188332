/** How often each route is asked and how long it takes; how busy the processes are. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../runtime/html.ts'
import { address } from '../../web/parts/address.ts'
import { stats } from '../../web/parts/figures.ts'
import { emptyState } from '../../web/parts/notices.ts'
import { type Column, table } from '../../web/parts/table.ts'
import { compact, number, percent } from '../../web/parts/values.ts'
import { atOnce, calmly, room } from '../monitor/room.ts'
import { change, charted, monitoringPath, ms, periods } from './parts.ts'
import {
  type Performance,
  performanceSchema,
  type RouteFigures,
  routeOrderSchema,
  routeOrders,
  routeSchema,
} from './performance.ts'
import { periodWords, shortPeriodSchema, shortPeriods } from './period.ts'

const path = `${monitoringPath}/performance`
const query = t.Object({
  period: t.Optional(shortPeriodSchema),
  route: t.Optional(t.String({ maxLength: 200, description: 'Trends of this route alone' })),
  sort_by: t.Optional(routeOrderSchema),
})
type Query = typeof query.static

export const performancePage = (app: App) => {
  const read = ({ period = '1h', route, sort_by }: Query) =>
    app.reader.read('performanceReading', { period, route, sortBy: sort_by, now: app.clock.now() })
  return room(app, {
    path,
    title: 'Performance',
    room: 'performance',
    query,
    tools: ({ period = '1h', ...asked }) => periods(shortPeriods, path, period, asked),
    read,
    body,
    json: { says: 'Each route: rate, errors and times; load of processes', schema: performanceSchema },
    file: { name: 'routes', row: routeSchema, rows: atOnce(async asked => (await read(asked)).routes) },
    live: calmly,
  })
}

const body = (data: Performance, asked: Query): Html => html`${totals(data)}
${asked.route && html`<p>The charts show <code>${asked.route}</code> alone. <a href="${address(path, { ...asked, route: undefined })}">All routes</a></p>`}
<div class="charts">${charts(data)}</div>
${routes(data, asked)}`

function totals({ total, period }: Performance): Html {
  const before = periodWords[period]
  const failed = html`${number(total.errors)} answers from 500 up`
  return stats([
    { label: 'Requests', value: compact(total.requests), note: change(total.requests_change_pct, before) },
    { label: 'A minute', value: number(total.per_minute), note: 'on average' },
    { label: 'Errors', value: percent(total.error_pct, { digits: 2 }), note: failed },
    { label: 'p50', value: ms(total.p50_ms), note: 'half are faster' },
    { label: 'p95', value: ms(total.p95_ms), note: change(total.p95_change_pct, before) },
    { label: 'p99', value: ms(total.p99_ms), note: 'one in hundred is slower' },
  ])
}

function charts({ trend, load }: Performance): Html[] {
  const times = trend.map(({ at }) => Date.parse(at))
  return [
    charted('Requests', {
      times,
      series: [{ label: 'Requests', values: trend.map(({ requests }) => requests) }],
    }),
    charted('Errors, answers from 500 up', {
      times,
      series: [{ label: 'Errors', values: trend.map(({ errors }) => errors) }],
    }),
    charted('Times of requests', {
      unit: 'ms',
      times,
      series: [
        { label: 'p50', values: trend.map(({ p50_ms }) => p50_ms) },
        { label: 'p95', values: trend.map(({ p95_ms }) => p95_ms) },
      ],
    }),
    charted('Processor, of all cores', {
      unit: '%',
      times,
      series: [{ label: 'Processor', values: load.map(({ cpu_pct }) => cpu_pct) }],
    }),
    charted('Memory of all processes', {
      unit: 'MB',
      times,
      series: [{ label: 'Memory', values: load.map(({ memory_mb }) => memory_mb) }],
    }),
    charted('How late timers fire', {
      unit: 'ms',
      times,
      series: [{ label: 'p99', values: load.map(({ lag_ms }) => lag_ms) }],
    }),
  ]
}

function routes({ routes, period }: Performance, asked: Query): Content {
  const timed = (head: string, by: 'p50_ms' | 'p95_ms' | 'p99_ms'): Column<RouteFigures> => ({
    head,
    numeric: true,
    sort: { by },
    cell: figures => ms(figures[by]),
  })
  const since = (pct: number | null) =>
    pct === null ? null : html`<span class="aside">${percent(pct, { signed: true, digits: 0 })}</span> `
  return html`${table<RouteFigures>({
    caption: 'Routes',
    dense: true,
    stack: true,
    class: 'routes',
    rows: routes,
    key: ({ route }) => `route-${route.replaceAll(/\W+/g, '-')}`,
    empty: emptyState('Nothing was asked yet', 'Requests are counted by the minute; look again in one.'),
    sorted: {
      by: asked.sort_by ?? routeOrders[0],
      order: 'desc',
      href: by => address(path, { ...asked, sort_by: by }),
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
      timed('p50', 'p50_ms'),
      {
        ...timed('p95', 'p95_ms'),
        cell: ({ p95_ms, p95_change_pct: pct }) => html`${since(pct)}${ms(p95_ms)}`,
      },
      timed('p99', 'p99_ms'),
    ],
  })}
${routes.length > 0 && html`<p class="quiet">Small percentages say what became of it since ${periodWords[period]}. A heading sorts.</p>`}`
}

const errorsOf = ({ errors, error_pct }: RouteFigures): Content =>
  errors
    ? html`<span class="aside">${number(errors)} ×</span> <span class="loss">${percent(error_pct, { digits: 2 })}</span>`
    : number(0)
