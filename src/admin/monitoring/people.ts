/** Who was there lately, and how many day by day. For the reading thread. */
import { and, count, desc, eq, gte, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { ledger, members, users } from '../../../db/schema.ts'
import { day, iso, isoOrNull, startOf } from '../../runtime/clock.ts'
import { activeByDay, averageIn, leaguesByDay, registeredByDay, sumIn } from './days.ts'
import { bucketsOf, type LongPeriod, lengthOf } from './period.ts'

const moment = t.String({ format: 'date-time' })
const date = t.String({ format: 'date' })

export const activeUserSchema = t.Object({
  id: t.Integer(),
  username: t.String(),
  role: t.String(),
  country: t.Nullable(t.String()),
  last_login: t.Nullable(moment),
  last_seen: t.Nullable(moment),
  league_count: t.Integer(),
  trades_today: t.Integer(),
})
export type ActiveUser = Static<typeof activeUserSchema>
export type ActiveUsersInput = { period: LongPeriod; now: number; limit: number; offset: number }
export type ActiveUsers = { users: ActiveUser[]; total: number; before: number }

const there = and(isNull(users.deletedAt))

/** Those seen in the period, the last seen first; `before` are those whose last sight lies in the period before. */
export function activeUsersReading(db: Db, { period, now, limit, offset }: ActiveUsersInput): ActiveUsers {
  const since = now - lengthOf(period)
  const tradedToday = and(eq(ledger.userId, users.id), gte(ledger.at, startOf('day', now)), isNotNull(ledger.symbol))
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
    .where(and(gte(users.lastSeenAt, from), lt(users.lastSeenAt, to)))
    .get()?.users ?? 0

export const engagementSchema = t.Object({
  period: t.String(),
  daily_active_users: t.Array(t.Object({ date, active: t.Integer() })),
  registrations: t.Array(t.Object({ date, users: t.Integer() })),
  league_creation_trend: t.Array(t.Object({ date, leagues: t.Integer() })),
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
