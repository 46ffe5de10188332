/** The task monitor as JSON. */
import { type Static, t } from 'elysia'
import { iso, isoOrNull, second } from '../../platform/clock.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, nullableDateTime, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { machineSchema } from '../processes.ts'
import { adminJobSchema, adminJobView } from './job-views.ts'
import { failureSurge } from './task-queries.ts'
import type { TasksNow } from './task-state.ts'

const integer = t.Integer()
const text = t.String()
const maybe = {
  moment: nullableDateTime,
  text: t.Nullable(t.String()),
  number: t.Nullable(t.Number()),
}

export const lockSchema = t.Object({
  key: text,
  task: text,
  arguments: text,
  state: oneOfWords(['held', 'expired', 'orphaned']),
  owner: text,
  owner_role: maybe.text,
  owner_pid: t.Nullable(integer),
  owner_dead: t.Boolean(),
  job_id: maybe.text,
  fence: integer,
  acquired_at: dateTimeSchema,
  age_s: t.Number(),
  expires_at: dateTimeSchema,
  ttl_s: t.Number(),
})
const outcomeSchema = t.Object({ at: dateTimeSchema, status: text, job_id: maybe.text, duration_ms: maybe.number })
export const scheduledSchema = t.Object({
  name: text,
  title: text,
  pattern: text,
  state: text,
  late_s: t.Number(),
  last_run_at: maybe.moment,
  next_run_at: dateTimeSchema,
  period_s: t.Number(),
  running_job_id: maybe.text,
  usual_ms: maybe.number,
  outcomes: t.Array(outcomeSchema),
  paused: t.Nullable(t.Object({ reason: text, by: text, at: dateTimeSchema })),
})
export const failureSchema = t.Object({
  fingerprint: text,
  name: text,
  error: text,
  runs: integer,
  first_seen: dateTimeSchema,
  last_seen: dateTimeSchema,
  last_job_id: text,
})
const tourTaskSchema = t.Object({
  tour: text,
  state: text,
  late_s: t.Number(),
  next_run_at: maybe.moment,
  job_id: maybe.text,
})

export const tasksSchema = t.Object({
  at: dateTimeSchema,
  sentence: text,
  status: oneOfWords(['good', 'warn', 'bad']),
  locks: t.Object({
    active: integer,
    expired: integer,
    orphaned: t.Integer({ description: 'Held by a dead process, so it can be taken' }),
    locks: t.Array(lockSchema),
  }),
  supervisor: t.Object({
    looked_at: maybe.moment,
    findings: t.Array(
      t.Object({
        tour: text,
        state: text,
        job_id: maybe.text,
        next_update_at: maybe.moment,
        restarted: t.Boolean(),
      }),
    ),
  }),
  schedule: t.Array(scheduledSchema),
  tours: t.Array(tourTaskSchema),
  queue: t.Object({
    backend: text,
    reachable: t.Boolean(),
    error: maybe.text,
    waiting_since: maybe.moment,
    runs: t.Record(text, integer),
    queues: t.Array(
      t.Object({
        name: text,
        waiting: integer,
        active: integer,
        delayed: integer,
        workers: integer,
        paused: t.Boolean(),
      }),
    ),
  }),
  processes: t.Array(
    t.Object({
      id: text,
      role: text,
      host: text,
      pid: integer,
      version: text,
      alive: t.Boolean(),
      started_at: dateTimeSchema,
    }),
  ),
  machines: t.Array(machineSchema, { description: 'Processes of ROLE=compute, which share only Redis' }),
  running: t.Array(adminJobSchema),
  failures: t.Object({
    last_hour: integer,
    usual_per_hour: maybe.number,
    times_usual: t.Nullable(t.Number({ description: 'Where it is far more than usual' })),
    groups: t.Array(failureSchema),
  }),
})

const seconds = (ms: number) => Math.round(ms / 100) / 10
const round = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10)

const lockView = rowView(lockSchema)
const scheduledView = rowView(scheduledSchema)
const outcomeView = rowView(outcomeSchema)
const tourView = rowView(tourTaskSchema)
const failureView = rowView(failureSchema)

export type TasksView = Static<typeof tasksSchema>

export function tasksView(now: TasksNow): TasksView {
  const count = (state: string) => now.locks.filter(lock => lock.state === state).length
  return {
    at: iso(now.at),
    sentence: now.sentence.text,
    status: now.sentence.tone,
    locks: {
      active: count('held'),
      expired: count('expired'),
      orphaned: count('orphaned'),
      locks: now.locks.map(lock =>
        lockView({
          ...lock,
          ownerRole: lock.process?.role ?? null,
          ownerPid: lock.process?.pid ?? null,
          ownerDead: lock.state === 'orphaned',
          ageS: seconds(now.at - lock.acquiredAt),
          ttlS: seconds(Math.max(0, lock.expiresAt - now.at)),
        }),
      ),
    },
    supervisor: { looked_at: now.supervisor?.at ?? null, findings: now.supervisor?.findings ?? [] },
    schedule: now.scheduled.map(task =>
      scheduledView({
        ...task,
        lateS: seconds(task.lateMs),
        lastRunAt: task.lastSlot,
        nextRunAt: task.next,
        periodS: task.periodMs / second,
        usualMs: round(task.usualMs),
        outcomes: task.outcomes.map(({ slot, ms, ...run }) => outcomeView({ ...run, at: slot, durationMs: ms })),
        paused: task.pause && { ...task.pause, at: iso(task.pause.at) },
      }),
    ),
    tours: now.tours.map(task => tourView({ ...task, lateS: seconds(task.lateMs), nextRunAt: task.next })),
    queue: {
      backend: now.queue.backend,
      reachable: now.queue.error === null,
      error: now.queue.error,
      waiting_since: isoOrNull(now.waiting.since),
      runs: now.states,
      queues: now.queue.queues,
    },
    processes: now.processes.map(({ startedAt, ...process }) => ({ ...process, started_at: iso(startedAt) })),
    machines: now.machines,
    running: now.running.map(adminJobView),
    failures: {
      last_hour: now.rate.lastHour,
      usual_per_hour: round(now.rate.usualPerHour),
      times_usual: round(failureSurge(now.rate)),
      groups: now.failures.map(({ jobId, first, last, ...group }) =>
        failureView({ ...group, firstSeen: first, lastSeen: last, lastJobId: jobId }),
      ),
    },
  }
}
