import { now } from './clock.ts'
import { announceWaiting, inLine, recount } from './places.ts'
import type { Queue } from './queues.ts'
import { State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

const stalledTooOften = 'job stalled more than allowable limit'

/**
 * Puts back in line the active jobs whose lock has run out, and returns their ids. A job must have been seen by two checks
 * in a row without a sign of life between them. Whoever calls, there is one check per `interval` ms.
 */
export function recoverStalled(tx: Tx, queue: Queue, maxStalls: number, interval: number): string[] {
  if (queue.state.stallCheckUntil > now()) return []
  queue.change().stallCheckUntil = now() + interval
  const stalled = tx.sql.stalledJobs.all(queue.id, now())
  for (const job of stalled) putBack(tx, queue, job, maxStalls)
  tx.sql.suspectActive.run(queue.id)
  return stalled.map(job => job.id)
}

/** Puts back in line what a process that is known to be dead was working on, and returns the ids. */
export function recoverOrphaned(tx: Tx, queue: Queue, process: string, maxStalls: number): string[] {
  const orphaned = tx.sql.orphanedJobs.all(queue.id, process)
  for (const job of orphaned) putBack(tx, queue, job, maxStalls)
  return orphaned.map(job => job.id)
}

function putBack(tx: Tx, queue: Queue, job: JobHead, maxStalls: number): void {
  const stalls = job.stalls + 1
  const isScheduled = job.scheduler_id !== null && tx.sql.scheduler.get(queue.id, job.scheduler_id) !== null
  tx.sql.setStalls.run(stalls, job.rowid)
  if (stalls > maxStalls && !isScheduled) tx.sql.setDeferredFailure.run(stalledTooOften, job.rowid)
  const place = inLine(queue, 0, 'front')
  tx.sql.leaveActive.run(place.state, place.score, 0, job.delay, job.rowid)
  recount(queue, State.active, place.state)
  announceWaiting(queue, job.id, 'active')
  queue.emit('stalled', 'jobId', job.id)
}
