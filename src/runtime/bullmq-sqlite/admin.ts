import { isLocked } from './locks.ts'
import { announceWaiting, inLine, move } from './places.ts'
import type { Queue } from './queues.ts'
import { isNextOfScheduler, removeJob } from './removing.ts'
import { State, type StateCode } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/** Jobs handled in one transaction by work that may concern all jobs of a queue. */
export const chunkSize = 250

export function pauseQueue(queue: Queue): void {
  queue.setMeta({ ...queue.meta, paused: '1' })
  queue.emit('paused')
}

export function resumeQueue(queue: Queue): void {
  const { paused: _, ...meta } = queue.meta
  queue.setMeta(meta)
  queue.emit('resumed')
}

/** Moves up to `count` delayed jobs to the line. Returns whether there may be more. */
export function promoteJobs(tx: Tx, queue: Queue, count: number): boolean {
  const jobs = tx.sql.headsUpTo.all(queue.id, State.delayed, Number.MAX_SAFE_INTEGER, count)
  for (const job of jobs) {
    move(tx, queue, job, inLine(queue, 0))
    announceWaiting(queue, job.id, 'delayed')
  }
  return jobs.length >= count
}

/** Where a long walk over the jobs of a state has come to. */
export interface Walk {
  readonly state: StateCode
  /** Jobs added later are left alone. */
  readonly newest: number
  score: number
  rowid: number
  done: boolean
}

export function walk(state: StateCode, newest: number): Walk {
  return { state, newest, score: Number.MIN_SAFE_INTEGER, rowid: 0, done: false }
}

/** The next jobs of a walk, in the order they would be worked on. */
function nextOf(tx: Tx, queue: Queue, walk: Walk, upToScore = Number.MAX_SAFE_INTEGER): JobHead[] {
  const jobs = tx.sql.headsAfter.all(queue.id, walk.state, walk.score, walk.rowid, upToScore, chunkSize)
  const last = jobs.at(-1)
  if (last) Object.assign(walk, { score: last.score, rowid: last.rowid })
  walk.done = jobs.length < chunkSize
  return jobs.filter(job => job.rowid <= walk.newest)
}

/** Removes some of the jobs that wait, but for those a scheduler has made for its next run. */
export function drainSome(tx: Tx, queue: Queue, walk: Walk): void {
  for (const job of nextOf(tx, queue, walk))
    if (!isNextOfScheduler(tx, queue, job)) removeJob(tx, queue, job, { withParent: true })
}

/** Removes some of the jobs of a state that are older than `timestamp`, at most `limit`. Returns their ids. */
export function cleanSome(tx: Tx, queue: Queue, walk: Walk, timestamp: number, limit: number): string[] {
  const isFinished = walk.state === State.completed || walk.state === State.failed
  const removed: string[] = []
  for (const job of nextOf(tx, queue, walk, isFinished ? timestamp : undefined)) {
    if (removed.length === limit) break
    if (!isFinished && (ageOf(job) > timestamp || isNextOfScheduler(tx, queue, job))) continue
    if (walk.state === State.active && isLocked(job)) continue
    // It may have gone with the last of its children.
    if (walk.state === State['waiting-children'] && !tx.sql.jobExists.get(queue.id, job.id)) continue
    removeJob(tx, queue, job, { withParent: true })
    removed.push(job.id)
  }
  if (removed.length === limit) walk.done = true
  return removed
}

/** The time that counts when old jobs are cleaned: a job that ran lately is not old. */
function ageOf(job: JobHead): number {
  if (job.state === State.prioritized) return job.added_at
  return job.processed_at ?? job.added_at
}

export function lastRowid(tx: Tx): number {
  return tx.sql.lastRowid.get()!.rowid ?? 0
}

const obliterated: StateCode[] = [
  State.active,
  State.delayed,
  State.completed,
  State.wait,
  State.prioritized,
  State.failed,
  State['waiting-children'],
]

/** Removes up to `count` jobs whatever their state, and with the last of them all else. Returns whether there is more to do. */
export function obliterateSome(tx: Tx, queue: Queue, count: number, force: boolean): boolean {
  if (!queue.isPaused) throw new Error('Cannot obliterate non-paused queue')
  if (!force && queue.counted(State.active) > 0) throw new Error('Cannot obliterate queue with active jobs')
  let left = count
  for (const state of obliterated) {
    if (left <= 0) return true
    for (const { id } of tx.sql.headsUpTo.all(queue.id, state, Number.MAX_SAFE_INTEGER, left)) {
      const job = tx.sql.jobHead.get(queue.id, id)
      if (job) removeJob(tx, queue, job, { withParent: true })
      left--
    }
    if (state === State.delayed) left -= tx.sql.deleteSchedulers.run(queue.id, queue.id, Math.max(0, left)).changes
  }
  if (left <= 0) return true
  tx.sql.deleteMetrics.run(queue.id)
  tx.sql.deleteDedups.run(queue.id)
  tx.sql.deleteDedupNexts.run(queue.id)
  tx.sql.trimEvents.run(queue.id, Number.MAX_SAFE_INTEGER)
  queue.reset()
  return false
}
