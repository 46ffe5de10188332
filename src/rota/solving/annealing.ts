import { hour } from '../../platform/clock.ts'
import { MAX_STEP_WEIGHT } from './balance.ts'
import { cheapestPerson } from './greedy.ts'
import type { SolverPlan } from './plan.ts'
import { compareScores, Roster, RosterChanges, type RosterScore, scoreOf } from './roster.ts'
import { conflicts } from './rules.ts'
import { seededRandom } from './seeded-random.ts'
import { SHORT_STRETCH_WEIGHT } from './work-rules.ts'

/** `heat`: how much worse a move may make the roster at the start, as a multiple of the highest wage. With `week`, only openings of that week are tried. */
type AnnealingEffort = { seed: number; moves: number; heat?: number; week?: number }

/** The best roster so far, and the share of moves made, 0 to 1. */
export type AnnealingStep = { best: Roster; part: number }

/**
 * Simulated annealing with one kind of move: assign a new person to an opening, take them off everything that conflicts with it,
 * and fill those openings again. Moves that make the roster worse are accepted less and less. Yields every 1024 moves.
 */
export function* anneal(
  start: Roster,
  { seed, moves, heat: startHeat = 2, week }: AnnealingEffort,
): Generator<AnnealingStep> {
  const { plan } = start
  const roster = Roster.from(plan, start.peopleAt)
  const next = seededRandom(seed)
  const randomBelow = (n: number) => Math.floor(next() * n)
  const movable = [...plan.openings.keys()].filter(opening => {
    const { candidates, week: when } = plan.openings[opening]!
    return candidates.length > 0 && when === (week ?? when)
  })
  if (!movable.length) return
  const { energy, heat } = energyAndHeat(plan, startHeat)
  const isOneWeek = week !== undefined
  let best = start
  let [worth, places, improved] = [scoreOf(roster), start.peopleAt, false]

  for (let done = 1; done <= moves; done++) {
    const opening = movable[randomBelow(movable.length)]!
    const { candidates } = plan.openings[opening]!
    const person = candidates[randomBelow(candidates.length)]!
    if (!roster.peopleAt[opening]!.includes(person) && !(isOneWeek && conflictsInOtherWeek(roster, opening, person))) {
      const before = energy(roster)
      const changes = tryReassign(roster, opening, person, randomBelow)
      const worse = energy(roster) - before
      if (!changes) {
        // a rule of this person forbids the move
      } else if (worse > 0 && next() >= Math.exp(-worse / heat(done / moves))) changes.undo()
      else if (compareScores(roster, worth) < 0)
        [worth, places, improved] = [scoreOf(roster), roster.copyAssignments(), true]
    }
    if (done % 1024 !== 0 && done < moves) continue
    if (improved) best = Roster.from(plan, places)
    improved = false
    yield { best, part: done / moves }
  }
}

/** Runs all the moves and returns the best roster. */
export function annealToEnd(roster: Roster, effort: AnnealingEffort): Roster {
  let found = roster
  for (const { best } of anneal(roster, effort)) found = best
  return found
}

/** Annealing at a low heat: improves the cost and balance of a roster that was only solved for filled places. */
export const polishRoster = (roster: Roster, seed: number) => annealToEnd(roster, { seed, moves: 200_000, heat: 0.05 })

/** Whether the person would have to give up a shift in another week. */
function conflictsInOtherWeek({ openingsOf, plan }: Roster, opening: number, person: number): boolean {
  const { openings } = plan
  const wanted = openings[opening]!
  return openingsOf[person]!.some(
    at =>
      openings[at]!.week !== wanted.week && conflicts(openings[at]!, wanted, plan.restByClass[plan.restClass[person]!]),
  )
}

/** Assigns the person to the opening and returns what that changed; undefined if a rule of theirs forbids it. */
function tryReassign(
  roster: Roster,
  opening: number,
  person: number,
  below: (n: number) => number,
): RosterChanges | undefined {
  const { openings, restByClass, restClass } = roster.plan
  const changes = new RosterChanges(roster)
  const there = roster.peopleAt[opening]!
  if (!roster.hasRoom(opening) || (there.length && !roster.isOpen(opening) && below(2)))
    changes.unassign(opening, there[below(there.length)]!)
  const givenUp: number[] = []
  const giveUp = (at: number) => {
    changes.unassign(at, person)
    givenUp.push(at)
  }
  if (!roster.hasNoConflict(opening, person)) {
    for (const at of [...roster.openingsOf[person]!])
      if (conflicts(openings[at]!, openings[opening]!, restByClass[restClass[person]!])) giveUp(at)
  }
  while (!roster.hasHours(opening, person)) {
    const sameWeek = roster.openingsOf[person]!.filter(at => openings[at]!.week === openings[opening]!.week)
    giveUp(sameWeek[below(sameWeek.length)]!)
  }
  if (!roster.keepsLimits(opening, person)) {
    changes.undo()
    return undefined
  }
  changes.assign(opening, person)
  for (const at of givenUp) {
    const other = cheapestPerson(roster, at)
    if (other !== undefined) changes.assign(at, other)
  }
  return changes
}

/** `energy` makes one number of a roster's score; `heat` is how much worse a move may make it at a point of the search. */
function energyAndHeat({ problem, openings, people, cost, wishScores }: SolverPlan, startHeat: number) {
  let [highest, smallestDifference, longest, strongestWish] = [0, Number.POSITIVE_INFINITY, 0, 0]
  for (const [index, { candidates, length }] of openings.entries()) {
    const asked = candidates.map(person => cost[index * people + person]!)
    const [low, high] = [Math.min(...asked), Math.max(...asked)]
    highest = Math.max(highest, high)
    if (high > low) smallestDifference = Math.min(smallestDifference, high - low)
    longest = Math.max(longest, length / hour)
    for (const person of candidates)
      strongestWish = Math.max(strongestWish, Math.abs(wishScores[index * people + person]!))
  }
  const maxBalanceChange =
    problem.weights.fairness * MAX_STEP_WEIGHT * longest + problem.weights.preferences * strongestWish
  const balanceScale = Number.isFinite(smallestDifference) ? smallestDifference / 20 : 1 // the largest change of balance by one move counts less than the smallest saving
  const [openPlaceEnergy, from, to] = [
    8 * (highest + balanceScale),
    startHeat * (highest + balanceScale),
    balanceScale / 100,
  ]
  return {
    energy: (worth: RosterScore) =>
      (worth.broken / SHORT_STRETCH_WEIGHT + worth.open) * openPlaceEnergy +
      worth.cost +
      (maxBalanceChange && (worth.balance / maxBalanceChange) * balanceScale),
    heat: (done: number) => from * (to / from) ** done,
  }
}
