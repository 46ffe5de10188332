import type { JobJson, WorkerOptions } from 'bullmq'
import { now } from './clock.ts'
import { dueFrom, firstJobs, nextDueAt, putInLine, toJson } from './jobs.ts'
import { noLock } from './locks.ts'
import type { Queue } from './queues.ts'
import { State, type StateCode } from './schema.ts'
import type { JsonRow } from './statements.ts'

type OfWorker = 'name' | 'lockDuration' | 'limiter' | 'maxStalledCount' | 'stalledInterval' | 'metrics'
/** What of a worker's options the backend looks at. */
export type Rules = Partial<Pick<WorkerOptions, OfWorker | 'removeOnComplete' | 'removeOnFail'>>

/** What BullMQ's worker is told: a job, or how long the rate limit lasts (ms), or when the next delayed job is due. */
export type NextJob = [job: JobJson | null, id: string | null, limitedFor: number, dueAt: number] | []

const defaultLockDuration = 30_000
/** How many delayed jobs become due in one operation at most. */
const promotedAtOnce = 1000

export function claim(queue: Queue, rules: Rules, token: string, name = rules.name): NextJob {
  const timestamp = Date.now()
  promoteDue(queue, timestamp)
  const max = Number(queue.meta.max ?? rules.limiter?.max ?? 0)
  const limitedFor = rateLimitLeft(queue, max)
  if (limitedFor > 0) return [null, null, limitedFor, 0]
  if (queue.isPaused || queue.isMaxed) return [null, null, 0, 0]
  const lock = token === noLock ? null : token
  const lockUntil = lock && now() + (rules.lockDuration ?? defaultLockDuration)
  const row = claimFrom(State.wait) ?? claimFrom(State.prioritized)
  if (!row) return [null, null, 0, nextDueAt(queue)]
  if (max > 0 && row.deferredFailure === null)
    countTowardsLimit(queue, rules.limiter?.duration ?? Number(queue.meta.duration))
  queue.emit('active', 'jobId', row.id, 'prev', 'waiting')
  return [toJson(row), row.id, 0, 0]

  function claimFrom(state: StateCode): JsonRow | null {
    if (queue.counted(state) === 0) return null
    const changes = [++queue.state.back, timestamp, name ?? null, lock, lockUntil, queue.queues.process] as const
    const row = queue.sql.claim.get(...changes, queue.id, state)
    if (row) queue.recount(state, State.active)
    return row
  }
}

export function promoteDue(queue: Queue, timestamp: number): void {
  if (queue.counted(State.delayed) === 0) return
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
