import type { Opening, SolverPlan } from './plan.ts'
import { Roster } from './roster.ts'
import { conflicts } from './rules.ts'

const EXCHANGE_DEPTH = 3
/** The most exchanges tried for one open place, and for all of them together. */
const TRIES = 20_000
const TRIES_IN_ALL = 1_000_000

/**
 * Builds a roster without search: assigns the cheapest person to the hardest openings first, then moves people between shifts
 * to fill places that are still open. `onGrowth` is called as the roster fills.
 */
export function buildGreedyRoster(
  plan: SolverPlan,
  onGrowth: (roster: Roster, part: number) => void = () => {},
): Roster {
  const { openings } = plan
  const roster = new Roster(plan)
  const waiting = new Map([...openings.keys()].map(opening => [opening, spareTakers(roster, opening)]))
  while (waiting.size) {
    const opening = hardestOpening(waiting)
    const person = cheapestPerson(roster, opening)
    if (person === undefined) {
      waiting.delete(opening)
      continue
    }
    // Only this person can do less now. Their rules of work reach beyond the week.
    const hasRules = plan.rulesByPerson[person] !== undefined
    const lost = [...waiting.keys()].filter(
      other =>
        other !== opening &&
        (hasRules || affects(openings[other]!, openings[opening]!)) &&
        roster.canTake(other, person),
    )
    roster.assign(opening, person)
    onGrowth(roster, 1 - waiting.size / openings.length)
    if (!roster.isOpen(opening)) waiting.delete(opening)
    for (const other of lost) if (!roster.canTake(other, person)) waiting.set(other, waiting.get(other)! - 1)
  }
  let left = TRIES_IN_ALL
  for (const opening of openings.keys()) {
    while (roster.isOpen(opening) && left > 0) {
      onGrowth(roster, 1)
      const allowed = Math.min(TRIES, left)
      const tries = { left: allowed }
      const isFilled = fillByExchange(roster, opening, EXCHANGE_DEPTH, new Set(), tries)
      left -= allowed - tries.left
      if (!isFilled) break
    }
  }
  return roster
}

/** Whether an assignment to one can make an assignment to the other impossible. */
const affects = (one: Opening, other: Opening) => one.week === other.week || conflicts(one, other)

/** How many more people could be assigned to it than it has places left. */
function spareTakers(roster: Roster, opening: number): number {
  const { places, candidates } = roster.plan.openings[opening]!
  const able = candidates.reduce((count, person) => count + (roster.canTake(opening, person) ? 1 : 0), 0)
  return able - (places - roster.peopleAt[opening]!.length)
}

function hardestOpening(waiting: Map<number, number>): number {
  let [found, fewest] = [-1, Number.POSITIVE_INFINITY]
  for (const [opening, spare] of waiting) if (spare < fewest) [found, fewest] = [opening, spare]
  return found
}

/** The person who can be assigned at the lowest cost; among equals, the one whose balance suffers least. */
export function cheapestPerson(roster: Roster, opening: number): number | undefined {
  const { cost, people, openings } = roster.plan
  let found: number | undefined
  let wage = Number.POSITIVE_INFINITY
  for (const person of openings[opening]!.candidates) {
    const asked = cost[opening * people + person]!
    if (asked > wage || !roster.canTake(opening, person)) continue
    if (asked === wage && roster.addedBalance(opening, person) >= roster.addedBalance(opening, found!)) continue
    ;[found, wage] = [person, asked]
  }
  return found
}

/** Fills one place. If nobody is free, takes someone off another shift, which is then filled in the same way. */
function fillByExchange(
  roster: Roster,
  opening: number,
  depth: number,
  moved: Set<number>,
  tries: { left: number },
): boolean {
  const { openings } = roster.plan
  const person = cheapestPerson(roster, opening)
  if (person !== undefined) {
    roster.assign(opening, person)
    return true
  }
  if (depth === 0) return false
  moved.add(opening)
  for (const candidate of openings[opening]!.candidates) {
    for (const given of [...roster.openingsOf[candidate]!]) {
      if (tries.left-- <= 0) return false
      if (moved.has(given) || !affects(openings[given]!, openings[opening]!)) continue
      roster.unassign(given, candidate)
      if (roster.canTake(opening, candidate)) {
        roster.assign(opening, candidate)
        if (fillByExchange(roster, given, depth - 1, moved, tries)) return true
        roster.unassign(opening, candidate)
      }
      roster.assign(given, candidate)
    }
  }
  return false
}
