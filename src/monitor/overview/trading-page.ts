/** What is traded. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { hour } from '../../platform/clock.ts'
import { type Html, html } from '../../platform/html.ts'
import { stats } from '../../ui/parts/figures.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { compact, money, number, percent } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage } from '../pages/live-page.ts'
import { choiceLinks } from '../pages/monitor-layout.ts'
import { changeMark, chartWithTable, monitoringPath } from './parts.ts'
import { type LongPeriod, lengthOf, longPeriods, periodWords } from './period.ts'
import {
  type TradedSymbol,
  type Trading,
  tradedSymbolSchema,
  tradedSymbols,
  tradingReading,
  tradingSchema,
} from './trading.ts'

const path = `${monitoringPath}/trading-activity`

export const tradingPage = (app: App) =>
  livePage(app, {
    path,
    title: 'Trading',
    room: 'trading',
    query: t.Object({ hours: t.Optional(t.Integer({ minimum: 1, maximum: 720, default: 24 })) }),
    tools: ({ hours = 24 }) => hourChoices(hours),
    read: ({ hours = 24 }) => app.reader.read(tradingReading, { hours, now: app.clock.now() }),
    body,
    json: { says: 'What was traded in the last hours', schema: tradingSchema },
    file: {
      name: 'traded-symbols',
      row: tradedSymbolSchema,
      rows: ({ hours = 24 }, page) => app.reader.read(tradedSymbols, { hours, now: app.clock.now(), ...page }),
    },
    live: everySecondAndAHalf,
  })

const hoursOf = (period: LongPeriod) => lengthOf(period) / hour
const hourChoices = (hours: number) =>
  choiceLinks(
    'hours',
    longPeriods.map(period => [String(hoursOf(period)), period] as const),
    path,
    {},
    'Period',
    String(hours),
  )

function body(data: Trading): Html {
  const { hours, total_trades: trades, by_type: by, change_pct: changes, trend } = data
  const period = longPeriods.find(period => hoursOf(period) === hours)
  const before = period ? periodWords[period] : `the ${hours} h before`
  const share = (part: number) => trades > 0 && html`${percent((100 * part) / trades, { digits: 0 })} of all`
  return html`${stats([
    { label: 'Trades', value: number(trades), note: changeMark(changes.trades, before) },
    { label: 'Bought', value: number(by.buy), note: share(by.buy) },
    { label: 'Sold', value: number(by.sell), note: share(by.sell) },
    { label: 'Shares', value: compact(data.shares), note: 'changed hands' },
    { label: 'Volume', value: money(data.volume * 100), note: changeMark(changes.volume, before) },
  ])}
${chartWithTable('Trades', {
  ongoing: true,
  times: trend.map(({ at }) => Date.parse(at)),
  series: [
    { label: 'Bought', values: trend.map(({ buy }) => buy) },
    { label: 'Sold', values: trend.map(({ sell }) => sell) },
  ],
})}
${table<TradedSymbol>({
  caption: 'Symbols, the most traded first',
  dense: true,
  stack: true,
  rows: data.top_symbols,
  key: ({ symbol }) => `symbol-${symbol}`,
  empty: emptyState('Nothing was traded', 'No market league saw a trade in this time.'),
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => symbol },
    { head: 'Trades', numeric: true, cell: ({ count }) => number(count) },
    { head: 'Shares a trade', numeric: true, cell: ({ avg_qty }) => number(avg_qty, { digits: 1 }) },
    { head: 'Volume', numeric: true, cell: ({ volume }) => money(volume * 100) },
  ],
})}`
}
