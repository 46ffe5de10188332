import type { AnnealingStep } from './annealing.ts'
import type { Plan } from './plan.ts'
import { compareWorth, Roster, type Worth, worthOf } from './roster.ts'
import { seededRandom } from './seeded-random.ts'
import { evaluateRules, SHORT_STRETCH } from './work-rules.ts'

const LONGEST = 7

type Step = [taken: boolean, opening: number, person: number]

/**
 * Simulated annealing for rules that look at days in a row: some days of one person are given another content, or two people
 * swap some days. `pressed` is the part of the time that is over: where the moves would take longer, it cools faster. A step that a hard rule forbids is not made; what only counts may get worse ever more rarely.
 */
export function* annealDays(
  start: Roster,
  { seed, moves, pressed }: { seed: number; moves: number; pressed: () => number },
): Generator<AnnealingStep> {
  const { plan } = start
  const roster = Roster.from(plan, start.at)
  const next = seededRandom(seed)
  const below = (n: number) => Math.floor(next() * n)
  const { choices, people } = choicesOf(plan)
  if (!people.length) return
  const { energy, heat } = scales(plan)
  let best = start
  let [worth, places, improved] = [worthOf(roster), start.at, false]
  const steps: Step[] = []
  const leave = (opening: number, person: number) => {
    roster.leave(opening, person)
    steps.push([false, opening, person])
  }
  const take = (opening: number, person: number) => {
    if (!roster.hasRoom(opening) || !roster.canTake(opening, person)) return false
    roster.take(opening, person)
    steps.push([true, opening, person])
    return true
  }
  const clear = (person: number, from: number, until: number) => {
    const there = roster.of[person]!.filter(opening => isWithin(plan, opening, from, until))
    for (const opening of there) leave(opening, person)
    return there
  }

  // Too few days in a row weigh more for as long as there are any.
  let [part, strictness] = [0, 1]
  for (let done = 1; done <= moves && part < 1; done++) {
    steps.length = 0
    const before = energy(roster, strictness)
    const person = people[below(people.length)]!
    const from = below(plan.days.count)
    const until = Math.min(plan.days.count, from + 1 + below(below(2) ? 1 : LONGEST))
    const given = clear(person, from, until)
    const chance = next()
    let isMade = true
    if (chance < 0.4) {
      const other = people[below(people.length)]!
      const theirs = other === person ? [] : clear(other, from, until)
      isMade =
        other !== person &&
        theirs.every(opening => take(opening, person)) &&
        given.every(opening => take(opening, other))
    } else if (chance < 0.9) {
      const kind = below(2) ? undefined : below(64)
      for (let day = from; day < until && isMade; day++) {
        const those = choices[person]![day]!
        if (those.length) take(those[kind === undefined ? below(those.length) : kind % those.length]!, person)
      }
    } else {
      // What is given goes to whoever can take it.
      for (const opening of given) {
        const other = people[below(people.length)]!
        if (other !== person && !roster.at[opening]!.includes(other)) take(opening, other)
      }
    }
    const worse = energy(roster, strictness) - before
    if (!isMade || !steps.length || (worse > 0 && next() >= Math.exp(-worse / heat(part)))) {
      for (const [taken, opening, who] of steps.reverse())
        taken ? roster.leave(opening, who) : roster.take(opening, who)
    } else if (compareWorth(roster, worth) < 0) [worth, places, improved] = [worthOf(roster), roster.places(), true]
    if (done % 1024 !== 0 && done < moves) continue
    if (improved) best = Roster.from(plan, places)
    improved = false
    strictness = roster.broken >= SHORT_STRETCH ? Math.min(50, strictness * 1.05) : Math.max(1, strictness / 1.05)
    part = Math.max(done / moves, pressed())
    yield { best, part }
  }
}

const isWithin = ({ openings }: Plan, opening: number, from: number, until: number) =>
  openings[opening]!.day >= from && openings[opening]!.day < until

/** [person][day]: the openings they may stand at, and who has any. */
function choicesOf(plan: Plan) {
  const choices: number[][][] = Array.from({ length: plan.people }, () =>
    Array.from({ length: plan.days.count }, () => []),
  )
  for (const [opening, { takers, day }] of plan.openings.entries())
    for (const person of takers) choices[person]![day]!.push(opening)
  const people = [...choices.keys()].filter(person => choices[person]!.some(day => day.length))
  return { choices, people }
}

/** Everything in cents: what has no price costs more than all that has. */
function scales({ openings, problem, cost, people }: Plan) {
  let highest = 1
  for (const [index, { takers, under = 0, over }] of openings.entries()) {
    highest = Math.max(highest, under, over)
    for (const person of takers) highest = Math.max(highest, Math.abs(cost[index * people + person]!))
  }
  for (const { price_cents } of problem.requests ?? []) highest = Math.max(highest, price_cents)
  const place = 2 * highest
  const [from, to] = [highest / 2, Math.max(0.2, highest / 500)]
  return {
    energy: ({ broken, open, cost, balance }: Worth, strictness: number) =>
      (2 * strictness * Math.floor(broken / SHORT_STRETCH) + (broken % SHORT_STRETCH) / 4 + open) * place +
      cost +
      balance * 1e-3,
    heat: (done: number) => from * (to / from) ** done,
  }
}

/** The same with less work where days in a row are too few: what is left keeps every rule that can be kept by working less. */
export function trimmed(roster: Roster): Roster {
  if (roster.broken < SHORT_STRETCH) return roster
  const kept = Roster.from(roster.plan, roster.at)
  for (const person of kept.of.keys()) {
    const duties = kept.plan.duties[person]
    if (!duties) continue
    const unavoidable = evaluateRules(duties, kept.plan, []).shortDays
    while (kept.evaluations[person]!.shortDays > unavoidable && kept.of[person]!.length) {
      let [found, least] = [kept.of[person]![0]!, Number.POSITIVE_INFINITY]
      for (const opening of [...kept.of[person]!]) {
        kept.leave(opening, person)
        const { shortDays } = kept.evaluations[person]!
        kept.take(opening, person)
        if (shortDays < least) [found, least] = [opening, shortDays]
      }
      kept.leave(found, person)
    }
  }
  return kept
}
