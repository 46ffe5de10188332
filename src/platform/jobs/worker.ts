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

  /** Unsynced: if a power cut loses it the run is done again, which is safe. */
  async function change(id: string, from: Run['status'][], to: Partial<NewRun>): Promise<Run | undefined> {
    const run = await atomically(db, tx => changeRun(tx, id, from, to), 'unsynced')
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
    const hasDied =
      run.status === 'PROGRESS' && run.process !== null && run.process !== processId && isDead(run.process)
    const deaths = run.deaths + (hasDied ? 1 : 0)
    if (hasDied && deaths >= maxDeaths(run)) return giveUp({ ...run, deaths }, new WorkerDied(deaths))
    if (run.cancelRequestedAt) return endUnstarted(id, { status: 'CANCELLED' })
    if (run.expiresAt && run.expiresAt < clock.now())
      return endUnstarted(id, { status: 'CANCELLED', message: 'Its time had passed before it could begin' })
    const definition = jobs.definitionOf(run.name)
    if (!definition) return giveUp(run, new Error(`No job is called ${run.name} any more`))

    let started: Run | undefined
    const begin = (tx: Db) => {
      started = markStarted(tx, run, deaths)
      if (started) definition.begin?.(run.input as never, tx)
    }
    const request = definition.lock?.(run.input as never)
    const lease = request && (await locks.take(request, id, begin))
    if (!request) await atomically(db, begin, 'unsynced')
    if (lease && 'heldBy' in lease) {
      if (request.kind.latecomer === 'wait') return requeue(job, token, Math.round(200 + Math.random() * 300))
      const result = { skipped: 'already running', job_id: lease.heldBy.jobId }
      return endUnstarted(id, { status: 'SUCCESS', progress: 100, result, message: 'skipped: already running' })
    }
    try {
      jobs.changed(id)
      if (started) await perform(job, token, openAttempt(started, lease, stalled), definition)
    } finally {
      await lease?.release()
    }
  }

  const endUnstarted = async (id: string, end: Partial<NewRun>): Promise<void> =>
    void (await change(id, unfinished, { ...end, completedAt: clock.now() }))

  const markStarted = (tx: Db, run: Run, deaths: number): Run | undefined =>
    changeRun(tx, run.id, unfinished, {
      status: 'PROGRESS',
      startedAt: clock.now(),
      attempts: run.attempts + 1, // not as the queue counts: it forgets the attempts before it was given the run again
      deaths,
      process: processId,
      progress: 0,
      error: null,
    })

  type Attempt = ReturnType<typeof openAttempt>

  /** What belongs to a run while it is at work. */
  function openAttempt(run: Run, lease: Lease | undefined, stalled: AbortSignal | undefined) {
    const { id, attempts } = run
    const stop = new AbortController()
    running.set(id, stop)
    if (closing) stop.abort(new ShuttingDown())
    const ownLog = log.with({ job_id: id, job: run.name })
    const runLog = openRunLog(db, clock, id, attempts, ownLog)
    const progress = openRunProgress(db, id, runLog, jobs.changed)
    const work: JobContext = {
      jobId: id,
      by: run.startedBy,
      attempt: attempts,
      signal: AbortSignal.any([stop.signal, ...(lease ? [lease.signal] : []), ...(stalled ? [stalled] : [])]),
      lease,
      log: runLog.log,
      progress: progress.report,
      succeed(tx, result) {
        const end = { ...progress.stop(), progress: 100, result: result ?? null, completedAt: clock.now() }
        attempt.hasSucceeded = changeRun(tx, id, ['PROGRESS'], { ...end, status: 'SUCCESS' }) !== undefined
        insertLines(tx, runLog.takeLines())
        lease?.drop(tx)
      },
    }
    const attempt = {
      run,
      work,
      ownLog,
      runLog,
      progress,
      hasSucceeded: false, // unless that transaction was rolled back
      close() {
        running.delete(id)
        runLog.close()
      },
    }
    return attempt
  }

  async function perform(
    job: QueueJob,
    token: string | undefined,
    attempt: Attempt,
    definition: JobDefinition<App>,
  ): Promise<void> {
    const { run, work } = attempt
    try {
      const input = Value.Parse(definition.input, run.input)
      const result = await unlessAborted(definition.run(input, app, work), work.signal, graceAfterCancel)
      await finish(attempt, result)
    } catch (error) {
      if (attempt.hasSucceeded && runById(db).get({ id: run.id })?.status === 'SUCCESS') jobs.changed(run.id)
      else await endEarly(job, token, attempt, error)
    } finally {
      attempt.close()
    }
  }

  async function finish({ run, work, ownLog, progress, hasSucceeded }: Attempt, result: unknown): Promise<void> {
    const { id, attempts } = run
    if (work.signal.reason instanceof Cancelled && !hasSucceeded) {
      const end = { ...progress.stop(), result: result ?? null, completedAt: clock.now() }
      await change(id, ['PROGRESS'], { ...end, status: 'CANCELLED' })
    } else {
      if (!hasSucceeded) await atomically(db, tx => work.succeed(tx, result), 'unsynced')
      jobs.changed(id)
    }
    ownLog.info('Job done', { duration_ms: clock.now() - (run.startedAt ?? 0), attempt: attempts })
  }

  /** Cancelled, interrupted by the end of the process, or failed: then what is thrown tells the queue whether to try again. */
  async function endEarly(
    job: QueueJob,
    token: string | undefined,
    { run, work, runLog, progress }: Attempt,
    error: unknown,
  ): Promise<void> {
    const { id, attempts } = run
    const { reason } = work.signal
    const lastProgress = progress.stop()
    const isStopped = reason instanceof Cancelled || reason instanceof ShuttingDown
    if (!isStopped) runLog.note('error', messageOf(error))
    runLog.write()
    if (reason instanceof Cancelled) {
      await change(id, ['PROGRESS'], { ...lastProgress, status: 'CANCELLED', completedAt: clock.now() })
    } else if (reason instanceof ShuttingDown) {
      const message = 'Interrupted by a restart'
      await change(id, ['PROGRESS'], { ...lastProgress, status: 'PENDING', attempts: attempts - 1, message })
      await requeue(job, token, 0)
    } else {
      await fail(run, error, lastProgress)
      throw isFinal(run, error) ? new UnrecoverableError(String(error)) : error
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
