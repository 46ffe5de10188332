/** Hands accepted runs to the queue. What the queue loses, the sweep adds again from the rows. */
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { type Clock, maxAheadMs } from '../clock.ts'
import type { Log } from '../process/log.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { QueueName } from './job.ts'
import type { Queues } from './queues.ts'
import { changeRun, isFinished, type NewRun, type Run, runById, unfinishedBefore, waitingSince } from './runs.ts'

export class QueueDown extends Error {}

/** How long a start waits for the queue before it is refused, milliseconds. */
const queueTimeout = 1_500
const sweepStep = 200 // runs read by each query

export type DispatchSettings = {
  db: Db
  queues: Queues
  clock: Clock
  log: Log
  /** Whether another process is dead. */
  isDead(process: string): boolean
}

type QueuedJob = { readonly queue: QueueName; readonly backoffMs: number }

export function openDispatch(
  { db, queues, clock, log, isDead }: DispatchSettings,
  definitionOf: (name: string) => QueuedJob | undefined,
) {
  /** A run of a job that this version no longer has goes there too, where a worker fails it. */
  const queueOf = (name: string): QueueName => definitionOf(name)?.queue ?? 'quick'

  /** Hands an accepted run to the queue. Safe to repeat: the queue knows a job by its id. */
  async function dispatch(id: string): Promise<void> {
    const run = runById(db).get({ id })
    if (!run || isFinished(run)) return
    const delay = run.notBefore ? Math.max(0, run.notBefore - clock.now()) : 0
    const options = {
      delay,
      attempts: Math.max(1, run.maxAttempts - run.attempts),
      backoff: { type: 'exponential', delay: definitionOf(run.name)?.backoffMs ?? 0, jitter: 0.5 },
    }
    await withTimeout(queues.add(queueOf(run.name), run.name, id, options), queueTimeout, () => {
      throw new QueueDown(`The queue did not answer within ${queueTimeout} ms`)
    })
  }

  /** Runs that are being handed to the queue: whoever starts the same run in the meantime waits too, and fails with it. */
  const starting = new Map<string, Promise<void>>()

  /** If the queue is down the run is cancelled and this throws. */
  async function dispatchOrCancel({ id, isNew }: { id: string; isNew: boolean }): Promise<void> {
    const cancel = async (error: unknown) => {
      const end = { status: 'CANCELLED', completedAt: clock.now(), message: 'The queue was down' } as const
      await atomically(db, tx => void changeRun(tx, id, ['PENDING'], end))
      throw new QueueDown('The queue cannot be reached; nothing was started', { cause: error })
    }
    if (isNew)
      starting.set(
        id,
        dispatch(id)
          .catch(cancel)
          .finally(() => starting.delete(id)),
      )
    await starting.get(id)
  }

  /** Like `dispatch`, but false when the queue is down: the run stays accepted and the sweep adds it later. */
  async function tryDispatch(id: string): Promise<boolean> {
    try {
      await dispatch(id)
      return true
    } catch (error) {
      const reason = error instanceof QueueDown ? error.message : error
      log.warn('The queue is down; the job is added to it later', { job_id: id, error: reason })
      return false
    }
  }

  const removeFromQueue = async ({ id, name }: Run) => queues.remove(queueOf(name), id)

  /** Replaces what the queue holds of a run by the run as it is now. */
  async function redispatch(run: Run): Promise<void> {
    await removeFromQueue(run).catch(() => {}) // a worker is taking it at this moment
    await tryDispatch(run.id)
  }

  /** Lets a run that waits for its time start now. False if it is not waiting. */
  async function startNow(id: string, also: Partial<NewRun> = {}): Promise<boolean> {
    const run = await atomically(db, tx => changeRun(tx, id, ['PENDING'], { notBefore: clock.now(), ...also }))
    if (run) await redispatch(run)
    return run !== undefined
  }

  /**
   * Adds a run again that the queue has lost, or that waits there for its next attempt though its row says that it runs: on a full
   * disk the failure could not be written, and the process may have died since. What a living process runs is not lost: it
   * would be done twice at once.
   */
  async function addIfLost({ id, name }: Pick<Run, 'id' | 'name'>): Promise<boolean> {
    const state = await queues.stateOf(queueOf(name), id)
    const run = runById(db).get({ id }) // as it is now: it may have begun since it was listed
    if (!run) return false
    const isRunning = run.status === 'PROGRESS'
    const isAtWork = isRunning && run.process !== null && !isDead(run.process)
    const isLost = state ? state === 'delayed' && isRunning : !isAtWork
    if (!isLost) return false
    await (state ? redispatch(run) : dispatch(id))
    log.warn('A job missing from the queue was added again', { job_id: id, name })
    return true
  }

  /** Adds again the accepted runs that the queue has lost, if they are older than this. Returns how many. */
  async function sweep(olderThanMs: number): Promise<number> {
    const before = clock.now() - olderThanMs
    let added = 0
    let last = ''
    for (let runs = unfinishedBefore(db, before, last, sweepStep); runs.length; ) {
      for (const run of runs) if (await addIfLost(run)) added++
      last = runs.at(-1)?.id ?? last
      runs = unfinishedBefore(db, before, last, sweepStep)
    }
    // What was accepted while the clock was ahead starts now: it would wait until it is that time again.
    for (const { id } of waitingSince(db, clock.now() + maxAheadMs, sweepStep))
      if (await startNow(id, { createdAt: clock.now() })) added++
    return added
  }

  /** Whether it waits in a paused queue. False if the queue does not answer. */
  async function isHeldBack(run: Run | undefined): Promise<boolean> {
    const job = run?.status === 'PENDING' && definitionOf(run.name)
    return job ? withTimeout(queues.isPaused(job.queue), 300).catch(() => false) : false
  }

  return { dispatchOrCancel, isHeldBack, redispatch, removeFromQueue, startNow, sweep, tryDispatch }
}
