/** Work that is expected to come by itself: the lines of the schedule, and the score updates of tours that leagues wait for. */
import type { App } from '../../context.ts'
import { isUpdateWanted, leagueTimes } from '../../leagues/tours/poll-times.ts'
import { bookedUpdate, listTours, openLeaguesOn } from '../../leagues/tours/queries.ts'
import { minute } from '../../platform/clock.ts'
import type { ScheduleState } from '../../platform/jobs/scheduler.ts'
import { jobTitle } from './admin-job.ts'
import type { RunOutcome, TaskReading } from './task-queries.ts'

export type TaskState = 'on time' | 'late' | 'missed' | 'too long' | 'paused'

/** A line of the schedule. */
export type ScheduledTask = Omit<ScheduleState, 'state'> & {
  title: string
  state: TaskState
  /** Since when the run has been under way that is. */
  runningSince: number | null
  runningJobId: string | null
  usualMs: number | null
  outcomes: RunOutcome[]
}

/** Of a tour. */
export type TourTask = {
  tour: string
  title: string
  state: TaskState
  lateMs: number
  next: number | null
  jobId: string | null
}

const lateAfter = minute
const missedAfter = 5 * minute

/** Too long is three times the usual, and a minute at least; where nothing is usual yet, longer than until the next one. */
const isTooLong = (ms: number, usual: number | undefined, period: number) =>
  ms > Math.max(minute, usual === undefined ? period : 3 * usual)

export function scheduledTasks({ schedule, clock }: App, { outcomes, usual, running }: TaskReading): ScheduledTask[] {
  const now = clock.now()
  return schedule.state().map(entry => {
    const { name, state } = entry
    const run = running.find(run => run.name === name)
    const since = run?.startedAt ?? null
    const isLong = since !== null && isTooLong(now - since, usual[name], entry.periodMs)
    return {
      ...entry,
      title: jobTitle(name),
      state: state === 'on time' && isLong ? 'too long' : state,
      runningSince: since,
      runningJobId: run?.id ?? null,
      usualMs: usual[name] ?? null,
      outcomes: outcomes[name] ?? [],
    }
  })
}

export function tourTasks({ db, clock }: App): TourTask[] {
  const now = clock.now()
  const { tours } = listTours(db, { page: 1, limit: 500, offset: 0 })
  return tours.flatMap((tour): TourTask[] => {
    if (!isUpdateWanted(leagueTimes(openLeaguesOn(db, tour.slug)), now)) return []
    const run = bookedUpdate(db, tour.slug)
    const title = `score updates for ${tour.slug}`
    const task = { tour: tour.slug, title, jobId: run?.id ?? null }
    if (run?.status === 'PROGRESS') return [{ ...task, state: 'on time', lateMs: 0, next: null }]
    const next = run ? (run.notBefore ?? run.createdAt) : null
    // Where none is booked, the last look tells how long it has been.
    const lateMs = Math.max(0, now - (next ?? (tour.askedAt ?? tour.createdAt) + tour.intervalS * 1_000))
    const state = lateMs > missedAfter && !run ? 'missed' : lateMs > lateAfter ? 'late' : 'on time'
    return [{ ...task, state, lateMs: state === 'on time' ? 0 : lateMs, next }]
  })
}
