import { annealDays } from './anneal-days.ts'
import { anneal } from './annealing.ts'
import type { SolverPlan } from './plan.ts'
import { compareScores, Roster } from './roster.ts'
import type { SharedSearch } from './shared-search.ts'

const SEARCHES = 3
/** Of the time, so much at most goes to the weeks. */
const WEEKS_SHARE = 0.8

type SearchEffort = {
  seed: number
  /** the part of the time for the search that is over */
  timeUsed: () => number
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
  const { seed, timeUsed } = effort
  let best = start
  const accept = (roster: Roster) => {
    if (compareScores(roster, best) < 0) best = roster
  }
  if (plan.hasRules) {
    for (const found of annealDays(start, { seed, moves: 5 * movesFor(plan), timeUsed })) {
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
      if (timeUsed() > 1) return
    }
  }
}

/** Each week by itself, as hours are counted by the week; with a partner, each takes those that the other has not. */
function* fillWeeks(
  start: Roster,
  { seed, timeUsed, boundOf, rounds, partner, isSecond }: SearchEffort,
): Generator<SearchStep> {
  const { plan } = start
  let best = start
  const isFull = (week: number) => openPlacesInWeek(best, week) <= boundOf(week)
  const adoptPartnerWeeks = (round: number) => {
    for (let week = 0; week < plan.weeks; week++) {
      const places = partner?.partnerWeek(round, week, best)
      if (!places) continue
      const mixed = Roster.fromWhatFits(plan, places)
      if (compareScores(mixed, best) < 0) best = mixed
    }
  }
  const weeks = Array.from({ length: plan.weeks }, (_, week) => (isSecond ? plan.weeks - 1 - week : week))
  for (let round = 0; round < rounds; round++) {
    for (const [index, week] of weeks.entries()) {
      adoptPartnerWeeks(round)
      if (round) adoptPartnerWeeks(round - 1)
      if (isFull(week) || timeUsed() > WEEKS_SHARE || (partner && !partner.claim(round, week))) continue
      const effort = { seed: seed + round, moves: (movesFor(plan) / 2) * (1 + round), heat: 4, week }
      for (const found of anneal(best, effort)) {
        if (compareScores(found.best, best) < 0) best = found.best
        const part = (round + (index + found.part) / plan.weeks) / rounds
        yield { best, part, doing: `filling week ${week + 1} of ${plan.weeks}` }
        if (timeUsed() > WEEKS_SHARE || isFull(week)) break
      }
      partner?.publishWeek(round, week, best)
    }
  }
  for (let round = 0; round < rounds; round++) adoptPartnerWeeks(round)
  yield { best, part: 1, doing: 'trying exchanges' }
}

export const openPlacesInWeek = ({ plan, peopleAt }: Roster, week: number) =>
  plan.openings.reduce(
    (all, one, opening) =>
      all +
      (one.week === week && one.underPrice === undefined ? Math.max(0, one.places - peopleAt[opening]!.length) : 0),
    0,
  )

const movesFor = ({ openings }: SolverPlan) => {
  const places = openings.reduce((all, opening) => all + opening.places, 0)
  return Math.min(400_000, Math.max(20_000, 1000 * places))
}
