/** Takes runs from the queue and carries each through to a finished row of `runs`. */
import { Value } from '@sinclair/typebox/value'
import { DelayedError, UnrecoverableError } from 'bullmq'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { messageOf } from '../../errors.ts'
import { type Clock, minute } from '../clock.ts'
import type { Log } from '../process/log.ts'
import { unlessAborted, withTimeout } from '../process/with-timeout.ts'
import { Cancelled, type JobContext, type JobDefinition, queueNames, ShuttingDown } from './job.ts'
import type { Jobs } from './jobs.ts'
import type { QueueJob, Queues } from './queues.ts'
import { fingerprintOf, isDeliberate, isFinal, isLastingRefusal, maxDeaths, WorkerDied } from './run-failure.ts'
import { insertLines, openRunLog } from './run-log.ts'
import { openRunProgress } from './run-progress.ts'
import { cancelRequested, changeRun, isFinished, type NewRun, type Run, runById, unfinished } from './runs.ts'
import type { Lease, Locks } from './task-locks.ts'

/** With Redis other machines may solve rosters; `openCompute` limits how many are solved in this process. */
const concurrencyOf = ({ backend }: Queues) => ({ quick: 10, heavy: 1, rosters: backend === 'redis' ? 8 : 2, mail: 2 })
const cancelCheckInterval = 250 // ms, while anything runs
const graceAfterCancel = 1_500 // ms a run has to stop by itself
const graceAtShutdown = 2_500 // ms that runs have to stop when the process does
const stalledTooOften = 'job stalled more than allowable limit' // BullMQ's words

export type WorkerSettings<App> = {
  app: App
  db: Db
  clock: Clock
  locks: Locks
  jobs: Jobs<App>
  queues: Queues
  log: Log
  /** The id of this process, and whether another one is dead. */
  processId: string
  isDead(process: string): boolean
  queueError(error: Error): void
  /** Called when a run has failed for good. */
  failed(run: Run, error: unknown): void
}

export function startWorker<App>(settings: WorkerSettings<App>) {
  const { app, db, clock, locks, jobs, queues, log, processId, isDead, failed, queueError } = settings
  const running = new Map<string, AbortController>()
  let closing = false

  const change = async (id: string, from: Run['status'][], to: Partial<NewRun>, also?: (tx: Db) => void) => {
    // Unsynced: if a power cut loses it the run is done again, which is safe.
    const write = (tx: Db) => {
      also?.(tx)
      return changeRun(tx, id, from, to)
    }
    const run = await atomically(db, write, 'unsynced')
    if (run) await jobs.callAfterFailure(run)
    jobs.changed(id)
    return run
  }

  /** Puts the job back into the queue without counting an attempt. */
  async function requeue(job: QueueJob, token: string | undefined, inMs: number): Promise<never> {
    await job.moveToDelayed(Date.now() + inMs, token)
    throw new DelayedError()
  }

  async function handle(job: QueueJob, token?: string, stalled?: AbortSignal): Promise<void> {
    const id = job.id ?? ''
    const run = runById(db).get({ id })
    if (!run || isFinished(run)) return
    if (closing) return requeue(job, token, 0)
    const definition = jobs.definitionOf(run.name)
    const now = clock.now()
    const hasDied =
      run.status === 'PROGRESS' && run.process !== null && run.process !== processId && isDead(run.process)
    const deaths = run.deaths + (hasDied ? 1 : 0)
    if (hasDied && deaths >= maxDeaths(run)) return giveUp({ ...run, deaths }, new WorkerDied(deaths))
    if (run.cancelRequestedAt) return void (await change(id, unfinished, { status: 'CANCELLED', completedAt: now }))
    if (run.expiresAt && run.expiresAt < now)
      return void (await change(id, unfinished, {
        status: 'CANCELLED',
        completedAt: now,
        message: 'Its time had passed before it could begin',
      }))
    if (!definition) return giveUp(run, new Error(`No job is called ${run.name} any more`))

    let startedRun: Run | undefined
    const begin = (tx: Db) => {
      startedRun = changeRun(tx, id, unfinished, {
        status: 'PROGRESS',
        startedAt: clock.now(),
        attempts: run.attempts + 1, // not as the queue counts: it forgets what was before it was given the run anew
        deaths,
        process: processId,
        progress: 0,
        error: null,
      })
      if (startedRun) definition.begin?.(run.input as never, tx)
    }
    const request = definition.lock?.(run.input as never)
    const lease = request && (await locks.take(request, id, begin))
    if (!request) await atomically(db, begin, 'unsynced')
    if (lease && 'heldBy' in lease) {
      if (request.kind.latecomer === 'wait') return requeue(job, token, Math.round(200 + Math.random() * 300))
      const result = { skipped: 'already running', job_id: lease.heldBy.jobId }
      return void (await change(id, unfinished, {
        status: 'SUCCESS',
        progress: 100,
        result,
        message: 'skipped: already running',
        completedAt: now,
      }))
    }
    try {
      jobs.changed(id)
      if (startedRun) await perform(job, token, startedRun, definition, lease, stalled)
    } finally {
      await lease?.release()
    }
  }

  async function perform(
    job: QueueJob,
    token: string | undefined,
    startedRun: Run,
    definition: JobDefinition<App>,
    lease: Lease | undefined,
    stalled: AbortSignal | undefined,
  ) {
    const { id, name, input, startedBy } = startedRun
    const stop = new AbortController()
    running.set(id, stop)
    if (closing) stop.abort(new ShuttingDown())
    const signal = AbortSignal.any([stop.signal, ...(lease ? [lease.signal] : []), ...(stalled ? [stalled] : [])])
    const ownLog = log.with({ job_id: id, job: name })
    const runLog = openRunLog(db, clock, id, startedRun.attempts, ownLog)
    const progress = openRunProgress(db, id, runLog, jobs.changed)
    let hasSucceeded = false // unless that transaction was rolled back
    const succeed = (tx: Db, result: unknown) => {
      const end = { ...progress.stop(), progress: 100, result: result ?? null, completedAt: clock.now() }
      hasSucceeded = changeRun(tx, id, ['PROGRESS'], { ...end, status: 'SUCCESS' }) !== undefined
      insertLines(tx, runLog.takeLines())
      lease?.drop(tx)
    }
    const work: JobContext = {
      jobId: id,
      by: startedBy,
      attempt: startedRun.attempts,
      signal,
      lease,
      log: runLog.log,
      progress: progress.report,
      succeed,
    }
    try {
      const checked = Value.Parse(definition.input, input)
      const result = await unlessAborted(definition.run(checked, app, work), signal, graceAfterCancel)
      if (signal.reason instanceof Cancelled && !hasSucceeded) {
        const end = { ...progress.stop(), result: result ?? null, completedAt: clock.now() }
        await change(id, ['PROGRESS'], { ...end, status: 'CANCELLED' })
      } else {
        if (!hasSucceeded) await atomically(db, tx => succeed(tx, result), 'unsynced')
        jobs.changed(id)
      }
      ownLog.info('Job done', { duration_ms: clock.now() - (startedRun.startedAt ?? 0), attempt: startedRun.attempts })
    } catch (error) {
      if (hasSucceeded && runById(db).get({ id })?.status === 'SUCCESS') return jobs.changed(id)
      const lastProgress = progress.stop()
      if (signal.reason instanceof Cancelled) {
        runLog.write()
        return void (await change(id, ['PROGRESS'], { ...lastProgress, status: 'CANCELLED', completedAt: clock.now() }))
      }
      if (signal.reason instanceof ShuttingDown) {
        runLog.write()
        await change(id, ['PROGRESS'], {
          ...lastProgress,
          status: 'PENDING',
          attempts: startedRun.attempts - 1,
          message: 'Interrupted by a restart',
        })
        return requeue(job, token, 0)
      }
      runLog.note('error', messageOf(error))
      runLog.write()
      await fail(startedRun, error, lastProgress)
      if (isFinal(startedRun, error)) throw new UnrecoverableError(String(error))
      throw error
    } finally {
      running.delete(id)
      runLog.close()
    }
  }

  /** Fails a run that is not tried again, whatever attempts it has left. */
  async function giveUp(run: Run, error: Error): Promise<never> {
    await fail(run, error, {}, true)
    throw new UnrecoverableError(error.message)
  }

  async function fail(run: Run, error: unknown, lastProgress: Partial<NewRun>, final = isFinal(run, error)) {
    const failure = error instanceof Error ? error : new Error(String(error))
    const after = await change(run.id, unfinished, {
      ...lastProgress,
      status: final ? 'FAILURE' : 'PENDING',
      error: failure.message,
      stack: failure instanceof WorkerDied ? null : failure.stack,
      deaths: run.deaths,
      fingerprint: fingerprintOf(run.name, failure),
      refused: final && isLastingRefusal(error),
      message: final ? null : `Attempt ${run.attempts} of ${run.maxAttempts} failed; trying again`,
      completedAt: final ? clock.now() : null,
    })
    log[final ? 'error' : 'warn']('Job failed', {
      job_id: run.id,
      job: run.name,
      attempt: run.attempts,
      error: failure,
    })
    if (after && final && !isDeliberate(error)) failed(after, error)
  }

  /** A run whose end could not be written, as the disk is full, stays in the queue: it is done again. */
  async function handleOrKeep(job: QueueJob, token?: string, stalled?: AbortSignal): Promise<void> {
    try {
      await handle(job, token, stalled)
    } catch (error) {
      const run = runById(db).get({ id: job.id ?? '' })
      const isUnwritten = run?.status === 'PROGRESS' && run.process === processId && !running.has(run.id)
      if (isUnwritten && !(error instanceof DelayedError)) return requeue(job, token, minute)
      throw error
    }
  }

  const workers = queueNames.map(queue =>
    queues.work(queue, concurrencyOf(queues)[queue], handleOrKeep, {
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
