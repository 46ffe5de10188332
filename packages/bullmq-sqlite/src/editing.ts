import { detachFromParent, parentOf } from './children.ts'
import { findJob, firstJobs, type Job, jobOf, move, moveToDelayed, noParent, placeInLine, putInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State } from './schema.ts'

export function promoteJob(queue: Queue, jobId: string): void {
  const job = requireDelayed(jobId, findJob(queue, jobId))
  putInLine(job, job.priority, 'back', { delay: 0 })
}

/** Puts up to `count` delayed jobs in line. Returns 0 if none are left, else 1. */
export function promoteJobs(queue: Queue, count = 1000): number {
  const jobs = firstJobs(queue, State.delayed, Number.MAX_SAFE_INTEGER, count)
  for (const job of jobs) putInLine(job, 0, 'back')
  return jobs.length < count ? 0 : 1
}

export const changeDelay = (queue: Queue, jobId: string, delay: number): void =>
  moveToDelayed(requireDelayed(jobId, jobOf(queue, jobId)), Date.now(), delay)

function requireDelayed(jobId: string, job: Job | undefined): Job {
  if (job?.state !== State.delayed) throw new Refused('jobNotInState', { jobId, state: 'delayed' })
  return job
}

export function changePriority(queue: Queue, jobId: string, priority = 0, lifo = false): void {
  const job = jobOf(queue, jobId)
  queue.sql.updateJob(job.rowid, { priority })
  if (job.state === State.wait || job.state === State.prioritized)
    move(job, placeInLine(queue, priority, lifo ? 'front' : 'back'))
}

export const updateData = (queue: Queue, jobId: string, data: string): void =>
  queue.sql.updateJob(jobOf(queue, jobId).rowid, { data })

export function updateProgress(queue: Queue, jobId: string, progress: string): void {
  queue.sql.updateJob(jobOf(queue, jobId).rowid, { progress })
  queue.emit('progress', 'jobId', jobId, 'data', progress)
}

/** Returns the number of lines after the change. A program may log whatever it caught. */
export function addLog(queue: Queue, jobId: string, line: unknown, keep?: number): number {
  const { rowid } = jobOf(queue, jobId)
  const { last, n } = queue.sql.lastLog.get(rowid)!
  const number = (last ?? 0) + 1
  queue.sql.addLog.run(rowid, number, String(line ?? ''))
  if (!keep) return n + 1
  queue.sql.trimLogs.run(rowid, number - keep)
  return Math.min(keep, n + 1)
}

export function trimLogs(queue: Queue, jobId: string, keep = 0): void {
  const job = findJob(queue, jobId)
  if (job) queue.sql.trimLogs.run(job.rowid, (queue.sql.lastLog.get(job.rowid)!.last ?? 0) - keep)
}

/** Detaches a job from the parent that waits for it. Returns false if the parent does not wait for it. */
export function leaveParent(queue: Queue, jobId: string, parentKey: string): boolean {
  const job = jobOf(queue, jobId)
  if (!parentOf(job)) throw new Refused('parentNotExist', { parentKey })
  const wasPending = detachFromParent(job)
  if (wasPending) queue.sql.updateJob(job.rowid, noParent)
  return wasPending
}
