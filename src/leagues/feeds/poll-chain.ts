/** The runs that poll a feed: each books the next, so that at any moment exactly one is running or booked. */
import type { Static, TSchema } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { isoOrNull } from '../../platform/clock.ts'
import type { JobContext, JobDefinition } from '../../platform/jobs/job.ts'
import type { Start, Started } from '../../platform/jobs/jobs.ts'
import { changeRun, runById } from '../../platform/jobs/runs.ts'
import { fenced } from '../../platform/jobs/task-locks.ts'

/** Refuses what a run writes that has lost its lock. */
export const checkLease = (tx: Db, { lease }: Pick<JobContext, 'lease'>): void => void (lease && fenced(tx, lease))

/**
 * Ends this run's hold on its feed and books the next one in the same transaction, so that whenever a process dies there is
 * one. `book` accepts it, or answers undefined where the feed is followed no more.
 */
export async function bookNextPoll(
  app: App,
  work: JobContext,
  book: (tx: Db) => (Started & { at: number }) | undefined,
): Promise<{ next_update_at: string | null }> {
  const booked = await atomically(app.db, tx => {
    checkLease(tx, work)
    changeRun(tx, work.jobId, ['PROGRESS'], { dedupeKey: null })
    return book(tx)
  })
  if (booked) await app.jobs.tryDispatch(booked.jobId)
  return { next_update_at: isoOrNull(booked?.at) }
}

/** Sees to it that a poll is running or booked. `book` accepts it, or answers undefined where nobody waits for it. */
export async function ensurePoll(app: App, book: (tx: Db) => Started | undefined): Promise<Started | undefined> {
  const booked = await atomically(app.db, book)
  if (booked && !booked.deduplicated) await app.jobs.tryDispatch(booked.jobId)
  return booked
}

export type PollOutcome = 'accepted' | 'running' | 'too soon'

/** Polls now: the run that is booked is brought forward, unless one is under way or the last poll is too fresh. */
export async function pollNow<Input extends TSchema>(
  { db, jobs }: App,
  job: JobDefinition<App, Input>,
  input: Static<Input>,
  start: Start,
  isDue = true,
): Promise<Started & { outcome: PollOutcome }> {
  const started = await jobs.start(job, input, start)
  if (!started.deduplicated) return { ...started, outcome: 'accepted' }
  if (runById(db).get({ id: started.jobId })?.status !== 'PENDING') return { ...started, outcome: 'running' }
  if (!isDue) return { ...started, outcome: 'too soon' }
  await atomically(db, tx => void changeRun(tx, started.jobId, ['PENDING'], { input }))
  await jobs.hasten(started.jobId)
  return { ...started, outcome: 'accepted' }
}
