/** The value of every portfolio at the start of each day: the history on players' cards. */
import { and, asc, eq, gte, inArray } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { dailyBoardValues, dailyValues } from '../../../db/schema.ts'
import { atomically, preparedSql } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { textAt } from '../../leaderboard/text.ts'
import { batchesOf } from '../../platform/batches.ts'
import type { League } from '../league.ts'
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

export const bestOf = (totals: readonly number[]): number => totals.reduce((best, total) => Math.max(best, total))
export const averageOf = (totals: readonly number[]): number =>
  Math.round(totals.reduce((sum, total) => sum + total, 0) / totals.length)

const rowsPerBatch = 500 // rows written at a time
const insertValues = preparedSql<unknown, [league: number, day: number, values: string]>(
  `insert or ignore into daily_values (league_id, user_id, day, total_cents)
   select ?1, value ->> 0, ?2, value ->> 1 from json_each(?3)`,
)

/** May run at any time of the day: the opening values can be computed until the day ends. */
export const recordDailyValues = job('market.record_daily_values', {
  once: () => 'mark',
  async run(_, app, { signal }) {
    const now = app.clock.now()
    const valued = valuedLeagues(app.db, now)
    let marked = 0
    for (const league of valued) marked += await recordOpeningValues(app, league, startOfDay(now), signal)
    return { leagues: valued.length, marked }
  },
})

/** Returns how many portfolios there were when the day began. */
async function recordOpeningValues({ db, livePortfolios }: App, league: League, day: number, signal: AbortSignal) {
  const { ids, atOpen } = (await livePortfolios.board(league)).columns
  const values = Array.from(atOpen, (total, row) => [Number(textAt(ids, row)), total] as const).filter(
    ([, total]) => !Number.isNaN(total),
  )
  for (const some of batchesOf(values, rowsPerBatch)) {
    signal.throwIfAborted()
    const rows = JSON.stringify(some)
    await atomically(db, tx => void insertValues(tx).run(league.id, day, rows), 'unsynced')
    await Bun.sleep(0)
  }
  if (values.length === 0) return 0
  const totals = values.map(([, total]) => total)
  const row = { leagueId: league.id, day, bestCents: bestOf(totals), averageCents: averageOf(totals) }
  await atomically(db, tx => void tx.insert(dailyBoardValues).values(row).onConflictDoNothing().run(), 'unsynced')
  return values.length
}
