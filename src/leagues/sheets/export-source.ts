/** Exports a whole sheet board in a thread of its own, using the parts that this process has in shared memory. */
import { type BoardRow, type RankedPage, rankedPage } from '../../leaderboard/page.ts'
import type { BoardQuery } from '../../leaderboard/query.ts'
import type { BoardParts } from './board-cells.ts'
import { boardFromParts } from './boards.ts'
import { openScoresReader } from './snapshots/open.ts'

export type SheetExportInput = { dataDir: string; parts: BoardParts; query: BoardQuery }

/** Rows ranked at a time: many, because they are scattered over the snapshot, and rows of one group are read together. */
const rowsRankedAtOnce = 20_000
const rowsAtOnce = 1_000

export function* slices({ dataDir, parts, query }: SheetExportInput): Generator<BoardRow[]> {
  const scores = openScoresReader(dataDir)
  try {
    const board = boardFromParts(scores, parts)
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { rows, pagination }: RankedPage = rankedPage(board, { ...query, page, limit: rowsRankedAtOnce })
      pages = pagination.pages
      for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce)
    }
  } finally {
    scores.close()
  }
}
