/**
 * What every process does for the monitor by itself: it puts its request counts away, notes how busy it is, sends new alerts,
 * looks at the database files, and at the conditions where the schedule's job does not come, because the queue or every worker is down.
 */
import { DeadFile } from '../../db/file.ts'
import { systemAlerts } from '../../db/schema.ts'
import { tryWrite } from '../../db/transactions.ts'
import { systemActor } from '../audit.ts'
import type { App } from '../context.ts'
import { minute, second } from '../platform/clock.ts'
import { checkConditions, checkedAt } from './alerts/check-alerts.ts'
import { openRedisWatch } from './alerts/conditions.ts'
import { openAlertWebhook, postAlerts } from './alerts/send-alerts.ts'
import { openFileLook } from './database-files.ts'
import { openDepthRecorder, openLoadRecorder, reportDeadProcesses } from './processes.ts'

/** ms between two looks at the database files, for alerts to send, and at Redis. */
const intervals = { files: 10 * second, alerts: 2 * second, redis: 5 * second }
export type MonitorIntervals = typeof intervals
const overdue = 90 * second

export function startProcessMonitor(
  app: App,
  { files, alerts, redis }: MonitorIntervals = intervals,
): { stop(): void } {
  const { db, clock, metrics, log, config } = app
  const noteLoad = openLoadRecorder(app)
  const noteDepth = openDepthRecorder(app)
  const send = openAlertWebhook(app)
  const database = databaseWatch(app)
  const startedAt = clock.now()
  let busy = false

  async function eachMinute() {
    try {
      metrics.flush(db, clock.now())
      noteLoad()
      await noteDepth()
      await database.works()
      await reportDeadProcesses(app)
    } catch (error) {
      if (error instanceof DeadFile) return // told of by those who look at the files
      return database.failed(error)
    }
    if (clock.now() - Math.max(startedAt, checkedAt(db) ?? 0) > overdue) await checkConditions(app)
  }
  const logged = (work: () => Promise<unknown>) => () =>
    work().catch(error => log.error('The watch stumbled', { error }))

  async function sendNews() {
    if (busy) return
    busy = true
    await send().finally(() => {
      busy = false
    })
  }

  const lookAtFiles = openFileLook(app, alerts => postAlerts(config, alerts))
  const looking = setInterval(logged(lookAtFiles), files)
  const askingRedis = app.redis ? setInterval(logged(openRedisWatch(app)), redis) : undefined
  const minutely = setInterval(logged(eachMinute), minute)
  const sending = config.alertWebhookUrl ? setInterval(logged(sendNews), alerts) : undefined
  return {
    stop() {
      clearInterval(looking)
      clearInterval(askingRedis)
      clearInterval(minutely)
      clearInterval(sending)
      metrics.flush(db, clock.now())
    },
  }
}

/** A database that cannot be written cannot hold the alert that says so: it is sent at once and written down afterwards. */
function databaseWatch({ db, clock, config, log }: App) {
  let failing: { since: number; error: unknown; looks: number } | undefined
  return {
    async failed(error: unknown): Promise<void> {
      log.error('The database cannot be written', { error })
      if (failing) return void failing.looks++
      failing = { since: clock.now(), error, looks: 1 }
      await postAlerts(config, [{ severity: 'critical', title, message: String(error) }])
    },
    async works(): Promise<void> {
      if (!failing) return
      const { since, error, looks } = failing
      const now = clock.now()
      tryWrite(db, tx =>
        tx
          .insert(systemAlerts)
          .values({
            key: 'database_error:writing',
            type: 'database_error',
            severity: 'critical',
            title,
            message: String(error),
            data: {},
            count: looks,
            firstSeen: since,
            lastSeen: now,
            state: 'resolved',
            settledAt: now,
            settledBy: systemActor.username,
            sentAt: since,
          })
          .run(),
      )
      failing = undefined
    },
  }
}
const title = 'The database cannot be written'
