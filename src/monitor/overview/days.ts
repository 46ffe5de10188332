/** Counts by day, UTC: who was there, who registered, which leagues were made. */
import { and, count, eq, gte, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { activityCounts, leagues, registrations } from '../../../db/schema.ts'
import { day } from '../../platform/clock.ts'

export type Counted = Map<number, number>

const total = sql<number>`sum(users)`

export const activeByDay = (db: Db, since: number): Counted =>
  new Map(
    db
      .select({ at: activityCounts.start, users: total })
      .from(activityCounts)
      .where(and(eq(activityCounts.unit, 'day'), gte(activityCounts.start, since)))
      .groupBy(activityCounts.start)
      .all()
      .map(({ at, users }) => [at, users]),
  )

export const registeredByDay = (db: Db, since: number): Counted =>
  new Map(
    db
      .select({ at: registrations.day, users: total })
      .from(registrations)
      .where(gte(registrations.day, since))
      .groupBy(registrations.day)
      .all()
      .map(({ at, users }) => [at, users]),
  )

export function leaguesByDay(db: Db, since: number): Counted {
  const at = sql<number>`${leagues.createdAt} - ${leagues.createdAt} % ${day}`
  const rows = db.select({ at, leagues: count() }).from(leagues).where(gte(leagues.createdAt, since)).groupBy(at).all()
  return new Map(rows.map(row => [row.at, row.leagues]))
}

export const valuesIn = (days: Counted, from: number, to: number): number[] =>
  [...days].filter(([at]) => at >= from && at < to).map(([, value]) => value)
export const sumIn = (days: Counted, from: number, to: number): number =>
  valuesIn(days, from, to).reduce((sum, value) => sum + value, 0)

/** Over the days on which anything was counted; null where there is none. */
export function averageIn(days: Counted, from: number, to: number): number | null {
  const values = valuesIn(days, from, to)
  return values.length ? Math.round((10 * sumIn(days, from, to)) / values.length) / 10 : null
}
