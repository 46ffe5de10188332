/**
 * Whether the file of an open database is still the one that was opened. If it was removed or replaced, the open connection still
 * accepts writes, and all of them are lost; SQLite does not notice.
 */
import { constants, Database } from 'bun:sqlite'
import { type Stats, statSync } from 'node:fs'
import { basename } from 'node:path'
import { isDamage } from './open-errors.ts'
import { syncLogFile } from './sync.ts'

/** The file of a database is gone: writes to it are lost. */
export class DeadFile extends Error {
  override name = 'DeadFile'
  constructor(
    readonly file: string,
    readonly fault: string,
  ) {
    super(`Nothing was written: ${file} ${fault}. The operator has to stop Fieldhouse and put the file back`)
  }
}

/** A change is committed, but the disk did not take the log: a power cut may lose it. */
export class NotSynced extends Error {
  override name = 'NotSynced'
  readonly code: unknown
  constructor(cause: NodeJS.ErrnoException) {
    super(`The log could not be synced: ${cause.message}`, { cause })
    this.code = cause.code
  }
}

const removed = 'was removed while it was in use'
const replaced = 'was replaced by another file while it was in use'
const cutOff = 'was cut off while it was in use'

export type OpenFile = {
  readonly name: string
  readonly path: string
  /** What is wrong with it, or with its `-wal` and `-shm`. Costs three `stat`, some microseconds. */
  fault(): string | undefined
  /** Throws a DeadFile if a write would be lost. */
  assertUsable(): void
  /** Resolves once everything committed so far is on the disk. It does not block this thread, and concurrent callers share one sync. */
  syncLog(): Promise<void>
  /** Checks as well whether a new connection can read it. */
  check(read: (fresh: Database) => unknown): string | undefined
}

/** Call this once the database is open. */
export function openFile(path: string): OpenFile {
  const opened = statSync(path)
  let last = opened.size
  let lost: string | undefined // stays set: later writes make the file grow again
  const sideFiles = new Map<string, Stats>() // by suffix

  function fault(): string | undefined {
    const now = statSync(path, { throwIfNoEntry: false })
    if (!now) return removed
    if (!isSame(now, opened)) return replaced
    if (now.size < last && isCutOff(path, now.size)) lost = cutOff
    last = now.size
    return lost ?? sideFileFault()
  }

  /** SQLite removes these only when the last connection closes, and ours is open. */
  function sideFileFault(): string | undefined {
    for (const suffix of ['-wal', '-shm']) {
      const [now, known] = [statSync(path + suffix, { throwIfNoEntry: false }), sideFiles.get(suffix)]
      if (known && !now) return `lost its ${suffix} file while it was in use`
      if (known && now && !isSame(now, known)) return `had its ${suffix} file replaced while it was in use`
      if (now) sideFiles.set(suffix, now)
    }
    return undefined
  }

  let syncing = Promise.resolve()
  let next: Promise<void> | undefined
  function syncLog(): Promise<void> {
    next ??= syncing
      .catch(() => {}) // its own callers get this error
      .then(() => {
        next = undefined
        return (syncing = syncLogFile(`${path}-wal`).catch(error => {
          throw new NotSynced(error)
        }))
      })
    return next
  }

  sideFileFault() // remembers which files they are now

  return {
    name: basename(path),
    path,
    fault,
    assertUsable() {
      const found = fault()
      if (found) throw new DeadFile(basename(path), found)
    },
    syncLog,
    check(read) {
      const found = fault()
      if (found) return found
      const fresh = new Database(path, { readonly: true })
      try {
        fresh.run('PRAGMA busy_timeout = 30')
        read(fresh)
        return undefined
      } catch (error) {
        if (isDamage(error)) return `cannot be read any more (${error.message})`
        throw error
      } finally {
        fresh.close()
      }
    },
  }
}

const files = new WeakMap<Database, OpenFile>()
/** After this, `transact` checks the file before every write through this connection. */
export const guardFile = (client: Database, file: OpenFile): void => void files.set(client, file)
export const fileOf = (client: Database): OpenFile | undefined => files.get(client)
/** Resolves once everything committed so far would survive a power cut: for answers that tell of a commit that was not synced. */
export const syncLogOf = async (client: Database): Promise<void> => fileOf(client)?.syncLog()

const isSame = (one: Stats, other: Stats) => one.ino === other.ino && one.dev === other.dev

/** A database may shrink, but not below the page count on its first page. `immutable` reads only the file, without its log. */
function isCutOff(path: string, size: number): boolean {
  if (size === 0) return true // SQLite would take it for a new database
  try {
    const url = `file:${encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent)}?immutable=1`
    const fileOnly = new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
    try {
      const { page_count = 0 } = fileOnly.query<{ page_count: number }, []>('PRAGMA page_count').get() ?? {}
      const { page_size = 0 } = fileOnly.query<{ page_size: number }, []>('PRAGMA page_size').get() ?? {}
      return page_count === 0 || size < page_count * page_size
    } finally {
      fileOnly.close()
    }
  } catch (error) {
    return isDamage(error)
  }
}
