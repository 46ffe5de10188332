/** Trading, and members whose trading looks suspicious. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Risk, riskAssessment } from '../../leagues/market/risk.ts'
import { hour } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { idSchema } from '../../platform/http/shared-schemas.ts'
import { stats } from '../../ui/parts/figures.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { compact, money, name, number, percent } from '../../ui/parts/values.ts'
import { emptyQuery, everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { changeMark, chartWithTable, choiceLinks, monitoringPath } from '../pages/monitor-layout.ts'
import { type LongPeriod, lengthOf, longPeriods, periodNames, periodWords } from '../period.ts'
import {
  type TradedSymbol,
  type Trading,
  tradedSymbolSchema,
  tradedSymbols,
  tradingReading,
  tradingSchema,
} from './community.ts'

const path = `${monitoringPath}/trading-activity`

export const tradingPage = (app: App) =>
  livePage(app, {
    path,
    title: 'Trading',
    navItem: 'trading',
    query: t.Object({ hours: t.Optional(t.Integer({ minimum: 1, maximum: 720, default: 24 })) }),
    tools: ({ hours = 24 }) => hourChoices(hours),
    read: ({ hours = 24 }) => app.reader.read(tradingReading, { hours, now: app.clock.now() }),
    body: tradingBody,
    json: { summary: 'What was traded in the last hours', schema: tradingSchema },
    file: {
      name: 'traded-symbols',
      row: tradedSymbolSchema,
      rows: ({ hours = 24 }, page) => app.reader.read(tradedSymbols, { hours, now: app.clock.now(), ...page }),
    },
    live: everySecondAndAHalf,
  })

const hoursInPeriod = (period: LongPeriod) => lengthOf(period) / hour
const hourChoices = (hours: number) =>
  choiceLinks({
    label: 'Period',
    name: 'hours',
    choices: longPeriods.map(period => [String(hoursInPeriod(period)), periodNames[period]] as const),
    path,
    chosen: String(hours),
  })

function tradingBody(data: Trading): Html {
  const { hours, total_trades: trades, by_type: by, change_pct: changes, trend } = data
  const period = longPeriods.find(period => hoursInPeriod(period) === hours)
  const before = period ? periodWords[period] : `the ${hours} h before`
  const share = (part: number) => trades > 0 && html`${percent((100 * part) / trades, { digits: 0 })} of all`
  return html`${stats([
    { label: 'Trades', value: number(trades), note: changeMark(changes.trades, before) },
    { label: 'Bought', value: number(by.buy), note: share(by.buy) },
    { label: 'Sold', value: number(by.sell), note: share(by.sell) },
    { label: 'Shares', value: compact(data.shares), note: 'changed hands' },
    { label: 'Volume', value: money(data.volume * 100), note: changeMark(changes.volume, before) },
  ])}
${chartWithTable('Trades', trend, { Bought: ({ buy }) => buy, Sold: ({ sell }) => sell }, { ongoing: true })}
${denseTable<TradedSymbol>({
  caption: 'Symbols, most traded first',
  rows: data.top_symbols,
  key: ({ symbol }) => `symbol-${symbol}`,
  empty: emptyState(
    'Nothing was traded',
    'There were no trades in this time. Members trade in market leagues, at the prices of officers or a feed.',
    html`<a href="/quotes">Quotes</a>`,
  ),
  columns: [
    {
      head: 'Symbol',
      names: true,
      cell: ({ symbol }) => html`<a href="/quotes/${encodeURIComponent(symbol)}">${symbol}</a>`,
    },
    { head: 'Trades', numeric: true, cell: ({ count }) => number(count) },
    { head: 'Shares a trade', numeric: true, cell: ({ avg_qty }) => number(avg_qty, { digits: 1 }) },
    { head: 'Volume', numeric: true, cell: ({ volume }) => money(volume * 100) },
  ],
})}`
}

/** Members whose trading looks suspicious. */
const riskSchema = t.Object({
  id: idSchema,
  username: t.String(),
  trades_count: t.Integer(),
  recent_trades: t.Integer(),
  reasons: t.Array(t.String()),
})

export const riskPage = (app: App) =>
  livePage(app, {
    path: `${monitoringPath}/risk-assessment`,
    title: 'Risk',
    navItem: 'risk',
    query: emptyQuery,
    read: () => riskAssessment(app),
    body: risksTable,
    json: { summary: 'Members whose trading looks suspicious, with the reasons', schema: t.Array(riskSchema) },
    file: { name: 'risk', row: riskSchema, rows: slicesOf(() => riskAssessment(app)) },
    live: everySecondAndAHalf,
  })

const risksTable = (risks: readonly Risk[]): Content =>
  denseTable<Risk>({
    caption: 'Members to look at',
    rows: risks,
    key: ({ id }) => `risk-${id}`,
    empty: emptyState(
      'Nobody stands out',
      'That is usual. Bursts of trades, very many trades in a day and everything in one symbol show up here.',
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
