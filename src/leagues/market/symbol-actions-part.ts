/** The corrections of a symbol, as shown on its page. */

import { type Content, html } from '../../platform/html.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action } from '../../ui/parts/form.ts'
import { table } from '../../ui/parts/table.ts'
import { money, name, number, time } from '../../ui/parts/values.ts'
import type { SymbolActionView } from './corrections/symbol-action.ts'
import { moneyText } from './order.ts'

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

export const actionTable = (
  symbol: string,
  actions: readonly SymbolActionView[],
  isOfficer: boolean,
): Content => html`<section class="part">
<h2>Splits, dividends, corrections</h2>
${table({
  caption: `Corrections of ${symbol}, newest first`,
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
          confirm: `Take the dividend of ${moneyText(price_cents)} per share back? What was paid is charged back, and each owner sees it; final leagues keep it.`,
          ask: { name: 'reason', label: 'Reason, visible to everyone', optional: true },
          done: 'Taken back',
        }),
    },
  ],
})}
</section>`

export const quotesApi = (symbol: string): string => `/api/v1/quotes/${encodeURIComponent(symbol)}`
