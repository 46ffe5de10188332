import type { JobsOptions, RepeatableOptions, RepeatOptions } from 'bullmq'
import { insertInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { State } from './schema.ts'
import type { Tx } from './transactions.ts'

/** A scheduler as BullMQ reads it: every field a string. */
export type SchedulerFields = Record<string, string>

/** Options of a job that a scheduler makes. */
type RunOptions = JobsOptions & { repeat?: RepeatOptions }

interface Upsert {
  readonly id: string
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
  const sameEvery = current !== undefined && Number(current.fields.every) === every
  const slot = every
    ? nextSlot(current && sameEvery ? current.nextRun : undefined, every, now, givenOffset, Number(opts.startDate ?? 0))
    : { nextMillis: upsert.nextMillis, offset: givenOffset }
  const replaced = current !== undefined && removeNextJob(tx, queue, id)
  let nextMillis = replaced && every && sameEvery ? current.nextRun : slot.nextMillis
  const offset = replaced ? opts.offset : slot.offset
  if (every) {
    for (let scans = 0; jobExists(nextMillis); scans++) {
      if (scans === maxSlotScans) throw new Refused(Code.schedulerSlotsBusy)
      nextMillis += every
    }
  } else {
    const collision = tx.sql.jobHead.get(queue.id, jobIdAt(id, nextMillis))
    if (collision && (!replaced || collision.state === State.active)) throw new Refused(Code.schedulerJobIdCollision)
    if (collision) removeJob(tx, queue, collision)
  }

  const fields: SchedulerFields = { name: String(opts.name), ic: current?.fields.ic ?? '1' }
  const { tz, limit, pattern, startDate, endDate } = opts
  const kept = { tz, limit, pattern, startDate, endDate, every, offset: offset ?? current?.fields.offset }
  for (const [name, value] of Object.entries(kept)) if (value != null) fields[name] = String(value)
  const templateOpts = JSON.stringify(upsert.templateOpts)
  if (templateOpts !== '{}') fields.opts = templateOpts
  if (upsert.templateData && upsert.templateData !== '{}') fields.data = upsert.templateData
  tx.sql.saveScheduler.run(queue.id, id, nextMillis, JSON.stringify(fields))

  return addRun(tx, queue, id, { nextMillis, now, name: fields.name!, data: upsert.templateData, opts: jobOpts })

  function jobExists(millis: number): boolean {
    return tx.sql.jobExists.get(queue.id, jobIdAt(id, millis)) !== null
  }
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
  if (!current || advance.producerId !== jobIdAt(id, current.nextRun)) return null
  const { fields } = current
  const every = Number(fields.every ?? jobOpts.repeat?.every ?? 0)
  const offset = Number(fields.offset ?? jobOpts.repeat?.offset ?? 0)
  const nextMillis = every
    ? nextSlot(current.nextRun, every, now, offset, Number(fields.startDate ?? 0)).nextMillis
    : advance.nextMillis
  const jobId = jobIdAt(id, nextMillis)
  if (tx.sql.jobExists.get(queue.id, jobId)) {
    queue.emit('duplicated', 'jobId', jobId)
    return null
  }
  const counted = { ...fields, ic: String(Number(fields.ic ?? 1) + 1) }
  tx.sql.saveScheduler.run(queue.id, id, nextMillis, JSON.stringify(counted))
  addRun(tx, queue, id, { nextMillis, now, name: fields.name!, data: fields.data ?? '{}', opts: jobOpts })
  return jobId
}

/** Removes a scheduler and the job of its next run. Returns whether there was one. */
export function removeScheduler(tx: Tx, queue: Queue, id: string): boolean {
  const current = readScheduler(tx, queue, id)
  if (!current) return false
  const next = tx.sql.jobHead.get(queue.id, jobIdAt(id, current.nextRun))
  if (next?.state === State.delayed) {
    removeJob(tx, queue, next)
    queue.emit('removed', 'jobId', next.id, 'prev', 'delayed')
  }
  tx.sql.deleteScheduler.run(queue.id, id)
  return true
}

export function readScheduler(
  tx: Tx,
  queue: Queue,
  id: string,
): { nextRun: number; fields: SchedulerFields } | undefined {
  const row = tx.sql.scheduler.get(queue.id, id)
  return row ? { nextRun: row.next_run, fields: JSON.parse(row.fields) } : undefined
}

/** The next multiple of `every`, shifted by the offset, that has not passed; a scheduler without a past starts at once. */
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

interface Run {
  readonly nextMillis: number
  readonly now: number
  readonly name: string
  readonly data: string
  readonly opts: JobsOptions
}

function addRun(tx: Tx, queue: Queue, schedulerId: string, run: Run): [jobId: string, delay: number] {
  const delay = Math.max(0, run.nextMillis - run.now)
  const id = jobIdAt(schedulerId, run.nextMillis)
  queue.nextJobNumber()
  const opts: JobsOptions = { ...run.opts, delay, jobId: id }
  insertInLine(tx, queue, { id, name: run.name, data: run.data, opts, timestamp: run.now, schedulerId })
  return [id, delay]
}

/** Removes the job of the next run if no worker has taken it up. */
function removeNextJob(tx: Tx, queue: Queue, schedulerId: string): boolean {
  const { nextRun } = readScheduler(tx, queue, schedulerId)!
  const job = tx.sql.jobHead.get(queue.id, jobIdAt(schedulerId, nextRun))
  if (!job || ![State.delayed, State.prioritized, State.wait].some(state => state === job.state)) return false
  removeJob(tx, queue, job, { withParent: true })
  return true
}

const jobIdAt = (schedulerId: string, millis: number): string => `repeat:${schedulerId}:${millis}`
