import type { KeepJobs } from 'bullmq'
import {
  childCompleted,
  childFailed,
  detachFromParent,
  hasFailedChildren,
  hasPendingChildren,
  reopenInParent,
} from './children.ts'
import { type Claimant, claim, type NextJob, promoteDue } from './claiming.ts'
import { now } from './clock.ts'
import { releaseOnFinish } from './deduplication.ts'
import { deleteJob, jobOf } from './jobs.ts'
import { heldJob, requireLock } from './locks.ts'
import { countFinished } from './metrics.ts'
import { announceWaiting, delayed, inLine, recount } from './places.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { State, type StateCode } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/** What is written down about a failed attempt. */
export interface Failure {
  readonly failedReason?: string
  readonly stacktrace?: string
}

export interface Finish {
  readonly jobId: string
  readonly token: string
  readonly timestamp: number
  readonly attempts: number
  readonly keep: KeepJobs
  readonly maxMetrics?: number
  /** Ask for the next job in the same breath. */
  readonly next?: Claimant
}

/** Jobs beyond the number or age to keep are removed this many at a time; the next finished job takes the rest. */
const removedAtOnce = 1000

export function completeJob(tx: Tx, queue: Queue, finish: Finish, returnValue: string): NextJob {
  const { jobId } = finish
  const unchecked = jobOf(tx, queue, jobId)
  if (hasPendingChildren(tx, unchecked)) throw new Refused(Code.jobPendingChildren, { jobId })
  if (hasFailedChildren(tx, unchecked)) throw new Refused(Code.jobHasFailedChildren, { jobId })
  const job = heldJob(tx, queue, finish.jobId, finish.token)
  const { timestamp } = finish
  releaseOnFinish(tx, queue, job, timestamp)
  childCompleted(tx, job, returnValue, timestamp)
  if (finish.keep.count === 0) deleteJob(tx, queue, job)
  else {
    tx.sql.completeJob.run(timestamp, timestamp, returnValue, job.rowid)
    recount(queue, State.active, State.completed)
    removeSurplus(tx, queue, State.completed, finish)
  }
  queue.emit('completed', 'jobId', job.id, 'returnvalue', returnValue, 'prev', 'active')
  return goOn(tx, queue, finish, State.completed)
}

export function failJob(
  tx: Tx,
  queue: Queue,
  finish: Finish,
  { failedReason: reason = '', stacktrace }: Failure,
): NextJob {
  const job = heldJob(tx, queue, finish.jobId, finish.token)
  const { timestamp } = finish
  releaseOnFinish(tx, queue, job, timestamp)
  childFailed(tx, queue, job, reason, timestamp)
  if (finish.keep.count === 0) {
    detachFromParent(tx, queue, job)
    deleteJob(tx, queue, job)
  } else {
    tx.sql.failJob.run(timestamp, timestamp, reason, stacktrace ?? null, job.rowid)
    recount(queue, State.active, State.failed)
    removeSurplus(tx, queue, State.failed, finish)
  }
  queue.emit('failed', 'jobId', job.id, 'failedReason', reason, 'prev', 'active')
  const attemptsMade = job.attempts_made + 1
  if (attemptsMade >= finish.attempts)
    queue.emit('retries-exhausted', 'jobId', job.id, 'attemptsMade', String(attemptsMade))
  return goOn(tx, queue, finish, State.failed)
}

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
  heldJob(tx, queue, jobId, token)
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

/** Removes the oldest finished jobs beyond the number or age to keep. */
function removeSurplus(tx: Tx, queue: Queue, state: StateCode, { keep, timestamp }: Finish): void {
  if ('age' in keep && keep.age !== undefined) removeOldest(timestamp - keep.age * 1000, keep.limit ?? removedAtOnce)
  const surplus = keep.count && keep.count > 0 ? queue.counted(state) - keep.count : 0
  if (surplus > 0) removeOldest(Number.MAX_SAFE_INTEGER, Math.min(surplus, removedAtOnce))

  function removeOldest(upTo: number, limit: number): void {
    for (const job of tx.sql.headsUpTo.all(queue.id, state, upTo, limit))
      removeJob(tx, queue, job, { keepDeduplication: true })
  }
}

/** Counts the finished job and turns to the next. */
function goOn(tx: Tx, queue: Queue, finish: Finish, kind: 5 | 6): NextJob {
  if (finish.maxMetrics) countFinished(tx, queue, kind, finish.maxMetrics, finish.timestamp)
  if (finish.next) {
    const next = claim(tx, queue, finish.next, finish.timestamp)
    const [job, , limitedFor, dueAt] = next
    if (job || limitedFor || dueAt || queue.isPaused || queue.isMaxed) return next
  }
  if (queue.waiting === 0 && queue.counted(State.active) === 0) queue.emit('drained')
  return []
}
