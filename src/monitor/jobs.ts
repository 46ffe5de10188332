/** The monitor's jobs: retention, statistics, the queue, the search index, backups. */

import { lte, max, sql } from 'drizzle-orm'
import { t } from 'elysia'
import { factOf, storeFact, storeFactOnce } from '../../db/facts.ts'
import type { Db } from '../../db/open.ts'
import { runChanges, runs } from '../../db/schema.ts'
import { atomically, tryWrite } from '../../db/transactions.ts'
import { raiseAlert } from '../alerts.ts'
import { type Config, settings } from '../config.ts'
import { type App, job } from '../context.ts'
import { programFile } from '../installation.ts'
import { locks } from '../locks.ts'
import { day, minute } from '../platform/clock.ts'
import type { LockRequest } from '../platform/jobs/task-locks.ts'
import { runProgram } from '../platform/process/child-process.ts'
import { inThread } from '../platform/process/threads.ts'
import { envOf } from '../platform/settings.ts'
import { indexFile } from './runs/find-runs.ts'
import type { IndexTasks } from './runs/index-worker.ts'
import { refreshStatistics, type StatisticsName } from './statistics/warm-statistics.ts'

const noInput = t.Object({})

/** A line of the table in `src/retention.ts`. */
export type RetentionRule = {
  readonly what: string
  /** Deletes at most `limit` things that are too old at `now`; returns how many. Less than `limit`: there are no more. */
  step(app: App, now: number, limit: number): number | Promise<number>
}

const retentionFact = 'retention_now'
const maxAdvance = 2 * day // from one night to the next

/**
 * The time by which retention decides what is old. With a clock set forward by mistake it would delete everything at once; so it
 * advances by at most two days each time, and catches up after a longer stop within some nights.
 */
async function retentionTime({ db, clock }: App): Promise<number> {
  return atomically(db, tx => {
    const last = factOf(tx, retentionFact)
    const now = last === undefined ? clock.now() : Math.min(clock.now(), Number(last) + maxAdvance)
    setRetentionTime(tx, now)
    return now
  })
}

export const setRetentionTime = (tx: Db, now: number): void => storeFact(tx, retentionFact, String(now))

/** At every start: if retention never ran, its time starts now. */
export const startRetentionTime = ({ db, clock }: Pick<App, 'db' | 'clock'>): Promise<void> =>
  atomically(db, tx => void storeFactOnce(tx, retentionFact, String(clock.now())))

const pause = 15 // ms
const stepTime = 5 // ms that everybody waits for one step
const stepSizes = { first: 50, least: 20, most: 500 } // rows

/** The number of rows for the next step, after one of `size` took `ms`: no fixed number is fast for all tables on all machines. */
export const nextStepSize = (size: number, ms: number): number =>
  Math.round(Math.min(stepSizes.most, 2 * size, Math.max(stepSizes.least, (size * stepTime) / ms)))

/** Deletes in small steps: a short transaction, a pause, the next, so that nobody waits for it. */
export const retentionJob = (table: readonly RetentionRule[]) =>
  job('retention.delete_old', {
    input: noInput,
    once: () => 'delete_old',
    lock: () => locks.retention(),
    async run(_, app, { signal, progress }) {
      const now = await retentionTime(app)
      const deleted: Record<string, number> = {}
      for (const [i, { what, step }] of table.entries()) {
        progress((100 * i) / table.length, what)
        let total = 0
        for (let size = stepSizes.first, isMore = true; isMore; ) {
          signal.throwIfAborted()
          const began = performance.now()
          const count = await step(app, now, size)
          total += count
          isMore = count >= size
          size = nextStepSize(size, performance.now() - began)
          await Bun.sleep(pause)
        }
        deleted[what] = total
      }
      return deleted
    },
  })

const refresher = (name: string, lock: () => LockRequest, names: readonly StatisticsName[]) =>
  job(name, {
    input: noInput,
    attempts: 1, // the next slot comes soon enough
    expires: '3m',
    once: () => 'all',
    lock,
    run: (_input, app, { signal, progress, log }) =>
      refreshStatistics(app, names, signal, log, share => progress(share * 100, 'refreshing')),
  })

export const refreshDashboardStats = refresher('stats.refresh_dashboard', locks.refreshDashboard, ['dashboard'])
export const refreshExecutionStats = refresher('stats.refresh_executions', locks.refreshExecutions, ['executions'])
export const refreshUserStats = refresher('stats.refresh_users', locks.refreshUsers, ['users'])
/** By hand: all statistics. */
export const refreshAllStats = refresher('stats.refresh', locks.refreshAll, ['dashboard', 'executions', 'users'])

/** Adds accepted jobs again that the queue has lost (it died, was flushed, or the folder is a restored backup). */
export const sweepJobs = job('jobs.sweep', {
  input: noInput,
  attempts: 1,
  once: () => 'sweep',
  run: async (_, { jobs }) => ({ added: await jobs.sweep(minute) }),
})

const indexScript = programFile('src/monitor/runs/index-worker.ts')

/** So few runs can be scanned as fast; the index is updated with at least this many at a time. */
const minChanges = 2_000
const maxChanges = 50_000 // taken at once

/** Keeps the search index over runs up to date. With few runs there is none. */
export const indexRuns = job('runs.index', {
  input: noInput,
  attempts: 1,
  once: () => 'index',
  lock: () => locks.runIndex(),
  async run(_, app, { signal, progress }) {
    const { db, config } = app
    let indexed = 0
    for (let isBehind = true; isBehind; ) {
      const isNew = !(await Bun.file(indexFile(config.dataDir)).exists())
      const changes = isNew ? [] : oldestChanges(db)
      const [most, last] = [newestRow(db), isNew ? newestChange(db) : (changes.at(-1)?.id ?? 0)]
      if ((isNew ? most : changes.length) < minChanges) break
      const changed = [...new Set(changes.map(({ run }) => run))]
      const request = { dataDir: config.dataDir, changed }
      indexed += await inThread<IndexTasks, 'index'>({ name: 'indexing', script: indexScript }, 'index', request, {
        signal,
        progress: (row: number) => progress((100 * row) / most, 'indexing'),
      })
      await deleteChanges(app, last)
      isBehind = changes.length === maxChanges
    }
    return { indexed }
  },
})

const oldestChanges = (db: Db) => db.select().from(runChanges).orderBy(runChanges.id).limit(maxChanges).all()
const newestChange = (db: Db): number =>
  db
    .select({ id: max(runChanges.id) })
    .from(runChanges)
    .get()?.id ?? 0

const newestRow = (db: Db): number =>
  db
    .select({ rowid: sql<number | null>`max(${runs}.rowid)` })
    .from(runs)
    .get()?.rowid ?? 0

/** In steps, so that nobody waits long for the write lock. */
async function deleteChanges({ db }: App, last: number): Promise<void> {
  const batch = db.select({ id: runChanges.id }).from(runChanges).where(lte(runChanges.id, last)).limit(minChanges)
  for (let deleted: number | undefined = minChanges; deleted === undefined || deleted >= minChanges; await Bun.sleep(5))
    deleted = tryWrite(
      db,
      tx =>
        tx.delete(runChanges).where(sql`${runChanges.id} in ${batch}`).returning({ id: runChanges.id }).all().length,
    )
}

const backupScript = programFile('scripts/backup.ts')

type BackupMessage = { percent: number; stage: string } | { result: object }

/**
 * A backup, made by a process of its own: copying a large database keeps a thread busy for seconds. That process takes the
 * lock, so a killed one frees it at once, and `bun run backup` waits for it. It leaves nothing that counts as a backup.
 */
export const backUp = job('backups.make', {
  input: noInput,
  once: () => 'backup',
  backoff: '5m',
  run: (_, { config }, { signal, progress }) => runBackup(config, [], signal, progress),
})

/** The same, sent to the S3 store of `BACKUP_S3_URL`. */
export const sendBackupAway = job('backups.send', {
  input: noInput,
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

/** It stays until an admin acknowledges it. */
export const raiseRestoreFailure = (db: Db, at: number, message: string) =>
  atomically(db, tx =>
    raiseAlert(tx, at, {
      key: 'job_failed:restore:start',
      type: 'job_failed',
      severity: 'error',
      title: 'A backup was not restored',
      message,
    }),
  )
