/** Builds everything once, in order. `startFieldhouse` tells the order; each step is a function below it. */
import { storeFactOnce } from '../db/facts.ts'
import { fileOf, syncLogOf } from '../db/file.ts'
import { closeDatabase, type Db, openDatabase } from '../db/open.ts'
import { makeDataFolder } from '../db/open-errors.ts'
import { atomically, bestEffortWrite } from '../db/transactions.ts'
import { version } from '../package.json' with { type: 'json' }
import { guardCookies, isMutation } from './accounts/csrf.ts'
import { identify, staysSignedIn } from './accounts/identify.ts'
import { openKnownIdentities } from './accounts/known-identities.ts'
import { openPasswords, type PasswordCosts } from './accounts/password.ts'
import { makeFirstAdmin, offerSetup } from './accounts/setup.ts'
import { type Alert, failureAlert, raiseAlert } from './alerts.ts'
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
import { raiseRestoreFailure, restoreAtStart } from './monitor/backups/restore-at-start.ts'
import { lookForDamageAtStart, reportDamage } from './monitor/database-files.ts'
import { addGauges } from './monitor/gauges.ts'
import { type MonitorIntervals, startProcessMonitor } from './monitor/process-monitor.ts'
import { registerProcess, reportDeadProcesses } from './monitor/processes.ts'
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
import type { Run } from './platform/jobs/runs.ts'
import { openSchedule, type ScheduleEntry } from './platform/jobs/scheduler.ts'
import { openLocks } from './platform/jobs/task-locks.ts'
import { startWorker } from './platform/jobs/worker.ts'
import { openBulkWriter } from './platform/process/bulk-writer.ts'
import { type Log, openLog, throttled } from './platform/process/log.ts'
import { openMetrics, watchLoop } from './platform/process/metrics.ts'
import { holdProcessLock, isProcessDead, otherProcessesAlive } from './platform/process/process-lock.ts'
import { openReaderThread } from './platform/process/reader-thread.ts'
import { openShutdown, type Shutdown } from './platform/process/shutdown.ts'
import { openTelemetry, type Telemetry } from './platform/process/telemetry.ts'
import { openRedis } from './platform/redis.ts'
import { startRetentionTime } from './retention.ts'
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
  /** False if the jobs of the schedule are only started by hand. */
  followsSchedule?: boolean
  /** ms that the client of an export may read nothing. */
  exportIdleTimeoutMs?: number
  monitorIntervals?: MonitorIntervals
  /** When reads are refused because the process is overloaded. */
  overloadLimits?: OverloadLimits
}

/** An id may be written `%31`; the route refuses what is none before it reads the body. */
const uploadPaths =
  /^(\/leagues\/[^/]+\/uploads|\/api\/(v1\/leagues\/[^/]+\/uploads(\/preview)?|upload-(baseline|current)))\/?$/
/** These take a table of any type, as a body of usual length. */
const tablePaths = /^\/api\/v1\/(quotes|roster\/(staff|shifts|drafts))\/import\/?$/
/** Never refused under overload: health checks, metrics, signing in, and files that browsers cache. */
const alwaysAdmitted = /^\/(readyz|health|metrics|sign-in|assets\/[^/]+)$/
const drainTime = 4_000 // ms that requests under way get at the end

/** What the steps of the start share. */
type Start = {
  config: Config
  overrides: AppOverrides
  clock: Clock
  log: Log
  shutdown: Shutdown
  processId: string
  /** Whether another process of this folder is dead. */
  isDead(process: string): boolean
  queueError(error: Error): void
}

/** The order is a promise: what is opened first is closed last, and requests are accepted only when all else works. */
export async function startFieldhouse(config: Config, overrides: AppOverrides = {}): Promise<Fieldhouse> {
  const { clock = systemClock } = overrides
  const { log = openLog(config.logLevel, clock.now) } = overrides
  const shutdown = openShutdown(log)
  try {
    shutdown.onClose('log', log, log => log.flush())
    const start = newStart(config, overrides, clock, log, shutdown)
    const telemetry = await startTelemetry(start)
    const db = await openData(start)
    const app = await openApp(start, telemetry, db)
    addGauges(app)
    const worker = config.role === 'web' ? undefined : await startJobs(start, app)

    lookForDamageAtStart(app)
    await reportDeadProcesses(app)
    await startRetentionTime(app)
    const monitor = startProcessMonitor(app, overrides.monitorIntervals)
    shutdown.onClose('process monitor', monitor, monitor => monitor.stop())

    await makeFirstAdmin(app)
    const { url } = serve(start, app)
    startWarmUp(start, app)
    resumeWork(app)
    if (config.role !== 'worker') await offerSetup(app, url)
    log.info('Fieldhouse is open', { url, role: config.role, version, queue: app.queues.backend, data: config.dataDir })
    const stop = () => {
      log.info('Fieldhouse is closing')
      worker?.close().catch(() => {}) // while requests still end; its errors are reported when it is closed in turn
      return shutdown.close()
    }
    return { app, url, stop }
  } catch (error) {
    await shutdown.close()
    throw error
  }
}

function newStart(config: Config, overrides: AppOverrides, clock: Clock, log: Log, shutdown: Shutdown): Start {
  const processId = Bun.randomUUIDv7()
  const isDead = (process: string) => process !== processId && isProcessDead(config.dataDir, process)
  const isDue = throttled()
  const queueError = (error: Error) => {
    if (isDue(error.message)) log.warn('The queue reports', { error: error.message })
  }
  return { config, overrides, clock, log, shutdown, processId, isDead, queueError }
}

async function startTelemetry({ config, log, shutdown }: Start): Promise<Telemetry> {
  const telemetry = await openTelemetry({
    dsn: config.sentryDsn,
    traces: config.sentryTraces,
    environment: config.environment,
    release: version,
    log,
  })
  return shutdown.onClose('telemetry', telemetry, telemetry => telemetry.close())
}

/** Restores a backup if one was asked for, opens the database, and tells other processes of the folder that this one lives. */
async function openData({ config: { dataDir, role }, clock, log, shutdown, processId }: Start): Promise<Db> {
  makeDataFolder(dataDir)
  const restored = await restoreAtStart(dataDir, clock.now())
  const db = openDatabase(dataDir, () => otherProcessesAlive(dataDir))
  shutdown.onClose('database', db, closeDatabase)
  shutdown.onClose('unsynced writes', db, db => syncLogOf(db.$client)) // closing removes the log that they wait for
  shutdown.onClose('process lock', holdProcessLock(dataDir, processId), release => release())
  const row = { id: processId, role, version, startedAt: clock.now() }
  shutdown.onClose('process row', await registerProcess(db, row), remove => remove())

  if (restored && 'failed' in restored) await raiseRestoreFailure(db, clock.now(), restored.failed)
  if (restored) log.warn('A restore was requested for this start', restored)
  return db
}

/** Opens what every feature is passed. No job runs yet, and no request is answered. */
async function openApp(start: Start, telemetry: Telemetry, db: Db): Promise<App> {
  const { config, overrides, clock, log, shutdown, processId, isDead } = start
  const { dataDir, namespace } = config

  const redis = config.redisUrl
    ? shutdown.onClose('redis', await openRedis(config.redisUrl, log), redis => redis.close())
    : undefined
  const cacheClient = redis?.connect()
  if (redis && cacheClient) await redis.requireNoEviction(cacheClient)

  const stamps = new Stamps(db)
  const memory = memoryStore()
  const prefix = `${namespace}:cache:${version}:${await installationOf(db)}:` // another version may expect other answers
  const store = cacheClient ? redisStore(cacheClient, prefix, memory, clock) : memory
  const cache = new Cache(store, stamps, clock, new RefreshedAnswers(db))

  const locks = shutdown.onClose('locks', openLocks(db, clock, processId, isDead), locks => locks.close())
  const queues = shutdown.onClose(
    'queues',
    await openQueues({ dataDir, namespace, redis: redis?.connect, onError: start.queueError }),
    queues => queues.close(),
  )
  const remote = redis && { connect: redis.connect, namespace, version }
  const compute = shutdown.onClose('compute', await openCompute(remote, rostersAtOnce), compute => compute.close())
  const definitions = [...jobTable, ...(overrides.jobs ?? [])]
  const jobs = openJobs<App>(definitions, { db, queues, clock, log, isDead, app: () => app })
  redis?.whenBack(() => sweepNow(jobs, log))
  const schedule = openSchedule([...scheduleOf(config), ...(overrides.schedule ?? [])], db, jobs, clock, log)

  const sheets = shutdown.onClose('sheets', openSheets(dataDir, clock, !config.litestream), sheets => sheets.close())
  const livePortfolios = shutdown.onClose(
    'live portfolios',
    openLivePortfolios(dataDir, db, stamps, clock),
    livePortfolios => livePortfolios.close(),
  )
  const reader = shutdown.onClose('reader', openReaderThread(dataDir), reader => reader.close())
  const bulkWriter = shutdown.onClose(
    'bulk writer',
    openBulkWriter(dataDir, db, stamps, clock, !config.litestream),
    bulkWriter => bulkWriter.close(),
  )
  if (config.litestream) leaveCheckpoints(db.$client)
  else {
    const checkpoints = startCheckpoints(db.$client, () => reader.read(copyMainLog, undefined))
    shutdown.onClose('checkpoints', checkpoints, checkpoints => checkpoints.stop())
  }
  const loadShedding = openLoadShedding(overrides.overloadLimits)
  const loop = shutdown.onClose('loop watch', watchLoop(loadShedding.turn), loop => loop.stop())

  const app: App = {
    config,
    version,
    processId,
    startedAt: clock.now(),
    clock,
    log,
    telemetry,
    metrics: openMetrics(),
    loop,
    loadShedding,
    db,
    redis: cacheClient,
    stamps,
    cache,
    reader,
    bulkWriter,
    locks,
    queues,
    jobs,
    compute,
    schedule,
    kinds,
    sheets,
    tourBoards: openTourBoards(db, stamps, clock),
    livePortfolios,
    streams: openStreams(request => staysSignedIn(app, request)),
    reads: readLimit(config.rateLimit),
    passwords: openPasswords(overrides.passwordCosts),
    knownIdentities: openKnownIdentities(stamps, clock),
    exports: openExports(overrides.exportIdleTimeoutMs),
    warmers,
    // These three are replaced by the steps that start the worker, the HTTP server and the warm-up.
    stopRun() {},
    renewAnswers: async () => {},
    isReady: false,
  }
  return app
}

/** Takes jobs from the queue and starts those of the schedule, first those whose time passed while no process ran. */
async function startJobs(start: Start, app: App) {
  const { overrides, clock, shutdown, isDead, queueError } = start
  const { followsSchedule = true } = overrides
  const { db, schedule } = app
  const failed = (run: Run, error: unknown) => {
    app.telemetry.report(error, { job: run.name, job_id: run.id })
    reportDamage(app, error)
    const alert: Alert = {
      key: failureAlert(run),
      type: 'job_failed',
      severity: 'error',
      title: `${run.name} failed`,
      message: run.error ?? '',
      data: { job_id: run.id },
    }
    bestEffortWrite(db, tx => raiseAlert(tx, clock.now(), alert))
  }
  const worker = startWorker(app, { isDead, queueError, failed })
  shutdown.onClose('worker', worker, worker => worker.close())
  app.stopRun = worker.abort
  shutdown.onClose('schedule', schedule, schedule => schedule.stop())
  if (followsSchedule) schedule.start()
  await schedule.catchUp()
  return worker
}

/** From here on requests are answered. At shutdown streams end first, so that the server need not wait for them. */
function serve({ config, clock, log, shutdown }: Start, app: App) {
  const { db, metrics, streams } = app
  const fastPath = openCachedFastPath(app.cache, app.reads, clock, result => audienceOf(db, result))
  metrics.gauge('fieldhouse_fast_path_answers_total', 'Answers given without the router', fastPath.given, 'counter')
  const router = routes(app)
  const followName = followDisplayName(app)
  const server = openHttpServer({
    port: config.port,
    hostname: config.host,
    trustProxy: config.trustProxy,
    isSecure: config.publicUrl?.startsWith('https:') ?? false,
    uploadPaths,
    tablePaths,
    loadShedding: app.loadShedding,
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
    trace: app.telemetry.trace,
  })
  shutdown.onClose('http server', server, server => server.close(drainTime))
  app.renewAnswers = league => server.answerAhead(fastPath.outdated(league))
  shutdown.onClose('streams', streams, streams => streams.close())
  return server
}

/** `/readyz` reports ready once answers are warm, or after two seconds. */
function startWarmUp({ shutdown }: Start, app: App): void {
  const warming = shutdown.onClose('warm-up', new AbortController(), warming => warming.abort())
  warmUp(app, warming.signal).then(() => {
    app.isReady = true
  })
}

/** Goes on with what an earlier process left unfinished. */
function resumeWork(app: App): void {
  const { jobs, log } = app
  resumeUploads(app).catch(error => log.error('Uploads could not be resumed', { error }))
  sweepNow(jobs, log)
}

function sweepNow(jobs: App['jobs'], log: Log): void {
  jobs.sweep(0).catch(error => log.warn('The queue is down; the sweep is repeated in a minute', { error }))
}

/** The id of this installation. A restore makes a new one, so that nothing cached in Redis before is used. */
async function installationOf(db: Db): Promise<string> {
  return atomically(db, tx => storeFactOnce(tx, 'installation', crypto.randomUUID()))
}
