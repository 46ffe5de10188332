/** Takes runs from the queue and carries each through to a finished row of `runs`. */
import { DelayedError } from 'bullmq'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { minute } from '../clock.ts'
import { withTimeout } from '../process/with-timeout.ts'
import { Cancelled, type JobDefinition, queueNames, ShuttingDown } from './job.ts'
import type { QueueJob, Queues } from './queues.ts'
import { performRun } from './run-attempt.ts'
import { maxDeaths, WorkerDied } from './run-failure.ts'
import { type JobApp, openRunOutcomes } from './run-outcomes.ts'
import { cancelRequested, changeRun, isFinished, type Run, runById, unfinished } from './runs.ts'
import type { Lease, Locks } from './task-locks.ts'

/** With Redis other machines may solve rosters; `openCompute` limits how many are solved in this process. */
const concurrencyOf = ({ backend }: Queues) => ({ quick: 10, heavy: 1, rosters: backend === 'redis' ? 8 : 2, mail: 2 })
const cancelCheckInterval = 250 // ms, while anything runs
const graceAtShutdown = 2_500 // ms that runs have to stop when the process does
const stalledTooOften = 'job stalled more than allowable limit' // BullMQ's words

/** What the worker needs of the app that it passes to jobs. */
type WorkerApp<App> = JobApp<App> & { readonly locks: Locks; readonly queues: Queues; readonly processId: string }

type WorkerSettings = {
  /** Whether another process is dead. */
  isDead(process: string): boolean
  queueError(error: Error): void
  /** Called when a run has failed for good. */
  failed(run: Run, error: unknown): void
}

export function startWorker<App extends WorkerApp<App>>(app: App, { isDead, queueError, failed }: WorkerSettings) {
  const { db, clock, locks, jobs, queues, processId } = app
  const outcomes = openRunOutcomes(app, failed)
  const { giveUp, endUnstarted } = outcomes
  const running = new Map<string, AbortController>()
  let closing = false

  /** Returns undefined when the run has ended, or else in how many ms the queue gives it out again. */
  async function handle(id: string, stalled?: AbortSignal): Promise<number | undefined> {
    const run = runById(db).get({ id })
    if (!run || isFinished(run)) return undefined
    if (closing) return 0
    const hasDied =
      run.status === 'PROGRESS' && run.process !== null && run.process !== processId && isDead(run.process)
    const deaths = run.deaths + (hasDied ? 1 : 0)
    if (hasDied && deaths >= maxDeaths(run)) return giveUp({ ...run, deaths }, new WorkerDied(deaths))
    if (run.cancelRequestedAt) return endUnstarted(id, { status: 'CANCELLED' })
    if (run.expiresAt && run.expiresAt < clock.now())
      return endUnstarted(id, { status: 'CANCELLED', message: 'Its time had passed before it could begin' })
    const definition = jobs.definitionOf(run.name)
    if (!definition) return giveUp(run, new Error(`No job is called ${run.name} any more`))
    return begin(definition, { ...run, deaths }, stalled)
  }

  async function begin(definition: JobDefinition<App>, run: Run, stalled?: AbortSignal): Promise<number | undefined> {
    const { id } = run
    let started: Run | undefined
    const markStarted = (tx: Db) => {
      started = changeRun(tx, id, unfinished, {
        status: 'PROGRESS',
        startedAt: clock.now(),
        attempts: run.attempts + 1, // not as the queue counts: it forgets the attempts before it was given the run again
        deaths: run.deaths,
        process: processId,
        progress: 0,
        error: null,
      })
      if (started) definition.begin?.(run.input as never, tx)
    }
    const request = definition.lock?.(run.input as never)
    const lease = request && (await locks.take(request, id, markStarted))
    if (!request) await atomically(db, markStarted, 'unsynced')
    if (lease && 'heldBy' in lease) {
      if (request.kind.latecomer === 'wait') return Math.round(200 + Math.random() * 300)
      const result = { skipped: 'already running', job_id: lease.heldBy.jobId }
      return endUnstarted(id, { status: 'SUCCESS', progress: 100, result, message: 'skipped: already running' })
    }
    try {
      jobs.changed(id)
      return started && (await perform(definition, started, lease, stalled))
    } finally {
      await lease?.release()
    }
  }

  async function perform(definition: JobDefinition<App>, run: Run, lease?: Lease, stalled?: AbortSignal) {
    const stop = new AbortController()
    running.set(run.id, stop)
    if (closing) stop.abort(new ShuttingDown())
    try {
      const signal = AbortSignal.any([stop.signal, lease?.signal, stalled].filter(signal => signal !== undefined))
      const end = await performRun(app, outcomes, { definition, run, lease, signal })
      return end === 'interrupted' ? 0 : undefined
    } finally {
      running.delete(run.id)
    }
  }

  /** A run whose end could not be written, as the disk is full, stays in the queue: it is done again. */
  function keepIfUnwritten(id: string, error: unknown): number {
    const run = runById(db).get({ id })
    const isUnwritten = run?.status === 'PROGRESS' && run.process === processId && !running.has(id)
    if (isUnwritten) return minute
    throw error
  }

  async function takeJob(job: QueueJob, token?: string, stalled?: AbortSignal): Promise<void> {
    const id = job.id ?? ''
    const againIn = await handle(id, stalled).catch(error => keepIfUnwritten(id, error))
    if (againIn === undefined) return
    await job.moveToDelayed(Date.now() + againIn, token)
    throw new DelayedError() // does not count as an attempt
  }

  const workers = queueNames.map(queue =>
    queues.work(queue, concurrencyOf(queues)[queue], takeJob, {
      error: queueError,
      // Called without `fail` before it when a job stalled too often: its process died again and again.
      failed: (id, error) => {
        const run = id ? runById(db).get({ id }) : undefined
        if (!run || isFinished(run) || error.message !== stalledTooOften) return
        const deaths = run.deaths + 1
        giveUp({ ...run, deaths }, new WorkerDied(deaths)).catch(() => {})
      },
    }),
  )

  const cancelTimer = setInterval(() => {
    if (!running.size) return
    try {
      for (const id of cancelRequested(db, [...running.keys()])) abort(id)
    } catch {
      // The database cannot be read just now; the next check tries again.
    }
  }, cancelCheckInterval)

  const abort = (id: string) => running.get(id)?.abort(new Cancelled())

  return {
    /** Cancels at once in this process, without waiting for the next check. */
    abort,
    async close() {
      closing = true
      clearInterval(cancelTimer)
      const closed = workers.map(worker => worker.close())
      for (const stop of running.values()) stop.abort(new ShuttingDown())
      await withTimeout(Promise.all(closed), graceAtShutdown, () => {
        for (const worker of workers) worker.close(true).catch(() => {}) // with Redis gone even this may never end
      })
    },
  }
}
