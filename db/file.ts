/**
 * Whether the file of an open database is still the one that was opened. One that was removed or replaced goes on taking every
 * write through the open connection, and keeps none of them; SQLite does not notice.
 */
import { constants, Database } from 'bun:sqlite'
import { type Stats, statSync } from 'node:fs'
import { basename } from 'node:path'
import { isDamage } from './open-errors.ts'

/** Writing to it would be for nothing. */
export class DeadFile extends Error {
  override name = 'DeadFile'
  constructor(
    readonly file: string,
    readonly fault: string,
  ) {
    super(`Nothing was written: ${file} ${fault}. Those who run this Fieldhouse have to stop it and put the file back`)
  }
}

const removed = 'was removed while it was in use'
const replaced = 'is another file now than the one that is in use'
const cutOff = 'was cut off while it was in use'

export type OpenFile = {
  readonly name: string
  readonly path: string
  /** What is wrong with it: one look at the folder, some microseconds. */
  fault(): string | undefined
  /** Throws where writing would be for nothing. */
  insist(): void
  /** The same for its log and what beside it belongs to it, and whether what it holds can be read by those who open it now. */
  check(read: (fresh: Database) => unknown): string | undefined
}

/** Call it once the database is open. */
export function openFile(path: string): OpenFile {
  const opened = statSync(path)
  let last = opened.size
  let lost: string | undefined // for good: what is written on grows it again
  const beside = new Map<string, Stats>()

  function fault(): string | undefined {
    const now = statSync(path, { throwIfNoEntry: false })
    if (!now) return removed
    if (!isSame(now, opened)) return replaced
    if (now.size < last && isCutOff(path, now.size)) lost = cutOff
    last = now.size
    return lost
  }

  /** SQLite removes its log only when the last connection closes; ours is open. */
  function faultBeside(): string | undefined {
    for (const suffix of ['-wal', '-shm']) {
      const [now, known] = [statSync(path + suffix, { throwIfNoEntry: false }), beside.get(suffix)]
      if (known && !now) return `lost its ${suffix} file while it was in use`
      if (known && now && !isSame(now, known)) return `has another ${suffix} file now than the one that is in use`
      if (now) beside.set(suffix, now)
    }
    return undefined
  }

  faultBeside() // only to know them

  return {
    name: basename(path),
    path,
    fault,
    insist() {
      const found = fault()
      if (found) throw new DeadFile(basename(path), found)
    },
    check(read) {
      const found = fault() ?? faultBeside()
      if (found) return found
      const fresh = new Database(path, { readonly: true })
      try {
        fresh.run('PRAGMA busy_timeout = 30')
        read(fresh)
        return undefined
      } catch (error) {
        if (error instanceof Error && isDamage(error)) return `cannot be read any more (${error.message})`
        throw error
      } finally {
        fresh.close()
      }
    },
  }
}

const files = new WeakMap<Database, OpenFile>()
/** From now on nothing is written through the connection once its file is no longer there. */
export const guardFile = (client: Database, file: OpenFile): void => void files.set(client, file)
export const fileOf = (client: Database): OpenFile | undefined => files.get(client)

const isSame = (one: Stats, other: Stats) => one.ino === other.ino && one.dev === other.dev

/** It may shrink by itself, but never below what its own first page says; `immutable` reads the file alone, without its log. */
function isCutOff(path: string, size: number): boolean {
  if (size === 0) return true // opened alone, it would be a new one
  try {
    const url = `file:${encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent)}?immutable=1`
    const alone = new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
    try {
      const { page_count = 0 } = alone.query<{ page_count: number }, []>('PRAGMA page_count').get() ?? {}
      const { page_size = 0 } = alone.query<{ page_size: number }, []>('PRAGMA page_size').get() ?? {}
      return page_count === 0 || size < page_count * page_size
    } finally {
      alone.close()
    }
  } catch (error) {
    return error instanceof Error && isDamage(error)
  }
}
