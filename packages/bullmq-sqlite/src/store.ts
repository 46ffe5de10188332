import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Checkpoints } from './checkpoints.ts'
import { type Database, openSqliteFile } from './driver.ts'
import { Processes } from './processes.ts'
import { type Queue, QueueSet } from './queues.ts'
import { newestVersion, schema, upgrades } from './schema.ts'
import { prepareStatements } from './statements.ts'
import { Transactions } from './transactions.ts'
import { Wakeups } from './wakeups.ts'

/** The value of BullMQ's `connection` option. */
export interface StoreOptions {
  /**
   * The file. It is created if it does not exist; its folder must exist. SQLite keeps further files next to it while it is open.
   * `:memory:` keeps the queues of this process in memory, until the last of them is closed.
   */
  path: string
  /**
   * What a commit survives. `process`: any end of this process, also kill -9; a power cut may lose the last seconds, never the
   * file. `power`: also a power cut, at the cost of one fsync per transaction.
   */
  durability?: 'process' | 'power'
  /** Milliseconds a call waits while other processes hold the file, before it fails (10,000). */
  busyTimeout?: number
}

const openTimeout = 5000 // ms that opening waits for a busy file; nothing else blocks the event loop
const memory = ':memory:'
const openStores = new Map<string, Store>()

/** One SQLite file, opened once per process and shared by all its queues and workers. */
export class Store {
  readonly path: string
  readonly busyTimeout: number
  readonly transactions: Transactions
  readonly wakeups: Wakeups
  readonly processes: Processes
  readonly #db: Database
  readonly #checkpoints: Checkpoints | undefined
  readonly #file: string | undefined // device and inode of the opened file
  #users = 0

  /** Opens the file, or shares it if this process has it open. Every `open` needs a `close`. */
  static open(options: StoreOptions): Store {
    const { path, durability, busyTimeout } = validated(options)
    const key = path === memory ? path : fullPath(path)
    let store = openStores.get(key)
    if (!store) openStores.set(key, (store = new Store(key, busyTimeout)))
    store.#users++
    if (durability === 'power') store.#db.exec('PRAGMA synchronous = FULL')
    return store
  }

  private constructor(path: string, busyTimeout: number) {
    const isInMemory = path === memory
    this.path = path
    this.busyTimeout = busyTimeout
    this.#db = openQueueFile(path)
    this.#file = isInMemory ? undefined : fileAt(path)
    this.transactions = new Transactions(this.#db, this)
    this.wakeups = new Wakeups(this.transactions)
    this.processes = new Processes(isInMemory ? undefined : path, this.transactions)
    this.#checkpoints = isInMemory ? undefined : new Checkpoints(this.#db, path, this.processes.id)
  }

  onCommit(queues: Queue[]): void {
    if (queues.length > 0) this.#checkpoints?.noteWrite()
    this.wakeups.onCommit(queues)
  }

  async close(): Promise<void> {
    if (--this.#users > 0) return
    openStores.delete(this.path)
    await this.processes.close()
    await this.transactions.close()
    await this.#checkpoints?.close()
    this.#db.close()
  }

  /** Throws if the file was deleted or replaced: SQLite would go on writing to the old file, which has no name any more. */
  requireFile(): void {
    if (this.#file !== undefined && fileAt(this.path) !== this.#file)
      throw new Error(`${this.path} was deleted or replaced while it was open; what was in it is gone`)
  }

  /**
   * Creates or upgrades the tables and prepares the statements. Throws "busy" while another process holds the file. The first switch
   * of a file to a log does so at once, whatever the busy timeout is, so it is here, where the caller tries again.
   */
  prepare(): QueueSet {
    this.#db.exec('PRAGMA journal_mode = WAL')
    const version = () => this.#db.prepare<{ user_version: number }>('PRAGMA user_version').get()?.user_version ?? 0
    if (version() < newestVersion) {
      this.#db.exec('BEGIN IMMEDIATE')
      const foundVersion = version() // another process may have created the tables meanwhile
      const steps = foundVersion === 0 ? [schema] : upgrades.slice(foundVersion - 1)
      for (const step of steps) this.#db.exec(step)
      this.#db.exec(`PRAGMA user_version = ${Math.max(foundVersion, newestVersion)}`)
      this.#db.exec('COMMIT')
    }
    if (version() > newestVersion)
      throw new Error(`${this.path} was written by a newer version of this program (schema ${version()})`)
    return new QueueSet(prepareStatements(this.#db), this.processes.id)
  }
}

/** Clear errors for missing and misspelt options and for those of a Redis connection. */
function validated(options: StoreOptions | undefined): Required<StoreOptions> {
  const { path, durability = 'process', busyTimeout = 10_000, ...unknown } = options ?? {}
  if (typeof path !== 'string' || path === '')
    throw new TypeError(`bullmq-sqlite: path is needed, as in { connection: { path: 'queue.db' } }`)
  if (durability !== 'process' && durability !== 'power')
    throw new TypeError(`bullmq-sqlite: durability is 'process' or 'power', not ${JSON.stringify(durability)}`)
  if (!(busyTimeout >= 0)) throw new TypeError('bullmq-sqlite: busyTimeout is a number of milliseconds')
  const names = Object.keys(unknown).join(', ')
  if (names)
    throw new TypeError(`bullmq-sqlite: connection has no option ${names}; it has path, durability, busyTimeout`)
  return { path, durability, busyTimeout }
}

/** The same path for a file however it is reached. */
function fullPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch (cause) {
    throw new Error(`Cannot open the queue file ${path}: no such folder`, { cause })
  }
}

function fileAt(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}`
}

function openQueueFile(path: string): Database {
  const db = openSqliteFile(path)
  try {
    db.exec(`PRAGMA busy_timeout = ${openTimeout}`)
    // A transaction of one call changes about six pages, each written whole: half the default size halves what is written.
    db.exec('PRAGMA page_size = 2048')
    db.exec('PRAGMA synchronous = NORMAL')
    db.exec('PRAGMA wal_autocheckpoint = 0')
    db.exec('PRAGMA temp_store = MEMORY')
    db.exec('PRAGMA cache_size = -16000')
    db.exec('PRAGMA busy_timeout = 0')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
