import { isLeftOut, percentileOf, percentileOfRun, type Ranking, sortValuesOf } from './ranking.ts'

export type Tier = { name: string; min: number }
/** Tiers best first. `goalPct` is how much of their goal each row has reached, in percent (NaN: unknown). */
export type Classification = {
  by: 'percentile' | 'score' | 'goal'
  tiers: readonly Tier[]
  goalPct?: Float64Array
}

export const defaultTiers: readonly Tier[] = [
  { name: 'elite', min: 90 },
  { name: 'strong', min: 70 },
  { name: 'steady', min: 40 },
  { name: 'reserve', min: 10 },
  { name: 'idle', min: Number.NEGATIVE_INFINITY },
]

export const bestTierFirst = (tiers: readonly Tier[]): Tier[] => tiers.toSorted((a, b) => b.min - a.min)

/** The index of the tier of one row, or -1: its score or goal is unknown, or it is below every tier. */
function tierIndex(
  { by, tiers, goalPct }: Classification,
  row: number,
  score: number,
  percentile: number | null,
): number {
  if (Number.isNaN(score)) return -1
  if (by !== 'goal') return tiers.findIndex(({ min }) => (by === 'score' ? score : percentile!) >= min)
  const reached = goalPct?.[row] ?? Number.NaN
  return tiers.findIndex(({ min }) => reached >= min)
}

/** The tier of one row of a score ranking (best first). */
export function tierOf(ranking: Ranking, classification: Classification, row: number): string | null {
  if (isLeftOut(ranking, row)) return null
  const tier = tierIndex(classification, row, ranking.values[row]!, percentileOf(ranking, row))
  return classification.tiers[tier]?.name ?? null
}

/** `from` and `to` are the lowest and the highest score in the tier, `rows` its players, best first. */
export type TierMembers = Tier & { players: number; from: number | null; to: number | null; rows: Uint32Array }

export function classify(ranking: Ranking, classification: Classification): TierMembers[] {
  const { order, known, values } = ranking
  const keys = sortValuesOf(ranking)
  const tierAt = new Int16Array(known)
  const counts = classification.tiers.map(() => 0)
  for (let from = 0; from < known; ) {
    const score = values[order[from]!]!
    let to = from + 1
    while (to < known && keys[order[to]!] === keys[order[from]!]) to++
    const percentile = percentileOfRun(ranking, { from, to })
    for (; from < to; from++) {
      const tier = tierIndex(classification, order[from]!, score, percentile)
      tierAt[from] = tier
      if (tier >= 0) counts[tier]!++
    }
  }
  const members = counts.map(players => new Uint32Array(players))
  const filled = counts.map(() => 0)
  for (let place = 0; place < known; place++) {
    const tier = tierAt[place]!
    if (tier >= 0) members[tier]![filled[tier]!++] = order[place]!
  }
  return classification.tiers.map((tier, i) => {
    const rows = members[i]!
    if (rows.length === 0) return { ...tier, players: 0, from: null, to: null, rows }
    const ends = [values[rows[0]!]!, values[rows.at(-1)!]!]
    return { ...tier, players: rows.length, from: Math.min(...ends), to: Math.max(...ends), rows }
  })
}
