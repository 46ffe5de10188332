/**
 * The scheduler starts jobs by a table of cron lines. The row (entry, slot) is unique, so a slot fires once however many
 * processes run; what it starts is an ordinary job.
 */
import { type CronConfig, cron } from '@elysiajs/cron'
import { and, desc, eq, gt, lte } from 'drizzle-orm'
import { Elysia } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { schedulePauses, scheduleSlots } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { type Clock, hour, maxAheadMs, minute } from '../clock.ts'
import type { Log } from '../process/log.ts'
import type { JobDefinition, NoInput } from './job.ts'
import type { Jobs } from './jobs.ts'

type Cron = Parameters<CronConfig['run']>[0]

export type ScheduleEntry<App> = { readonly pattern: string; readonly job: JobDefinition<App, NoInput> }

/** A line of the schedule, in UTC: `every('0 3 * * *', backUp)`. */
export const every = <App>(pattern: string, job: JobDefinition<App, NoInput>): ScheduleEntry<App> => ({ pattern, job })

/** A slot is late this long after its time, and missed after the longer of `missedAfter` and one period. */
export const lateAfter = minute
export const missedAfter = 5 * minute
const maxEarlyMs = 500 // that a timer may fire before its slot
/** Entries with at least this period are caught up at the next start, if a stopped process missed their slot. */
const minCatchUpPeriod = hour

const nextAfter = (cron: Cron, at: number) => cron.nextRun(new Date(at))?.getTime() ?? Number.NaN

function periodOf(cron: Cron, at: number): number {
  const next = nextAfter(cron, at)
  return nextAfter(cron, next) - next
}

/** The newest slot at or before `at`, which is further back than usual after a night or a weekend without slots. */
function slotBefore(cron: Cron, at: number): number {
  let back = 2 * periodOf(cron, at) + minute
  while (nextAfter(cron, at - back) > at) back *= 2
  let slot = nextAfter(cron, at - back)
  for (let next = slot; next <= at; next = nextAfter(cron, next)) slot = next
  return slot
}

export type ScheduleState = {
  name: string
  pattern: string
  lastSlot: number | null
  lastJobId: string | null
  next: number
  periodMs: number
  state: 'on time' | 'late' | 'missed' | 'paused'
  lateMs: number
  pause: { reason: string; by: string; at: number } | null
}

export type Schedule = ReturnType<typeof openSchedule>

export class BadSchedule extends Error {}

export function openSchedule<App>(
  table: readonly ScheduleEntry<App>[],
  db: Db,
  jobs: Jobs<App>,
  clock: Clock,
  log: Log,
) {
  /** Slots whose jobs are on their way to the queue. */
  const starting = new Set<Promise<unknown>>()
  const entries = new Map(table.map(entry => [entry.job.name, { ...entry, cron: mountCron(entry) }]))
  if (entries.size < table.length) throw new BadSchedule('A job is in the schedule twice')
  const openedAt = clock.now()

  const pauseOf = (name: string) => db.select().from(schedulePauses).where(eq(schedulePauses.entry, name)).get()
  const lastSlotOf = (name: string) =>
    db
      .select()
      .from(scheduleSlots)
      .where(and(eq(scheduleSlots.entry, name), lte(scheduleSlots.slot, clock.now() + maxAheadMs)))
      .orderBy(desc(scheduleSlots.slot))
      .limit(1)
      .get()

  /** Starts the job of a slot unless any process already has. Slots that fired while the clock was ahead fire again at their time. */
  async function fire({ job }: ScheduleEntry<App>, slot: number): Promise<string | undefined> {
    const jobId = await atomically(db, tx => {
      const firedAt = clock.now()
      const isAhead = and(eq(scheduleSlots.entry, job.name), gt(scheduleSlots.slot, firedAt + maxAheadMs))
      tx.delete(scheduleSlots).where(isAhead).run()
      const slotRow = { entry: job.name, slot, firedAt }
      const isFirst = tx.insert(scheduleSlots).values(slotRow).onConflictDoNothing().returning().all().length > 0
      if (!isFirst) return undefined
      const started = jobs.accept(tx, job, {})
      tx.update(scheduleSlots)
        .set({ jobId: started.jobId })
        .where(and(eq(scheduleSlots.entry, job.name), eq(scheduleSlots.slot, slot)))
        .run()
      return started.jobId
    })
    if (jobId) await jobs.tryDispatch(jobId)
    return jobId
  }

  async function fireUnlessPaused(name: string): Promise<void> {
    const entry = entries.get(name)
    if (!entry || pauseOf(name)) return
    const started = fire(entry, slotBefore(entry.cron, clock.now() + maxEarlyMs))
    starting.add(started)
    await started.finally(() => starting.delete(started))
  }

  /** Mounted paused. `protect` keeps an entry from overlapping itself, and its errors do not end the process. */
  function mountCron({ pattern, job }: ScheduleEntry<App>): Cron {
    const run = () => fireUnlessPaused(job.name)
    const onError = (error: unknown) => log.error('The schedule could not start a job', { job: job.name, error })
    try {
      // UTC by offset: a named zone costs 2 ms an entry, and follows local time, which skips an hour a year.
      const plugin = new Elysia().use(
        cron({ name: job.name, pattern, utcOffset: 0, paused: true, protect: true, catch: onError, run }),
      )
      const mounted = plugin.store.cron[job.name]
      if (!mounted?.nextRun()) throw new Error('it never fires')
      return mounted
    } catch (error) {
      throw new BadSchedule(`The schedule of ${job.name} cannot be read: "${pattern}" (${(error as Error).message})`)
    }
  }

  return {
    start: () => {
      for (const { cron } of entries.values()) cron.resume()
    },
    /** Resolves once what is being started is in the queue, which is closed after it. */
    async stop(): Promise<void> {
      for (const { cron } of entries.values()) cron.stop()
      await Promise.allSettled(starting)
    },

    /** At the start: runs infrequent entries once that have missed a slot. A first start has missed nothing. */
    async catchUp() {
      for (const [name, entry] of entries) {
        if (periodOf(entry.cron, openedAt) < minCatchUpPeriod || pauseOf(name)) continue
        const last = lastSlotOf(name)
        const due = slotBefore(entry.cron, openedAt)
        if (last && last.slot < due) await fire(entry, due)
      }
    },

    names: () => [...entries.keys()],

    state(): ScheduleState[] {
      const now = clock.now()
      return [...entries].map(([name, { pattern, cron }]) => {
        const last = lastSlotOf(name)
        const pause = pauseOf(name)
        const period = periodOf(cron, now)
        const expected = nextAfter(cron, Math.max(openedAt, last?.slot ?? 0)) // the first slot that did not fire
        const late = Math.max(0, now - expected)
        const isMissed = late > Math.max(period, missedAfter)
        const state = pause ? 'paused' : isMissed ? 'missed' : late > lateAfter ? 'late' : 'on time'
        return {
          name,
          pattern,
          lastSlot: last?.slot ?? null,
          lastJobId: last?.jobId ?? null,
          next: nextAfter(cron, now),
          periodMs: period,
          state,
          lateMs: state === 'on time' ? 0 : late,
          pause: pause ? { reason: pause.reason, by: pause.pausedBy, at: pause.pausedAt } : null,
        }
      })
    },

    /** Starts it now, apart from its slots; undefined for an unknown name. */
    async runNow(name: string, by: number | null) {
      const entry = entries.get(name)
      return entry && jobs.start(entry.job, {}, { by })
    },
    has: (name: string): boolean => entries.has(name),
    /** False if there is no such entry, or it is paused already. */
    async pause(name: string, reason: string, by: string): Promise<boolean> {
      if (!entries.has(name)) return false
      const pause = { entry: name, reason, pausedBy: by, pausedAt: clock.now() }
      return atomically(
        db,
        tx => tx.insert(schedulePauses).values(pause).onConflictDoNothing().returning().all().length > 0,
      )
    },
    /** Slots that the pause skipped are not caught up. */
    async resume(name: string): Promise<boolean> {
      const entry = entries.get(name)
      if (!entry) return false
      const firedAt = clock.now()
      const slot = slotBefore(entry.cron, firedAt)
      return atomically(db, tx => {
        const paused = tx.delete(schedulePauses).where(eq(schedulePauses.entry, name)).returning().all()
        if (paused.length) tx.insert(scheduleSlots).values({ entry: name, slot, firedAt }).onConflictDoNothing().run()
        return paused.length > 0
      })
    },
  }
}
