/** How long things are kept. Each line deletes what is older; a job does it nightly and in small steps. */
import { desc, lt, not, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { countRows } from '../db/count-rows.ts'
import { factOf, storeFact, storeFactOnce } from '../db/facts.ts'
import type { Db } from '../db/open.ts'
import {
  apiKeys,
  attempts,
  auditLog,
  dailyPrices,
  healthScores,
  invitations,
  knownDevices,
  mailOccasions,
  orderKeys,
  passwordLinks,
  prices,
  processes,
  processMinutes,
  queueMinutes,
  requestHours,
  requestStats,
  rosterDrafts,
  runs,
  scheduleSlots,
  sessions,
  staffNotices,
  swapOffers,
  systemAlerts,
  uploadDrafts,
} from '../db/schema.ts'
import { atomically, tryWrite } from '../db/transactions.ts'
import { type App, job } from './context.ts'
import { deleteOrphanRows } from './leagues/market/league-cleanup.ts'
import {
  correctUploadTimes,
  deleteOldUploadFiles,
  deleteStrayFiles,
  sweepSnapshots,
} from './leagues/sheets/retention.ts'
import { locks } from './locks.ts'
import { type Duration, day, ms } from './platform/clock.ts'
import { isUnfinished } from './platform/jobs/runs.ts'
import { isProcessDead } from './platform/process/process-lock.ts'

const maxRuns = 1_000_000
const maxPrices = 5_000_000
const pricesBeyond = (max: number): SQL =>
  sql`${prices.id} <= (select max(id) from ${prices}) - ${max} and ${prices.until} is not null`

const rules: readonly RetentionRule[] = [
  olderThan('runs', '90d', runs, runs.createdAt, not(isUnfinished)),
  { what: 'runs beyond a million', step: ({ db }, _, limit) => deleteRunsBeyond(db, maxRuns, limit) },
  olderThan('audit log', '365d', auditLog, auditLog.at),
  olderThan('alerts', '90d', systemAlerts, systemAlerts.lastSeen),
  olderThan('request statistics', '30d', requestStats, requestStats.minute),
  olderThan('request statistics by hour', '30d', requestHours, requestHours.hour),
  olderThan('load of processes', '30d', processMinutes, processMinutes.minute),
  olderThan('depth of the queue', '30d', queueMinutes, queueMinutes.minute),
  olderThan('schedule slots', '90d', scheduleSlots, scheduleSlots.slot),
  olderThan('ended sessions', '0d', sessions, sessions.expiresAt),
  olderThan('password links', '0d', passwordLinks, passwordLinks.expiresAt),
  olderThan('mails of one occasion', '90d', mailOccasions, mailOccasions.at),
  olderThan('invitations', '90d', invitations, invitations.expiresAt),
  olderThan('expired keys', '30d', apiKeys, apiKeys.expiresAt),
  olderThan('attempts to sign in', '0d', attempts, attempts.endsAt),
  olderThan('known devices', '400d', knownDevices, knownDevices.lastUsedAt),
  olderThan('health scores', '90d', healthScores, healthScores.at),
  olderThan('roster drafts', '90d', rosterDrafts, rosterDrafts.createdAt),
  olderThan('notices to staff', '90d', staffNotices, staffNotices.at),
  olderThan('offered shifts', '90d', swapOffers, swapOffers.createdAt),
  olderThan('order keys', '1d', orderKeys, orderKeys.createdAt),
  olderThan('prices in detail', '7d', prices, prices.until),
  {
    what: 'prices in detail beyond five million',
    step: ({ db }, _, limit) => deleteBatch(db, prices, pricesBeyond(maxPrices), limit),
  },
  olderThan('daily prices', '730d', dailyPrices, dailyPrices.day),
  olderThan('files chosen and not imported', '1d', uploadDrafts, uploadDrafts.createdAt),
  { what: 'upload files', step: deleteOldUploadFiles },
  { what: 'stray files', step: deleteStrayFiles },
  { what: 'times ahead of the clock', step: correctUploadTimes },
  { what: 'snapshots', step: sweepSnapshots },
  { what: 'trades of deleted leagues', step: ({ db }, _, limit) => deleteOrphanRows(db, limit) },
  { what: 'dead processes', step: deleteDeadProcesses },
]

/** A line of the table. */
type RetentionRule = {
  readonly what: string
  /** Deletes at most `limit` things that are too old at `now`; returns how many. Less than `limit`: there are no more. */
  step(app: App, now: number, limit: number): number | Promise<number>
}

/** Deletes in small steps: a short transaction, a pause, the next, so that nobody waits for it. */
export const deleteOld = job('retention.delete_old', {
  once: () => 'delete_old',
  lock: () => locks.retention(),
  async run(_, app, { signal, progress }) {
    const now = await retentionTime(app)
    const deleted: Record<string, number> = {}
    for (const [i, { what, step }] of rules.entries()) {
      progress((100 * i) / rules.length, what)
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

function olderThan(
  what: string,
  life: Duration,
  table: SQLiteTable,
  column: SQLiteColumn,
  condition: SQL = sql`true`,
): RetentionRule {
  return {
    what,
    step: ({ db }, now, limit) =>
      deleteBatch(db, table, sql`${lt(column, now - ms(life))} and ${condition} order by ${column}`, limit),
  }
}

export function deleteRunsBeyond(db: App['db'], max: number, limit: number): number {
  const total = countRows(db, runs)
  if (total <= max) return 0
  const oldestKept = db
    .select({ at: runs.createdAt })
    .from(runs)
    .orderBy(desc(runs.createdAt))
    .limit(1)
    .offset(max - 1)
    .get()
  return deleteBatch(db, runs, sql`${lt(runs.createdAt, oldestKept?.at ?? 0)} and ${not(isUnfinished)}`, limit)
}

/** A busy database is skipped until the next step. */
function deleteBatch(db: App['db'], table: SQLiteTable, condition: SQL, limit: number): number {
  const batch = sql`rowid in (select rowid from ${table} where ${condition} limit ${limit})`
  return tryWrite(db, tx => tx.delete(table).where(batch).returning({ one: sql`1` }).all().length) ?? limit
}

function deleteDeadProcesses({ db, processId, config: { dataDir } }: App): number {
  const dead = db
    .select()
    .from(processes)
    .all()
    .filter(({ id }) => id !== processId && isProcessDead(dataDir, id))
  for (const { id } of dead) tryWrite(db, tx => tx.delete(processes).where(sql`${processes.id} = ${id}`).run())
  return 0
}
