/** Starting, cancelling and retrying jobs. Accepted work is first a row in `runs` and then a job of the queue. */
import type { Static, TSchema } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { type DispatchSettings, openDispatch } from './dispatch.ts'
import type { JobDefinition } from './job.ts'
import { acceptRun, changeRun, type Run, runById, unfinishedByKey } from './runs.ts'

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

export type Jobs<App> = ReturnType<typeof openJobs<App>>

export function openJobs<App>(
  table: readonly JobDefinition<App>[],
  { app, ...settings }: DispatchSettings & { app(): App },
) {
  const { db, clock, log, isDead } = settings
  const definitions = new Map(table.map(job => [job.name, job]))
  const watchers = new Map<string, Set<() => void>>()

  const definitionOf = (name: string): JobDefinition<App> | undefined => definitions.get(name)
  const { dispatchOrCancel, isHeldBack, redispatch, removeFromQueue, startNow, sweep, tryDispatch } = openDispatch(
    settings,
    definitionOf,
  )

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

  return {
    accept,
    tryDispatch,
    startNow,
    sweep,
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
      await dispatchOrCancel({ id: started.jobId, isNew: !started.deduplicated })
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
