/** Members whose trading deserves a look. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Risk, riskAssessment } from '../../leagues/market/risk.ts'
import { type Content, html } from '../../platform/html.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { name, number } from '../../ui/parts/values.ts'
import { emptyQuery, everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { monitoringPath } from './parts.ts'

const riskSchema = t.Object({
  id: t.Integer(),
  username: t.String(),
  trades_count: t.Integer(),
  recent_trades: t.Integer(),
  reasons: t.Array(t.String()),
})

export const riskPage = (app: App) =>
  livePage(app, {
    path: `${monitoringPath}/risk-assessment`,
    title: 'Risk',
    room: 'risk',
    query: emptyQuery,
    read: () => riskAssessment(app),
    body,
    json: { says: 'Members whose trading deserves a look, with the reasons', schema: t.Array(riskSchema) },
    file: { name: 'risk', row: riskSchema, rows: slicesOf(() => riskAssessment(app)) },
    live: everySecondAndAHalf,
  })

const body = (risks: readonly Risk[]): Content =>
  table<Risk>({
    caption: 'Members who deserve a look',
    dense: true,
    stack: true,
    rows: risks,
    key: ({ id }) => `risk-${id}`,
    empty: emptyState(
      'Nobody stands out',
      'That is usual. Bursts of trades, very many in a day and everything on one card show up here.',
    ),
    columns: [
      { head: 'Member', names: true, cell: risk => html`<a href="/admin/users/${risk.id}">${name(risk.username)}</a>` },
      {
        head: 'Reasons',
        cell: ({ reasons }) => html`<ul class="reasons">${reasons.map(reason => html`<li>${reason}</li>`)}</ul>`,
      },
      { head: 'Trades, last day', numeric: true, cell: ({ recent_trades }) => number(recent_trades) },
      { head: 'Trades, all', numeric: true, cell: ({ trades_count }) => number(trades_count) },
    ],
  })
