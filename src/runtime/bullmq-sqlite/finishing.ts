import type { KeepJobs, MinimalJob } from 'bullmq'
import { childCompleted, childFailed, detachFromParent, hasChild } from './children.ts'
import { claim, type NextJob, type WorkerRules } from './claiming.ts'
import { releaseOnFinish } from './deduplication.ts'
import { deleteJob, jobOf, move } from './jobs.ts'
import { heldJob, requireHeld } from './locks.ts'
import { countFinished } from './metrics.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { Child, State } from './schema.ts'
import type { JobColumns, JobHead } from './statements.ts'

export interface Finish {
  readonly job: MinimalJob
  readonly token: string
  readonly timestamp: number
  /** How many jobs to keep in the state it goes to, and of what age; true for none, else all. */
  readonly keep: boolean | number | KeepJobs | undefined
  readonly rules: WorkerRules
  /** Ask for the next job in the same breath. */
  readonly fetchNext: boolean
}

/** Jobs beyond the number or age to keep are removed this many at a time; the next finished job takes the rest. */
const removedAtOnce = 1000

export function completeJob(queue: Queue, finish: Finish, returnValue: string): NextJob {
  const job = jobOf(queue, finish.job.id ?? '')
  if (hasChild(queue, job, Child.pending)) throw new Refused('jobPendingChildren', { jobId: job.id })
  if (hasChild(queue, job, Child.failed)) throw new Refused('jobHasFailedChildren', { jobId: job.id })
  requireHeld(job, finish.token)
  releaseOnFinish(queue, job, finish.timestamp)
  childCompleted(queue, job, returnValue, finish.timestamp)
  putAway(queue, job, State.completed, finish, { return_value: returnValue })
  queue.emit('completed', 'jobId', job.id, 'returnvalue', returnValue, 'prev', 'active')
  return goOn(queue, finish, State.completed)
}

/** What is written down about a failed attempt, as columns. */
export function failureColumns({ failedReason, stacktrace }: Record<string, unknown> = {}): JobColumns {
  const columns: JobColumns = {}
  if (failedReason !== undefined) columns.failed_reason = String(failedReason)
  if (stacktrace !== undefined) columns.stacktrace = String(stacktrace)
  return columns
}

export function failJob(queue: Queue, finish: Finish, reason: string, failure: JobColumns): NextJob {
  const job = heldJob(queue, finish.job.id ?? '', finish.token)
  releaseOnFinish(queue, job, finish.timestamp)
  childFailed(queue, job, reason, finish.timestamp)
  putAway(queue, job, State.failed, finish, { ...failure, failed_reason: reason, deferred_failure: null })
  queue.emit('failed', 'jobId', job.id, 'failedReason', reason, 'prev', 'active')
  const attemptsMade = job.attempts_made + 1
  if (attemptsMade >= (finish.job.opts.attempts ?? 0))
    queue.emit('retries-exhausted', 'jobId', job.id, 'attemptsMade', String(attemptsMade))
  return goOn(queue, finish, State.failed)
}

type EndState = typeof State.completed | typeof State.failed

/** Puts a job to the finished ones, if any are kept, and removes the oldest of them beyond the number or age to keep. */
function putAway(queue: Queue, job: JobHead, state: EndState, finish: Finish, columns: JobColumns): void {
  const { timestamp } = finish
  const keep = toKeep(finish.keep)
  if (keep.count === 0) {
    detachFromParent(queue, job)
    deleteJob(queue, job)
    return
  }
  const finished = { finished_at: timestamp, attempts_made: job.attempts_made + 1 }
  move(queue, job, { state, score: timestamp }, { ...finished, ...columns })
  if ('age' in keep && keep.age !== undefined) removeOldest(timestamp - keep.age * 1000, keep.limit ?? removedAtOnce)
  const surplus = keep.count && keep.count > 0 ? queue.counted(state) - keep.count : 0
  if (surplus > 0) removeOldest(Number.MAX_SAFE_INTEGER, Math.min(surplus, removedAtOnce))

  function removeOldest(upTo: number, limit: number): void {
    for (const old of queue.sql.headsUpTo.all(queue.id, state, upTo, limit))
      removeJob(queue, old, { keepDeduplication: true })
  }
}

function toKeep(keep: Finish['keep']): KeepJobs {
  if (typeof keep === 'object') return keep
  return { count: typeof keep === 'number' ? keep : keep ? 0 : -1 }
}

/** Counts the finished job and turns to the next. */
function goOn(queue: Queue, { rules, token, timestamp, fetchNext }: Finish, state: EndState): NextJob {
  const maxPoints = rules.metrics?.maxDataPoints
  if (maxPoints) countFinished(queue, state, maxPoints, timestamp)
  if (fetchNext) {
    const next = claim(queue, rules, token)
    const [job, , limitedFor, dueAt] = next
    if (job || limitedFor || dueAt || queue.isPaused || queue.isMaxed) return next
  }
  if (queue.waiting === 0 && queue.counted(State.active) === 0) queue.emit('drained')
  return []
}
