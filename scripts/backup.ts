/**
 * `bun run backup`: makes a backup in DATA_DIR/backups, beside a running server or without one. The nightly job runs this
 * very program as a process of its own, so that no request waits for it.
 */
import { existsSync } from 'node:fs'
import { and, like, ne } from 'drizzle-orm'
import { type Db, databaseFile, openBeside } from '../db/open.ts'
import { systemAlerts } from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import packageJson from '../package.json' with { type: 'json' }
import { raise } from '../src/alerts.ts'
import { readConfig } from '../src/config.ts'
import { locks } from '../src/locks.ts'
import { makeBackup, type Tell } from '../src/monitor/backups/backup.ts'
import { minute, systemClock } from '../src/platform/clock.ts'
import { type Lease, type Locks, openLocks } from '../src/platform/jobs/task-locks.ts'
import { holdProcessLock, isProcessDead } from '../src/platform/process/process-lock.ts'
import { helpFirst } from './script-help.ts'

helpFirst(import.meta.path)

const patience = 30 * minute // how long another backup is waited for
const toJob = process.send?.bind(process) // set where the job started this
const failures = 'job_failed:backups.make:' // the job's own alerts begin like this too

async function backup() {
  const { dataDir, backupKeep: keep } = readConfig(process.env)
  if (!existsSync(databaseFile(dataDir))) throw new Error(`There is nothing to back up in ${dataDir}`)
  const id = Bun.randomUUIDv7()
  const die = holdProcessLock(dataDir, id)
  const db = openBeside(dataDir)
  const tell: Tell = (percent, stage) => toJob?.({ percent, stage })
  let lease: Lease | undefined
  try {
    lease = await turn(openLocks(db, systemClock, id, owner => isProcessDead(dataDir, owner)))
    const { version } = packageJson
    const made = await makeBackup({ dataDir, version, at: Date.now(), keep, signal: lease.signal, tell })
    await atomically(db, tx => settleFailures(tx, Date.now()))
    return made
  } catch (error) {
    if (!toJob) await atomically(db, tx => raise(tx, Date.now(), failure(error))).catch(() => {}) // is the disk full?
    throw error
  } finally {
    await lease?.release().catch(() => {}) // it ends with this process
    db.$client.close()
    die()
  }
}

/** Under the lock nothing that a backup is copying is swept away, and no second one is made. */
async function turn(open: Locks): Promise<Lease> {
  for (const deadline = Date.now() + patience; ; await Bun.sleep(500)) {
    const taken = await open.take(locks.backup())
    if ('release' in taken) return taken
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

const settleFailures = (tx: Db, at: number) =>
  void tx
    .update(systemAlerts)
    .set({ state: 'resolved', settledAt: at, settledBy: 'fieldhouse' })
    .where(and(like(systemAlerts.key, `${failures}%`), ne(systemAlerts.state, 'resolved')))
    .run()

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

try {
  const made = await backup()
  if (toJob) toJob({ made })
  else console.log(`${made.name}: ${made.files} files, ${(made.bytes / 1e6).toFixed(1)} MB`)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
process.disconnect?.()
