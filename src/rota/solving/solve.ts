import { availableParallelism } from 'node:os'
import { packageFile, programFile } from '../../installation.ts'
import type { ComputeTask } from '../../platform/jobs/compute.ts'
import { inThread } from '../../platform/process/threads.ts'
import type { Algorithm, EndReason, RosterProblem, Solution, SolveProgress } from './problem.ts'
import { sharedMemoryFor } from './shared-search.ts'
import type { SolveOrder, SolveUpdate } from './solver-thread.ts'
import type { SolverTasks } from './worker.ts'

type SolveOptions = {
  algorithm: Algorithm
  /** Seconds in total: 10 for `production` and 300 for `optimal` by default. `greedy` has no limit. */
  budget_s?: number
  /** Stops the work at once. The best roster so far is the result; if there is none yet, the reason is thrown. */
  signal?: AbortSignal
  onProgress?: (progress: SolveProgress) => void
}

const script = programFile('src/rota/solving/worker.ts')

export const budgets = { greedy: undefined, production: 10, optimal: 300 }

/** With more pairs of a shift and a person than this, a second thread searches too. */
const LARGE = 20_000

/** After the budget, the thread gets so many seconds to finish by itself. */
const GRACE = 1

let compiled: WeakRef<WebAssembly.Module> | undefined

/** The exact solver, compiled once for rosters that follow each other, and freed with other garbage. */
async function compileHighs(): Promise<WebAssembly.Module> {
  const kept = compiled?.deref()
  if (kept) return kept
  const highs = await WebAssembly.compile(await Bun.file(packageFile('highs/runtime')).arrayBuffer())
  compiled = new WeakRef(highs)
  return highs
}

/** Computes a roster in a thread of its own. The same problem and seed give the same roster, unless the clock or a signal ended it. */
export async function solve(
  problem: RosterProblem,
  { algorithm, budget_s = budgets[algorithm], signal, onProgress }: SolveOptions,
): Promise<Solution> {
  signal?.throwIfAborted()
  const isLarge = problem.shifts.length * problem.staff.length > LARGE
  const hasAssistant = algorithm !== 'greedy' && isLarge && availableParallelism() > 1
  const order: SolveOrder = {
    problem,
    algorithm,
    budget_s,
    ...(hasAssistant && { shared: sharedMemoryFor(problem) }),
  }
  const progress = openProgress(onProgress)
  const limit = openTimeLimit(budget_s, signal, () => !progress.isPreparing())
  const assistance = new AbortController()
  const thread = { name: 'roster', script }
  if (hasAssistant)
    inThread<SolverTasks, 'assist'>(thread, 'assist', order, {
      signal: AbortSignal.any([assistance.signal, limit.signal]),
    }).catch(() => {}) // the result does not depend on it
  let best: Solution | undefined
  try {
    if (algorithm !== 'greedy') order.highs = await compileHighs().catch(() => undefined) // the thread tries again and says why not
    return await inThread<SolverTasks, 'solve'>(thread, 'solve', order, {
      signal: limit.signal,
      progress(update: SolveUpdate) {
        best = update.best ?? best
        progress.report(update.progress)
      },
    })
  } catch (error) {
    if (!limit.signal.aborted || !best) throw error
    return { ...best, summary: { ...best.summary, ended: limit.ended() } }
  } finally {
    assistance.abort()
    limit.stop()
    progress.stop()
  }
}

/** Some steps of the exact solver take long without a report: meanwhile the last one is repeated, with how long ago it was. */
function openProgress(onProgress: SolveOptions['onProgress']) {
  let last: SolveProgress
  let since: number
  const report = (progress: SolveProgress) => {
    last = progress
    since = performance.now()
    onProgress?.(progress)
  }
  report({ stage: 'loading', percent: 0, doing: 'starting', best_cents: null, gap: null, open: null, open_bound: null })
  const heartbeat = setInterval(() => {
    const seconds = Math.floor((performance.now() - since) / 1000)
    if (seconds >= 1) onProgress?.({ ...last, doing: `${last.doing}, for ${seconds} s` })
  }, 1000)
  return {
    report,
    /** There is no roster yet. */
    isPreparing: () => last.stage === 'loading' || last.stage === 'building',
    stop: () => clearInterval(heartbeat),
  }
}

/** A signal that is aborted with `cancelled`, or once the budget has run out and there is a roster. */
function openTimeLimit(budget_s: number | undefined, cancelled: AbortSignal | undefined, hasRoster: () => boolean) {
  const stop = new AbortController()
  let ended: EndReason = 'cancelled'
  const cancel = () => stop.abort(cancelled?.reason)
  const timeUp = () => {
    if (!hasRoster()) {
      timer = setTimeout(timeUp, 1000)
      return
    }
    ended = 'budget'
    stop.abort(new Error('The budget ran out before there was a roster'))
  }
  let timer = budget_s === undefined ? undefined : setTimeout(timeUp, (budget_s + GRACE) * 1000)
  cancelled?.addEventListener('abort', cancel)
  return {
    signal: stop.signal,
    ended: () => ended,
    stop() {
      clearTimeout(timer)
      cancelled?.removeEventListener('abort', cancel)
    },
  }
}

/** `solve` as a task that a compute process on another machine can run. */
export const solveRoster: ComputeTask<SolveOrder, Solution, SolveProgress> = {
  name: 'solve_roster',
  run: ({ problem, ...how }, { signal, progress }) => solve(problem, { ...how, signal, onProgress: progress }),
}
