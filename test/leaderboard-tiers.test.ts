import { expect, test } from 'bun:test'
import { rankingOf } from '../src/leaderboard/ranking.ts'
import { addTerm, scoringOf } from '../src/leaderboard/score.ts'
import { bestTierFirst, type Classification, classify, defaultTiers, tierOf } from '../src/leaderboard/tiers.ts'
import { forSeeds } from './seeded.ts'

const unknown = Number.NaN
const inTiers = (scores: number[], classification: Classification) =>
  classify(rankingOf(Float64Array.from(scores), 'desc'), classification).map(
    ({ name, players, from, to }) => `${name} ${players} ${from}–${to}`,
  )

test('by default tiers are by percentile, with counts and bounds', () => {
  const scores = Array.from({ length: 100 }, (_, i) => i)
  expect(inTiers(scores, { by: 'percentile', tiers: defaultTiers })).toEqual([
    'elite 10 90–99',
    'strong 20 70–89',
    'steady 30 40–69',
    'reserve 30 10–39',
    'idle 10 0–9',
  ])
})

test('everyone equal is in the middle', () => {
  expect(inTiers([5, 5, 5], { by: 'percentile', tiers: defaultTiers })[2]).toBe('steady 3 5–5')
})

test('tiers by score take their bounds from the config, in any order', () => {
  const tiers = bestTierFirst([
    { name: 'low', min: 0 },
    { name: 'high', min: 100 },
  ])
  expect(inTiers([100, 99.5, 0, -3, unknown], { by: 'score', tiers })).toEqual(['high 1 100–100', 'low 2 0–99.5'])
})

test('tiers by goal are by how much of it each has reached, in percent', () => {
  const tiers = [
    { name: 'met', min: 100 },
    { name: 'half', min: 50 },
  ]
  const goalPct = Float64Array.of(50, 100, unknown, 49)
  expect(inTiers([200, 100, 99, 5], { by: 'goal', tiers, goalPct })).toEqual(['met 1 100–100', 'half 1 200–200'])
  expect(inTiers([200], { by: 'goal', tiers })).toEqual(['met 0 null–null', 'half 0 null–null'])
})

test('the tier of a row is the tier it is counted in', () => {
  forSeeds(100, ({ below, pick, chance }) => {
    const scores = Float64Array.from({ length: 1 + below(80) }, () => (chance(0.1) ? unknown : below(30) - 5))
    const by = pick(['percentile', 'score', 'goal'] as const)
    const classification = { by, tiers: defaultTiers, goalPct: scores.map(score => score * 5) }
    const ranking = rankingOf(scores, 'desc')
    for (const { name, rows } of classify(ranking, classification)) {
      for (const row of rows) expect(tierOf(ranking, classification, row)).toBe(name)
    }
    const counted = classify(ranking, classification).reduce((sum, { players }) => sum + players, 0)
    expect(counted).toBe(scores.filter(score => !Number.isNaN(score)).length)
  })
})

test('a score is the weighted sum of what is known', () => {
  const scoreOf = (...values: number[]) => values.reduce((score, value) => addTerm(score, value, 10), unknown)
  expect([scoreOf(1, -2), scoreOf(unknown, 3), scoreOf(unknown, unknown)]).toEqual([-10, 30, unknown])
})

test('without weights the score is the first of kill points, power, or what there is', () => {
  const firstMetric = (...metrics: string[]) => scoringOf(metrics, {}).weights[0]?.metric
  expect(firstMetric('deads', 'power', 'kill_points')).toBe('kill_points')
  expect(firstMetric('deads', 'power')).toBe('power')
  expect(firstMetric('deads', 'helps')).toBe('deads')
  expect(firstMetric()).toBeUndefined()
})

test('a weight for a missing metric is reported and left out', () => {
  expect(scoringOf(['deads'], { weights: { deads: 80, kills_t4: 10 }, score_on: 'current' })).toEqual({
    on: 'current',
    weights: [{ metric: 'deads', weight: 80 }],
    absent: ['kills_t4'],
  })
})
