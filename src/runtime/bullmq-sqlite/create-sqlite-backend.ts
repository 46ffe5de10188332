import type { BackendFactory } from 'bullmq'
import { SqliteQueueBackend } from './backend.ts'
import { type Durability, Store } from './store.ts'

export type { Durability, SqliteQueueBackend }

export interface SqliteConnection {
  /** The file; it is made if need be, its folder must exist. Two more files stand beside it while it is open. */
  path: string
  /** What an acknowledged operation survives: the sudden end of the process (the default), or also of the machine. */
  durability?: Durability
}

/**
 * Lets BullMQ keep its queues in a SQLite file: `const { Queue, Worker } = withBackend(createSqliteBackend)`, then
 * `new Queue('mail', { connection: { path: 'queue.db' } })`. Throws if the file cannot be opened.
 */
export const createSqliteBackend: BackendFactory<SqliteQueueBackend, SqliteConnection> = (name, opts, roles = {}) => {
  const { path, durability = 'process' } = opts.connection
  return new SqliteQueueBackend(Store.open(path, durability), name, opts, roles)
}
