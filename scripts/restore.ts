/** `bun run restore <folder or .tar>`: fills an empty DATA_DIR with a backup. */
import { resolve } from 'node:path'
import { readConfig } from '../src/config.ts'
import { restoreBackup } from '../src/monitor/backups/restore.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { words: 1 })

const [source] = process.argv.slice(2)
if (!source) {
  console.error(`Which backup?\n\n${helpOf(import.meta.path)}`)
  process.exit(misused)
}
try {
  const { dataDir } = readConfig(process.env)
  const { manifest, bytes } = await restoreBackup(resolve(source), dataDir, Date.now())
  console.log(
    `Restored ${manifest.files.length} files (${(bytes / 1e6).toFixed(1)} MB) of ${manifest.made_at} into ${dataDir}`,
  )
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
