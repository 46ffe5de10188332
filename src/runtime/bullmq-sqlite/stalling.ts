import { now } from './clock.ts'
import { putInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import type { JobColumns, JobHead } from './statements.ts'

const stalledTooOften = 'job stalled more than allowable limit'

/**
 * Puts back in line the active jobs whose lock has run out, and returns their ids. A job must have been seen by two checks
 * in a row without a sign of life between them. Whoever calls, there is one check per `interval` ms.
 */
export function recoverStalled(queue: Queue, maxStalls: number, interval: number): string[] {
  if (queue.state.stallCheckUntil > now()) return []
  queue.state.stallCheckUntil = now() + interval
  const stalled = queue.sql.stalledJobs.all(queue.id, now())
  const ids = stalled.map(job => putBack(queue, job, maxStalls))
  queue.sql.suspectActive.run(queue.id)
  return ids
}

/** Puts back in line what a process that is known to be dead was working on, and returns the ids. */
export function recoverOrphaned(queue: Queue, process: string, maxStalls: number): string[] {
  return queue.sql.orphanedJobs.all(queue.id, process).map(job => putBack(queue, job, maxStalls))
}

function putBack(queue: Queue, job: JobHead, maxStalls: number): string {
  const stalls = job.stalls + 1
  const isScheduled = job.scheduler_id !== null && queue.sql.scheduler.get(queue.id, job.scheduler_id) !== null
  const columns: JobColumns = { stalls }
  if (stalls > maxStalls && !isScheduled) columns.deferred_failure = stalledTooOften
  putInLine(queue, job, { priority: 0, end: 'front' }, columns)
  queue.emit('stalled', 'jobId', job.id)
  return job.id
}
