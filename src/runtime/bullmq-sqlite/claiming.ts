import type { JobJson, WorkerOptions } from 'bullmq'
import { now } from './clock.ts'
import { putInLine, toJson } from './jobs.ts'
import { noLock } from './locks.ts'
import { dueBy, nextDueAt } from './places.ts'
import type { Queue } from './queues.ts'
import { State, type StateCode } from './schema.ts'

/** What of a worker's options the backend looks at. */
export type WorkerRules = Partial<
  Pick<WorkerOptions, 'name' | 'lockDuration' | 'limiter' | 'maxStalledCount' | 'stalledInterval' | 'metrics'>
> &
  Pick<WorkerOptions, 'removeOnComplete' | 'removeOnFail'>

/** What BullMQ's worker is told: a job, or how long the rate limit lasts (ms), or when the next delayed job is due. */
export type NextJob = [job: JobJson | null, id: string | null, limitedFor: number, dueAt: number] | []

const defaultLockDuration = 30_000
/** How many delayed jobs become due in one operation at most. */
const promotedAtOnce = 1000

/** Takes up the next job. */
export function claim(queue: Queue, rules: WorkerRules, token: string, name = rules.name): NextJob {
  const timestamp = Date.now()
  promoteDue(queue, timestamp)
  const max = Number(queue.meta.max ?? rules.limiter?.max ?? 0)
  const limitedFor = rateLimitLeft(queue, max)
  if (limitedFor > 0) return [null, null, limitedFor, 0]
  if (queue.isPaused || queue.isMaxed) return [null, null, 0, 0]
  const row = claimFrom(State.wait) ?? claimFrom(State.prioritized)
  if (!row) return [null, null, 0, nextDueAt(queue) ?? 0]
  if (max > 0 && row.deferred_failure === null)
    countTowardsLimit(queue, rules.limiter?.duration ?? Number(queue.meta.duration))
  queue.emit('active', 'jobId', row.id, 'prev', 'waiting')
  return [toJson(row), row.id, 0, 0]

  function claimFrom(state: StateCode) {
    if (queue.counted(state) === 0) return null
    const lock = token === noLock ? null : token
    const lockUntil = lock === null ? null : now() + (rules.lockDuration ?? defaultLockDuration)
    const score = ++queue.state.back
    const { process } = queue.queues
    const row = queue.sql.claim.get(score, timestamp, name ?? null, lock, lockUntil, process, queue.id, state)
    if (row) {
      queue.count(state, -1)
      queue.count(State.active, 1)
    }
    return row
  }
}

/** Moves delayed jobs whose time has come into the line. */
export function promoteDue(queue: Queue, timestamp: number): void {
  if (queue.counted(State.delayed) === 0) return
  for (const job of queue.sql.headsUpTo.all(queue.id, State.delayed, dueBy(timestamp), promotedAtOnce))
    putInLine(queue, job, {}, { delay: 0 })
}

/** Milliseconds until the queue may start jobs again, 0 if it may now; `max` 0 means no limit. */
export function rateLimitLeft(queue: Queue, max: number): number {
  const { limiterCount, limiterUntil } = queue.state
  return max > 0 && limiterCount >= max ? Math.max(0, limiterUntil - now()) : 0
}

function countTowardsLimit({ state }: Queue, duration: number): void {
  if (state.limiterUntil <= now())
    Object.assign(state, { limiterCount: 0, limiterUntil: now() + Math.floor(Math.abs(duration)) })
  state.limiterCount++
}
