/** A final market league: its board as columns, and its closing prices, stored so that nothing changes any more. */
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { closingQuotes, portfolios, quotes, users } from '../../../db/schema.ts'
import { rowCount, textAt, textColumn } from '../../leaderboard/text.ts'
import { deleteFinalBoard, finalBoardOf, storeFinalBoard } from '../final-board.ts'
import {
  boardOfColumns,
  type MarketBoard,
  type MarketColumns,
  type MetricName,
} from './live-portfolios/market-board.ts'

/** Null means unknown: JSON has no NaN. */
type JsonColumn = (number | null)[]
type FrozenMarketBoard = {
  as_of: number | null
  players: [id: string, name: string][]
  total: JsonColumn
  at_open: JsonColumn
  metrics: { name: MetricName; values: JsonColumn }[]
}

const toJsonColumn = (values: Float64Array): JsonColumn =>
  Array.from(values, value => (Number.isNaN(value) ? null : value))
const fromJsonColumn = (values: JsonColumn): Float64Array => Float64Array.from(values, value => value ?? Number.NaN)

export function finalMarketJson({ columns, asOf }: MarketBoard): string {
  const { ids, names, total, atOpen, metrics } = columns
  const frozen: FrozenMarketBoard = {
    as_of: asOf,
    players: Array.from({ length: rowCount(ids) }, (_, row) => [textAt(ids, row), textAt(names, row)]),
    total: toJsonColumn(total),
    at_open: toJsonColumn(atOpen),
    metrics: metrics.map(({ name, values }) => ({ name, values: toJsonColumn(values) })),
  }
  return JSON.stringify(frozen)
}

/** Part of the transaction that makes the league final; `symbols`: everything that anybody holds. */
export function freezeMarket(tx: Db, leagueId: number, json: string, symbols: readonly string[]): void {
  deleteFinalMarketBoard(tx, leagueId)
  storeFinalBoard(tx, leagueId, json)
  const held = sql`${quotes.symbol} in (select value from json_each(${JSON.stringify(symbols)}))`
  const closing = tx
    .select({
      leagueId: sql<number>`${leagueId}`.as('league_id'),
      symbol: quotes.symbol,
      priceCents: quotes.priceCents,
      asOf: quotes.asOf,
    })
    .from(quotes)
    .where(held)
  tx.insert(closingQuotes).select(closing).run()
}

export function deleteFinalMarketBoard(tx: Db, leagueId: number): void {
  deleteFinalBoard(tx, leagueId)
  tx.delete(closingQuotes).where(eq(closingQuotes.leagueId, leagueId)).run()
}

/** The board as it was frozen; only the names of accounts deleted since are missing. */
export function finalMarketBoard(db: Db, leagueId: number): MarketBoard {
  const frozen = finalBoardOf<FrozenMarketBoard>(db, leagueId)
  const nameless = namesOfDeletedUsers(db, leagueId)
  const columns: MarketColumns = {
    ids: textColumn(frozen.players.map(([id]) => id)),
    names: textColumn(frozen.players.map(([id, name]) => nameless.get(id) ?? name)),
    total: fromJsonColumn(frozen.total),
    atOpen: fromJsonColumn(frozen.at_open),
    metrics: frozen.metrics.map(({ name, values }) => ({ name, values: fromJsonColumn(values) })),
  }
  return { board: boardOfColumns(columns), columns, asOf: frozen.as_of }
}

function namesOfDeletedUsers(db: Db, leagueId: number): Map<string, string> {
  const gone = db
    .select({ id: users.id, username: users.username })
    .from(portfolios)
    .innerJoin(users, eq(users.id, portfolios.userId))
    .where(and(eq(portfolios.leagueId, leagueId), isNotNull(users.deletedAt)))
    .all()
  return new Map(gone.map(({ id, username }) => [String(id), username]))
}
