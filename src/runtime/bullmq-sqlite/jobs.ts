import type { JobJson, JobsOptions } from 'bullmq'
import { delayed, type End, inLine, type Place } from './places.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State, stateNames } from './schema.ts'
import type { JobColumns, JobHead, JobRow } from './statements.ts'

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
export function insertInLine(queue: Queue, job: NewJob): void {
  const { delay = 0, priority = 0, lifo } = job.opts
  if (delay > 0) {
    const place = delayed(queue, job.timestamp, delay)
    insertJob(queue, job, place)
    queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
  } else {
    insertJob(queue, job, inLine(queue, priority, lifo && !priority ? 'front' : 'back'))
    queue.emit('waiting', 'jobId', job.id)
  }
}

export function insertJob(queue: Queue, job: NewJob, { state, score }: Place): void {
  const { id, name, data, opts, parent, timestamp, schedulerId = null } = job
  const { delay = 0, priority = 0, deduplication } = opts
  queue.sql.addJob.run(
    ...[queue.id, id, state, score, Math.round(timestamp), Math.round(delay), priority],
    ...[parent?.queueId ?? null, parent?.id ?? null, parent?.json ?? null, schedulerId, deduplication?.id ?? null],
    ...[name, JSON.stringify(opts), data],
  )
  queue.count(state, 1)
  queue.emit('added', 'jobId', id, 'name', name)
}

export function findJob(queue: Queue, jobId: string): JobHead | null {
  return queue.sql.jobHead.get(queue.id, jobId)
}

/** The job of that id, or a refusal. */
export function jobOf(queue: Queue, jobId: string): JobHead {
  const job = findJob(queue, jobId)
  if (!job) throw new Refused('jobNotExist', { jobId })
  return job
}

const unlocked: JobColumns = { lock_token: null, lock_until: null, owner: null, suspect: 0 }

/** Every change of a job's state is this one: the row moves, with what else of it changes, and the counts follow. */
export function move(queue: Queue, job: JobHead, { state, score }: Place, columns?: JobColumns): void {
  const lock = job.state === State.active ? unlocked : undefined
  queue.sql.updateJob(job.rowid, { state, score, ...lock, ...columns })
  queue.count(job.state, -1)
  queue.count(state, 1)
}

export interface Line {
  end?: End
  /** As which it stands in line now, whatever its own is. */
  priority?: number
}

/** Puts a job in line to be worked on. */
export function putInLine(
  queue: Queue,
  job: JobHead,
  { end, priority = job.priority }: Line,
  columns?: JobColumns,
): void {
  move(queue, job, inLine(queue, priority, end), columns)
  queue.emit('waiting', 'jobId', job.id, 'prev', stateNames[job.state])
}

/** Puts a job off until `delay` ms after `timestamp`. */
export function putOff(queue: Queue, job: JobHead, timestamp: number, delay: number, columns?: JobColumns): void {
  const place = delayed(queue, timestamp, delay)
  move(queue, job, place, { delay: Math.round(delay), ...columns })
  queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
}

/** Deletes a job and what hangs on it. Parents and deduplication are the caller's business. */
export function deleteJob(queue: Queue, job: JobHead): void {
  queue.sql.deleteJob.run(job.rowid)
  queue.sql.deleteLogs.run(job.rowid)
  queue.sql.deleteChildren.run(queue.id, job.id)
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
