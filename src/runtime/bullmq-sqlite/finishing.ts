import type { KeepJobs } from 'bullmq'
import { childCompleted, childFailed, detachFromParent, hasFailedChildren, hasPendingChildren } from './children.ts'
import { type Claimant, claim, type NextJob } from './claiming.ts'
import { releaseOnFinish } from './deduplication.ts'
import { deleteJob, jobOf } from './jobs.ts'
import { heldJob, requireHeld } from './locks.ts'
import { countFinished } from './metrics.ts'
import { recount } from './places.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { State, type StateCode } from './schema.ts'
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
  const { jobId, timestamp } = finish
  const job = jobOf(tx, queue, jobId)
  if (hasPendingChildren(tx, job)) throw new Refused(Code.jobPendingChildren, { jobId })
  if (hasFailedChildren(tx, job)) throw new Refused(Code.jobHasFailedChildren, { jobId })
  requireHeld(job, finish.token)
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
