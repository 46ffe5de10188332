import type { JobJson, JobsOptions } from 'bullmq'
import { announceWaiting, delayed, inLine, type Place } from './places.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import type { JobHead, JobRow } from './statements.ts'
import type { Tx } from './transactions.ts'

/** A job about to be stored. */
export interface NewJob {
  readonly id: string
  readonly name: string
  readonly data: string
  readonly opts: JobsOptions
  readonly timestamp: number
  readonly schedulerId?: string
  readonly parent?: { readonly key: string; readonly queueId: number; readonly id: string; readonly json: string }
}

/** Stores a job where its options say: delayed, or in line. */
export function insertInLine(tx: Tx, queue: Queue, job: NewJob): void {
  const { delay = 0, priority = 0, lifo } = job.opts
  if (delay > 0) {
    const place = delayed(tx, queue, job.timestamp, delay)
    insertJob(tx, queue, job, place)
    queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
  } else {
    insertJob(tx, queue, job, inLine(queue, priority, lifo && !priority ? 'front' : 'back'))
    announceWaiting(queue, job.id)
  }
}

export function insertJob(tx: Tx, queue: Queue, job: NewJob, place: Place): void {
  const { id, opts, parent } = job
  tx.sql.addJob.run(
    queue.id,
    id,
    place.state,
    place.score,
    job.timestamp,
    opts.delay ?? 0,
    opts.priority ?? 0,
    parent?.queueId ?? null,
    parent?.id ?? null,
    parent?.json ?? null,
    job.schedulerId ?? null,
    opts.deduplication?.id ?? null,
    job.name,
    JSON.stringify(opts),
    job.data,
  )
  queue.count(place.state, 1)
  queue.emit('added', 'jobId', id, 'name', job.name)
}

/** The job of that id, or a refusal. */
export function jobOf(tx: Tx, queue: Queue, jobId: string): JobHead {
  const job = tx.sql.jobHead.get(queue.id, jobId)
  if (!job) throw new Refused(Code.jobNotExist, { jobId })
  return job
}

/** Deletes a job and what hangs on it. Parents and deduplication are the caller's business. */
export function deleteJob(tx: Tx, queue: Queue, job: JobHead): void {
  tx.sql.deleteJob.run(job.rowid)
  tx.sql.deleteLogs.run(job.rowid)
  tx.sql.deleteChildren.run(queue.id, job.id)
  queue.count(job.state, -1)
}

/** A row as BullMQ reads jobs. */
export function toJson(row: JobRow): JobJson {
  const parent = row.parent ? JSON.parse(row.parent) : undefined
  return {
    id: row.id,
    name: row.name,
    data: row.data,
    opts: JSON.parse(row.opts),
    progress: row.progress === null ? 0 : JSON.parse(row.progress),
    delay: row.delay,
    priority: row.priority,
    timestamp: row.added_at,
    attemptsStarted: row.attempts_started,
    attemptsMade: row.attempts_made,
    stalledCounter: row.stalls,
    finishedOn: row.finished_at ?? undefined,
    processedOn: row.processed_at ?? undefined,
    repeatJobKey: row.scheduler_id ?? undefined,
    debounceId: row.dedup_id ?? undefined,
    deduplicationId: row.dedup_id ?? undefined,
    // A job without these two has none, whatever the contract's types say.
    failedReason: row.failed_reason!,
    returnvalue: row.return_value!,
    deferredFailure: row.deferred_failure ?? undefined,
    stacktrace: row.stacktrace ?? undefined,
    parent,
    parentKey: parent ? `${parent.queueKey}:${parent.id}` : undefined,
    processedBy: row.processed_by ?? undefined,
  }
}
