/** What an admin may do to tasks, jobs and locks. Each is audited with its result. */
import { and, inArray, sql } from 'drizzle-orm'
import { type RunState, runs } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { auditedAction } from '../audited-action.ts'

type By = Pick<Who, 'id' | 'username'>

export const releaseLock = (app: App, who: By, key: string) =>
  auditedAction(app, { who, action: 'lock.release', target: key }, async () => {
    const row = await app.locks.breakLock(key)
    if (!row) return refuse('not_found', `No lock is called ${key}`)
    return { released: key, task: row.task, owner: row.owner }
  })

export const runTask = (app: App, who: By, name: string) =>
  auditedAction(app, { who, action: 'schedule.run', target: name }, async () => {
    const started = await app.schedule.runNow(name, who.id)
    return started ?? refuse('not_found', `Nothing called ${name} is in the schedule`)
  })

export const pauseTask = (app: App, who: By, name: string, reason: string) =>
  auditedAction(app, { who, action: 'schedule.pause', target: name, detail: { reason } }, async () => {
    if (!(await app.schedule.pause(name, reason, who.username)))
      refuse('not_found', `Nothing called ${name} is in the schedule`)
    return { paused: name, reason }
  })

export const resumeTask = (app: App, who: By, name: string) =>
  auditedAction(app, { who, action: 'schedule.resume', target: name }, async () => {
    if (!(await app.schedule.resume(name))) refuse('conflict', `${name} is not paused`)
    return { resumed: name }
  })

export const verbs = ['retry', 'cancel', 'remove'] as const
export type Verb = (typeof verbs)[number]

/** The states a verb applies to. */
export const statesFor: Record<Verb, readonly RunState[]> = {
  retry: ['FAILURE', 'CANCELLED'],
  cancel: ['PENDING', 'PROGRESS'],
  remove: ['SUCCESS', 'FAILURE', 'CANCELLED'],
}

/** False where the run is in no state for it. */
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

/** Those that are finished, with their logs. Answers how many. */
export const removeRuns = ({ db }: App, ids: readonly string[]): Promise<number> => {
  // By the plus SQLite goes by the ids: of a million finished runs it would look at each.
  const isRemovable = and(inArray(runs.id, [...ids]), sql`+${runs.status} in ${statesFor.remove}`)
  return atomically(db, tx => tx.delete(runs).where(isRemovable).returning({ id: runs.id }).all().length)
}

const refusals: Record<Verb, string> = {
  retry: 'Only a failed or cancelled job can be tried again',
  cancel: 'The job is finished already',
  remove: 'The job is not finished; cancel it first',
}

export const actOnJob = (app: App, who: By, verb: Verb, id: string) =>
  auditedAction(
    app,
    { who, action: `job.${verb}`, target: `job ${id}`, detail: { name: runById(app.db).get({ id })?.name } },
    async () => {
      if (!runById(app.db).get({ id })) refuse('not_found', `There is no job ${id}`)
      if (!(await actOnRun(app, verb, id))) refuse('conflict', refusals[verb])
      return { job_id: id, done: verb }
    },
  )
