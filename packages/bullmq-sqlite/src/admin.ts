import { isLocked } from './claiming.ts'
import { now } from './clock.ts'
import { findJob, firstJobs, type Job } from './jobs.ts'
import type { Args, Queue } from './queues.ts'
import { isNextOfScheduler, removeJob } from './removing.ts'
import { State, type StateCode, stateOf } from './schema.ts'

const chunkSize = 250 // jobs per transaction, for work on whole queues
const unlimited = Number.MAX_SAFE_INTEGER
type Run = <T>(operation: (queue: Queue) => T) => Promise<T>

export function pause(queue: Queue, pause: boolean): void {
  if (pause) setMeta(queue, { paused: 1 })
  else removeMeta(queue, ['paused'])
  queue.emit(pause ? 'paused' : 'resumed')
}

/** Returns how many of the fields are new. */
export function setMeta({ state }: Queue, values: Record<string, string | number>): number {
  const before = Object.keys(state.meta).length
  const strings = Object.entries(values).map(([field, value]) => [field, String(value)])
  state.meta = { ...state.meta, ...Object.fromEntries(strings) }
  return Object.keys(state.meta).length - before
}

/** Returns how many of the fields existed. */
export function removeMeta({ state }: Queue, fields: string[]): number {
  const entries = Object.entries(state.meta)
  const remaining = entries.filter(([field]) => !fields.includes(field))
  state.meta = Object.fromEntries(remaining)
  return entries.length - remaining.length
}

export const limitRate = ({ state }: Queue, ms: number): void =>
  void Object.assign(state, { limiterCount: unlimited, limiterUntil: now() + ms })

export function unlimitRate({ state }: Queue): number {
  const limited = state.limiterUntil > now()
  Object.assign(state, { limiterCount: 0, limiterUntil: 0 })
  return limited ? 1 : 0
}

/**
 * Visits the jobs of some states in the order they would be worked on, a chunk in each transaction, until `visit` returns true.
 * Jobs added meanwhile are left alone.
 */
async function visitJobs(run: Run, states: StateCode[], upTo: number, visit: (job: Job) => boolean): Promise<void> {
  let newest: number | undefined
  for (const state of states) {
    let after: { score: number; rowid: number } | undefined = { score: -unlimited, rowid: 0 }
    while (after) {
      const { score, rowid } = after
      after = await run(queue => {
        const { id, sql } = queue
        newest ??= sql.lastRowid.get()!.rowid ?? 0
        const rows = sql.rowsAfter.all(id, state, score, rowid, upTo, chunkSize)
        for (const row of rows) if (row.rowid <= newest && visit({ ...row, queue })) return undefined
        return rows[chunkSize - 1]
      })
    }
  }
}

/** Removes waiting jobs, except those that a scheduler has made for its next run. */
export function drain(run: Run, delayed: boolean): Promise<void> {
  const states = [State.wait, State.prioritized, ...(delayed ? [State.delayed] : [])]
  return visitJobs(run, states, unlimited, job => {
    if (!isNextOfScheduler(job)) removeJob(job, { withParent: true })
    return false
  })
}

export async function clean(run: Run, ...[type, timestamp, limit = 0]: Args<'cleanJobsByState'>): Promise<string[]> {
  const state = stateOf(type)
  const isFinished = state === State.completed || state === State.failed
  const removed: string[] = []
  await visitJobs(run, state === undefined ? [] : [state], isFinished ? timestamp : unlimited, job => {
    if (!isFinished && (ageOf(job) > timestamp || isNextOfScheduler(job))) return false
    if (isLocked(job)) return false
    // A parent may have been removed with the last of its children.
    if (job.state === State['waiting-children'] && !findJob(job.queue, job.id)) return false
    removeJob(job, { withParent: true })
    return removed.push(job.id) === limit
  })
  await run(queue => queue.emit('cleaned', 'count', String(removed.length)))
  // Redis keeps these two in lists with the newest job at the head, and goes through them from there.
  return state === State.wait || state === State.active ? removed.reverse() : removed
}

/** The time by which old jobs are cleaned: a job that ran lately is not old. */
const ageOf = ({ state, added_at, processed_at }: Job): number =>
  state === State.prioritized ? added_at : (processed_at ?? added_at)

/** Removes up to `count` jobs of any state, and everything else once no job is left. Returns 0 when nothing is left. */
export function obliterateSome(queue: Queue, { force, count }: Args<'obliterate'>[0]): number {
  if (!queue.isPaused) throw new Error('Cannot obliterate non-paused queue')
  if (!force && queue.count(State.active) > 0) throw new Error('Cannot obliterate queue with active jobs')
  const { id, sql } = queue
  let remaining = Math.min(count, chunkSize)
  for (const state of Object.values(State)) {
    for (const first of firstJobs(queue, state, unlimited, remaining)) {
      const job = findJob(queue, first.id) // A parent may have been removed with the last of its children.
      if (job) removeJob(job, { withParent: true })
      remaining--
    }
  }
  for (const scheduler of sql.schedulersSoonestFirst.all(id, remaining, 0)) {
    sql.deleteScheduler.run(id, scheduler.id)
    remaining--
  }
  if (remaining === 0) return 1
  for (const empty of sql.emptyQueue) empty.run(id)
  queue.reset()
  return 0
}
