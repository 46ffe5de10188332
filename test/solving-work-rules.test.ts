import { expect, test } from 'bun:test'
import { type Random, randomFrom } from '../scripts/random.ts'
import { annealDays, withoutShortStretches } from '../src/rota/solving/anneal-days.ts'
import { annealToEnd } from '../src/rota/solving/annealing.ts'
import { openPlacesLowerBound } from '../src/rota/solving/bounds.ts'
import { checkRoster, pricedBreaches } from '../src/rota/solving/check.ts'
import { penaltyOf } from '../src/rota/solving/check-rules.ts'
import { buildGreedyRoster } from '../src/rota/solving/greedy.ts'
import { preparePlan, type SolverPlan } from '../src/rota/solving/plan.ts'
import type { Assignment, Limit, RosterProblem, WorkRules } from '../src/rota/solving/problem.ts'
import { proveRoster } from '../src/rota/solving/prove-by-weeks.ts'
import { initialProof } from '../src/rota/solving/prove-optimal.ts'
import { compareScores, Roster } from '../src/rota/solving/roster.ts'
import { toSolution } from '../src/rota/solving/solution.ts'
import { solve } from '../src/rota/solving/solve.ts'
import { rounds } from './needs.ts'
import { fullFeaturedProblem, smallProblem, untilProved } from './roster-instances.ts'
import { forSeeds } from './seeded.ts'

const MINUTE = 60_000

/** Random rules of every kind, hard or with a price, on a problem with every other feature. */
function withRules(problem: RosterProblem, { below, whole, pick, chance }: Random): RosterProblem {
  const kinds = ['early', 'late', 'night']
  const limit = (max: number, min = 0): Limit => ({
    limit: whole(min, max),
    ...(chance(0.5) ? { price_cents: 1 + below(500) } : {}),
  })
  const limitPerWeeks = (max: number) => ({ ...limit(max), ...(chance(0.5) ? { weeks: 1 + below(2) } : {}) })
  const rules = (): WorkRules => ({
    ...(chance(0.3) ? { counted_from: pick(['2025-03-31', '2025-06-02', '2026-01-05']) } : {}),
    ...(chance(0.4) ? { least_hours: limitPerWeeks(24) } : {}),
    ...(chance(0.4) ? { most_hours: limitPerWeeks(40) } : {}),
    ...(chance(0.4) ? { least_days_in_row: limit(3, 2) } : {}),
    ...(chance(0.4) ? { most_days_in_row: limit(3, 1) } : {}),
    ...(chance(0.4) ? { least_days_off_in_row: limit(3, 2) } : {}),
    ...(chance(0.4) ? { most_weekends: limitPerWeeks(2) } : {}),
    ...(chance(0.4) ? { most_of_kind: [{ kind: pick(kinds), ...limitPerWeeks(2) }] } : {}),
    ...(chance(0.4)
      ? { successions: [{ kind: pick(kinds), next: pick(kinds), ...(chance(0.5) ? { price_cents: below(500) } : {}) }] }
      : {}),
    ...(chance(0.3) ? { rest_hours: pick([0, 8, 11.5, 24]) } : {}),
  })
  const siteRules = () => {
    const { least_hours, rest_hours, ...rulesOfSites } = rules()
    return rulesOfSites
  }
  const shifts = problem.shifts.map(shift => ({
    ...shift,
    ...(chance(0.8) ? { kind: pick(kinds) } : {}),
    ...(chance(0.2) ? { skills: ['medic'] } : {}),
    ...(chance(0.4) ? { under_cents: below(5000) } : {}),
    ...(chance(0.4) ? { most: shift.headcount + below(2), over_cents: below(300) } : {}),
  }))
  return {
    ...problem,
    sites: problem.sites.map(site => ({
      ...site,
      ...(chance(0.3) ? { rest_hours: pick([6, 12]) } : {}),
      ...(chance(0.3) ? { rules: siteRules() } : {}),
    })),
    staff: problem.staff.map(person => (chance(0.8) ? { ...person, rules: rules() } : person)),
    shifts,
    requests: Array.from({ length: below(5) }, () => ({
      staff_id: pick(problem.staff).id,
      shift_id: pick(shifts).id,
      want: pick(['on', 'off'] as const),
      price_cents: below(400),
    })),
  }
}

/** Violations that solvers must avoid. Hours that cannot be reached are reported, not enforced. */
const avoidableViolations = (problem: RosterProblem, assignments: Assignment[]) =>
  checkRoster(problem, assignments).filter(({ given, rule }) => !given && rule !== 'least_hours')

/** Without pins and existing work, which may break a rule from the start. */
const withoutGivenWork = (problem: RosterProblem): RosterProblem => ({ ...problem, pinned: [], existing: [] })

const openBoundOfAllWeeks = (plan: SolverPlan): number => {
  let places = 0
  for (let week = 0; week < plan.weeks; week++) places += [...openPlacesLowerBound(plan, week, 99)].at(-1) ?? 0
  return places
}

test('with any rules of work, no roster breaks one, and its cost is what the checker counts', () => {
  forSeeds(rounds(20, 400), random => {
    const problem = withRules(
      withoutGivenWork(fullFeaturedProblem(random, 1 + random.below(6), 1 + random.below(16))),
      random,
    )
    const plan = preparePlan(problem)
    const greedy = buildGreedyRoster(plan)
    let annealed = greedy
    for (const { best } of annealDays(greedy, { seed: 3, moves: 3000, timeUsed: () => 0 })) annealed = best
    for (const roster of [greedy, annealed, annealToEnd(greedy, { seed: 7, moves: 1000 })].map(withoutShortStretches)) {
      const { assignments, summary } = toSolution(roster, 0, 'heuristic')
      expect(avoidableViolations(problem, assignments)).toEqual([])
      expect(summary.penalty_cents).toBe(penaltyOf(pricedBreaches(problem, assignments)))
      const missingHours = checkRoster(problem, assignments).filter(({ rule }) => rule === 'least_hours')
      expect(summary.unmet.length).toBe(new Set(missingHours.map(({ staff_id }) => staff_id)).size)
    }
  })
}, 60_000)

test('existing work counts for the rules, and no added assignment breaks one', () => {
  forSeeds(rounds(30, 500), random => {
    const problem = withRules(fullFeaturedProblem(random, 1 + random.below(6), 1 + random.below(16)), random)
    const { assignments, summary } = toSolution(
      withoutShortStretches(buildGreedyRoster(preparePlan(problem))),
      0,
      'heuristic',
    )
    expect(avoidableViolations(problem, assignments)).toEqual([])
    expect(summary.penalty_cents).toBe(penaltyOf(pricedBreaches(problem, assignments)))
  })
})

test(
  'with rules of work too, a proved optimum is the best of all possible rosters',
  async () => {
    for (let seed = 1; seed <= rounds(6, 60); seed++) {
      const random = randomFrom(seed)
      const problem = withRules(
        { ...withoutGivenWork(fullFeaturedProblem(random, 3, 5)), weights: { fairness: 0, preferences: 0 }, seed },
        random,
      )
      const plan = preparePlan(problem)
      const pairs = plan.openings.flatMap(({ candidates }, opening) =>
        candidates.map(person => [opening, person] as const),
      )
      if (pairs.length > 13) continue
      let best = withoutShortStretches(buildGreedyRoster(plan))
      for (let subset = 0; subset < 2 ** pairs.length; subset++) {
        const peopleAt: number[][] = plan.openings.map(() => [])
        for (const [bit, [opening, person]] of pairs.entries()) if (subset & (1 << bit)) peopleAt[opening]!.push(person)
        const assignments = peopleAt.flatMap((people, opening) =>
          people.map(person => ({
            shift_id: plan.openings[opening]!.shift.id,
            staff_id: problem.staff[person]!.id,
          })),
        )
        if (avoidableViolations(problem, assignments).length) continue
        const roster = Roster.from(plan, peopleAt)
        if (compareScores(roster, best) < 0) best = roster
      }
      const start = initialProof(withoutShortStretches(buildGreedyRoster(plan)))
      const proof = await proveRoster(start, untilProved(seed))
      const { broken, open, cost } = proof.roster
      expect({ seed, broken, open, cost }).toEqual({ seed, broken: best.broken, open: best.open, cost: best.cost })
      expect(proof.bound).toBeLessThanOrEqual(best.cost + 1e-6)
      expect(proof.openBound).toBe(best.open)
      expect(openBoundOfAllWeeks(plan)).toBeLessThanOrEqual(best.open)
    }
  },
  3 * MINUTE,
)

test(
  'no roster leaves fewer places open than the proved bound',
  async () => {
    for (let seed = 1; seed <= rounds(3, 40); seed++) {
      const problem = { ...fullFeaturedProblem(randomFrom(seed), 5, 14), pinned: [], seed }
      const plan = preparePlan(problem)
      const { roster } = await proveRoster(initialProof(buildGreedyRoster(plan)), untilProved(seed))
      expect(openBoundOfAllWeeks(plan)).toBeLessThanOrEqual(roster.open)
    }
  },
  MINUTE,
)

test('a sentence names a person who cannot get their hours', async () => {
  const day = (date: string) => ({ starts_at: `${date}T08:00:00Z`, ends_at: `${date}T16:00:00Z` })
  const problem = smallProblem([{ rules: { least_hours: { limit: 20 } } }], [day('2025-06-02'), day('2025-06-03')])
  for (const algorithm of ['greedy', 'optimal'] as const) {
    const { assignments, summary } = await solve(problem, { algorithm })
    expect(assignments.length).toBe(2)
    expect(summary.unmet).toEqual(['Person 1 would work 4 hours less than they should.'])
  }
})
