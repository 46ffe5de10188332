import { detachFromParent, parentOf } from './children.ts'
import { findJob, jobOf, move, putInLine, putOff } from './jobs.ts'
import { type End, inLine } from './places.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State } from './schema.ts'

/** Puts a delayed job in line at once. */
export function promoteJob(queue: Queue, jobId: string): void {
  const job = findJob(queue, jobId)
  if (job?.state !== State.delayed) throw new Refused('jobNotInState', { jobId, state: 'delayed' })
  putInLine(queue, job, {}, { delay: 0 })
}

/** Moves up to `count` delayed jobs to the line. Returns 0 if there are no more of them. */
export function promoteJobs(queue: Queue, count = 1000): number {
  const jobs = queue.sql.headsUpTo.all(queue.id, State.delayed, Number.MAX_SAFE_INTEGER, count)
  for (const job of jobs) putInLine(queue, job, { priority: 0 })
  return jobs.length < count ? 0 : 1
}

/** A delayed job is to run `delay` ms from now. */
export function changeDelay(queue: Queue, jobId: string, delay: number): void {
  const job = jobOf(queue, jobId)
  if (job.state !== State.delayed) throw new Refused('jobNotInState', { jobId, state: 'delayed' })
  putOff(queue, job, Date.now(), delay)
}

export function changePriority(queue: Queue, jobId: string, priority = 0, lifo = false): void {
  const job = jobOf(queue, jobId)
  const end: End = lifo ? 'front' : 'back'
  if (job.state === State.wait || job.state === State.prioritized)
    move(queue, job, inLine(queue, priority, end), { priority })
  else queue.sql.updateJob(job.rowid, { priority })
}

export function updateData(queue: Queue, jobId: string, json: string): void {
  queue.sql.updateJob(jobOf(queue, jobId).rowid, { data: json })
}

export function updateProgress(queue: Queue, jobId: string, json: string): void {
  queue.sql.updateJob(jobOf(queue, jobId).rowid, { progress: json })
  queue.emit('progress', 'jobId', jobId, 'data', json)
}

/** Returns how many lines there are then. */
export function addLog(queue: Queue, jobId: string, line: string, keep?: number): number {
  const { rowid } = jobOf(queue, jobId)
  const { last, n } = queue.sql.lastLog.get(rowid)!
  const number = (last ?? 0) + 1
  queue.sql.addLog.run(rowid, number, line)
  if (!keep) return n + 1
  queue.sql.trimLogs.run(rowid, number - keep)
  return Math.min(keep, n + 1)
}

/** Keeps only the newest lines. */
export function trimLogs({ id, sql }: Queue, jobId: string, keep = 0): void {
  const job = sql.jobHead.get(id, jobId)
  if (job) sql.trimLogs.run(job.rowid, (sql.lastLog.get(job.rowid)!.last ?? 0) - keep)
}

/** Cuts a job loose from the parent that waits for it. Returns false if none does. */
export function leaveParent(queue: Queue, jobId: string, parentKey: string): boolean {
  const job = jobOf(queue, jobId)
  if (!parentOf(queue, job)) throw new Refused('parentNotExist', { parentKey })
  if (!detachFromParent(queue, job)) return false
  queue.sql.updateJob(job.rowid, { parent_queue: null, parent_id: null, parent: null })
  return true
}
