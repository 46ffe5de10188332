import { type Row, rowsOf } from '../leaderboard/page.ts'
import type { Tier } from '../leaderboard/tiers.ts'
import { type Boards, boardOf, classificationOf, type Source } from './boards.ts'
import { lineupOf } from './lineup.ts'
import { scoreInput } from './scoring.ts'

/** `from` and `to` are the lowest and the highest score in the tier; `rows` are its best players. */
export type ShownTier = Tier & { players: number; from: number | null; to: number | null; rows: Row[] }

/** The tiers of the board as it is now, best first, with their counts, bounds and first `limit` players from `page`. */
export async function tiersOf(boards: Boards, source: Source, { page, limit }: { page: number; limit: number }) {
  const lineup = lineupOf(source.published)
  if (!lineup) return { asOf: null, tiers: [] }
  const { board, scored } = await boardOf(boards, source, lineup, {})
  const input = scoreInput(lineup, source.config)
  const all = await boards.shelves.tiers(input, scored.ranking, classificationOf(source.config, scored))
  const tiers = all.map(
    ({ rows, ...tier }): ShownTier => ({
      ...tier,
      rows: rowsOf(board, rows.subarray((page - 1) * limit, page * limit), {
        by: 'score',
        order: 'desc',
        ties: 'standard',
      }),
    }),
  )
  return { asOf: lineup.asOf, tiers }
}
