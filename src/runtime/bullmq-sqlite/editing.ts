import { detachFromParent, parentOf } from './children.ts'
import { now } from './clock.ts'
import { jobOf } from './jobs.ts'
import { announceWaiting, delayed, inLine, move } from './places.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { State } from './schema.ts'
import type { Tx } from './transactions.ts'

/** Puts a delayed job in line at once. */
export function promoteJob(tx: Tx, queue: Queue, jobId: string): void {
  const job = tx.sql.jobHead.get(queue.id, jobId)
  if (job?.state !== State.delayed) throw new Refused(Code.jobNotInState, { jobId, state: 'delayed' })
  move(tx, queue, job, inLine(queue, job.priority))
  tx.sql.setDelay.run(0, job.rowid)
  announceWaiting(queue, jobId, 'delayed')
}

/** A delayed job is to run `delay` ms from now. */
export function changeDelay(tx: Tx, queue: Queue, jobId: string, delay: number): void {
  const job = jobOf(tx, queue, jobId)
  if (job.state !== State.delayed) throw new Refused(Code.jobNotInState, { jobId, state: 'delayed' })
  const place = delayed(tx, queue, Date.now(), delay)
  move(tx, queue, job, place)
  tx.sql.setDelay.run(delay, job.rowid)
  queue.emit('delayed', 'jobId', jobId, 'delay', String(place.dueAt))
}

export function changePriority(tx: Tx, queue: Queue, jobId: string, priority: number, lifo: boolean): void {
  const job = jobOf(tx, queue, jobId)
  tx.sql.setPriority.run(priority, job.rowid)
  if (job.state === State.wait || job.state === State.prioritized)
    move(tx, queue, job, inLine(queue, priority, lifo ? 'front' : 'back'))
}

export function updateData(tx: Tx, queue: Queue, jobId: string, json: string): void {
  const job = jobOf(tx, queue, jobId)
  tx.sql.setData.run(json, job.rowid)
}

export function updateProgress(tx: Tx, queue: Queue, jobId: string, json: string): void {
  const job = jobOf(tx, queue, jobId)
  tx.sql.setProgress.run(json, job.rowid)
  queue.emit('progress', 'jobId', jobId, 'data', json)
}

/** Returns how many lines there are then. */
export function addLog(tx: Tx, queue: Queue, jobId: string, line: string, keep?: number): number {
  const job = jobOf(tx, queue, jobId)
  const { last, n } = tx.sql.lastLog.get(job.rowid)!
  const number = (last ?? 0) + 1
  tx.sql.addLog.run(job.rowid, number, line)
  if (!keep) return n + 1
  tx.sql.trimLogs.run(job.rowid, number - keep)
  return Math.min(keep, n + 1)
}

/** Keeps only the newest lines. */
export function trimLogs(tx: Tx, queue: Queue, jobId: string, keep: number): void {
  const job = tx.sql.jobExists.get(queue.id, jobId)
  if (job) tx.sql.trimLogs.run(job.rowid, (tx.sql.lastLog.get(job.rowid)!.last ?? 0) - keep)
}

/** Cuts a job loose from the parent that waits for it. Returns false if none does. */
export function leaveParent(tx: Tx, queue: Queue, jobId: string, parentKey: string): boolean {
  const job = jobOf(tx, queue, jobId)
  if (!parentOf(tx, job)) throw new Refused(Code.parentNotExist, { parentKey })
  if (!detachFromParent(tx, queue, job)) return false
  tx.sql.setParent.run(null, null, null, job.rowid)
  return true
}

/** Frees a deduplication id, if `jobId` is given only while that job holds it. Returns how many ids were freed. */
export function freeDeduplication(tx: Tx, queue: Queue, id: string, jobId?: string): number {
  const holder = tx.sql.dedup.get(queue.id, id, now())
  if (!holder || (jobId !== undefined && holder.job_id !== jobId)) return 0
  return tx.sql.deleteDedup.run(queue.id, id).changes
}

/** Returns how many of the fields are new. */
export function setMeta(queue: Queue, values: Record<string, string | number>): number {
  const added = Object.keys(values).filter(field => !(field in queue.meta)).length
  const strings = Object.entries(values).map(([field, value]) => [field, String(value)])
  queue.setMeta({ ...queue.meta, ...Object.fromEntries(strings) })
  return added
}

/** Returns how many of the fields there were. */
export function removeMeta(queue: Queue, fields: string[]): number {
  const left = Object.entries(queue.meta).filter(([field]) => !fields.includes(field))
  const removed = Object.keys(queue.meta).length - left.length
  queue.setMeta(Object.fromEntries(left))
  return removed
}

/** No worker starts a job of this queue for that long. */
export function limitRate(queue: Queue, ms: number): void {
  Object.assign(queue.change(), { limiterCount: Number.MAX_SAFE_INTEGER, limiterUntil: now() + ms })
}

export function unlimitRate(queue: Queue): number {
  const limited = queue.state.limiterUntil > now()
  Object.assign(queue.change(), { limiterCount: 0, limiterUntil: 0 })
  return limited ? 1 : 0
}
