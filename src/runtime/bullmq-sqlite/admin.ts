import { now } from './clock.ts'
import { findJob } from './jobs.ts'
import { isLocked } from './locks.ts'
import type { Queue } from './queues.ts'
import { isNextOfScheduler, removeJob } from './removing.ts'
import { State, type StateCode } from './schema.ts'
import type { JobHead } from './statements.ts'

/** Jobs handled in one transaction by work that may concern all jobs of a queue. */
const chunkSize = 250
const always = Number.MAX_SAFE_INTEGER

export function pause(queue: Queue, paused: boolean): void {
  const { paused: _, ...meta } = queue.meta
  queue.state.meta = paused ? { ...meta, paused: '1' } : meta
  queue.emit(paused ? 'paused' : 'resumed')
}

/** Returns how many of the fields are new. */
export function setMeta({ state }: Queue, values: Record<string, string | number>): number {
  const added = Object.keys(values).filter(field => !(field in state.meta)).length
  const strings = Object.entries(values).map(([field, value]) => [field, String(value)])
  state.meta = { ...state.meta, ...Object.fromEntries(strings) }
  return added
}

/** Returns how many of the fields there were. */
export function removeMeta({ state }: Queue, fields: string[]): number {
  const all = Object.entries(state.meta)
  const left = all.filter(([field]) => !fields.includes(field))
  state.meta = Object.fromEntries(left)
  return all.length - left.length
}

/** No worker starts a job of this queue for that long. */
export function limitRate({ state }: Queue, ms: number): void {
  Object.assign(state, { limiterCount: always, limiterUntil: now() + ms })
}

export function unlimitRate({ state }: Queue): number {
  const limited = state.limiterUntil > now()
  Object.assign(state, { limiterCount: 0, limiterUntil: 0 })
  return limited ? 1 : 0
}

/** A long walk over the jobs of some states, a chunk in each transaction, in the order they would be worked on. */
export class Walk {
  #newest: number | undefined
  #score = Number.MIN_SAFE_INTEGER
  #rowid = 0

  constructor(private readonly states: StateCode[]) {}

  get isDone(): boolean {
    return this.states.length === 0
  }

  stop(): void {
    this.states.length = 0
  }

  /** The next jobs. Those added after the walk began are left alone. */
  next({ id, sql }: Queue, upToScore = always): JobHead[] {
    this.#newest ??= sql.lastRowid.get()!.rowid ?? 0
    const jobs = sql.headsAfter.all(id, this.states[0]!, this.#score, this.#rowid, upToScore, chunkSize)
    const last = jobs.length < chunkSize ? undefined : jobs.at(-1)
    if (!last) this.states.shift()
    this.#score = last?.score ?? Number.MIN_SAFE_INTEGER
    this.#rowid = last?.rowid ?? 0
    return jobs.filter(job => job.rowid <= this.#newest!)
  }
}

/** Removes some of the jobs that wait, but for those a scheduler has made for its next run. */
export function drainSome(queue: Queue, walk: Walk): void {
  for (const job of walk.next(queue)) if (!isNextOfScheduler(queue, job)) removeJob(queue, job, { withParent: true })
}

/** Removes some of the jobs of a state that are older than `timestamp`, at most `limit`. Returns their ids. */
export function cleanSome(queue: Queue, walk: Walk, state: StateCode, timestamp: number, limit: number): string[] {
  const isFinished = state === State.completed || state === State.failed
  const removed: string[] = []
  for (const job of walk.next(queue, isFinished ? timestamp : undefined)) {
    if (removed.length === limit) break
    if (!isFinished && (ageOf(job) > timestamp || isNextOfScheduler(queue, job))) continue
    if (state === State.active && isLocked(job)) continue
    // It may have gone with the last of its children.
    if (state === State['waiting-children'] && !findJob(queue, job.id)) continue
    removeJob(queue, job, { withParent: true })
    removed.push(job.id)
  }
  if (removed.length === limit) walk.stop()
  return removed
}

/** The time that counts when old jobs are cleaned: a job that ran lately is not old. */
function ageOf(job: JobHead): number {
  if (job.state === State.prioritized) return job.added_at
  return job.processed_at ?? job.added_at
}

/** Removes up to `count` jobs whatever their state, and with the last of them all else. Returns 0 when all is gone. */
export function obliterateSome(queue: Queue, { force, count }: { force: boolean; count: number }): number {
  if (!queue.isPaused) throw new Error('Cannot obliterate non-paused queue')
  if (!force && queue.counted(State.active) > 0) throw new Error('Cannot obliterate queue with active jobs')
  const { id, sql } = queue
  let left = Math.min(count, chunkSize)
  for (const state of Object.values(State)) {
    for (const head of sql.headsUpTo.all(id, state, always, left)) {
      // It may have gone with the last of its children.
      const job = findJob(queue, head.id)
      if (job) removeJob(queue, job, { withParent: true })
      left--
    }
    if (left === 0) return 1
  }
  for (const scheduler of sql.schedulersSoonestFirst.all(id, left, 0)) {
    sql.deleteScheduler.run(id, scheduler.id)
    left--
  }
  if (left === 0) return 1
  for (const empty of sql.emptyQueue) empty.run(id)
  queue.reset()
  return 0
}
