import { annealDays } from './anneal-days.ts'
import { anneal } from './annealing.ts'
import type { Plan } from './plan.ts'
import { compareWorth, Roster } from './roster.ts'
import type { SharedSearch } from './shared-search.ts'

const SEARCHES = 3
/** Of the time, so much at most goes to the weeks. */
const WEEKS_SHARE = 0.8

type SearchEffort = {
  seed: number
  /** the part of the time for the search that is over */
  pressed: () => number
  /** the fewest places any roster leaves open in a week */
  boundOf: (week: number) => number
  /** over the weeks, `ROUNDS` at most */
  rounds: number
  /** with another thread at the same plan; the second takes weeks from the end */
  partner?: SharedSearch
  isSecond?: boolean
}

/** The best roster so far, the part of the search that is made, and what is done now. */
type SearchStep = { best: Roster; part: number; doing: string }

/** Looks for a good roster: week by week where places are open, then all over, or by days where rules look at days in a row. */
export function* searchRoster(start: Roster, effort: SearchEffort): Generator<SearchStep> {
  const { plan } = start
  const { seed, pressed } = effort
  let best = start
  const accept = (roster: Roster) => {
    if (compareWorth(roster, best) < 0) best = roster
  }
  if (plan.hasRules) {
    for (const found of annealDays(start, { seed, moves: 5 * movesFor(plan), pressed })) {
      accept(found.best)
      yield { best, part: found.part, doing: 'trying other days' }
    }
    return
  }
  for (const found of fillWeeks(start, effort)) {
    accept(found.best)
    yield { ...found, best, part: found.part / 2 }
  }
  for (let turn = 0; turn < SEARCHES; turn++) {
    // The first search improves the best roster; the others start from scratch, as the result depends on chance.
    const heat = turn ? {} : { heat: 0.05 }
    for (const found of anneal(turn ? start : best, { seed: seed + turn, moves: movesFor(plan), ...heat })) {
      accept(found.best)
      yield { best, part: (1 + (turn + found.part) / SEARCHES) / 2, doing: 'trying exchanges' }
      if (pressed() > 1) return
    }
  }
}

/** Each week by itself, as hours are counted by the week; with a partner, each takes those that the other has not. */
function* fillWeeks(
  start: Roster,
  { seed, pressed, boundOf, rounds, partner, isSecond }: SearchEffort,
): Generator<SearchStep> {
  const { plan } = start
  let best = start
  const isFull = (week: number) => openIn(best, week) <= boundOf(week)
  const takeOver = (round: number) => {
    for (let week = 0; week < plan.weeks; week++) {
      const places = partner?.weekOf(round, week, best)
      if (!places) continue
      const mixed = Roster.whatFits(plan, places)
      if (compareWorth(mixed, best) < 0) best = mixed
    }
  }
  const weeks = Array.from({ length: plan.weeks }, (_, week) => (isSecond ? plan.weeks - 1 - week : week))
  for (let round = 0; round < rounds; round++) {
    for (const [index, week] of weeks.entries()) {
      takeOver(round)
      if (round) takeOver(round - 1)
      if (isFull(week) || pressed() > WEEKS_SHARE || (partner && !partner.claim(round, week))) continue
      const effort = { seed: seed + round, moves: (movesFor(plan) / 2) * (1 + round), heat: 4, week }
      for (const found of anneal(best, effort)) {
        if (compareWorth(found.best, best) < 0) best = found.best
        const part = (round + (index + found.part) / plan.weeks) / rounds
        yield { best, part, doing: `filling week ${week + 1} of ${plan.weeks}` }
        if (pressed() > WEEKS_SHARE || isFull(week)) break
      }
      partner?.tellWeek(round, week, best)
    }
  }
  for (let round = 0; round < rounds; round++) takeOver(round)
  yield { best, part: 1, doing: 'trying exchanges' }
}

export const openIn = ({ plan, at }: Roster, week: number) =>
  plan.openings.reduce(
    (all, one, opening) =>
      all + (one.week === week && one.under === undefined ? Math.max(0, one.places - at[opening]!.length) : 0),
    0,
  )

const movesFor = ({ openings }: Plan) => {
  const places = openings.reduce((all, opening) => all + opening.places, 0)
  return Math.min(400_000, Math.max(20_000, 1000 * places))
}
