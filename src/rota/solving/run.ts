import { check } from './check.ts'
import type { Proof } from './exact.ts'
import { greedy } from './greedy.ts'
import { type Plan, prepare } from './plan.ts'
import type { Algorithm, Ended, Problem, Progress, Solution, Stage } from './problem.ts'
import { better, type Roster } from './roster.ts'
import { improve } from './search.ts'
import { cheapestConceivable, solution } from './solution.ts'

export type Order = { problem: Problem; algorithm: Algorithm; budget_s?: number }

export type News = { progress: Progress; best?: Solution } | { done: Solution }

const SEARCHES = 3
/** Of a budget, so much at most goes to the search before the proof. */
const SEARCH_SHARE = 0.4

/** Makes the roster that was ordered and tells of it as it goes. It blocks its thread, so it has one of its own: worker.ts. */
export async function run({ problem, algorithm, budget_s }: Order, tell: (news: News) => void): Promise<void> {
  const begun = performance.now()
  const spent = () => (budget_s === undefined ? 0 : (performance.now() - begun) / 1000 / budget_s)
  const report = reporter(tell)
  report('building', 2)
  const plan = prepare(problem)
  let state = known(greedy(plan))
  let ended: Ended = 'heuristic'
  let trouble: string | undefined
  report('optimization', 5, state)

  if (algorithm !== 'greedy') {
    const start = state.roster
    for (let turn = 0; turn < SEARCHES; turn++) {
      for (const { best, part } of improve(start, { seed: problem.seed + turn, moves: movesFor(plan) })) {
        if (better(best, state.roster) < 0) state = known(best)
        report('optimization', 5 + (30 * (turn + part)) / SEARCHES, state)
        if (spent() > SEARCH_SHARE) break
      }
    }
    report('optimization', 35, state, 'at once')
    const { prove } = await import('./prove.ts')
    try {
      state = await prove(state, {
        seed: problem.seed,
        left: () => (budget_s === undefined ? Number.POSITIVE_INFINITY : budget_s * (1 - spent())),
        onStep(reached, part) {
          state = reached
          report('optimization', 35 + 60 * Math.max(part, spent()), state)
        },
      })
      ended = state.settled === 3 ? 'proved' : 'budget'
    } catch (error) {
      ended = 'failed' // most likely out of the solver's memory: what was found until then stands
      trouble = String(error)
    }
  }

  report('checking', 95, state)
  const done = solution(state.roster, state.bound, ended)
  if (trouble) done.summary.trouble = trouble
  const [broken] = check(problem, done.assignments).filter(violation => !violation.given)
  if (broken) throw new Error(`The solver broke a rule: ${broken.message}`)
  tell({ done })
}

const known = (roster: Roster): Proof => ({
  roster,
  bound: cheapestConceivable(roster.plan, roster.open),
  settled: 0,
})

const movesFor = ({ openings }: Plan) => {
  const places = openings.reduce((all, opening) => all + opening.places, 0)
  return Math.min(400_000, Math.max(20_000, 1000 * places))
}

/** Tells where things stand and the best roster so far, a few times a second at most and at every new stage. */
function reporter(tell: (news: News) => void) {
  let [stage, told, percent] = ['', 0, 0]
  return (now: Stage, reached: number, state?: Proof, when?: 'at once') => {
    if (now === stage && !when && performance.now() - told < 200) return
    stage = now
    told = performance.now()
    percent = Math.max(percent, Math.min(99, Math.floor(reached)))
    const best = state && solution(state.roster, state.bound, 'cancelled')
    const { cost_cents = null, gap = null } = best?.summary ?? {}
    tell({ progress: { stage: now, percent, best_cents: cost_cents, gap }, best })
  }
}
