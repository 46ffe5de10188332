/** A board made of its parts, in any thread: its rows are read through that thread's own reader. */
import type { Database } from 'bun:sqlite'
import {
  type Board,
  type BoardMetric,
  type BoardShape,
  maxRowsOf,
  type RankableBoard,
  type RankedPage,
  rankedPage,
} from '../../leaderboard/page.ts'
import type { BoardQuery } from '../../leaderboard/query.ts'
import { type BoardParts, cellsOf, type Ranked } from './board-cells.ts'
import { type GoalConfig, goalRulesOf } from './goals.ts'
import { playerFinder, readTransaction } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** One page of a board; all that it reads is from one moment. */
export function pageFromParts(
  scores: Database,
  { parts, query }: { parts: BoardParts; query: BoardQuery },
): RankedPage {
  const board = boardFromParts(scores, parts)
  const limit = Math.min(query.limit, maxRowsOf(board))
  return readTransaction(scores, () => rankedPage(board, { ...query, limit }))
}

export function boardFromParts(scores: Database, parts: BoardParts): Board {
  const { now, before, classification, goals, hits } = parts
  const snapshot = snapshotOf(scores, now.snapshot)
  return {
    ...rankableBoardOf(scores, now, goals),
    players: snapshot.players,
    classification,
    previous: before && rankableBoardOf(scores, before, goals),
    matching: () => hits,
    cells: rows => cellsOf(scores, snapshot, parts, rows),
  }
}

export function snapshotColumns({ metrics }: Snapshot, config: GoalConfig): BoardShape {
  const columns = metrics.map(({ name }): BoardMetric => ({ name, better: 'higher' }))
  return { metrics: columns, gains: columns, goals: goalRulesOf(config)?.columns, better: 'higher' }
}

function rankableBoardOf(scores: Database, { snapshot: id, rankings }: Ranked, goals: GoalConfig): RankableBoard {
  const snapshot = snapshotOf(scores, id)
  return {
    ...snapshotColumns(snapshot, goals),
    ranking: (column, order) => rankings.get(`${order}:${column}`)!,
    rowOf: playerFinder(scores, snapshot),
  }
}
