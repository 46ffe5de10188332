/**
 * What every process does for the monitor: it stores its request counts, records its load, sends new alerts,
 * checks the database files, and checks the conditions if the scheduled job does not run because the queue or every worker is down.
 */

import { and, eq, gt, ne, sql } from 'drizzle-orm'
import { factOf, storeFact } from '../../db/facts.ts'
import { DeadFile } from '../../db/file.ts'
import type { Db } from '../../db/open.ts'
import { queueMinutes, runs, systemAlerts } from '../../db/schema.ts'
import { atomically, tryWrite } from '../../db/transactions.ts'
import { type Alert, raiseAlert } from '../alerts.ts'
import { systemActor } from '../audit.ts'
import { type App, job } from '../context.ts'
import { hour, minute, second } from '../platform/clock.ts'
import { runById } from '../platform/jobs/runs.ts'
import { conditions, openRedisWatch } from './alerts/conditions.ts'
import { mailAlerts, openAlertWebhook, postAlerts } from './alerts/send-alerts.ts'
import { openFileCheck } from './database-files.ts'
import { openLoadRecorder, reportDeadProcesses } from './processes.ts'
import { depthReading } from './tasks/task-queries.ts'

/** ms between two checks of the database files, of alerts to send, and of Redis. */
const intervals = { files: 10 * second, alerts: 2 * second, redis: 5 * second }
export type MonitorIntervals = typeof intervals
const overdueAfter = 90 * second

export function startProcessMonitor(
  app: App,
  { files, alerts, redis }: MonitorIntervals = intervals,
): { stop(): void } {
  const { db, clock, metrics, log, config } = app
  const recordLoad = openLoadRecorder(app)
  const recordDepth = openDepthRecorder(app)
  const send = openAlertWebhook(app)
  const database = databaseWatch(app)
  const startedAt = clock.now()
  let isSending = false

  async function eachMinute() {
    try {
      metrics.flush(db, clock.now())
      recordLoad()
      await recordDepth()
      await database.works()
      await reportDeadProcesses(app)
    } catch (error) {
      if (error instanceof DeadFile) return // reported by the check of database files
      return database.failed(error)
    }
    if (clock.now() - Math.max(startedAt, checkedAt(db) ?? 0) > overdueAfter) await checkConditions(app)
  }
  const logged = (work: () => Promise<unknown>) => () =>
    work().catch(error => log.error('A check of the process monitor failed', { error }))

  async function sendAlerts() {
    if (isSending) return
    isSending = true
    await send().finally(() => {
      isSending = false
    })
  }

  const checkFiles = openFileCheck(app, alerts => postAlerts(config, alerts))
  const fileTimer = setInterval(logged(checkFiles), files)
  const redisTimer = app.redis ? setInterval(logged(openRedisWatch(app)), redis) : undefined
  const minuteTimer = setInterval(logged(eachMinute), minute)
  const alertTimer = config.alertWebhookUrl ? setInterval(logged(sendAlerts), alerts) : undefined
  return {
    stop() {
      clearInterval(fileTimer)
      clearInterval(redisTimer)
      clearInterval(minuteTimer)
      clearInterval(alertTimer)
      metrics.flush(db, clock.now())
    },
  }
}

/** Call the returned function each minute: it records how much waits and runs, unless another process has. */
export function openDepthRecorder({ db, clock, reader }: App): () => Promise<void> {
  return async () => {
    const now = clock.now()
    const depth = await reader.read(depthReading, { now })
    const row = { minute: now - (now % minute), ...depth }
    tryWrite(db, tx => void tx.insert(queueMinutes).values(row).onConflictDoNothing().run())
  }
}

/** A database that cannot be written cannot store the alert that says so: it is sent until the webhook takes it, and stored later. */
export function databaseWatch({ db, clock, config, log }: App) {
  let failing: { since: number; error: unknown; attempts: number; sentAt: number | null } | undefined
  return {
    async failed(error: unknown): Promise<void> {
      log.error('The database cannot be written', { error })
      failing ??= { since: clock.now(), error, attempts: 0, sentAt: null }
      failing.attempts++
      if (failing.sentAt !== null) return
      await postAlerts(config, [{ severity: 'critical', title: cannotWriteTitle, message: String(error) }])
      failing.sentAt = clock.now()
    },
    async works(): Promise<void> {
      if (!failing) return
      const { since, error, attempts, sentAt } = failing
      const now = clock.now()
      tryWrite(db, tx =>
        tx
          .insert(systemAlerts)
          .values({
            key: 'database_error:writing',
            type: 'database_error',
            severity: 'critical',
            title: cannotWriteTitle,
            message: String(error),
            data: {},
            count: attempts,
            firstSeen: since,
            lastSeen: now,
            state: 'resolved',
            settledAt: now,
            settledBy: systemActor.username,
            sentAt,
            sentAs: sentAt === null ? null : 'critical',
          })
          .run(),
      )
      failing = undefined
    },
  }
}
const cannotWriteTitle = 'The database cannot be written'

/** Checks every condition once: raises what holds, resolves what has been clear for two checks. */

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
