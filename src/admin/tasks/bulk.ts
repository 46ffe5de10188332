/** One thing done to all jobs that match, on the server, with a report. */
import { t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import { atomically } from '../../../db/transaction.ts'
import { job } from '../../context.ts'
import { audit } from '../audit.ts'
import { doTo, statesFor } from './acting.ts'

const most = 100_000 // runs
const mostTold = 20 // of what went wrong

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

export const doToMany = job('jobs.bulk', {
  input: t.Object({ ...bulkBody.properties, by: t.String() }),
  attempts: 1,
  async run({ action, by, ...filter }, app, { jobId, by: userId, signal, progress, log }): Promise<Report> {
    const { reader, db, clock } = app
    const states = filter.status ? [filter.status] : statesFor[action]
    const found = await Promise.all(states.map(status => reader.read('idsOfRuns', { ...filter, status, most })))
    const ids = found.flat().filter(id => id !== jobId)
    const report: Report = { action, matched: ids.length, done: 0, skipped: 0, failed: 0, errors: [] }
    const note = (result: 'ok' | 'failed') =>
      atomically(db, tx =>
        audit(tx, {
          at: clock.now(),
          who: { id: userId, username: by },
          action: `jobs.${action}`,
          target: `${ids.length} jobs`,
          detail: { ...filter, ...report, job_id: jobId },
          result,
        }),
      )
    try {
      for (const [i, id] of ids.entries()) {
        signal.throwIfAborted()
        try {
          if (await doTo(app, action, id)) report.done++
          else report.skipped++
        } catch (error) {
          report.failed++
          const message = `${id}: ${error instanceof Error ? error.message : String(error)}`
          if (report.errors.push(message) > mostTold) report.errors.pop()
          log.warn('Left out of a bulk action', { run: id, error })
        }
        if (i % 50 === 49) {
          progress((100 * i) / ids.length, action, `${i + 1} of ${ids.length}`)
          await Bun.sleep(0) // others have their turn
        }
      }
    } finally {
      await note(report.failed || signal.aborted ? 'failed' : 'ok')
    }
    return report
  },
})
