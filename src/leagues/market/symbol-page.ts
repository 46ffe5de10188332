/** A symbol: its price over time, its corrections, and for officers every price of the last days. */

import { type Html, html } from '../../platform/html.ts'
import { address } from '../../ui/parts/address.ts'
import { chart, stats } from '../../ui/parts/figures.ts'
import { table } from '../../ui/parts/table.ts'
import { money, name, time, utcDay } from '../../ui/parts/values.ts'
import { gainPercent } from './gains.ts'
import type { PriceHistory } from './price-history.ts'
import { percentOf, type QuoteView, startOfDay } from './quote.ts'
import { heldPricesTable, symbolPath } from './quotes-page.ts'
import { actionTable, type Corrections, type OfficerData, officerPart } from './symbol-corrections-part.ts'

export const priceRanges = ['week', 'month', 'year', 'all'] as const
export type PriceRange = (typeof priceRanges)[number]
const rangeNames: Record<PriceRange, string> = { week: '7 days', month: '30 days', year: '1 year', all: 'All' }

type SymbolData = {
  quote: QuoteView
  range: PriceRange
  /** Of the prices and of the corrections. */
  pages: { page?: number; corrections_page?: number }
  history: PriceHistory
  corrections: Corrections
  /** Leagues the reader can trade it in. */
  leagues: readonly { id: number; name: string }[]
  /** What only officers see. */
  officer?: OfficerData
}

type Point = { at: number; cents: number }

/** A week in detail, with one price per day where there is no detail; longer ranges by day. */
function pointsOf({ range, history, quote }: SymbolData): Point[] {
  const now = { at: Date.parse(quote.as_of), cents: quote.price_cents }
  const detail =
    range === 'week' ? history.recent.map(({ at, price_cents }) => ({ at: Date.parse(at), cents: price_cents })) : []
  const detailed = new Set([...detail, now].map(({ at }) => startOfDay(at)))
  const days = history.days
    .map(({ date, close_cents }) => ({ at: Date.parse(date), cents: close_cents }))
    .filter(({ at }) => !detailed.has(at))
  return [...days, ...detail.filter(({ at }) => at < now.at), now].sort((a, b) => a.at - b.at)
}

export function symbolBody(data: SymbolData): Html {
  const { quote, range, corrections, leagues, officer } = data
  const { symbol } = quote
  const points = pointsOf(data)
  const all = points.map(({ cents }) => cents)
  const first = points[0]?.cents ?? quote.price_cents
  const change = percentOf(quote.price_cents - first, first)
  const path = symbolPath(symbol)
  const to = (params: { range?: PriceRange; page?: number; corrections_page?: number }) => {
    const { range, ...pages } = { range: data.range, ...data.pages, ...params }
    return address(path, { range: range === 'month' ? undefined : range, ...pages })
  }
  return html`<header class="scoreboard"><h1>${symbol}</h1>
<div class="facts"><a href="/quotes">Quotes</a><span>As of ${time(quote.as_of)}</span></div>
${stats([
  { label: 'Price', value: money(quote.price_cents) },
  {
    label: 'Today',
    value: gainPercent(quote.change_pct),
    note: html`${money(quote.change_cents, { signed: true })} since 00:00 UTC`,
  },
  points.length > 1 && {
    label: rangeNames[range],
    value: gainPercent(change),
    note: html`from ${money(first)}`,
  },
  points.length > 1 && { label: 'Highest', value: money(Math.max(...all)), note: rangeNames[range] },
  points.length > 1 && { label: 'Lowest', value: money(Math.min(...all)), note: rangeNames[range] },
])}
</header>
${officer && heldPricesTable(officer.held)}
${
  leagues.length > 0 &&
  html`<div class="toolbar"><span class="actions">${leagues.map(
    ({ id, name: league }) =>
      html`<a class="button small" href="${address(`/leagues/${id}/trade`, { symbol })}#order">Trade in ${name(league)}</a>`,
  )}</span></div>`
}
<section class="part">
<h2>Over time</h2>
<nav class="filters" aria-label="Time shown">${priceRanges.map(
    each =>
      html`<a href="${to({ range: each })}"${each === range && html` aria-current="true"`}>${rangeNames[each]}</a>`,
  )}</nav>
${
  points.length > 1
    ? html`${chart({
        label: `Price of ${symbol} over time; the numbers are in the table below`,
        times: points.map(({ at }) => at),
        series: [{ label: 'Price', values: points.map(({ cents }) => cents / 100) }],
      })}
<details><summary>As numbers</summary>
${table({
  caption: `Prices of ${symbol}, newest first`,
  stack: false,
  dense: true,
  rows: points.slice(-100).reverse(),
  columns: [
    { head: 'When', names: true, cell: ({ at }) => (range === 'week' ? time(at) : utcDay(at)) },
    { head: 'Price', numeric: true, cell: ({ cents }) => money(cents) },
  ],
})}
</details>`
    : html`<p class="quiet">There is one price so far: ${money(quote.price_cents)}. The chart starts with the second.</p>`
}
</section>
${corrections.pagination.total > 0 && actionTable(symbol, corrections, officer !== undefined, page => to({ corrections_page: page }))}
${officer && officerPart(quote, officer, page => to({ page }))}`
}
