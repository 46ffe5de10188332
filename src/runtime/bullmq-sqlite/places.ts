import type { Queue } from './queues.ts'
import { State, type StateCode } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/** A state and the score that orders the job in it. */
export interface Place {
  readonly state: StateCode
  readonly score: number
}

/** Scores of delayed jobs are due time * this + n: jobs due in the same millisecond keep their order. */
const delayedScale = 4096
/** Scores of prioritized jobs are priority * this + position, which may be on either side of the middle. */
const priorityScale = 2 ** 32
const middle = priorityScale / 2

/** Where a job goes that may be worked on now: after all others of its priority, or before them. */
export function inLine(queue: Queue, priority: number, end: 'back' | 'front' = 'back'): Place {
  const position = end === 'front' ? queue.nextFront() : queue.nextBack()
  if (priority === 0) return { state: State.wait, score: position }
  return { state: State.prioritized, score: priority * priorityScale + middle + (position % middle) }
}

/** Where a job goes that is due `delay` ms after `timestamp`. */
export function delayed(tx: Tx, queue: Queue, timestamp: number, delay: number): Place & { dueAt: number } {
  const dueAt = delay > 0 ? timestamp + delay : timestamp
  const lowest = dueAt * delayedScale
  const highest = lowest + delayedScale - 1
  const taken = tx.sql.highestScore.get(queue.id, State.delayed, lowest, highest)!.score
  return { state: State.delayed, score: taken === null ? lowest : Math.min(taken + 1, highest), dueAt }
}

/** The score up to which delayed jobs are due at `time`. */
export const dueBy = (time: number): number => (time + 1) * delayedScale - 1
/** The score of the first delayed job due at `time` or later. */
export const dueFrom = (time: number): number => time * delayedScale
export const dueAtOf = (score: number): number => Math.floor(score / delayedScale)
export const priorityRange = (priority: number): [number, number] => [
  priority * priorityScale,
  (priority + 1) * priorityScale - 1,
]

export function move(tx: Tx, queue: Queue, job: Pick<JobHead, 'rowid' | 'state'>, to: Place): void {
  tx.sql.moveJob.run(to.state, to.score, job.rowid)
  recount(queue, job.state, to.state)
}

export function recount(queue: Queue, from: number, to: number): void {
  queue.count(from, -1)
  queue.count(to, 1)
}

export function nextDueAt(tx: Tx, queue: Queue): number | undefined {
  if (queue.counted(State.delayed) === 0) return undefined
  const first = tx.sql.firstScore.get(queue.id, State.delayed)
  return first ? dueAtOf(first.score) : undefined
}

/** Tells the queue's events that a job may be worked on, and where it came from. */
export function announceWaiting(queue: Queue, jobId: string, from?: string): void {
  if (from) queue.emit('waiting', 'jobId', jobId, 'prev', from)
  else queue.emit('waiting', 'jobId', jobId)
}
