import { fewestOpen } from './bounds.ts'
import { check } from './check.ts'
import { type Proof, unproved } from './exact.ts'
import { greedy } from './greedy.ts'
import { type Plan, prepare } from './plan.ts'
import type { Algorithm, Ended, Problem, Progress, Solution, Stage } from './problem.ts'
import { better, Roster } from './roster.ts'
import { improve } from './search.ts'
import { solution } from './solution.ts'
import { improveStretches, trimmed } from './stretches.ts'

export type SolveOrder = { problem: Problem; algorithm: Algorithm; budget_s?: number }

export type News = { progress: Progress; best?: Solution }

const ROUNDS = 2
const SEARCHES = 3
/** Of a budget, so much at most goes to the search before the proof, and so much when a proof is out of reach. */
const SEARCH_SHARE = 0.4
const SEARCH_ALONE = 0.9
/** With more choices than this in a week, ten seconds prove nothing. */
const PROVABLE = 10_000

/** Makes the roster that was ordered and tells of it as it goes. It blocks its thread, so it has one of its own: worker.ts. */
export async function run({ problem, algorithm, budget_s }: SolveOrder, tell: (news: News) => void): Promise<Solution> {
  const begun = performance.now()
  const spent = () => (budget_s === undefined ? 0 : (performance.now() - begun) / 1000 / budget_s)
  const report = reporter(tell)
  report('building', 2, 'reading the rules')
  const plan = prepare(problem)
  report('building', 3, 'placing the hardest shifts first')
  let grown = performance.now()
  const first = greedy(plan, (roster, part) => {
    if (performance.now() - grown < 500) return
    report('building', 3 + part, 'placing the hardest shifts first', unproved(trimmed(Roster.from(plan, roster.at))))
    grown = performance.now()
  })
  let state = unproved(trimmed(first))
  let ended: Ended = 'heuristic'
  let trouble: string | undefined
  report('optimization', 5, 'counting what cannot be filled', state)

  const searchShare = algorithm === 'production' && choicesAWeek(plan) > PROVABLE ? SEARCH_ALONE : SEARCH_SHARE
  const bounds = weeklyBounds(state.roster, (week, bounds) => {
    state.openBound = Math.max(state.openBound, sum(bounds))
    report('optimization', 5, `counting what cannot be filled in week ${week + 1} of ${plan.weeks}`, state)
    return algorithm !== 'greedy' && spent() > searchShare / 2
  })

  if (algorithm !== 'greedy') {
    const start = state.roster
    const accept = (best: Roster) => {
      if (better(best, state.roster) < 0) state = { ...state, roster: best }
    }
    if (plan.hasRules) {
      const effort = { seed: problem.seed, moves: 5 * movesFor(plan), pressed: () => spent() / searchShare }
      for (const { best, part } of improveStretches(state.roster, effort)) {
        accept(best)
        report('optimization', 5 + 30 * part, 'trying other days', state)
      }
    }
    for (let round = 0; round < ROUNDS && !plan.hasRules; round++) {
      for (let week = 0; week < plan.weeks; week++) {
        if (openIn(state.roster, week) <= bounds[week]! || spent() > searchShare) continue
        const effort = { seed: problem.seed + round, moves: (movesFor(plan) / 2) * (1 + round), heat: 4, week }
        for (const { best, part } of improve(state.roster, effort)) {
          accept(best)
          const doing = `filling week ${week + 1} of ${plan.weeks}`
          report('optimization', 5 + (15 * (round + (week + part) / plan.weeks)) / ROUNDS, doing, state)
          if (spent() > searchShare || openIn(state.roster, week) <= bounds[week]!) break
        }
      }
    }
    for (let turn = 0; turn < SEARCHES && !plan.hasRules; turn++) {
      const from = turn ? start : state.roster
      const effort = { seed: problem.seed + turn, moves: movesFor(plan), ...(from === start ? {} : { heat: 0.05 }) }
      for (const { best, part } of improve(from, effort)) {
        accept(best)
        report('optimization', 20 + (15 * (turn + part)) / SEARCHES, 'trying exchanges', state)
        if (spent() > searchShare) break
      }
    }
    report('optimization', 35, 'proving', state, 'at once')
    const { prove } = await import('./prove.ts')
    try {
      state = await prove(state, {
        seed: problem.seed,
        left: () => (budget_s === undefined ? Number.POSITIVE_INFINITY : budget_s * (1 - spent())),
        onStep(reached, part, doing) {
          state = reached
          report('optimization', 35 + 60 * Math.max(part, spent()), doing, state)
        },
      })
      ended = state.settled === 3 ? 'proved' : 'budget'
    } catch (error) {
      ended = 'failed' // most likely out of the solver's memory: what was found until then stands
      trouble = String(error)
    }
  }

  report('checking', 95, 'checking every rule', state, 'at once')
  const done = solution(trimmed(state.roster), state.bound, ended, state.openBound)
  if (trouble) done.summary.trouble = trouble
  const [broken] = check(problem, done.assignments).filter(({ given, rule }) => !given && !isWanting(rule, done))
  if (broken) throw new Error(`The solver broke a rule: ${broken.message}`)
  return done
}

/** Hours that cannot be had are told in the summary; all other rules can be kept by working less. */
const isWanting = (rule: string, { summary }: Solution) => rule === 'least_hours' && summary.unmet.length > 0

/** [week]: the fewest places any roster leaves open in it; `told` says when to stop. */
function weeklyBounds(roster: Roster, told: (week: number, bounds: number[]) => boolean): number[] {
  const { plan } = roster
  const bounds = Array.from({ length: plan.weeks }, () => 0)
  for (let week = 0; week < plan.weeks; week++) {
    const reached = openIn(roster, week)
    if (!reached) continue
    for (const bound of fewestOpen(plan, week, reached)) {
      bounds[week] = bound
      if (told(week, bounds)) return bounds
    }
  }
  return bounds
}

const openIn = ({ plan, at }: Roster, week: number) =>
  plan.openings.reduce(
    (all, one, opening) =>
      all + (one.week === week && one.under === undefined ? Math.max(0, one.places - at[opening]!.length) : 0),
    0,
  )

const choicesAWeek = ({ openings, weeks }: Plan) =>
  openings.reduce((all, { takers }) => all + takers.length, 0) / Math.max(1, weeks)

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0)

const movesFor = ({ openings }: Plan) => {
  const places = openings.reduce((all, opening) => all + opening.places, 0)
  return Math.min(400_000, Math.max(20_000, 1000 * places))
}

/** Tells where things stand and the best roster so far, a few times a second at most and at every new stage. */
function reporter(tell: (news: News) => void) {
  let [stage, told, percent] = ['', 0, 0]
  let [best, of, made]: [Solution | undefined, Proof | undefined, number] = [undefined, undefined, 0]
  return (now: Stage, reached: number, doing: string, state?: Proof, when?: 'at once') => {
    if (now === stage && !when && performance.now() - told < 200) return
    stage = now
    told = performance.now()
    percent = Math.max(percent, Math.min(99, Math.floor(reached)))
    const isNew = state && (state.roster !== of?.roster || state.bound !== of.bound || state.openBound !== of.openBound)
    const isDue = isNew && (!of || when || told - made > 800) // saying why each place is open takes a while
    if (isDue)
      [best, of, made] = [
        solution(trimmed(state.roster), state.bound, 'cancelled', state.openBound),
        { ...state },
        told,
      ]
    const { cost_cents = null, gap = null } = best?.summary ?? {}
    const [open, open_bound] = of ? [of.roster.open, of.openBound] : [null, null]
    const progress = { stage: now, percent, doing, best_cents: cost_cents, gap, open, open_bound }
    tell(isDue ? { progress, best } : { progress })
  }
}
