import { join } from 'node:path'
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { raise } from '../../alerts.ts'
import { type Config, settings } from '../../config.ts'
import { job } from '../../context.ts'
import { runProgram } from '../../platform/process/child-process.ts'
import { envOf } from '../../platform/settings.ts'

const backupScript = join(import.meta.dir, '../../../scripts/backup.ts')

type BackupMessage = { percent: number; stage: string } | { made: object }

/**
 * A backup, made by a process of its own: copying a large database keeps a thread busy for seconds. That process takes the
 * lock, so one that is killed frees it at once, and `bun run backup` waits for it. It leaves nothing then that counts as a backup.
 */
export const backUp = job('backups.make', {
  input: t.Object({}),
  once: () => 'backup',
  backoff: '5m',
  run: (_, { config }, { signal, progress }) => runBackup(config, [], signal, progress),
})

/** The same, sent to the S3 store of `BACKUP_S3_URL`. */
export const sendBackupAway = job('backups.send', {
  input: t.Object({}),
  once: () => 'backup to S3',
  backoff: '5m',
  run: (_, { config }, { signal, progress }) => runBackup(config, ['s3'], signal, progress),
})

type Progress = (percent: number, stage: string) => void
async function runBackup(config: Config, args: string[], signal: AbortSignal, progress: Progress): Promise<object> {
  let made: object | undefined
  const { complaint, ended } = await runProgram<BackupMessage>(
    [backupScript, ...args],
    envOf(settings, config, needed),
    signal,
    message => {
      if ('stage' in message) progress(message.percent, message.stage)
      else made = message.made
    },
  )
  if (!made) throw new Error(complaint || `The backup ended early (${ended})`)
  return made
}

const needed = [
  'dataDir',
  'backupKeep',
  'backupS3Url',
  'backupS3AccessKey',
  'backupS3SecretKey',
  'backupS3Region',
  'backupS3KeepDays',
] as const

/** It stays until an admin has seen it. */
export const raiseRestoreFailure = (db: Db, at: number, message: string) =>
  atomically(db, tx =>
    raise(tx, at, {
      key: 'job_failed:restore:start',
      type: 'job_failed',
      severity: 'error',
      title: 'A backup was not restored',
      message,
    }),
  )
