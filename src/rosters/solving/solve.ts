import type { Algorithm, Ended, Problem, Progress, Solution } from './problem.ts'
import type { News, Order } from './run.ts'

export type SolveOptions = {
  algorithm: Algorithm
  /** Seconds; `production` takes 10 unless told, `optimal` all the time it needs. */
  budget_s?: number
  /** Ends the work at once. What was found until then is the answer; with nothing found yet, the reason is thrown. */
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

/** Past the budget, the thread has so many seconds to come to an end by itself. */
const GRACE = 1

/** Makes a roster in a thread of its own. The same problem and seed give the same roster, unless the clock or a signal ended it. */
export function solve(problem: Problem, { algorithm, budget_s, signal, onProgress }: SolveOptions): Promise<Solution> {
  signal?.throwIfAborted()
  const budget = algorithm === 'production' ? (budget_s ?? 10) : budget_s
  const { promise, resolve, reject } = Promise.withResolvers<Solution>()
  const thread = new Worker(new URL('./worker.ts', import.meta.url).href)
  let best: Solution | undefined

  const settleWith = (ended: Ended, otherwise: unknown) =>
    best ? resolve({ ...best, summary: { ...best.summary, ended } }) : reject(otherwise)
  const cancel = () => settleWith('cancelled', signal?.reason)
  signal?.addEventListener('abort', cancel)
  const clock =
    budget === undefined
      ? undefined
      : setTimeout(() => settleWith('budget', new Error('No roster within the budget')), (budget + GRACE) * 1000)

  thread.onmessage = ({ data: news }: MessageEvent<News>) => {
    if ('progress' in news) onProgress?.(news.progress)
    else if ('best' in news) best = news.best
    else if ('done' in news) resolve(news.done)
    else reject(new Error(news.failed))
  }
  thread.onerror = event => reject(new Error(event.message))
  onProgress?.({ stage: 'loading', percent: 0, best_cents: null, gap: null })
  const order: Order = { problem, algorithm, budget_s: budget }
  thread.postMessage(order)

  return promise.finally(() => {
    thread.terminate()
    clearTimeout(clock)
    signal?.removeEventListener('abort', cancel)
  })
}
