/** The backups in the folder: their names, what their manifests say, and which one the next start restores. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, t } from 'elysia'
import { writeDurably } from '../../../db/sync.ts'
import { iso } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'

export const backupsFolder = (dataDir: string) => join(dataDir, 'backups')

const sha256Schema = t.String({ pattern: '^[0-9a-f]{64}$' })

export const manifestSchema = t.Object({
  format: t.Literal(1),
  fieldhouse: t.String({ description: 'The version that made it' }),
  schema: t.Integer({ minimum: 0, description: 'Migrations that fieldhouse.db had' }),
  made_at: dateTimeSchema,
  files: t.Array(
    t.Object({
      path: t.String({ pattern: '^(?!/)(?!(.*/)?\\.\\.(/|$)).+$', description: 'Within the folder' }),
      bytes: t.Integer({ minimum: 0 }),
      sha256: sha256Schema,
      pieces: t.Optional(t.Array(sha256Schema, { description: 'What a store holds of it, in order' })),
    }),
  ),
})
export type Manifest = Static<typeof manifestSchema>

export const bytesOf = ({ files }: Manifest) => files.reduce((sum, { bytes }) => sum + bytes, 0)

export const namePattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/
/** Sorts by time, suits every file system. */
export const backupName = (at: number) => iso(at).replaceAll(':', '-')
export const timeOfBackup = (name: string) => Date.parse(name.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:'))

/** The names of all complete backups, newest first. */
export function backupNames(dataDir: string): string[] {
  try {
    return readdirSync(backupsFolder(dataDir))
      .filter(name => namePattern.test(name))
      .sort()
      .reverse()
  } catch {
    return []
  }
}

export const backupSchema = t.Object({
  name: t.String(),
  made_at: dateTimeSchema,
  bytes: t.Integer(),
  files: t.Integer(),
  version: t.String({ description: 'Of the Fieldhouse that made it' }),
  schema: t.Integer(),
})
export type BackupView = Static<typeof backupSchema>
type Backup = { name: string; manifest: Manifest }

/** Newest first. */
export async function listBackups(dataDir: string): Promise<BackupView[]> {
  const found = await Promise.all(backupNames(dataDir).map(name => backupNamed(dataDir, name)))
  return found.filter(backup => backup !== undefined).map(backupView)
}

export async function backupNamed(dataDir: string, name: string): Promise<Backup | undefined> {
  const file = Bun.file(join(backupsFolder(dataDir), name, 'manifest.json'))
  const manifest: Manifest | undefined = await file.json().catch(() => undefined) // removed in the meantime
  return manifest && { name, manifest }
}

const backupView = ({ name, manifest }: Backup): BackupView => ({
  name,
  made_at: manifest.made_at,
  bytes: bytesOf(manifest),
  files: manifest.files.length,
  version: manifest.fieldhouse,
  schema: manifest.schema,
})

/** Which backup the next start restores: a file in the data folder, so that it is known before any database is opened. */

/** Names of folders for what a backup has replaced start like this. */
export const replacedPrefix = 'replaced-'

export const requestFile = 'restore-at-start.json'

export type RestoreRequest = { backup: string; aside: string }
export const requestPath = (dataDir: string) => join(dataDir, requestFile)

export const requestedBackup = (dataDir: string): string | undefined => readRequest(dataDir)?.backup

export function readRequest(dataDir: string): RestoreRequest | undefined {
  const path = requestPath(dataDir)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

export const withdrawRestoreRequest = (dataDir: string): void => rmSync(requestPath(dataDir), { force: true })

export function requestRestore(dataDir: string, backup: string, at: number): void {
  const request: RestoreRequest = { backup, aside: `${replacedPrefix}${backupName(at)}` }
  writeDurably(requestPath(dataDir), JSON.stringify(request))
}
