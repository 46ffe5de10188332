/** Parts of the page of a portfolio: its account, and its value over time. */

import { type Content, type Html, html } from '../../platform/html.ts'
import { badge } from '../../ui/parts/badges.ts'
import { chart } from '../../ui/parts/figures.ts'
import { table } from '../../ui/parts/table.ts'
import { moment, money, name, number, time } from '../../ui/parts/values.ts'
import { gainMoney } from './gains.ts'
import { isTrade, type LedgerLineView } from './ledger.ts'
import type { Side } from './order.ts'
import type { ValueHistory } from './worth-history.ts'

/** Everything that changed the cash and holdings, newest first. */
export const accountTable = (lines: readonly LedgerLineView[]): Content =>
  table({
    caption: 'Everything that changed cash and holdings, newest first',
    dense: true,
    rows: lines,
    key: line => `t-${line.id}`,
    columns: [
      { head: 'When', cell: ({ at }) => time(at) },
      { head: 'What', cell: lineMark },
      { head: 'Symbol', names: true, cell: ({ symbol }) => name(symbol) },
      { head: 'Shares', numeric: true, cell: ({ quantity }) => quantity !== 0 && number(quantity, { signed: true }) },
      { head: 'Price', numeric: true, cell: ({ price_cents }) => price_cents !== null && money(price_cents) },
      lines.some(({ fee_cents }) => fee_cents !== 0) && {
        head: 'Fee',
        numeric: true,
        cell: ({ fee_cents }) => fee_cents !== 0 && money(fee_cents),
      },
      { head: 'Cash', numeric: true, cell: ({ cash_cents }) => money(cash_cents, { signed: true }) },
      lines.some(({ realised_cents }) => realised_cents !== 0) && {
        head: 'Realised',
        numeric: true,
        cell: ({ realised_cents }) => realised_cents !== 0 && gainMoney(realised_cents),
      },
      { head: 'Cash after', numeric: true, cell: ({ cash_after_cents }) => money(cash_after_cents) },
    ],
  })

const lineBadges = {
  grant: badge('starting cash', 'quiet'),
  undo: badge('taken back', 'warn'),
  split: badge('split', 'plain'),
  dividend: badge('dividend', 'good'),
}

function lineMark({ kind, reason, undone_at }: LedgerLineView): Content {
  if (isTrade(kind)) return html`${sideMark(kind)}${undone_at && html` ${badge('taken back', 'warn')}`}`
  return html`${lineBadges[kind]}${undone_at && html` ${lineBadges.undo}`}${reason && html`<small class="quiet">${reason}</small>`}`
}

export const sideMark = (side: Side): Html => (side === 'buy' ? badge('buy', 'good') : badge('sell', 'plain'))

type Point = ValueHistory['points'][number]

/** The value over time, as a chart and in numbers. `owner` is on the line of the chart. */
export function valueHistoryPart(worth: readonly Point[], owner: string): Html {
  if (worth.length < 2) return html``
  const lines = [
    { label: owner, key: 'total_cents' },
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
