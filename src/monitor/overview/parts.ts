/** What the pages of the monitor have in common: periods to choose, change since before, charts with their numbers. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { type Chart, chart } from '../../ui/parts/figures.ts'
import { table } from '../../ui/parts/table.ts'
import { dayText, moment, none, number, percent } from '../../ui/parts/values.ts'
import { choiceLinks } from '../pages/monitor-layout.ts'
import type { MonitorPeriod } from './period.ts'

export const monitoringPath = '/admin/monitoring'

export const periodLinks = (
  all: readonly MonitorPeriod[],
  path: string,
  period: MonitorPeriod,
  query: Record<string, string | undefined> = {},
): Html =>
  choiceLinks(
    'period',
    all.map(value => [value, value] as const),
    path,
    query,
    'Period',
    period,
  )

/** `▲ 12 % on the day before`: what went up is not always good, so it is said and not coloured. */
export function changeMark(pct: number | null, before: string): Content {
  if (pct === null) return html`<span class="none">nothing to compare</span>`
  if (pct === 0) return `as ${before}`
  return html`${pct > 0 ? '▲' : '▼'} ${percent(Math.abs(pct))} on ${before}`
}

/** A chart, and the same numbers in a table for who cannot see it. */
export function chartWithTable(title: string, given: Omit<Chart, 'label'>): Html {
  if (given.series.every(({ values }) => values.every(value => value === null)))
    return html`<section class="part charted"><div class="head"><h2>${title}</h2></div>
<p class="usual">Nothing was counted in this time.</p></section>`
  const rows = given.times
    .map((at, i) => ({ at, values: given.series.map(({ values }) => values[i] ?? null) }))
    .reverse()
  return html`<section class="part charted"><div class="head"><h2>${title}</h2></div>
${chart({ label: title, ...given })}
<details><summary>The numbers</summary>${table({
    caption: title,
    dense: true,
    rows,
    columns: [
      { head: 'When', names: true, cell: ({ at }) => (given.kind === 'bars' ? dayText(at) : moment(at)) },
      ...given.series.map(({ label }, i) => ({
        head: label,
        numeric: true,
        cell: ({ values }: (typeof rows)[number]) => number(values[i] ?? null, { unit: given.unit }),
      })),
    ],
  })}</details></section>`
}

export const milliseconds = (value: number | null): Content =>
  value === null ? none : number(value, { unit: 'ms', digits: value < 10 ? 1 : 0 })
