/** What every feature is passed: built once in `app.ts`, in order. */
import type { Redis } from 'ioredis'
import type { Db } from '../db/open.ts'
import { oncePer } from '../db/transactions.ts'
import type { Config } from './config.ts'
import type { Cache } from './platform/cache/cache.ts'
import type { Stamps } from './platform/cache/stamps.ts'
import type { Clock } from './platform/clock.ts'
import type { Streams } from './platform/http/event-streams.ts'
import type { LoadShedding } from './platform/http/load-shedding.ts'
import type { ReadLimit } from './platform/http/rate-limits.ts'
import type { Compute } from './platform/jobs/compute.ts'
import { jobsOf } from './platform/jobs/job.ts'
import type { Jobs } from './platform/jobs/jobs.ts'
import type { Queues } from './platform/jobs/queues.ts'
import type { Schedule } from './platform/jobs/scheduler.ts'
import type { Locks } from './platform/jobs/task-locks.ts'
import type { BulkWriter } from './platform/process/bulk-writer.ts'
import type { Log } from './platform/process/log.ts'
import type { Metrics, watchLoop } from './platform/process/metrics.ts'
import type { Reader } from './platform/process/reader-thread.ts'
import type { Telemetry } from './platform/process/telemetry.ts'

/** A feature that keeps something open adds it with `declare module` next to what it adds, as in `leagues/sheets/open.ts`. */
export interface App {
  readonly config: Config
  readonly version: string
  /** This process among those that share the folder. */
  readonly processId: string
  readonly startedAt: number
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
  readonly metrics: Metrics
  readonly loop: ReturnType<typeof watchLoop>
  readonly loadShedding: LoadShedding
  readonly db: Db
  /** For commands to Redis; absent without `REDIS_URL`. */
  readonly redis: Redis | undefined
  readonly stamps: Stamps
  readonly cache: Cache
  /** Slow queries, in a thread of their own. */
  readonly reader: Reader
  /** Writes of thousands of rows, in a thread of their own. */
  readonly bulkWriter: BulkWriter
  readonly locks: Locks
  readonly queues: Queues
  readonly jobs: Jobs<App>
  /** Heavy pure work, done here or on another machine. */
  readonly compute: Compute
  readonly schedule: Schedule
  readonly streams: Streams
  readonly reads: ReadLimit
  /** What is loaded at the start, by name: `warm-up.ts`. */
  readonly warmers: Readonly<Record<string, (app: App, signal: AbortSignal) => Promise<unknown>>>
  /** Stops a run of this process at once; other processes learn it from the row. */
  stopRun(jobId: string): void
  /** Renews answers that the fast path gave for this league before a change, if the cache has newer ones. */
  renewAnswers(league: number): Promise<void>
  /** Whether warm-up is finished: `/readyz`. */
  isReady: boolean
}

/** What a module keeps for each app, as a test opens several in one process. */
export const oncePerApp = <T>(make: () => T): ((app: App) => T) => oncePer<App, T>(make)

/** `export const importSheet = job('sheets.import', { input, lock, run })`. */
export const job = jobsOf<App>()
