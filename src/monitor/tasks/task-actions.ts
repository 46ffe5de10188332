/** Actions of an admin on a task, a queue, a lock or a job. Each is audited with its result. */

import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { type RunState, runs } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, failureAlert } from '../../alerts.ts'
import { type AuditEntry, audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { messageOf, Refusal, refuse } from '../../errors.ts'
import type { Actor } from '../../platform/http/request-context.ts'
import { QueueDown } from '../../platform/jobs/dispatch.ts'
import type { QueueName } from '../../platform/jobs/job.ts'
import { type Run, runById } from '../../platform/jobs/runs.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'
import { whyNotRetried } from './job-views.ts'
import { forgetTasks } from './task-state.ts'

type AuditedAction = { who: Actor } & Pick<AuditEntry, 'action' | 'target' | 'detail'>

/** Audited with how it ended; the next answer of the task monitor shows what it did. */
export async function auditedAction<T>(
  app: App,
  { detail, ...entry }: AuditedAction,
  work: () => Promise<T>,
): Promise<T> {
  const { db, clock } = app
  const writeAudit = (result: AuditEntry['result'], more: Record<string, unknown> = {}) =>
    atomically(db, tx => audit(tx, { ...entry, at: clock.now(), detail: { ...detail, ...more }, result }))
  try {
    const result = await work()
    await writeAudit('ok')
    return result
  } catch (error) {
    await writeAudit(error instanceof Refusal ? 'refused' : 'failed', { why: messageOf(error) })
    throw error
  } finally {
    forgetTasks(app)
  }
}

export const releaseLock = (app: App, who: Actor, key: string) =>
  auditedAction(app, { who, action: 'lock.release', target: key }, async () => {
    const row = await app.locks.breakLock(key)
    if (!row) return refuse('not_found', `There is no lock ${key}`)
    return { released: key, task: row.task, owner: row.owner }
  })

export const runTask = (app: App, who: Actor, name: string) =>
  auditedAction(app, { who, action: 'schedule.run', target: name }, async () => {
    const started = await app.schedule.runNow(name, who.id)
    return started ?? refuse('not_found', `There is no scheduled task ${name}`)
  })

export const pauseTask = (app: App, who: Actor, name: string, reason: string) =>
  auditedAction(app, { who, action: 'schedule.pause', target: name, detail: { reason } }, async () => {
    if (!app.schedule.has(name)) refuse('not_found', `There is no scheduled task ${name}`)
    if (!(await app.schedule.pause(name, reason, who.username))) refuse('conflict', `${name} is paused already`)
    return { paused: name, reason }
  })

export const resumeTask = (app: App, who: Actor, name: string) =>
  auditedAction(app, { who, action: 'schedule.resume', target: name }, async () => {
    if (!(await app.schedule.resume(name))) refuse('conflict', `${name} is not paused`)
    return { resumed: name }
  })

export const pauseQueue = (app: App, who: Actor, name: QueueName, reason: string) =>
  auditedAction(app, { who, action: 'queue.pause', target: name, detail: { reason } }, async () => {
    if (await answerOf(app.queues.isPaused(name))) refuse('conflict', `The queue ${name} is paused already`)
    await answerOf(app.queues.setPaused(name, true))
    return { paused: name, reason }
  })

export const resumeQueue = (app: App, who: Actor, name: QueueName) =>
  auditedAction(app, { who, action: 'queue.resume', target: name }, async () => {
    if (!(await answerOf(app.queues.isPaused(name)))) refuse('conflict', `The queue ${name} is not paused`)
    await answerOf(app.queues.setPaused(name, false))
    return { resumed: name }
  })

/** What the queue answers, which with Redis gone is an error, or nothing ever. */
const answerOf = <T>(answer: Promise<T>): Promise<T> =>
  withTimeout(answer).catch(cause => {
    throw new QueueDown('The queue cannot be reached', { cause })
  })

export const verbs = ['retry', 'cancel', 'remove'] as const
export type Verb = (typeof verbs)[number]

/** The states an action applies to. */
export const statesFor: Record<Verb, readonly RunState[]> = {
  retry: ['FAILURE', 'CANCELLED'],
  cancel: ['PENDING', 'PROGRESS'],
  remove: ['SUCCESS', 'FAILURE', 'CANCELLED'],
}

/** False if the run is not in such a state. */
export async function actOnRun(app: App, verb: Verb, id: string): Promise<boolean> {
  const { jobs } = app
  if (verb === 'retry') return (await jobs.retry(id)) !== undefined
  if (verb === 'cancel') {
    const run = await jobs.cancel(id)
    if (run) app.stopRun(id)
    return run !== undefined
  }
  return (await removeRuns(app, [id])) > 0
}

/** Deletes finished ones, with their logs. Returns how many. */
export const removeRuns = ({ db, clock }: App, ids: readonly string[]): Promise<number> => {
  // The plus makes SQLite use the ids: it would otherwise scan every finished run.
  const isRemovable = and(inArray(runs.id, [...ids]), sql`+${runs.status} in ${statesFor.remove}`)
  return atomically(db, tx => {
    const { id, name, status, fingerprint } = runs
    const removed = tx.delete(runs).where(isRemovable).returning({ id, name, status, fingerprint }).all()
    closeAlerts(tx, clock.now(), removed)
    return removed.length
  })
}

/** If no run with this failure is left, its alert has nothing to show any more. */
function closeAlerts(tx: Db, now: number, removed: readonly Pick<Run, 'name' | 'status' | 'fingerprint'>[]): void {
  const failed = removed.filter(({ status, fingerprint }) => status === 'FAILURE' && fingerprint !== null)
  for (const [key, { name, fingerprint }] of new Map(failed.map(run => [failureAlert(run), run]))) {
    const sameFailure = and(eq(runs.fingerprint, fingerprint ?? ''), eq(runs.name, name), eq(runs.status, 'FAILURE'))
    if (!tx.select({ id: runs.id }).from(runs).where(sameFailure).limit(1).get()) clearAlert(tx, now, key)
  }
}

/** Of a run that `actOnRun` answered false for. */
export function whyNotDone(app: App, verb: Verb, id: string): string {
  if (verb === 'cancel') return 'The job has already finished'
  return verb === 'remove' ? 'The job is not finished; cancel it first' : whyNotRetried(app, id)
}

export const actOnJob = (app: App, who: Actor, verb: Verb, id: string) =>
  auditedAction(
    app,
    { who, action: `job.${verb}`, target: `job ${id}`, detail: { name: runById(app.db).get({ id })?.name } },
    async () => {
      if (!runById(app.db).get({ id })) refuse('not_found', `There is no job ${id}`)
      if (!(await actOnRun(app, verb, id))) refuse('conflict', whyNotDone(app, verb, id))
      return { job_id: id, done: verb }
    },
  )
