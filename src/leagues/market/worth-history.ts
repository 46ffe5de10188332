/** The value of a portfolio over time, against the best and the average of its league. */
import { and, asc, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { dailyBoardValues, dailyValues } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import type { League } from '../league.ts'
import { averageOf, bestOf } from './daily-values.ts'
import { findPortfolio } from './queries.ts'

const cents = t.Integer()
export const valueHistorySchema = t.Object(
  {
    user_id: idSchema,
    points: t.Array(
      t.Object({
        at: dateTimeSchema,
        total_cents: cents,
        best_cents: t.Integer({ description: 'The highest total value in the league' }),
        average_cents: cents,
      }),
      { description: 'When they joined, at the start of each day in UTC, and now' },
    ),
  },
  {
    description: 'The value of a portfolio over time, oldest first',
    examples: [
      {
        user_id: 7,
        points: [
          {
            at: '2026-03-01T09:00:00.000Z',
            total_cents: 10_000_000,
            best_cents: 10_000_000,
            average_cents: 10_000_000,
          },
          {
            at: '2026-03-02T00:00:00.000Z',
            total_cents: 10_120_000,
            best_cents: 10_310_000,
            average_cents: 10_055_000,
          },
        ],
      },
    ],
  },
)
export type ValueHistory = Static<typeof valueHistorySchema>

export async function valueHistory(app: App, league: League, userId: number): Promise<ValueHistory> {
  const { db, clock } = app
  const portfolio =
    findPortfolio(db, league.id, userId) ?? refuse('not_found', `User ${userId} has no portfolio in this league`)
  const days = db
    .select({
      at: dailyValues.day,
      total: dailyValues.totalCents,
      best: dailyBoardValues.bestCents,
      average: dailyBoardValues.averageCents,
    })
    .from(dailyValues)
    .innerJoin(
      dailyBoardValues,
      and(eq(dailyBoardValues.leagueId, dailyValues.leagueId), eq(dailyBoardValues.day, dailyValues.day)),
    )
    .where(and(eq(dailyValues.leagueId, league.id), eq(dailyValues.userId, userId)))
    .orderBy(asc(dailyValues.day))
    .all()
  const { createdAt, grantedCents } = portfolio
  const joined = { at: createdAt, total: grantedCents, best: grantedCents, average: grantedCents }
  const points = [joined, ...days.filter(({ at }) => at > createdAt)]
  const { board, columns } = await app.livePortfolios.board(league)
  const row = board.rowOf(String(userId))
  const totals = [...columns.total]
  if (row >= 0)
    points.push({
      at: league.finalizedAt ?? clock.now(),
      total: columns.total[row]!,
      best: bestOf(totals),
      average: averageOf(totals),
    })
  return {
    user_id: userId,
    points: points.map(({ at, total, best, average }) => ({
      at: iso(at),
      total_cents: total,
      best_cents: best,
      average_cents: average,
    })),
  }
}
