import type { IQueueBackend, JobJson, JobState } from 'bullmq'
import { rateLimitLeft } from './claiming.ts'
import { now } from './clock.ts'
import { dueFrom, findJob, priorityFrom, toJobJson } from './jobs.ts'
import type { Args, Queue } from './queues.ts'
import { Child, State, type StateCode, stateOf, states } from './schema.ts'
import type { ChildRow } from './statements.ts'

export function jobState(queue: Queue, jobId: string): JobState | 'unknown' {
  const job = findJob(queue, jobId)
  const name = job ? states[job.state] : 'unknown'
  return name === 'wait' ? 'waiting' : name
}

export function isInState(queue: Queue, type: string, jobId: string): boolean {
  const state = stateOf(type)
  if (state === undefined && type !== 'paused') throw new Error(`Unknown job state: ${type}`)
  return state !== undefined && findJob(queue, jobId)?.state === state
}

/** 0 for an unfinished job, 1 completed, 2 failed, -1 none; with `withValue`, also its result or the reason it failed. */
export function finishedStatus(
  queue: Queue,
  jobId: string,
  withValue = false,
): number | [status: number, value: string] {
  const answer = (status: number, value: string): number | [number, string] => (withValue ? [status, value] : status)
  const job = queue.sql.job.get(queue.id, jobId)
  if (!job) return answer(-1, `Missing key for job ${queue.key}:${jobId}. isFinished`)
  const state = findJob(queue, jobId)?.state
  if (state === State.completed) return answer(1, job.returnvalue ?? '')
  return state === State.failed ? answer(2, job.failedReason ?? '') : answer(0, '')
}

export function jobJson({ id, sql }: Queue, jobId: string): JobJson | undefined {
  const row = sql.job.get(id, jobId)
  return row ? toJobJson(row) : undefined
}

/** The number of jobs of each type, from the counters. With `delayedBefore`, delayed jobs due earlier are counted row by row. */
export function countsOf(queue: Queue, types: string[], delayedBefore?: number): number[] {
  return types.map(type => {
    if (type === 'repeat') return countSchedulers(queue)
    if (type === 'delayed' && delayedBefore !== undefined)
      return countScores(queue, State.delayed, 0, dueFrom(delayedBefore) - 1)
    const state = stateOf(type)
    return state === undefined ? 0 : queue.count(state)
  })
}

export function countsPerPriority(queue: Queue, priorities: number[]): number[] {
  const countOne = (n: number) => countScores(queue, State.prioritized, priorityFrom(n), priorityFrom(n + 1) - 1)
  return priorities.map(priority => (priority === 0 ? queue.count(State.wait) : countOne(priority)))
}

const countScores = ({ id, sql }: Queue, state: StateCode, from: number, to: number): number =>
  sql.countScores.get(id, state, from, to)!.n

/** The ids of the jobs of each type from `start` to `end`, inclusive, oldest first if `asc`. */
export function idsOf(queue: Queue, ...[types, start = 0, end = 1, asc = false]: Args<'getRanges'>) {
  const ids = types.map(type => {
    if (type === 'repeat') return schedulersOf(queue, start, end, asc).map(({ id }) => id)
    const state = stateOf(type)
    if (state === undefined) return []
    const statement = asc ? queue.sql.idsOldestFirst : queue.sql.idsNewestFirst
    const list = statement.all(queue.id, state, ...limitAndOffset(start, end, queue.count(state))).map(({ id }) => id)
    // BullMQ expects these two as lists with the newest job first, and reverses them itself.
    return asc && (state === State.wait || state === State.active) ? list.reverse() : list
  })
  // The type in the contract is a list of one-item tuples, but a list of lists is meant.
  return ids as [string][]
}

/** The range from `start` to `end`, inclusive, where -1 is the last of `total`. */
function limitAndOffset(start: number, end: number, total: number): [limit: number, offset: number] {
  const first = Math.max(0, start < 0 ? total + start : start)
  const last = end < 0 ? total + end : end
  return [Math.max(0, last - first + 1), first]
}

export const countSchedulers = ({ id, sql }: Queue): number => sql.countSchedulers.get(id)!.n

export function schedulersOf(queue: Queue, start: number, end: number, asc: boolean) {
  const { schedulersSoonestFirst, schedulersLatestFirst } = queue.sql
  const range = limitAndOffset(start, end, countSchedulers(queue))
  return (asc ? schedulersSoonestFirst : schedulersLatestFirst).all(queue.id, ...range)
}

export function rateLimitTtl(queue: Queue, max = 0): number {
  const limit = max || Number(queue.state.meta.max ?? 0)
  if (limit > 0) return rateLimitLeft(queue, limit)
  const left = queue.state.limiterUntil - now()
  return left > 0 ? left : -2
}

export function logsOf(queue: Queue, jobId: string, start: number, end: number, asc: boolean) {
  const job = findJob(queue, jobId)
  const count = job ? queue.sql.lastLog.get(job.rowid)!.n : 0
  const [limit, offset] = limitAndOffset(start, end, count)
  const size = Math.max(0, Math.min(limit, count - offset))
  if (!job || size === 0) return { logs: [], count }
  const lines = queue.sql.logs.all(job.rowid, size, asc ? offset : count - offset - size).map(({ line }) => line)
  return { logs: asc ? lines : lines.reverse(), count }
}

const cursorNames = {
  processed: 'nextProcessedCursor',
  unprocessed: 'nextUnprocessedCursor',
  ignored: 'nextIgnoredCursor',
  failed: 'nextFailedCursor',
} as const
type ChildType = keyof typeof Child
const childTypes: ChildType[] = ['processed', 'unprocessed', 'ignored', 'failed']

const childRows = ({ id, sql }: Queue, jobId: string, type: ChildType, limit = -1, offset = 0): ChildRow[] =>
  sql.children.all(id, jobId, Child[type], limit, offset)

const statuses = new Map<string, number>(Object.entries(Child))
export const childCounts = ({ id, sql }: Queue, jobId: string, types: string[]): number[] =>
  types.map(type => sql.countChildren.get(id, jobId, statuses.get(type) ?? Child.failed)!.n)

/** By child key: results of processed children, or failure reasons of ignored ones. */
export const childValues = (queue: Queue, jobId: string, type: 'processed' | 'ignored'): Record<string, string> =>
  Object.fromEntries(childRows(queue, jobId, type).map(({ key, value }) => [key, value ?? '']))

/** A job's children by status: all of them, or a page of each status asked for, with the cursor of the next page (0: none). */
export function dependencies(queue: Queue, ...[jobId, opts = {}]: Args<'getDependencies'>) {
  const requestedTypes = childTypes.filter(type => opts[type])
  const result: Awaited<ReturnType<IQueueBackend['getDependencies']>> = {}
  for (const type of requestedTypes.length > 0 ? requestedTypes : childTypes) {
    const { cursor = 0, count = 20 } = opts[type] ?? { count: -1 }
    const rows = childRows(queue, jobId, type, count, cursor)
    if (type === 'processed')
      result.processed = Object.fromEntries(rows.map(({ key, value }) => [key, parseJson(value)]))
    else if (type === 'ignored') result.ignored = Object.fromEntries(rows.map(({ key, value }) => [key, value ?? '']))
    else result[type] = rows.map(({ key }) => key)
    if (requestedTypes.length > 0) result[cursorNames[type]] = rows.length < count ? 0 : cursor + count
  }
  return result
}

const parseJson = (json: string | null): unknown => JSON.parse(json ?? 'null')

/** A page of the children under "<queue>:<id>:processed" or "<queue>:<id>:dependencies" (pending), with jobs if asked. */
export function childPage(queue: Queue, key: string, { start, end, fetchJobs }: Args<'paginate'>[1]) {
  const type = key.endsWith(':processed') ? 'processed' : 'unprocessed'
  const jobId = key.slice(queue.key.length + 1, key.lastIndexOf(':'))
  const [total = 0] = childCounts(queue, jobId, [type])
  const rows = childRows(queue, jobId, type, ...limitAndOffset(start, end, total))
  const items = rows.map(({ key, value }) => (type === 'processed' ? { id: key, v: parseJson(value) } : { id: key }))
  const jobs = fetchJobs ? rows.flatMap(child => queue.sql.job.get(child.queue, child.id) ?? []).map(toJobJson) : []
  return { cursor: '0', items, total, jobs }
}

/** In the form of Redis's CLIENT LIST: one text, a line per client. */
export function clientList({ sql }: Queue): string[] {
  const lines = sql.clients
    .all()
    .map(client => `id=${client.id} pid=${client.pid} started=${client.started_at} name=${client.name}`)
  return [lines.join('\n')]
}
