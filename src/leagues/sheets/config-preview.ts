/** How another config would move the players of a league: both boards are ranked and compared in the worker thread. */
import { nullIfNaN, sortColumns } from '../../leaderboard/page.ts'
import { countedRows, type Ranking, rankOf } from '../../leaderboard/ranking.ts'
import { tierOf } from '../../leaderboard/tiers.ts'
import type { ConfigPreview } from '../config-preview.ts'
import { snapshotColumns } from './board-from-parts.ts'
import { type BoardSource, classificationOf, type SheetBoards, shownSnapshots } from './boards.ts'
import { leftOutBy } from './marks.ts'
import { scoreNotes } from './score-notes.ts'
import { type RankedConfig, scoreInput } from './scoring.ts'
import { readRows } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

/** Names `limit` players who climb and as many who fall. Undefined if there is no board yet. */
export async function previewSheetConfig(
  boards: SheetBoards,
  source: BoardSource & { config: RankedConfig },
  changed: RankedConfig,
  limit: number,
): Promise<ConfigPreview | undefined> {
  const { scores, boardCache } = boards
  const selection = await shownSnapshots(boards, source.published)
  if (!selection) return undefined
  const snapshot = snapshotOf(scores, selection.current)
  const leftOut = leftOutBy(source.marks)

  const rankBy = async (config: RankedConfig) => {
    const input = scoreInput(selection, config)
    const hasColumn = sortColumns(snapshotColumns(snapshot, config)).some(({ name }) => name === config.sort)
    const sortBy = hasColumn && config.sort !== undefined ? config.sort : 'score'
    const ranking = await boardCache.ranking(input, sortBy, 'desc', leftOut)
    const score = await boardCache.ranking(input, 'score', 'desc', leftOut)
    return { sortBy, ranking, score, classification: classificationOf(config, await boardCache.scored(input)) }
  }
  const [before, after] = [await rankBy(source.config), await rankBy(changed)]
  const moves = await boardCache.moves(before, after, limit)

  const movers = (rows: Uint32Array) => {
    const { ids, names } = readRows(scores, snapshot, rows)
    return Array.from(rows, (row, i) => {
      const [earlier, later] = [rankOf(before.ranking, row, 'standard'), rankOf(after.ranking, row, 'standard')]
      return {
        player_id: ids[i]!,
        name: names[i]!,
        rank_before: earlier,
        rank: later,
        move: earlier - later,
        score_before: scoreAt(before.score, row),
        score: scoreAt(after.score, row),
        tier_before: tierOf(before.score, before.classification, row),
        tier: tierOf(after.score, after.classification, row),
      }
    })
  }
  return {
    players: countedRows(after.score),
    moved: moves.moved,
    sort_by_before: before.sortBy,
    sort_by: after.sortBy,
    up: movers(moves.up),
    down: movers(moves.down),
    tiers_changed: moves.tiers.reduce((sum, { players }) => sum + players, 0),
    tiers: moves.tiers,
    notes: scoreNotes(snapshot, snapshotOf(scores, selection.baseline), changed, after.score),
  }
}

const scoreAt = ({ values }: Ranking, row: number) => nullIfNaN(values[row]!)
