/** What keeps a file of ours from being used, in words that tell whoever runs it what to do. */
import { type Database, SQLiteError } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'

export const isBusy = (error: unknown) => error instanceof SQLiteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code ?? '')

export const isFull = (error: unknown) =>
  error instanceof SQLiteError && /^SQLITE_(FULL|IOERR_WRITE)/.test(error.code ?? '')

/** What to do about a file that cannot be made anew, and about the queue's, which can. */
export const restoreAdvice =
  'With every process stopped, restore the newest backup into an empty folder: bun run restore'
export const queueRebuildAdvice =
  'With every process stopped, move it away with its -wal and -shm: it is made anew from fieldhouse.db, and unfinished jobs are run again'

/** Opens or reads the file; what SQLite says of it is told by name. `cure` is for a file that can be made anew. */
export function explainOpenErrors<T>(path: string, open: () => T, cure = restoreAdvice): T {
  try {
    return open()
  } catch (error) {
    throw explained(path, error, cure)
  }
}

/** Damage, or a file that this user may not write to, as an operator's error; anything else stays what it is. */
function explained(path: string, error: unknown, cure: string): unknown {
  if (!(error instanceof SQLiteError)) return error
  if (isDamage(error)) return damagedFile(path, error.message, cure)
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(error.code ?? ''))
    return new Error(`${path} cannot be written to (${error.message}): this user needs to own it and its folder`)
  if (error.code === 'SQLITE_FULL') return new Error(`${path} cannot grow: the disk is full`)
  return error
}

export const damagedFile = (path: string, fault: string, cure: string) =>
  new Error(`${path} is damaged (${fault}). ${cure}`)

/** By its message too: an error that came from a thread has lost its code. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  (/^SQLITE_(CORRUPT|NOTADB)/.test(error instanceof SQLiteError ? (error.code ?? '') : '') ||
    /database disk image is malformed|file is not a database/.test(error.message))

/** The first fault of a file, by reading every page of it. */
export function faultOf(client: Database): string | undefined {
  try {
    const said = client.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()?.quick_check
    return said === 'ok' ? undefined : said
  } catch (error) {
    if (error instanceof Error && isDamage(error)) return error.message
    throw error
  }
}

/** Makes the folder that everything is kept in, if it is not there yet. */
export function makeDataFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    const isFile = error.code === 'EEXIST' || error.code === 'ENOTDIR'
    throw new Error(`DATA_DIR ${dataDir} ${isFile ? 'is no folder' : `cannot be made (${error.code})`}`)
  }
}
