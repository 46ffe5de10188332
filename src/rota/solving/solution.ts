import { adviceFor } from './advice.ts'
import type { SolverPlan } from './plan.ts'
import type { Assignment, EndReason, ProblemShift, Solution, Staff } from './problem.ts'
import { unfilledPlaces } from './reasons.ts'
import type { Roster } from './roster.ts'

/** The roster as assignments of the problem, with a summary and the reason for each open place. */
export function toSolution(roster: Roster, bound: number, ended: EndReason, openBound = 0): Solution {
  const { plan, peopleAt } = roster
  const assignments = assignmentsOf(roster)
  const unfilled = unfilledPlaces(plan.problem, assignments, breaksRules(roster))
  const places = plan.problem.shifts.reduce((all, shift) => all + shift.headcount, 0)
  const paid = peopleAt.reduce(
    (all, people, opening) => people.reduce((sum, person) => sum + plan.wages[opening * plan.people + person]!, all),
    0,
  )
  const total = plan.pins.cost + roster.cost
  const cost_cents = plan.pins.cost + paid
  const floor = Math.min(total, plan.pins.cost + bound)
  return {
    assignments,
    unfilled,
    summary: {
      coverage: places ? 1 - unfilled.length / places : 1,
      cost_cents,
      penalty_cents: total - cost_cents,
      unmet: unmetHours(roster),
      fairness: evenness(roster),
      preferences: plan.pins.wish + wishScoreOf(roster),
      bound: floor,
      gap: total ? (total - floor) / total : 0,
      open_bound: openBound,
      advice: adviceFor(plan.problem, unfilled, openBound),
      ended,
    },
  }
}

function breaksRules(roster: Roster) {
  const { openings, problem, hasRules } = roster.plan
  if (!hasRules) return undefined
  const opening = new Map(openings.map(({ shift }, index) => [shift.id, index]))
  const people = new Map(problem.staff.map(({ id }, person) => [id, person]))
  return (shift: ProblemShift, person: Staff) => {
    const index = opening.get(shift.id)
    return index !== undefined && !roster.keepsLimits(index, people.get(person.id)!)
  }
}

const unmetHours = ({ plan, evaluations }: Roster): string[] =>
  evaluations.flatMap((evaluation, person) =>
    evaluation?.short
      ? [`${plan.problem.staff[person]!.name} would work ${evaluation.short} hours less than they should.`]
      : [],
  )

function assignmentsOf({ plan, peopleAt }: Roster): Assignment[] {
  const assignments = peopleAt.flatMap((people, opening) =>
    people.map(person => ({
      shift_id: plan.openings[opening]!.shift.id,
      staff_id: plan.problem.staff[person]!.id,
    })),
  )
  return [...plan.pins.assignments, ...assignments].sort((a, b) => a.shift_id - b.shift_id || a.staff_id - b.staff_id)
}

function evenness({ plan, loadMs }: Roster): number {
  const shares = [...loadMs.keys()]
    .filter(person => plan.inPlay[person])
    .map(person => loadMs[person]! / plan.allowedMs[person]!)
  const sum = shares.reduce((all, share) => all + share, 0)
  const squares = shares.reduce((all, share) => all + share * share, 0)
  return squares ? (sum * sum) / (shares.length * squares) : 1
}

const wishScoreOf = ({ plan, peopleAt }: Roster) =>
  peopleAt.reduce(
    (all, people, opening) =>
      people.reduce((met, person) => met + plan.wishScores[opening * plan.people + person]!, all),
    0,
  )

/** A lower bound of the cost with that many open places: the cheapest people for the cheapest places. */
export function costLowerBound(plan: SolverPlan, open: number): number {
  const wages = plan.openings.flatMap(({ candidates, places, underPrice }, opening) =>
    (underPrice === undefined ? candidates : [])
      .map(person => plan.wages[opening * plan.people + person]!)
      .sort((a, b) => a - b)
      .slice(0, places),
  )
  const places = plan.openings.reduce((all, { places, underPrice }) => all + (underPrice === undefined ? places : 0), 0)
  return wages
    .sort((a, b) => a - b)
    .slice(0, places - open)
    .reduce((all, wage) => all + wage, 0)
}
