/** What every feature is handed: built once in `app.ts`, in order. */
import type { Redis } from 'ioredis'
import type { Db } from '../db/open.ts'
import type { Config } from './config.ts'
import type { Kinds } from './leagues/kinds.ts'
import type { Books } from './market/books/books.ts'
import type { Readings } from './readings.ts'
import type { Cache } from './runtime/cache.ts'
import type { Clock } from './runtime/clock.ts'
import { jobsOf } from './runtime/job.ts'
import type { Jobs } from './runtime/jobs.ts'
import type { Attempts, ReadLimit } from './runtime/limits.ts'
import type { Locks } from './runtime/locks.ts'
import type { Log } from './runtime/log.ts'
import type { Metrics, watchLoop } from './runtime/metrics.ts'
import type { Queues } from './runtime/queue.ts'
import type { Reader } from './runtime/reader.ts'
import type { Schedule } from './runtime/schedule.ts'
import type { Streams } from './runtime/sse.ts'
import type { Stamps } from './runtime/stamps.ts'
import type { Telemetry } from './runtime/telemetry.ts'
import type { Sheets } from './sheets/open.ts'
import type { TourBoards } from './tours/boards.ts'

export type App = {
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
  readonly db: Db
  /** For questions to Redis; absent without `REDIS_URL`. */
  readonly redis: Redis | undefined
  readonly stamps: Stamps
  readonly cache: Cache
  /** Queries that may take longer than a request should wait, in a thread of their own. */
  readonly reader: Reader<Readings>
  readonly locks: Locks
  readonly queues: Queues
  readonly jobs: Jobs<App>
  readonly schedule: Schedule
  readonly kinds: Kinds
  readonly sheets: Sheets
  readonly tourBoards: TourBoards
  readonly books: Books
  readonly streams: Streams
  readonly reads: ReadLimit
  readonly attempts: Attempts
  /** Stops a run of this process at once; elsewhere the row tells. */
  stopRun(jobId: string): void
  /** Whether warm-up is finished: `/readyz`. */
  ready(): boolean
}

/** `export const importSheet = job('sheets.import', { input, lock, run })`. */
export const job = jobsOf<App>()
