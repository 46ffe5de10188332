/**
 * A backup is a folder in `DATA_DIR/backups`: copies of the databases, the uploaded files, a manifest of checksums. It is made
 * under a name that starts with a dot and renamed when everything is on disk: a name without a dot is complete.
 */
import { Database } from 'bun:sqlite'
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCodeOf } from '../../../db/open-errors.ts'
import { syncToDisk } from '../../../db/sync.ts'
import { messageOf } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import {
  backupName,
  backupNames,
  backupsFolder,
  bytesOf,
  type Manifest,
  namePattern,
  requestedBackup,
} from './stored-backups.ts'

/** Copied in this order: what `fieldhouse.db` refers to is already in `scores.db`, and stays while the backup lock is held. */
const databases = ['fieldhouse.db', 'scores.db']
const uploads = 'uploads'

type FileEntry = Manifest['files'][number]

export type ReportProgress = (percent: number, stage: string) => void

type BackupOptions = {
  dataDir: string
  version: string
  at: number
  keep: number
  signal: AbortSignal
  report: ReportProgress
}

/**
 * Makes a backup and deletes those beyond `keep`. One that cannot be deleted does not fail the new one: `not_deleted` says why.
 * Call it under the lock `backup`, in a thread that nobody waits for.
 */
export async function makeBackup({ dataDir, version, at, keep, signal, report }: BackupOptions) {
  const folder = backupsFolder(dataDir)
  mkdirSync(folder, { recursive: true })
  const not_deleted: string[] = []
  const remove = (name: string): boolean => {
    const path = join(folder, name)
    const incomplete = name.startsWith('.') ? path : join(folder, `.${name}`)
    try {
      if (path !== incomplete) renameSync(path, incomplete) // a kill may leave half of it
      rmSync(incomplete, { recursive: true })
      return true
    } catch (error) {
      not_deleted.push(messageOf(error))
      return false
    }
  }
  for (const name of readdirSync(folder).filter(isUnfinishedFolder)) remove(name)
  const made_at = iso(at)
  const name = backupName(at)
  const unfinished = join(folder, `.${name}`)
  mkdirSync(unfinished, { mode: 0o700 })
  try {
    const files: FileEntry[] = []
    const { schema, paths: copies } = copyDatabases(dataDir, unfinished, report)
    for (const path of copies) files.push(await entryOf(unfinished, path))

    const uploaded = uploadedFiles(dataDir)
    for (const [i, path] of uploaded.entries()) {
      signal.throwIfAborted()
      report(50 + (45 * i) / uploaded.length, 'uploaded files')
      if (await linkUpload(dataDir, unfinished, path)) files.push(await entryOf(unfinished, path))
    }

    report(95, 'manifest')
    const manifest: Manifest = { format: 1, fieldhouse: version, schema, made_at, files }
    await Bun.write(join(unfinished, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
    for (const path of ['manifest.json', ...copies, '.']) syncToDisk(join(unfinished, path))
    signal.throwIfAborted()
    renameSync(unfinished, join(folder, name))
    syncToDisk(folder)
    const deleted = oldBackups(dataDir, keep, name).filter(remove).length
    return { name, bytes: bytesOf(manifest), files: files.length, deleted, not_deleted }
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** Copies the databases and checks the copies; returns the schema version of the first and which were copied. */
export function copyDatabases(
  dataDir: string,
  into: string,
  report: ReportProgress,
): { schema: number; paths: string[] } {
  const paths = databases.filter(name => existsSync(join(dataDir, name)))
  for (const [i, name] of paths.entries()) {
    report(i * 20, `copying ${name}`)
    copyDatabase(join(dataDir, name), join(into, name))
  }
  report(40, 'checking the copies')
  const [schema = 0] = paths.map(name => checkDatabase(join(into, name)))
  return { schema, paths }
}

/**
 * Copies page by page, so that an unchanged page is an unchanged piece of the copy. While a read transaction is open no checkpoint
 * overwrites what it can see and the WAL is not restarted: file and WAL together are the database at one moment of the copy.
 */
function copyDatabase(from: string, to: string) {
  const source = new Database(from, { readwrite: true, create: false })
  try {
    source.run('PRAGMA busy_timeout = 10000') // the last process to end copies the log into the file
    source.run('BEGIN')
    source.query('SELECT count(*) FROM sqlite_schema').get()
    copyFileSync(from, to)
    if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`)
    source.run('ROLLBACK')
  } finally {
    source.close()
  }
  const copy = new Database(to, { readwrite: true, create: false })
  copy.run('PRAGMA journal_mode = DELETE') // what its log holds goes into the file
  copy.close()
}

/** Throws if the file is not a complete database; returns its schema version. */
export function checkDatabase(path: string): number {
  const copy = new Database(path, { readonly: true })
  try {
    const faults = copy.query<{ integrity_check: string }, []>('PRAGMA integrity_check(5)').all()
    const [first] = faults
    if (first?.integrity_check !== 'ok') throw new Error(`${path} is damaged: ${first?.integrity_check}`)
    return copy.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
  } finally {
    copy.close()
  }
}

/** Their paths in the data folder. */
export const uploadedFiles = (dataDir: string): string[] =>
  filesBelow(join(dataDir, uploads)).map(path => join(uploads, path))

/** The paths of all files below a folder, except those that are still being written. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !entry.name.endsWith('.part'))
      .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort()
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Uploaded files never change: a hard link is as good as a copy, and takes no space. False: it was deleted in the meantime. */
async function linkUpload(dataDir: string, into: string, path: string): Promise<boolean> {
  const [from, to] = [join(dataDir, path), join(into, path)]
  mkdirSync(dirname(to), { recursive: true })
  try {
    linkSync(from, to)
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false
    await copyFile(from, to) // a file system without links, or too many of them
    syncToDisk(to)
  }
  return true
}

export async function entryOf(folder: string, path: string): Promise<FileEntry> {
  const file = Bun.file(join(folder, path))
  const hash = new Bun.CryptoHasher('sha256')
  let bytes = 0
  for await (const chunk of file.stream()) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

/** Left by a killed process: under the lock nobody else is making one. */
const isUnfinishedFolder = (name: string) => name.startsWith('.') && namePattern.test(name.slice(1))

/**
 * The names of all but the newest and the one that the next start restores, and of older copies from before a migration.
 * `made` is the one just made: backups with a later name are from a clock that was ahead, and count as the oldest.
 */
function oldBackups(dataDir: string, keep: number, made: string): string[] {
  const folder = backupsFolder(dataDir)
  const names = backupNames(dataDir).sort((a, b) => Number(a > made) - Number(b > made))
  const oldest = names[keep - 1]
  const since = oldest === undefined ? 0 : statSync(join(folder, oldest)).mtimeMs
  const copies = readdirSync(folder).filter(
    name => /^\.?before-schema-/.test(name) && statSync(join(folder, name)).mtimeMs < since,
  )
  const requested = requestedBackup(dataDir)
  return [...names.slice(keep).filter(name => name !== requested), ...copies]
}
