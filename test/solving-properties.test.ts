import { expect, test } from 'bun:test'
import { check } from '../src/rosters/solving/check.ts'
import type { Proof } from '../src/rosters/solving/exact.ts'
import { greedy } from '../src/rosters/solving/greedy.ts'
import { prepare } from '../src/rosters/solving/plan.ts'
import type { Assignment, Problem } from '../src/rosters/solving/problem.ts'
import { prove } from '../src/rosters/solving/prove.ts'
import { Roster } from '../src/rosters/solving/roster.ts'
import { searched } from '../src/rosters/solving/search.ts'
import { cheapestConceivable, solution } from '../src/rosters/solving/solution.ts'
import { odd } from './roster-instances.ts'
import { type Chance, chance, forSeeds } from './seeded.ts'

const broken = (problem: Problem, assignments: Assignment[]) =>
  check(problem, assignments).filter(violation => !violation.given)

test('whatever is asked, no roster breaks a hard rule, every pin stays and every open place has its reason', () => {
  forSeeds(300, chance => {
    const problem = odd(chance, 1 + chance.below(8), 1 + chance.below(20))
    const roster = greedy(prepare(problem))
    for (const found of [roster, searched(roster, { seed: 7, moves: 2000 })]) {
      const { assignments, unfilled, summary } = solution(
        found,
        cheapestConceivable(found.plan, found.open),
        'heuristic',
      )
      expect(broken(problem, assignments)).toEqual([])
      for (const pin of problem.pinned) expect(assignments).toContainEqual(pin)
      for (const { id, headcount } of problem.shifts) {
        const there = assignments.filter(one => one.shift_id === id).length
        expect(unfilled.filter(one => one.shift_id === id).length).toBe(Math.max(0, headcount - there))
      }
      for (const { reason, blocked } of unfilled) expect(Object.keys(blocked)).toContain(reason)
      expect(summary.bound).toBeLessThanOrEqual(summary.cost_cents)
      expect(summary.fairness).toBeWithin(0, 1 + 1e-9)
    }
  })
})

test('a roster that was changed many times is worth what it is worth counted afresh', () => {
  forSeeds(100, chance => {
    const plan = prepare(odd(chance, 8, 20))
    const roster = new Roster(plan)
    for (let change = 0; change < 300 && plan.openings.length; change++) {
      const [opening, person] = [chance.below(plan.openings.length), chance.below(plan.people)]
      if (roster.at[opening]!.includes(person)) roster.leave(opening, person)
      else if (roster.isOpen(opening) && roster.canTake(opening, person)) roster.take(opening, person)
    }
    const afresh = Roster.from(plan, roster.at)
    expect([roster.open, roster.cost, roster.load]).toEqual([afresh.open, afresh.cost, afresh.load])
    expect(roster.balance).toBeCloseTo(afresh.balance, 6)
  })
})

/** Every roster there is, by trying who may stand where through the independent checker. */
function bestByTrying(problem: Problem): { filled: number; cost: number } {
  const pairs = problem.shifts.flatMap(shift =>
    problem.staff.map(person => ({ shift_id: shift.id, staff_id: person.id })),
  )
  const wages = ({ shift_id, staff_id }: Assignment) => {
    const shift = problem.shifts.find(one => one.id === shift_id)!
    const hours = (Date.parse(shift.ends_at) - Date.parse(shift.starts_at)) / 3_600_000
    return Math.round(problem.staff.find(one => one.id === staff_id)!.hourly_cents * hours)
  }
  let best = { filled: -1, cost: 0 }
  const tryFrom = (index: number, made: Assignment[], cost: number) => {
    if (made.length > best.filled || (made.length === best.filled && cost < best.cost))
      best = { filled: made.length, cost }
    for (let next = index; next < pairs.length; next++) {
      const more = [...made, pairs[next]!]
      if (!broken(problem, more).length) tryFrom(next + 1, more, cost + wages(pairs[next]!))
    }
  }
  tryFrom(0, [], 0)
  return best
}

test('what is proved to be best is what trying every roster finds', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const problem: Problem = { ...odd(chance(seed), 4, 5), pinned: [], seed }
    const roster = greedy(prepare(problem))
    const start: Proof = { roster, bound: 0, settled: 0 }
    const proof = await prove(start, { seed, left: () => Number.POSITIVE_INFINITY, onStep() {} })
    const { filled, cost } = bestByTrying(problem)
    const { assignments, summary } = solution(proof.roster, proof.bound, 'proved')
    expect({
      seed,
      settled: proof.settled,
      filled: assignments.length,
      cost: summary.cost_cents,
      gap: summary.gap,
    }).toEqual({
      seed,
      settled: 3,
      filled,
      cost,
      gap: 0,
    })
    expect(summary.bound).toBe(cost)
  }
})

test('the checker sees every single thing that is done wrong to a good roster', () => {
  forSeeds(100, ({ seed, one, below }: Chance) => {
    const problem: Problem = { ...odd(chance(seed), 6, 14), pinned: [] }
    const plan = prepare(problem)
    const roster = greedy(plan)
    const { assignments } = solution(roster, 0, 'heuristic')
    // Anyone whom the roster itself would not let take an opening must not pass the checker there either.
    for (let attempt = 0; attempt < 20 && plan.openings.length; attempt++) {
      const opening = below(plan.openings.length)
      const person = below(plan.people)
      if (roster.canTake(opening, person) || roster.at[opening]!.includes(person)) continue
      const { shift } = plan.openings[opening]!
      const wrong = [...assignments, { shift_id: shift.id, staff_id: problem.staff[person]!.id }]
      expect(broken(problem, wrong)).not.toEqual([])
    }
    if (assignments.length) expect(broken(problem, [...assignments, one(assignments)])).not.toEqual([])
  })
})
