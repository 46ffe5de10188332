import { fewestOpen } from './bounds.ts'
import { check } from './check.ts'
import { type Proof, unproved } from './exact.ts'
import { find, openIn } from './find.ts'
import { greedy } from './greedy.ts'
import { pairOf, ROUNDS, type Shared } from './pair.ts'
import { type Plan, prepare } from './plan.ts'
import type { Algorithm, Ended, Problem, Progress, Solution, Stage } from './problem.ts'
import { better, Roster } from './roster.ts'
import { solution } from './solution.ts'
import { trimmed } from './stretches.ts'

/** With memory that is shared, another thread assists. */
export type SolveOrder = { problem: Problem; algorithm: Algorithm; budget_s?: number; shared?: Shared }

export type News = { progress: Progress; best?: Solution }

/** Of a budget, so much at most goes to the search before the proof, and so much when a proof is out of reach. */
const SEARCH_SHARE = 0.4
const SEARCH_ALONE = 0.9
/** With more choices than this in a week, ten seconds prove nothing. */
const PROVABLE = 10_000

/** Makes the roster that was ordered and tells of it as it goes. It blocks its thread, so it has one of its own: worker.ts. */
export async function run(
  { problem, algorithm, budget_s, shared }: SolveOrder,
  tell: (news: News) => void,
): Promise<Solution> {
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

  const searchShare = algorithm === 'production' && isBeyondProof(plan) ? SEARCH_ALONE : SEARCH_SHARE
  const bounds = weeklyBounds(state.roster, (week, bounds) => {
    state.openBound = Math.max(state.openBound, sum(bounds))
    report('optimization', 5, `counting what cannot be filled in week ${week + 1} of ${plan.weeks}`, state)
    return algorithm !== 'greedy' && spent() > searchShare / 2
  })

  const accept = (best: Roster) => {
    if (better(best, state.roster) < 0) state = { ...state, roster: best }
  }
  if (algorithm !== 'greedy') {
    const pair = shared && isBeyondProof(plan) ? pairOf(plan, shared) : undefined
    for (const [week, bound] of bounds.entries()) pair?.setBound(week, bound)
    const effort = {
      seed: problem.seed,
      pressed: () => spent() / searchShare,
      boundOf: (week: number) => bounds[week]!,
      rounds: isBeyondProof(plan) ? ROUNDS : 2,
    }
    for (const { best, part, doing } of find(state.roster, { ...effort, ...(pair && { pair }) })) {
      accept(best)
      report('optimization', 5 + 30 * part, doing, state)
    }
    const others = () => {
      const places = pair?.wholeOf(state.roster)
      if (places) accept(trimmed(Roster.asFarAs(plan, places)))
    }
    others()
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
    if (ended !== 'proved') others()
  }

  report('checking', 95, 'checking every rule', state, 'at once')
  const done = solution(trimmed(state.roster), state.bound, ended, state.openBound)
  if (trouble) done.summary.trouble = trouble
  const [broken] = check(problem, done.assignments).filter(({ given, rule }) => !given && !isWanting(rule, done))
  if (broken) throw new Error(`The solver broke a rule: ${broken.message}`)
  return done
}

/** Searches the same plan as `run` does in another thread, from the last week on and with other chances, until it is ended from outside. */
export function assist({ problem, budget_s, shared }: SolveOrder): void {
  const begun = performance.now()
  const plan = prepare(problem)
  if (!shared || !isBeyondProof(plan)) return
  const start = trimmed(greedy(plan))
  const pair = pairOf(plan, shared)
  const { boundOf } = pair
  const rounds = ROUNDS
  const pressed = () => (budget_s === undefined ? 0 : (performance.now() - begun) / 1000 / budget_s / SEARCH_ALONE)
  let told = start
  for (const { best } of find(start, { seed: problem.seed + 1000, pressed, boundOf, rounds, pair, isSecond: true }))
    if (best !== told) {
      pair.tellWhole(best)
      told = best
    }
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

/** In ten seconds nothing would be proved. */
const isBeyondProof = ({ openings, weeks }: Plan) =>
  openings.reduce((all, { takers }) => all + takers.length, 0) / Math.max(1, weeks) > PROVABLE

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0)

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
