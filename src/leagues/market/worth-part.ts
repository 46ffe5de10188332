/** The value of a portfolio over time, as a chart and in numbers. */

import { type Html, html } from '../../platform/html.ts'
import { chart } from '../../ui/parts/figures.ts'
import { table } from '../../ui/parts/table.ts'
import { moment, money } from '../../ui/parts/values.ts'
import type { WorthHistory } from './worth-history.ts'

type Point = WorthHistory['points'][number]

/** `name`: the owner's name, on the line of the chart. */
export function worthPart(worth: readonly Point[], name: string): Html {
  if (worth.length < 2) return html``
  const lines = [
    { label: name, key: 'total_cents' },
    { label: 'Best', key: 'best_cents' },
    { label: 'Average', key: 'average_cents' },
  ] as const
  return html`<section class="part">
<h2>Value over time</h2>
${chart({
  label: 'Total value over time, against the best and the average; the numbers are in the table below',
  times: worth.map(({ at }) => Date.parse(at)),
  series: lines.map(({ label, key }) => ({ label, values: worth.map(point => point[key] / 100) })),
})}
<details id="worth-numbers"><summary>As numbers</summary>
${table({
  caption: 'Total value over time, newest first',
  dense: true,
  stack: true,
  rows: worth.slice(-100).reverse(),
  columns: [
    { head: 'When', names: true, cell: ({ at }) => moment(at) },
    ...lines.map(({ label, key }) => ({
      head: label,
      numeric: true,
      cell: (point: Point) => money(point[key]),
    })),
  ],
})}
</details>
</section>`
}
