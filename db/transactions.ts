import type { SQLQueryBindings } from 'bun:sqlite'
import { DeadFile, fileOf, syncLogOf } from './file.ts'
import type { Db } from './open.ts'
import { isBusy, isDamage, isFull } from './open-errors.ts'

/** Makes asynchronous work a compile error. */
export type Sync<T> = T extends PromiseLike<unknown> ? never : T

const busyTimeout = 5_000 // ms that a write waits for another process's write before it fails as busy

/**
 * Runs one transaction, all or nothing, started as a writer. The work is synchronous: async work would commit before it is
 * done. While another process holds the write lock this waits on a timer and does not block the event loop.
 * There is one connection, so prepared statements used inside are part of the transaction.
 *
 * Resolves once it would survive a power cut. The disk does not block this thread, and concurrent callers share one sync; other
 * readers may see the change a moment earlier. If the sync fails, this rejects although the change is committed.
 *
 * `unsynced` does not wait for the disk; a power cut may lose it, killing the process does not. It is for writes that can simply
 * be repeated, like leases and the steps of a run.
 */
export async function atomically<T>(db: Db, work: (tx: Db) => Sync<T>, how?: 'unsynced'): Promise<T> {
  const result = await commit(db, () => transact(db, work))
  if (how !== 'unsynced') await syncLogOf(db.$client)
  return result
}

/** What a thread of this process is writing, by database. Whoever waits for it looks again afterwards: others wait too. */
const bulkWrites = new WeakMap<Db, Promise<unknown>>()

/**
 * `work` writes much through another connection. One such work runs at a time, and other writes here wait for its end without trying,
 * as each try would block this thread for 30 ms.
 */
export async function duringBulkWrite<T>(db: Db, work: () => Promise<T>): Promise<T> {
  while (bulkWrites.has(db)) await bulkWrites.get(db)
  const working = work().finally(() => bulkWrites.delete(db))
  bulkWrites.set(
    db,
    working.catch(() => {}),
  )
  return working
}

async function commit<T>(db: Db, attempt: () => T): Promise<T> {
  while (bulkWrites.has(db)) await bulkWrites.get(db)
  for (const deadline = performance.now() + busyTimeout; ; ) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await Bun.sleep(4 + Math.random() * 16)
    }
  }
}

/** `atomically` where nothing can be awaited and a busy database is an error: in scripts, whose connection waits for the disk itself. */
export function transact<T>(db: Db, work: (tx: Db) => Sync<T>): T {
  const { $client: client } = db
  if (client.inTransaction) return work(db) as T
  fileOf(client)?.assertUsable()
  client.run('BEGIN IMMEDIATE')
  try {
    const result = work(db) as T
    client.run('COMMIT')
    return result
  } catch (error) {
    if (client.inTransaction) client.run('ROLLBACK')
    throw error
  }
}

/** `attempt` does the work and returns a function that resolves its caller's promise, to be called after the commit. */
type Waiting = { attempt(tx: Db): () => void; failed(error: unknown): void }
const queues = new WeakMap<Db, Waiting[]>()
const batchLimit = 5 // ms that one batch may block the event loop, not counting the commit

/**
 * Group commit, for small writes that many callers make at once: the calls of one turn of the event loop share one transaction
 * and one sync. Each call is all or nothing by itself, in a savepoint, and resolves like `atomically`.
 */
export function batched<T>(db: Db, work: (tx: Db) => Sync<T>): Promise<T> {
  return new Promise((done, failed) => {
    const attempt = (tx: Db) => {
      const result = work(tx) as T
      return () => done(result)
    }
    const entry = { attempt, failed }
    const queue = queues.get(db)
    if (queue) return void queue.push(entry)
    queues.set(db, [entry])
    setImmediate(() => commitBatch(db))
  })
}

async function commitBatch(db: Db): Promise<void> {
  const waiting = queues.get(db) ?? []
  queues.delete(db)
  let answers: (() => void)[] = []
  try {
    const work = (tx: Db) => {
      answers = []
      for (const start = performance.now(); performance.now() - start < batchLimit && answers.length < waiting.length; )
        answers.push(inSavepoint(tx, waiting[answers.length]!))
    }
    await atomically(db, work)
  } catch (error) {
    answers = waiting.map(
      ({ failed }) =>
        () =>
          failed(error),
    )
  }
  const rest = waiting.slice(answers.length)
  if (rest.length) {
    const newcomers = queues.get(db)
    queues.set(db, [...rest, ...(newcomers ?? [])])
    if (!newcomers) setImmediate(() => commitBatch(db))
  }
  for (const answer of answers) answer()
}

/** Returns what settles the caller's promise after the commit. */
function inSavepoint(tx: Db, { attempt, failed }: Waiting): () => void {
  const { $client: client } = tx
  client.run('SAVEPOINT entry')
  try {
    const resolve = attempt(tx)
    client.run('RELEASE entry')
    return resolve
  } catch (error) {
    if (!client.inTransaction) throw error // the disk is full: SQLite has rolled back the whole batch
    client.run('ROLLBACK TO entry')
    client.run('RELEASE entry')
    return () => failed(error)
  }
}

/** A small write that may be skipped (progress, last seen): unsynced, and undefined when the database is busy. */
export function tryWrite<T>(db: Db, work: (tx: Db) => Sync<T>): T | undefined {
  if (bulkWrites.has(db)) return undefined
  try {
    return transact(db, work)
  } catch (error) {
    if (isBusy(error)) return undefined
    throw error
  }
}

/**
 * Like `tryWrite`, but also skipped on a full disk or a damaged or removed file: this write must not fail a request or end the
 * process.
 */
export function bestEffortWrite<T>(db: Db, work: (tx: Db) => Sync<T>): T | undefined {
  try {
    return tryWrite(db, work)
  } catch (error) {
    if (isFull(error) || isDamage(error) || error instanceof DeadFile) return undefined
    throw error
  }
}

export function oncePer<Key extends object, T>(make: (key: Key) => T): (key: Key) => T {
  const made = new WeakMap<Key, T>()
  return key => {
    const known = made.get(key)
    if (known) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
export const oncePerDb = <T>(make: (db: Db) => T) => oncePer(make)

/** A query prepared once per database, which makes hot ones 5–12 × faster. */
export const prepared = <Statement>(build: (db: Db) => { prepare(): Statement }) => oncePerDb(db => build(db).prepare())

/** Drizzle binds a limit, and SQLite plans such a statement again each time: the hottest ones are written in SQL. */
export const preparedSql = <Row, Values extends SQLQueryBindings[]>(text: string) =>
  oncePerDb(({ $client: client }) => client.query<Row, Values>(text))
