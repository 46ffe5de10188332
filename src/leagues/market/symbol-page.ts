/** A symbol: its price over time, what officers did to it, and for them every price of the last days. */

import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { chart, stats } from '../../ui/parts/figures.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { dayText, money, name, number, percent, time } from '../../ui/parts/values.ts'
import type { SymbolActionView } from './corrections/symbol-action.ts'
import type { HeldPriceView } from './held-prices.ts'
import { moneyText } from './order.ts'
import type { PriceHistory, PriceView } from './price-history.ts'
import { percentOf, type QuoteView, startOfDay } from './quote.ts'
import { gainClass, heldPrices, symbolPath } from './quotes-page.ts'

export const ranges = ['week', 'month', 'year', 'all'] as const
export type Range = (typeof ranges)[number]
const rangeNames: Record<Range, string> = { week: '7 days', month: '30 days', year: '1 year', all: 'All' }

export type SymbolData = {
  quote: QuoteView
  range: Range
  history: PriceHistory
  actions: readonly SymbolActionView[]
  /** Leagues the reader can trade it in. */
  leagues: readonly { id: number; name: string }[]
  officer?: OfficerData
}

/** What only officers see. */
type OfficerData = { prices: readonly PriceView[]; pagination: Pagination; held: readonly HeldPriceView[] }

type Point = { at: number; cents: number }

/** A week in detail, with a day's price where there is none; longer ranges by day. */
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
  const { quote, range, actions, leagues, officer } = data
  const { symbol } = quote
  const points = pointsOf(data)
  const all = points.map(({ cents }) => cents)
  const first = points[0]?.cents ?? quote.price_cents
  const change = percentOf(quote.price_cents - first, first)
  const path = symbolPath(symbol)
  return html`<header class="scoreboard"><h1>${symbol}</h1>
<div class="facts"><a href="/quotes">Quotes</a><span>As of ${time(quote.as_of)}</span></div>
${stats([
  { label: 'Price', value: money(quote.price_cents) },
  {
    label: 'Today',
    value: html`<span class="${gainClass(quote.change_cents)}">${percent(quote.change_pct, { signed: true, digits: 2 })}</span>`,
    note: html`${money(quote.change_cents, { signed: true })} since 00:00 UTC`,
  },
  points.length > 1 && {
    label: rangeNames[range],
    value: html`<span class="${gainClass(change)}">${percent(change, { signed: true, digits: 2 })}</span>`,
    note: html`from ${money(first)}`,
  },
  points.length > 1 && { label: 'Highest', value: money(Math.max(...all)), note: rangeNames[range] },
  points.length > 1 && { label: 'Lowest', value: money(Math.min(...all)), note: rangeNames[range] },
])}
</header>
${officer && heldPrices(officer.held)}
${
  leagues.length > 0 &&
  html`<div class="toolbar"><span class="actions">${leagues.map(
    ({ id, name: league }) =>
      html`<a class="button small" href="${address(`/leagues/${id}/trade`, { symbol })}#order">Trade in ${name(league)}</a>`,
  )}</span></div>`
}
<section class="part">
<h2>Over time</h2>
<nav class="filters" aria-label="Time shown">${ranges.map(
    each =>
      html`<a href="${address(path, { range: each === 'month' ? undefined : each })}"${each === range && html` aria-current="true"`}>${rangeNames[each]}</a>`,
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
  caption: `Prices of ${symbol}, the newest first`,
  dense: true,
  rows: points.slice(-100).reverse(),
  columns: [
    { head: 'When', names: true, cell: ({ at }) => (range === 'week' ? time(at) : dayText(at)) },
    { head: 'Price', numeric: true, cell: ({ cents }) => money(cents) },
  ],
})}
</details>`
    : html`<p class="quiet">There is one price so far: ${money(quote.price_cents)}. A line is drawn from the second on.</p>`
}
</section>
${actions.length > 0 && actionTable(symbol, actions, officer !== undefined)}
${officer && officerPart(data, officer)}`
}

const actionText: Record<SymbolActionView['kind'], (done: SymbolActionView) => Content> = {
  void: ({ price_cents }) => `Price ${moneyText(price_cents)} taken back`,
  split: ({ split_to, split_from }) => `Split: ${split_to} for ${split_from}`,
  dividend: ({ price_cents, undone }) =>
    html`Dividend of ${money(price_cents)} per share${undone && html` ${badge('taken back', 'warn')}`}`,
  undo: ({ price_cents }) => `Dividend of ${moneyText(price_cents)} per share taken back`,
}

const changed = ({ kind, lines, kept }: SymbolActionView): Content => {
  const [one, many] = kind === 'void' ? ['trade', 'trades'] : ['portfolio', 'portfolios']
  return html`${number(lines)} ${lines === 1 ? one : many}${kept > 0 && html`<small class="quiet">${number(kept)} in final leagues stay</small>`}`
}

const actionTable = (
  symbol: string,
  actions: readonly SymbolActionView[],
  isOfficer: boolean,
): Content => html`<section class="part">
<h2>Splits, dividends, corrections</h2>
${table({
  caption: `What officers did to ${symbol}, the newest first`,
  dense: true,
  stack: true,
  rows: actions,
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    { head: 'What', names: true, cell: done => actionText[done.kind](done) },
    { head: 'Changed', cell: changed },
    actions.some(({ reason }) => reason) && { head: 'Reason', cell: ({ reason }) => reason },
    isOfficer && { head: 'By', cell: ({ username }) => (username ? name(username) : 'the operator') },
    isOfficer && {
      head: html`<span class="sr">Correct</span>`,
      cell: ({ id, kind, undone, lines, price_cents }) =>
        kind === 'dividend' &&
        !undone &&
        lines > 0 &&
        action({
          label: html`Take back<span class="sr"> the dividend of ${moneyText(price_cents)}</span>`,
          small: true,
          quiet: true,
          action: `${quotesApi(symbol)}/actions/${id}/undo`,
          confirm: `Take the dividend of ${moneyText(price_cents)} per share back? What was paid goes back, each told to its owner; what final leagues have stays.`,
          ask: { name: 'reason', label: 'Reason, for all to read', optional: true },
          done: 'Taken back',
        }),
    },
  ],
})}
</section>`

const quotesApi = (symbol: string): string => `/api/v1/quotes/${encodeURIComponent(symbol)}`

function officerPart({ quote, actions }: SymbolData, { prices, pagination: pages }: OfficerData): Html {
  const { symbol, price_cents } = quote
  const lastSplit = actions.find(({ kind }) => kind === 'split')?.at ?? '' // earlier prices stay
  const api = quotesApi(symbol)
  return html`<section class="part">
<h2>Prices of the last 7 days</h2>
${table({
  caption: `Prices of ${symbol} as they came in, the newest first`,
  dense: true,
  stack: true,
  rows: prices,
  key: ({ id }) => `price-${id}`,
  columns: [
    { head: 'Came in', cell: ({ received_at }) => time(received_at) },
    { head: 'Price', names: true, class: 'num', cell: price => money(price.price_cents) },
    { head: 'Until', cell: ({ until }) => (until ? time(until) : badge('now', 'good')) },
    {
      head: 'From',
      cell: ({ username }) => (username ? name(username) : html`<span class="quiet">a feed or the operator</span>`),
    },
    { head: 'Trades', numeric: true, cell: ({ trades }) => number(trades) },
    {
      head: html`<span class="sr">Correct</span>`,
      cell: ({ id, price_cents: wrong, trades, voided_at, received_at }) =>
        voided_at
          ? badge('taken back', 'warn')
          : received_at > lastSplit &&
            action({
              label: html`Take back<span class="sr"> ${moneyText(wrong)}</span>`,
              small: true,
              quiet: true,
              action: `${api}/prices/${id}/void`,
              confirm: `Take the price ${moneyText(wrong)} of ${symbol} back? ${
                trades === 0
                  ? 'Nobody has traded at it.'
                  : `${trades === 1 ? 'The trade' : `The ${trades} trades`} made at it ${trades === 1 ? 'is' : 'are'} undone, each told to its owner; those of final leagues stay. This cannot be turned back.`
              }`,
              ask: { name: 'reason', label: 'Reason, for all to read', optional: true },
              done: 'Taken back',
            }),
    },
  ],
})}
${paginationLinks(pages, page => address(symbolPath(symbol), { page }))}
</section>
<section class="part">
<h2>Set the price</h2>
${form(
  { action: '/api/v1/quotes', done: '{message}' },
  html`<input type="hidden" name="quotes[0].symbol" value="${symbol}" data-type="text" />${formField({ label: 'Price', name: 'quotes[0].price_cents', type: 'cents', min: 0.01, value: price_cents })}`,
  'Set the price',
)}
</section>
<section class="part">
<h2>Split or dividend</h2>
${notice('Both count for everyone who holds it now, in every league that is not final.')}
<div class="columns">
<div>
${form(
  {
    action: `${api}/splits`,
    done: 'Split',
    confirm: `Split ${symbol} now? Shares, price and history change in every league that is not final. What is left of a share is paid out.`,
  },
  html`${formField({ label: 'Shares afterwards', name: 'to', type: 'number', min: 1, max: 1_000, value: 2 })}
${formField({ label: 'For shares before', name: 'from', type: 'number', min: 1, max: 1_000, value: 1 })}
${formField({ label: 'Reason', name: 'reason', id: 'f-split-reason', optional: true, maxlength: 200 })}`,
  'Split',
)}
</div>
<div>
${form(
  {
    action: `${api}/dividends`,
    done: 'Paid out',
    confirm: `Pay this for every share of ${symbol} that is held now? Who has sold it short pays it.`,
  },
  html`${formField({ label: 'Per share', name: 'per_share_cents', type: 'cents', min: 0.01 })}
${formField({ label: 'Reason', name: 'reason', id: 'f-dividend-reason', optional: true, maxlength: 200 })}`,
  'Pay the dividend',
)}
</div>
</div>
</section>`
}
