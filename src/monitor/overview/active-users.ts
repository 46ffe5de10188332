/** Who was there lately. For the reader thread. */
import { and, count, desc, eq, gte, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { ledger, members, users } from '../../../db/schema.ts'
import { day, isoOrNull, startOf } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { type LongPeriod, lengthOf } from './period.ts'

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
export type ActiveUsersInput = { period: LongPeriod; now: number; limit: number; offset: number }
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
