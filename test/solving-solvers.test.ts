import { expect, test } from 'bun:test'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { checkRoster } from '../src/rota/solving/check.ts'
import { buildGreedyRoster } from '../src/rota/solving/greedy.ts'
import { preparePlan } from '../src/rota/solving/plan.ts'
import { type Solution, type SolveProgress, solveStages } from '../src/rota/solving/problem.ts'
import { compareScores, Roster } from '../src/rota/solving/roster.ts'
import { searchRoster } from '../src/rota/solving/roster-search.ts'
import { openSharedSearch, type SharedSearch, sharedMemoryFor } from '../src/rota/solving/shared-search.ts'
import { solve } from '../src/rota/solving/solve.ts'
import { rounds } from './needs.ts'
import { overConstrainedProblem, plantedProblem, randomProblem, smallProblem } from './roster-instances.ts'

const algorithms = ['greedy', 'production', 'optimal'] as const
const MINUTE = 60_000

/** Hard enough that the exact solver needs more time than it gets. */
const hardProblem = (weeks = rounds(3, 4)) => randomProblem({ staff: rounds(12, 20), weeks, seed: 1 }, 0.9)

test(
  'the exact solver finds the known optimum and proves that no roster is cheaper',
  async () => {
    const sizes = [
      { staff: 16, weeks: 1, seed: 1 },
      { staff: 8, weeks: 2, seed: 3, starts: '2025-10-20', zone: 'Europe/Berlin' },
      { staff: 8, weeks: 2, seed: 2, starts: '2025-03-24', zone: 'America/New_York' },
    ]
    for (const size of sizes.slice(0, rounds(2, 3))) {
      const { problem, cost_cents, roster } = plantedProblem(size)
      expect(checkRoster(problem, roster)).toEqual([])
      const { assignments, summary, unfilled } = await solve(problem, { algorithm: 'optimal' })
      expect(checkRoster(problem, assignments)).toEqual([])
      expect(unfilled).toEqual([])
      expect(summary).toMatchObject({ coverage: 1, cost_cents, bound: cost_cents, gap: 0, ended: 'proved' })
    }
  },
  2 * MINUTE,
)

test(
  'an over-constrained roster is filled as far as it can be, with the reason for every place that is not',
  async () => {
    const { problem, places, roster } = overConstrainedProblem({ staff: 12, weeks: 1, seed: 3 })
    for (const algorithm of algorithms) {
      const { assignments, unfilled, summary } = await solve(problem, { algorithm, budget_s: 600 })
      expect(checkRoster(problem, assignments)).toEqual([])
      expect(assignments.length + unfilled.length).toBe(places)
      expect(summary.coverage).toBeCloseTo(assignments.length / places)
      if (algorithm === 'greedy') continue
      expect(assignments.length).toBe(roster.length)
      expect(unfilled.map(place => place.reason)).toEqual([
        'skill',
        'skill',
        'certification',
        'hours',
        'hours',
        'hours',
      ])
    }
  },
  2 * MINUTE,
)

test(
  'more effort never makes a worse roster',
  async () => {
    for (const seed of [1, 2].slice(0, rounds(1, 2))) {
      const problem = randomProblem({ staff: 7, weeks: 1, seed }, 0.8)
      const solutions: Solution[] = []
      for (const algorithm of algorithms) solutions.push(await solve(problem, { algorithm, budget_s: 600 }))
      const [greedy, production, optimal] = solutions.map(({ summary }) => summary)
      for (const [better, worse] of [
        [production!, greedy!],
        [optimal!, production!],
      ]) {
        expect(better!.coverage).toBeGreaterThanOrEqual(worse!.coverage)
        if (better!.coverage === worse!.coverage) expect(better!.cost_cents).toBeLessThanOrEqual(worse!.cost_cents)
      }
      expect(optimal!.ended).toBe('proved')
    }
  },
  3 * MINUTE,
)

test(
  'the same seed makes the same roster',
  async () => {
    const problem = plantedProblem({ staff: 8, weeks: 1, seed: 5 }).problem
    for (const algorithm of algorithms) {
      const [first, again] = [
        await solve(problem, { algorithm, budget_s: 600 }),
        await solve(problem, { algorithm, budget_s: 600 }),
      ]
      expect(again).toEqual(first)
    }
  },
  2 * MINUTE,
)

test(
  'at equal wages the hours are shared evenly, and preferences decide the rest',
  async () => {
    const days = [2, 3, 4, 5]
    const shifts = days.map(day => ({ starts_at: `2025-06-0${day}T08:00:00Z`, ends_at: `2025-06-0${day}T16:00:00Z` }))
    const problem = smallProblem(
      [
        {
          preferences: [
            { want: 'avoid', weekday: 1 },
            { want: 'prefer', weekday: 4 },
          ],
        },
        { preferences: [{ want: 'avoid', date: '2025-06-04' }] },
      ],
      shifts,
    )
    const { assignments, summary } = await solve(problem, { algorithm: 'optimal' })
    const shiftsOfFirst = assignments.filter(({ staff_id }) => staff_id === 1).map(({ shift_id }) => shift_id)
    expect(shiftsOfFirst).toEqual([3, 4])
    expect(summary).toMatchObject({ fairness: 1, preferences: 1, ended: 'proved' })
  },
  MINUTE,
)

test(
  'cancelled in any part of the work, it ends with the best roster so far',
  async () => {
    const problem = hardProblem(rounds(2, 4))
    for (const cancelAtPercent of [10, 36]) {
      const stop = new AbortController()
      const reports: SolveProgress[] = []
      const { assignments, summary } = await solve(problem, {
        algorithm: 'optimal',
        signal: stop.signal,
        onProgress(progress) {
          reports.push(progress)
          if (progress.percent >= cancelAtPercent) setTimeout(() => stop.abort(), 100)
        },
      })
      expect(checkRoster(problem, assignments)).toEqual([])
      expect(summary.ended).toBe('cancelled')
      expect(reports.at(-1)).toMatchObject({ best_cents: summary.cost_cents, gap: summary.gap })
    }
  },
  5 * MINUTE,
)

test('cancelled before there is any roster, it throws the reason', async () => {
  const stop = new AbortController()
  const solving = solve(hardProblem(), { algorithm: 'optimal', signal: stop.signal })
  stop.abort(new Error('not needed any more'))
  expect(await outcome(solving)).toThrow('not needed any more')
  expect(await outcome(solve(hardProblem(), { algorithm: 'greedy', signal: stop.signal }))).toThrow(
    'not needed any more',
  )
})

test(
  'a budget ends the work, and the answer says how far it may be from the best',
  async () => {
    const problem = hardProblem()
    const { assignments, summary } = await solve(problem, { algorithm: 'production', budget_s: 1 })
    expect(checkRoster(problem, assignments)).toEqual([])
    expect(summary).toMatchObject({ ended: 'budget' }) // with its trouble, if there is any
    expect(summary.gap).toBeWithin(0, 1)
    expect(summary.bound).toBeLessThanOrEqual(summary.cost_cents)
  },
  MINUTE,
)

test(
  'progress goes through the stages in order and never back',
  async () => {
    const reports: SolveProgress[] = []
    const { problem } = plantedProblem({ staff: 5, weeks: 2, seed: 4 })
    const { summary } = await solve(problem, {
      algorithm: 'production',
      budget_s: 600,
      onProgress: progress => void reports.push(progress),
    })
    expect([...new Set(reports.map(({ stage }) => stage))]).toEqual([...solveStages])
    expect(reports.map(({ percent }) => percent)).toEqual(
      reports.map(({ percent }) => percent).toSorted((a, b) => a - b),
    )
    expect(reports.at(-1)).toMatchObject({ best_cents: summary.cost_cents, gap: summary.gap })
  },
  MINUTE,
)

test('a problem with unknown references fails with a sentence', async () => {
  const problem = smallProblem(
    [{}],
    [{ starts_at: '2025-06-02T08:00:00Z', ends_at: '2025-06-02T16:00:00Z', site_id: 5 }],
  )
  expect(await outcome(solve(problem, { algorithm: 'greedy' }))).toThrow('site 5')
})

test('two threads on one plan share its weeks, and each takes over what the other finds as far as it is valid', () => {
  const plan = preparePlan(randomProblem({ staff: 14, weeks: 2, seed: 2 }, 1))
  const start = buildGreedyRoster(plan)
  const shared = sharedMemoryFor(plan.problem)
  const [first, second] = [openSharedSearch(plan, shared), openSharedSearch(plan, shared)]
  first.setBound(1, 4)
  expect(second.boundOf(1)).toBe(4)
  expect([first.claim(1, 1), second.claim(1, 1)]).toEqual([true, false])
  const effort = { seed: 1, timeUsed: () => 0, boundOf: () => 0, rounds: 1 }
  const bestFound = (partner: SharedSearch, isSecond: boolean) => {
    for (const { best, doing } of searchRoster(start, { ...effort, partner, isSecond }))
      if (doing === 'trying exchanges') return best
    return start
  }
  const found = bestFound(second, true)
  expect(compareScores(found, start)).toBeLessThan(0)
  expect(bestFound(first, false).copyAssignments()).toEqual(found.copyAssignments()) // no week was left for it
  second.publishRoster(found)
  expect(Roster.fromWhatFits(plan, first.partnerRoster(start)!).copyAssignments()).toEqual(found.copyAssignments())
})
