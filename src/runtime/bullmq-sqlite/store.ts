import { Database } from 'bun:sqlite'
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Checkpoints } from './checkpoints.ts'
import { nextDueAt } from './places.ts'
import { Processes } from './processes.ts'
import { Queues } from './queues.ts'
import { schema, schemaVersion } from './schema.ts'
import { prepareStatements } from './statements.ts'
import { Transactions } from './transactions.ts'
import { type Sight, Wakeups } from './wakeups.ts'

/**
 * What a commit survives. `process`: the end of this process, however sudden (kill -9); a power cut may take the last
 * moments with it, never the file. `power`: also a power cut, at the cost of one fsync per transaction.
 */
export type Durability = 'process' | 'power'

export interface StoreOptions {
  /** The file; it is made if need be, its folder must exist. Other files stand beside it while it is open. */
  path: string
  durability?: Durability
  /** How long a call waits for other processes to let go of the file before it fails, in ms (10,000). */
  patience?: number
}

/** Opening a file that others are busy with waits for them at most this long, in ms; nothing else ever waits on the event loop. */
const openPatience = 5000

const open = new Map<string, Store>()

/** One SQLite file, open once in this process however many queues and workers use it. */
export class Store {
  readonly transactions: Transactions
  readonly wakeups: Wakeups
  readonly processes: Processes
  readonly #db: Database
  #queues: Queues | undefined
  #users = 0
  #checkpoints: Checkpoints | undefined

  /** Opens the file, or joins those who have it open. Every `open` wants its `close`. */
  static open({ path, durability = 'process', patience = 10_000 }: StoreOptions): Store {
    const key = fullPath(path)
    let store = open.get(key)
    if (!store) {
      store = new Store(key, patience)
      open.set(key, store)
    }
    store.#users++
    if (durability === 'power') store.#db.run('PRAGMA synchronous = FULL')
    return store
  }

  private constructor(
    readonly path: string,
    patience: number,
  ) {
    this.#db = openDatabase(path)
    this.transactions = new Transactions(path, patience, {
      prepare: () => this.#prepare(),
      inTransaction: () => this.#db.inTransaction,
      committed: queues => {
        if (queues.length > 0) this.#checkpoints?.written()
        this.wakeups.committed(queues)
      },
    })
    this.wakeups = new Wakeups({
      foreignChanges: () => orElse(0, () => this.transactions.foreignChanges()),
      lookAt: key => orElse(nothing, () => this.#lookAt(key)),
    })
    this.processes = new Processes(path, this.transactions)
  }

  /** Synchronous reads outside any transaction, for answers that cannot wait. Nothing before the first transaction. */
  get reader(): Queues | undefined {
    return this.#queues
  }

  async close(): Promise<void> {
    if (--this.#users > 0) return
    open.delete(this.path)
    await this.processes.close()
    await this.transactions.close()
    await this.#checkpoints?.close()
    this.#queues?.sql.finalize()
    this.#db.close()
  }

  #prepare(): Queues {
    if (this.#version() < schemaVersion)
      this.#db
        .transaction(() => {
          if (this.#version() === schemaVersion) return
          this.#db.run(schema)
          this.#db.run(`PRAGMA user_version = ${schemaVersion}`)
        })
        .immediate()
    const sql = prepareStatements(this.#db)
    this.#queues = new Queues(sql, this.processes.id)
    this.#checkpoints = new Checkpoints(this.path, () => void orElse(null, () => sql.checkpoint.get()))
    return this.#queues
  }

  #version(): number {
    const { user_version } = this.#db.query<{ user_version: number }, []>('PRAGMA user_version').get()!
    if (user_version <= schemaVersion) return user_version
    throw new Error(`${this.path} was written by a newer version of this program (schema ${user_version})`)
  }

  #lookAt(queueKey: string): Sight {
    if (!this.#queues) return nothing
    const queue = this.#queues.peek(queueKey)
    const dueAt = nextDueAt(queue) ?? Number.POSITIVE_INFINITY
    return { claimable: queue.claimable, dueAt, lastEvent: queue.state.lastEvent }
  }
}

const nothing: Sight = { claimable: 0, dueAt: Number.POSITIVE_INFINITY, lastEvent: 0 }

/** For what timers do, whose errors nobody would hear of: if the file cannot be had now, they come again. */
function orElse<T>(fallback: T, run: () => T): T {
  try {
    return run()
  } catch {
    return fallback
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
