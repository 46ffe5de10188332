import type { DeduplicationOptions } from 'bullmq'
import { now } from './clock.ts'
import { deleteJob, findJob, insertInLine, type Job, moveToDelayed, type NewJob } from './jobs.ts'
import type { Queue } from './queues.ts'
import { State } from './schema.ts'

/**
 * Decides whether a job may be added under its deduplication id. Returns the id of the job that prevents it; undefined if the new
 * job now holds the deduplication id.
 */
export function deduplicate(queue: Queue, job: NewJob, canReplace: boolean): string | undefined {
  const options = job.opts.deduplication
  if (!options?.id) return undefined
  const { id, replace, extend, ttl, keepLastIfActive, reschedule } = options
  const holder = holderOf(queue, id)
  if (!holder) return setHolder(queue, options, job.id)
  const { job_id: holderId, expires_at } = holder
  const current = findJob(queue, holderId)
  if (canReplace && replace && current?.state === State.delayed) {
    deleteJob(current)
    queue.emit('removed', 'jobId', current.id, 'prev', 'delayed')
    emitDeduplicated(queue, job.id, id, current.id)
    queue.sql.deleteDedupNext.run(queue.id, id)
    return setHolder(queue, options, job.id, !keepLastIfActive && !extend && ttl ? expires_at : undefined)
  }
  // The holder was removed without releasing the id, which would otherwise be held for ever.
  if (!current && expires_at === null) {
    queue.sql.deleteDedupNext.run(queue.id, id)
    return setHolder(queue, options, job.id)
  }
  if (keepLastIfActive && current?.state === State.active) {
    queue.sql.setDedupNext.run(queue.id, id, JSON.stringify(job))
    // While the job is active its id does not expire; otherwise the next job would not wait for it.
    queue.sql.setDedup.run(queue.id, id, holderId, null)
    emitDeduplicated(queue, holderId, id, job.id)
  } else if (!(canReplace && replace)) {
    if (extend && ttl) setHolder(queue, options, holderId)
    emitDeduplicated(queue, holderId, id, job.id)
    if (canReplace && reschedule && current?.state === State.delayed)
      moveToDelayed(current, job.timestamp, job.opts.delay ?? 0)
  }
  return holderId
}

/** A job has finished: its deduplication id is released, or given to the job that waits for it (keepLastIfActive). */
export function releaseOnFinish({ queue, id: jobId, dedup_id: id }: Job, timestamp: number): void {
  if (id === null) return
  const holder = holderOf(queue, id)
  if (holder?.expires_at === null && holder.job_id === jobId) queue.sql.deleteDedup.run(queue.id, id)
  const waitingJob = queue.sql.dedupNext.get(queue.id, id)
  if (!waitingJob) return
  queue.state.lastJob++
  queue.sql.deleteDedupNext.run(queue.id, id)
  const next: NewJob = { ...JSON.parse(waitingJob.job), timestamp }
  if (findJob(queue, next.id)) return
  setHolder(queue, next.opts.deduplication ?? { id }, next.id)
  insertInLine(queue, next)
}

/** A job is removed: its deduplication id is released, and no kept job is added. */
export function releaseOnRemoval({ queue, id: jobId, dedup_id: id }: Job): void {
  if (id !== null && freeDeduplication(queue, id, jobId)) queue.sql.deleteDedupNext.run(queue.id, id)
}

/** Releases a deduplication id; with `jobId`, only if that job holds it. Returns how many ids were released. */
export function freeDeduplication(queue: Queue, id: string, jobId?: string): number {
  const holder = deduplicationHolder(queue, id)
  if (holder === null || (jobId !== undefined && holder !== jobId)) return 0
  return queue.sql.deleteDedup.run(queue.id, id).changes
}

export const deduplicationHolder = (queue: Queue, id: string): string | null => holderOf(queue, id)?.job_id ?? null

/** Gives the id to a job. Null as `until`: until the job finishes. */
function setHolder(
  { id, sql }: Queue,
  options: DeduplicationOptions,
  jobId: string,
  until = expiry(options),
): undefined {
  if (until !== null) sql.deleteExpiredDedups.run(now())
  sql.setDedup.run(id, options.id, jobId, until)
}

const expiry = ({ keepLastIfActive, ttl }: DeduplicationOptions): number | null =>
  keepLastIfActive || !ttl || ttl <= 0 ? null : now() + ttl

const emitDeduplicated = (queue: Queue, jobId: string, id: string, deduplicatedId: string) =>
  queue.emit('deduplicated', 'jobId', jobId, 'deduplicationId', id, 'deduplicatedJobId', deduplicatedId)
const holderOf = (queue: Queue, id: string) => queue.sql.dedup.get(queue.id, id, now())
