import type { KeepJobs } from 'bullmq'
import { childCompleted, childFailed, childReopened, detachFromParent, hasChild } from './children.ts'
import { claim, heldJob, type NextJob, noLock, promoteDue, type Rules, requireHeld, requireLock } from './claiming.ts'
import { now } from './clock.ts'
import { releaseOnFinish } from './deduplication.ts'
import { deleteJob, firstJobs, type Job, jobOf, move, moveToDelayed, putInLine } from './jobs.ts'
import { countFinished } from './metrics.ts'
import type { Args, Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { Child, State, type StateCode } from './schema.ts'
import type { JobColumns } from './statements.ts'

const removedAtOnce = 1000 // jobs over the count or age to keep, removed per finished job; the next one removes more

export function completeJob(queue: Queue, rules: Rules, value: string, args: Args<'moveToCompleted'>) {
  const [{ id: jobId = '' }, , keep, token, fetchNext] = args
  const job = jobOf(queue, jobId)
  if (hasChild(job, Child.unprocessed)) throw new Refused('jobPendingChildren', { jobId })
  if (hasChild(job, Child.failed)) throw new Refused('jobHasFailedChildren', { jobId })
  requireHeld(job, token)
  const finishedOn = Date.now()
  releaseOnFinish(job, finishedOn)
  childCompleted(job, value, finishedOn)
  storeFinished(job, State.completed, keep ?? rules.removeOnComplete, finishedOn, { return_value: value })
  queue.emit('completed', 'jobId', jobId, 'returnvalue', value, 'prev', 'active')
  return { result: claimNext(queue, rules, State.completed, finishedOn, token, fetchNext), finishedOn }
}

export function failJob(queue: Queue, rules: Rules, args: Args<'moveToFailed'>) {
  const [{ id: jobId = '', opts }, givenReason, keep, token, fetchNext, fields] = args
  const job = heldJob(queue, jobId, token)
  const finishedOn = Date.now()
  const reason = givenReason ?? 'null'
  releaseOnFinish(job, finishedOn)
  childFailed(job, reason, finishedOn)
  const columns = { ...failureColumns(fields), failed_reason: reason, deferred_failure: null }
  storeFinished(job, State.failed, keep ?? rules.removeOnFail, finishedOn, columns)
  queue.emit('failed', 'jobId', jobId, 'failedReason', reason, 'prev', 'active')
  const attempts = job.attempts_made + 1
  if (attempts >= (opts.attempts ?? 0))
    queue.emit('retries-exhausted', 'jobId', jobId, 'attemptsMade', String(attempts))
  return { result: claimNext(queue, rules, State.failed, finishedOn, token, fetchNext), finishedOn }
}

type Keep = boolean | number | KeepJobs | undefined // count and age of jobs to keep; true keeps none, false or undefined all
const keepCount = (keep: boolean | number | undefined) => (typeof keep === 'number' ? keep : keep ? 0 : -1)

/** Moves a job to the finished ones, if any are kept, and removes the oldest that exceed the count or age to keep. */
function storeFinished(job: Job, state: StateCode, keepOption: Keep, at: number, columns: JobColumns): void {
  const keep: KeepJobs = typeof keepOption === 'object' ? keepOption : { count: keepCount(keepOption) }
  if (keep.count === 0) {
    detachFromParent(job)
    deleteJob(job)
    return
  }
  move(job, { state, score: at }, { finished_at: at, attempts_made: job.attempts_made + 1, ...columns })
  const removeOldest = (upTo: number, limit: number) => {
    for (const old of firstJobs(job.queue, state, upTo, limit)) removeJob(old, { keepDeduplication: true })
  }
  if ('age' in keep && keep.age !== undefined) removeOldest(at - keep.age * 1000, keep.limit ?? removedAtOnce)
  const surplus = keep.count && keep.count > 0 ? job.queue.count(state) - keep.count : 0
  if (surplus > 0) removeOldest(Number.MAX_SAFE_INTEGER, Math.min(surplus, removedAtOnce))
}

function claimNext(
  queue: Queue,
  rules: Rules,
  state: StateCode,
  at: number,
  token: string,
  fetchNext: boolean,
): NextJob {
  const maxPoints = rules.metrics?.maxDataPoints
  if (maxPoints) countFinished(queue, state, maxPoints, at)
  if (fetchNext) {
    const next = claim(queue, rules, token)
    const [job, , limitedFor, dueAt] = next
    if (job || limitedFor || dueAt || queue.isPaused || queue.isMaxed) return next
  }
  if (queue.waitingCount === 0 && queue.count(State.active) === 0) queue.emit('drained')
  return []
}

/** BullMQ's fields about a failed attempt, as columns. */
const failureColumns = ({ failedReason, stacktrace }: Record<string, unknown> = {}): JobColumns => ({
  ...(failedReason !== undefined && { failed_reason: String(failedReason) }),
  ...(stacktrace !== undefined && { stacktrace: String(stacktrace) }),
})

export function delayJob(queue: Queue, rules: Rules, args: Args<'moveToDelayed'>): NextJob {
  const [jobId, timestamp, delay, token = noLock, opts = {}] = args
  const job = heldJob(queue, jobId, token)
  const attempts_made = job.attempts_made + (opts.skipAttempt ? 0 : 1)
  moveToDelayed(job, timestamp, delay, { attempts_made, ...failureColumns(opts.fieldsToUpdate) })
  const next: NextJob = opts.fetchNext ? claim(queue, rules, token) : []
  return next[0] ? next : []
}

export function retryJob(queue: Queue, ...[jobId, lifo, token = noLock, opts = {}]: Args<'retryJob'>): void {
  promoteDue(queue, Date.now())
  const job = heldJob(queue, jobId, token)
  const columns = { attempts_made: job.attempts_made + 1, ...failureColumns(opts.fieldsToUpdate) }
  putInLine(job, job.priority, lifo && job.priority === 0 ? 'front' : 'back', columns)
}

/** Puts an active job back at the front of the line, as if it had not been taken. Returns the ms left of the rate limit. */
export function returnToLine(queue: Queue, jobId: string, token = noLock): number {
  const job = jobOf(queue, jobId)
  requireLock(job, token)
  if (job.state === State.active) putInLine(job, job.priority, 'front')
  return Math.max(0, queue.state.limiterUntil - now())
}

/** Makes an active parent wait for its children. Returns false if there are none to wait for. */
export function waitForChildren(queue: Queue, ...args: Args<'moveToWaitingChildren'>): boolean {
  const [jobId, token, { child } = {}] = args
  const job = jobOf(queue, jobId)
  if (hasChild(job, Child.failed)) throw new Refused('jobHasFailedChildren', { jobId })
  const pending = child
    ? Boolean(queue.sql.isPendingChild.get(queue.id, jobId, queue.queues.peek(child.queue).id, child.id))
    : hasChild(job, Child.unprocessed)
  if (!pending) return false
  requireHeld(job, token)
  move(job, { state: State['waiting-children'], score: Date.now() })
  queue.emit('waiting-children', 'jobId', jobId, 'prev', 'active')
  return true
}

export function reopenJob(queue: Queue, ...[{ id = '', opts }, state, reset = {}]: Args<'retryFinishedJob'>): void {
  const job = jobOf(queue, id)
  if (job.state !== State[state]) throw new Refused('jobNotInState', { jobId: id, state })
  const columns: JobColumns = {}
  if (reset.resetAttemptsMade) columns.attempts_made = 0
  if (reset.resetAttemptsStarted) columns.attempts_started = 0
  reopen(job, job.priority, opts.lifo && job.priority === 0 ? 'front' : 'back', columns)
}

/** Puts up to `count` jobs that finished by `timestamp` back in line. Returns 0 if none are left, else 1. */
export function reopenJobs(queue: Queue, ...args: Args<'retryFinishedJobs'>): number {
  const [state = 'failed', count = 1000, timestamp = Date.now()] = args
  const jobs = firstJobs(queue, State[state], timestamp, count)
  for (const job of jobs) reopen(job, 0, 'back')
  return jobs.length < count ? 0 : 1
}

function reopen(job: Job, priority: number, end: 'back' | 'front', columns?: JobColumns): void {
  const result = job.state === State.failed ? 'failed_reason' : 'return_value'
  putInLine(job, priority, end, { finished_at: null, processed_at: null, [result]: null, ...columns })
  childReopened(job)
}
