/** The jobs of the monitor that look after the installation: retention, statistics, and the queue itself. */

import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { facts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { type App, job } from '../context.ts'
import { locks } from '../locks.ts'
import { day, minute } from '../platform/clock.ts'
import type { LockRequest } from '../platform/jobs/task-locks.ts'
import { refreshStatistics, type StatisticsName } from './statistics/warm-statistics.ts'

/** A line of the table in `src/retention.ts`. */
export type RetentionRule = {
  readonly what: string
  /** Forgets at most `limit` things that are too old at `now`; answers how many. Less than `limit`: there are no more. */
  step(app: App, now: number, limit: number): number | Promise<number>
}

const retentionFact = 'retention_now'
const pace = 2 * day // from one night to the next

/**
 * What retention takes for now. A clock that was set forward by mistake would have it forget everything at once; so it goes
 * on by two days at most each time, which after a longer stop is caught up with in some nights.
 */
async function paced({ db, clock }: App): Promise<number> {
  return atomically(db, tx => {
    const last = tx.select().from(facts).where(eq(facts.name, retentionFact)).get()
    const now = last ? Math.min(clock.now(), Number(last.value) + pace) : clock.now()
    setPace(tx, now)
    return now
  })
}

export function setPace(tx: Db, now: number): void {
  const value = String(now)
  tx.insert(facts)
    .values({ name: retentionFact, value })
    .onConflictDoUpdate({ target: facts.name, set: { value } })
    .run()
}

/** At every start: where retention never ran, its time begins now. */
export const beginPace = ({ db, clock }: Pick<App, 'db' | 'clock'>): Promise<void> =>
  atomically(db, tx => {
    tx.insert(facts)
      .values({ name: retentionFact, value: String(clock.now()) })
      .onConflictDoNothing()
      .run()
  })

const stepSize = 500 // rows: a few milliseconds
const pause = 15 // ms

/** Forgets in small steps: a short transaction, a pause, the next, so that nobody waits for it. */
export const retentionJob = (table: readonly RetentionRule[]) =>
  job('retention.forget', {
    input: t.Object({}),
    once: () => 'forget',
    lock: () => locks.retention(),
    async run(_, app, { signal, progress }) {
      const now = await paced(app)
      const forgotten: Record<string, number> = {}
      for (const [i, { what, step }] of table.entries()) {
        progress((100 * i) / table.length, what)
        let total = 0
        for (let count = stepSize; count >= stepSize; total += count) {
          signal.throwIfAborted()
          count = await step(app, now, stepSize)
          await Bun.sleep(pause)
        }
        forgotten[what] = total
      }
      return forgotten
    },
  })

const nothing = t.Object({})

const refresher = (name: string, lock: () => LockRequest, which: readonly StatisticsName[]) =>
  job(name, {
    input: nothing,
    attempts: 1, // the next slot comes soon enough
    expires: '3m',
    once: () => 'all',
    lock,
    run: (_input, app, { signal, progress, log }) =>
      refreshStatistics(app, which, signal, log, share => progress(share * 100, 'refreshing')),
  })

export const refreshDashboardStats = refresher('stats.refresh_dashboard', locks.refreshDashboard, ['dashboard'])
export const refreshExecutionStats = refresher('stats.refresh_executions', locks.refreshExecutions, ['executions'])
export const refreshUserStats = refresher('stats.refresh_users', locks.refreshUsers, ['users'])
/** By hand: all of them. */
export const refreshAllStats = refresher('stats.refresh', locks.refreshAll, ['dashboard', 'executions', 'users'])

/** Accepted work that the queue has lost (it died, was flushed, or the folder is a restored backup) is added again. */
export const sweepJobs = job('jobs.sweep', {
  input: t.Object({}),
  attempts: 1,
  once: () => 'sweep',
  run: async (_, { jobs }) => ({ added: await jobs.sweep(minute) }),
})
