import { type Ranking, rankingOf, sortValuesOf } from './ranking.ts'
import { type Classification, classify } from './tiers.ts'

/** The positions on a board: by one column, and in tiers by its score (best first). */
export type BoardPositions = { ranking: Ranking; score: Ranking; classification: Classification }

/** How rows move from one board to another with the same rows. A row that gains or loses its rank counts in `moved`, but is in neither list. */
export type RankMoves = {
  moved: number
  /** Rows, furthest moves first. */
  up: Uint32Array
  down: Uint32Array
  /** The number of rows that change tier, by old and new tier; null means none. */
  tiers: { from: string | null; to: string | null; players: number }[]
}

export function compareRanks(before: BoardPositions, after: BoardPositions, maxRows: number): RankMoves {
  const earlier = ranksOf(before.ranking)
  const later = ranksOf(after.ranking)
  const climbs = new Float64Array(earlier.length)
  let moved = 0
  for (let row = 0; row < climbs.length; row++) {
    const climb = earlier[row]! - later[row]!
    climbs[row] = climb
    if (Number.isNaN(climb) ? Number.isNaN(earlier[row]!) !== Number.isNaN(later[row]!) : climb !== 0) moved++
  }
  const furthestMoves = (direction: 'asc' | 'desc', isMove: (climb: number) => boolean) =>
    rankingOf(climbs, direction)
      .order.slice(0, maxRows)
      .filter(row => isMove(climbs[row]!))
  return {
    moved,
    up: furthestMoves('desc', climb => climb > 0),
    down: furthestMoves('asc', climb => climb < 0),
    tiers: tierChanges(before, after),
  }
}

/** The rank of every row, equal ones sharing the first; NaN for rows without one. */
function ranksOf(ranking: Ranking): Float64Array {
  const { order, known } = ranking
  const values = sortValuesOf(ranking)
  const ranks = new Float64Array(order.length).fill(Number.NaN)
  for (let place = 0, rank = 1; place < known; place++) {
    const row = order[place]!
    if (place > 0 && values[row] !== values[order[place - 1]!]) rank = place + 1
    ranks[row] = rank
  }
  return ranks
}

function tierChanges(before: BoardPositions, after: BoardPositions): RankMoves['tiers'] {
  const earlier = tiersByRow(before)
  const later = tiersByRow(after)
  const counts = new Map<string, RankMoves['tiers'][number]>()
  for (let row = 0; row < earlier.rows.length; row++) {
    const from = earlier.names[earlier.rows[row]!] ?? null
    const to = later.names[later.rows[row]!] ?? null
    if (from === to) continue
    const key = JSON.stringify([from, to])
    const change = counts.get(key) ?? { from, to, players: 0 }
    change.players++
    counts.set(key, change)
  }
  return [...counts.values()].sort((a, b) => b.players - a.players)
}

/** The index of each row's tier; -1 for none. */
function tiersByRow({ score, classification }: BoardPositions) {
  const rows = new Int16Array(score.order.length).fill(-1)
  for (const [tier, members] of classify(score, classification).entries())
    for (const row of members.rows) rows[row] = tier
  return { rows, names: classification.tiers.map(({ name }) => name) }
}
