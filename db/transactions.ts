import { DeadFile, fileOf } from './file.ts'
import type { Db } from './open.ts'
import { isBusy, isFull } from './open-errors.ts'

type Now<T> = T extends PromiseLike<unknown> ? never : T

/** How long a write waits for another process's write, in milliseconds, before it gives up as busy. */
const patience = 5_000

/**
 * One transaction, all or nothing, begun as a writer. The work is synchronous: an async one would commit before it is
 * done. Where another process holds the write lock this waits on a timer, never on the event loop.
 * Works on the one connection there is, so prepared statements inside it are part of it.
 *
 * `unsynced` commits without waiting for the disk: for what a power cut may undo because it is simply done again (leases, the
 * steps of a run). Killing the process undoes nothing.
 */
export async function atomically<T>(db: Db, work: (tx: Db) => Now<T>, how?: 'unsynced'): Promise<T> {
  for (const deadline = performance.now() + patience; ; ) {
    try {
      return how === 'unsynced' ? unsynced(db, work) : transact(db, work)
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await Bun.sleep(4 + Math.random() * 16)
    }
  }
}

/** `atomically` for where nothing can be awaited and a busy database is an error: scripts, threads, boot. */
export function transact<T>(db: Db, work: (tx: Db) => Now<T>): T {
  const { $client: client } = db
  if (client.inTransaction) return work(db) as T
  fileOf(client)?.insist()
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

/** `attempt` answers how to tell of its success. */
type Asked = { attempt(tx: Db): () => void; failed(error: unknown): void }
const asked = new WeakMap<Db, Asked[]>()
const longest = 5 // ms that one shared transaction may keep the event loop, the wait for the disk not counted

/**
 * `atomically` for small writes that many ask for at once: what comes in during one turn of the event loop shares one
 * transaction and one wait for the disk. Each is all or nothing by itself, and answered once it is on the disk.
 */
export function batched<T>(db: Db, work: (tx: Db) => Now<T>): Promise<T> {
  return new Promise((done, failed) => {
    const attempt = (tx: Db) => {
      const result = work(tx) as T
      return () => done(result)
    }
    const one = { attempt, failed }
    const others = asked.get(db)
    if (others) return void others.push(one)
    asked.set(db, [one])
    setImmediate(() => commitTogether(db))
  })
}

async function commitTogether(db: Db): Promise<void> {
  const waiting = asked.get(db) ?? []
  asked.delete(db)
  let answers: (() => void)[] = []
  try {
    await atomically(db, tx => {
      answers = []
      for (const began = performance.now(); performance.now() - began < longest && answers.length < waiting.length; )
        answers.push(inSavepoint(tx, waiting[answers.length]!))
    })
  } catch (error) {
    answers = waiting.map(
      ({ failed }) =>
        () =>
          failed(error),
    )
  }
  const rest = waiting.slice(answers.length)
  if (rest.length) {
    const others = asked.get(db)
    asked.set(db, [...rest, ...(others ?? [])])
    if (!others) setImmediate(() => commitTogether(db))
  }
  for (const answer of answers) answer()
}

/** Answers what is to be told after the commit. */
function inSavepoint(tx: Db, { attempt, failed }: Asked): () => void {
  const { $client: client } = tx
  client.run('SAVEPOINT one')
  try {
    const tell = attempt(tx)
    client.run('RELEASE one')
    return tell
  } catch (error) {
    if (!client.inTransaction) throw error // the disk is full: nothing of it is left
    client.run('ROLLBACK TO one')
    client.run('RELEASE one')
    return () => failed(error)
  }
}

function unsynced<T>(db: Db, work: (tx: Db) => Now<T>): T {
  const { $client: client } = db
  if (client.inTransaction) return transact(db, work)
  client.run('PRAGMA synchronous = NORMAL')
  try {
    return transact(db, work)
  } finally {
    client.run('PRAGMA synchronous = FULL')
  }
}

/** A small write that may as well not happen (progress, last seen): unsynced, and undefined where the database is busy. */
export function tryWrite<T>(db: Db, work: (tx: Db) => Now<T>): T | undefined {
  try {
    return unsynced(db, work)
  } catch (error) {
    if (isBusy(error)) return undefined
    throw error
  }
}

/** `lightly` for what nobody looks for afterwards: no reason to fail, or to end the process, where the disk is full or the file gone either. */
export function bestEffortWrite<T>(db: Db, work: (tx: Db) => Now<T>): T | undefined {
  try {
    return tryWrite(db, work)
  } catch (error) {
    if (isFull(error) || error instanceof DeadFile) return undefined
    throw error
  }
}

/** A statement prepared once per database: hot queries are 5–12 × faster so. */
export function prepared<S>(build: (db: Db) => S): (db: Db) => S {
  const statements = new WeakMap<Db, S>()
  return db => {
    const known = statements.get(db)
    if (known) return known
    const statement = build(db)
    statements.set(db, statement)
    return statement
  }
}
