import { now } from './clock.ts'
import { jobOf } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/** BullMQ's token for work done without a lock. */
export const noLock = '0'

export function isLocked(job: Pick<JobHead, 'lock_token' | 'lock_until'>): boolean {
  return job.lock_token !== null && job.lock_until! > now()
}

/** Refuses unless the job's lock is held with that token. */
export function requireLock(job: JobHead, token: string): void {
  if (token === noLock) return
  if (!isLocked(job)) throw new Refused(Code.jobLockNotExist, { jobId: job.id })
  if (job.lock_token !== token) throw new Refused(Code.jobLockMismatch, { jobId: job.id })
}

/** Refuses unless the job is active and its lock is held with that token. */
export function requireHeld(job: JobHead, token: string): void {
  requireLock(job, token)
  if (job.state !== State.active) throw new Refused(Code.jobNotInState, { jobId: job.id, state: 'active' })
}

/** The job, if it is active and its lock is held with that token. */
export function heldJob(tx: Tx, queue: Queue, jobId: string, token: string): JobHead {
  const job = jobOf(tx, queue, jobId)
  requireHeld(job, token)
  return job
}

/** Returns whether the lock was still held and so could be extended. */
export function extendLock(tx: Tx, queueId: number, jobId: string, token: string, duration: number): boolean {
  return tx.sql.extendLock.run(now() + duration, queueId, jobId, token, now()).changes === 1
}
