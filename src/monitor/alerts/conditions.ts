/** Every condition that raises an alert while it holds. One-off events (a failed job, a held feed) raise theirs where they happen. */
import { statfs } from 'node:fs/promises'
import { gt } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { requestStats } from '../../../db/schema.ts'
import { alertOfAttempts } from '../../accounts/attempts.ts'
import { usernamesOf } from '../../accounts/queries.ts'
import type { Alert } from '../../alerts.ts'
import type { App } from '../../context.ts'
import { messageOf } from '../../errors.ts'
import { tradingSuspects } from '../../leagues/market/risk.ts'
import { minute, second } from '../../platform/clock.ts'
import { queueNames } from '../../platform/jobs/job.ts'
import { addHistogram, emptyHistogram, quantile } from '../../platform/process/metrics.ts'
import { NoAnswer, withTimeout } from '../../platform/process/with-timeout.ts'
import { brokenDutiesAlert, brokenDutiesNow } from '../../rota/broken-alert.ts'
import { alertPrefix, alertsOfFiles } from '../database-files.ts'
import { hasWorker, loadSince, processesOf, processLoadAlerts } from '../processes.ts'
import { redisStats } from '../redis-stats.ts'
import { alertOfUnreachableRedis } from './redis-watch.ts'

/** A condition that can hold for a while. It is checked each minute, and its alert resolves itself when it no longer holds. */
type Condition = {
  /** The keys of its alerts start with this. */
  readonly prefix: string
  /** What is wrong right now. If it throws, its alerts stay as they are. */
  check(app: App): readonly Alert[] | Promise<readonly Alert[]>
}

export const conditions: readonly Condition[] = [
  { prefix: 'high_load:', check: ({ db, clock }) => loadAlerts(db, clock.now()) },
  { prefix: 'performance:', check: ({ db, clock }) => slowRoutes(db, clock.now()) },
  { prefix: 'cache_error:', check: redisTrouble },
  { prefix: 'database_error:queue', check: queueTrouble },
  { prefix: alertPrefix, check: alertsOfFiles },
  { prefix: 'database_error:disk', check: fullDisk },
  { prefix: 'high_trades:', check: heavyTraders },
  { prefix: 'task_missing:schedule:', check: lateTasks },
  { prefix: 'task_missing:worker', check: missingWorker },
  {
    prefix: 'security:attempts',
    check: ({ db, clock }) => [alertOfAttempts(db, clock.now())].filter(alert => alert !== undefined),
  },
  { prefix: 'roster_broken', check: async app => brokenDutiesAlert(await brokenDutiesNow(app)) },
]

const loadAlerts = (db: Db, now: number) => processLoadAlerts(loadSince(db, now - 6 * minute), now)

/** Redis is unreachable for a while, or its statistics are critical. */
async function redisTrouble(app: App): Promise<Alert[]> {
  if (!app.redis) return []
  const unreachable = await alertOfUnreachableRedis(app)
  if (unreachable) return [unreachable]
  const { alerts } = await redisStats(app)
  const strained = alerts.filter(({ level }) => level === 'CRITICAL').map(({ message }) => message)
  return strained.length ? [{ ...strainedRedis, message: strained.join('; ') }] : []
}
const strainedRedis = {
  key: 'cache_error:strained',
  type: 'cache_error',
  severity: 'critical',
  title: 'Redis is strained',
} as const

async function queueTrouble({ queues }: App): Promise<Alert[]> {
  if (queues.backend === 'redis') return []
  const error = await withTimeout(Promise.all(queueNames.map(queues.counts))).then(
    () => undefined,
    (failure: unknown) => {
      if (failure instanceof NoAnswer) throw failure // slow, for example while solvers use the machine: unknown
      return messageOf(failure)
    },
  )
  if (error === undefined) return []
  return [
    {
      key: 'database_error:queue',
      type: 'database_error',
      severity: 'critical',
      title: 'The queue file cannot be used',
      message: `queue.db answers with an error: ${error}. Accepted jobs wait in fieldhouse.db.`,
    },
  ]
}

const [lowSpace, criticalSpace] = [1024 ** 3, 256 * 1024 ** 2] // bytes

async function fullDisk({ config: { dataDir } }: App): Promise<Alert[]> {
  const { bavail, bsize } = await statfs(dataDir)
  const free = bavail * bsize
  if (free > lowSpace) return []
  return [
    {
      key: 'database_error:disk',
      type: 'database_error',
      severity: free > criticalSpace ? 'warning' : 'critical',
      title: 'The disk is nearly full',
      message: `${Math.floor(free / 1024 ** 2)} MB are left where DATA_DIR is.`,
      data: { free_bytes: free },
    },
  ]
}

/** The order itself raises it at once; this keeps it until the day is over. */
async function heavyTraders({ db, reader, clock }: App): Promise<Alert[]> {
  const { heavy } = await reader.read(tradingSuspects, { now: clock.now() })
  const ids = heavy.map(({ userId }) => userId)
  const names = usernamesOf(db, ids)
  return heavy.map(({ userId, trades }) => ({
    key: `high_trades:${userId}`,
    type: 'high_trades',
    severity: 'warning',
    title: `${names.get(userId) ?? `user ${userId}`} trades very often`,
    message: `${trades} trades since 00:00 UTC.`,
    data: { user_id: userId, trades },
  }))
}

function lateTasks(app: App): Alert[] {
  if (!hasWorker(processesOf(app))) return [] // one alert says so; that each task is late follows from it
  return app.schedule
    .state()
    .filter(({ state }) => state === 'late' || state === 'missed')
    .map(({ name, state, lateMs }) => ({
      key: `task_missing:schedule:${name}`,
      type: 'task_missing',
      severity: state === 'missed' ? 'error' : 'warning',
      title: `${name} is ${state === 'missed' ? 'missing' : 'late'}`,
      message: `It should have started ${Math.round(lateMs / minute)} min ago.`,
      data: { name, late_ms: lateMs },
    }))
}

function missingWorker(app: App): Alert[] {
  if (hasWorker(processesOf(app))) return []
  return [
    {
      key: 'task_missing:worker',
      type: 'task_missing',
      severity: 'critical',
      title: 'No worker runs',
      message: 'Jobs are accepted and wait. Start a process with ROLE=worker or ROLE=all over this DATA_DIR.',
    },
  ]
}

const tooSlow = second // p95
const slowPeriod = 5 * minute
const minRequests = 20 // requests: with fewer, one slow answer would decide the p95

/** Their duration depends on the client, which sends its file as fast as it can. */
const pacedByClient = /^POST \/api\/(v1\/leagues\/:id\/uploads|upload-(baseline|current))/

function slowRoutes(db: Db, now: number): Alert[] {
  const rows = db
    .select()
    .from(requestStats)
    .where(gt(requestStats.minute, now - slowPeriod - minute))
    .all()
  const routes = Map.groupBy(rows, ({ route }) => route)
  return [...routes].flatMap(([route, minutes]): Alert[] => {
    const sum = emptyHistogram()
    for (const { histogram } of minutes) addHistogram(sum, histogram)
    const requests = sum.reduce((total, count) => total + count, 0)
    const p95 = quantile(sum, 0.95) ?? 0
    if (requests < minRequests || p95 <= tooSlow || pacedByClient.test(route)) return []
    return [
      {
        key: `performance:${route}`,
        type: 'performance',
        severity: 'warning',
        title: `${route} is slow`,
        message: `One answer in twenty took more than ${(p95 / second).toFixed(1)} s in the last ${slowPeriod / minute} minutes (${requests} requests).`,
        data: { route, p95_ms: Math.round(p95), requests },
      },
    ]
  })
}
