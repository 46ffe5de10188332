/**
 * `bun run restore <folder or .tar>`: restores a backup into an empty DATA_DIR. `bun run restore s3` takes the newest from the store
 * of BACKUP_S3_URL, `bun run restore s3:2026-11-28T20-20-00.000Z` that one.
 */
import { resolve } from 'node:path'
import { makeDataFolder } from '../db/open-errors.ts'
import { type Config, readConfig } from '../src/config.ts'
import { type FetchFiles, fromPath, restoreBackup } from '../src/monitor/backups/restore.ts'
import { lockRestore } from '../src/monitor/backups/restore-at-start.ts'
import { fetchBackup, openS3Store } from '../src/monitor/backups/s3-backup.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { words: 1 })

const [source] = process.argv.slice(2)
if (!source) {
  console.error(`Which backup?\n\n${helpOf(import.meta.path)}`)
  process.exit(misused)
}
const filesFrom = (config: Config, source: string): FetchFiles => {
  const s3 = /^s3(?::(.+))?$/.exec(source)
  if (!s3) return fromPath(resolve(source))
  if (!config.backupS3Url) throw new Error('Set BACKUP_S3_URL and its keys first')
  return folder => fetchBackup(openS3Store(config), folder, s3[1])
}

try {
  const config = readConfig(process.env)
  const { dataDir } = config
  const fetchFiles = filesFrom(config, source)
  makeDataFolder(dataDir)
  const release = lockRestore(dataDir)
  const { manifest, bytes } = await restoreBackup(fetchFiles, dataDir, Date.now()).finally(release)
  console.log(
    `Restored ${manifest.files.length} files (${(bytes / 1e6).toFixed(1)} MB) of ${manifest.made_at} into ${dataDir}`,
  )
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
