/** Members who trade too fast or too often: scans a day of the ledger, so it runs in the reader thread. */
import { and, gte, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { ledger } from '../../../db/schema.ts'
import { day, minute } from '../../platform/clock.ts'
import { startOfDay } from './quote.ts'

export const burst = 30 // trades of one user within a minute
export const many = 100 // trades of one user in a day, UTC

type Suspects = { bursts: { userId: number; most: number }[]; heavy: { userId: number; trades: number }[] }

export const tradingSuspects = (db: Db, { now }: { now: number }): Suspects => ({
  bursts: burstsSince(db, now - day),
  heavy: heavySince(db, startOfDay(now)),
})

const isTrade = sql`${ledger.symbol} is not null and ${ledger.kind} in ('buy', 'sell')` // worded so that SQLite uses the index by user

/** Users with `burst` trades or more within one minute of the clock, and the number in their busiest minute. */
function burstsSince(db: Db, since: number) {
  const minutes = db
    .select({ userId: ledger.userId, trades: sql<number>`count(*)`.as('trades') })
    .from(ledger)
    .where(and(gte(ledger.at, since), isTrade))
    .groupBy(ledger.userId, sql`${ledger.at} / ${minute}`)
    .having(sql`count(*) >= ${burst}`)
    .as('minutes')
  return db
    .select({ userId: minutes.userId, most: sql<number>`max(${minutes.trades})` })
    .from(minutes)
    .groupBy(minutes.userId)
    .all()
}

/** Users with more than `many` trades since then. */
const heavySince = (db: Db, since: number) =>
  db
    .select({ userId: ledger.userId, trades: sql<number>`count(*)` })
    .from(ledger)
    .where(and(gte(ledger.at, since), isTrade))
    .groupBy(ledger.userId)
    .having(sql`count(*) > ${many}`)
    .all()

/** The trades of each of these users, in total and since then. */
export function tradeCounts(db: Db, { ids, since }: { ids: number[]; since: number }) {
  return db
    .select({
      userId: ledger.userId,
      trades: sql<number>`count(*)`,
      recent: sql<number>`sum(${gte(ledger.at, since)})`,
    })
    .from(ledger)
    .where(and(inArray(ledger.userId, ids), isTrade))
    .groupBy(ledger.userId)
    .all()
}
