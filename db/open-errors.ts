/** Why a database file cannot be used, as errors that tell the operator what to do. */
import { type Database, SQLiteError } from 'bun:sqlite'
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The code of an error of SQLite or the system. Such errors are told apart by it alone, because one that crossed a thread has lost its
 * class.
 */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const isBusy = (error: unknown) => /^SQLITE_(BUSY|LOCKED)/.test(errorCodeOf(error) ?? '')

/** The disk or the user's quota is full. */
export const isFull = (error: unknown) =>
  /^(SQLITE_(FULL|IOERR_(WRITE|SHMSIZE))|ENOSPC|EDQUOT)/.test(errorCodeOf(error) ?? '')

/** What to do about a damaged file: only a backup can replace a database, but the queue's file can be rebuilt. */
export const restoreAdvice =
  'With every process stopped, restore the newest backup into an empty folder: bun run restore'
export const queueRebuildAdvice =
  'With every process stopped, move it away with its -wal and -shm: it is rebuilt from fieldhouse.db, and unfinished jobs are run again'

/** Opens or reads the file and turns SQLite's errors into ones that name the file. `advice` is appended if it is damaged. */
export function explainOpenErrors<T>(path: string, open: () => T, advice = restoreAdvice): T {
  try {
    return open()
  } catch (error) {
    throw explained(path, error, advice)
  }
}

/** Damage, a missing permission, a full disk, a file in use or one of another program becomes an error for the operator; other errors stay as they are. */
function explained(path: string, error: unknown, advice: string): unknown {
  if (!(error instanceof SQLiteError)) return error
  if (isDamage(error)) return damagedFile(path, error.message, advice)
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(error.code ?? ''))
    return new Error(`${path} cannot be written to (${error.message}): this user needs to own it and its folder`)
  if (isFull(error)) return new Error(`${path} cannot grow: the disk is full`)
  if (isBusy(error))
    return new Error(
      `${path} is in use (${error.message}): another process has been writing to it for long. Try again once it has ended`,
    )
  if (error.code === 'SQLITE_ERROR')
    return new Error(
      `${path} was not made by Fieldhouse 1.0.0 or later, or another program changed it (${error.message}). It is left as it was: start with an empty folder, or restore a backup into one`,
    )
  return error
}

export const damagedFile = (path: string, fault: string, advice: string) =>
  new Error(`${path} is damaged (${fault}). ${advice}`)

export const isDamage = (error: unknown): error is Error & { code: string } =>
  /^SQLITE_(CORRUPT|NOTADB)/.test(errorCodeOf(error) ?? '')

/** Reads every page of a file and returns its first fault. */
export function faultOf(client: Database): string | undefined {
  try {
    const answer = client.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()?.quick_check
    return answer === 'ok' ? undefined : answer
  } catch (error) {
    if (isDamage(error)) return error.message
    throw error
  }
}

/** Makes DATA_DIR if it does not exist. Files copied there by another user would be met only by the first upload. */
export function makeDataFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true })
  } catch (error) {
    const code = errorCodeOf(error)
    if (code === undefined) throw error
    const isFile = code === 'EEXIST' || code === 'ENOTDIR'
    throw new Error(`DATA_DIR ${dataDir} ${isFile ? 'is not a folder' : `cannot be made (${code})`}`)
  }
  for (const folder of [dataDir, join(dataDir, 'uploads'), join(dataDir, 'run')])
    if (existsSync(folder)) requireWritable(folder)
}

function requireWritable(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = errorCodeOf(error)
    const what = code === 'EROFS' ? 'it is on a read-only file system' : 'this user needs to own it and all in it'
    throw new Error(`${folder} cannot be written to (${code}): ${what}`)
  }
}
