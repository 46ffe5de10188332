import { now } from './clock.ts'
import { jobOf } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State } from './schema.ts'
import type { JobHead } from './statements.ts'

/** BullMQ's token for work done without a lock. */
export const noLock = '0'

export function isLocked(job: JobHead): boolean {
  return job.lock_token !== null && job.lock_until! > now()
}

/** Refuses unless the job's lock is held with that token. */
export function requireLock(job: JobHead, token: string): void {
  if (token === noLock) return
  if (!isLocked(job)) throw new Refused('jobLockNotExist', { jobId: job.id })
  if (job.lock_token !== token) throw new Refused('jobLockMismatch', { jobId: job.id })
}

/** Refuses unless the job is active and its lock is held with that token. */
export function requireHeld(job: JobHead, token: string): void {
  requireLock(job, token)
  if (job.state !== State.active) throw new Refused('jobNotInState', { jobId: job.id, state: 'active' })
}

/** The job, if it is active and its lock is held with that token. */
export function heldJob(queue: Queue, jobId: string, token: string): JobHead {
  const job = jobOf(queue, jobId)
  requireHeld(job, token)
  return job
}

/** Returns 1 if the lock was still held and so could be extended, else 0. */
export function extendLock(queue: Queue, jobId: string, token: string, duration: number): number {
  return queue.sql.extendLock.run(now() + duration, queue.id, jobId, token, now()).changes
}

/** Returns the ids of the jobs whose lock was lost. */
export function extendLocks(queue: Queue, jobIds: string[], tokens: string[], duration: number): string[] {
  return jobIds.filter((jobId, i) => !extendLock(queue, jobId, tokens[i] ?? '', duration))
}
