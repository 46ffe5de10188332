/** The list of prices and, for officers, the sources of prices: at `/quotes`, and as a tab of a league. */

import type { UnreadQuotes } from '../../../db/schema.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { sparkline } from '../../ui/parts/figures.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { about, duration, money, name, number, percent, time } from '../../ui/parts/values.ts'
import { gainPercent } from './gains.ts'
import type { HeldPrices } from './held-prices.ts'
import type { QuoteView } from './quote.ts'
import { minInterval, type QuoteFeedView } from './quote-feeds/quote-feed.ts'

export type PriceListData = {
  /** The path of the list: `/quotes` or `/leagues/3/prices`. */
  path: string
  quotes: readonly QuoteView[]
  pagination: Pagination
  q?: string
  /** By symbol. */
  lines: ReadonlyMap<string, readonly number[]>
  /** Where the reader can trade these symbols. */
  tradeAt?: string
}

export const symbolPath = (symbol: string): string => `/quotes/${encodeURIComponent(symbol)}`

export function priceList({ path, quotes, pagination: pages, q, lines, tradeAt }: PriceListData, who: Who | undefined) {
  const order = (symbol: string, side: string) => `${address(tradeAt ?? '', { symbol, side })}#order`
  return html`<div class="toolbar"><form class="search" method="get" action="${path}" role="search">
<input type="search" name="q" value="${q}" placeholder="Search symbols" aria-label="Search symbols" maxlength="20" /><kbd aria-hidden="true">/</kbd>
</form></div>
${table({
  caption: 'Prices by symbol',
  rows: quotes,
  pages,
  rowName: ({ symbol }) => symbol,
  key: ({ symbol }) => `q-${symbol}`,
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => html`<a href="${symbolPath(symbol)}">${symbol}</a>` },
    { head: 'Price', numeric: true, class: 'score', cell: ({ price_cents }) => money(price_cents) },
    { head: 'Today', numeric: true, cell: ({ change_pct }) => gainPercent(change_pct) },
    {
      head: '30 days',
      folds: true,
      cell: ({ symbol }) => {
        const values = lines.get(symbol) ?? []
        return values.length > 1 && sparkline(values, `Price of ${symbol} over the last days`)
      },
    },
    { head: 'At 00:00 UTC', numeric: true, folds: true, cell: ({ open_cents }) => money(open_cents) },
    { head: 'As of', folds: true, cell: ({ as_of }) => time(as_of) },
    tradeAt !== undefined && {
      head: html`<span class="sr">Trade</span>`,
      cell: ({ symbol }) =>
        html`<span class="actions"><a class="button small quiet" href="${order(symbol, 'buy')}">Buy${about(symbol)}</a><a class="button small quiet" href="${order(symbol, 'sell')}">Sell${about(symbol)}</a></span>`,
    },
  ],
  empty: q
    ? emptyState('No symbol starts like that', 'Try fewer letters.')
    : emptyState(
        'There are no prices yet',
        isAtLeast(who, 'officer')
          ? 'Nobody can trade without prices. Add them in one of the ways below.'
          : 'Nobody can trade without prices. Officers add them.',
      ),
})}
${paginationLinks(pages, (page, limit) => address(path, { q, page, limit }))}`
}

export type PriceSourcesData = { held: HeldPrices; feeds: readonly QuoteFeedView[]; origin: string }

export const quotesBody = (list: PriceListData, sources: PriceSourcesData | undefined, who: Who | undefined): Html =>
  html`<header class="head"><h1>Quotes</h1></header>
${sources && heldPricesTable(sources.held)}
${priceList(list, who)}
${sources && priceSources(sources)}`

/** Asks whether prices that moved very far are right. The others follow when these are answered. */
export function heldPricesTable({ held, total }: HeldPrices): Content {
  if (!held.length) return null
  return html`<section class="part" id="held">
<h2>${held.length === 1 ? 'Is this price right?' : 'Are these prices right?'}</h2>
<p>${held.length === 1 ? 'It' : 'Each'} moved so far that it waits for an answer. Until then the previous price counts.${total > held.length && html` The first ${number(held.length)} of ${number(total)} are here.`}</p>
${table({
  caption: 'Held prices',
  rows: held,
  key: ({ id }) => `held-${id}`,
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => html`<a href="${symbolPath(symbol)}">${symbol}</a>` },
    { head: 'Now', numeric: true, cell: ({ before_cents }) => money(before_cents) },
    { head: 'New', numeric: true, class: 'score', cell: ({ price_cents }) => money(price_cents) },
    { head: 'Change', numeric: true, cell: ({ change_pct }) => percent(change_pct, { signed: true, digits: 0 }) },
    {
      head: 'Came in',
      cell: ({ received_at, username }) =>
        html`${time(received_at)}<small class="quiet">${username ? html`from ${name(username)}` : 'from a feed or the operator'}</small>`,
    },
    {
      head: html`<span class="sr">Answer</span>`,
      cell: ({ id, symbol }) => {
        const api = `/api/v1/held-prices/${id}`
        return html`<span class="actions">${action({ label: 'Accept', of: symbol, look: 'small', action: `${api}/accept`, done: `The new price of ${symbol} counts` })}${action({ label: 'Discard', of: symbol, look: 'quiet small', action: `${api}/discard`, done: 'Discarded' })}</span>`
      },
    },
  ],
})}
</section>`
}

/** Where prices come from: by hand, from a spreadsheet, by a feed or a program. */
export const priceSources = ({ feeds, origin }: PriceSourcesData): Html => html`<section class="part" id="sources">
<h2>Set a price</h2>
${form(
  { action: '/api/v1/quotes', done: '{message}' },
  html`<div class="columns">
${formField({ label: 'Symbol', name: 'quotes[0].symbol', maxlength: 20, autocomplete: 'off' })}
${formField({ label: 'Price', name: 'quotes[0].price_cents', type: 'cents', min: 0.01 })}
</div>`,
  'Set the price',
)}
</section>
<section class="part">
<h2>Prices from a spreadsheet</h2>
${form(
  { action: '/api/v1/quotes/import', done: '{message}' },
  formField({
    label: 'CSV',
    name: 'csv',
    type: 'area',
    placeholder: 'symbol,price\nACME,213.50\nBRK.B,412.34',
    hint: html`Paste the columns <code>symbol</code>, <code>price</code> and, if it is not the current price, <code>as_of</code>, a date or a time in UTC: earlier days become the history. If any row is wrong, none is imported`,
  }),
  'Import the prices',
)}
</section>
<section class="part">
<h2>Feeds</h2>
${table({
  caption: 'Quote feeds',
  rows: feeds,
  columns: [
    { head: 'Feed', names: true, cell: feed => html`${name(feed.name)} <small class="quiet">${feed.url}</small>` },
    { head: 'Every', numeric: true, cell: ({ interval_s }) => duration(interval_s * 1_000) },
    { head: 'Answered', cell: ({ answered_at }) => time(answered_at) },
    {
      head: 'State',
      cell: ({ held, error, failures, unread }) =>
        error
          ? html`${badge('failing', 'warn')} <span class="reason">${error} (${number(failures)} in a row)</span>`
          : held
            ? html`${badge('held back', 'bad')} <span class="reason">${held}</span>`
            : html`${badge('ok', 'good')}${unread && unreadQuotes(unread)}`,
    },
  ],
  actions: feedActions,
  empty: html`<p class="quiet">None. A feed answers <code>{"quotes": [{"symbol": "ACME", "price_cents": 1250, "as_of": "…"}]}</code> and is polled regularly.</p>`,
})}
${form(
  { action: '/api/v1/quote-feeds', done: 'The feed is being fetched' },
  html`<div class="columns">
${formField({ label: 'Name', name: 'name', maxlength: 80 })}
${formField({ label: 'Refresh every … seconds', name: 'interval_s', type: 'number', min: minInterval, max: 86_400, value: 60 })}
</div>
${formField({ label: 'URL', name: 'url', type: 'url', hint: 'It may contain a key: afterwards only its host is shown' })}`,
  'Add a feed',
)}
</section>
<section class="part">
<h2>From a program</h2>
<p class="quiet">Use a key with the role officer from <a href="/account">your account</a>; up to 10,000 prices at once, in cents. See <a href="/swagger">the API page</a>.</p>
<pre><code>curl -X POST ${origin}/api/v1/quotes -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"quotes": [{"symbol": "ACME", "price_cents": 21350}]}'</code></pre>
</section>`

const unreadQuotes = ({ count, first }: UnreadQuotes): Html =>
  html` <span class="reason">${counted(count, 'quote of the last answer is', 'quotes of the last answer are')} left out:</span>
<ul class="items">${first.map(({ symbol, message }) => html`<li>${symbol && html`${name(symbol)}, `}${message}</li>`)}${count > first.length && html`<li>${number(count - first.length)} more</li>`}</ul>`

const feedActions = ({ id, name, held, error }: QuoteFeedView): Html => {
  const api = `/api/v1/quote-feeds/${id}`
  return html`<span class="actions">${action({ label: 'Refresh now', of: name, look: 'small', action: `${api}/poll`, follow: true })}${
    held &&
    !error &&
    action({
      label: 'Accept it anyway',
      of: name,
      look: 'small',
      action: `${api}/poll`,
      body: { accept: true },
      follow: true,
      confirm: `Accept the answer of ${name} although it was held back: ${held}?`,
    })
  }${action({ label: 'Remove', of: name, look: 'danger small', method: 'delete', action: api, confirm: `Remove the feed ${name}? Its quotes stay.`, done: 'Removed' })}</span>`
}
