import { type BoardRow, maxRowsOf, rankedRows } from '../../leaderboard/page.ts'
import type { Tier } from '../../leaderboard/tiers.ts'
import { type BoardSource, classificationOf, type SheetBoards, sheetBoard, shownSnapshots } from './boards.ts'
import { leftOutBy } from './marks.ts'
import { scoreInput } from './scoring.ts'

/** `from` and `to` are the lowest and the highest score in the tier; `rows` are its best players. */
type ShownTier = Tier & { players: number; from: number | null; to: number | null; rows: BoardRow[] }

/** The tiers of the current board, best first, with their counts, bounds and `limit` players from `page`. */
export async function tiersOf(boards: SheetBoards, source: BoardSource, asked: { page: number; limit: number }) {
  const selection = await shownSnapshots(boards, source.published)
  if (!selection) return { asOf: null, tiers: [] }
  const { board, scored } = await sheetBoard(boards, source, selection, {})
  const input = scoreInput(selection, source.config)
  const leftOut = leftOutBy(source.marks)
  const classification = classificationOf(source.config, scored)
  const all = await boards.boardCache.tiers(input, board.ranking('score', 'desc'), classification, leftOut)
  const { page } = asked
  const limit = Math.min(asked.limit, Math.ceil(maxRowsOf(board) / Math.max(1, all.length)))
  const tiers = all.map(
    ({ rows, ...tier }): ShownTier => ({
      ...tier,
      rows: rankedRows(board, rows.subarray((page - 1) * limit, page * limit), {
        by: 'score',
        order: 'desc',
        ties: 'standard',
      }),
    }),
  )
  return { asOf: selection.asOf, tiers }
}
