import { hasFailedChildren, hasPendingChildren, reopenInParent } from './children.ts'
import { type Claimant, claim, type NextJob, promoteDue } from './claiming.ts'
import { now } from './clock.ts'
import type { Failure } from './finishing.ts'
import { jobOf } from './jobs.ts'
import { heldJob, requireHeld, requireLock } from './locks.ts'
import { announceWaiting, delayed, inLine, recount } from './places.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

export interface Delay {
  readonly jobId: string
  readonly token: string
  readonly timestamp: number
  readonly delay: number
  readonly countsAsAttempt: boolean
  readonly failure: Failure
  readonly next?: Claimant
}

/** Puts an active job off. */
export function delayJob(tx: Tx, queue: Queue, delay: Delay): NextJob {
  const job = heldJob(tx, queue, delay.jobId, delay.token)
  noteFailure(tx, job, delay.failure)
  const place = delayed(tx, queue, delay.timestamp, delay.delay)
  tx.sql.leaveActive.run(place.state, place.score, delay.countsAsAttempt ? 1 : 0, delay.delay, job.rowid)
  recount(queue, State.active, State.delayed)
  queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
  const next: NextJob = delay.next ? claim(tx, queue, delay.next, delay.timestamp) : []
  return next[0] ? next : []
}

interface Retry {
  readonly jobId: string
  readonly token: string
  readonly timestamp: number
  readonly lifo: boolean
  readonly failure: Failure
}

/** Puts an active job back in line after a failed attempt. */
export function retryJob(tx: Tx, queue: Queue, retry: Retry): void {
  promoteDue(tx, queue, retry.timestamp)
  const job = heldJob(tx, queue, retry.jobId, retry.token)
  noteFailure(tx, job, retry.failure)
  backInLine(tx, queue, job, 1, retry.lifo && job.priority === 0 ? 'front' : 'back')
}

/** Puts an active job back at the head of the line as if it had not been taken. Returns ms left of the rate limit. */
export function returnToLine(tx: Tx, queue: Queue, jobId: string, token: string): number {
  const job = jobOf(tx, queue, jobId)
  requireLock(job, token)
  if (job.state === State.active) backInLine(tx, queue, job, 0, 'front')
  return Math.max(0, queue.state.limiterUntil - now())
}

/** Puts an active parent aside until its children are done. Returns false if there are none to wait for. */
export function waitForChildren(
  tx: Tx,
  queue: Queue,
  jobId: string,
  token: string,
  child?: { queue: string; id: string },
): boolean {
  const job = jobOf(tx, queue, jobId)
  if (hasFailedChildren(tx, job)) throw new Refused(Code.jobHasFailedChildren, { jobId })
  const pending = child
    ? tx.sql.isPendingChild.get(queue.id, jobId, tx.queues.peek(child.queue).id, child.id) !== null
    : hasPendingChildren(tx, job)
  if (!pending) return false
  requireHeld(job, token)
  tx.sql.leaveActive.run(State['waiting-children'], Date.now(), 0, job.delay, job.rowid)
  recount(queue, State.active, State['waiting-children'])
  queue.emit('waiting-children', 'jobId', job.id, 'prev', 'active')
  return true
}

interface Reopening {
  readonly jobId: string
  readonly state: 'completed' | 'failed'
  readonly lifo: boolean
  readonly resetAttemptsMade?: boolean
  readonly resetAttemptsStarted?: boolean
}

/** Lets a finished job run again. */
export function reopenJob(tx: Tx, queue: Queue, reopening: Reopening): void {
  const job = jobOf(tx, queue, reopening.jobId)
  if (job.state !== State[reopening.state])
    throw new Refused(Code.jobNotInState, { jobId: job.id, state: reopening.state })
  const place = inLine(queue, job.priority, reopening.lifo && job.priority === 0 ? 'front' : 'back')
  const { resetAttemptsMade, resetAttemptsStarted } = reopening
  tx.sql.reopenJob.run(
    ...([place.state, place.score, resetAttemptsMade ? 0 : 1, resetAttemptsStarted ? 0 : 1, job.rowid] as const),
  )
  forgetResult(tx, job)
  recount(queue, job.state, place.state)
  reopenInParent(tx, job)
  announceWaiting(queue, job.id, reopening.state)
}

/** Lets up to `count` jobs that finished until `timestamp` run again. Returns whether there may be more. */
export function reopenJobs(
  tx: Tx,
  queue: Queue,
  state: 'completed' | 'failed',
  count: number,
  timestamp: number,
): boolean {
  const jobs = tx.sql.headsUpTo.all(queue.id, State[state], timestamp, count)
  for (const job of jobs) {
    const place = inLine(queue, 0)
    tx.sql.reopenJob.run(place.state, place.score, 1, 1, job.rowid)
    forgetResult(tx, job)
    recount(queue, job.state, place.state)
    reopenInParent(tx, job)
    announceWaiting(queue, job.id, state)
  }
  return jobs.length >= count
}

function backInLine(tx: Tx, queue: Queue, job: JobHead, attempts: 0 | 1, end: 'front' | 'back'): void {
  const place = inLine(queue, job.priority, end)
  tx.sql.leaveActive.run(place.state, place.score, attempts, job.delay, job.rowid)
  recount(queue, State.active, place.state)
  announceWaiting(queue, job.id, 'active')
}

function forgetResult(tx: Tx, job: JobHead): void {
  if (job.state === State.failed) tx.sql.clearFailedReason.run(job.rowid)
  else tx.sql.clearReturnValue.run(job.rowid)
}

function noteFailure(tx: Tx, job: JobHead, { failedReason, stacktrace }: Failure): void {
  if (failedReason !== undefined || stacktrace !== undefined)
    tx.sql.setFailure.run(failedReason ?? null, stacktrace ?? null, job.rowid)
}
