/** Turns portfolios into a board for the leaderboard engine. */
import { buildBoard, takeValues } from '../../../leaderboard/board.ts'
import { type Board, type BoardRow, rankedRows } from '../../../leaderboard/page.ts'
import { idOrder, rowNumbers } from '../../../leaderboard/sort.ts'
import { type TextColumn, takeTexts, textColumn } from '../../../leaderboard/text.ts'
import { percentOf } from '../quote.ts'
import type { LeaguePortfolios } from './league-portfolios.ts'

/** The owners, in the order of boards. */
export type PortfolioOrder = {
  version: string
  size: number
  /** Rows of the portfolios, by player id. */
  rows: Uint32Array
  ids: TextColumn
  names: TextColumn
}

export function portfolioOrder(
  version: string,
  users: readonly number[],
  names: ReadonlyMap<number, string>,
): PortfolioOrder {
  const ids = textColumn(users.map(String))
  const rows = idOrder(ids) ?? rowNumbers(users.length)
  return {
    version,
    size: users.length,
    rows,
    ids: takeTexts(ids, rows),
    names: textColumn(Array.from(rows, row => names.get(users[row]!) ?? '')),
  }
}

/** What is ranked, as columns: also what is stored of a final league. */
export type MarketColumns = {
  ids: TextColumn
  names: TextColumn
  total: Float64Array
  metrics: { name: MetricName; values: Float64Array }[]
  /** Value when the day began; NaN for portfolios that did not exist then. */
  atOpen: Float64Array
}
const metricNames = ['return_pct', 'today_pct', 'cash_cents', 'invested_cents', 'holdings', 'trades'] as const
export type MetricName = (typeof metricNames)[number]

export type MarketBoard = { board: Board; columns: MarketColumns; asOf: number | null }

export function boardOfPortfolios(
  portfolios: LeaguePortfolios,
  { rows, ids, names }: PortfolioOrder,
  now: number,
): MarketBoard {
  const value = portfolios.value(now)
  const [total, atOpen] = [takeValues(value.total, rows), takeValues(value.atOpen, rows)]
  const granted = takeValues(portfolios.granted.values, rows)
  const cash = takeValues(portfolios.cash.values, rows)
  const values: Record<MetricName, Float64Array> = {
    return_pct: total.map((value, i) => percentOf(value - granted[i]!, granted[i]!)),
    today_pct: total.map((value, i) => (atOpen[i]! > 0 ? percentOf(value - atOpen[i]!, atOpen[i]!) : Number.NaN)),
    cash_cents: cash,
    invested_cents: total.map((value, i) => value - cash[i]!),
    holdings: takeValues(portfolios.held.values, rows),
    trades: takeValues(portfolios.trades.values, rows),
  }
  const metrics = metricNames.map(name => ({ name, values: values[name] }))
  const columns = { ids, names, total, atOpen, metrics }
  return { board: boardOfColumns(columns), columns, asOf: portfolios.asOf() }
}

export function rankedRowOf(board: Board, playerId: string): BoardRow | undefined {
  const row = board.rowOf(playerId)
  return row < 0
    ? undefined
    : rankedRows(board, Uint32Array.of(row), { by: 'score', order: 'desc', ties: 'standard' })[0]
}

/** Movement is counted from the standings when the day began. */
export function boardOfColumns({ ids, names, total, metrics, atOpen }: MarketColumns): Board {
  const previous = buildBoard({ ids, names, score: atOpen, metrics: [] })
  return buildBoard({ ids, names, score: total, metrics, previous })
}
