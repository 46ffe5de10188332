/**
 * Starting, cancelling and retrying jobs. Accepted work is first a row in `runs` and then a job of the queue: what the queue
 * loses, the sweep adds again from the rows.
 */
import type { Static, TSchema } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { type Clock, maxAheadMs } from '../clock.ts'
import type { Log } from '../process/log.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { JobDefinition, QueueName } from './job.ts'
import type { Queues } from './queues.ts'
import {
  acceptRun,
  changeRun,
  isFinished,
  type NewRun,
  type Run,
  runById,
  unfinishedBefore,
  unfinishedByKey,
  waitingSince,
} from './runs.ts'

export type Start = {
  /** The id of the run, if it has to be known before it is accepted. */
  id?: string
  by?: number | null
  /** Not before this time, ms since 1970. */
  at?: number
  /** Dropped if not started by then, ms since 1970; by default as the definition says. */
  expiresAt?: number
}

export type Started = { jobId: string; deduplicated: boolean }

export const newRunId = (): string => Bun.randomUUIDv7()

export const heldBackWords = 'Waits until an admin resumes its queue'

export class QueueDown extends Error {}

export type Jobs<App> = ReturnType<typeof openJobs<App>>

/** How long a start waits for the queue before it is refused, milliseconds. */
const queueTimeout = 1_500
const sweepStep = 200 // runs read by each query

export function openJobs<App>(
  table: readonly JobDefinition<App>[],
  db: Db,
  queues: Queues,
  clock: Clock,
  log: Log,
  isDead: (process: string) => boolean,
  app: () => App,
) {
  const definitions = new Map(table.map(job => [job.name, job]))
  const watchers = new Map<string, Set<() => void>>()

  const definitionOf = (name: string): JobDefinition<App> | undefined => definitions.get(name)
  /** A run of a job that this version no longer has goes there too, where a worker fails it. */
  const queueOf = (name: string): QueueName => definitionOf(name)?.queue ?? 'quick'

  /** Writes the run as part of the caller's transaction. Call `tryDispatch` after it has committed. */
  function accept<Input extends TSchema>(
    tx: Db,
    job: JobDefinition<App, Input>,
    input: Static<Input>,
    start: Start = {},
  ): Started {
    const key = job.once?.(input)
    const createdAt = clock.now()
    const { id = newRunId() } = start
    const run = acceptRun(tx, {
      id,
      name: job.name,
      queue: job.queue,
      input,
      status: 'PENDING',
      maxAttempts: job.attempts,
      dedupeKey: key === undefined ? null : `${job.name}:${key}`,
      startedBy: start.by ?? null,
      notBefore: start.at,
      expiresAt: start.expiresAt ?? (job.expiresMs && createdAt + job.expiresMs),
      createdAt,
    })
    return { jobId: run.id, deduplicated: run.id !== id }
  }

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

  async function dispatchOrCancel(id: string): Promise<void> {
    try {
      await dispatch(id)
    } catch (error) {
      const end = { status: 'CANCELLED', completedAt: clock.now(), message: 'The queue was down' } as const
      await atomically(db, tx => void changeRun(tx, id, ['PENDING'], end))
      throw new QueueDown('The queue cannot be reached; nothing was started', { cause: error })
    } finally {
      starting.delete(id)
    }
  }

  /** Like `dispatch`, but false when the queue is down: the run stays accepted and the sweep adds it later. */
  async function tryDispatch(id: string): Promise<boolean> {
    try {
      await dispatch(id)
      return true
    } catch (error) {
      log.warn('The queue is down; the sweep will add the job', { job_id: id, error })
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

  /** Lets the job clean up after a run that did not succeed. */
  async function callAfterFailure({ id, name, input, status, error }: Run): Promise<void> {
    if (status !== 'FAILURE' && status !== 'CANCELLED') return
    const cleanupFailed = (failure: unknown) =>
      log.error('The cleanup after a run failed', { job_id: id, job: name, error: failure })
    await definitionOf(name)
      ?.afterFailure?.(input as never, app(), { status, error })
      .catch(cleanupFailed)
  }

  /** Why it would not help to retry a run that failed or was cancelled; null if it may. */
  function whyNoRetry({ name, input, refused, dedupeKey: key }: Run): string | null {
    const definition = definitionOf(name)
    if (!definition) return `No job is called ${name} any more`
    if (refused) return 'It was refused for what it was given: tried again, it would be refused again'
    if (key && unfinishedByKey(db).get({ dedupeKey: key })) return 'The same work is under way already'
    return definition.whyNoRetry?.(input as never, app()) ?? null
  }

  /** Whether it waits in a paused queue. False if the queue does not answer. */
  async function isHeldBack(run: Run | undefined): Promise<boolean> {
    const job = run?.status === 'PENDING' && definitionOf(run.name)
    return job ? withTimeout(queues.isPaused(job.queue), 300).catch(() => false) : false
  }

  return {
    accept,
    tryDispatch,
    isHeldBack,
    callAfterFailure,
    whyNoRetry,
    definitionOf,
    definitions: () => table,

    /** Accepts the run and hands it to the queue; if the queue is down the run is cancelled and this throws. */
    async start<Input extends TSchema>(
      job: JobDefinition<App, Input>,
      input: Static<Input>,
      start: Start = {},
    ): Promise<Started> {
      const started = await atomically(db, tx => accept(tx, job, input, start))
      if (!started.deduplicated) starting.set(started.jobId, dispatchOrCancel(started.jobId))
      await starting.get(started.jobId)
      return started
    },

    /** A run that waits, or whose process is dead, never runs again; a running one is told to stop, in any process. Undefined for a finished one. */
    async cancel(id: string): Promise<Run | undefined> {
      const now = clock.now()
      const { process } = runById(db).get({ id }) ?? {}
      const dead = process && isDead(process) ? process : undefined
      const cancelled = { status: 'CANCELLED', completedAt: now, cancelRequestedAt: now } as const
      const run = await atomically(
        db,
        tx =>
          changeRun(tx, id, ['PENDING'], cancelled) ??
          (dead && runById(tx).get({ id })?.process === dead
            ? changeRun(tx, id, ['PROGRESS'], cancelled)
            : undefined) ??
          changeRun(tx, id, ['PROGRESS'], { cancelRequestedAt: now }),
      )
      if (run?.status === 'CANCELLED') {
        await callAfterFailure(run)
        removeFromQueue(run).catch(error => log.warn('A cancelled job stays in the queue', { id, error }))
      }
      if (run) changed(id)
      return run
    },

    startNow,

    /** Runs a failed or cancelled run again under its own id; undefined if there is none, or it would not help. */
    async retry(id: string): Promise<Run | undefined> {
      const fresh = {
        status: 'PENDING',
        attempts: 0,
        deaths: 0,
        process: null,
        progress: 0,
        stage: null,
        message: null,
        error: null,
        stack: null,
        result: null,
        fingerprint: null,
        refused: false,
        cancelRequestedAt: null,
        startedAt: null,
        completedAt: null,
        notBefore: clock.now(), // from now on it waits
        expiresAt: null,
      } as const
      const run = await atomically(db, tx => {
        const before = runById(tx).get({ id })
        if (before && !definitions.has(before.name)) refuse('conflict', `No job is called ${before.name} any more`)
        return before && whyNoRetry(before) === null ? changeRun(tx, id, ['FAILURE', 'CANCELLED'], fresh) : undefined
      })
      if (!run) return undefined
      await redispatch(run)
      changed(id)
      return run
    },

    /** Adds again the accepted runs that the queue has lost, if they are older than this. Returns how many. */
    async sweep(olderThanMs: number): Promise<number> {
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
    },

    changed,
    /** Calls back whenever this process changes the run; returns a function that stops it. */
    watch(id: string, onChange: () => void): () => void {
      const set = watchers.get(id) ?? new Set()
      watchers.set(id, set.add(onChange))
      return () => {
        set.delete(onChange)
        if (!set.size) watchers.delete(id)
      }
    },
  }

  function changed(id: string) {
    for (const onChange of watchers.get(id) ?? []) onChange()
  }
}
