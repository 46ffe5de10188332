/** One thing done to all jobs that match, on the server, with a report. */

import { t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { job } from '../../context.ts'
import { idsOfRuns } from '../runs/find-runs.ts'
import { actOnRun, removeRuns, statesFor } from './task-actions.ts'

const most = 100_000 // runs
const mostTold = 20 // of what went wrong
const step = 50 // runs between two turns of others

export const runFilter = {
  status: t.Optional(t.Union(runStates.map(state => t.Literal(state)))),
  name: t.Optional(t.String({ maxLength: 100 })),
  q: t.Optional(t.String({ maxLength: 200 })),
  fingerprint: t.Optional(t.String({ maxLength: 100 })),
}
const verb = t.Union([t.Literal('retry'), t.Literal('cancel'), t.Literal('remove')])
export const bulkBody = t.Object({ action: verb, ...runFilter })

/** What it did: matched is what the filter found, skipped what was in no state for it by then. */
export type Report = {
  action: string
  matched: number
  done: number
  skipped: number
  failed: number
  errors: string[]
}

export const bulkAction = job('jobs.bulk', {
  input: t.Object({ ...bulkBody.properties, by: t.String() }),
  attempts: 1,
  async run({ action, by, ...filter }, app, { jobId, by: userId, signal, progress, log }): Promise<Report> {
    const { reader, db, clock } = app
    const states = filter.status ? [filter.status] : statesFor[action]
    const found = await Promise.all(states.map(status => reader.read(idsOfRuns, { ...filter, status, most })))
    const ids = found.flat().filter(id => id !== jobId)
    const report: Report = { action, matched: ids.length, done: 0, skipped: 0, failed: 0, errors: [] }
    const note = (result: 'ok' | 'failed') =>
      atomically(db, tx =>
        audit(tx, {
          at: clock.now(),
          who: { id: userId, username: by },
          action: `jobs.${action}`,
          target: `${ids.length} ${ids.length === 1 ? 'job' : 'jobs'}`,
          detail: { ...filter, ...report, job_id: jobId },
          result,
        }),
      )
    async function one(id: string) {
      try {
        if (await actOnRun(app, action, id)) report.done++
        else report.skipped++
      } catch (error) {
        report.failed++
        const message = `${id}: ${error instanceof Error ? error.message : String(error)}`
        if (report.errors.length < mostTold) report.errors.push(message)
        log.warn('Left out of a bulk action', { run: id, error })
      }
    }
    try {
      for (let at = 0; at < ids.length; at += step) {
        signal.throwIfAborted()
        const some = ids.slice(at, at + step)
        if (action === 'remove') {
          const removed = await removeRuns(app, some)
          report.done += removed
          report.skipped += some.length - removed
        } else for (const id of some) await one(id)
        progress((100 * (at + some.length)) / ids.length, action, `${at + some.length} of ${ids.length}`)
        await Bun.sleep(0) // others have their turn
      }
    } finally {
      await note(report.failed || signal.aborted ? 'failed' : 'ok')
    }
    return report
  },
})
