/** What is quoted, and for officers where it comes from. */
import { isAtLeast } from '../access.ts'
import type { Who } from '../runtime/exchange.ts'
import { type Html, html } from '../runtime/html.ts'
import type { Pagination } from '../runtime/page.ts'
import { address } from '../web/parts/address.ts'
import { action, field, form } from '../web/parts/form.ts'
import { badge } from '../web/parts/marks.ts'
import { emptyState } from '../web/parts/notices.ts'
import { pagination } from '../web/parts/pages.ts'
import { table } from '../web/parts/table.ts'
import { duration, money, name, number, percent, time } from '../web/parts/values.ts'
import { type FeedView, leastInterval } from './feeds/feed.ts'
import type { QuoteView } from './quote.ts'

export type QuotesData = {
  quotes: readonly QuoteView[]
  pagination: Pagination
  q?: string
  feeds: readonly FeedView[]
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
${pagination(pages, page => address('/quotes', { q, page }))}
${isOfficer && sources(feeds)}`
}

const sources = (feeds: readonly FeedView[]): Html => html`<section class="part">
<h2>Set a price</h2>
${form(
  { action: '/api/v1/quotes', done: 'Quoted' },
  html`<div class="columns">
${field({ label: 'Symbol', name: 'quotes[0].symbol', maxlength: 20, autocomplete: 'off' })}
${field({ label: 'Price', name: 'quotes[0].price_cents', type: 'cents', min: 0.01 })}
</div>`,
  'Quote it',
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
  { action: '/api/v1/quote-feeds', done: 'The feed is being asked' },
  html`<div class="columns">
${field({ label: 'Name', name: 'name', maxlength: 80 })}
${field({ label: 'Seconds between two looks', name: 'interval_s', type: 'number', min: leastInterval, max: 86_400, value: 60 })}
</div>
${field({ label: 'URL', name: 'url', type: 'url', hint: 'It may hold a key: only its origin is shown afterwards' })}`,
  'Add a feed',
)}
</section>`

const feedActions = ({ id, name, held }: FeedView): Html => {
  const api = `/api/v1/quote-feeds/${id}`
  return html`<span class="actions">${action({ label: 'Ask now', small: true, action: `${api}/poll`, follow: true })}${
    held &&
    action({
      label: 'Believe it',
      small: true,
      action: `${api}/poll`,
      body: { accept: true },
      follow: true,
      confirm: `Take in what ${name} says, though it was held back: ${held}?`,
    })
  }${action({ label: 'Remove', small: true, danger: true, method: 'delete', action: api, confirm: `Ask ${name} no more? Its quotes stay.`, done: 'Removed' })}</span>`
}
