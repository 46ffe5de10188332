/**
 * `bun run backup`: makes a backup in DATA_DIR/backups. The server may run or not. `bun run backup s3` sends one to the store of
 * BACKUP_S3_URL instead. The scheduled jobs run this script as a separate process, so that no request waits for it.
 */
import { existsSync } from 'node:fs'
import { and, like, ne } from 'drizzle-orm'
import { type Db, databaseFile, openBeside } from '../db/open.ts'
import { systemAlerts } from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import packageJson from '../package.json' with { type: 'json' }
import { clearAlert, raiseAlert } from '../src/alerts.ts'
import { readConfig } from '../src/config.ts'
import { messageOf } from '../src/errors.ts'
import { locks } from '../src/locks.ts'
import { makeBackup, type ReportProgress } from '../src/monitor/backups/backup.ts'
import { openS3Store, sendBackup } from '../src/monitor/backups/s3-backup.ts'
import { minute, systemClock } from '../src/platform/clock.ts'
import { type Lease, type Locks, openLocks } from '../src/platform/jobs/task-locks.ts'
import { exitWithParent } from '../src/platform/process/child-process.ts'
import { holdProcessLock, isProcessDead } from '../src/platform/process/process-lock.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { words: 1 })
exitWithParent()

const [target] = process.argv.slice(2)
if (target !== undefined && target !== 's3') {
  console.error(`${target} is not understood.\n\n${helpOf(import.meta.path)}`)
  process.exit(misused)
}

const lockTimeout = 30 * minute // to wait for another backup
const toJob = process.send?.bind(process) // set if a job started this process
const failures = `job_failed:backups.${target ? 'send' : 'make'}:` // the keys of the job's own alerts start like this too

async function backup() {
  const config = readConfig(process.env)
  const { dataDir, backupKeep: keep, backupS3KeepDays: keepDays } = config
  if (target && !config.backupS3Url) throw new Error('Set BACKUP_S3_URL and its keys first')
  if (!existsSync(databaseFile(dataDir))) throw new Error(`There is nothing to back up in ${dataDir}`)
  const id = Bun.randomUUIDv7()
  const releaseProcessLock = holdProcessLock(dataDir, id)
  const db = openBeside(dataDir)
  const report: ReportProgress = (percent, stage) => toJob?.({ percent, stage })
  let lease: Lease | undefined
  try {
    lease = await waitForLock(
      openLocks(db, systemClock, id, owner => isProcessDead(dataDir, owner)),
      report,
    )
    const { version } = packageJson
    const options = { dataDir, version, at: Date.now(), signal: lease.signal, report }
    const result = target
      ? await sendBackup(openS3Store(config), { ...options, keepDays })
      : await makeBackup({ ...options, keep })
    await atomically(db, tx => {
      settleFailures(tx, Date.now())
      if (result.not_deleted.length) raiseAlert(tx, Date.now(), oldOnesStay(result.not_deleted))
      else clearAlert(tx, Date.now(), oldOnesKey)
    })
    return result
  } catch (error) {
    if (!toJob) await atomically(db, tx => raiseAlert(tx, Date.now(), failure(error))).catch(() => {}) // perhaps the disk is full
    throw error
  } finally {
    await lease?.release().catch(() => {}) // it ends with this process
    db.$client.close()
    releaseProcessLock()
  }
}

/** The lock keeps retention from deleting files that a backup is copying, and other backups from starting. */
async function waitForLock(open: Locks, report: ReportProgress): Promise<Lease> {
  for (const deadline = Date.now() + lockTimeout; ; await Bun.sleep(500)) {
    const lease = await open.take(locks.backup())
    if ('release' in lease) return lease
    report(0, 'waiting for another backup')
    if (Date.now() > deadline) throw new Error('Another backup is still under way')
  }
}

const failure = (error: unknown) => ({
  key: `${failures}script`,
  type: 'job_failed' as const,
  severity: 'error' as const,
  title: 'The backup failed',
  message: messageOf(error),
})

const oldOnesKey = `old_backups:${target ?? 'folder'}`
const oldOnesStay = (reasons: string[]) => ({
  key: oldOnesKey,
  type: 'job_failed' as const,
  severity: 'warning' as const,
  title: target ? 'Old backups in the S3 store cannot be deleted' : 'Old backups cannot be deleted',
  message: `The new backup is complete, but the space of old ones is not freed. ${reasons.slice(0, 5).join('; ')}`,
  data: { not_deleted: reasons.length },
})

const settleFailures = (tx: Db, at: number) =>
  void tx
    .update(systemAlerts)
    .set({ state: 'resolved', settledAt: at, settledBy: 'fieldhouse' })
    .where(and(like(systemAlerts.key, `${failures}%`), ne(systemAlerts.state, 'resolved')))
    .run()

type BackupResult = Awaited<ReturnType<typeof backup>>
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const sizeOf = (result: BackupResult) =>
  'bytes' in result ? megabytes(result.bytes) : `${megabytes(result.bytes_sent)} sent`

try {
  const result = await backup()
  if (toJob) toJob({ result })
  else {
    console.log(`${result.name}: ${result.files} files, ${sizeOf(result)}`)
    for (const reason of result.not_deleted) console.error(`An old one was not deleted: ${reason}`)
  }
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
process.disconnect?.()
