/** The backups that lie in the folder. */
import { join } from 'node:path'
import { type Static, t } from 'elysia'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { backupNames, backupsFolder, type Manifest } from './backup.ts'

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

/** The newest first. */
export async function listBackups(dataDir: string): Promise<BackupView[]> {
  const found = await Promise.all(backupNames(dataDir).map(name => backupNamed(dataDir, name)))
  return found.filter(backup => backup !== undefined).map(viewOf)
}

export async function backupNamed(dataDir: string, name: string): Promise<Backup | undefined> {
  const file = Bun.file(join(backupsFolder(dataDir), name, 'manifest.json'))
  const manifest: Manifest | undefined = await file.json().catch(() => undefined) // removed meanwhile
  return manifest && { name, manifest }
}

const viewOf = ({ name, manifest: { made_at, files, fieldhouse, schema } }: Backup): BackupView => ({
  name,
  made_at,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  files: files.length,
  version: fieldhouse,
  schema,
})
