/** `daily_metrics`: at midnight, stores the numbers of the day before. */
import { between, eq, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { dailyMetrics, leagues, ledger, runs, uploads, userActivity, users } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { job } from '../context.ts'
import { day } from '../platform/clock.ts'
import { dateSchema } from '../platform/http/shared-schemas.ts'
import { daysAfter, today } from '../rota/date-range.ts'

import { rosterTotals } from '../rota/roster-metrics.ts'

type DailyMetrics = typeof dailyMetrics.$inferSelect

export const recordDailyMetrics = job('daily_metrics', {
  input: t.Object({ day: t.Optional(dateSchema) }),
  once: ({ day }) => day ?? 'yesterday',
  async run({ day: asked }, { db, clock, reader }) {
    const counted = await reader.read(countsOfDay, { date: asked ?? daysAfter(today(clock.now()), -1) })
    await atomically(
      db,
      tx => {
        tx.insert(dailyMetrics).values(counted).onConflictDoUpdate({ target: dailyMetrics.day, set: counted }).run()
      },
      'unsynced',
    )
    return counted
  },
})

/** Counting again gives the same, except for what was deleted since. */
export function countsOfDay(db: Db, { date }: { date: string }): DailyMetrics {
  const from = Date.parse(`${date}T00:00:00Z`)
  const to = from + day - 1
  const countRows = (query: ReturnType<typeof sql>) => db.get<{ n: number }>(query)?.n ?? 0
  const { shifts, places, filled, hours, cost_cents } = rosterTotals(db, date, date)
  return {
    day: date,
    users: countRows(
      sql`select count(*) as n from ${users} where ${users.createdAt} <= ${to} and (${users.deletedAt} is null or ${users.deletedAt} > ${to})`,
    ),
    activeUsers: countRows(
      sql`select count(*) as n from ${userActivity} where ${eq(userActivity.unit, 'day')} and ${eq(userActivity.start, from)}`,
    ),
    activeLeagues: countRows(
      sql`select count(*) as n from ${leagues} where ${leagues.startsAt} <= ${to} and ${leagues.endsAt} > ${from} and ${leagues.archivedAt} is null`,
    ),
    uploads: countRows(
      sql`select count(*) as n from ${uploads} where ${between(uploads.createdAt, from, to)} and ${eq(uploads.status, 'done')}`,
    ),
    trades: countRows(
      sql`select count(*) as n from ${ledger} where ${between(ledger.at, from, to)} and ${ledger.kind} in ('buy', 'sell')`,
    ),
    runs: countRows(sql`select count(*) as n from ${runs} where ${between(runs.createdAt, from, to)}`),
    failedRuns: countRows(
      sql`select count(*) as n from ${runs} where ${between(runs.createdAt, from, to)} and ${eq(runs.status, 'FAILURE')}`,
    ),
    shifts,
    places,
    filled,
    minutesWorked: Math.round(hours * 60),
    costCents: cost_cents,
  }
}
