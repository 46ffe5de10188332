import type { Plan } from './plan.ts'
import { Roster } from './roster.ts'

const DEPTH = 3

/** A roster at once: the hardest openings first, to whoever costs least, then others make way for places left open. */
export function greedy(plan: Plan): Roster {
  const roster = new Roster(plan)
  const waiting = new Set(plan.openings.keys())
  while (waiting.size) {
    const opening = hardest(roster, waiting)
    const person = cheapest(roster, opening)
    if (person === undefined) waiting.delete(opening)
    else roster.take(opening, person)
    if (!roster.isOpen(opening)) waiting.delete(opening)
  }
  for (const opening of plan.openings.keys()) {
    while (roster.isOpen(opening) && makeWay(roster, opening, DEPTH, new Set())) {}
  }
  return roster
}

/** The opening with the fewest people to spare. */
function hardest(roster: Roster, waiting: Set<number>): number {
  let [found, fewest] = [-1, Number.POSITIVE_INFINITY]
  for (const opening of waiting) {
    const { places, takers } = roster.plan.openings[opening]!
    const able = takers.reduce((count, person) => count + (roster.canTake(opening, person) ? 1 : 0), 0)
    const spare = able - (places - roster.at[opening]!.length)
    if (spare < fewest) [found, fewest] = [opening, spare]
  }
  return found
}

/** Who can take it for the lowest wage, and of those whom it strains least. */
export function cheapest(roster: Roster, opening: number, not?: number): number | undefined {
  const { cost, people, openings } = roster.plan
  let found: number | undefined
  let [wage, strain] = [Number.POSITIVE_INFINITY, 0]
  for (const person of openings[opening]!.takers) {
    const asked = cost[opening * people + person]!
    if (asked > wage || person === not || !roster.canTake(opening, person)) continue
    const strained = roster.strain(opening, person)
    if (asked < wage || strained < strain) [found, wage, strain] = [person, asked, strained]
  }
  return found
}

/** Fills one place, if need be with someone who hands over another shift first, which is filled in the same way. */
function makeWay(roster: Roster, opening: number, depth: number, moved: Set<number>): boolean {
  const person = cheapest(roster, opening)
  if (person !== undefined) {
    roster.take(opening, person)
    return true
  }
  if (depth === 0) return false
  moved.add(opening)
  for (const candidate of roster.plan.openings[opening]!.takers) {
    if (roster.at[opening]!.includes(candidate)) continue
    for (const given of [...roster.of[candidate]!]) {
      if (moved.has(given)) continue
      roster.leave(given, candidate)
      if (roster.canTake(opening, candidate)) {
        roster.take(opening, candidate)
        if (makeWay(roster, given, depth - 1, moved)) return true
        roster.leave(opening, candidate)
      }
      roster.take(given, candidate)
    }
  }
  return false
}
