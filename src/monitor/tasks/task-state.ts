/** Everything the task monitor shows, gathered at most a few times a second however many look. */

import type { App } from '../../context.ts'
import { lastFindings, type SupervisorFindings } from '../../leagues/tours/supervisor.ts'
import { type QueueName, queueNames } from '../../platform/jobs/job.ts'
import type { LockRow } from '../../platform/jobs/task-locks.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'
import { hasWorker, type Process, processesOf } from '../load.ts'
import { scheduledTasks, type TourTask, tourTasks } from './expected-tasks.ts'
import { type Sentence, sentenceOf } from './summary-sentence.ts'
import { taskReading } from './task-queries.ts'

/** Held; expired: the lease ran out; orphaned: its owner is dead. Both are free for the taking. */
export type LockState = 'held' | 'expired' | 'orphaned'
export type Lock = LockRow & { state: LockState; process: Process | undefined }

export type QueueNow = { name: QueueName; waiting: number; active: number; delayed: number; workers: number }

export type TasksNow = Awaited<ReturnType<typeof gather>>

const freshFor = 400 // ms
const kept = new WeakMap<App, { at: number; gathered: Promise<TasksNow> }>()

export function tasksNow(app: App): Promise<TasksNow> {
  const at = performance.now()
  const known = kept.get(app)
  if (known && at - known.at < freshFor) return known.gathered
  const gathered = gather(app)
  kept.set(app, { at, gathered })
  return gathered
}

/** After something was done here: what comes next must show it. */
export const forgetTasks = (app: App): void => void kept.delete(app)

async function gather(app: App) {
  const { db, clock, schedule, reader } = app
  const now = clock.now()
  const entries = schedule.names()
  const [reading, queue] = await Promise.all([reader.read(taskReading, { entries, now }), queuesNow(app)])
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
    orphanedLocks: locks.filter(({ state }) => state === 'orphaned').length,
  })
  return { at: now, sentence, locks, processes, supervisor, scheduled, tours, queue, ...reading }
}

const rank: Record<LockState, number> = { orphaned: 0, held: 1, expired: 2 }

function locksNow({ locks }: App, processes: readonly Process[]): Lock[] {
  return locks
    .all()
    .map(({ active, ownerDead, ...row }): Lock => {
      const state = ownerDead ? 'orphaned' : active ? 'held' : 'expired'
      return { ...row, state, process: processes.find(({ id }) => id === row.owner) }
    })
    .sort((a, b) => rank[a.state] - rank[b.state] || a.acquiredAt - b.acquiredAt)
}

async function queuesNow({ queues }: App): Promise<{ backend: string; error: string | null; queues: QueueNow[] }> {
  const { backend } = queues
  const one = async (name: QueueName): Promise<QueueNow> => {
    const [{ waiting, active, delayed, prioritized }, workers] = await Promise.all([
      queues.counts(name),
      queues.workers(name),
    ])
    return { name, waiting: waiting + prioritized, active, delayed, workers: workers.length }
  }
  try {
    return { backend, error: null, queues: await withTimeout(Promise.all(queueNames.map(one))) }
  } catch (error) {
    return { backend, error: error instanceof Error ? error.message : String(error), queues: [] }
  }
}
