import type { Rules } from './claiming.ts'
import { now } from './clock.ts'
import { type Job, jobOf, putInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State } from './schema.ts'
import type { JobColumns, JobRow } from './statements.ts'

/** BullMQ's token for work done without a lock. */
export const noLock = '0'
const defaultStalledInterval = 30_000
const stalledTooOften = 'job stalled more than allowable limit'

export const isLocked = (job: Job): boolean => job.lock_token !== null && job.lock_until! > now()

/** Refuses unless the job's lock is held with that token. */
export function requireLock(job: Job, token: string): void {
  if (token === noLock) return
  if (!isLocked(job)) throw new Refused('jobLockNotExist', { jobId: job.id })
  if (job.lock_token !== token) throw new Refused('jobLockMismatch', { jobId: job.id })
}

/** Refuses unless the job is active and its lock is held with that token. */
export function requireHeld(job: Job, token: string): Job {
  requireLock(job, token)
  if (job.state !== State.active) throw new Refused('jobNotInState', { jobId: job.id, state: 'active' })
  return job
}

export const heldJob = (queue: Queue, jobId: string, token: string) => requireHeld(jobOf(queue, jobId), token)

/** Returns 1 if the lock was still held and so could be extended, else 0. */
export const extendLock = ({ id, sql }: Queue, jobId: string, token: string, duration: number): number =>
  sql.extendLock.run(now() + duration, id, jobId, token, now()).changes

/** Returns the ids of the jobs whose lock was lost. */
export const extendLocks = (queue: Queue, jobIds: string[], tokens: string[], duration: number): string[] =>
  jobIds.filter((jobId, i) => !extendLock(queue, jobId, tokens[i] ?? '', duration))

/**
 * Puts back in line the active jobs whose lock has run out, and returns their ids. A job must have been seen by two checks
 * in a row without a sign of life between them. Whoever calls, there is one check per interval.
 */
export function recoverStalled(queue: Queue, rules: Rules): string[] {
  if (queue.state.stallCheckUntil > now()) return []
  queue.state.stallCheckUntil = now() + (rules.stalledInterval ?? defaultStalledInterval)
  const ids = putBack(queue, queue.sql.stalledJobs.all(queue.id, now()), rules)
  queue.sql.suspectActive.run(queue.id)
  return ids
}

/** Puts back in line what a process that is known to be dead was working on, and returns the ids. */
export const recoverOrphaned = (queue: Queue, process: string, rules: Rules): string[] =>
  putBack(queue, queue.sql.orphanedJobs.all(queue.id, process), rules)

function putBack(queue: Queue, rows: JobRow[], { maxStalledCount = 1 }: Rules): string[] {
  for (const row of rows) {
    const columns: JobColumns = { stalls: row.stalls + 1 }
    const isScheduled = row.scheduler_id !== null && queue.sql.scheduler.get(queue.id, row.scheduler_id) !== null
    if (row.stalls >= maxStalledCount && !isScheduled) columns.deferred_failure = stalledTooOften
    putInLine({ ...row, queue }, 0, 'front', columns)
    queue.emit('stalled', 'jobId', row.id)
  }
  return rows.map(({ id }) => id)
}
