/**
 * What every process does for the monitor: it stores its request counts, records its load, sends new alerts,
 * checks the database files, and checks the conditions if the scheduled job does not run because the queue or every worker is down.
 */

import { DeadFile } from '../../db/file.ts'
import { queueMinutes, systemAlerts } from '../../db/schema.ts'
import { tryWrite } from '../../db/transactions.ts'
import { systemActor } from '../audit.ts'
import type { App } from '../context.ts'
import { minute, second } from '../platform/clock.ts'
import { checkConditions, checkedAt } from './alerts/check-conditions.ts'
import { openRedisWatch } from './alerts/redis-watch.ts'
import { openAlertWebhook, postAlerts } from './alerts/send-alerts.ts'
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
