import type { Queue } from './queues.ts'
import { State, type StateCode } from './schema.ts'

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

export type End = 'back' | 'front'

/** Where a job goes that may be worked on now: after all others of its priority, or before them. */
export function inLine({ state }: Queue, priority: number, end: End = 'back'): Place {
  const position = end === 'front' ? --state.front : ++state.back
  if (priority === 0) return { state: State.wait, score: position }
  return { state: State.prioritized, score: priority * priorityScale + middle + (position % middle) }
}

/** Where a job goes that is due `delay` ms after `timestamp`; both may have a fraction, as where Redis keeps them. */
export function delayed(queue: Queue, timestamp: number, delay: number): Place & { dueAt: number } {
  const dueAt = Math.round(delay > 0 ? timestamp + delay : timestamp)
  const lowest = dueAt * delayedScale
  const highest = lowest + delayedScale - 1
  const taken = queue.sql.highestScore.get(queue.id, State.delayed, lowest, highest)!.score
  return { state: State.delayed, score: taken === null ? lowest : Math.min(taken + 1, highest), dueAt }
}

/** The score of the first delayed job due at `time` or later. */
export const dueFrom = (time: number): number => time * delayedScale
/** The score up to which delayed jobs are due at `time`. */
export const dueBy = (time: number): number => dueFrom(time + 1) - 1
export const priorityRange = (priority: number) =>
  [priority * priorityScale, (priority + 1) * priorityScale - 1] as const

export function nextDueAt(queue: Queue): number | undefined {
  if (queue.counted(State.delayed) === 0) return undefined
  const first = queue.sql.firstScore.get(queue.id, State.delayed)
  return first ? Math.floor(first.score / delayedScale) : undefined
}
