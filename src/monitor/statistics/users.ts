import { and, count, desc, eq, gte, isNull, min, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { activityCounts, registrations, users } from '../../../db/schema.ts'
import { type CalendarUnit, hour, iso, startOf } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { bucketsFrom, groupingSchema, periodSchema, periodStart, type StatsPeriod } from './period.ts'

export const userQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  country: t.Optional(t.String({ pattern: '^[A-Za-z]{2}$', description: 'ISO 3166-1 alpha-2' })),
})
export const countrySchema = t.Object({ country: t.Nullable(t.String()), users: t.Integer() })
export const userStatsSchema = t.Object({
  period: periodSchema,
  generated_at: dateTimeSchema,
  group_by: groupingSchema,
  buckets: t.Array(t.Object({ start: dateTimeSchema, registered: t.Integer(), active: t.Integer() })),
  by_country: t.Array(countrySchema),
  total: t.Integer(),
})
export type UserStatistics = Static<typeof userStatsSchema>
export type UserInput = { period: StatsPeriod; group_by: CalendarUnit; country?: string; now: number }

/** Who registered and who was there, by hour, day or month. */
export function userStats(db: Db, { period, group_by: unit, country, now }: UserInput): UserStatistics {
  const first =
    db
      .select({ at: min(registrations.day) })
      .from(registrations)
      .get()?.at ?? null
  const begin = periodStart(period, unit, now, first)
  const registered = new Map<number, number>()
  for (const { start, users } of unit === 'hour' ? byHour(db, begin, country) : byDay(db, begin, country)) {
    const at = startOf(unit, start)
    registered.set(at, (registered.get(at) ?? 0) + users)
  }
  const active = new Map(activeUsers(db, unit, begin, country).map(({ start, users }) => [start, users]))
  const buckets = [...bucketsFrom(begin, unit, now)].map(start => ({
    start: iso(start),
    registered: registered.get(start) ?? 0,
    active: active.get(start) ?? 0,
  }))
  const by_country = usersByCountry(db)
  const counted = country ? by_country.filter(home => home.country === country) : by_country
  return {
    period,
    generated_at: iso(now),
    group_by: unit,
    buckets,
    by_country,
    total: counted.reduce((sum, { users }) => sum + users, 0),
  }
}

const byDay = (db: Db, begin: number, country: string | undefined) =>
  db
    .select({ start: registrations.day, users: sum(registrations.users).mapWith(Number) })
    .from(registrations)
    .where(and(gte(registrations.day, begin), country ? eq(registrations.country, country) : undefined))
    .groupBy(registrations.day)
    .all()

/** Hours reach back two months at the most, so the users themselves are few enough to count. */
function byHour(db: Db, begin: number, country: string | undefined) {
  const start = sql<number>`${users.createdAt} - ${users.createdAt} % ${hour}`
  return db
    .select({ start, users: count() })
    .from(users)
    .where(and(isNull(users.deletedAt), gte(users.createdAt, begin), country ? eq(users.country, country) : undefined))
    .groupBy(start)
    .all()
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
export const usersByCountry = (db: Db): { country: string | null; users: number }[] =>
  db
    .select({ country: registrations.country, users: sum(registrations.users).mapWith(Number) })
    .from(registrations)
    .groupBy(registrations.country)
    .orderBy(desc(sum(registrations.users)), registrations.country)
    .all()
    .filter(({ users }) => users > 0)
    .map(({ country, users }) => ({ country: country || null, users }))
