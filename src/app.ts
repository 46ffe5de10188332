/** Builds everything once, in order. What is opened first is closed last. */
import { hostname } from 'node:os'
import { eq } from 'drizzle-orm'
import { closeDatabase, type Db, openDatabase } from '../db/open.ts'
import { facts, processes } from '../db/schema.ts'
import { atomically, perhaps } from '../db/transaction.ts'
import packageJson from '../package.json' with { type: 'json' }
import { guardCookies } from './accounts/csrf.ts'
import { identify } from './accounts/identify.ts'
import { makeFirstAdmin, offerSetup } from './accounts/setup.ts'
import { raise } from './admin/alerts.ts'
import { watchForDamage } from './admin/damage.ts'
import { addGauges } from './admin/gauges.ts'
import { startWatch } from './admin/watch.ts'
import type { Config } from './config.ts'
import type { App } from './context.ts'
import { jobs as jobTable } from './jobs.ts'
import { kinds } from './kinds.ts'
import { openBooks } from './market/books/books.ts'
import type { Readings } from './readings.ts'
import { refused, routes } from './routes.ts'
import { comeAlive, isDead, othersAlive } from './runtime/alive.ts'
import { Cache } from './runtime/cache.ts'
import { memoryStore } from './runtime/cache-memory.ts'
import { redisStore } from './runtime/cache-redis.ts'
import { startCheckpoints } from './runtime/checkpoints.ts'
import { type Clock, systemClock } from './runtime/clock.ts'
import { openClosing } from './runtime/closing.ts'
import { openDoor } from './runtime/door.ts'
import { openExpress } from './runtime/express.ts'
import type { JobDefinition } from './runtime/job.ts'
import { openJobs } from './runtime/jobs.ts'
import { attemptLimit, readLimit } from './runtime/limits.ts'
import { openLocks } from './runtime/locks.ts'
import { type Log, openLog, seldom } from './runtime/log.ts'
import { openMetrics, watchLoop } from './runtime/metrics.ts'
import { openQueues } from './runtime/queue.ts'
import { openReaderThread } from './runtime/reader.ts'
import { openRedis } from './runtime/redis.ts'
import { openSchedule, type ScheduleEntry } from './runtime/schedule.ts'
import { openStreams } from './runtime/sse.ts'
import { Stamps } from './runtime/stamps.ts'
import { openTelemetry } from './runtime/telemetry.ts'
import { startWorker } from './runtime/worker.ts'
import { schedule as scheduleTable } from './schedule.ts'
import { settleUploads } from './sheets/jobs.ts'
import { openSheets } from './sheets/open.ts'
import { openTourBoards } from './tours/boards.ts'
import { warmUp } from './warm.ts'

export type Fieldhouse = { app: App; url: string; stop(): Promise<void> }
export type Surroundings = {
  clock?: Clock
  log?: Log
  /** Beside those of the tables. */
  jobs?: readonly JobDefinition<App>[]
  schedule?: readonly ScheduleEntry<App>[]
}

const uploadPaths = /^\/api\/(v1\/leagues\/\d+\/uploads|upload-(baseline|current))$/
const drainFor = 4_000 // ms that requests under way get at the end

export async function startFieldhouse(
  config: Config,
  {
    clock = systemClock,
    log = openLog(config.logLevel, clock.now),
    jobs: moreJobs = [],
    schedule: moreSchedule = [],
  }: Surroundings = {},
): Promise<Fieldhouse> {
  const closing = openClosing(log)
  try {
    const { version } = packageJson
    const { role, dataDir } = config
    const processId = Bun.randomUUIDv7()
    closing.keep('log', log, log => log.flush())

    const release = {
      dsn: config.sentryDsn,
      traces: config.sentryTraces,
      environment: config.environment,
      release: version,
    }
    const telemetry = closing.keep('telemetry', await openTelemetry({ ...release, log }), telemetry =>
      telemetry.close(),
    )
    const db = closing.keep(
      'database',
      openDatabase(dataDir, () => othersAlive(dataDir)),
      closeDatabase,
    )
    closing.keep('liveness', comeAlive(dataDir, processId), die => die())
    const row = { id: processId, role, version, startedAt: clock.now() }
    closing.keep('process row', await enrol(db, row), leave => leave())

    const redis = config.redisUrl
      ? closing.keep('redis', await openRedis(config.redisUrl, log), redis => redis.close())
      : undefined
    const cacheClient = redis?.connect()
    if (redis && cacheClient) await redis.insist(cacheClient)

    const stamps = new Stamps(db)
    const memory = memoryStore()
    const prefix = `${config.namespace}:cache:${await installationOf(db)}:`
    const store = cacheClient ? redisStore(cacheClient, prefix, memory, clock) : memory
    const cache = new Cache(
      closing.keep('cache', store, store => store.close()),
      stamps,
      clock,
    )
    const locks = closing.keep(
      'locks',
      openLocks(db, clock, processId, owner => isDead(dataDir, owner)),
      locks => locks.close(),
    )
    const isNews = seldom()
    const queueError = (error: Error) => {
      if (isNews(error.message)) log.warn('The queue reports', { error: error.message })
    }
    const queues = closing.keep(
      'queues',
      await openQueues({ dataDir, namespace: config.namespace, redis: redis?.connect, onError: queueError }),
      queues => queues.close(),
    )
    const jobs = openJobs<App>(db, queues, clock, log, () => app)
    jobs.define([...jobTable, ...moreJobs])
    const schedule = openSchedule([...scheduleTable, ...moreSchedule], db, jobs, clock, log)
    const sheets = closing.keep('sheets', openSheets(dataDir, clock), sheets => sheets.close())
    const books = closing.keep('books', openBooks(dataDir, db, stamps, clock), books => books.close())
    const metrics = openMetrics()
    const reader = closing.keep(
      'reader',
      openReaderThread<Readings>(new URL('./reader-thread.ts', import.meta.url), dataDir),
      reader => reader.close(),
    )
    closing.keep(
      'checkpoints',
      startCheckpoints(db, () => reader.read('copyLog', undefined)),
      checkpoints => checkpoints.stop(),
    )
    const loop = closing.keep('loop watch', watchLoop(), loop => loop.stop())
    const streams = openStreams()

    let stopRun: App['stopRun'] = () => {}
    let stopWorking = () => Promise.resolve()
    let isReady = false
    const app: App = {
      config,
      version,
      processId,
      startedAt: clock.now(),
      clock,
      log,
      telemetry,
      metrics,
      loop,
      db,
      redis: cacheClient,
      stamps,
      cache,
      reader,
      locks,
      queues,
      jobs,
      schedule,
      kinds,
      sheets,
      tourBoards: openTourBoards(db, stamps, clock),
      books,
      streams,
      reads: readLimit(config.rateLimit),
      attempts: attemptLimit(),
      stopRun: id => stopRun(id),
      ready: () => isReady,
    }

    addGauges(app)

    if (role !== 'web') {
      const failed: Parameters<typeof startWorker<App>>[0]['failed'] = (run, error) => {
        telemetry.report(error, { job: run.name, job_id: run.id })
        watchForDamage(app, error)
        const key = `job_failed:${run.name}:${run.fingerprint}`
        perhaps(db, tx =>
          raise(tx, clock.now(), {
            key,
            type: 'job_failed',
            severity: 'error',
            title: `${run.name} failed`,
            message: run.error ?? '',
            data: { job_id: run.id },
          }),
        )
      }
      const worker = closing.keep(
        'worker',
        startWorker({ app, db, clock, locks, jobs, queues, log, failed, queueError }),
        worker => worker.close(),
      )
      stopRun = worker.abort
      stopWorking = worker.close
      closing.keep('schedule', schedule, schedule => schedule.stop())
      schedule.start()
      await schedule.catchUp()
    }
    closing.keep('watch', startWatch(app), watch => watch.stop())

    const express = openExpress(cache, app.reads, clock)
    metrics.gauge('fieldhouse_express_answers_total', 'Answers given without the router', express.given, 'counter')
    await makeFirstAdmin(app)
    const router = routes(app)
    const door = closing.keep(
      'door',
      openDoor({
        port: config.port,
        hostname: config.host,
        trustProxy: config.trustProxy,
        maxUpload: config.maxUploadMb * 1024 * 1024,
        uploadPaths,
        handle: request => router.fetch(request),
        identify: request => identify(app, request),
        guard: guardCookies(config),
        refused: (request, error) => refused(app, request, error),
        express,
        log,
        metrics,
        trace: telemetry.trace,
      }),
      door => door.close(drainFor),
    )
    closing.keep('streams', streams, streams => streams.close())
    const warming = closing.keep('warm-up', new AbortController(), warming => warming.abort())
    warmUp(app, warming.signal).then(() => {
      isReady = true
    })
    settleUploads(app).catch(error => log.error('Uploads could not be put right', { error }))
    jobs.sweep(0).catch(error => log.warn('The queue is down; the sweep comes again in a minute', { error }))
    if (role !== 'worker') await offerSetup(app, door.url)
    log.info('Fieldhouse is open', { url: door.url, role, version, queue: queues.backend, data: dataDir })
    const stop = () => {
      stopWorking().catch(() => {}) // beside the requests under way, not after them; told of in its turn
      return closing.close()
    }
    return { app, url: door.url, stop }
  } catch (error) {
    await closing.close()
    throw error
  }
}

/** Another one after a restore: what Redis remembers of before is then out of reach. */
async function installationOf(db: Db): Promise<string> {
  const value = crypto.randomUUID()
  return atomically(db, tx => {
    tx.insert(facts).values({ name: 'installation', value }).onConflictDoNothing().run()
    return tx.select().from(facts).where(eq(facts.name, 'installation')).get()?.value ?? value
  })
}

/** Writes this process down among those that share the folder; answers how to strike it out. */
async function enrol(db: Db, row: Pick<typeof processes.$inferInsert, 'id' | 'role' | 'version' | 'startedAt'>) {
  const values = { ...row, host: hostname(), pid: process.pid }
  await atomically(db, tx => void tx.insert(processes).values(values).run())
  return () => void perhaps(db, tx => void tx.delete(processes).where(eq(processes.id, row.id)).run())
}
