/** `daily_metrics`: at midnight, stores the numbers of the day before, and of days before it that were missed. */
import { and, between, eq, gt, inArray, isNull, lt, lte, max, or } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { t } from 'elysia'
import { aggregate, countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { dailyMetrics, leagues, ledger, runs, uploads, userActivity, users } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { job } from '../context.ts'
import { day } from '../platform/clock.ts'
import { dateSchema } from '../platform/http/shared-schemas.ts'
import { datesBetween, daysAfter, today } from '../rota/date-range.ts'
import { rosterTotals } from '../rota/roster-metrics.ts'

type DailyMetrics = typeof dailyMetrics.$inferSelect

export const recordDailyMetrics = job('daily_metrics', {
  input: t.Object({ day: t.Optional(dateSchema) }),
  once: ({ day }) => day ?? 'yesterday',
  async run({ day: asked }, { db, clock, reader }) {
    const yesterday = daysAfter(today(clock.now()), -1)
    const counted: DailyMetrics[] = []
    for (const date of asked ? [asked] : uncountedUntil(db, yesterday))
      counted.push(await reader.read(countsOfDay, { date }))
    await atomically(
      db,
      tx => {
        for (const row of counted)
          tx.insert(dailyMetrics).values(row).onConflictDoUpdate({ target: dailyMetrics.day, set: row }).run()
      },
      'unsynced',
    )
    return counted.at(-1)
  },
})

const maxDays = 30 // as many as are shown

/** That day, and those since the last one that was counted, when nothing ran at their midnight. */
function uncountedUntil(db: Db, date: string): string[] {
  const last = aggregate(db, dailyMetrics, max(dailyMetrics.day), lt(dailyMetrics.day, date))
  return last ? datesBetween(last, date).slice(1).slice(-maxDays) : [date]
}

/** Counting again gives the same, except for what was deleted since. */
export function countsOfDay(db: Db, { date }: { date: string }): DailyMetrics {
  const from = Date.parse(`${date}T00:00:00Z`)
  const to = from + day - 1
  const ofDay = (column: SQLiteColumn) => between(column, from, to)
  const { shifts, places, filled, hours, cost_cents } = rosterTotals(db, date, date)
  return {
    day: date,
    users: countRows(db, users, and(lte(users.createdAt, to), or(isNull(users.deletedAt), gt(users.deletedAt, to)))),
    activeUsers: countRows(db, userActivity, and(eq(userActivity.unit, 'day'), eq(userActivity.start, from))),
    activeLeagues: countRows(
      db,
      leagues,
      and(lte(leagues.startsAt, to), gt(leagues.endsAt, from), isNull(leagues.archivedAt)),
    ),
    uploads: countRows(db, uploads, and(ofDay(uploads.createdAt), eq(uploads.status, 'done'))),
    trades: countRows(db, ledger, and(ofDay(ledger.at), inArray(ledger.kind, ['buy', 'sell']))),
    runs: countRows(db, runs, ofDay(runs.createdAt)),
    failedRuns: countRows(db, runs, and(ofDay(runs.createdAt), eq(runs.status, 'FAILURE'))),
    shifts,
    places,
    filled,
    minutesWorked: Math.round(hours * 60),
    costCents: cost_cents,
  }
}
