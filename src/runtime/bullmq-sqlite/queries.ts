import type { DependenciesOpts, JobJson, JobState } from 'bullmq'
import { rateLimitLeft } from './claiming.ts'
import { now } from './clock.ts'
import { toJson } from './jobs.ts'
import { dueFrom, priorityRange } from './places.ts'
import type { Queue } from './queues.ts'
import { Child, State, type StateCode, stateNames } from './schema.ts'
import type { Tx } from './transactions.ts'

/** BullMQ calls the wait state by two names. */
export function stateOf(type: string): StateCode | undefined {
  const name = stateNames.find(state => state === (type === 'waiting' ? 'wait' : type))
  return name && State[name]
}

export function jobState(tx: Tx, queue: Queue, jobId: string): JobState | 'unknown' {
  const job = tx.sql.jobHead.get(queue.id, jobId)
  const name = job ? stateNames[job.state]! : 'unknown'
  return name === 'wait' ? 'waiting' : name
}

export function isInState(tx: Tx, queue: Queue, type: string, jobId: string): boolean {
  if (type === 'paused') return false
  const state = stateOf(type)
  if (state === undefined) throw new Error(`Unknown job state: ${type}`)
  return tx.sql.jobHead.get(queue.id, jobId)?.state === state
}

/** 0 for a job that goes on, 1 completed, 2 failed, -1 none; and its result, or the reason it failed. */
export function outcome(tx: Tx, queue: Queue, jobId: string): [status: number, value: string] {
  const job = tx.sql.job.get(queue.id, jobId)
  if (!job) return [-1, `Missing key for job ${queue.key}:${jobId}. isFinished`]
  if (job.state === State.completed) return [1, job.return_value ?? '']
  if (job.state === State.failed) return [2, job.failed_reason ?? '']
  return [0, '']
}

export function jobJson(tx: Tx, queue: Queue, jobId: string): JobJson | undefined {
  const row = tx.sql.job.get(queue.id, jobId)
  return row ? toJson(row) : undefined
}

/** Jobs by type, from the counters. Delayed ones due before `delayedBefore`, if given, are counted one by one. */
export function countsOf(tx: Tx, queue: Queue, types: string[], delayedBefore?: number): number[] {
  return types.map(type => {
    if (type === 'repeat') return tx.sql.countSchedulers.get(queue.id)!.n
    if (type === 'delayed' && delayedBefore !== undefined)
      return tx.sql.countScores.get(queue.id, State.delayed, 0, dueFrom(delayedBefore) - 1)!.n
    const state = stateOf(type)
    return state === undefined ? 0 : queue.counted(state)
  })
}

export function countsPerPriority(tx: Tx, queue: Queue, priorities: number[]): number[] {
  return priorities.map(priority =>
    priority === 0
      ? queue.counted(State.wait)
      : tx.sql.countScores.get(queue.id, State.prioritized, ...priorityRange(priority))!.n,
  )
}

/** The ids of the jobs of a type from `start` to `end`, both included, oldest first if `asc`. */
export function idsOf(tx: Tx, queue: Queue, type: string, start: number, end: number, asc: boolean): string[] {
  const sql = tx.sql
  if (type === 'repeat') {
    const { limit, offset } = page(start, end, sql.countSchedulers.get(queue.id)!.n)
    const schedulers = asc ? sql.schedulersSoonestFirst : sql.schedulersLatestFirst
    return schedulers.all(queue.id, limit, offset).map(({ id }) => id)
  }
  const state = stateOf(type)
  if (state === undefined) return []
  const { limit, offset } = page(start, end, queue.counted(state))
  const ids = (asc ? sql.idsOldestFirst : sql.idsNewestFirst).all(queue.id, state, limit, offset)
  // BullMQ takes these two for lists with the newest job at the head, and turns them round itself.
  if (asc && (state === State.wait || state === State.active)) ids.reverse()
  return ids.map(({ id }) => id)
}

/** Limit and offset of the range from `start` to `end`, both included, where -1 is the last of `total`. */
export function page(start: number, end: number, total: number): { limit: number; offset: number } {
  const first = Math.max(0, start < 0 ? total + start : start)
  const last = end < 0 ? total + end : end
  return { limit: Math.max(0, last - first + 1), offset: first }
}

export function rateLimitTtl(queue: Queue, max = 0): number {
  const limit = max || Number(queue.meta.max ?? 0)
  if (limit > 0) return rateLimitLeft(queue, limit)
  const left = queue.state.limiterUntil - now()
  return left > 0 ? left : -2
}

export function logsOf(tx: Tx, queue: Queue, jobId: string, start: number, end: number, asc: boolean) {
  const job = tx.sql.jobExists.get(queue.id, jobId)
  const count = job ? tx.sql.lastLog.get(job.rowid)!.n : 0
  const { limit, offset } = page(start, end, count)
  if (!job || limit === 0 || offset >= count) return { logs: [], count }
  if (asc) return { logs: tx.sql.logs.all(job.rowid, limit, offset).map(({ line }) => line), count }
  const size = Math.min(limit, count - offset)
  const lines = tx.sql.logs.all(job.rowid, size, count - offset - size).map(({ line }) => line)
  return { logs: lines.reverse(), count }
}

const childStatus = {
  processed: Child.processed,
  unprocessed: Child.pending,
  ignored: Child.ignored,
  failed: Child.failed,
} as const
type ChildType = keyof typeof childStatus

export function childCounts(tx: Tx, queue: Queue, jobId: string, types: string[]): number[] {
  return types.map(type => {
    const status = type in childStatus ? childStatus[type as ChildType] : Child.failed
    return tx.sql.countChildren.get(queue.id, jobId, status)!.n
  })
}

/** Values of the children that were processed, or reasons of those that failed and were ignored, by child key. */
export function childValues(tx: Tx, queue: Queue, jobId: string, type: 'processed' | 'ignored') {
  const rows = tx.sql.children.all(queue.id, jobId, childStatus[type], -1, 0)
  return Object.fromEntries(rows.map(({ key, value }) => [key, value ?? '']))
}

/** The children of a job by how they stand: all of them, or a page of each kind asked for. */
export function dependencies(tx: Tx, queue: Queue, jobId: string, opts: DependenciesOpts) {
  const all = !opts.processed && !opts.unprocessed && !opts.ignored && !opts.failed
  const result: Dependencies = {}
  const processed = rows('processed')
  if (processed) {
    result.processed = Object.fromEntries(processed.map(({ key, value }) => [key, JSON.parse(value ?? 'null')]))
    if (!all) result.nextProcessedCursor = next('processed', processed.length)
  }
  const unprocessed = rows('unprocessed')
  if (unprocessed) {
    result.unprocessed = unprocessed.map(({ key }) => key)
    if (!all) result.nextUnprocessedCursor = next('unprocessed', unprocessed.length)
  }
  const ignored = rows('ignored')
  if (ignored) {
    result.ignored = Object.fromEntries(ignored.map(({ key, value }) => [key, value ?? '']))
    if (!all) result.nextIgnoredCursor = next('ignored', ignored.length)
  }
  const failed = rows('failed')
  if (failed) {
    result.failed = failed.map(({ key }) => key)
    if (!all) result.nextFailedCursor = next('failed', failed.length)
  }
  return result

  function rows(type: ChildType) {
    if (all) return tx.sql.children.all(queue.id, jobId, childStatus[type], -1, 0)
    const { cursor = 0, count = 20 } = opts[type] ?? {}
    return opts[type] && tx.sql.children.all(queue.id, jobId, childStatus[type], count, cursor)
  }

  /** The cursor of the next page, 0 after the last. */
  function next(type: ChildType, found: number): number {
    const { cursor = 0, count = 20 } = opts[type] ?? {}
    return found < count ? 0 : cursor + count
  }
}

export interface Dependencies {
  processed?: Record<string, unknown>
  nextProcessedCursor?: number
  unprocessed?: string[]
  nextUnprocessedCursor?: number
  ignored?: Record<string, string>
  nextIgnoredCursor?: number
  failed?: string[]
  nextFailedCursor?: number
}

/** A page of a job's processed or pending children, with their jobs if asked. */
export function childPage(
  tx: Tx,
  queue: Queue,
  jobId: string,
  type: 'processed' | 'unprocessed',
  range: { start: number; end: number; fetchJobs?: boolean },
) {
  const total = tx.sql.countChildren.get(queue.id, jobId, childStatus[type])!.n
  const { limit, offset } = page(range.start, range.end, total)
  const rows = tx.sql.children.all(queue.id, jobId, childStatus[type], limit, offset)
  const items = rows.map(({ key, value }) =>
    type === 'processed' ? { id: key, v: JSON.parse(value ?? 'null') } : { id: key },
  )
  const jobs = range.fetchJobs ? rows.flatMap(child => tx.sql.job.get(child.queue, child.id) ?? []).map(toJson) : []
  return { cursor: '0', items, total, jobs }
}

export function schedulersOf(tx: Tx, queue: Queue, start: number, end: number, asc: boolean): string[] {
  const { limit, offset } = page(start, end, tx.sql.countSchedulers.get(queue.id)!.n)
  const rows = (asc ? tx.sql.schedulersSoonestFirst : tx.sql.schedulersLatestFirst).all(queue.id, limit, offset)
  return rows.flatMap(({ id, next_run }) => [id, String(next_run)])
}

export function deduplicationHolder(tx: Tx, queue: Queue, id: string): string | null {
  return tx.sql.dedup.get(queue.id, id, now())?.job_id ?? null
}
