/** Who was here lately; users and new leagues day by day. For the reader thread. */
import { and, count, desc, eq, gte, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { activityCounts, leagues, ledger, members, registrations, users } from '../../../db/schema.ts'
import { day, iso, isoOrNull, startOf } from '../../platform/clock.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/text-formats.ts'
import { bucketsOf, type LongPeriod, lengthOf, longPeriodSchema } from './period.ts'

export const activeUserSchema = t.Object({
  id: t.Integer(),
  username: t.String(),
  role: t.String(),
  country: t.Nullable(t.String()),
  last_login: t.Nullable(dateTimeSchema),
  last_seen: t.Nullable(dateTimeSchema),
  league_count: t.Integer(),
  trades_today: t.Integer(),
})
export type ActiveUser = Static<typeof activeUserSchema>
type ActiveUsersInput = { period: LongPeriod; now: number; limit: number; offset: number }
export type ActiveUsers = { users: ActiveUser[]; total: number; before: number }

const there = isNull(users.deletedAt)

/** Those seen in the period, the last seen first; `before` are those whose last sight lies in the period before. */
export function activeUsersReading(db: Db, { period, now, limit, offset }: ActiveUsersInput): ActiveUsers {
  const since = now - lengthOf(period)
  const tradedToday = and(
    eq(ledger.userId, users.id),
    gte(ledger.at, startOf('day', now)),
    isNotNull(ledger.symbol),
    inArray(ledger.kind, ['buy', 'sell']),
  )
  const rows = db
    .select({
      id: users.id,
      username: users.username,
      role: users.role,
      country: users.country,
      lastLoginAt: users.lastLoginAt,
      lastSeenAt: users.lastSeenAt,
      leagues: sql<number>`(select count(*) from ${members} where ${eq(members.userId, users.id)})`,
      trades: sql<number>`(select count(*) from ${ledger} where ${tradedToday})`,
    })
    .from(users)
    .where(and(gte(users.lastSeenAt, since), there))
    .orderBy(desc(users.lastSeenAt), desc(users.id))
    .limit(limit)
    .offset(offset)
    .all()
  return {
    users: rows.map(({ lastLoginAt, lastSeenAt, leagues, trades, ...user }) => ({
      ...user,
      last_login: isoOrNull(lastLoginAt),
      last_seen: isoOrNull(lastSeenAt),
      league_count: leagues,
      trades_today: trades,
    })),
    total: seenBetween(db, since, now + day),
    before: seenBetween(db, since - lengthOf(period), since),
  }
}

const seenBetween = (db: Db, from: number, to: number): number =>
  db
    .select({ users: count() })
    .from(users)
    .where(and(gte(users.lastSeenAt, from), lt(users.lastSeenAt, to), there))
    .get()?.users ?? 0

export const engagementSchema = t.Object({
  period: longPeriodSchema,
  daily_active_users: t.Array(t.Object({ date: dateSchema, active: t.Integer() })),
  registrations: t.Array(t.Object({ date: dateSchema, users: t.Integer() })),
  league_creation_trend: t.Array(t.Object({ date: dateSchema, leagues: t.Integer() })),
  previous: t.Object(
    { active_a_day: t.Nullable(t.Number()), registrations: t.Integer(), leagues: t.Integer() },
    { description: 'The same stretch before' },
  ),
})
export type Engagement = Static<typeof engagementSchema>

/** Day by day. A day on which nobody came is 0; days before anything was counted are left out of averages. */
export function engagementReading(db: Db, { period, now }: { period: LongPeriod; now: number }): Engagement {
  const length = lengthOf(period)
  const begin = startOf('day', now) - Math.max(length, 7 * day) + day
  const before = begin - Math.max(length, 7 * day)
  const active = activeByDay(db, before)
  const registered = registeredByDay(db, before)
  const created = leaguesByDay(db, before)
  const days = bucketsOf(begin, now, day)
  const dateOf = (at: number) => iso(at).slice(0, 10)
  return {
    period,
    daily_active_users: days.map(at => ({ date: dateOf(at), active: active.get(at) ?? 0 })),
    registrations: days.map(at => ({ date: dateOf(at), users: registered.get(at) ?? 0 })),
    league_creation_trend: days.map(at => ({ date: dateOf(at), leagues: created.get(at) ?? 0 })),
    previous: {
      active_a_day: averageIn(active, before, begin),
      registrations: sumIn(registered, before, begin),
      leagues: sumIn(created, before, begin),
    },
  }
}

/** Counts by day, UTC: who was there, who registered, which leagues were made. */

type Counted = Map<number, number>

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

function leaguesByDay(db: Db, since: number): Counted {
  const at = sql<number>`${leagues.createdAt} - ${leagues.createdAt} % ${day}`
  const rows = db.select({ at, leagues: count() }).from(leagues).where(gte(leagues.createdAt, since)).groupBy(at).all()
  return new Map(rows.map(row => [row.at, row.leagues]))
}

const valuesIn = (days: Counted, from: number, to: number): number[] =>
  [...days].filter(([at]) => at >= from && at < to).map(([, value]) => value)
export const sumIn = (days: Counted, from: number, to: number): number =>
  valuesIn(days, from, to).reduce((sum, value) => sum + value, 0)

/** Over the days on which anything was counted; null where there is none. */
export function averageIn(days: Counted, from: number, to: number): number | null {
  const values = valuesIn(days, from, to)
  return values.length ? Math.round((10 * sumIn(days, from, to)) / values.length) / 10 : null
}
