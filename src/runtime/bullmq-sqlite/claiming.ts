import type { JobJson } from 'bullmq'
import { now } from './clock.ts'
import { toJson } from './jobs.ts'
import { noLock } from './locks.ts'
import { announceWaiting, dueBy, inLine, move, nextDueAt } from './places.ts'
import type { Queue } from './queues.ts'
import { State, type StateCode } from './schema.ts'
import type { JobRow } from './statements.ts'
import type { Tx } from './transactions.ts'

/** Who asks for work, and under what rules. */
export interface Claimant {
  readonly token: string
  readonly name?: string
  readonly lockDuration: number
  readonly limiter?: { readonly max: number; readonly duration: number }
}

/** What BullMQ's worker is told: a job, or how long the rate limit lasts (ms), or when the next delayed job is due. */
export type NextJob = [job: JobJson | null, id: string | null, limitedFor: number, dueAt: number] | []

/** How many delayed jobs become due in one operation at most. */
const promotedAtOnce = 1000

/** Takes up the next job. */
export function claim(tx: Tx, queue: Queue, claimant: Claimant, timestamp: number): NextJob {
  promoteDue(tx, queue, timestamp)
  const max = Number(queue.meta.max ?? claimant.limiter?.max ?? 0)
  const limitedFor = rateLimitLeft(queue, max)
  if (limitedFor > 0) return [null, null, limitedFor, 0]
  if (queue.isPaused || queue.isMaxed) return [null, null, 0, 0]
  const row = claimFrom(State.wait) ?? claimFrom(State.prioritized)
  if (!row) return [null, null, 0, nextDueAt(tx, queue) ?? 0]
  const duration = claimant.limiter?.duration ?? Number(queue.meta.duration)
  if (max > 0 && row.deferred_failure === null) countTowardsLimit(queue, duration)
  queue.emit('active', 'jobId', row.id, 'prev', 'waiting')
  return [toJson(row), row.id, 0, 0]

  function claimFrom(state: StateCode): JobRow | null {
    if (queue.counted(state) === 0) return null
    const { token, name, lockDuration } = claimant
    const lock = token === noLock ? null : token
    const lockUntil = lock === null ? null : now() + lockDuration
    const row = tx.sql.claim.get(
      ...([queue.nextBack(), timestamp, name ?? null, lock, lockUntil, tx.process, queue.id, state] as const),
    )
    if (row) {
      queue.count(state, -1)
      queue.count(State.active, 1)
    }
    return row
  }
}

/** Moves delayed jobs whose time has come into the line. */
export function promoteDue(tx: Tx, queue: Queue, timestamp: number): void {
  if (queue.counted(State.delayed) === 0) return
  for (const job of tx.sql.headsUpTo.all(queue.id, State.delayed, dueBy(timestamp), promotedAtOnce)) {
    move(tx, queue, job, inLine(queue, job.priority))
    tx.sql.setDelay.run(0, job.rowid)
    announceWaiting(queue, job.id, 'delayed')
  }
}

/** Milliseconds until the queue may start jobs again, 0 if it may now; `max` 0 means no limit. */
export function rateLimitLeft(queue: Queue, max: number): number {
  const { limiterCount, limiterUntil } = queue.state
  return max > 0 && limiterCount >= max ? Math.max(0, limiterUntil - now()) : 0
}

function countTowardsLimit(queue: Queue, duration: number): void {
  const state = queue.change()
  if (state.limiterUntil <= now())
    Object.assign(state, { limiterCount: 0, limiterUntil: now() + Math.floor(Math.abs(duration)) })
  state.limiterCount++
}
