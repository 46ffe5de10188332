/**
 * What is written to `fieldhouse.db` stands in its log first. SQLite copies it into the file within some commit, once the log
 * has a thousand pages (4 MB), and all that the HTTP thread does waits for it. So the reader thread copies it in every second
 * in which something was written: at a usual pace no commit has to. A flood of writes is faster than that; then SQLite's
 * own turn keeps the log short.
 *
 * `scores.db` is copied in by the thread that writes it, in a second in which it is asked nothing: no reader of a new board
 * waits for it.
 *
 * Measured with 50 small synced writes a second, in turns with SQLite's way alone: the 99th of a hundred 9 → 8, 18 → 12 ms,
 * the 999th of a thousand 42 → 31, 78 → 44 ms. With 300 a second there was no difference.
 */
import { Database } from 'bun:sqlite'
import type { Db } from '../../../db/open.ts'

const every = 1_000 // ms

/** While `isBusy` says so, what was written waits in the log for another second. */
export function startCheckpoints(client: Database, copy: () => Promise<unknown>, isBusy = () => false) {
  const written = client.query<{ rows: number }, []>('select total_changes() as rows')
  let copied = 0
  let isCopying = false
  const timer = setInterval(async () => {
    const rows = written.get()?.rows ?? 0
    if (isBusy() || isCopying || rows === copied) return
    isCopying = true
    copied = rows
    await copy().catch(() => {}) // the disk is full, or the thread died: the log keeps everything until another time
    isCopying = false
  }, every)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** With Litestream: it copies the log away first, and then into the file. */
export const leaveCheckpoints = (client: Database) => client.run('PRAGMA wal_autocheckpoint = 0')

/** Copies what no reader needs the log for any more. */
export const copyLog = (client: Database) => void client.query('PRAGMA wal_checkpoint(PASSIVE)').get()

const writers = new WeakMap<Db, Database>()

/** A connection of its own, as the reading thread's can write nothing. It never waits for others. */
function writerBeside(db: Db): Database {
  const known = writers.get(db)
  if (known) return known
  const writer = new Database(db.$client.filename, { readwrite: true, create: false })
  writer.run('PRAGMA busy_timeout = 0')
  writers.set(db, writer)
  return writer
}

/** `copyLog` as a query of the reading thread. */
export const copyMainLog = (db: Db) => copyLog(writerBeside(db))

/** Closes what `copyMainLog` opened beside this connection. */
export function closeWriterBeside(db: Db) {
  writers.get(db)?.close()
  writers.delete(db)
}
