import type { JobJson } from 'bullmq'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State, type StateCode, states } from './schema.ts'
import type { JobColumns, JobRow, JsonRow } from './statements.ts'

/** A stored job without its payload, and its queue. */
export type Job = JobRow & { readonly queue: Queue }

export type ParentColumns = Pick<JobRow, 'parent_queue' | 'parent_id' | 'parent'>
export const noParent: ParentColumns = { parent_queue: null, parent_id: null, parent: null }

export interface NewJob extends Pick<JobJson, 'id' | 'name' | 'data' | 'opts' | 'timestamp' | 'repeatJobKey'> {
  readonly parent?: ParentColumns
}

type Place = { readonly state: StateCode; readonly score: number }
type End = 'back' | 'front'

const delayedScale = 256 // score of a delayed job = due time * this + n, so that jobs due in the same ms keep their order
const latestDue = 2 ** 45 - 1 // ms, in the year 3084: later due times count as this one, so that scores stay below 2^53
const priorityScale = 2 ** 32 // score of a prioritized job = priority * this + middle + position; the front counts down from the middle
const middle = priorityScale / 2

// The lowest score of a delayed job due at this time, and of a job with this priority.
export const dueFrom = (time: number): number => time * delayedScale
export const priorityFrom = (priority: number): number => priority * priorityScale

/** The place of a job that may run now: behind all others of its priority, or in front of them. */
export function placeInLine({ state }: Queue, priority: number, end: End): Place {
  const position = end === 'front' ? --state.front : ++state.back
  if (priority === 0) return { state: State.wait, score: position }
  return { state: State.prioritized, score: priorityFrom(priority) + middle + (position % middle) }
}

/** The place of a job that is due `delay` ms after `timestamp`; both may have a fraction, as in Redis. */
function delayedPlace({ id, sql }: Queue, timestamp: number, delay: number): Place & { dueAt: number } {
  const dueAt = timestamp + Math.max(0, delay)
  if (!Number.isFinite(dueAt)) throw new Error(`A delay is a finite number of milliseconds, not ${delay}`)
  const due = Math.min(Math.floor(dueAt), latestDue)
  const [lowest, highest] = [dueFrom(due), dueFrom(due + 1) - 1]
  const highestTaken = sql.highestScore.get(id, State.delayed, lowest, highest)!.score
  return { state: State.delayed, score: highestTaken === null ? lowest : Math.min(highestTaken + 1, highest), dueAt }
}

/** Rounds down, as Redis shows times and delays, to an integer that SQLite stores and JavaScript reads back. */
export const wholeMs = (ms: number): number => Math.min(Math.floor(ms), Number.MAX_SAFE_INTEGER)

/** When the next delayed job is due; 0 if there is none. */
export function nextDueAt(queue: Queue): number {
  const first = queue.count(State.delayed) > 0 && queue.sql.firstScore.get(queue.id, State.delayed)
  return first ? Math.floor(first.score / delayedScale) : 0
}

/** A function and `undefined` have no JSON. */
export const noData = '{}'

export function insertInLine(queue: Queue, job: NewJob): void {
  const { delay, lifo } = job.opts
  const priority = job.opts.priority ?? 0 // options may be null: from JSON, or from JavaScript
  const laterPlace = delay && delay > 0 ? delayedPlace(queue, job.timestamp, delay) : undefined
  insertJob(queue, job, laterPlace ?? placeInLine(queue, priority, lifo && !priority ? 'front' : 'back'))
  if (laterPlace) queue.emit('delayed', 'jobId', job.id, 'delay', String(laterPlace.dueAt))
  else queue.emit('waiting', 'jobId', job.id)
}

export function insertJob(queue: Queue, job: NewJob, { state, score }: Place): void {
  const { id, name, data, opts, repeatJobKey: scheduler = null } = job
  const { parent_queue: parentQueue, parent_id: parentId, parent } = job.parent ?? noParent
  const [at, delay] = [wholeMs(job.timestamp), wholeMs(opts.delay ?? 0)]
  const { priority, deduplication } = opts
  const { addJob } = queue.sql
  const json = JSON.stringify(opts)
  addJob.run(
    queue.id,
    id,
    state,
    score,
    at,
    delay,
    priority ?? 0,
    parentQueue,
    parentId,
    parent,
    scheduler,
    deduplication?.id ?? null,
    name,
    json,
    data ?? noData,
  )
  queue.recount(undefined, state)
  queue.emit('added', 'jobId', id, 'name', name)
}

export function findJob(queue: Queue, jobId: string | null): Job | undefined {
  const row = queue.sql.jobRow.get(queue.id, jobId)
  return row ? Object.assign(row, { queue }) : undefined
}

export function jobOf(queue: Queue, jobId: string): Job {
  const job = findJob(queue, jobId)
  if (!job) throw new Refused('jobNotExist', { jobId })
  return job
}

export const firstJobs = (queue: Queue, state: StateCode, upTo: number, limit: number): Job[] =>
  queue.sql.rowsUpTo.all(queue.id, state, upTo, limit).map(row => Object.assign(row, { queue }))

const unlocked: JobColumns = { lock_token: null, lock_until: null, owner: null, suspect: 0 }

/** Changes a job's state, other columns with it, and the queue's counts. Only claiming a job does this by itself. */
export function move({ queue, rowid, state: from }: Job, { state, score }: Place, columns?: JobColumns): void {
  queue.sql.updateJob(rowid, { state, score, ...(from === State.active && unlocked), ...columns })
  queue.recount(from, state)
}

/** Puts a job in line with this priority, which may differ from its own. */
export function putInLine(job: Job, priority: number, end: End, columns?: JobColumns): void {
  move(job, placeInLine(job.queue, priority, end), columns)
  job.queue.emit('waiting', 'jobId', job.id, 'prev', states[job.state])
}

/** Delays a job until `delay` ms after `timestamp`. */
export function moveToDelayed(job: Job, timestamp: number, delay: number, columns?: JobColumns): void {
  const place = delayedPlace(job.queue, timestamp, delay)
  move(job, place, { delay: wholeMs(delay), ...columns })
  job.queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
}

/** Deletes a job with its logs and its rows about children. Its parent and deduplication are left to the caller. */
export function deleteJob({ queue, rowid, id, state }: Job): void {
  queue.sql.deleteJob.run(rowid)
  queue.sql.deleteLogs.run(rowid)
  queue.sql.deleteChildren.run(queue.id, id)
  queue.recount(state, undefined)
}

export function toJobJson(row: JsonRow): JobJson {
  const parent = row.parent === null ? undefined : JSON.parse(row.parent)
  const parentKey = parent && `${parent.queueKey}:${parent.id}`
  return { ...row, opts: JSON.parse(row.opts), progress: JSON.parse(row.progress ?? '0'), parent, parentKey }
}
