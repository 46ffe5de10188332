/**
 * Brings a database to this version's schema: the missing migrations, then the triggers of `triggers.sql`.
 * `user_version` counts the applied migrations; the fact `triggers` is the hash of the file that the triggers were made from.
 */
import { Database } from 'bun:sqlite'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { installed } from '../src/installation.ts'
import journal from './migrations/meta/_journal.json' with { type: 'json' }
import { syncToDisk } from './sync.ts'

export type SchemaFiles = { migrations: MigrationMeta[]; triggers: string }

const migrationsFolder = installed('db/migrations')
let readMigrations: MigrationMeta[] | undefined
/** Those of this version: read once, because a process asks for them several times, also while it holds the write lock. */
export const migrations = (): MigrationMeta[] => (readMigrations ??= migrationsOfThisVersion())
export const schemaFiles = (): SchemaFiles => ({
  migrations: migrations(),
  triggers: readFileSync(installed('db/triggers.sql'), 'utf8'),
})

/** A bundle has the journal of its own version: an older one would bring the database to a schema it does not know. */
function migrationsOfThisVersion(): MigrationMeta[] {
  const found = readMigrationFiles({ migrationsFolder })
  if (found.length !== journal.entries.length)
    throw new Error(
      `${installed('dist')} was bundled from another version than ${migrationsFolder}. Bundle it again: bun run build`,
    )
  return found
}

export const schemaVersion = (client: Database) =>
  client.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0

export class NewerSchema extends Error {}

export function refuseNewer(version: number, known = migrations().length) {
  if (version > known)
    throw new NewerSchema(
      `fieldhouse.db has schema ${version}, but this version of Fieldhouse only knows ${known}. Start the newer version, or restore a backup.`,
    )
}

/** Makes a copy, then migrates in one transaction. Refuses while `othersRun`: those processes expect another schema. */
export function migrate(client: Database, dataDir: string, othersRun = () => false, files = schemaFiles()): void {
  const known = files.migrations.length
  const version = schemaVersion(client)
  refuseNewer(version, known)
  const triggersHash = new Bun.CryptoHasher('sha256').update(files.triggers).digest('hex')
  const isCurrent = () => schemaVersion(client) === known && appliedTriggers(client) === triggersHash
  const refuseOthers = () => {
    if (schemaVersion(client) > 0 && othersRun() && !isCurrent())
      throw new Error(
        `Another version of Fieldhouse is still running in ${dataDir}. Stop all its processes, then start this one.`,
      )
  }
  if (isCurrent()) return
  refuseOthers()
  if (version > 0 && version < known && !isCurrent()) copyBefore(client, dataDir, version)
  client.run('PRAGMA foreign_keys = OFF')
  client.run('BEGIN IMMEDIATE')
  try {
    // Asked again: meanwhile another process may have migrated, or one of another version may have started.
    if (!isCurrent()) {
      refuseOthers()
      applyMigrations(client, files)
      client.run(`INSERT OR REPLACE INTO facts (name, value) VALUES ('triggers', ?)`, [triggersHash])
    }
    client.run('COMMIT')
  } catch (error) {
    if (client.inTransaction) client.run('ROLLBACK') // on a full disk SQLite has rolled back itself
    throw error
  } finally {
    client.run('PRAGMA foreign_keys = ON')
  }
  removeUnfinishedCopies(dataDir)
}

function applyMigrations(client: Database, { migrations, triggers }: SchemaFiles) {
  const version = schemaVersion(client)
  refuseNewer(version, migrations.length)
  dropTriggers(client) // before the migrations, which may change the tables they name and the rows they guard
  const missing = migrations.slice(version)
  for (const { sql } of missing) for (const statement of sql) client.run(statement)
  const broken = missing.length ? client.query('PRAGMA foreign_key_check').all() : []
  if (broken.length) throw new Error(`The migration leaves ${broken.length} broken references`)
  client.run(triggers)
  client.run(`PRAGMA user_version = ${migrations.length}`)
}

const appliedTriggers = (client: Database) =>
  client.query<{ value: string }, []>(`SELECT value FROM facts WHERE name = 'triggers'`).get()?.value

/** Drops the views as well: `triggers.sql` makes both. */
function dropTriggers(client: Database) {
  const made = client.query<{ type: string; name: string }, []>(
    `SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')`,
  )
  for (const { type, name } of made.all()) client.run(`DROP ${type} "${name}"`)
}

const backupsOf = (dataDir: string) => join(dataDir, 'backups')

/** The copy is complete or absent: written next to its target, then renamed. */
function copyBefore(client: Database, dataDir: string, version: number) {
  const folder = backupsOf(dataDir)
  mkdirSync(folder, { recursive: true })
  const unfinished = join(folder, `.before-schema-${version + 1}.${crypto.randomUUID()}.db`)
  try {
    client.query('VACUUM INTO ?').run(unfinished)
    const copied = new Database(unfinished, { readonly: true })
    const isFromBefore = schemaVersion(copied) === version
    copied.close()
    if (!isFromBefore) return rmSync(unfinished)
    syncToDisk(unfinished) // VACUUM INTO does not
    renameSync(unfinished, join(folder, `before-schema-${version + 1}.db`))
    syncToDisk(folder)
  } catch (error) {
    for (const suffix of ['', '-journal']) rmSync(unfinished + suffix, { force: true }) // the disk may be full
    // Otherwise another process has migrated meanwhile: it made its own copy and deleted this one.
    if (schemaVersion(client) === version) throw error
  }
}

/** A start that was killed while copying leaves one behind. Call it after the commit, by which others know that they need no copy. */
function removeUnfinishedCopies(dataDir: string) {
  const folder = backupsOf(dataDir)
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (name.startsWith('.before-schema-')) rmSync(join(folder, name), { force: true })
}
