/** Actions of an admin on tasks, jobs and locks, on one or on all that match. Each is audited with its result. */

import { and, eq, inArray, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { type RunState, runStates, runs } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, failureAlert } from '../../alerts.ts'
import { type AuditEntry, audit } from '../../audit.ts'
import { type App, job } from '../../context.ts'
import { invalid, messageOf, Refusal, refuse } from '../../errors.ts'
import type { Actor } from '../../platform/http/request-context.ts'
import { jobIdSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { QueueDown } from '../../platform/jobs/dispatch.ts'
import type { QueueName } from '../../platform/jobs/job.ts'
import type { Started } from '../../platform/jobs/jobs.ts'
import { type Run, runById } from '../../platform/jobs/runs.ts'
import { counted } from '../../platform/number-text.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'
import { idsOfRuns, lastInUtc, momentInUtc } from '../../runs/find-runs.ts'
import { whyNotRetried } from './job-views.ts'
import { recentStates } from './task-queries.ts'
import { forgetTasks } from './task-state.ts'

type AuditedAction = { who: Actor } & Pick<AuditEntry, 'action' | 'target' | 'detail'>

/** Audited with how it ended; the next answer of the task monitor shows what it did. */
async function auditedAction<T>(app: App, { detail, ...entry }: AuditedAction, work: () => Promise<T>): Promise<T> {
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
async function actOnRun(app: App, verb: Verb, id: string): Promise<boolean> {
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
const removeRuns = ({ db, clock }: App, ids: readonly string[]): Promise<number> => {
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
function whyNotDone(app: App, verb: Verb, id: string): string {
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

const maxMatches = 100_000 // runs
const maxErrors = 20
const batchSize = 50 // runs between two pauses for other work

const timeFilter = t.String({
  pattern: '^\\d{4}-[01]\\d-[0-3]\\d(T[0-2]\\d:[0-5]\\d(:[0-5]\\d)?(Z|[+-][0-2]\\d:[0-5]\\d)?)?$',
  'x-error': 'Write a date such as 2026-03-30, or a time such as 2026-03-30T18:00Z.',
})
export const runFilter = {
  status: t.Optional(oneOfWords(runStates)),
  name: t.Optional(t.String({ maxLength: 100 })),
  q: t.Optional(t.String({ maxLength: 200 })),
  fingerprint: t.Optional(t.String({ maxLength: 100 })),
  user: t.Optional(t.String({ maxLength: 254, description: 'The name of the user who started them' })),
  file: t.Optional(t.String({ maxLength: 200, description: 'Part of the name of the uploaded file' })),
  from: t.Optional({
    ...timeFilter,
    description: 'Accepted from this time: a date, or a time with an offset; in UTC without one',
  }),
  to: t.Optional({ ...timeFilter, description: 'Accepted up to this time, including all of that day or minute' }),
}
const verbSchema = oneOfWords(verbs)
export const maxTicked = 500
export const bulkBody = t.Object({
  action: verbSchema,
  ids: t.Optional(
    t.Array(jobIdSchema, {
      minItems: 1,
      maxItems: maxTicked,
      description: 'These jobs, instead of a filter',
    }),
  ),
  ...runFilter,
  confirm: t.Optional(t.Integer({ description: 'Without a filter: the number of jobs, as the refusal says' })),
})

/** Without a filter it applies to everything: the number has to be confirmed. */
function requireConfirmed(db: Db, { action, confirm, q, ...filter }: Static<typeof bulkBody>): void {
  if (q?.trim() || Object.values(filter).some(Boolean)) return
  const counts = recentStates(db)
  const total = statesFor[action].reduce((sum, state) => sum + counts[state], 0)
  if (confirm === undefined || confirm < total)
    invalid('confirm', `Without a filter this is for all ${total} jobs. Send "confirm": ${total} if you mean them all.`)
}

/** The request is audited here; the result is audited by the job. */
export function startBulk(app: App, who: Actor, body: Static<typeof bulkBody>): Promise<Started> {
  const { action, status, ids, confirm: _, ...filter } = body
  if (status && !statesFor[action].includes(status))
    invalid('status', `Choose one of: ${statesFor[action].join(', ')}.`)
  if (filter.from) momentInUtc(filter.from)
  if (filter.to) lastInUtc(filter.to)
  requireConfirmed(app.db, body)
  const detail = {
    ...filter,
    ...(status && { status }),
    ...(ids && { ids: ids.slice(0, maxErrors), jobs: ids.length }),
  }
  return auditedAction(app, { who, action: 'jobs.bulk', target: action, detail }, () =>
    app.jobs.start(bulkAction, { ...body, by: who.username }, { by: who.id }),
  )
}

/** The result: matched is what the filter found, skipped what was no longer in such a state, counted by reason too. */
type Report = {
  action: string
  matched: number
  done: number
  skipped: number
  skipped_because: Record<string, number>
  failed: number
  errors: string[]
}

export const bulkAction = job('jobs.bulk', {
  input: t.Object({ ...bulkBody.properties, by: t.String() }),
  attempts: 1,
  async run(
    { action, by, confirm: _, ids: chosen, ...filter },
    app,
    { jobId, by: userId, signal, progress, log },
  ): Promise<Report> {
    const { reader, db, clock } = app
    const states = filter.status ? [filter.status] : statesFor[action]
    const found = chosen
      ? [...new Set(chosen)]
      : (
          await Promise.all(states.map(status => reader.read(idsOfRuns, { ...filter, status, limit: maxMatches })))
        ).flat()
    const ids = found.filter(id => id !== jobId)
    const noneDone = { done: 0, skipped: 0, skipped_because: {}, failed: 0, errors: [] }
    const report: Report = { action, matched: ids.length, ...noneDone }
    function skip(why: string, count = 1) {
      report.skipped += count
      report.skipped_because[why] = (report.skipped_because[why] ?? 0) + count
    }
    const writeAudit = (result: 'ok' | 'failed') =>
      atomically(db, tx =>
        audit(tx, {
          at: clock.now(),
          who: { id: userId, username: by },
          action: `jobs.${action}`,
          target: counted(ids.length, 'job'),
          detail: { ...filter, ...(chosen && { ids: chosen.slice(0, maxErrors) }), ...report, job_id: jobId },
          result,
        }),
      )
    async function actOnOne(id: string) {
      try {
        if (await actOnRun(app, action, id)) report.done++
        else skip(whyNotDone(app, action, id))
      } catch (error) {
        report.failed++
        const message = `${id}: ${messageOf(error)}`
        if (report.errors.length < maxErrors) report.errors.push(message)
        log.warn('Left out of a bulk action', { run: id, error })
      }
    }
    try {
      for (let at = 0; at < ids.length; at += batchSize) {
        signal.throwIfAborted()
        const batch = ids.slice(at, at + batchSize)
        if (action === 'remove') {
          const removed = await removeRuns(app, batch)
          report.done += removed
          if (removed < batch.length) skip('It was not finished, or removed already', batch.length - removed)
        } else for (const id of batch) await actOnOne(id)
        progress((100 * (at + batch.length)) / ids.length, action, `${at + batch.length} of ${ids.length}`)
        await Bun.sleep(0) // lets other work run
      }
    } finally {
      await writeAudit(report.failed || signal.aborted ? 'failed' : 'ok')
    }
    return report
  },
})
