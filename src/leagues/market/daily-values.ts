/** The value of every portfolio at the start of each day: the history on players' cards. */
import { and, asc, eq, gte, inArray } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { dailyBoardValues, dailyValues } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { job } from '../../context.ts'
import { textAt } from '../../leaderboard/text.ts'
import { startOfDay } from './quote.ts'
import { valuedLeagues } from './quote-queries.ts'

export const dailyValuesOf = (db: Db, leagueId: number, userId: number) =>
  db
    .select({ day: dailyValues.day, totalCents: dailyValues.totalCents })
    .from(dailyValues)
    .where(and(eq(dailyValues.leagueId, leagueId), eq(dailyValues.userId, userId)))
    .orderBy(asc(dailyValues.day))
    .all()

/** Some portfolios over the last days, oldest first. */
export const recentDailyValues = (db: Db, leagueId: number, users: readonly number[], since: number) =>
  db
    .select({ user: dailyValues.userId, totalCents: dailyValues.totalCents })
    .from(dailyValues)
    .where(
      and(eq(dailyValues.leagueId, leagueId), inArray(dailyValues.userId, [...users]), gte(dailyValues.day, since)),
    )
    .orderBy(asc(dailyValues.day))
    .all()

export const averageOf = (totals: readonly number[]): number =>
  Math.round(totals.reduce((sum, total) => sum + total, 0) / totals.length)

const rowsPerBatch = 500 // rows written at a time

/** May run at any time of the day: the opening values can be computed until the day ends. */
export const recordDailyValues = job('market.record_daily_values', {
  input: t.Object({}),
  once: () => 'mark',
  async run(_, app, { signal }) {
    const { db, clock, livePortfolios } = app
    const now = clock.now()
    const valued = valuedLeagues(db, now)
    let marked = 0
    for (const league of valued) {
      const { id } = league
      const { ids, atOpen } = (await livePortfolios.board(league)).columns
      const values = Array.from(atOpen, (totalCents, row) => ({
        leagueId: id,
        userId: Number(textAt(ids, row)),
        day: startOfDay(now),
        totalCents,
      })).filter(({ totalCents }) => !Number.isNaN(totalCents))
      for (let from = 0; from < values.length; from += rowsPerBatch) {
        signal.throwIfAborted()
        const some = values.slice(from, from + rowsPerBatch)
        await atomically(db, tx => void tx.insert(dailyValues).values(some).onConflictDoNothing().run(), 'unsynced')
      }
      if (values.length) {
        const totals = values.map(({ totalCents }) => totalCents)
        const bestCents = totals.reduce((best, total) => Math.max(best, total))
        const averageCents = averageOf(totals)
        const ofBoard = { leagueId: id, day: startOfDay(now), bestCents, averageCents }
        await atomically(
          db,
          tx => void tx.insert(dailyBoardValues).values(ofBoard).onConflictDoNothing().run(),
          'unsynced',
        )
      }
      marked += values.length
    }
    return { leagues: valued.length, marked }
  },
})
