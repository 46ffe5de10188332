import { and, count, desc, eq, gte, isNull, min, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { activityCounts, users } from '../../db/schema.ts'
import { type CalendarUnit, day, hour, iso, startOf } from '../runtime/clock.ts'
import { beginOf, bucketsFrom, groupingSchema, type Period, periodSchema } from './period.ts'

export const userQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  country: t.Optional(t.String({ pattern: '^[A-Za-z]{2}$', description: 'ISO 3166-1 alpha-2' })),
})
const moment = t.String({ format: 'date-time' })
export const countrySchema = t.Object({ country: t.Nullable(t.String()), users: t.Integer() })
export const userStatsSchema = t.Object({
  period: periodSchema,
  generated_at: moment,
  group_by: groupingSchema,
  buckets: t.Array(t.Object({ start: moment, registered: t.Integer(), active: t.Integer() })),
  by_country: t.Array(countrySchema),
  total: t.Integer(),
})
export type UserStatistics = Static<typeof userStatsSchema>
export type UserInput = { period: Period; group_by: CalendarUnit; country?: string; now: number }

/** Who registered and who was there, by hour, day or month. */
export function userStats(db: Db, { period, group_by: unit, country, now }: UserInput): UserStatistics {
  const there = and(isNull(users.deletedAt), country ? eq(users.country, country) : undefined)
  const first =
    db
      .select({ at: min(users.createdAt) })
      .from(users)
      .get()?.at ?? null
  const begin = beginOf(period, unit, now, first)
  const step = unit === 'hour' ? hour : day
  const registered = new Map<number, number>()
  const slot = sql<number>`${users.createdAt} - ${users.createdAt} % ${step}`
  for (const row of db
    .select({ slot, total: count() })
    .from(users)
    .where(and(there, gte(users.createdAt, begin)))
    .groupBy(slot)
    .all()) {
    const start = startOf(unit, row.slot)
    registered.set(start, (registered.get(start) ?? 0) + row.total)
  }
  const active = new Map(activeUsers(db, unit, begin, country).map(({ start, users }) => [start, users]))
  const buckets = [...bucketsFrom(begin, unit, now)].map(start => ({
    start: iso(start),
    registered: registered.get(start) ?? 0,
    active: active.get(start) ?? 0,
  }))
  return {
    period,
    generated_at: iso(now),
    group_by: unit,
    buckets,
    by_country: usersByCountry(db),
    total: db.select({ total: count() }).from(users).where(there).get()?.total ?? 0,
  }
}

export const activeUsers = (db: Db, unit: CalendarUnit, begin: number, country?: string) =>
  db
    .select({ start: activityCounts.start, users: sum(activityCounts.users).mapWith(Number) })
    .from(activityCounts)
    .where(
      and(
        eq(activityCounts.unit, unit),
        gte(activityCounts.start, begin),
        country ? eq(activityCounts.country, country) : undefined,
      ),
    )
    .groupBy(activityCounts.start)
    .all()

/** Most first; null are those who did not say. */
export const usersByCountry = (db: Db) =>
  db
    .select({ country: users.country, users: count() })
    .from(users)
    .where(isNull(users.deletedAt))
    .groupBy(users.country)
    .orderBy(desc(count()), users.country)
    .all()
