/** Checks every condition once: raises what holds, resolves what has been clear for two checks. */
import { and, eq, gt, ne, sql } from 'drizzle-orm'
import { factOf, storeFact } from '../../../db/facts.ts'
import type { Db } from '../../../db/open.ts'
import { runs, systemAlerts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { type Alert, raiseAlert } from '../../alerts.ts'
import { systemActor } from '../../audit.ts'
import { type App, job } from '../../context.ts'
import { hour } from '../../platform/clock.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { conditions } from './conditions.ts'
import { mailAlerts } from './send-alerts.ts'

type OpenAlert = typeof systemAlerts.$inferSelect

/** The normal way. If the queue or every worker is down, `eachMinute` checks without it. */
export const checkAlerts = job('alerts.check', {
  attempts: 1,
  expires: '60s',
  once: () => 'check',
  run: async (_, app, { signal }) => ({ ...(await checkConditions(app, signal)), mailed: await mailAlerts(app) }),
})

const clearChecksToResolve = 2

/** Stopped by `signal`, it raises nothing: at shutdown what it asks closes. */
export async function checkConditions(app: App, signal?: AbortSignal): Promise<{ holding: number; resolved: number }> {
  const { db, clock, log } = app
  const checks = await Promise.all(
    conditions.map(async ({ prefix, check }) => {
      try {
        return { prefix, alerts: await check(app) }
      } catch (error) {
        signal?.throwIfAborted()
        log.warn('A condition could not be checked', { condition: prefix, error })
        return undefined
      }
    }),
  )
  signal?.throwIfAborted()
  const completed = checks.filter(check => check !== undefined)
  const holding = completed.flatMap(({ alerts }) => alerts)
  return atomically(
    db,
    tx => {
      const now = clock.now()
      for (const alert of holding) raiseAlert(tx, now, alert)
      const isClear = (alert: OpenAlert) =>
        completed.some(({ prefix }) => alert.key.startsWith(prefix))
          ? !isHolding(alert, holding)
          : isRepeatedWithSuccess(tx, alert) || isOldDeath(alert, now)
      const clear = openAlertRows(tx).filter(isClear)
      const resolved = clear.filter(alert => countClearCheck(tx, alert, now)).length
      storeFact(tx, checkedFact, String(now))
      return { holding: holding.length, resolved }
    },
    'unsynced',
  )
}

const openAlertRows = (db: Db): OpenAlert[] =>
  db.select().from(systemAlerts).where(ne(systemAlerts.state, 'resolved')).all()
const isHolding = ({ key }: OpenAlert, holding: readonly Alert[]) => holding.some(alert => alert.key === key)

/** A failed job is settled by the same work done since: the run retried, or another with the same input. */
function isRepeatedWithSuccess(db: Db, { type, data, lastSeen }: OpenAlert): boolean {
  if (type !== 'job_failed' || typeof data.job_id !== 'string') return false
  const run = runById(db).get({ id: data.job_id })
  if (!run) return false
  if (run.status === 'SUCCESS') return true
  const sameWork = and(eq(runs.name, run.name), gt(runs.createdAt, run.createdAt), eq(runs.status, 'SUCCESS'))
  const since = and(sameWork, gt(runs.completedAt, lastSeen), sql`${runs.input} = ${JSON.stringify(run.input)}`)
  return db.select({ id: runs.id }).from(runs).where(since).limit(1).get() !== undefined
}

/** The dead process was replaced long ago, or another alert says that no worker runs. */
const isOldDeath = ({ type, lastSeen }: OpenAlert, now: number) => type === 'process_died' && now - lastSeen > hour

function countClearCheck(tx: Db, { id, clearChecks }: OpenAlert, now: number): boolean {
  const checks = clearChecks + 1
  const isOver = checks >= clearChecksToResolve
  const change = isOver ? { state: 'resolved' as const, settledAt: now, settledBy: systemActor.username } : {}
  tx.update(systemAlerts)
    .set({ clearChecks: checks, ...change })
    .where(eq(systemAlerts.id, id))
    .run()
  return isOver
}

const checkedFact = 'alerts_checked_at'

/** When the conditions were last checked, by any process. */
export function checkedAt(db: Db): number | undefined {
  const at = factOf(db, checkedFact)
  return at === undefined ? undefined : Number(at)
}
