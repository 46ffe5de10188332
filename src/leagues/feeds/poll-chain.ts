/** The jobs that poll a feed: each schedules the next, so that at any moment exactly one is running or scheduled. */
import type { Static, TSchema } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { isoOrNull } from '../../platform/clock.ts'
import type { JobContext, JobDefinition } from '../../platform/jobs/job.ts'
import type { Start, Started } from '../../platform/jobs/jobs.ts'
import { changeRun, runById } from '../../platform/jobs/runs.ts'
import { fenced } from '../../platform/jobs/task-locks.ts'

/** Refuses writes of a run that has lost its lock. */
export const checkLease = (tx: Db, { lease }: Pick<JobContext, 'lease'>): void => void (lease && fenced(tx, lease))

/**
 * Releases this run's dedupe key and lock and schedules the next run in the same transaction, so that there is always one even if the
 * process dies, and it never finds the lock held. `schedule` accepts the next run, or returns undefined if the feed is no longer polled.
 */
export async function scheduleNextPoll(
  app: App,
  work: Pick<JobContext, 'jobId' | 'lease'>,
  schedule: (tx: Db) => (Started & { at: number }) | undefined,
): Promise<{ next_update_at: string | null }> {
  const scheduled = await atomically(app.db, tx => {
    checkLease(tx, work)
    changeRun(tx, work.jobId, ['PROGRESS'], { dedupeKey: null })
    work.lease?.drop(tx)
    return schedule(tx)
  })
  if (scheduled) await app.jobs.tryDispatch(scheduled.jobId)
  return { next_update_at: isoOrNull(scheduled?.at) }
}

/** Makes sure that a poll is running or scheduled. `schedule` accepts it, or returns undefined if the feed is not polled. */
export async function ensurePoll(app: App, schedule: (tx: Db) => Started | undefined): Promise<Started | undefined> {
  const scheduled = await atomically(app.db, schedule)
  if (scheduled && !scheduled.deduplicated) await app.jobs.tryDispatch(scheduled.jobId)
  return scheduled
}

export type PollOutcome = 'accepted' | 'running' | 'too soon'

/** Polls now: brings the scheduled run forward, unless one is under way or the last poll is too recent. */
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
  const { expiresAt } = start
  const changed = await atomically(db, tx => changeRun(tx, started.jobId, ['PENDING'], { input, expiresAt }))
  if (!changed) return { ...started, outcome: 'running' } // it has begun meanwhile, with its own input
  await jobs.startNow(started.jobId)
  return { ...started, outcome: 'accepted' }
}
