/**
 * Writes to `fieldhouse.db` go to its write-ahead log first. SQLite copies the log into the file within some commit, once it
 * has 4,000 pages (16 MB), and the HTTP thread waits for that. So every second the reader thread copies it, unless it is
 * short: at a usual pace no commit has to. The commit after a copy starts the log from its beginning and waits for the disk, so the
 * reader thread makes that one, too; a short log is left. When writes come faster, SQLite's own checkpoints keep the log short.
 *
 * The thread that writes `scores.db` copies its log in a second without tasks, so that no reader of a new
 * board waits for it.
 *
 * Measured with 50 small synced writes a second, in turns with SQLite's own checkpoints alone: the 99th percentile went from
 * 9 to 8 and from 18 to 12 ms, the 99.9th from 42 to 31 and from 78 to 44 ms. With 300 a second there was no difference.
 */
import { Database } from 'bun:sqlite'
import type { Db } from '../../../db/open.ts'

const everyMs = 1_000

/** While `isBusy` answers true, the log is left for another second. */
export function startCheckpoints(client: Database, copy: () => Promise<unknown>, isBusy = () => false) {
  const writtenRows = client.query<{ rows: number }, []>('select total_changes() as rows')
  let copiedRows = 0
  let isCopying = false
  const timer = setInterval(async () => {
    const rows = writtenRows.get()?.rows ?? 0
    if (isBusy() || isCopying || rows === copiedRows) return
    isCopying = true
    copiedRows = rows
    await copy().catch(() => {}) // the disk is full, or the thread died: the log keeps everything until the next time
    isCopying = false
  }, everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** Litestream copies the log to its store first and then into the file. */
export const leaveCheckpoints = (client: Database) => client.run('PRAGMA wal_autocheckpoint = 0')

/** Copies the part of the log that no reader needs any more. */
export const copyLog = (client: Database) => void client.query('PRAGMA wal_checkpoint(PASSIVE)').get()

const shortLog = 250 // pages

function isShort(client: Database): boolean {
  const state = client.query<{ log: number; checkpointed: number }, []>('PRAGMA wal_checkpoint(NOOP)').get()
  return state !== null && state.log - state.checkpointed < shortLog
}

const writers = new WeakMap<Db, Database>()

/** A second connection, because the reader thread's is read-only. It never waits for other writers. */
function writerFor(db: Db): Database {
  const known = writers.get(db)
  if (known) return known
  const writer = new Database(db.$client.filename, { readwrite: true, create: false })
  writer.run('PRAGMA busy_timeout = 0')
  writer.run('PRAGMA synchronous = NORMAL') // so that other writers wait for one sync only, not for two
  writers.set(db, writer)
  return writer
}

/** In the reader thread, and after a bulk write in the writer thread. */
export function copyMainLog(db: Db): void {
  const writer = writerFor(db)
  if (isShort(writer)) return
  copyLog(writer)
  beginLog(writer)
}

/** Any write does. While another one goes on, that one begins the log. */
const beginLog = (writer: Database) =>
  writer.run(`insert into facts (name, value) values ('logs begun', '1')
    on conflict do update set value = cast(value + 1 as text)`)

/** Closes the connection that `copyMainLog` opened. */
export function closeCheckpointWriter(db: Db) {
  writers.get(db)?.close()
  writers.delete(db)
}
