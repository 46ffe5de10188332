import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { type BoardRow, nullIfNaN, rankedRows } from '../../leaderboard/page.ts'
import { percentileOf } from '../../leaderboard/ranking.ts'
import { iso } from '../../platform/clock.ts'
import { type Headings, headingsOf } from '../headings.ts'
import type { MetricCard } from '../kinds.ts'
import { baselineValues } from './baseline-rows.ts'
import { markView } from './board-cells.ts'
import { type BoardSource, type SheetBoards, sheetBoard, shownSnapshots } from './boards.ts'
import { leftOutBy } from './marks.ts'
import { type HistoryPoint, historyOf, type MetricValue, metricsIn } from './player-history.ts'
import { byTakenAt, type Published, scansOf, selectSnapshots } from './snapshot-selection.ts'
import { readValues } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

type PlayerCard = Omit<BoardRow, 'metrics' | 'gains'> & {
  percentile: number | null
  metrics: Record<string, MetricCard>
  headings?: Headings
  history: HistoryPoint[]
  asOf: number
}

/** The card of a player on the current board; undefined if they are not on it. */
export async function playerCard(
  boards: SheetBoards,
  source: BoardSource,
  player_id: string,
): Promise<PlayerCard | undefined> {
  const selection = await shownSnapshots(boards, source.published)
  if (!selection) return undefined
  const { board, snapshot, starts } = await sheetBoard(boards, source, selection, {})
  const at = board.rowOf(player_id)
  if (at < 0) return undefined
  const standings = await boards.boardCache.standings(snapshot.id, at, leftOutBy(source.marks))
  const [row] = rankedRows(board, Uint32Array.of(at), { by: 'score', order: 'desc', ties: 'standard' })
  const values = readValues(boards.scores, snapshot, [at])
  const start = baselineValues(boards.scores, snapshot, starts, Uint32Array.of(at), values)
  const cards = snapshot.metrics.map(({ name, cumulative }, c): [string, MetricCard] => [
    name,
    {
      current: nullIfNaN(values[c]!),
      baseline: nullIfNaN(start[c]!),
      gain: nullIfNaN(gainOf(values[c]!, start[c]!, cumulative)),
      rank: standings[name]?.rank ?? null,
      percentile: standings[name]?.percentile ?? null,
    },
  ])
  const headings = headingsOf(snapshot)
  const { gains: _, ...shown } = row!
  return {
    ...shown,
    percentile: percentileOf(board.ranking('score', 'desc'), at),
    metrics: Object.fromEntries(cards),
    ...(headings && { headings }),
    history: await historyOf(boards.scores, source, player_id),
    asOf: selection.asOf,
  }
}

/** A player in the newest scan that has them. */
export function lastSeen(scores: Database, published: readonly Published[], player_id: string) {
  for (const { snapshot, takenAt } of byTakenAt(scansOf(published)).reverse()) {
    const seen = metricsIn(scores, snapshot, player_id)
    if (seen) return { ...seen, snapshot, takenAt }
  }
  return undefined
}

/** A player who is missing from the newest scan, or all there is yet is a baseline: the values of their last one. */
export async function missingPlayer(scores: Database, source: BoardSource, player_id: string) {
  const seen = lastSeen(scores, source.published, player_id)
  if (!seen) return undefined
  const board = selectSnapshots(source.published)
  const headings = headingsOf({ metrics: seen.metrics, labels: [] })
  const card = ({ name, value }: MetricValue): [string, MetricCard] => [
    name,
    { current: nullIfNaN(value), baseline: null, gain: null, rank: null, percentile: null },
  ]
  return {
    player_id,
    name: seen.name,
    rank: null,
    change: null,
    score: null,
    percentile: null,
    ...(source.marks?.has(player_id) && {
      mark: markView(scores, snapshotOf(scores, seen.snapshot), source.marks, player_id),
    }),
    metrics: Object.fromEntries(seen.metrics.map(card)),
    ...(headings && { headings }),
    history: await historyOf(scores, source, player_id),
    asOf: board?.asOf ?? seen.takenAt,
    ...(board && { last_seen: iso(seen.takenAt) }),
  }
}
