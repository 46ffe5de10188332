import type { Opening, Plan } from './plan.ts'
import { Roster } from './roster.ts'
import { clash } from './rules.ts'

const DEPTH = 3
/** For each place left open, so many exchanges are tried at most, and so many for all of them together. */
const TRIES = 20_000
const TRIES_IN_ALL = 1_000_000

/** A roster at once: the hardest openings first, to whoever costs least, then others make way for places left open. `onGrowth` is called as it fills. */
export function greedy(plan: Plan, onGrowth: (roster: Roster, part: number) => void = () => {}): Roster {
  const { openings } = plan
  const roster = new Roster(plan)
  const waiting = new Map([...openings.keys()].map(opening => [opening, spareTakers(roster, opening)]))
  while (waiting.size) {
    const opening = hardest(waiting)
    const person = cheapest(roster, opening)
    if (person === undefined) {
      waiting.delete(opening)
      continue
    }
    roster.take(opening, person)
    onGrowth(roster, 1 - waiting.size / openings.length)
    if (!roster.isOpen(opening)) waiting.delete(opening)
    for (const other of waiting.keys()) {
      if (touches(openings[other]!, openings[opening]!) && roster.fits(other, person))
        waiting.set(other, spareTakers(roster, other))
    }
  }
  let left = TRIES_IN_ALL
  for (const opening of openings.keys()) {
    while (roster.isOpen(opening) && left > 0) {
      onGrowth(roster, 1)
      const allowed = Math.min(TRIES, left)
      const tries = { left: allowed }
      const isFilled = fillByExchange(roster, opening, DEPTH, new Set(), tries)
      left -= allowed - tries.left
      if (!isFilled) break
    }
  }
  return roster
}

/** Whether having one bears on taking the other. */
const touches = (one: Opening, other: Opening) => one.week === other.week || clash(one, other)

/** How many more people could take it than it has places. */
function spareTakers(roster: Roster, opening: number): number {
  const { places, takers } = roster.plan.openings[opening]!
  const able = takers.reduce((count, person) => count + (roster.canTake(opening, person) ? 1 : 0), 0)
  return able - (places - roster.at[opening]!.length)
}

function hardest(waiting: Map<number, number>): number {
  let [found, fewest] = [-1, Number.POSITIVE_INFINITY]
  for (const [opening, spare] of waiting) if (spare < fewest) [found, fewest] = [opening, spare]
  return found
}

/** Who can take it for the lowest wage, and of those whom it strains least. */
export function cheapest(roster: Roster, opening: number): number | undefined {
  const { cost, people, openings } = roster.plan
  let found: number | undefined
  let wage = Number.POSITIVE_INFINITY
  for (const person of openings[opening]!.takers) {
    const asked = cost[opening * people + person]!
    if (asked > wage || !roster.canTake(opening, person)) continue
    if (asked === wage && roster.addedBalance(opening, person) >= roster.addedBalance(opening, found!)) continue
    ;[found, wage] = [person, asked]
  }
  return found
}

/** Fills one place, if need be with someone who hands over another shift first, which is filled in the same way. */
function fillByExchange(
  roster: Roster,
  opening: number,
  depth: number,
  moved: Set<number>,
  tries: { left: number },
): boolean {
  const { openings } = roster.plan
  const person = cheapest(roster, opening)
  if (person !== undefined) {
    roster.take(opening, person)
    return true
  }
  if (depth === 0) return false
  moved.add(opening)
  for (const candidate of openings[opening]!.takers) {
    for (const given of [...roster.of[candidate]!]) {
      if (tries.left-- <= 0) return false
      if (moved.has(given) || !touches(openings[given]!, openings[opening]!)) continue
      roster.leave(given, candidate)
      if (roster.canTake(opening, candidate)) {
        roster.take(opening, candidate)
        if (fillByExchange(roster, given, depth - 1, moved, tries)) return true
        roster.leave(opening, candidate)
      }
      roster.take(given, candidate)
    }
  }
  return false
}
