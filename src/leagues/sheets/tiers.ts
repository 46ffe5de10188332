import { type BoardRow, maxRowsOf, rankedRows } from '../../leaderboard/page.ts'
import type { Tier } from '../../leaderboard/tiers.ts'
import { type BoardSource, type SheetBoards, sheetBoard, shownSnapshots } from './boards.ts'

/** `from` and `to` are the lowest and the highest score in the tier; `rows` are its best players. */
type ShownTier = Tier & { players: number; from: number | null; to: number | null; rows: BoardRow[] }

/** The tiers of the current board, best first, with their counts, bounds and `limit` players from `page`. */
export async function tiersOf(boards: SheetBoards, source: BoardSource, asked: { page: number; limit: number }) {
  const selection = await shownSnapshots(boards, source.published)
  if (!selection) return { asOf: null, tiers: [] }
  const { board, tiers } = await sheetBoard(boards, source, selection, {})
  const all = await tiers()
  const { page } = asked
  const limit = Math.min(asked.limit, Math.ceil(maxRowsOf(board) / Math.max(1, all.length)))
  const shown = all.map(
    ({ rows, ...tier }): ShownTier => ({
      ...tier,
      rows: rankedRows(board, rows.subarray((page - 1) * limit, page * limit), {
        by: 'score',
        order: 'desc',
        ties: 'standard',
      }),
    }),
  )
  return { asOf: selection.asOf, tiers: shown }
}
