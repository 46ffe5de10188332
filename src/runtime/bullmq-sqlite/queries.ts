import type { DependenciesOpts, JobJson, JobState } from 'bullmq'
import { rateLimitLeft } from './claiming.ts'
import { now } from './clock.ts'
import { toJson } from './jobs.ts'
import { dueFrom, priorityRange } from './places.ts'
import type { Queue } from './queues.ts'
import { Child, type ChildCode, State, type StateCode, stateNames } from './schema.ts'
import type { ChildRow } from './statements.ts'
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

const childTypes = ['processed', 'unprocessed', 'ignored', 'failed'] as const
type ChildType = (typeof childTypes)[number]
const childStatus: Record<string, ChildCode> = {
  processed: Child.processed,
  unprocessed: Child.pending,
  ignored: Child.ignored,
  failed: Child.failed,
}

function childrenOf(tx: Tx, queue: Queue, jobId: string, type: ChildType, limit = -1, offset = 0): ChildRow[] {
  return tx.sql.children.all(queue.id, jobId, childStatus[type]!, limit, offset)
}

export function childCounts(tx: Tx, queue: Queue, jobId: string, types: string[]): number[] {
  return types.map(type => tx.sql.countChildren.get(queue.id, jobId, childStatus[type] ?? Child.failed)!.n)
}

/** Values of the children that were processed, or reasons of those that failed and were ignored, by child key. */
export function childValues(tx: Tx, queue: Queue, jobId: string, type: 'processed' | 'ignored') {
  return Object.fromEntries(childrenOf(tx, queue, jobId, type).map(({ key, value }) => [key, value ?? '']))
}

export interface Dependencies {
  processed?: Record<string, unknown>
  unprocessed?: string[]
  ignored?: Record<string, string>
  failed?: string[]
  nextProcessedCursor?: number
  nextUnprocessedCursor?: number
  nextIgnoredCursor?: number
  nextFailedCursor?: number
}

const cursorNames = {
  processed: 'nextProcessedCursor',
  unprocessed: 'nextUnprocessedCursor',
  ignored: 'nextIgnoredCursor',
  failed: 'nextFailedCursor',
} as const

/** The children of a job by how they stand: all of them, or a page of each kind asked for with the cursor of the next, 0 after the last. */
export function dependencies(tx: Tx, queue: Queue, jobId: string, opts: DependenciesOpts): Dependencies {
  const asked = childTypes.filter(type => opts[type])
  const result: Dependencies = {}
  for (const type of asked.length > 0 ? asked : childTypes) {
    const { cursor = 0, count = 20 } = opts[type] ?? { count: -1 }
    const rows = childrenOf(tx, queue, jobId, type, count, cursor)
    if (type === 'processed') result.processed = Object.fromEntries(rows.map(({ key, value }) => [key, parsed(value)]))
    else if (type === 'ignored') result.ignored = Object.fromEntries(rows.map(({ key, value }) => [key, value ?? '']))
    else result[type] = rows.map(({ key }) => key)
    if (asked.length > 0) result[cursorNames[type]] = rows.length < count ? 0 : cursor + count
  }
  return result
}

const parsed = (json: string | null): unknown => JSON.parse(json ?? 'null')

/** A page of a job's processed or pending children, with their jobs if asked. */
export function childPage(
  tx: Tx,
  queue: Queue,
  jobId: string,
  type: 'processed' | 'unprocessed',
  range: { start: number; end: number; fetchJobs?: boolean },
) {
  const [total = 0] = childCounts(tx, queue, jobId, [type])
  const { limit, offset } = page(range.start, range.end, total)
  const rows = childrenOf(tx, queue, jobId, type, limit, offset)
  const items = rows.map(({ key, value }) => (type === 'processed' ? { id: key, v: parsed(value) } : { id: key }))
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
