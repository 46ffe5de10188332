import { type BoardQuery, UnknownColumn, UnknownPlayer } from './query.ts'
import {
  type Better,
  bestFirstOrder,
  countedRows,
  isLeftOut,
  placeOf,
  type Ranking,
  type RankOrder,
  rankOf,
  type Ties,
} from './ranking.ts'
import { type Classification, tierOf } from './tiers.ts'

export type BoardMetric = { name: string; better: Better }
export type ColumnValues = Record<string, number | null>
/** A mark that organisers set on a player. Players who are not `counted` have no rank, and do not affect others' ranks. */
export type PlayerMarkView = {
  reason: string
  /** The player whose second account this is. */
  farm_of: { player_id: string; name: string } | null
  note: string | null
  counted: boolean
}
/** The values of a row besides its rank; unknown values are null. */
export type BoardCells = {
  player_id: string
  name: string
  /** Text values: `{ alliance: 'ABC' }`. */
  labels?: Record<string, string | null>
  /** Present if anybody is marked: null for the others. */
  mark?: PlayerMarkView | null
  metrics: ColumnValues
  gains?: ColumnValues
  /** How much of the goal is reached, in percent: the lowest of `goals`, which has each target. */
  goal_pct?: number | null
  goals?: ColumnValues
}

export interface BoardShape {
  readonly metrics: readonly BoardMetric[]
  /** Metrics that can also be ranked by their gain. */
  readonly gains?: readonly BoardMetric[]
  /** The columns with a goal: metrics, or `score`. The board can be ranked by how much of it is reached. */
  readonly goals?: readonly string[]
  /** The good end of the score. */
  readonly better: Better
}

/** Columns that can be ranked, in memory or fetched from a store. Rows are sorted by id. */
export interface RankableBoard extends BoardShape {
  /** Of `score`, a metric, its gain, or how much of a goal is reached. */
  ranking(column: string, order: RankOrder): Ranking
  /** -1 if there is no such player. */
  rowOf(player_id: string): number
}

export interface Board extends RankableBoard {
  readonly players: number
  readonly classification?: Classification
  /** The board before the last update, which `change` is counted from. */
  readonly previous?: RankableBoard
  /** 1 for each row whose name or id contains `q` and that has the requested label and tier, 0 for the others. */
  matching(q: string): Uint8Array
  cells(rows: Uint32Array): BoardCells[]
}

export type BoardRow = BoardCells & {
  /** Null if nobody is ranked, as all values are unknown, and for players left out. */
  rank: number | null
  change: number | null
  score: number | null
  tier?: string | null
}

type RankedPagination = { page: number; limit: number; total: number; pages: number }
export type RankedPage = {
  sort_by: string
  order: RankOrder
  rows: BoardRow[]
  pagination: RankedPagination
  /** The number of players who do not count, if any. They are at the end of the board. */
  left_out?: number
}

export const nullIfNaN = (value: number): number | null => (Number.isNaN(value) ? null : value + 0) // -0 is 0

function columnNames({ metrics, better }: BoardShape): BoardMetric[] {
  return [{ name: 'score', better }, ...metrics.filter(({ name }) => name !== 'score')]
}

const GAIN_SUFFIX = '.gain'
/** `deads.gain`: the column of a metric's gain. */
export const gainColumn = (metric: string): string => `${metric}${GAIN_SUFFIX}`
/** The metric of a gain column; undefined for other columns. */
export const metricOfGain = (column: string): string | undefined =>
  column.endsWith(GAIN_SUFFIX) ? column.slice(0, -GAIN_SUFFIX.length) : undefined

/** How much of the whole goal is reached, in percent. */
export const GOAL_COLUMN = 'goal_pct'
/** `deads.goal_pct`: how much of the target in a metric, or in `score`. */
export const goalColumn = (metric: string): string => `${metric}.${GOAL_COLUMN}`
/** The metric of a goal column; undefined for other columns. */
export const metricOfGoal = (column: string): string | undefined =>
  column.endsWith(`.${GOAL_COLUMN}`) ? column.slice(0, -GOAL_COLUMN.length - 1) : undefined

/** Everything that a board can be ranked by. */
export const sortColumns = (board: BoardShape): BoardMetric[] => [
  ...columnNames(board),
  ...(board.gains ?? []).map(({ name, better }) => ({ name: gainColumn(name), better })),
  ...(board.goals ? [GOAL_COLUMN, ...board.goals.map(goalColumn)] : []).map(
    (name): BoardMetric => ({ name, better: 'higher' }),
  ),
]

/** The sort column and its direction; refuses an unknown column. */
export function resolveSort(
  board: BoardShape,
  query: Pick<BoardQuery, 'sort_by' | 'order'>,
): { by: string; order: RankOrder } {
  const by = query.sort_by ?? 'score'
  const choices = sortColumns(board)
  const column = choices.find(({ name }) => name === by)
  if (!column) {
    throw new UnknownColumn(
      by,
      choices.map(({ name }) => name),
    )
  }
  return { by, order: query.order ?? bestFirstOrder(column.better) }
}

/** The maximum of numbers in one answer: a few megabytes. */
const maxNumbers = 100_000

/** The maximum of rows in an answer: the wider a board, the fewer. */
export const maxRowsOf = (board: BoardShape): number => Math.max(1, Math.floor(maxNumbers / columnNames(board).length))

export function rankedPage(board: Board, query: BoardQuery): RankedPage {
  const { by, order } = resolveSort(board, query)
  const { limit } = query
  const ranking = board.ranking(by, order)
  const isFiltered = (query.q ?? query.label ?? query.tier) !== undefined
  const listed = isFiltered ? matchingRows(ranking, board.matching(query.q ?? '')) : ranking.order
  const total = listed.length
  const start =
    query.around === undefined ? (query.page - 1) * limit : startAround(board, query.around, ranking, listed, limit)
  const rows = rankedRows(board, listed.subarray(start, start + limit), { by, order, ties: query.ties })
  const page = query.around === undefined ? query.page : Math.floor(start / limit) + 1
  const pagination = { page, limit, total, pages: Math.ceil(total / limit) }
  const leftOut = ranking.order.length - countedRows(ranking)
  return { sort_by: by, order, rows, pagination, ...(leftOut > 0 && { left_out: leftOut }) }
}

type RankedBy = { by: string; order: RankOrder; ties: Ties }

/** Some rows of a board for display: the only place where rows get their ranks. */
export function rankedRows(board: Board, rows: Uint32Array, ranked: RankedBy): BoardRow[] {
  const ranking = board.ranking(ranked.by, ranked.order)
  const score = board.ranking('score', bestFirstOrder(board.better))
  const changeOf = rankChanges(board, ranked)
  return board.cells(rows).map(({ player_id, name, labels, mark, ...values }, i): BoardRow => {
    const row = rows[i]!
    const rank = isLeftOut(ranking, row) ? null : rankOf(ranking, row, ranked.ties)
    return {
      rank: ranking.known > 0 ? rank : null,
      change: rank === null || Number.isNaN(ranking.values[row]!) ? null : changeOf(player_id, rank),
      player_id,
      name,
      score: nullIfNaN(score.values[row]!),
      ...(board.classification && { tier: tierOf(score, board.classification, row) }),
      ...(labels && { labels }),
      ...(mark !== undefined && { mark }),
      ...values,
    }
  })
}

/** The matching rows, by rank. */
function matchingRows({ order }: Ranking, hits: Uint8Array): Uint32Array {
  const rows = new Uint32Array(order.length)
  let count = 0
  for (let place = 0; place < order.length; place++) {
    const row = order[place]!
    if (hits[row]) rows[count++] = row
  }
  return rows.slice(0, count)
}

/** Puts the player in the middle of the page, or as near as the ends allow. */
function startAround(board: Board, player_id: string, ranking: Ranking, listed: Uint32Array, limit: number): number {
  const row = board.rowOf(player_id)
  if (row < 0) throw new UnknownPlayer(player_id)
  const place = placeOf(ranking, row)
  let low = 0
  let high = listed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (placeOf(ranking, listed[middle]!) < place) low = middle + 1
    else high = middle
  }
  return Math.max(0, Math.min(low - Math.floor(limit / 2), listed.length - limit))
}

/** How far a player climbed since the previous board: null if they were not ranked there. */
function rankChanges({ previous }: Board, { by, order, ties }: RankedBy) {
  if (!previous || !sortColumns(previous).some(({ name }) => name === by)) return () => null
  const ranking = previous.ranking(by, order)
  return (player_id: string, rank: number): number | null => {
    const row = previous.rowOf(player_id)
    if (row < 0 || Number.isNaN(ranking.values[row]!) || isLeftOut(ranking, row)) return null
    return rankOf(ranking, row, ties) - rank
  }
}
