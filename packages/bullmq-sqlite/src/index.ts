import type { BackendFactory } from 'bullmq'
import { SqliteQueueBackend } from './backend.ts'
import { Store, type StoreOptions } from './store.ts'

export type { SqliteQueueBackend, StoreOptions }

/**
 * Lets BullMQ keep its queues in a SQLite file: `const { Queue, Worker } = withBackend(createSqliteBackend)`, then
 * `new Queue('mail', { connection: { path: 'queue.db' } })`. Throws if the file cannot be opened.
 */
export const createSqliteBackend: BackendFactory<SqliteQueueBackend, StoreOptions> = (name, opts, roles) =>
  new SqliteQueueBackend(Store.open(opts.connection), name, opts, { isWorker: roles?.withBlockingConnection })
