/** An action of an admin on many jobs: those they ticked, or all that a filter finds. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { runStates } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { type App, job } from '../../context.ts'
import { invalid, messageOf } from '../../errors.ts'
import type { Actor } from '../../platform/http/request-context.ts'
import { jobIdSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import type { Started } from '../../platform/jobs/jobs.ts'
import { counted, countText } from '../../platform/number-text.ts'
import type { Log } from '../../platform/process/log.ts'
import { idsOfRuns, lastInUtc, momentInUtc } from '../../runs/find-runs.ts'
import { actOnRun, auditedAction, removeRuns, statesFor, type Verb, verbs, whyNotDone } from './task-actions.ts'
import { recentStates } from './task-queries.ts'

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
  q: t.Optional(
    t.String({
      maxLength: 200,
      description: 'Words that are all in the name, title, file, input or error; or the beginning of an id',
    }),
  ),
  fingerprint: t.Optional(t.String({ maxLength: 100 })),
  user: t.Optional(t.String({ maxLength: 254, description: 'The name of the user who started them' })),
  file: t.Optional(t.String({ maxLength: 200, description: 'Part of the name of the uploaded file' })),
  from: t.Optional({
    ...timeFilter,
    description: 'Accepted from this time: a date, or a time with an offset; in UTC without one',
  }),
  to: t.Optional({ ...timeFilter, description: 'Accepted up to this time, including all of that day or minute' }),
}
const filterSchema = t.Object(runFilter)
export const maxTicked = 500
export const bulkBody = t.Object({
  action: oneOfWords(verbs),
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
  async run({ action, by, confirm: _, ids: chosen, ...filter }, app, work): Promise<Report> {
    const { jobId, signal, progress } = work
    const found = chosen ? [...new Set(chosen)] : await matchingIds(app, action, filter)
    const ids = found.filter(id => id !== jobId)
    const noneDone = { done: 0, skipped: 0, skipped_because: {}, failed: 0, errors: [] }
    const report: Report = { action, matched: ids.length, ...noneDone }
    try {
      for (let at = 0; at < ids.length; at += batchSize) {
        signal.throwIfAborted()
        const batch = ids.slice(at, at + batchSize)
        if (action === 'remove') await removeBatch(app, batch, report)
        else for (const id of batch) await actOnOne(app, action, id, report, work.log)
        progress((100 * (at + batch.length)) / ids.length, action, progressOf(report))
        await Bun.sleep(0) // lets other work run
      }
    } finally {
      const detail = { ...filter, ...(chosen && { ids: chosen.slice(0, maxErrors) }), ...report, job_id: jobId }
      await atomically(app.db, tx =>
        audit(tx, {
          at: app.clock.now(),
          who: { id: work.by, username: by },
          action: `jobs.${action}`,
          target: counted(ids.length, 'job'),
          detail,
          result: report.failed || signal.aborted ? 'failed' : 'ok',
        }),
      )
    }
    return report
  },
})

async function matchingIds({ reader }: App, verb: Verb, filter: Static<typeof filterSchema>): Promise<string[]> {
  const states = filter.status ? [filter.status] : statesFor[verb]
  const found = states.map(status => reader.read(idsOfRuns, { ...filter, status, limit: maxMatches }))
  return (await Promise.all(found)).flat()
}

async function removeBatch(app: App, batch: readonly string[], report: Report): Promise<void> {
  const removed = await removeRuns(app, batch)
  report.done += removed
  if (removed < batch.length) skip(report, 'It was not finished, or removed already', batch.length - removed)
}

async function actOnOne(app: App, verb: Verb, id: string, report: Report, log: Log): Promise<void> {
  try {
    if (await actOnRun(app, verb, id)) report.done++
    else skip(report, whyNotDone(app, verb, id))
  } catch (error) {
    report.failed++
    if (report.errors.length < maxErrors) report.errors.push(`${id}: ${messageOf(error)}`)
    log.warn('Left out of a bulk action', { run: id, error })
  }
}

const progressOf = ({ matched, done, skipped, failed }: Report): string =>
  [
    `${countText(done)} of ${counted(matched, 'job')} done`,
    skipped && `${countText(skipped)} left as they were`,
    failed && `${countText(failed)} failed`,
  ]
    .filter(Boolean)
    .join(', ')

function skip(report: Report, why: string, count = 1): void {
  report.skipped += count
  report.skipped_because[why] = (report.skipped_because[why] ?? 0) + count
}
