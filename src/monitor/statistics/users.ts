import { and, count, desc, eq, gte, isNull, min, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { activityCounts, registrations, users } from '../../../db/schema.ts'
import { type CalendarUnit, day, hour, iso, nextOf, startOf } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'

export const periods = ['last_day', 'last_week', 'last_month', 'all'] as const
export type StatsPeriod = (typeof periods)[number]
export const periodSchema = t.Union(periods.map(period => t.Literal(period)))

export const groupings = ['hour', 'day', 'month'] as const satisfies CalendarUnit[]
export const groupingSchema = t.Union(groupings.map(unit => t.Literal(unit)))

const lengths: Record<Exclude<StatsPeriod, 'all'>, number> = { last_day: day, last_week: 7 * day, last_month: 30 * day }

/** Most buckets in one answer: two months by hour. Older ones are left out, never newer. */
const mostBuckets = 1_500

/** Where a period begins, on a bucket's edge. `first` is when there was anything at all. */
export function periodStart(period: StatsPeriod, unit: CalendarUnit, now: number, first: number | null): number {
  const begin = period === 'all' ? (first ?? now) : now - lengths[period]
  const step = unit === 'hour' ? hour : unit === 'day' ? day : 28 * day
  return startOf(unit, Math.max(begin, now - (mostBuckets - 1) * step))
}

/** Every bucket from `begin` to now, those without anything too: a gap in a chart would hide that nothing happened. */
export function* bucketsFrom(begin: number, unit: CalendarUnit, now: number): Generator<number> {
  for (let start = begin; start <= now; start = nextOf(unit, start)) yield start
}

export const dateOf = (start: number) => iso(start).slice(0, 10)

export const userQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  country: t.Optional(
    t.String({
      pattern: '^[A-Za-z]{2}$',
      'x-error': 'Write the two letters of a country, such as NO.',
      description: 'ISO 3166-1 alpha-2',
    }),
  ),
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
