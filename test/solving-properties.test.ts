import { expect, test } from 'bun:test'
import { type Random, randomFrom } from '../scripts/random.ts'
import { annealToEnd } from '../src/rota/solving/annealing.ts'
import { checkRoster } from '../src/rota/solving/check.ts'
import { buildGreedyRoster } from '../src/rota/solving/greedy.ts'
import { preparePlan } from '../src/rota/solving/plan.ts'
import type { Assignment, RosterProblem } from '../src/rota/solving/problem.ts'
import { proveRoster } from '../src/rota/solving/prove-by-weeks.ts'
import type { Proof } from '../src/rota/solving/prove-optimal.ts'
import { compareScores, Roster, type RosterScore } from '../src/rota/solving/roster.ts'
import { costLowerBound, toSolution } from '../src/rota/solving/solution.ts'
import { rounds } from './needs.ts'
import { fullFeaturedProblem, untilProved } from './roster-instances.ts'
import { forSeeds } from './seeded.ts'

const avoidableViolations = (problem: RosterProblem, assignments: Assignment[]) =>
  checkRoster(problem, assignments).filter(violation => !violation.given)

const nothingProved = (roster: Roster): Proof => ({ roster, bound: 0, openBound: 0, settled: 0 })

test('for any problem, no roster breaks a hard rule, every pin stays and every open place has its reason', () => {
  forSeeds(rounds(50, 1_000), random => {
    const problem = fullFeaturedProblem(random, 1 + random.below(8), 1 + random.below(20))
    const greedy = buildGreedyRoster(preparePlan(problem))
    for (const roster of [greedy, annealToEnd(greedy, { seed: 7, moves: 2000 })]) {
      const bound = costLowerBound(roster.plan, roster.open)
      const { assignments, unfilled, summary } = toSolution(roster, bound, 'heuristic')
      expect(avoidableViolations(problem, assignments)).toEqual([])
      for (const pin of problem.pinned) expect(assignments).toContainEqual(pin)
      for (const { id, headcount } of problem.shifts) {
        const assigned = assignments.filter(assignment => assignment.shift_id === id).length
        expect(unfilled.filter(place => place.shift_id === id).length).toBe(Math.max(0, headcount - assigned))
      }
      for (const { reason, blocked } of unfilled) expect(Object.keys(blocked)).toContain(reason)
      expect(summary.bound).toBeLessThanOrEqual(summary.cost_cents)
      expect(summary.fairness).toBeWithin(0, 1 + 1e-9)
    }
  })
})

test('the value of a roster after many changes equals its value computed from scratch', () => {
  forSeeds(100, random => {
    const plan = preparePlan(fullFeaturedProblem(random, 8, 20))
    const roster = new Roster(plan)
    for (let change = 0; change < 300 && plan.openings.length; change++) {
      const [opening, person] = [random.below(plan.openings.length), random.below(plan.people)]
      if (roster.peopleAt[opening]!.includes(person)) roster.unassign(opening, person)
      else if (roster.isOpen(opening) && roster.canTake(opening, person)) roster.assign(opening, person)
    }
    const fromScratch = Roster.from(plan, roster.peopleAt)
    expect([roster.open, roster.cost, roster.loadMs]).toEqual([fromScratch.open, fromScratch.cost, fromScratch.loadMs])
    expect(roster.balance).toBeCloseTo(fromScratch.balance, 6)
  })
})

/** The score of the best of all rosters that break no rule, by the independent checker. */
function bestPossibleScore(problem: RosterProblem): RosterScore {
  const plan = preparePlan(problem)
  const pairs = problem.shifts.flatMap(shift =>
    problem.staff.map(person => ({ shift_id: shift.id, staff_id: person.id })),
  )
  const scoreOf = (assignments: Assignment[]) => {
    const peopleAt = plan.openings.map(({ shift }) =>
      assignments
        .filter(assignment => assignment.shift_id === shift.id)
        .map(assignment => problem.staff.findIndex(({ id }) => id === assignment.staff_id)),
    )
    const { broken, open, cost, balance } = Roster.from(plan, peopleAt)
    return { broken, open, cost, balance }
  }
  let best = scoreOf([])
  const tryPairsFrom = (index: number, assignments: Assignment[]) => {
    const score = scoreOf(assignments)
    if (compareScores(score, best) < 0) best = score
    for (let next = index; next < pairs.length; next++) {
      const extended = [...assignments, pairs[next]!]
      if (!avoidableViolations(problem, extended).length) tryPairsFrom(next + 1, extended)
    }
  }
  tryPairsFrom(0, [])
  return best
}

test('a proved optimum is the best of all possible rosters', async () => {
  for (let seed = 1; seed <= rounds(4, 50); seed++) {
    const problem: RosterProblem = { ...fullFeaturedProblem(randomFrom(seed), 4, 5), pinned: [], seed }
    const start = nothingProved(buildGreedyRoster(preparePlan(problem)))
    const { roster, bound, settled } = await proveRoster(start, untilProved(seed))
    const best = bestPossibleScore(problem)
    expect({ seed, settled, bound, open: roster.open, cost: roster.cost }).toEqual({
      seed,
      settled: 3,
      bound: best.cost,
      open: best.open,
      cost: best.cost,
    })
    expect(roster.balance).toBeWithin(best.balance - 0.001, best.balance + 0.02)
  }
}, 60_000)

test('running out of time ends the proof at any moment, and never fails it', async () => {
  const problem: RosterProblem = { ...fullFeaturedProblem(randomFrom(1), 4, 5), pinned: [] }
  const start = nothingProved(buildGreedyRoster(preparePlan(problem)))
  for (let maxChecks = 0; maxChecks < 6; maxChecks++) {
    let checks = 0
    const secondsLeft = () => (checks++ < maxChecks ? 1 : -0.001)
    const { roster } = await proveRoster(start, { seed: 1, secondsLeft, onStep() {} })
    expect(compareScores(roster, start.roster)).toBeLessThanOrEqual(0)
  }
})

test('a proved optimum keeps every rule and pin too, and is no worse than the first roster', async () => {
  for (let seed = 101; seed <= rounds(102, 130); seed++) {
    const problem = { ...fullFeaturedProblem(randomFrom(seed), 7, 16), seed }
    const start = nothingProved(buildGreedyRoster(preparePlan(problem)))
    const { roster, bound, settled } = await proveRoster(start, untilProved(seed))
    const { assignments } = toSolution(roster, bound, 'proved')
    expect({ seed, settled, broken: avoidableViolations(problem, assignments) }).toEqual({
      seed,
      settled: 3,
      broken: [],
    })
    for (const pin of problem.pinned) expect(assignments).toContainEqual(pin)
    expect(compareScores(roster, start.roster)).toBeLessThanOrEqual(0)
  }
}, 60_000)

test('the checker finds every single fault put into a good roster', () => {
  forSeeds(100, ({ seed, pick, below }: Random) => {
    const problem: RosterProblem = { ...fullFeaturedProblem(randomFrom(seed), 6, 14), pinned: [] }
    const plan = preparePlan(problem)
    const roster = buildGreedyRoster(plan)
    const { assignments } = toSolution(roster, 0, 'heuristic')
    // Whom the roster keeps from an open place, the checker must not accept there either.
    for (let attempt = 0; attempt < 20 && plan.openings.length; attempt++) {
      const opening = below(plan.openings.length)
      const person = below(plan.people)
      if (roster.canTake(opening, person) || roster.peopleAt[opening]!.includes(person)) continue
      const { shift } = plan.openings[opening]!
      const withFault = [...assignments, { shift_id: shift.id, staff_id: problem.staff[person]!.id }]
      expect(avoidableViolations(problem, withFault)).not.toEqual([])
    }
    if (assignments.length) expect(avoidableViolations(problem, [...assignments, pick(assignments)])).not.toEqual([])
  })
})
