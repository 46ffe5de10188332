import { STEEPEST } from './balance.ts'
import { cheapest } from './greedy.ts'
import type { Plan } from './plan.ts'
import { HOUR } from './problem.ts'
import { compareWorth, Roster, type Worth, worthOf } from './roster.ts'
import { clash } from './rules.ts'
import { seededRandom } from './seeded-random.ts'
import { SHORT_STRETCH } from './work-rules.ts'

/** `heat`: how much worse a roster may get at the start, as a multiple of the highest wage. With `week`, only its openings are tried. */
type AnnealingEffort = { seed: number; moves: number; heat?: number; week?: number }

/** The best roster so far, and the part of the moves made. */
export type AnnealingStep = { best: Roster; part: number }

/**
 * Simulated annealing over one kind of move: somebody new stands at an opening, gives up what is in the way, and what
 * was given up is filled again. Worse rosters are accepted ever more rarely. Yields the best so far every thousand moves.
 */
export function* anneal(
  start: Roster,
  { seed, moves, heat: hot = 2, week }: AnnealingEffort,
): Generator<AnnealingStep> {
  const { plan } = start
  const roster = Roster.from(plan, start.at)
  const next = seededRandom(seed)
  const below = (n: number) => Math.floor(next() * n)
  const movable = [...plan.openings.keys()].filter(opening => {
    const { takers, week: when } = plan.openings[opening]!
    return takers.length > 0 && when === (week ?? when)
  })
  if (!movable.length) return
  const { energy, heat } = scales(plan, hot)
  const isOneWeek = week !== undefined
  let best = start
  let [worth, places, improved] = [worthOf(roster), start.at, false]

  for (let done = 1; done <= moves; done++) {
    const opening = movable[below(movable.length)]!
    const { takers } = plan.openings[opening]!
    const person = takers[below(takers.length)]!
    if (!roster.at[opening]!.includes(person) && !(isOneWeek && reachesOut(roster, opening, person))) {
      const before = energy(roster)
      const undo = handOver(roster, opening, person, below)
      const worse = energy(roster) - before
      if (!undo) {
        // their rules forbid it
      } else if (worse > 0 && next() >= Math.exp(-worse / heat(done / moves))) undo()
      else if (compareWorth(roster, worth) < 0) [worth, places, improved] = [worthOf(roster), roster.places(), true]
    }
    if (done % 1024 !== 0 && done < moves) continue
    if (improved) best = Roster.from(plan, places)
    improved = false
    yield { best, part: done / moves }
  }
}

/** The best roster that all the moves lead to. */
export function annealed(roster: Roster, effort: AnnealingEffort): Roster {
  let found = roster
  for (const { best } of anneal(roster, effort)) found = best
  return found
}

/** A cool search that leaves no place open again, but tidies the wages and balance a solver cared less for. */
export const tidied = (roster: Roster, seed: number) => annealed(roster, { seed, moves: 200_000, heat: 0.05 })

/** Whether the person would give up something in another week for it. */
function reachesOut({ of, plan }: Roster, opening: number, person: number): boolean {
  const { openings } = plan
  const wanted = openings[opening]!
  return of[person]!.some(
    at => openings[at]!.week !== wanted.week && clash(openings[at]!, wanted, plan.rests[plan.restClass[person]!]),
  )
}

/** Makes the person stand at the opening, and answers how to go back; nothing is done where their rules forbid it. */
function handOver(
  roster: Roster,
  opening: number,
  person: number,
  below: (n: number) => number,
): (() => void) | undefined {
  const { openings, rests, restClass } = roster.plan
  const steps: [taken: boolean, opening: number, person: number][] = []
  const take = (at: number, who: number) => {
    roster.take(at, who)
    steps.push([true, at, who])
  }
  const leave = (at: number, who: number) => {
    roster.leave(at, who)
    steps.push([false, at, who])
  }

  const isFull = !roster.hasRoom(opening)
  const undo = () => {
    for (const [taken, at, who] of steps.reverse()) taken ? roster.leave(at, who) : roster.take(at, who)
  }
  if (isFull || (roster.at[opening]!.length && !roster.isOpen(opening) && below(2)))
    leave(opening, roster.at[opening]![below(roster.at[opening]!.length)]!)
  const given: number[] = []
  const giveUp = (at: number) => {
    leave(at, person)
    given.push(at)
  }
  if (!roster.isFree(opening, person)) {
    for (const at of [...roster.of[person]!])
      if (clash(openings[at]!, openings[opening]!, rests[restClass[person]!])) giveUp(at)
  }
  while (!roster.hasHours(opening, person)) {
    const sameWeek = roster.of[person]!.filter(at => openings[at]!.week === openings[opening]!.week)
    giveUp(sameWeek[below(sameWeek.length)]!)
  }
  if (!roster.keepsLimits(opening, person)) {
    undo()
    return undefined
  }
  take(opening, person)
  for (const at of given) {
    const other = cheapest(roster, at)
    if (other !== undefined) take(at, other)
  }
  return undo
}

/** One number for a roster's worth, and how much worse a move may make it as the search goes on. */
function scales({ problem, openings, people, cost, wish }: Plan, hot: number) {
  let [highest, least, longest, strongestWish] = [0, Number.POSITIVE_INFINITY, 0, 0]
  for (const [index, { takers, length }] of openings.entries()) {
    const asked = takers.map(person => cost[index * people + person]!)
    const [low, high] = [Math.min(...asked), Math.max(...asked)]
    highest = Math.max(highest, high)
    if (high > low) least = Math.min(least, high - low)
    longest = Math.max(longest, length / HOUR)
    for (const person of takers) strongestWish = Math.max(strongestWish, Math.abs(wish[index * people + person]!))
  }
  const strain = problem.weights.fairness * STEEPEST * longest + problem.weights.preferences * strongestWish
  const ripple = Number.isFinite(least) ? least / 20 : 1 // the most one move may strain counts less than any wage saved
  const [place, from, to] = [8 * (highest + ripple), hot * (highest + ripple), ripple / 100]
  return {
    energy: (worth: Worth) =>
      (worth.broken / SHORT_STRETCH + worth.open) * place + worth.cost + (strain && (worth.balance / strain) * ripple),
    heat: (done: number) => from * (to / from) ** done,
  }
}
