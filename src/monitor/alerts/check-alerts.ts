/** One look at every condition: raises what holds, resolves what has been clear for two looks. */
import { and, eq, gt, ne, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { facts, runs, systemAlerts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { type Alert, raise } from '../../alerts.ts'
import { systemActor } from '../../audit.ts'
import { type App, job } from '../../context.ts'
import { hour } from '../../platform/clock.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { conditions } from './conditions.ts'
import { mailAlerts } from './send-alerts.ts'

type OpenAlert = typeof systemAlerts.$inferSelect

/** The usual way. Should the queue or every worker be down, `watch.ts` looks without it. */
export const checkAlerts = job('alerts.check', {
  input: t.Object({}),
  attempts: 1,
  expires: '60s',
  once: () => 'check',
  run: async (_, app) => ({ ...(await checkConditions(app)), mailed: await mailAlerts(app) }),
})

const clearLooks = 2

export async function checkConditions(app: App): Promise<{ holding: number; resolved: number }> {
  const { db, clock, log } = app
  const looks = await Promise.all(
    conditions.map(async ({ prefix, look }) => {
      try {
        return { prefix, alerts: await look(app) }
      } catch (error) {
        log.warn('A condition could not be looked at', { condition: prefix, error })
        return undefined
      }
    }),
  )
  const known = looks.filter(look => look !== undefined)
  const holding = known.flatMap(({ alerts }) => alerts)
  return atomically(
    db,
    tx => {
      const now = clock.now()
      for (const alert of holding) raise(tx, now, alert)
      const isClear = (alert: OpenAlert) =>
        known.some(({ prefix }) => alert.key.startsWith(prefix))
          ? !holds(alert, holding)
          : isMended(tx, alert) || isBygone(alert, now)
      const clear = openAlerts(tx).filter(isClear)
      const resolved = clear.filter(alert => seenClear(tx, alert, now)).length
      noteChecked(tx, now)
      return { holding: holding.length, resolved }
    },
    'unsynced',
  )
}

const openAlerts = (db: Db): OpenAlert[] =>
  db.select().from(systemAlerts).where(ne(systemAlerts.state, 'resolved')).all()
const holds = ({ key }: OpenAlert, holding: readonly Alert[]) => holding.some(alert => alert.key === key)

/** A failed job is made good by the same work done since: the run tried again, or another with the same input. */
function isMended(db: Db, { type, data, lastSeen }: OpenAlert): boolean {
  if (type !== 'job_failed' || typeof data.job_id !== 'string') return false
  const run = runById(db).get({ id: data.job_id })
  if (!run) return false
  if (run.status === 'SUCCESS') return true
  const sameWork = and(eq(runs.name, run.name), gt(runs.createdAt, run.createdAt), eq(runs.status, 'SUCCESS'))
  const since = and(sameWork, gt(runs.completedAt, lastSeen), sql`${runs.input} = ${JSON.stringify(run.input)}`)
  return db.select({ id: runs.id }).from(runs).where(since).limit(1).get() !== undefined
}

/** What died is replaced long since, or another alert says that nobody works. */
const isBygone = ({ type, lastSeen }: OpenAlert, now: number) => type === 'process_died' && now - lastSeen > hour

function seenClear(tx: Db, { id, clearChecks }: OpenAlert, now: number): boolean {
  const looks = clearChecks + 1
  const isOver = looks >= clearLooks
  const change = isOver ? { state: 'resolved' as const, settledAt: now, settledBy: systemActor.username } : {}
  tx.update(systemAlerts)
    .set({ clearChecks: looks, ...change })
    .where(eq(systemAlerts.id, id))
    .run()
  return isOver
}

const fact = 'alerts_checked_at'

function noteChecked(tx: Db, now: number): void {
  const value = String(now)
  tx.insert(facts).values({ name: fact, value }).onConflictDoUpdate({ target: facts.name, set: { value } }).run()
}

/** When the conditions were last looked at, by whatever process. */
export function checkedAt(db: Db): number | undefined {
  const row = db.select().from(facts).where(eq(facts.name, fact)).get()
  return row && Number(row.value)
}
