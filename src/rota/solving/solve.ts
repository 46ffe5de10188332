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
  { algorithm, budget_s, signal, onProgress }: SolveOptions,
): Promise<Solution> {
  signal?.throwIfAborted()
  const isLarge = problem.shifts.length * problem.staff.length > LARGE
  const hasAssistant = algorithm !== 'greedy' && isLarge && availableParallelism() > 1
  const order: SolveOrder = {
    problem,
    algorithm,
    budget_s: budget_s ?? budgets[algorithm],
    ...(hasAssistant && { shared: sharedMemoryFor(problem) }),
  }
  const stop = new AbortController()
  let best: Solution | undefined
  let ended: EndReason = 'cancelled'
  const cancel = () => stop.abort(signal?.reason)
  const timeUp = () => {
    if (last.stage === 'loading' || last.stage === 'building') {
      budgetTimer = setTimeout(timeUp, 1000) // waits for the first roster
      return
    }
    ended = 'budget'
    stop.abort(new Error('The budget ran out before there was a roster'))
  }
  let [last, since]: [SolveProgress, number] = [
    { stage: 'loading', percent: 0, doing: 'starting', best_cents: null, gap: null, open: null, open_bound: null },
    performance.now(),
  ]
  const reportProgress = (progress: SolveProgress) => {
    ;[last, since] = [progress, performance.now()]
    onProgress?.(progress)
  }
  // Some steps of the exact solver take long without a report; this shows that they are still running.
  const heartbeat = setInterval(() => {
    const seconds = Math.floor((performance.now() - since) / 1000)
    if (seconds >= 1) onProgress?.({ ...last, doing: `${last.doing}, for ${seconds} s` })
  }, 1000)
  let budgetTimer = order.budget_s === undefined ? undefined : setTimeout(timeUp, (order.budget_s + GRACE) * 1000)
  signal?.addEventListener('abort', cancel)
  reportProgress(last)
  const assistance = new AbortController()
  const name = 'roster'
  if (hasAssistant)
    inThread<SolverTasks, 'assist'>({ name, script }, 'assist', order, {
      signal: AbortSignal.any([assistance.signal, stop.signal]),
    }).catch(() => {}) // the result does not depend on it
  try {
    if (algorithm !== 'greedy') order.highs = await compileHighs().catch(() => undefined) // the thread tries again and says why not
    return await inThread<SolverTasks, 'solve'>({ name, script }, 'solve', order, {
      signal: stop.signal,
      progress(update: SolveUpdate) {
        best = update.best ?? best
        reportProgress(update.progress)
      },
    })
  } catch (error) {
    if (!stop.signal.aborted || !best) throw error
    return { ...best, summary: { ...best.summary, ended } }
  } finally {
    assistance.abort()
    clearTimeout(budgetTimer)
    clearInterval(heartbeat)
    signal?.removeEventListener('abort', cancel)
  }
}

/** `solve` as a task that a compute process on another machine can run. */
export const solveRoster: ComputeTask<SolveOrder, Solution, SolveProgress> = {
  name: 'solve_roster',
  run: ({ problem, ...how }, { signal, progress }) => solve(problem, { ...how, signal, onProgress: progress }),
}
