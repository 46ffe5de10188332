/**
 * Health checks. `/livez` only says that the process answers, `/readyz` that it can be sent requests, `/health` checks
 * everything. Trouble of others (Redis) degrades; only a broken database makes us unhealthy.
 */

import { statfsSync, statSync } from 'node:fs'
import { Elysia, type Static, type TSchema, t } from 'elysia'
import { databaseFile, openReader } from '../../db/open.ts'
import { isDamage, queueRebuildAdvice } from '../../db/open-errors.ts'
import type { App } from '../context.ts'
import { messageOf } from '../errors.ts'
import { access, allow } from '../platform/http/access.ts'
import { describe } from '../platform/http/route-docs.ts'
import { oneOfWords } from '../platform/http/shared-schemas.ts'
import { queueNames } from '../platform/jobs/job.ts'
import { NoAnswer, withTimeout } from '../platform/process/with-timeout.ts'
import { damageFound, damageText, deadFiles } from './database-files.ts'
import { cacheNow } from './overview/cache-page.ts'

const stateSchema = oneOfWords(['healthy', 'degraded', 'unhealthy'])

const healthSchema = t.Object({
  status: stateSchema,
  version: t.String(),
  uptime_s: t.Integer(),
  checks: t.Object({
    database: t.Object({
      status: stateSchema,
      size_mb: t.Optional(t.Number()),
      disk_free_mb: t.Optional(t.Number()),
      error: t.Optional(t.String()),
    }),
    cache: t.Object({
      status: stateSchema,
      mode: t.String(),
      connected: t.Boolean(),
      stats: t.Object({
        total_keys: t.Integer(),
        hits: t.Integer(),
        misses: t.Integer(),
        hit_rate: t.Number(),
        memory_used_mb: t.Number(),
      }),
    }),
    queue: t.Object({
      status: stateSchema,
      backend: t.String(),
      waiting: t.Optional(t.Integer()),
      active: t.Optional(t.Integer()),
      delayed: t.Optional(t.Integer()),
      error: t.Optional(t.String()),
    }),
    schedule: t.Object({ status: stateSchema, late: t.Array(t.String()) }),
    redis: t.Optional(
      t.Object({ status: stateSchema, latency_ms: t.Optional(t.Number()), error: t.Optional(t.String()) }),
    ),
  }),
})
export type Health = Static<typeof healthSchema>
type HealthChecks = Health['checks']

const minFree = 64 // MB on the disk: with less, writes will soon be refused

/** A probe that answers in the same shape when it answers 503. */
const withTrouble = (summary: string, answer: TSchema) => {
  const { responses, ...detail } = describe(summary, answer)
  return { ...detail, responses: { ...responses, ...describe(summary, answer, { status: 503 }).responses } }
}

/** Also served by `ROLE=worker`. */
export const probeRoutes = (app: App) => {
  const checkDatabase = databaseCheckOf(app)
  return new Elysia({ tags: ['health'] })
    .use(access(app))
    .get('/livez', () => 'ok', {
      // Already answered by the HTTP server; listed here for the API page.
      may: 'anyone',
      detail: describe('The process answers', t.String(), { type: 'text/plain' }),
    })
    .get(
      '/readyz',
      ({ set }) => {
        const isDatabaseOk = checkDatabase().status !== 'unhealthy'
        if (isDatabaseOk && app.isReady) return { status: 'ready' }
        set.status = 503
        return { status: isDatabaseOk ? 'warming up' : 'the database fails' }
      },
      {
        may: 'anyone',
        detail: withTrouble('Ready to be sent requests; 503 otherwise', t.Object({ status: t.String() })),
      },
    )
    .get(
      '/metrics',
      async ({ request }) => {
        allow(request, app.config.metricsPublic ? 'anyone' : 'admin', true)
        return new Response(await app.metrics.text(), { headers: { 'content-type': 'text/plain; version=0.0.4' } })
      },
      {
        may: 'anyone',
        detail: describe('Metrics for Prometheus, for admins unless METRICS_PUBLIC is set', t.String(), {
          type: 'text/plain',
        }),
      },
    )
}

export const healthRoutes = (app: App) => {
  const checkDatabase = databaseCheckOf(app)
  return new Elysia({ tags: ['health'] }).use(access(app)).get(
    '/health',
    async ({ set }) => {
      const health = await healthOf(app, checkDatabase())
      if (health.status === 'unhealthy') set.status = 503
      set.headers['cache-control'] = 'no-store'
      return health
    },
    { may: 'anyone', detail: withTrouble('How it is: healthy, degraded, or unhealthy with a 503', healthSchema) },
  )
}

/** Checks everything, as `/health` does. */
export const healthNow = (app: App) => healthOf(app, databaseCheckOf(app)())

async function healthOf(app: App, checkedDatabase: HealthChecks['database']): Promise<Health> {
  const { version, clock, startedAt } = app
  const damage = damageFound(app).map(damageText).join(' ')
  const dead = deadFiles(app)
  const deadDatabases = dead.filter(({ file }) => file !== 'queue.db').map(({ file, fault }) => `${file} ${fault}`)
  const database: HealthChecks['database'] = deadDatabases.length
    ? { ...checkedDatabase, status: 'unhealthy', error: deadDatabases.join('; ') }
    : damage && checkedDatabase.status !== 'unhealthy'
      ? { ...checkedDatabase, status: 'degraded', error: damage }
      : checkedDatabase
  const [queueState, redis] = await Promise.all([queueCheck(app), redisCheck(app)])
  const deadQueue = dead.find(({ file }) => file === 'queue.db')
  const queue: HealthChecks['queue'] = deadQueue
    ? { ...queueState, status: 'unhealthy', error: `queue.db ${deadQueue.fault}` }
    : queueState
  const checks: HealthChecks = {
    database,
    cache: cacheCheck(app),
    queue,
    schedule: scheduleCheck(app),
    ...(redis && { redis }),
  }
  const states = Object.values(checks).map(({ status }) => status)
  const status = (['unhealthy', 'degraded', 'healthy'] as const).find(worst => states.includes(worst)) ?? 'healthy'
  return { status, version, uptime_s: Math.floor((clock.now() - startedAt) / 1000), checks }
}

/** A file that was removed or replaced can still be read through an open connection, so the file itself is checked too. */
function databaseCheckOf({ db, config: { dataDir } }: App): () => HealthChecks['database'] {
  const file = databaseFile(dataDir)
  const probeQuery = 'select count(*) from facts'
  const { ino } = statSync(file)
  return () => {
    try {
      const stat = statSync(file)
      if (stat.ino !== ino) throw new Error('fieldhouse.db was replaced by another file')
      const { $client: newConnection } = openReader(dataDir)
      try {
        newConnection.query(probeQuery).get()
      } finally {
        newConnection.close()
      }
      db.$client.query(probeQuery).get()
      const { bavail, bsize } = statfsSync(dataDir)
      const sizes = {
        size_mb: megabytes(sizeWithLog(file)),
        disk_free_mb: Math.floor(megabytes(bavail * bsize)),
      }
      if (sizes.disk_free_mb < minFree) return { status: 'degraded', ...sizes, error: 'The disk is nearly full' }
      return { status: 'healthy', ...sizes }
    } catch (error) {
      return { status: 'unhealthy', error: messageOf(error) }
    }
  }
}

function cacheCheck(app: App): HealthChecks['cache'] {
  const { mode, connected, entries: total_keys, hits, misses, hit_rate, bytes } = cacheNow(app)
  const stats = { total_keys, hits, misses, hit_rate: hit_rate ?? 0, memory_used_mb: megabytes(bytes) }
  return { status: connected ? 'healthy' : 'degraded', mode, connected, stats }
}

async function queueCheck({ queues }: App): Promise<HealthChecks['queue']> {
  const { backend } = queues
  try {
    const counts = await withTimeout(Promise.all(queueNames.map(queues.counts)))
    const sum = (state: 'waiting' | 'active' | 'delayed') => counts.reduce((total, count) => total + count[state], 0)
    return { status: 'healthy', backend, waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed') }
  } catch (error) {
    // A slow one goes on working.
    const isBroken = backend === 'sqlite' && !(error instanceof NoAnswer)
    const message = isDamage(error)
      ? damageText({ file: 'queue.db', fault: error.message, remedy: queueRebuildAdvice })
      : messageOf(error)
    return { status: isBroken ? 'unhealthy' : 'degraded', backend, error: message }
  }
}

function scheduleCheck({ schedule }: App): HealthChecks['schedule'] {
  try {
    const late = schedule.state().filter(({ state }) => state === 'late' || state === 'missed')
    return { status: late.length ? 'degraded' : 'healthy', late: late.map(({ name }) => name) }
  } catch {
    return { status: 'degraded', late: [] } // the database is failing
  }
}

async function redisCheck({ redis }: App): Promise<HealthChecks['redis']> {
  if (!redis) return undefined
  const began = performance.now()
  try {
    await withTimeout(redis.ping())
    return { status: 'healthy', latency_ms: round(performance.now() - began, 2) }
  } catch (error) {
    return { status: 'degraded', error: messageOf(error) }
  }
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))
const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0
/** Bytes of a database file with its write-ahead log. */
export const sizeWithLog = (file: string) => sizeOf(file) + sizeOf(`${file}-wal`)
const megabytes = (bytes: number) => round(bytes / 1024 / 1024, 2)
