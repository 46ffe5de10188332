/**
 * BullMQ behind one interface: its Redis backend with `REDIS_URL`, our SQLite backend without. Nothing else in the code knows
 * which. The queue only decides when and where a run happens; the run itself is a row of the table `runs`.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import type { Job, JobsOptions, Processor } from 'bullmq'
import { type OpenFile, openFile } from '../../../db/file.ts'
import { damagedFile, explainOpenErrors, faultOf, queueRebuildAdvice } from '../../../db/open-errors.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { Connect } from '../redis.ts'
import { type QueueName, queueNames } from './job.ts'

/** A job of the queue carries no data: its id is the id of its run. */
export type QueueJob = Job<object, void, string>

type QueueCounts = Record<'waiting' | 'active' | 'delayed' | 'prioritized' | 'failed' | 'completed', number>

export type Queues = {
  readonly backend: 'sqlite' | 'redis'
  /** The queue's file, without Redis. */
  readonly file: OpenFile | undefined
  add(queue: QueueName, name: string, id: string, options: JobsOptions): Promise<void>
  /** Undefined if the queue has no such job. */
  stateOf(queue: QueueName, id: string): Promise<string | undefined>
  remove(queue: QueueName, id: string): Promise<void>
  counts(queue: QueueName): Promise<QueueCounts>
  list(queue: QueueName, state: 'waiting' | 'active' | 'delayed', limit: number): Promise<QueueJob[]>
  workers(queue: QueueName): Promise<{ name: string }[]>
  /** While it is paused no job of it is begun, in any process and also after a restart. What runs goes on. */
  isPaused(queue: QueueName): Promise<boolean>
  setPaused(queue: QueueName, paused: boolean): Promise<void>
  work(queue: QueueName, concurrency: number, run: Processor<object, void, string>, on: WorkerEvents): QueueWorker
  close(): Promise<void>
}

type WorkerEvents = { error(error: Error): void; failed(id: string | undefined, error: Error): void }
type QueueWorker = { close(force?: boolean): Promise<void> }

type Settings = { dataDir: string; namespace: string; redis: Connect | undefined; onError(error: Error): void }

/** Milliseconds. A job whose process vanished counts as stalled after its lock and at most one more check. */
const lockDuration = 10_000
const stalledInterval = 5_000

export async function openQueues({ dataDir, namespace, redis, onError }: Settings): Promise<Queues> {
  const backend = redis ? await redisBackend(redis) : await sqliteBackend(join(dataDir, 'queue.db'))
  const prefix = redis ? namespace : 'fieldhouse'
  const queues = Object.fromEntries(queueNames.map(name => [name, backend.queue(name, prefix)])) as Record<
    QueueName,
    ReturnType<typeof backend.queue>
  >

  // Without a listener an error of the connection would end the process.
  for (const queue of Object.values(queues)) queue.on('error', onError)
  if (!redis) await ready(Object.values(queues))
  const file = redis ? undefined : openFile(join(dataDir, 'queue.db'))

  return {
    backend: redis ? 'redis' : 'sqlite',
    file,
    async add(queue, name, id, options) {
      file?.assertUsable()
      await queues[queue].add(name, {}, { ...options, jobId: id, removeOnComplete: true, removeOnFail: true })
    },
    async stateOf(queue, id) {
      const state = await queues[queue].getJobState(id)
      return state === 'unknown' ? undefined : state
    },
    remove: async (queue, id) => void (await queues[queue].remove(id)),
    counts: async queue =>
      (await queues[queue].getJobCounts(
        'waiting',
        'active',
        'delayed',
        'prioritized',
        'failed',
        'completed',
      )) as QueueCounts,
    list: (queue, state, limit) => queues[queue].getJobs([state], 0, limit - 1, true),
    workers: async queue => (await queues[queue].getWorkers()).map(({ name }) => ({ name: String(name) })),
    isPaused: queue => queues[queue].isPaused(),
    setPaused: (queue, paused) => (paused ? queues[queue].pause() : queues[queue].resume()),
    work(queue, concurrency, run, on) {
      const worker = backend.worker(queue, run, {
        prefix,
        concurrency,
        lockDuration,
        stalledInterval,
        maxStalledCount: 5, // deaths of its process before the job counts as their cause
      })
      worker.on('error', on.error)
      worker.on('failed', (job: QueueJob | undefined, error: Error) => on.failed(job?.id, error))
      return worker
    },
    /** Waits a second for what is under way, because a Redis that is gone never answers. */
    close: async () =>
      void (await withTimeout(Promise.all(Object.values(queues).map(queue => queue.close())), 1_000, () => {})),
  }
}

type QueueWorkerSettings = {
  prefix: string
  concurrency: number
  lockDuration: number
  stalledInterval: number
  maxStalledCount: number
}

/** Opens and writes the file once, so that a damaged or foreign one is reported by name before BullMQ fails on it. */
function requireUsable(path: string) {
  const file = new Database(path, { create: true, readwrite: true })
  try {
    file.run('PRAGMA busy_timeout = 10000')
    const fault = faultOf(file)
    if (fault) throw damagedFile(path, fault, queueRebuildAdvice)
    file.run('BEGIN IMMEDIATE')
    file.run('CREATE TABLE write_test (id)') // because BEGIN succeeds on a read-only file too
    file.run('ROLLBACK')
  } finally {
    file.close()
  }
}

/** Waits until the queues are open. A file of a newer version is refused here. */
async function ready(queues: { waitUntilReady(): Promise<unknown>; close(): Promise<void> }[]) {
  try {
    await Promise.all(queues.map(queue => queue.waitUntilReady()))
  } catch (error) {
    for (const queue of queues) queue.close().catch(() => {})
    throw error instanceof Error && /newer version/.test(error.message)
      ? new Error(`${error.message}. ${queueRebuildAdvice}`)
      : error
  }
}

async function sqliteBackend(path: string) {
  explainOpenErrors(path, () => requireUsable(path), queueRebuildAdvice)
  const { withBackend } = await import('bullmq')
  const { createSqliteBackend } = await import('bullmq-sqlite')
  const { Queue, Worker } = withBackend(createSqliteBackend)
  return {
    queue: (name: string, prefix: string) => new Queue<object, void, string>(name, { connection: { path }, prefix }),
    worker: (name: string, run: Processor<object, void, string>, settings: QueueWorkerSettings) =>
      new Worker<object, void, string>(name, run, { ...settings, connection: { path } }),
  }
}

async function redisBackend(connect: Connect) {
  const { Queue, Worker } = await import('bullmq')
  return {
    queue: (name: string, prefix: string) => new Queue<object, void, string>(name, { connection: connect(), prefix }),
    worker: (name: string, run: Processor<object, void, string>, settings: QueueWorkerSettings) =>
      new Worker<object, void, string>(name, run, { ...settings, connection: connect({ blocking: true }) }),
  }
}
