import type { MinimalJob, MoveToDelayedOpts, MoveToWaitingChildrenOpts, RetryJobOpts, RetryOptions } from 'bullmq'
import { hasChild, reopenInParent } from './children.ts'
import { claim, type NextJob, promoteDue, type WorkerRules } from './claiming.ts'
import { now } from './clock.ts'
import { failureColumns } from './finishing.ts'
import { jobOf, type Line, move, putInLine, putOff } from './jobs.ts'
import { heldJob, noLock, requireHeld, requireLock } from './locks.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { Child, State } from './schema.ts'
import type { JobColumns, JobHead } from './statements.ts'

/** Puts an active job off, and takes up the next if asked. */
export function delayJob(
  queue: Queue,
  rules: WorkerRules,
  jobId: string,
  timestamp: number,
  delay: number,
  token = noLock,
  { skipAttempt, fieldsToUpdate, fetchNext }: MoveToDelayedOpts = {},
): NextJob {
  const job = heldJob(queue, jobId, token)
  const attempts_made = job.attempts_made + (skipAttempt ? 0 : 1)
  putOff(queue, job, timestamp, delay, { attempts_made, ...failureColumns(fieldsToUpdate) })
  const next: NextJob = fetchNext ? claim(queue, rules, token) : []
  return next[0] ? next : []
}

/** Puts an active job back in line after a failed attempt. */
export function retryJob(queue: Queue, jobId: string, lifo: boolean, token = noLock, opts: RetryJobOpts = {}): void {
  promoteDue(queue, Date.now())
  const job = heldJob(queue, jobId, token)
  const columns = { attempts_made: job.attempts_made + 1, ...failureColumns(opts.fieldsToUpdate) }
  putInLine(queue, job, { end: lifo && job.priority === 0 ? 'front' : 'back' }, columns)
}

/** Puts an active job back at the head of the line as if it had not been taken. Returns ms left of the rate limit. */
export function returnToLine(queue: Queue, jobId: string, token = noLock): number {
  const job = jobOf(queue, jobId)
  requireLock(job, token)
  if (job.state === State.active) putInLine(queue, job, { end: 'front' })
  return Math.max(0, queue.state.limiterUntil - now())
}

/** Puts an active parent aside until its children are done. Returns false if there are none to wait for. */
export function waitForChildren(
  queue: Queue,
  jobId: string,
  token: string,
  { child }: MoveToWaitingChildrenOpts = {},
): boolean {
  const job = jobOf(queue, jobId)
  if (hasChild(queue, job, Child.failed)) throw new Refused('jobHasFailedChildren', { jobId })
  const pending = child
    ? queue.sql.isPendingChild.get(queue.id, jobId, queue.queues.peek(child.queue).id, child.id) !== null
    : hasChild(queue, job, Child.pending)
  if (!pending) return false
  requireHeld(job, token)
  move(queue, job, { state: State['waiting-children'], score: Date.now() })
  queue.emit('waiting-children', 'jobId', job.id, 'prev', 'active')
  return true
}

/** Lets a finished job run again. */
export function reopenJob(
  queue: Queue,
  { id = '', opts }: MinimalJob,
  state: 'completed' | 'failed',
  { resetAttemptsMade, resetAttemptsStarted }: RetryOptions = {},
): void {
  const job = jobOf(queue, id)
  if (job.state !== State[state]) throw new Refused('jobNotInState', { jobId: job.id, state })
  reopen(
    queue,
    job,
    { end: opts.lifo && job.priority === 0 ? 'front' : 'back' },
    {
      ...(resetAttemptsMade && { attempts_made: 0 }),
      ...(resetAttemptsStarted && { attempts_started: 0 }),
    },
  )
}

/** Lets up to `count` jobs that finished until `timestamp` run again. Returns 0 if there are no more of them. */
export function reopenJobs(
  queue: Queue,
  state: 'completed' | 'failed' = 'failed',
  count = 1000,
  timestamp = Date.now(),
): number {
  const jobs = queue.sql.headsUpTo.all(queue.id, State[state], timestamp, count)
  for (const job of jobs) reopen(queue, job, { priority: 0 })
  return jobs.length < count ? 0 : 1
}

function reopen(queue: Queue, job: JobHead, line: Line, columns?: JobColumns): void {
  const result = job.state === State.failed ? 'failed_reason' : 'return_value'
  putInLine(queue, job, line, { finished_at: null, processed_at: null, [result]: null, ...columns })
  reopenInParent(queue, job)
}
