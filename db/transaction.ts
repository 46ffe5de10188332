import { SQLiteError } from 'bun:sqlite'
import type { Db } from './open.ts'

type Now<T> = T extends PromiseLike<unknown> ? never : T

export const isBusy = (error: unknown) => error instanceof SQLiteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code ?? '')

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
      return how === 'unsynced' ? unsynced(db, work) : now(db, work)
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await Bun.sleep(4 + Math.random() * 16)
    }
  }
}

/** `atomically` for where nothing can be awaited and a busy database is an error: scripts, threads, boot. */
export function now<T>(db: Db, work: (tx: Db) => Now<T>): T {
  const { $client: client } = db
  if (client.inTransaction) return work(db) as T
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

function unsynced<T>(db: Db, work: (tx: Db) => Now<T>): T {
  const { $client: client } = db
  if (client.inTransaction) return now(db, work)
  client.run('PRAGMA synchronous = NORMAL')
  try {
    return now(db, work)
  } finally {
    client.run('PRAGMA synchronous = FULL')
  }
}

/** A small write that may as well not happen (progress, last seen): unsynced, and undefined where the database is busy. */
export function lightly<T>(db: Db, work: (tx: Db) => Now<T>): T | undefined {
  try {
    return unsynced(db, work)
  } catch (error) {
    if (isBusy(error)) return undefined
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
