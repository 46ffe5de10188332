import { Database } from 'bun:sqlite'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { guardFile, openFile } from './file.ts'
import { explainOpenErrors, isBusy, makeDataFolder } from './open-errors.ts'
import * as schema from './schema.ts'

const open = (path: string, readonly: boolean) => {
  const client = new Database(path, readonly ? { readonly: true } : { create: true, readwrite: true })
  client.run('PRAGMA busy_timeout = 10000') // while opening: another process may be making or migrating the file
  client.run('PRAGMA foreign_keys = ON')
  client.run('PRAGMA cache_size = -16000') // 16 MB
  client.run('PRAGMA temp_store = MEMORY')
  client.run('PRAGMA mmap_size = 268435456')
  return client
}

export type Db = ReturnType<typeof wrap>
const wrap = (client: Database) => drizzle({ client, schema })

/** From now on nothing sleeps on the event loop for long: patience is in `atomically`. */
function settled(client: Database): Db {
  client.run('PRAGMA busy_timeout = 30')
  return wrap(client)
}

export const databaseFile = (dataDir: string) => join(dataDir, 'fieldhouse.db')

/**
 * Opens `fieldhouse.db`, brought to the newest schema, unless an older version is at work in it (`othersRun`). Accepted work must
 * survive a power cut: synchronous=FULL.
 */
export function openDatabase(dataDir: string, othersRun: () => boolean = () => false): Db {
  makeDataFolder(dataDir)
  return explainOpenErrors(databaseFile(dataDir), () => {
    const client = open(databaseFile(dataDir), false)
    useWriteAheadLog(client)
    client.run('PRAGMA synchronous = FULL')
    refuseRemains(client, dataDir)
    migrate(client, dataDir, migrations(), othersRun)
    guardFile(client, openFile(databaseFile(dataDir)))
    return settled(client)
  })
}

/** Leaves an empty log, unless another process still reads it. */
export function closeDatabase({ $client: client }: Db): void {
  try {
    client.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // The disk is full: what the log holds is there at the next start.
  }
  client.close()
}

/** A new database beside what an old one knew of would in time sweep it all away as nobody's. */
function refuseRemains(client: Database, dataDir: string) {
  const isNew = () => versionOf(client) === 0
  // Asked again: another process that opens a new folder too may just have made both.
  if (!isNew() || !existsSync(join(dataDir, 'scores.db')) || !isNew()) return
  client.close()
  throw new Error(
    `${dataDir} has scores.db, but its fieldhouse.db is missing or empty. Put it back, or restore the newest backup into an empty folder: bun run restore`,
  )
}

/** The one change that SQLite refuses at once, whatever the timeout, while another process makes it too. */
function useWriteAheadLog(client: Database) {
  for (const deadline = performance.now() + 10_000; ; Bun.sleepSync(10)) {
    try {
      return client.run('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
  }
}

/** Opens an existing `fieldhouse.db` beside whoever runs: to be written to, but not migrated. */
export function openBeside(dataDir: string): Db {
  return explainOpenErrors(databaseFile(dataDir), () => {
    const client = open(databaseFile(dataDir), false)
    refuseNewer(versionOf(client))
    return settled(client)
  })
}

/** For worker threads: reads what is committed, can change nothing. */
export const openReader = (dataDir: string): Db => settled(open(databaseFile(dataDir), true))

export class NewerSchema extends Error {}

const migrationsFolder = join(import.meta.dir, 'migrations')
export const migrations = (): MigrationMeta[] => readMigrationFiles({ migrationsFolder })

const versionOf = (client: Database) =>
  client.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0

function refuseNewer(version: number, known = migrations().length) {
  if (version > known)
    throw new NewerSchema(
      `fieldhouse.db has schema ${version}, this version of Fieldhouse knows ${known}. Start the newer version, or restore a backup.`,
    )
}

/** `user_version` counts the migrations applied. Runs what is missing in one transaction, after taking a copy. */
export function migrate(client: Database, dataDir: string, all = migrations(), othersRun = () => false): void {
  const version = versionOf(client)
  refuseNewer(version, all.length)
  if (version === all.length) return
  if (version > 0 && othersRun()) {
    if (versionOf(client) === all.length) return // another process of this very version was first
    throw new Error(
      `An older version of Fieldhouse is still at work in ${dataDir}. Stop all its processes, then start this one.`,
    )
  }
  if (version > 0) copyBefore(client, dataDir, version)
  client.run('PRAGMA foreign_keys = OFF')
  client.run('BEGIN IMMEDIATE')
  try {
    // Read again: another process may have migrated meanwhile.
    for (const migration of all.slice(versionOf(client))) for (const statement of migration.sql) client.run(statement)
    const broken = client.query('PRAGMA foreign_key_check').all()
    if (broken.length) throw new Error(`The migration leaves ${broken.length} broken references`)
    client.run(`PRAGMA user_version = ${all.length}`)
    client.run('COMMIT')
  } catch (error) {
    client.run('ROLLBACK')
    throw error
  }
  client.run('PRAGMA foreign_keys = ON')
}

/** Whole or not there: written beside its place, then renamed. */
function copyBefore(client: Database, dataDir: string, version: number) {
  const folder = join(dataDir, 'backups')
  mkdirSync(folder, { recursive: true })
  const copy = join(folder, `before-schema-${version + 1}.db`)
  const unfinished = join(folder, `.before-schema-${version + 1}.${crypto.randomUUID()}.db`)
  client.query('VACUUM INTO ?').run(unfinished)
  const copied = new Database(unfinished, { readonly: true })
  const isFromBefore = versionOf(copied) === version // else another process has migrated, and taken its copy, meanwhile
  copied.close()
  if (!isFromBefore) return rmSync(unfinished)
  const file = openSync(unfinished, 'r+')
  fsyncSync(file) // VACUUM INTO does not
  closeSync(file)
  renameSync(unfinished, copy)
}
