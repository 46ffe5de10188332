import type { JobsOptions, RepeatOptions } from 'bullmq'
import { findJob, insertInLine, noData } from './jobs.ts'
import type { Args, Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { removeJob } from './removing.ts'
import { State } from './schema.ts'

/** A scheduler. Its fields are strings, as BullMQ reads them. */
type Scheduler = { readonly nextRun: number; readonly nextJob: string; readonly fields: Record<string, string> }
type RunOptions = JobsOptions & { repeat?: RepeatOptions }
const maxSlotScans = 32 // further slots to try when a job that may not be replaced has the next one

/**
 * Adds or changes a scheduler, and adds the job of its next run. Returns that job's id and delay. `givenMillis` is the
 * next run of a scheduler with a pattern; with an interval it is computed here.
 */
export function upsertScheduler(queue: Queue, ...args: Args<'addJobScheduler'>): [jobId: string, delay: number] {
  const [id, givenMillis, templateData, templateOpts, opts, runOpts] = args
  const { name, every, tz, limit, pattern, startDate, endDate } = opts
  const { repeat = {} }: RunOptions = runOpts
  const now = Date.now()
  const current = readScheduler(queue, id)
  const givenOffset = opts.offset ?? repeat.offset ?? 0
  const keepsInterval = current !== undefined && Number(current.fields.every) === every
  const slot = every
    ? nextSlot(keepsInterval ? current.nextRun : undefined, every, now, givenOffset, Number(startDate ?? 0))
    : { millis: givenMillis, offset: givenOffset }
  const replaced = current !== undefined && removeNextJob(queue, current)
  const wantedRun = replaced && every && keepsInterval ? current.nextRun : slot.millis
  const nextRun = every ? freeSlot(queue, id, wantedRun, every) : wantedRun
  const nextJob = every ? jobIdAt(id, nextRun) : freeId(queue, id, nextRun, replaced)

  const offset = (replaced ? opts.offset : slot.offset) ?? current?.fields.offset
  const fields: Scheduler['fields'] = { name, ic: current?.fields.ic ?? '1' }
  for (const [field, value] of Object.entries({ tz, limit, pattern, startDate, endDate, every, offset }))
    if (value != null) fields[field] = String(value)
  const optsJson = JSON.stringify(templateOpts)
  if (optsJson !== '{}') fields.opts = optsJson
  if (templateData !== noData) fields.data = templateData
  return [nextJob, addRun(queue, id, { nextRun, nextJob, fields }, runOpts, now)]
}

/**
 * A scheduler's job has started: adds the job of the next run. Returns its id, or null if none was added. `producerId` is the job
 * that has started.
 */
export function advanceScheduler(queue: Queue, ...args: Args<'updateJobSchedulerNextMillis'>): string | null {
  const [id, givenMillis, , runOpts, producerId] = args
  const current = readScheduler(queue, id)
  if (!current || producerId !== current.nextJob) return null
  const { fields } = current
  const { repeat = {} }: RunOptions = runOpts
  const now = Date.now()
  const every = Number(fields.every ?? repeat.every ?? 0)
  const offset = Number(fields.offset ?? repeat.offset ?? 0)
  const nextRun = every
    ? nextSlot(current.nextRun, every, now, offset, Number(fields.startDate ?? 0)).millis
    : givenMillis
  const nextJob = jobIdAt(id, nextRun)
  if (findJob(queue, nextJob)) {
    queue.emit('duplicated', 'jobId', nextJob)
    return null
  }
  const nextFields = { ...fields, ic: String(Number(fields.ic ?? 1) + 1) }
  addRun(queue, id, { nextRun, nextJob, fields: nextFields }, runOpts, now)
  return nextJob
}

/** Removes a scheduler and the job of its next run. Returns 1 if there is no such scheduler, else 0, as BullMQ expects. */
export function removeScheduler(queue: Queue, id: string): number {
  const current = readScheduler(queue, id)
  if (!current) return 1
  const next = findJob(queue, current.nextJob)
  if (next?.state === State.delayed) {
    removeJob(next)
    queue.emit('removed', 'jobId', next.id, 'prev', 'delayed')
  }
  queue.sql.deleteScheduler.run(queue.id, id)
  return 0
}

export function readScheduler(queue: Queue, id: string): Scheduler | undefined {
  const row = queue.sql.scheduler.get(queue.id, id)
  return row ? { nextRun: row.next_run, nextJob: row.next_job, fields: JSON.parse(row.fields) } : undefined
}

/**
 * The next multiple of `every`, shifted by the offset, that has not passed. A new scheduler starts at once, or at its start date.
 */
function nextSlot(previous: number | undefined, every: number, now: number, givenOffset: number, startDate: number) {
  const aligned = Math.floor(now / every) * every + givenOffset
  const upcoming = aligned <= now ? aligned + every : aligned
  const firstMillis = startDate ? Math.max(startDate, now) : givenOffset > 0 ? upcoming : now
  const nextMillis = previous !== undefined && previous + every >= now ? previous + every : upcoming
  const millis = Math.floor(previous === undefined ? firstMillis : nextMillis)
  return { millis, offset: Math.floor(givenOffset || millis % every) }
}

/** The first slot without a job: jobs of earlier runs may still have the next ones. */
function freeSlot(queue: Queue, id: string, from: number, every: number): number {
  for (let scans = 0, millis = from; scans <= maxSlotScans; scans++, millis += every)
    if (!findJob(queue, jobIdAt(id, millis))) return millis
  throw new Refused('slotsBusy')
}

/**
 * A pattern leaves no choice of slot. If a job of the same slot is active or finished, for example because a job that was promoted
 * changes its own scheduler, the run gets another id.
 */
function freeId(queue: Queue, id: string, millis: number, replaces: boolean): string {
  const jobId = jobIdAt(id, millis)
  if (!findJob(queue, jobId)) return jobId
  if (!replaces) throw new Refused('nextRunExists')
  for (let n = 2; ; n++) if (!findJob(queue, `${jobId}-${n}`)) return `${jobId}-${n}`
}

/** Stores the scheduler's next run and adds its job. Returns the job's delay. */
function addRun(queue: Queue, schedulerId: string, scheduler: Scheduler, runOpts: RunOptions, now: number): number {
  const { nextRun, nextJob, fields } = scheduler
  const { name = '', data = noData } = fields
  const delay = Math.max(0, nextRun - now)
  const opts: JobsOptions = { ...runOpts, delay, jobId: nextJob }
  queue.sql.saveScheduler.run(queue.id, schedulerId, nextRun, nextJob, JSON.stringify(fields))
  queue.state.lastJob++
  insertInLine(queue, { id: nextJob, name, data, opts, timestamp: now, repeatJobKey: schedulerId })
  return delay
}

/** Removes the job of the next run if no worker has taken it. As in Redis, a job waiting in a paused queue stays. */
function removeNextJob(queue: Queue, { nextJob }: Scheduler): boolean {
  const job = findJob(queue, nextJob)
  const removable: number[] = [State.delayed, State.prioritized, ...(queue.isPaused ? [] : [State.wait])]
  if (!job || !removable.includes(job.state)) return false
  removeJob(job, { withParent: true })
  return true
}

const jobIdAt = (schedulerId: string, millis: number): string => `repeat:${schedulerId}:${millis}`
