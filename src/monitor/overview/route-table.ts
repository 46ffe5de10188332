/** Routes: how often each is asked, how long it takes, and what became of it since before. */
import { type Content, html } from '../../platform/html.ts'
import { address } from '../../ui/parts/address.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { type Column, table } from '../../ui/parts/table.ts'
import { number, percent } from '../../ui/parts/values.ts'
import { milliseconds } from './parts.ts'
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
