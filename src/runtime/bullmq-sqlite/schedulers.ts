import type { JobsOptions, RepeatableOptions, RepeatOptions } from 'bullmq'
import { insertInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { State } from './schema.ts'
import type { Tx } from './transactions.ts'

/** A scheduler as BullMQ reads it: every field a string. */
export type SchedulerFields = Record<string, string>

interface Scheduler {
  readonly nextRun: number
  readonly nextJob: string
  readonly fields: SchedulerFields
}

/** Options of a job that a scheduler makes. */
type RunOptions = JobsOptions & { repeat?: RepeatOptions }

interface Upsert {
  readonly id: string
  /** When a scheduler with a pattern runs next; one with an interval finds out by itself. */
  readonly nextMillis: number
  readonly templateData: string
  readonly templateOpts: JobsOptions
  readonly opts: RepeatableOptions
  readonly jobOpts: RunOptions
  readonly now: number
}

/** How many further slots are tried when the next one is taken by a job that may not be replaced. */
const maxSlotScans = 32

/** Adds or changes a scheduler, and adds the job of its next run. Returns that job's id and delay. */
export function upsertScheduler(tx: Tx, queue: Queue, upsert: Upsert): [jobId: string, delay: number] {
  const { id, opts, jobOpts, now } = upsert
  const { every } = opts
  const current = readScheduler(tx, queue, id)
  const givenOffset = opts.offset ?? jobOpts.repeat?.offset ?? 0
  const goesOn = current !== undefined && Number(current.fields.every) === every
  const slot = every
    ? nextSlot(goesOn ? current.nextRun : undefined, every, now, givenOffset, Number(opts.startDate ?? 0))
    : { nextMillis: upsert.nextMillis, offset: givenOffset }
  const replaced = current !== undefined && removeNextJob(tx, queue, current)
  const wanted = replaced && every && goesOn ? current.nextRun : slot.nextMillis
  const { nextMillis, jobId } = every
    ? freeSlot(tx, queue, id, wanted, every)
    : { nextMillis: wanted, jobId: freeId(tx, queue, id, wanted, replaced) }

  const offset = (replaced ? opts.offset : slot.offset) ?? current?.fields.offset
  const { tz, limit, pattern, startDate, endDate } = opts
  const fields: SchedulerFields = { name: opts.name, ic: current?.fields.ic ?? '1' }
  for (const [name, value] of Object.entries({ tz, limit, pattern, startDate, endDate, every, offset }))
    if (value != null) fields[name] = String(value)
  const templateOpts = JSON.stringify(upsert.templateOpts)
  if (templateOpts !== '{}') fields.opts = templateOpts
  if (upsert.templateData !== '{}') fields.data = upsert.templateData

  return addRun(tx, queue, id, { nextRun: nextMillis, nextJob: jobId, fields }, jobOpts, now)
}

interface Advance {
  readonly id: string
  readonly nextMillis: number
  readonly jobOpts: RunOptions
  readonly now: number
  /** The job whose start asks for the next run. */
  readonly producerId: string | undefined
}

/** A scheduler's job has started: adds the job of the run after it. Returns its id, or null if nothing was to be added. */
export function advanceScheduler(tx: Tx, queue: Queue, { id, jobOpts, now, ...advance }: Advance): string | null {
  const current = readScheduler(tx, queue, id)
  if (!current || advance.producerId !== current.nextJob) return null
  const { fields } = current
  const every = Number(fields.every ?? jobOpts.repeat?.every ?? 0)
  const offset = Number(fields.offset ?? jobOpts.repeat?.offset ?? 0)
  const nextRun = every
    ? nextSlot(current.nextRun, every, now, offset, Number(fields.startDate ?? 0)).nextMillis
    : advance.nextMillis
  const nextJob = jobIdAt(id, nextRun)
  if (tx.sql.jobExists.get(queue.id, nextJob)) {
    queue.emit('duplicated', 'jobId', nextJob)
    return null
  }
  const counted = { ...fields, ic: String(Number(fields.ic ?? 1) + 1) }
  addRun(tx, queue, id, { nextRun, nextJob, fields: counted }, jobOpts, now)
  return nextJob
}

/** Removes a scheduler and the job of its next run. Returns whether there was one. */
export function removeScheduler(tx: Tx, queue: Queue, id: string): boolean {
  const current = readScheduler(tx, queue, id)
  if (!current) return false
  const next = tx.sql.jobHead.get(queue.id, current.nextJob)
  if (next?.state === State.delayed) {
    removeJob(tx, queue, next)
    queue.emit('removed', 'jobId', next.id, 'prev', 'delayed')
  }
  tx.sql.deleteScheduler.run(queue.id, id)
  return true
}

export function readScheduler(tx: Tx, queue: Queue, id: string): Scheduler | undefined {
  const row = tx.sql.scheduler.get(queue.id, id)
  return row ? { nextRun: row.next_run, nextJob: row.next_job, fields: JSON.parse(row.fields) } : undefined
}

/**
 * The next multiple of `every`, shifted by the offset, that has not passed. A scheduler without a past starts at once, or
 * at its start date.
 */
function nextSlot(
  previous: number | undefined,
  every: number,
  now: number,
  givenOffset: number,
  startDate: number,
): { nextMillis: number; offset: number } {
  const aligned = Math.floor(now / every) * every + givenOffset
  const upcoming = aligned <= now ? aligned + every : aligned
  const nextMillis = Math.floor(firstOrNext())
  const offset = givenOffset || nextMillis - Math.floor(nextMillis / every) * every
  return { nextMillis, offset: Math.floor(offset) }

  function firstOrNext(): number {
    if (previous !== undefined) return previous + every < now ? upcoming : previous + every
    if (startDate) return Math.max(startDate, now)
    return givenOffset > 0 ? upcoming : now
  }
}

/** Jobs of earlier runs may stand in the next slots: the first one without. */
function freeSlot(tx: Tx, queue: Queue, id: string, from: number, every: number) {
  for (let scans = 0, nextMillis = from; scans <= maxSlotScans; scans++, nextMillis += every) {
    const jobId = jobIdAt(id, nextMillis)
    if (!tx.sql.jobExists.get(queue.id, jobId)) return { nextMillis, jobId }
  }
  throw new Refused(Code.schedulerSlotsBusy)
}

/**
 * A pattern leaves no choice of slot. If a job of the same slot is at work or done, as when a job run ahead of time changes
 * its own scheduler, the run gets another id.
 */
function freeId(tx: Tx, queue: Queue, id: string, millis: number, replaces: boolean): string {
  const jobId = jobIdAt(id, millis)
  if (!tx.sql.jobExists.get(queue.id, jobId)) return jobId
  if (!replaces) throw new Refused(Code.schedulerJobIdCollision)
  let n = 2
  while (tx.sql.jobExists.get(queue.id, `${jobId}-${n}`)) n++
  return `${jobId}-${n}`
}

function addRun(
  tx: Tx,
  queue: Queue,
  schedulerId: string,
  { nextRun, nextJob, fields }: Scheduler,
  runOpts: RunOptions,
  now: number,
): [jobId: string, delay: number] {
  const delay = Math.max(0, nextRun - now)
  const opts: JobsOptions = { ...runOpts, delay, jobId: nextJob }
  const { name = '', data = '{}' } = fields
  tx.sql.saveScheduler.run(queue.id, schedulerId, nextRun, nextJob, JSON.stringify(fields))
  queue.nextJobNumber()
  insertInLine(tx, queue, { id: nextJob, name, data, opts, timestamp: now, schedulerId })
  return [nextJob, delay]
}

/** Removes the job of the next run if no worker has taken it up. As in Redis, one in the line of a paused queue stays. */
function removeNextJob(tx: Tx, queue: Queue, { nextJob }: Scheduler): boolean {
  const job = tx.sql.jobHead.get(queue.id, nextJob)
  const removable: number[] = [State.delayed, State.prioritized]
  if (!queue.isPaused) removable.push(State.wait)
  if (!job || !removable.includes(job.state)) return false
  removeJob(tx, queue, job, { withParent: true })
  return true
}

const jobIdAt = (schedulerId: string, millis: number): string => `repeat:${schedulerId}:${millis}`
