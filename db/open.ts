import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { guardFile, openFile } from './file.ts'
import { migrate, refuseNewer, schemaVersion } from './migrate.ts'
import { explainOpenErrors, makeDataFolder } from './open-errors.ts'
import * as schema from './schema.ts'
import { TimedDatabase } from './statement-times.ts'
import { useWriteAheadLog } from './write-ahead-log.ts'

Database.MAX_QUERY_CACHE_SIZE = 500 // prepared statements kept per connection, a few kB each; Bun's default is 20

const open = (path: string, readonly: boolean): Database => {
  const client = new TimedDatabase(path, readonly ? { readonly: true } : { create: true, readwrite: true })
  client.prepare = client.query // drizzle prepares a query each time it runs; `query` caches it by its text
  client.run('PRAGMA busy_timeout = 10000') // while opening: another process may be making or migrating the file
  client.run('PRAGMA foreign_keys = ON')
  client.run('PRAGMA cache_size = -16000') // 16 MB
  client.run('PRAGMA temp_store = MEMORY')
  client.run('PRAGMA mmap_size = 268435456')
  return client
}

export type Db = ReturnType<typeof wrap>
const wrap = (client: Database) => drizzle({ client, schema })

/** Once the file is open nothing blocks the event loop for long: `atomically` waits for other writers on a timer. */
function opened(client: Database): Db {
  client.run('PRAGMA busy_timeout = 30')
  return wrap(client)
}

export const databaseFile = (dataDir: string) => join(dataDir, 'fieldhouse.db')

/**
 * Opens `fieldhouse.db` and brings it to this version's schema, unless another version is running in the folder (`othersRun`).
 * A commit does not wait for the disk: `atomically` syncs the log in another thread.
 */
export function openDatabase(dataDir: string, othersRun: () => boolean = () => false): Db {
  makeDataFolder(dataDir)
  return explainOpenErrors(databaseFile(dataDir), () => {
    const client = open(databaseFile(dataDir), false)
    useWriteAheadLog(client)
    refuseLostDatabase(client, dataDir)
    migrate(client, dataDir, othersRun)
    client.run('PRAGMA synchronous = NORMAL')
    client.run('PRAGMA wal_autocheckpoint = 4000') // pages: 16 MB; the reader thread does it sooner (`wal-checkpoints.ts`)
    guardFile(client, openFile(databaseFile(dataDir)))
    return opened(client)
  })
}

/** Leaves an empty write-ahead log, unless another process still reads it. */
export function closeDatabase({ $client: client }: Db): void {
  try {
    client.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // The disk is full: the log is read at the next start.
  }
  client.close()
}

/** A new database next to an old `scores.db` knows none of its snapshots, so the cleanup would delete them all. */
function refuseLostDatabase(client: Database, dataDir: string) {
  const isNew = () => schemaVersion(client) === 0
  // Checked twice: another process that opens the same new folder may just have made both files.
  if (!isNew() || !existsSync(join(dataDir, 'scores.db')) || !isNew()) return
  client.close()
  throw new Error(
    `${dataDir} has scores.db, but its fieldhouse.db is missing or empty. Put it back, or restore the newest backup into an empty folder: bun run restore`,
  )
}

/** Opens an existing `fieldhouse.db` for a script that runs next to the service. It may write, but never migrates. */
export function openBeside(dataDir: string): Db {
  return explainOpenErrors(databaseFile(dataDir), () => {
    const client = open(databaseFile(dataDir), false)
    refuseNewer(schemaVersion(client))
    return opened(client)
  })
}

/** For the thread of bulk writes. A commit waits for the disk; the log is copied afterwards, or by Litestream. */
export function openBulkConnection(dataDir: string): Db {
  const db = openBeside(dataDir)
  db.$client.run('PRAGMA wal_autocheckpoint = 0')
  return db
}

/** Read-only, for worker threads; sees only committed data. */
export const openReader = (dataDir: string): Db => opened(open(databaseFile(dataDir), true))
