import { expect, test } from 'bun:test'
import { compareRanks } from '../src/leaderboard/moves.ts'
import { rankingOf, withoutRows } from '../src/leaderboard/ranking.ts'
import { defaultTiers } from '../src/leaderboard/tiers.ts'
import { forSeeds } from './seeded.ts'

const unknown = Number.NaN

/** Everyone's rank, computed the long way. */
const ranksOf = (values: number[], isOut: (row: number) => boolean) =>
  values.map((value, row) =>
    Number.isNaN(value) || isOut(row) ? null : 1 + values.filter((other, i) => other > value && !isOut(i)).length,
  )

test('moves are the differences of two ranks, the furthest first; who wins or loses a rank moves too', () => {
  forSeeds(200, ({ below, chance }) => {
    const players = 1 + below(30)
    const column = () => Array.from({ length: players }, () => (chance(0.2) ? unknown : below(12)))
    const [before, after] = [column(), column()]
    const out = Uint8Array.from({ length: players }, () => (chance(0.1) ? 1 : 0))
    const isOut = (row: number) => out[row] === 1
    const classification = { by: 'percentile', tiers: defaultTiers } as const
    const placing = (values: number[]) => {
      const ranking = withoutRows(rankingOf(Float64Array.from(values), 'desc'), out)
      return { ranking, score: ranking, classification }
    }
    const most = 1 + below(5)
    const { moved, up, down } = compareRanks(placing(before), placing(after), most)
    const [earlier, later] = [ranksOf(before, isOut), ranksOf(after, isOut)]
    expect(moved).toBe(earlier.filter((rank, row) => rank !== later[row]).length)
    const climbs = earlier.flatMap((rank, row) => {
      const now = later[row]
      return rank === null || now === null || now === undefined ? [] : rank - now
    })
    const climbOf = (row: number) => (earlier[row] ?? unknown) - (later[row] ?? unknown)
    const sorted = climbs.toSorted((a, b) => b - a)
    expect(Array.from(up, climbOf)).toEqual(sorted.filter(climb => climb > 0).slice(0, most))
    expect(Array.from(down, climbOf)).toEqual(
      sorted
        .filter(climb => climb < 0)
        .reverse()
        .slice(0, most),
    )
  })
})

test('players in another tier are counted by both tiers, those of none among them', () => {
  const tiers = [
    { name: 'met', min: 100 },
    { name: 'below', min: 0 },
  ]
  const placing = (values: number[]) => {
    const ranking = rankingOf(Float64Array.from(values), 'desc')
    return { ranking, score: ranking, classification: { by: 'score', tiers } as const }
  }
  expect(compareRanks(placing([100, 100, 5, unknown]), placing([5, 6, 5, 300]), 1).tiers).toEqual([
    { from: 'met', to: 'below', players: 2 },
    { from: null, to: 'met', players: 1 },
  ])
})
