/** What is quoted, and for officers where it comes from. */

import { type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { duration, money, name, number, percent, time } from '../../ui/parts/values.ts'
import type { QuoteView } from './quote.ts'
import { leastInterval, type QuoteFeedView } from './quote-feeds/quote-feed.ts'

export type QuotesData = {
  quotes: readonly QuoteView[]
  pagination: Pagination
  q?: string
  feeds: readonly QuoteFeedView[]
}

export function quotesBody({ quotes, pagination: pages, q, feeds }: QuotesData, who: Who | undefined): Html {
  const isOfficer = isAtLeast(who, 'officer')
  return html`<header class="head"><h1>Quotes</h1></header>
<div class="toolbar"><form class="search" method="get" action="/quotes" role="search">
<input type="search" name="q" value="${q}" placeholder="Search symbols" aria-label="Search symbols" maxlength="20" /><kbd aria-hidden="true">/</kbd>
</form></div>
${table({
  caption: 'Quotes by symbol',
  rows: quotes,
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => symbol },
    { head: 'Price', numeric: true, class: 'score', cell: ({ price_cents }) => money(price_cents) },
    {
      head: 'Today',
      numeric: true,
      cell: ({ change_cents, change_pct }) =>
        html`<span class="${change_cents > 0 ? 'gain' : change_cents < 0 ? 'loss' : ''}">${percent(change_pct, { signed: true, digits: 2 })}</span>`,
    },
    { head: 'At 00:00 UTC', numeric: true, cell: ({ open_cents }) => money(open_cents) },
    { head: 'As of', cell: ({ as_of }) => time(as_of) },
  ],
  empty: emptyState(
    q ? 'No symbol begins like that' : 'Nothing is quoted yet',
    isOfficer
      ? 'Set a price below, push quotes to the API, or add a feed.'
      : 'Quotes come from the officers and their feeds.',
  ),
})}
${paginationLinks(pages, page => address('/quotes', { q, page }))}
${isOfficer && sources(feeds)}`
}

const sources = (feeds: readonly QuoteFeedView[]): Html => html`<section class="part">
<h2>Set a price</h2>
${form(
  { action: '/api/v1/quotes', done: 'Price set' },
  html`<div class="columns">
${formField({ label: 'Symbol', name: 'quotes[0].symbol', maxlength: 20, autocomplete: 'off' })}
${formField({ label: 'Price', name: 'quotes[0].price_cents', type: 'cents', min: 0.01 })}
</div>`,
  'Set the price',
)}
</section>
<section class="part">
<h2>Feeds</h2>
${table({
  caption: 'Quote feeds',
  rows: feeds,
  columns: [
    { head: 'Feed', names: true, cell: feed => html`${name(feed.name)}<small class="quiet">${feed.url}</small>` },
    { head: 'Every', numeric: true, cell: ({ interval_s }) => duration(interval_s * 1_000) },
    { head: 'Answered', cell: ({ answered_at }) => time(answered_at) },
    {
      head: 'State',
      cell: ({ held, error, failures }) =>
        held
          ? html`${badge('held back', 'bad')} <span class="reason">${held}</span>`
          : error
            ? html`${badge('failing', 'warn')} <span class="reason">${error} (${number(failures)} in a row)</span>`
            : badge('ok', 'good'),
    },
    { head: html`<span class="sr">Actions</span>`, cell: feedActions },
  ],
  empty: html`<p class="quiet">None. A feed answers <code>{"quotes": [{"symbol": "ACME", "price_cents": 1250, "as_of": "…"}]}</code> and is asked again and again.</p>`,
})}
${form(
  { action: '/api/v1/quote-feeds', done: 'The feed is being fetched' },
  html`<div class="columns">
${formField({ label: 'Name', name: 'name', maxlength: 80 })}
${formField({ label: 'Refresh every … seconds', name: 'interval_s', type: 'number', min: leastInterval, max: 86_400, value: 60 })}
</div>
${formField({ label: 'URL', name: 'url', type: 'url', hint: 'It may contain a key: afterwards only its host is shown' })}`,
  'Add a feed',
)}
</section>`

const feedActions = ({ id, name, held }: QuoteFeedView): Html => {
  const api = `/api/v1/quote-feeds/${id}`
  return html`<span class="actions">${action({ label: 'Refresh now', small: true, action: `${api}/poll`, follow: true })}${
    held &&
    action({
      label: 'Accept it anyway',
      small: true,
      action: `${api}/poll`,
      body: { accept: true },
      follow: true,
      confirm: `Take in what ${name} says, though it was held back: ${held}?`,
    })
  }${action({ label: 'Remove', small: true, danger: true, method: 'delete', action: api, confirm: `Remove the feed ${name}? Its quotes stay.`, done: 'Removed' })}</span>`
}
