import { type Config, settings } from '../../config.ts'
import { job } from '../../context.ts'
import { programFile } from '../../installation.ts'
import { runProgram } from '../../platform/process/child-process.ts'
import { envOf } from '../../platform/settings.ts'

const backupScript = programFile('scripts/backup.ts')

type BackupMessage = { percent: number; stage: string } | { result: object }

/**
 * A backup, made by a process of its own: copying a large database keeps a thread busy for seconds. That process takes the
 * lock, so a killed one frees it at once, and `bun run backup` waits for it. It leaves nothing that counts as a backup.
 */
export const backUp = job('backups.make', {
  once: () => 'backup',
  backoff: '5m',
  run: (_, { config }, { signal, progress }) => runBackup(config, [], signal, progress),
})

/** The same, sent to the S3 store of `BACKUP_S3_URL`. */
export const sendBackupAway = job('backups.send', {
  once: () => 'backup to S3',
  backoff: '5m',
  run: (_, { config }, { signal, progress }) => runBackup(config, ['s3'], signal, progress),
})

type Progress = (percent: number, stage: string) => void
async function runBackup(config: Config, args: string[], signal: AbortSignal, progress: Progress): Promise<object> {
  let result: object | undefined
  const { stderr, exit } = await runProgram<BackupMessage>(
    [backupScript, ...args],
    envOf(settings, config, backupSettings),
    signal,
    message => {
      if ('stage' in message) progress(message.percent, message.stage)
      else result = message.result
    },
  )
  if (!result) throw new Error(stderr || `The backup ended early (${exit})`)
  return result
}

const backupSettings = [
  'dataDir',
  'backupKeep',
  'backupS3Url',
  'backupS3AccessKey',
  'backupS3SecretKey',
  'backupS3Region',
  'backupS3KeepDays',
] as const
