/**
 * Restores a backup into a folder. Everything is copied next to its target and checked there before the first file takes its
 * place, so a refused backup leaves nothing behind.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { migrations } from '../../../db/migrate.ts'
import { databaseFile, openBeside } from '../../../db/open.ts'
import { isFull, makeDataFolder } from '../../../db/open-errors.ts'
import { syncToDisk, writeDurably } from '../../../db/sync.ts'
import { unpackTar } from '../../platform/files/tar.ts'
import { checkDatabase, entryOf } from './backup.ts'
import { bytesOf, type Manifest, manifestSchema, replacedPrefix, requestFile } from './stored-backups.ts'

class BadBackup extends Error {}

const manifestName = 'manifest.json'
const noManifest = `This is not a backup: it has no ${manifestName}`
export const stagingFolder = (dataDir: string) => join(dataDir, '.restoring')
/** In the staging folder: what goes from there into an empty folder, so that a restore that was killed can be run again. */
const namesFile = 'taking-their-place.json'

/** May be in a folder that counts as empty. */
const ignored = new Set(['backups', 'lost+found', '.restoring', 'run', requestFile])
export const existingFiles = (dataDir: string): string[] =>
  readdirSync(dataDir).filter(name => !ignored.has(name) && !name.startsWith(replacedPrefix))

export type Restored = { manifest: Manifest; bytes: number }

/** Puts the files of a backup into a folder; returns their paths. */
export type FetchFiles = (folder: string) => string[] | Promise<string[]>

/** `moveAside`: empties the folder once the backup is known to be complete; without it the folder has to be empty. */
export async function restoreBackup(
  fetchFiles: FetchFiles,
  dataDir: string,
  at: number,
  moveAside?: () => void,
): Promise<Restored> {
  makeDataFolder(dataDir)
  if (!moveAside) {
    clearHalfRestored(dataDir)
    requireEmpty(dataDir)
  }
  const staging = stagingFolder(dataDir)
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { mode: 0o700 })
  try {
    const present = await fetchFiles(staging)
    const manifest = await readManifest(staging, present)
    await checkFiles(staging, present, manifest)
    clearOldState(staging, at, manifest)
    rmSync(join(staging, manifestName))
    for (const { path } of manifest.files) syncToDisk(join(staging, path))
    moveAside?.()
    // fieldhouse.db last: without it the folder is no installation yet.
    const names = readdirSync(staging).sort((a, b) => Number(a === 'fieldhouse.db') - Number(b === 'fieldhouse.db'))
    if (!moveAside) {
      requireEmpty(dataDir) // a start that was under way may have made a new database
      writeDurably(join(staging, namesFile), JSON.stringify(names))
    }
    for (const name of names) renameSync(join(staging, name), join(dataDir, name))
    syncToDisk(dataDir)
    return { manifest, bytes: bytesOf(manifest) }
  } catch (error) {
    throw isFull(error)
      ? new BadBackup(`The disk of ${dataDir} is full: make room for the backup, then try again`)
      : error
  } finally {
    if (!moveAside) clearHalfRestored(dataDir)
    rmSync(staging, { recursive: true, force: true })
  }
}

function requireEmpty(dataDir: string): void {
  const found = existingFiles(dataDir)
  if (found.length)
    throw new BadBackup(`${dataDir} is not empty (${found.join(', ')}); a backup is restored into an empty folder`)
}

/** Removes what a killed restore had put into an empty folder. */
function clearHalfRestored(dataDir: string): void {
  const staging = stagingFolder(dataDir)
  if (existsSync(databaseFile(dataDir)) || !existsSync(join(staging, namesFile))) return
  const names: string[] = JSON.parse(readFileSync(join(staging, namesFile), 'utf8'))
  for (const name of names)
    if (!existsSync(join(staging, name))) rmSync(join(dataDir, name), { recursive: true, force: true })
}

/** Also what a link leads to. To read a pipe or a device would never end. */
const isFile = (path: string) => existsSync(path) && statSync(path).isFile()

/** Copies a folder or unpacks an archive. */
export const fromPath = (source: string): FetchFiles => {
  if (!existsSync(source)) throw new BadBackup(`There is nothing at ${source}`)
  const isFolder = statSync(source).isDirectory()
  if (!isFolder && !isFile(source)) throw new BadBackup(`${source} is neither a folder nor an archive`)
  if (isFolder && !existsSync(join(source, manifestName))) throw new BadBackup(noManifest) // before all of it is copied
  return staging => copyOrUnpack(source, staging)
}

function copyOrUnpack(source: string, staging: string): string[] {
  if (!statSync(source).isDirectory()) return unpackTar(source, staging)
  const paths = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(join(source, '/').length))
  for (const path of paths) {
    if (!isFile(join(source, path))) throw new BadBackup(`The backup holds ${path}, which is not a file`)
    mkdirSync(dirname(join(staging, path)), { recursive: true })
    copyFileSync(join(source, path), join(staging, path))
  }
  return paths
}

async function readManifest(staging: string, present: readonly string[]): Promise<Manifest> {
  const file = Bun.file(join(staging, manifestName))
  if (!(await file.exists())) {
    const inner = present.find(path => path.endsWith(`/${manifestName}`))
    throw new BadBackup(
      inner ? `${noManifest}. Unpack it and restore its folder ${dirname(inner)}, which is one` : noManifest,
    )
  }
  const manifest: unknown = await file.json().catch(() => undefined)
  if (!Value.Check(manifestSchema, manifest)) throw new BadBackup('The manifest of this backup cannot be read')
  const knownSchemas = migrations().length
  if (manifest.schema > knownSchemas)
    throw new BadBackup(
      `This backup has schema ${manifest.schema} (Fieldhouse ${manifest.fieldhouse}), this version knows ${knownSchemas}. Restore it with the newer version.`,
    )
  if (!manifest.files.some(({ path }) => path === 'fieldhouse.db'))
    throw new BadBackup('This backup is without fieldhouse.db')
  return manifest
}

async function checkFiles(staging: string, present: readonly string[], { files }: Manifest): Promise<void> {
  const expected = new Set([manifestName, ...files.map(({ path }) => path)])
  const stray = present.find(path => !expected.has(path))
  if (stray) throw new BadBackup(`The backup holds ${stray}, which its manifest does not name`)
  for (const file of files) await checkFile(staging, file)
  for (const { path } of files) if (path.endsWith('.db')) checkDatabase(join(staging, path))
}

async function checkFile(staging: string, { path, bytes, sha256 }: Manifest['files'][number]) {
  if (!isFile(join(staging, path))) throw new BadBackup(`${path} is missing from this backup`)
  const found = await entryOf(staging, path)
  if (found.bytes !== bytes) throw new BadBackup(`${path} has ${found.bytes} bytes, its manifest says ${bytes}`)
  if (found.sha256 !== sha256) throw new BadBackup(`${path} is damaged: its checksum differs from the manifest`)
}

/**
 * Removes what must not come back: sign-ins that ended and password links that were used since, and processes and locks of that time. The installation gets a new
 * id, so that nothing cached in Redis from before is ever served. In plain SQL, as the schema may be an earlier one.
 */
function clearOldState(staging: string, at: number, { made_at, fieldhouse }: Manifest) {
  const { $client: client } = openBeside(staging)
  try {
    const exists = client.query('select 1 from sqlite_schema where name = ?')
    for (const table of ['sessions', 'password_links', 'processes', 'task_locks'])
      if (exists.get(table)) client.run(`delete from ${table}`)
    client.run(`insert or replace into facts (name, value) values ('installation', ?)`, [crypto.randomUUID()])
    client.run(
      `insert into audit_log (at, username, action, target, detail, result) values (?, 'fieldhouse', 'backup.restore', ?, ?, 'ok')`,
      [at, `backup of ${made_at}`, JSON.stringify({ fieldhouse })],
    )
  } finally {
    client.close()
  }
}
