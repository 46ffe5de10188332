/** Exports a whole sheet board in a thread of its own, using the parts that this process has in shared memory. */
import { type BoardRow, type RankedPage, rankedPage } from '../../leaderboard/page.ts'
import type { BoardQuery } from '../../leaderboard/query.ts'
import { batchesOf } from '../../platform/batches.ts'
import type { BoardParts } from './board-cells.ts'
import { boardFromParts } from './board-from-parts.ts'
import { openScoresReader } from './snapshots/open.ts'

export type SheetExportInput = { dataDir: string; parts: BoardParts; query: BoardQuery }

/** Rows ranked at a time: many, because they are scattered over the snapshot, and rows of one group are read together. Fewer of a wide board. */
const maxRankedAtOnce = 20_000
const maxNumbersAtOnce = 500_000 // each metric has a gain too: some 50 MB
const rowsAtOnce = 1_000

export function* slices({ dataDir, parts, query }: SheetExportInput): Generator<BoardRow[]> {
  const scores = openScoresReader(dataDir)
  try {
    const board = boardFromParts(scores, parts)
    const limit = Math.min(maxRankedAtOnce, Math.floor(maxNumbersAtOnce / (board.metrics.length + 1)))
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { rows, pagination }: RankedPage = rankedPage(board, { ...query, page, limit })
      pages = pagination.pages
      yield* batchesOf(rows, rowsAtOnce)
    }
  } finally {
    scores.close()
  }
}
