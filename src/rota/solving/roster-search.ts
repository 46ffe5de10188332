import { annealDays } from './anneal-days.ts'
import { anneal } from './annealing.ts'
import type { SolverPlan } from './plan.ts'
import { compareScores, Roster } from './roster.ts'
import type { SharedSearch } from './shared-search.ts'

const SEARCHES = 3
/** The largest share of the time that is spent on single weeks. */
const WEEKS_SHARE = 0.8

type SearchEffort = {
  seed: number
  /** the share of the search's time that is used */
  timeUsed: () => number
  /** a lower bound of the places that stay open in a week */
  boundOf: (week: number) => number
  /** how often to go over all weeks, at most `ROUNDS` */
  rounds: number
  /** another thread that searches the same plan; the second thread starts with the last week */
  partner?: SharedSearch
  isSecond?: boolean
}

/** The best roster so far, the share of the search that is done, and what is being done as text for people. */
type SearchStep = { best: Roster; part: number; doing: string }

/** Searches for a good roster: first single weeks with open places, then all weeks; by days if there are rules of work. */
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

/** Searches each week by itself, as hours are limited by the week. With a partner thread, each takes weeks that the other has not claimed. */
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
      const combined = Roster.fromWhatFits(plan, places)
      if (compareScores(combined, best) < 0) best = combined
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
