import { withoutShortStretches } from './anneal-days.ts'
import { openPlacesLowerBound } from './bounds.ts'
import { checkRoster } from './check.ts'
import { buildGreedyRoster } from './greedy.ts'
import { preparePlan, type SolverPlan } from './plan.ts'
import type { Algorithm, EndReason, RosterProblem, Solution, SolveProgress, SolveStage } from './problem.ts'
import { initialProof, type Proof, type ProofOptions } from './prove-optimal.ts'
import { compareScores, Roster } from './roster.ts'
import { openPlacesInWeek, searchRoster } from './roster-search.ts'
import { openSharedSearch, ROUNDS, type SharedMemory } from './shared-search.ts'
import { toSolution } from './solution.ts'

export type SolveOrder = {
  problem: RosterProblem
  algorithm: Algorithm
  budget_s?: number
  /** The exact solver, compiled. */
  highs?: WebAssembly.Module
  /** Memory shared with a second thread that searches the same plan. */
  shared?: SharedMemory
}

export type SolveUpdate = { progress: SolveProgress; best?: Solution }

/** The largest share of a budget for the search before the proof, and if the problem is too large to prove anything. */
const SEARCH_SHARE = 0.4
const SEARCH_SHARE_WITHOUT_PROOF = 0.9
/** With more pairs of an opening and a candidate in a week, ten seconds are too short to prove anything. */
const MAX_PROVABLE_CHOICES = 10_000

/** How long `greedy`, which has no budget, counts what cannot be filled: for hundreds of people it could be minutes. */
const GREEDY_COUNTING = 2_000 // ms

/** Computes the requested roster and reports progress. It blocks its thread, so `solve` runs it in a worker. */
export async function solveInThisThread(
  { problem, algorithm, budget_s, highs, shared }: SolveOrder,
  send: (update: SolveUpdate) => void,
): Promise<Solution> {
  const begun = performance.now()
  const spent = () => (budget_s === undefined ? 0 : (performance.now() - begun) / 1000 / budget_s)
  const report = reporter(send)
  report('building', 2, 'reading the rules')
  const plan = preparePlan(problem)
  let state = initialProof(firstRoster(plan, report))
  let [ended, trouble]: Outcome = ['heuristic']
  report('optimization', 5, 'counting what cannot be filled', state)

  const searchShare = algorithm === 'production' && isTooLargeToProve(plan) ? SEARCH_SHARE_WITHOUT_PROOF : SEARCH_SHARE
  const counting = performance.now()
  const bounds = weeklyBounds(state.roster, (week, bounds) => {
    state.openBound = Math.max(state.openBound, sum(bounds))
    report('optimization', 5, `counting what cannot be filled in week ${week + 1} of ${plan.weeks}`, state)
    return algorithm === 'greedy' ? performance.now() - counting > GREEDY_COUNTING : spent() > searchShare / 2
  })

  const accept = (best: Roster) => {
    if (compareScores(best, state.roster) < 0) state = { ...state, roster: best }
  }
  if (algorithm !== 'greedy') {
    const partner = shared && isTooLargeToProve(plan) ? openSharedSearch(plan, shared) : undefined
    for (const [week, bound] of bounds.entries()) partner?.setBound(week, bound)
    const effort = {
      seed: problem.seed,
      timeUsed: () => spent() / searchShare,
      boundOf: (week: number) => bounds[week]!,
      rounds: isTooLargeToProve(plan) ? ROUNDS : 2,
    }
    for (const { best, part, doing } of searchRoster(state.roster, { ...effort, ...(partner && { partner }) })) {
      accept(best)
      report('optimization', 5 + 30 * part, doing, state)
    }
    const takePartnersBest = () => {
      const places = partner?.partnerRoster(state.roster)
      if (places) accept(withoutShortStretches(Roster.fromWhatFits(plan, places)))
    }
    takePartnersBest()
    report('optimization', 35, 'proving', state, 'at once')
    ;[ended, trouble] = await prove(state, highs, {
      seed: problem.seed,
      secondsLeft: () => (budget_s === undefined ? Number.POSITIVE_INFINITY : budget_s * (1 - spent())),
      onStep(reached, part, doing) {
        state = reached
        report('optimization', 35 + 60 * Math.max(part, spent()), doing, state)
      },
    })
    if (ended !== 'proved') takePartnersBest()
  }

  report('checking', 95, 'checking every rule', state, 'at once')
  const done = toSolution(withoutShortStretches(state.roster), state.bound, ended, state.openBound)
  if (trouble) done.summary.trouble = trouble
  const [broken] = checkRoster(problem, done.assignments).filter(
    ({ given, rule }) => !given && !isUnmetHours(rule, done),
  )
  if (broken) throw new Error(`The solver broke a rule: ${broken.message}`)
  return done
}

/** The greedy roster; long before it is done, what there is of it is reported. */
function firstRoster(plan: SolverPlan, report: Report): Roster {
  const doing = 'placing the hardest shifts first'
  report('building', 3, doing)
  let nextReport = performance.now() + 500
  const first = buildGreedyRoster(plan, (roster, part) => {
    const from = performance.now()
    if (from < nextReport) return
    report('building', 3 + part, doing, initialProof(withoutShortStretches(Roster.from(plan, roster.peopleAt))))
    nextReport = performance.now() + Math.max(500, 4 * (performance.now() - from)) // a large roster takes long to report
  })
  return withoutShortStretches(first)
}

/** Why the work ended, and the error if the exact solver failed. */
type Outcome = [ended: EndReason, trouble?: string]

/** What has been proved is passed to `onStep`, so that it is not lost if the solver fails, most likely for lack of memory. */
async function prove(start: Proof, highs: WebAssembly.Module | undefined, options: ProofOptions): Promise<Outcome> {
  const { proveRoster } = await import('./prove-by-weeks.ts')
  const { loadSolver } = await import('./milp-solver.ts')
  try {
    await loadSolver(highs)
    const proof = await proveRoster(start, options)
    options.onStep(proof, 1, 'proving')
    return [proof.settled === 3 ? 'proved' : 'budget']
  } catch (error) {
    return ['failed', String(error)]
  }
}

/** Searches the same plan as `solveInThisThread` in another thread, from the last week backwards and with another seed, until it is stopped. */
export function assistSearch({ problem, budget_s, shared }: SolveOrder): void {
  const begun = performance.now()
  const plan = preparePlan(problem)
  if (!shared || !isTooLargeToProve(plan)) return
  const start = withoutShortStretches(buildGreedyRoster(plan))
  const partner = openSharedSearch(plan, shared)
  const { boundOf } = partner
  const rounds = ROUNDS
  const timeUsed = () =>
    budget_s === undefined ? 0 : (performance.now() - begun) / 1000 / budget_s / SEARCH_SHARE_WITHOUT_PROOF
  let sent = start
  for (const { best } of searchRoster(start, {
    seed: problem.seed + 1000,
    timeUsed,
    boundOf,
    rounds,
    partner,
    isSecond: true,
  }))
    if (best !== sent) {
      partner.publishRoster(best)
      sent = best
    }
}

/** Minimum hours that cannot be reached are reported in the summary. All other rules can be kept by working less. */
const isUnmetHours = (rule: string, { summary }: Solution) => rule === 'least_hours' && summary.unmet.length > 0

/** [week]: a lower bound of its open places. `shouldStop` is asked after each better bound. */
function weeklyBounds(roster: Roster, shouldStop: (week: number, bounds: number[]) => boolean): number[] {
  const { plan } = roster
  const bounds = Array.from({ length: plan.weeks }, () => 0)
  for (let week = 0; week < plan.weeks; week++) {
    const reached = openPlacesInWeek(roster, week)
    if (!reached) continue
    for (const bound of openPlacesLowerBound(plan, week, reached)) {
      bounds[week] = bound
      if (shouldStop(week, bounds)) return bounds
    }
  }
  return bounds
}

/** Too large to prove anything in the ten seconds that `production` has. */
const isTooLargeToProve = ({ openings, weeks }: SolverPlan) =>
  openings.reduce((all, { candidates }) => all + candidates.length, 0) / Math.max(1, weeks) > MAX_PROVABLE_CHOICES

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0)

type Report = ReturnType<typeof reporter>

/** Sends the progress and the best roster so far: at every new stage, otherwise at most five times a second. */
function reporter(send: (update: SolveUpdate) => void) {
  let [stage, sentAt, percent] = ['', 0, 0]
  let [best, of, made]: [Solution | undefined, Proof | undefined, number] = [undefined, undefined, 0]
  return (now: SolveStage, reached: number, doing: string, state?: Proof, when?: 'at once') => {
    if (now === stage && !when && performance.now() - sentAt < 200) return
    stage = now
    sentAt = performance.now()
    percent = Math.max(percent, Math.min(99, Math.floor(reached)))
    const isNew = state && (state.roster !== of?.roster || state.bound !== of.bound || state.openBound !== of.openBound)
    const isDue = isNew && (!of || when || sentAt - made > 800) // finding out why each place is open is slow
    if (isDue)
      [best, of, made] = [
        toSolution(withoutShortStretches(state.roster), state.bound, 'cancelled', state.openBound),
        { ...state },
        sentAt,
      ]
    const { cost_cents = null, gap = null } = best?.summary ?? {}
    const [open, open_bound] = of ? [of.roster.open, of.openBound] : [null, null]
    const progress = { stage: now, percent, doing, best_cents: cost_cents, gap, open, open_bound }
    send(isDue ? { progress, best } : { progress })
  }
}
