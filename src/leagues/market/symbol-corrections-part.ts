/** Corrections on the page of a symbol: those made so far, and for officers the prices to take back and the forms. */

import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import { counted, moneyText } from '../../platform/number-text.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { money, name, number, time } from '../../ui/parts/values.ts'
import type { SymbolActionView } from './corrections/symbol-action.ts'
import type { HeldPrices } from './held-prices.ts'
import type { PriceView } from './price-history.ts'
import type { QuoteView } from './quote.ts'

const quotesApi = (symbol: string): string => `/api/v1/quotes/${encodeURIComponent(symbol)}`

const askForReason = { name: 'reason', label: 'Reason, visible to everyone', optional: true }

const actionText: Record<SymbolActionView['kind'], (done: SymbolActionView) => Content> = {
  void: ({ price_cents }) => `Price ${moneyText(price_cents)} taken back`,
  split: ({ split_to, split_from }) => `Split: ${split_to} for ${split_from}`,
  dividend: ({ price_cents, undone }) =>
    html`Dividend of ${money(price_cents)} per share${undone && html` ${badge('taken back', 'warn')}`}`,
  undo: ({ price_cents }) => `Dividend of ${moneyText(price_cents)} per share taken back`,
}

const changedText = ({ kind, lines, kept }: SymbolActionView): Content => {
  const [one, many] = kind === 'void' ? ['trade', 'trades'] : ['portfolio', 'portfolios']
  return html`${counted(lines, one, many)}${kept > 0 && html`<small class="quiet">${number(kept)} in final leagues stay</small>`}`
}

export type Corrections = { actions: readonly SymbolActionView[]; pagination: Pagination }

/** Everyone sees what was corrected. */
export const actionTable = (
  symbol: string,
  { actions, pagination: pages }: Corrections,
  isOfficer: boolean,
  toPage: (page: number) => string,
): Content => html`<section class="part" id="corrections">
<h2>Splits, dividends, corrections</h2>
${table({
  caption: `Corrections of ${symbol}, newest first`,
  dense: true,
  rows: actions,
  pages,
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    { head: 'What', names: true, cell: done => actionText[done.kind](done) },
    { head: 'Changed', cell: changedText },
    actions.some(({ reason }) => reason) && { head: 'Reason', cell: ({ reason }) => reason },
    isOfficer && { head: 'By', cell: ({ username }) => (username ? name(username) : 'the operator') },
    isOfficer && {
      head: html`<span class="sr">Correct</span>`,
      cell: ({ id, at, kind, undone, price_cents }) =>
        kind === 'dividend' &&
        !undone &&
        action({
          label: 'Take back',
          of: html`the dividend of ${moneyText(price_cents)}, ${time(at)}`,
          look: 'quiet small',
          action: `${quotesApi(symbol)}/actions/${id}/undo`,
          confirm: `Take the dividend of ${moneyText(price_cents)} per share back? What was paid is charged back, and each owner sees it; leagues keep it while they are final.`,
          ask: askForReason,
          done: 'Taken back',
        }),
    },
  ],
})}
${paginationLinks(pages, page => `${toPage(page)}#corrections`, 'Pages of corrections')}
</section>`

export type OfficerData = {
  prices: readonly PriceView[]
  pagination: Pagination
  held: HeldPrices
  /** Prices from before it cannot be taken back. */
  lastSplit: string | null
}

/** What officers can do: take prices back, set one, split, pay a dividend. */
export const officerPart = (quote: QuoteView, data: OfficerData, toPage: (page: number) => string): Html =>
  html`${pricesPart(quote.symbol, data, toPage)}
${setPricePart(quote)}
${splitAndDividendPart(quote.symbol)}`

function pricesPart(
  symbol: string,
  { prices, pagination: pages, lastSplit }: OfficerData,
  toPage: (page: number) => string,
): Html {
  return html`<section class="part">
<h2>Prices of the last 7 days</h2>
${table({
  caption: `Prices of ${symbol} as they came in, newest first`,
  dense: true,
  rows: prices,
  pages,
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
          : received_at > (lastSplit ?? '') &&
            action({
              label: 'Take back',
              of: html`${moneyText(wrong)}, ${time(received_at)}`,
              look: 'quiet small',
              action: `${quotesApi(symbol)}/prices/${id}/void`,
              confirm: `Take the price ${moneyText(wrong)} of ${symbol} back? ${
                trades === 0
                  ? 'Nobody has traded at it.'
                  : `${trades === 1 ? 'The trade' : `The ${trades} trades`} made at it ${trades === 1 ? 'is' : 'are'} undone, and each owner sees it; those of final leagues stay. This cannot be reversed.`
              }`,
              ask: askForReason,
              done: 'Taken back',
            }),
    },
  ],
})}
${paginationLinks(pages, toPage, 'Pages of prices')}
</section>`
}

const setPricePart = ({ symbol, price_cents }: QuoteView): Html => html`<section class="part">
<h2>Set the price</h2>
${form(
  { action: '/api/v1/quotes', done: '{message}' },
  html`<input type="hidden" name="quotes[0].symbol" value="${symbol}" data-type="text" />${formField({ label: 'Price', name: 'quotes[0].price_cents', type: 'cents', min: 0.01, value: price_cents })}`,
  'Set the price',
)}
</section>`

function splitAndDividendPart(symbol: string): Html {
  const api = quotesApi(symbol)
  return html`<section class="part">
<h2>Split or dividend</h2>
${notice('Both apply to everyone who holds it now, in every league that is not final.')}
<div class="columns">
<div>
${form(
  {
    action: `${api}/splits`,
    done: 'Split',
    confirm: `Split ${symbol} now? Shares, price and history change in every league that is not final. Fractions of a share are paid out. The opposite split turns it back.`,
  },
  html`${formField({ label: 'Shares after', name: 'to', type: 'number', min: 1, max: 1_000, value: 2 })}
${formField({ label: 'Shares before', name: 'from', type: 'number', min: 1, max: 1_000, value: 1 })}
${formField({ label: 'Reason', name: 'reason', id: 'f-split-reason', optional: true, maxlength: 200 })}`,
  'Split',
)}
</div>
<div>
${form(
  {
    action: `${api}/dividends`,
    done: 'Paid out',
    confirm: `Pay this for every share of ${symbol} held now? Members who are short pay it.`,
  },
  html`${formField({ label: 'Per share', name: 'per_share_cents', type: 'cents', min: 0.01 })}
${formField({ label: 'Reason', name: 'reason', id: 'f-dividend-reason', optional: true, maxlength: 200 })}`,
  'Pay the dividend',
)}
</div>
</div>
</section>`
}
