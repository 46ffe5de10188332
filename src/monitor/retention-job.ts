/** The nightly job that deletes what is old, by the table in `src/retention.ts`. */
import { factOf, storeFact, storeFactOnce } from '../../db/facts.ts'
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { type App, job } from '../context.ts'
import { locks } from '../locks.ts'
import { day } from '../platform/clock.ts'

/** A line of that table. */
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
