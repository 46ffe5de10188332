/** Everything the task monitor shows, gathered at most a few times a second, however many readers there are. */
import { type App, oncePerApp } from '../../context.ts'
import { messageOf } from '../../errors.ts'
import { isUpdateWanted } from '../../leagues/tours/poll-times.ts'
import { listTours, openLeaguesOn, unfinishedUpdate } from '../../leagues/tours/queries.ts'
import { lastFindings, type SupervisorFindings } from '../../leagues/tours/supervisor.ts'
import { tourStateOf } from '../../leagues/tours/tour.ts'
import { minute } from '../../platform/clock.ts'
import { wholeList } from '../../platform/http/pagination.ts'
import { type QueueName, queueNames } from '../../platform/jobs/job.ts'
import { lateAfter, missedAfter, type ScheduleState } from '../../platform/jobs/scheduler.ts'
import type { LockRow } from '../../platform/jobs/task-locks.ts'
import { NoAnswer, withTimeout } from '../../platform/process/with-timeout.ts'
import { jobTitle } from '../../runs/job-titles.ts'
import { activeAlerts } from '../alerts/queries.ts'
import { hasWorker, machinesNow, type Process, processesOf } from '../processes.ts'
import { shownRuns } from './job-views.ts'
import { type Sentence, sentenceOf, type TaskState } from './sentence.ts'
import { type RunOutcome, type TaskReading, taskReading } from './task-queries.ts'

/** A line of the schedule. */
export type ScheduledTask = Omit<ScheduleState, 'state'> & {
  title: string
  state: TaskState
  /** Since when the current run has been running. */
  runningSince: number | null
  runningJobId: string | null
  usualMs: number | null
  outcomes: RunOutcome[]
}

export type TourTask = {
  tour: string
  title: string
  state: TaskState
  lateMs: number
  next: number | null
  jobId: string | null
}

/** Too long is three times the usual, but at least a minute; without a usual time, longer than until the next slot. */
const isTooLong = (ms: number, usual: number | undefined, period: number) =>
  ms > Math.max(minute, usual === undefined ? period : 3 * usual)

function scheduledTasks({ schedule, clock }: App, { outcomes, usual, running }: TaskReading): ScheduledTask[] {
  const now = clock.now()
  return schedule.state().map(entry => {
    const { name, state } = entry
    const run = running.find(run => run.name === name)
    const since = run?.startedAt ?? null
    const waits = slotWaitingSince(outcomes[name] ?? [], now)
    const isLong = since !== null && isTooLong(now - since, usual[name], entry.periodMs)
    return {
      ...entry,
      title: jobTitle(name),
      ...(state === 'on time' && waits !== null
        ? { state: 'late', lateMs: now - waits }
        : { state: state === 'on time' && isLong ? 'too long' : state }),
      runningSince: since,
      runningJobId: run?.id ?? null,
      usualMs: usual[name] ?? null,
      outcomes: outcomes[name] ?? [],
    }
  })
}

/** A slot whose run has not started for long: it fired on time, but nothing ran. */
const slotWaitingSince = (outcomes: readonly RunOutcome[], now: number): number | null =>
  outcomes.find(({ status, slot }) => status === 'PENDING' && now - slot > lateAfter)?.slot ?? null

function tourTasks({ db, clock }: App): TourTask[] {
  const now = clock.now()
  const { tours } = listTours(db, wholeList)
  return tours.flatMap((tour): TourTask[] => {
    if (!isUpdateWanted(tour, openLeaguesOn(db, tour.slug), now)) return []
    const run = unfinishedUpdate(db, tour.slug)
    const title = `score updates for ${tour.slug}`
    const task = { tour: tour.slug, title, jobId: run?.id ?? null }
    if (tourStateOf(tour) === 'failing')
      return [{ ...task, state: 'failing', lateMs: now - (tour.failingSince ?? now), next: run?.notBefore ?? null }]
    if (run?.status === 'PROGRESS') return [{ ...task, state: 'on time', lateMs: 0, next: null }]
    const next = run ? (run.notBefore ?? run.createdAt) : null
    // If none is scheduled, the last poll tells how long it has been.
    const lateMs = Math.max(0, now - (next ?? (tour.askedAt ?? tour.createdAt) + tour.intervalS * 1_000))
    const state = lateMs > missedAfter && !run ? 'missed' : lateMs > lateAfter ? 'late' : 'on time'
    return [{ ...task, state, lateMs: state === 'on time' ? 0 : lateMs, next }]
  })
}

/** Held; expired: the lease ran out; orphaned: its owner is dead. Both can be taken. */
export type LockState = 'held' | 'expired' | 'orphaned'
export type Lock = LockRow & { state: LockState; process: Process | undefined }

type QueueNow = { name: QueueName; waiting: number; active: number; delayed: number; workers: number; paused: boolean }

export type TasksNow = Awaited<ReturnType<typeof gatherTasks>>

const gatherInterval = 400 // ms
const lastGathered = oncePerApp((): { at: number; gathered?: Promise<TasksNow> } => ({ at: 0 }))

export function tasksNow(app: App): Promise<TasksNow> {
  const last = lastGathered(app)
  const now = performance.now()
  if (last.gathered && now - last.at < gatherInterval) return last.gathered
  last.at = now
  last.gathered = gatherTasks(app)
  return last.gathered
}

/** After an action here: the next answer must show it. */
export const forgetTasks = (app: App): void => void delete lastGathered(app).gathered

async function gatherTasks(app: App) {
  const { db, clock, schedule, reader } = app
  const now = clock.now()
  const entries = schedule.names()
  const [reading, queue, machines] = await Promise.all([
    reader.read(taskReading, { entries, now }),
    queuesNow(app),
    machinesNow(app),
  ])
  const processes = processesOf(app)
  const locks = locksNow(app, processes)
  const scheduled = scheduledTasks(app, reading)
  const tours: TourTask[] = tourTasks(app)
  const supervisor: SupervisorFindings | undefined = lastFindings(db)
  const sentence: Sentence = sentenceOf({
    tasks: [...scheduled, ...tours],
    rate: reading.rate,
    hasWorker: hasWorker(processes),
    queueWorks: queue.error === null,
    redisWorks: !app.redis || app.cache.usage().connected,
    pausedQueues: queue.queues.filter(({ paused }) => paused).map(({ name }) => name),
    waiting: { runs: reading.waiting.runs, longestMs: now - (reading.waiting.since ?? now) },
    alerts: activeAlerts(db),
    orphanedLocks: locks.filter(({ state }) => state === 'orphaned').length,
  })
  return {
    at: now,
    sentence,
    locks,
    processes,
    machines,
    supervisor,
    scheduled,
    tours,
    queue,
    ...reading,
    running: shownRuns(app, reading.running),
  }
}

const lockOrder: Record<LockState, number> = { orphaned: 0, held: 1, expired: 2 }

function locksNow({ locks }: App, processes: readonly Process[]): Lock[] {
  return locks
    .all()
    .map(({ active, ownerDead, ...row }): Lock => {
      const state = ownerDead ? 'orphaned' : active ? 'held' : 'expired'
      return { ...row, state, process: processes.find(({ id }) => id === row.owner) }
    })
    .sort((a, b) => lockOrder[a.state] - lockOrder[b.state] || a.acquiredAt - b.acquiredAt)
}

async function queuesNow({ queues }: App): Promise<{ backend: string; error: string | null; queues: QueueNow[] }> {
  const { backend } = queues
  const queueNow = async (name: QueueName): Promise<QueueNow> => {
    const [{ waiting, active, delayed, prioritized }, workers, paused] = await Promise.all([
      queues.counts(name),
      queues.workers(name),
      queues.isPaused(name),
    ])
    return { name, waiting: waiting + prioritized, active, delayed, workers: workers.length, paused }
  }
  try {
    return { backend, error: null, queues: await withTimeout(Promise.all(queueNames.map(queueNow))) }
  } catch (error) {
    const isSlow = backend === 'sqlite' && error instanceof NoAnswer
    return { backend, error: isSlow ? null : messageOf(error), queues: [] }
  }
}
