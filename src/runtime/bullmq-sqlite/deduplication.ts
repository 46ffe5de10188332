import type { DeduplicationOptions } from 'bullmq'
import { now } from './clock.ts'
import { deleteJob, insertInLine, type NewJob } from './jobs.ts'
import { delayed, move } from './places.ts'
import type { Queue } from './queues.ts'
import { State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/**
 * Decides whether a job may be added under its deduplication id. Returns the id of the job that stands in its way, or
 * undefined, in which case the deduplication id is the new job's.
 */
export function deduplicate(tx: Tx, queue: Queue, job: NewJob, { canReplace = true } = {}): string | undefined {
  const options = job.opts.deduplication
  if (!options?.id) return undefined
  const holder = tx.sql.dedup.get(queue.id, options.id, now())
  if (!holder) {
    hold(tx, queue, options, job.id)
    return undefined
  }
  const current = tx.sql.jobHead.get(queue.id, holder.job_id)
  if (canReplace && options.replace && current?.state === State.delayed) {
    replace(tx, queue, options, current, job, holder.expires_at)
    return undefined
  }
  // The holder has gone without letting go: an id held until its job finishes would be held for ever.
  if (!current && holder.expires_at === null) {
    tx.sql.deleteDedupNext.run(queue.id, options.id)
    hold(tx, queue, options, job.id)
    return undefined
  }
  if (options.keepLastIfActive && current?.state === State.active) {
    keepForLater(tx, queue, options, holder.job_id, job)
    return holder.job_id
  }
  if (canReplace && options.replace) return holder.job_id
  if (options.extend && options.ttl) hold(tx, queue, options, holder.job_id)
  announce(queue, holder.job_id, options.id, job.id)
  if (canReplace && options.reschedule && current?.state === State.delayed) reschedule(tx, queue, current, job)
  return holder.job_id
}

/** A job has finished: its deduplication id is free, or goes to the job kept for this moment. */
export function releaseOnFinish(tx: Tx, queue: Queue, job: JobHead, timestamp: number): void {
  if (job.dedup_id === null) return
  const holder = tx.sql.dedup.get(queue.id, job.dedup_id, now())
  if (holder?.expires_at === null && holder.job_id === job.id) tx.sql.deleteDedup.run(queue.id, job.dedup_id)
  const kept = tx.sql.dedupNext.get(queue.id, job.dedup_id)
  if (!kept) return
  queue.nextJobNumber()
  tx.sql.deleteDedupNext.run(queue.id, job.dedup_id)
  const next: NewJob = { ...JSON.parse(kept.job), timestamp }
  if (tx.sql.jobExists.get(queue.id, next.id)) return
  hold(tx, queue, next.opts.deduplication ?? { id: job.dedup_id }, next.id)
  insertInLine(tx, queue, next)
}

/** A job is removed: its deduplication id is free, and nothing follows. */
export function releaseOnRemoval(tx: Tx, queue: Queue, job: JobHead): void {
  if (job.dedup_id === null) return
  if (tx.sql.dedup.get(queue.id, job.dedup_id, now())?.job_id !== job.id) return
  tx.sql.deleteDedup.run(queue.id, job.dedup_id)
  tx.sql.deleteDedupNext.run(queue.id, job.dedup_id)
}

function hold(tx: Tx, queue: Queue, options: DeduplicationOptions, jobId: string, until = expiry(options)): void {
  if (until !== null) tx.sql.deleteExpiredDedups.run(now())
  tx.sql.setDedup.run(queue.id, options.id, jobId, until)
}

/** Null: until the job finishes. */
function expiry({ keepLastIfActive, ttl }: DeduplicationOptions): number | null {
  return keepLastIfActive || !ttl || ttl <= 0 ? null : now() + ttl
}

function replace(
  tx: Tx,
  queue: Queue,
  options: DeduplicationOptions,
  current: JobHead,
  job: NewJob,
  expiresAt: number | null,
): void {
  deleteJob(tx, queue, current)
  queue.emit('removed', 'jobId', current.id, 'prev', 'delayed')
  announce(queue, job.id, options.id, current.id)
  tx.sql.deleteDedupNext.run(queue.id, options.id)
  const keepsTime = !options.keepLastIfActive && !options.extend && options.ttl
  hold(tx, queue, options, job.id, keepsTime ? expiresAt : undefined)
}

function keepForLater(tx: Tx, queue: Queue, options: DeduplicationOptions, holderId: string, job: NewJob): void {
  tx.sql.setDedupNext.run(queue.id, options.id, JSON.stringify(job))
  // While the job is active its id does not expire, or the next job would pass it by.
  tx.sql.setDedup.run(queue.id, options.id, holderId, null)
  announce(queue, holderId, options.id, job.id)
}

function reschedule(tx: Tx, queue: Queue, current: JobHead, job: NewJob): void {
  const delay = job.opts.delay ?? 0
  const place = delayed(tx, queue, job.timestamp, delay)
  tx.sql.setDelay.run(delay, current.rowid)
  move(tx, queue, current, place)
  queue.emit('delayed', 'jobId', current.id, 'delay', String(place.dueAt))
}

function announce(queue: Queue, jobId: string, id: string, deduplicatedId: string): void {
  queue.emit('deduplicated', 'jobId', jobId, 'deduplicationId', id, 'deduplicatedJobId', deduplicatedId)
}
