import type { JobJson, QueueBaseOptions, WorkerOptions } from 'bullmq'
import { now } from './clock.ts'
import { dueFrom, firstJobs, type Job, jobOf, nextDueAt, putInLine, toJobJson } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { State, type StateCode } from './schema.ts'
import type { JobColumns, JobRow, JsonRow } from './statements.ts'

export type Rules = Partial<Omit<WorkerOptions, keyof QueueBaseOptions>> // a worker's options; empty for other classes

/** The answer to BullMQ's worker: a job, or how long the rate limit lasts (ms), or when the next delayed job is due. */
export type NextJob = [job: JobJson | null, id: string | null, limitedFor: number, dueAt: number] | []

export const noLock = '0' // BullMQ's token for work done without a lock
const defaultDuration = 30_000 // ms, of locks and between checks for stalled jobs
const stalledTooOften = 'job stalled more than allowable limit'
const promotedAtOnce = 1000 // delayed jobs moved to the line per operation, at most

export function claim(queue: Queue, rules: Rules, token: string, name = rules.name ?? null): NextJob {
  const timestamp = Date.now()
  promoteDue(queue, timestamp)
  const max = Number(queue.state.meta.max ?? rules.limiter?.max ?? 0)
  const limitedFor = rateLimitLeft(queue, max)
  if (limitedFor > 0) return [null, null, limitedFor, 0]
  if (queue.isPaused || queue.isMaxed) return [null, null, 0, 0]
  const lock = token === noLock ? null : token
  const lockUntil = lock === null ? null : now() + (rules.lockDuration ?? defaultDuration)
  const row = claimFrom(State.wait) ?? claimFrom(State.prioritized)
  if (!row) return [null, null, 0, nextDueAt(queue)]
  if (max > 0 && row.deferredFailure === null)
    countTowardsLimit(queue, rules.limiter?.duration ?? Number(queue.state.meta.duration))
  queue.emit('active', 'jobId', row.id, 'prev', 'waiting')
  return [toJobJson(row), row.id, 0, 0]

  function claimFrom(state: StateCode): JsonRow | null | undefined {
    if (queue.count(state) === 0) return undefined
    const score = ++queue.state.back
    const row = queue.sql.claim.get(score, timestamp, name, lock, lockUntil, queue.queues.process, queue.id, state)
    if (row) queue.recount(state, State.active)
    return row
  }
}

export function promoteDue(queue: Queue, timestamp: number): void {
  if (queue.count(State.delayed) === 0) return
  for (const job of firstJobs(queue, State.delayed, dueFrom(timestamp + 1) - 1, promotedAtOnce))
    putInLine(job, job.priority, 'back', { delay: 0 })
}

/** Milliseconds until the queue may start jobs again, 0 if it may now; `max` 0 means no limit. */
export const rateLimitLeft = ({ state }: Queue, max: number): number =>
  max > 0 && state.limiterCount >= max ? Math.max(0, state.limiterUntil - now()) : 0

function countTowardsLimit({ state }: Queue, duration: number): void {
  if (state.limiterUntil <= now())
    Object.assign(state, { limiterCount: 0, limiterUntil: now() + Math.floor(Math.abs(duration)) })
  state.limiterCount++
}

export const isLocked = (job: Job): boolean => job.lock_token !== null && job.lock_until! > now()

/**
 * A lock that has expired, for example while a laptop slept, stays valid until the job is given to another worker: unlike in
 * Redis, the job keeps the token until then.
 */
export function requireLock(job: Job, token: string): void {
  if (token === noLock) return
  if (job.lock_token === null) throw new Refused('jobLockNotExist', { jobId: job.id })
  if (job.lock_token !== token) throw new Refused('jobLockMismatch', { jobId: job.id })
}

export function requireHeld(job: Job, token: string): Job {
  requireLock(job, token)
  if (job.state !== State.active) throw new Refused('jobNotInState', { jobId: job.id, state: 'active' })
  return job
}

export const heldJob = (queue: Queue, jobId: string, token: string) => requireHeld(jobOf(queue, jobId), token)

/** Returns 1 unless the job was given to another worker, even if the lock has expired; else 0. */
export const extendLock = ({ id, sql }: Queue, jobId: string, token: string, duration: number): number =>
  sql.extendLock.run(now() + duration, id, jobId, token).changes

export const extendLocks = (queue: Queue, jobIds: string[], tokens: string[], duration: number): string[] =>
  jobIds.filter((jobId, i) => !extendLock(queue, jobId, tokens[i] ?? '', duration))

/**
 * Puts active jobs whose lock has expired back in line, and returns their ids. A job must be found by two checks in a row, with
 * no renewal between them. There is one check per interval, shared by all workers of the queue.
 */
export function recoverStalled(queue: Queue, rules: Rules): string[] {
  if (queue.state.stallCheckUntil > now()) return []
  queue.state.stallCheckUntil = now() + (rules.stalledInterval ?? defaultDuration)
  const ids = putBack(queue, queue.sql.stalledJobs.all(queue.id, now()), rules)
  queue.sql.suspectActive.run(queue.id)
  return ids
}

export const recoverOrphaned = (queue: Queue, process: string, rules: Rules): string[] =>
  putBack(queue, queue.sql.orphanedJobs.all(queue.id, process), rules)

function putBack(queue: Queue, rows: JobRow[], { maxStalledCount = 1 }: Rules): string[] {
  for (const row of rows) {
    const columns: JobColumns = { stalls: row.stalls + 1 }
    const isScheduled = row.scheduler_id !== null && Boolean(queue.sql.scheduler.get(queue.id, row.scheduler_id))
    if (row.stalls >= maxStalledCount && !isScheduled) columns.deferred_failure = stalledTooOften
    putInLine({ ...row, queue }, 0, 'front', columns)
    queue.emit('stalled', 'jobId', row.id)
  }
  return rows.map(({ id }) => id)
}
