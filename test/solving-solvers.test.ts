import { expect, test } from 'bun:test'
import { check } from '../src/rosters/solving/check.ts'
import { solve } from '../src/rosters/solving/solve.ts'
import { overConstrained, planted } from './roster-instances.ts'

const algorithms = ['greedy', 'production', 'optimal'] as const

test('the exact solver finds the roster that was planted and proves that none is cheaper', async () => {
  for (const seed of [1, 2]) {
    const { problem, cost_cents } = planted({ staff: 20, weeks: 2, seed })
    const { summary, unfilled } = await solve(problem, { algorithm: 'optimal' })
    expect(unfilled).toEqual([])
    expect(summary).toMatchObject({ coverage: 1, cost_cents, bound: cost_cents, gap: 0, ended: 'proved' })
  }
}, 60_000)

test('an over-constrained roster is filled as far as it can be, by every algorithm that searches', async () => {
  const { problem, places, filled } = overConstrained({ staff: 20, weeks: 2, seed: 3 })
  for (const algorithm of algorithms) {
    const { assignments, unfilled, summary } = await solve(problem, { algorithm })
    expect(check(problem, assignments)).toEqual([])
    expect(assignments.length + unfilled.length).toBe(places)
    if (algorithm !== 'greedy') expect(assignments.length).toBe(filled)
    expect(summary.coverage).toBeCloseTo(assignments.length / places)
  }
}, 60_000)
