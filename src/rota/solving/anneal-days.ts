import type { AnnealingStep } from './annealing.ts'
import type { SolverPlan } from './plan.ts'
import { compareScores, Roster, RosterChanges, type RosterScore, scoreOf } from './roster.ts'
import { seededRandom } from './seeded-random.ts'
import { evaluateRules, SHORT_STRETCH_WEIGHT } from './work-rules.ts'

const MAX_STRETCH_DAYS = 7

/**
 * Simulated annealing for rules about days in a row. A move replaces some days of one person, or swaps some days of two people.
 * `timeUsed` is the share of the time that is used: it cools by that if the moves take longer than expected. Moves that break a
 * hard rule are never made; moves that only make the score worse are accepted less and less.
 */
export function* annealDays(
  start: Roster,
  { seed, moves, timeUsed }: { seed: number; moves: number; timeUsed: () => number },
): Generator<AnnealingStep> {
  const { plan } = start
  const roster = Roster.from(plan, start.peopleAt)
  const next = seededRandom(seed)
  const randomBelow = (n: number) => Math.floor(next() * n)
  const { choices, people } = choicesOf(plan)
  if (!people.length) return
  const { energy, heat } = energyAndHeat(plan)
  let best = start
  let [worth, places, improved] = [scoreOf(roster), start.peopleAt, false]
  const changes = new RosterChanges(roster)
  const take = (opening: number, person: number) => {
    if (!roster.hasRoom(opening) || !roster.canTake(opening, person)) return false
    changes.assign(opening, person)
    return true
  }
  const unassignDays = (person: number, from: number, until: number) => {
    const there = roster.openingsOf[person]!.filter(opening => isWithin(plan, opening, from, until))
    for (const opening of there) changes.unassign(opening, person)
    return there
  }

  // The weight of days too few in a row grows while there are any.
  let [part, strictness] = [0, 1]
  for (let done = 1; done <= moves && part < 1; done++) {
    changes.clear()
    const before = energy(roster, strictness)
    const person = people[randomBelow(people.length)]!
    const from = randomBelow(plan.days.count)
    const until = Math.min(plan.days.count, from + 1 + randomBelow(randomBelow(2) ? 1 : MAX_STRETCH_DAYS))
    const freed = unassignDays(person, from, until)
    const chance = next()
    let isMade = true
    if (chance < 0.4) {
      const other = people[randomBelow(people.length)]!
      const othersFreed = other === person ? [] : unassignDays(other, from, until)
      isMade =
        other !== person &&
        othersFreed.every(opening => take(opening, person)) &&
        freed.every(opening => take(opening, other))
    } else if (chance < 0.9) {
      const kind = randomBelow(2) ? undefined : randomBelow(64)
      for (let day = from; day < until && isMade; day++) {
        const those = choices[person]![day]!
        if (those.length) take(those[kind === undefined ? randomBelow(those.length) : kind % those.length]!, person)
      }
    } else {
      // The freed openings go to random people who can take them.
      for (const opening of freed) {
        const other = people[randomBelow(people.length)]!
        if (other !== person && !roster.peopleAt[opening]!.includes(other)) take(opening, other)
      }
    }
    const worse = energy(roster, strictness) - before
    if (!isMade || changes.isEmpty || (worse > 0 && next() >= Math.exp(-worse / heat(part)))) changes.undo()
    else if (compareScores(roster, worth) < 0)
      [worth, places, improved] = [scoreOf(roster), roster.copyAssignments(), true]
    if (done % 1024 !== 0 && done < moves) continue
    if (improved) best = Roster.from(plan, places)
    improved = false
    strictness =
      roster.broken >= SHORT_STRETCH_WEIGHT ? Math.min(50, strictness * 1.05) : Math.max(1, strictness / 1.05)
    part = Math.max(done / moves, timeUsed())
    yield { best, part }
  }
}

const isWithin = ({ openings }: SolverPlan, opening: number, from: number, until: number) =>
  openings[opening]!.day >= from && openings[opening]!.day < until

/** `choices[person][day]`: the openings of that day they are a candidate for; `people`: those with any. */
function choicesOf(plan: SolverPlan) {
  const choices: number[][][] = Array.from({ length: plan.people }, () =>
    Array.from({ length: plan.days.count }, () => []),
  )
  for (const [opening, { candidates, day }] of plan.openings.entries())
    for (const person of candidates) choices[person]![day]!.push(opening)
  const people = [...choices.keys()].filter(person => choices[person]!.some(day => day.length))
  return { choices, people }
}

/** The score as one number in cents: a broken hard rule and an open place cost more than anything with a price. */
function energyAndHeat({ openings, problem, cost, people }: SolverPlan) {
  let highest = 1
  for (const [index, { candidates, underPrice = 0, overPrice }] of openings.entries()) {
    highest = Math.max(highest, underPrice, overPrice)
    for (const person of candidates) highest = Math.max(highest, Math.abs(cost[index * people + person]!))
  }
  for (const { price_cents } of problem.requests ?? []) highest = Math.max(highest, price_cents)
  const openPlaceEnergy = 2 * highest
  const [from, to] = [highest / 2, Math.max(0.2, highest / 500)]
  return {
    energy: ({ broken, open, cost, balance }: RosterScore, strictness: number) =>
      (2 * strictness * Math.floor(broken / SHORT_STRETCH_WEIGHT) + (broken % SHORT_STRETCH_WEIGHT) / 4 + open) *
        openPlaceEnergy +
      cost +
      balance * 1e-3,
    heat: (done: number) => from * (to / from) ** done,
  }
}

/** The roster without the work that makes days in a row too few: the result keeps every rule that less work can keep. */
export function withoutShortStretches(roster: Roster): Roster {
  if (roster.broken < SHORT_STRETCH_WEIGHT) return roster
  const kept = Roster.from(roster.plan, roster.peopleAt)
  for (const person of kept.openingsOf.keys()) {
    const duties = kept.plan.rulesByPerson[person]
    if (!duties) continue
    const unavoidable = evaluateRules(duties, kept.plan, []).shortDays
    while (kept.evaluations[person]!.shortDays > unavoidable && kept.openingsOf[person]!.length) {
      let [found, least] = [kept.openingsOf[person]![0]!, Number.POSITIVE_INFINITY]
      for (const opening of [...kept.openingsOf[person]!]) {
        kept.unassign(opening, person)
        const { shortDays } = kept.evaluations[person]!
        kept.assign(opening, person)
        if (shortDays < least) [found, least] = [opening, shortDays]
      }
      kept.unassign(found, person)
    }
  }
  return kept
}
