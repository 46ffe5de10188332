import { Queue, Worker, withBackend } from 'bullmq'
import { createSqliteBackend, type StoreOptions } from '../src/index.ts'

/** The same few calls on either store. */
export interface Classes {
  Queue(name: string): BenchQueue
  Worker(name: string, concurrency: number, work?: (job: { data: object }) => Promise<void>): BenchWorker
}

export interface BenchQueue {
  add(name: string, data: object): Promise<unknown>
  addBulk(jobs: { name: string; data: object }[]): Promise<unknown>
  obliterate(opts: { force: boolean }): Promise<void>
  close(): Promise<void>
}

interface BenchWorker {
  on(event: 'completed', listener: () => void): unknown
  waitUntilReady(): Promise<unknown>
  run(): Promise<void>
  close(): Promise<void>
}

const doNothing = async () => {}

export type Connection = StoreOptions | { host: string; port: number }

export function classesOf(connection: Connection): Classes {
  if ('path' in connection) {
    const onSqlite = withBackend(createSqliteBackend)
    return {
      Queue: name => new onSqlite.Queue(name, { connection }),
      Worker: (name, concurrency, work = doNothing) =>
        new onSqlite.Worker(name, work, { connection, concurrency, autorun: false }),
    }
  }
  return {
    Queue: name => new Queue(name, { connection }),
    Worker: (name, concurrency, work = doNothing) =>
      new Worker(name, work, { connection, concurrency, autorun: false }),
  }
}

export const payload = (n: number) => ({ league: n, upload: n * 7, name: 'northern division', rows: 120 })
