/** Routes: how often each is asked, how long it takes, and what became of it since before. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { address } from '../../ui/parts/address.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { type Column, table } from '../../ui/parts/table.ts'
import { dayText, duration, number, percent } from '../../ui/parts/values.ts'
import { exportLinks } from '../pages/monitor-layout.ts'
import { jobsPath, jobTitle } from '../tasks/admin-job.ts'
import { milliseconds } from './parts.ts'
import type { JobTimes } from './performance.ts'
import { type Performance, type RouteFigures, routeOrders } from './performance.ts'
import { periodWords } from './period.ts'

type Asked = { period?: string; route?: string; sort_by?: string }

export function routeTable({ routes, period }: Performance, path: string, asked: Asked): Content {
  const timed = (head: string, by: 'p50_ms' | 'p95_ms' | 'p99_ms'): Column<RouteFigures> => ({
    head,
    numeric: true,
    sort: { by },
    cell: figures => milliseconds(figures[by]),
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
        cell: ({ p95_ms, p95_change_pct: pct }) => html`${since(pct)}${milliseconds(p95_ms)}`,
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

/** Jobs by name: how often, how long, and a way to those that failed. */

type Named = JobTimes['by_name'][number]

export const jobTable = ({ since, by_name }: JobTimes, path: string, query: { period?: string }): Html =>
  html`<section class="part" id="jobs"><div class="head"><h2>Jobs since ${dayText(since)}</h2>${exportLinks(path, query)}</div>
${table<Named>({
  caption: 'Jobs by name, the most run first',
  dense: true,
  stack: true,
  class: 'routes',
  rows: by_name,
  key: ({ name }) => `times-${name.replaceAll(/\W/g, '-')}`,
  empty: html`<p class="usual">Nothing has finished in this time.</p>`,
  columns: [
    { head: 'Job', names: true, cell: nameOf },
    { head: 'Runs', numeric: true, cell: ({ runs }) => number(runs) },
    { head: 'Failed', numeric: true, cell: failedOf },
    { head: 'On average', numeric: true, cell: ({ avg_ms }) => duration(avg_ms) },
    { head: 'p95, up to', numeric: true, cell: ({ p95_ms }) => duration(p95_ms) },
  ],
})}</section>`

const nameOf = ({ name }: Named): Html =>
  html`<a href="${address(jobsPath, { name })}">${jobTitle(name)}</a> <code class="quiet">${name}</code>`

const failedOf = ({ name, failed, runs }: Named): Content =>
  failed
    ? html`<span class="aside">${percent((100 * failed) / runs)}</span> <a class="loss" href="${address(jobsPath, { name, status: 'FAILURE' })}">${number(failed)}</a>`
    : number(0)
