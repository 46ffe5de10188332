import { Database } from 'bun:sqlite'
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Checkpoints } from './checkpoints.ts'
import { Processes } from './processes.ts'
import { type Queue, Queues } from './queues.ts'
import { schema, schemaVersion } from './schema.ts'
import { prepareStatements } from './statements.ts'
import { Transactions } from './transactions.ts'
import { Wakeups } from './wakeups.ts'

export interface StoreOptions {
  path: string // it is made if need be, its folder must exist; other files stand beside it while it is open
  /**
   * What a commit survives. `process`: the end of this process, however sudden (kill -9); a power cut may take the last
   * moments with it, never the file. `power`: also a power cut, at the cost of one fsync per transaction.
   */
  durability?: 'process' | 'power'
  patience?: number // ms a call waits for other processes to let go of the file before it fails (10,000)
}

const openPatience = 5000 // ms that opening waits for a busy file; nothing else ever waits on the event loop
const open = new Map<string, Store>()

/** One SQLite file, open once in this process however many queues and workers use it. */
export class Store {
  readonly transactions: Transactions
  readonly wakeups: Wakeups
  readonly processes: Processes
  readonly #db: Database
  readonly #checkpoints: Checkpoints
  #users = 0

  /** Opens the file, or joins those who have it open. Every `open` wants its `close`. */
  static open({ path, durability = 'process', patience = 10_000 }: StoreOptions): Store {
    const store = open.getOrInsertComputed(fullPath(path), key => new Store(key, patience))
    store.#users++
    if (durability === 'power') store.#db.run('PRAGMA synchronous = FULL')
    return store
  }

  private constructor(path: string, patience: number) {
    this.#db = openDatabase(path)
    this.#checkpoints = new Checkpoints(this.#db)
    this.transactions = new Transactions(this.#db, patience, this)
    this.wakeups = new Wakeups(this.transactions)
    this.processes = new Processes(path, this.transactions)
  }

  committed(queues: Queue[]): void {
    if (queues.length > 0) this.#checkpoints.written()
    this.wakeups.committed(queues)
  }

  async close(): Promise<void> {
    if (--this.#users > 0) return
    open.delete(this.#db.filename)
    await this.processes.close()
    await this.transactions.close()
    await this.#checkpoints.close()
    this.#db.close()
  }

  /** Makes the tables if there are none, and the statements. Throws "busy" while another process holds the file. */
  prepare(): Queues {
    const version = () => this.#db.query<{ user_version: number }, []>('PRAGMA user_version').get()!.user_version
    const makeTables = () => version() > 0 || this.#db.run(`${schema}; PRAGMA user_version = ${schemaVersion}`)
    if (version() === 0) this.#db.transaction(makeTables).immediate()
    if (version() > schemaVersion)
      throw new Error(`${this.#db.filename} was written by a newer version of this program (schema ${version()})`)
    return new Queues(prepareStatements(this.#db), this.processes.id)
  }
}

/** One name for a file however it is reached. */
function fullPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch (cause) {
    throw new Error(`Cannot open the queue file ${path}: no such folder`, { cause })
  }
}

function openDatabase(path: string): Database {
  const db = new Database(path, { create: true })
  try {
    db.run(`PRAGMA busy_timeout = ${openPatience}`)
    // A transaction of one call changes about six pages, each written whole: half the usual size is half the writing.
    db.run('PRAGMA page_size = 2048')
    db.run('PRAGMA journal_mode = WAL')
    db.run('PRAGMA synchronous = NORMAL')
    db.run('PRAGMA wal_autocheckpoint = 0')
    db.run('PRAGMA temp_store = MEMORY')
    db.run('PRAGMA cache_size = -16000')
    db.run('PRAGMA busy_timeout = 0')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
