/** Builds everything once, in order. What is opened first is closed last. */
import { hostname } from 'node:os'
import { eq } from 'drizzle-orm'
import { fileOf } from '../db/file.ts'
import { closeDatabase, type Db, openDatabase } from '../db/open.ts'
import { facts, processes } from '../db/schema.ts'
import { atomically, bestEffortWrite } from '../db/transactions.ts'
import packageJson from '../package.json' with { type: 'json' }
import { guardCookies, isMutation } from './accounts/csrf.ts'
import { identify, staysSignedIn } from './accounts/identify.ts'
import { openKnownIdentities } from './accounts/known-identities.ts'
import { openPasswords, type PasswordCosts } from './accounts/password.ts'
import { makeFirstAdmin, offerSetup } from './accounts/setup.ts'
import { failureAlert, raise } from './alerts.ts'
import type { Config } from './config.ts'
import type { App } from './context.ts'
import { followDisplayName } from './display-name/name.ts'
import { jobs as jobTable } from './jobs.ts'
import { kinds } from './kinds.ts'
import { openExports } from './leagues/exports.ts'
import { openLivePortfolios } from './leagues/market/live-portfolios/live-portfolios.ts'
import { resumeUploads } from './leagues/sheets/import-job.ts'
import { openSheets } from './leagues/sheets/open.ts'
import { openTourBoards } from './leagues/tours/boards.ts'
import { audienceOf } from './leagues/visibility.ts'
import { restoreAtStart } from './monitor/backups/restore.ts'
import { lookForDamageAtStart, reportDamage } from './monitor/database-files.ts'
import { addGauges } from './monitor/health.ts'
import { raiseRestoreFailure, startRetentionTime } from './monitor/jobs.ts'
import { type MonitorIntervals, startProcessMonitor } from './monitor/process-monitor.ts'
import { reportDeadProcesses } from './monitor/processes.ts'
import { Cache } from './platform/cache/cache.ts'
import { memoryStore } from './platform/cache/memory-store.ts'
import { redisStore } from './platform/cache/redis-store.ts'
import { RefreshedAnswers } from './platform/cache/refreshed.ts'
import { Stamps } from './platform/cache/stamps.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { copyMainLog, leaveCheckpoints, startCheckpoints } from './platform/files/wal-checkpoints.ts'
import { openCachedFastPath } from './platform/http/cached-fast-path.ts'
import { openStreams } from './platform/http/event-streams.ts'
import { openHttpServer } from './platform/http/http-server.ts'
import { type OverloadLimits, openLoadShedding } from './platform/http/load-shedding.ts'
import { readLimit } from './platform/http/rate-limits.ts'
import { openCompute } from './platform/jobs/compute.ts'
import type { JobDefinition } from './platform/jobs/job.ts'
import { openJobs } from './platform/jobs/jobs.ts'
import { openQueues } from './platform/jobs/queues.ts'
import { openSchedule, type ScheduleEntry } from './platform/jobs/scheduler.ts'
import { openLocks } from './platform/jobs/task-locks.ts'
import { startWorker } from './platform/jobs/worker.ts'
import { type Log, openLog, throttled } from './platform/process/log.ts'
import { openMetrics, watchLoop } from './platform/process/metrics.ts'
import { holdProcessLock, isProcessDead, otherProcessesAlive } from './platform/process/process-lock.ts'
import { openReaderThread } from './platform/process/reader-thread.ts'
import { openShutdown } from './platform/process/shutdown.ts'
import { openTelemetry } from './platform/process/telemetry.ts'
import { openRedis } from './platform/redis.ts'
import { rostersAtOnce } from './rota/roster-queue.ts'
import { refused, routes } from './routes.ts'
import { scheduleOf } from './schedule.ts'
import { warmers, warmUp } from './warm-up.ts'

export type Fieldhouse = { app: App; url: string; stop(): Promise<void> }
export type AppOverrides = {
  clock?: Clock
  log?: Log
  /** Cheaper ones, for tests only. */
  passwordCosts?: PasswordCosts
  /** In addition to those of the tables. */
  jobs?: readonly JobDefinition<App>[]
  schedule?: readonly ScheduleEntry<App>[]
  /** ms that the client of an export may read nothing. */
  exportPatience?: number
  monitorIntervals?: MonitorIntervals
  /** When reads are refused because the process is overloaded. */
  overloadLimits?: OverloadLimits
}

const uploadPaths =
  /^(\/leagues\/\d+\/uploads|\/api\/(v1\/leagues\/\d+\/uploads(\/preview)?|upload-(baseline|current)))$/
/** Never refused under overload: health checks, metrics, signing in, and files that browsers cache. */
const alwaysAdmitted = /^\/(readyz|health|metrics|sign-in|assets\/[^/]+)$/
const drainFor = 4_000 // ms that requests under way get at the end

export async function startFieldhouse(
  config: Config,
  {
    clock = systemClock,
    log = openLog(config.logLevel, clock.now),
    passwordCosts,
    jobs: moreJobs = [],
    schedule: moreSchedule = [],
    exportPatience,
    monitorIntervals,
    overloadLimits,
  }: AppOverrides = {},
): Promise<Fieldhouse> {
  const shutdown = openShutdown(log)
  try {
    const { version } = packageJson
    const { role, dataDir } = config
    const processId = Bun.randomUUIDv7()
    const isDead = (process: string) => process !== processId && isProcessDead(dataDir, process)
    shutdown.onClose('log', log, log => log.flush())

    const release = {
      dsn: config.sentryDsn,
      traces: config.sentryTraces,
      environment: config.environment,
      release: version,
    }
    const telemetry = shutdown.onClose('telemetry', await openTelemetry({ ...release, log }), telemetry =>
      telemetry.close(),
    )
    const restored = await restoreAtStart(dataDir, clock.now())
    const db = shutdown.onClose(
      'database',
      openDatabase(dataDir, () => otherProcessesAlive(dataDir)),
      closeDatabase,
    )
    shutdown.onClose('liveness', holdProcessLock(dataDir, processId), die => die())
    const row = { id: processId, role, version, startedAt: clock.now() }
    shutdown.onClose('process row', await registerProcess(db, row), leave => leave())

    if (restored && 'failed' in restored) await raiseRestoreFailure(db, clock.now(), restored.failed)
    if (restored) log.warn('A restore was requested for this start', restored)

    const redis = config.redisUrl
      ? shutdown.onClose('redis', await openRedis(config.redisUrl, log), redis => redis.close())
      : undefined
    const cacheClient = redis?.connect()
    if (redis && cacheClient) await redis.requireNoEviction(cacheClient)

    const stamps = new Stamps(db)
    const memory = memoryStore()
    const prefix = `${config.namespace}:cache:${await installationOf(db)}:`
    const store = cacheClient ? redisStore(cacheClient, prefix, memory, clock) : memory
    const cache = new Cache(
      shutdown.onClose('cache', store, store => store.close()),
      stamps,
      clock,
      new RefreshedAnswers(db),
    )
    const locks = shutdown.onClose('locks', openLocks(db, clock, processId, isDead), locks => locks.close())
    const isNews = throttled()
    const queueError = (error: Error) => {
      if (isNews(error.message)) log.warn('The queue reports', { error: error.message })
    }
    const queues = shutdown.onClose(
      'queues',
      await openQueues({ dataDir, namespace: config.namespace, redis: redis?.connect, onError: queueError }),
      queues => queues.close(),
    )
    const elsewhere = redis && { connect: redis.connect, namespace: config.namespace, version }
    const compute = shutdown.onClose('compute', await openCompute(elsewhere, rostersAtOnce), compute => compute.close())
    const jobs = openJobs<App>(db, queues, clock, log, isDead, () => app)
    jobs.define([...jobTable, ...moreJobs])
    const schedule = openSchedule([...scheduleOf(config), ...moreSchedule], db, jobs, clock, log)
    const sheets = shutdown.onClose('sheets', openSheets(dataDir, clock, !config.litestream), sheets => sheets.close())
    const livePortfolios = shutdown.onClose(
      'livePortfolios',
      openLivePortfolios(dataDir, db, stamps, clock),
      livePortfolios => livePortfolios.close(),
    )
    const metrics = openMetrics()
    const reader = shutdown.onClose('reader', openReaderThread(dataDir), reader => reader.close())
    if (config.litestream) leaveCheckpoints(db.$client)
    else
      shutdown.onClose(
        'checkpoints',
        startCheckpoints(db.$client, () => reader.read(copyMainLog, undefined)),
        checkpoints => checkpoints.stop(),
      )
    const loadShedding = openLoadShedding(overloadLimits)
    const loop = shutdown.onClose('loop watch', watchLoop(loadShedding.turn), loop => loop.stop())
    const streams = openStreams(request => staysSignedIn(app, request))

    let stopRun: App['stopRun'] = () => {}
    let renewAnswers: App['renewAnswers'] = () => Promise.resolve()
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
      loadShedding,
      db,
      redis: cacheClient,
      stamps,
      cache,
      reader,
      locks,
      queues,
      jobs,
      compute,
      schedule,
      kinds,
      sheets,
      tourBoards: openTourBoards(db, stamps, clock),
      livePortfolios: livePortfolios,
      streams,
      reads: readLimit(config.rateLimit),
      passwords: openPasswords(passwordCosts),
      knownIdentities: openKnownIdentities(stamps, clock),
      exports: openExports(exportPatience),
      warmers,
      stopRun: id => stopRun(id),
      renewAnswers: league => renewAnswers(league),
      ready: () => isReady,
    }

    addGauges(app)

    if (role !== 'web') {
      const failed: Parameters<typeof startWorker<App>>[0]['failed'] = (run, error) => {
        telemetry.report(error, { job: run.name, job_id: run.id })
        reportDamage(app, error)
        const key = failureAlert(run)
        bestEffortWrite(db, tx =>
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
      const worker = shutdown.onClose(
        'worker',
        startWorker({ app, db, clock, locks, jobs, queues, log, processId, isDead, failed, queueError }),
        worker => worker.close(),
      )
      stopRun = worker.abort
      stopWorking = worker.close
      shutdown.onClose('schedule', schedule, schedule => schedule.stop())
      schedule.start()
      await schedule.catchUp()
    }
    lookForDamageAtStart(app)
    await reportDeadProcesses(app)
    await startRetentionTime(app)
    shutdown.onClose('watch', startProcessMonitor(app, monitorIntervals), watch => watch.stop())

    const fastPath = openCachedFastPath(cache, app.reads, clock, cached => audienceOf(db, cached))
    metrics.gauge('fieldhouse_fast_path_answers_total', 'Answers given without the router', fastPath.given, 'counter')
    await makeFirstAdmin(app)
    const router = routes(app)
    const followName = followDisplayName(app)
    const server = shutdown.onClose(
      'http server',
      openHttpServer({
        port: config.port,
        hostname: config.host,
        trustProxy: config.trustProxy,
        isSecure: config.publicUrl?.startsWith('https:') ?? false,
        maxUpload: config.maxUploadMb * 1024 * 1024,
        uploadPaths,
        loadShedding,
        alwaysAdmitted,
        handle(request) {
          followName()
          return router.fetch(request)
        },
        identify(request) {
          if (isMutation(request)) fileOf(db.$client)?.assertUsable() // what is read from another file may be wrong
          return identify(app, request)
        },
        knownIdentity: app.knownIdentities.find,
        guard: guardCookies(config),
        refused: (request, error) => refused(app, request, error),
        fastPath,
        log,
        metrics,
        trace: telemetry.trace,
      }),
      server => server.close(drainFor),
    )
    renewAnswers = league => server.answerAhead(fastPath.outdated(league))
    shutdown.onClose('streams', streams, streams => streams.close())
    const warming = shutdown.onClose('warm-up', new AbortController(), warming => warming.abort())
    warmUp(app, warming.signal).then(() => {
      isReady = true
    })
    resumeUploads(app).catch(error => log.error('Uploads could not be resumed', { error }))
    jobs.sweep(0).catch(error => log.warn('The queue is down; the sweep is repeated in a minute', { error }))
    if (role !== 'worker') await offerSetup(app, server.url)
    log.info('Fieldhouse is open', { url: server.url, role, version, queue: queues.backend, data: dataDir })
    const stop = () => {
      stopWorking().catch(() => {}) // while requests still end; its errors are reported when it is closed in turn
      return shutdown.close()
    }
    return { app, url: server.url, stop }
  } catch (error) {
    await shutdown.close()
    throw error
  }
}

/** The id of this installation. A restore makes a new one, so that nothing cached in Redis before is used. */
async function installationOf(db: Db): Promise<string> {
  const value = crypto.randomUUID()
  return atomically(db, tx => {
    tx.insert(facts).values({ name: 'installation', value }).onConflictDoNothing().run()
    return tx.select().from(facts).where(eq(facts.name, 'installation')).get()?.value ?? value
  })
}

/** Stores this process among those that share the folder; returns a function that removes it. */
async function registerProcess(
  db: Db,
  row: Pick<typeof processes.$inferInsert, 'id' | 'role' | 'version' | 'startedAt'>,
) {
  const values = { ...row, host: hostname(), pid: process.pid }
  await atomically(db, tx => void tx.insert(processes).values(values).run())
  return () => void bestEffortWrite(db, tx => void tx.delete(processes).where(eq(processes.id, row.id)).run())
}
