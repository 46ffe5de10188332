/** Recent users, activity in each league and trading. For the reader thread. */
import { and, count, desc, eq, gte, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { entries, leagues, ledger, members, portfolios, tradeHours, uploads, users } from '../../../db/schema.ts'
import { kindSchema, leagueStatus } from '../../leagues/league.ts'
import { day, hour, iso, startOf } from '../../platform/clock.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema, nullableDateTime } from '../../platform/http/shared-schemas.ts'
import { bucketsOf, dateOf, type LongPeriod, lengthOf, longPeriodSchema, percentChange } from '../period.ts'
import { activeUsers, registeredUsers } from '../statistics/dashboard.ts'

export const activeUserSchema = t.Object({
  id: idSchema,
  username: t.String(),
  role: t.String(),
  country: t.Nullable(t.String()),
  last_login: nullableDateTime,
  last_seen: nullableDateTime,
  league_count: t.Integer(),
  trades_today: t.Integer(),
})
export type ActiveUser = Static<typeof activeUserSchema>
type ActiveUsersInput = { period: LongPeriod; now: number; limit: number; offset: number }
export type ActiveUsers = { users: ActiveUser[]; total: number; before: number }

const activeUserView = rowView(activeUserSchema)
const isNotDeleted = isNull(users.deletedAt)

/** Users seen in the period, last seen first; `before` are those last seen in the period before. */
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
      lastLogin: users.lastLoginAt,
      lastSeen: users.lastSeenAt,
      leagueCount: sql<number>`(select count(*) from ${members} where ${eq(members.userId, users.id)})`,
      tradesToday: sql<number>`(select count(*) from ${ledger} where ${tradedToday})`,
    })
    .from(users)
    .where(and(gte(users.lastSeenAt, since), isNotDeleted))
    .orderBy(desc(users.lastSeenAt), desc(users.id))
    .limit(limit)
    .offset(offset)
    .all()
  return {
    users: rows.map(activeUserView),
    total: seenBetween(db, since, now + day),
    before: seenBetween(db, since - lengthOf(period), since),
  }
}

const seenBetween = (db: Db, from: number, to: number): number =>
  countRows(db, users, and(gte(users.lastSeenAt, from), lt(users.lastSeenAt, to), isNotDeleted))

export const engagementSchema = t.Object({
  period: longPeriodSchema,
  daily_active_users: t.Array(t.Object({ date: dateSchema, active: t.Integer() })),
  registrations: t.Array(t.Object({ date: dateSchema, users: t.Integer() })),
  league_creation_trend: t.Array(t.Object({ date: dateSchema, leagues: t.Integer() })),
  previous: t.Object(
    { active_a_day: t.Nullable(t.Number()), registrations: t.Integer(), leagues: t.Integer() },
    { description: 'The previous period of the same length' },
  ),
})
export type Engagement = Static<typeof engagementSchema>

/** Day by day. A day without users is 0; days before anything was counted are left out of averages. */
export function engagementReading(db: Db, { period, now }: { period: LongPeriod; now: number }): Engagement {
  const length = lengthOf(period)
  const begin = startOf('day', now) - Math.max(length, 7 * day) + day
  const before = begin - Math.max(length, 7 * day)
  const active = activeUsers(db, 'day', before)
  const registered = registeredUsers(db, before)
  const created = leaguesByDay(db, before)
  const days = bucketsOf(begin, now, day)
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

/** Counts by day, UTC. */

type CountByDay = Map<number, number>

function leaguesByDay(db: Db, since: number): CountByDay {
  const at = sql<number>`${leagues.createdAt} - ${leagues.createdAt} % ${day}`
  const rows = db.select({ at, leagues: count() }).from(leagues).where(gte(leagues.createdAt, since)).groupBy(at).all()
  return new Map(rows.map(row => [row.at, row.leagues]))
}

const valuesIn = (days: CountByDay, from: number, to: number): number[] =>
  [...days].filter(([at]) => at >= from && at < to).map(([, value]) => value)
export const sumIn = (days: CountByDay, from: number, to: number): number =>
  valuesIn(days, from, to).reduce((sum, value) => sum + value, 0)

/** Over days on which anything was counted; null if there are none. */
export function averageIn(days: CountByDay, from: number, to: number): number | null {
  const values = valuesIn(days, from, to)
  return values.length ? Math.round((10 * sumIn(days, from, to)) / values.length) / 10 : null
}

/** Activity in each league. For the reader thread. */

export const leagueActivitySchema = t.Object({
  id: idSchema,
  name: t.String(),
  kind: kindSchema,
  status: t.String(),
  member_count: t.Integer(),
  entry_count: t.Integer(),
  trade_count: t.Integer(),
  upload_count: t.Integer(),
  created_at: dateTimeSchema,
})
export type LeagueActivity = Static<typeof leagueActivitySchema>
const leagueActivityView = rowView(leagueActivitySchema)

/** `eq` keeps the names of the tables: a bare column in a selected `sql` loses its own, and `id` would be the inner table's. */
const countIn = (table: typeof members | typeof uploads | typeof entries) =>
  sql<number>`(select count(*) from ${table} where ${eq(table.leagueId, leagues.id)})`

/** Newest first. */
export function leagueActivityReading(
  db: Db,
  { now, limit, offset, archived = false }: { now: number; limit: number; offset: number; archived?: boolean },
): { leagues: LeagueActivity[]; total: number } {
  const where = archived ? sql`${leagues.archivedAt} is not null` : sql`${leagues.archivedAt} is null`
  const byAge = [desc(leagues.createdAt), desc(leagues.id)]
  const newest = db
    .select({ id: leagues.id })
    .from(leagues)
    .where(where)
    .orderBy(...byAge)
    .limit(limit)
    .offset(offset)
  const rows = db
    .select({
      league: leagues,
      memberCount: countIn(members),
      entryCount: countIn(entries),
      uploadCount: countIn(uploads),
      tradeCount: sql<number>`coalesce((select sum(${portfolios.trades}) from ${portfolios} where ${eq(portfolios.leagueId, leagues.id)}), 0)`,
    })
    .from(leagues)
    .where(inArray(leagues.id, newest)) // SQLite would count for all of them before it sorts
    .orderBy(...byAge)
    .all()
  return {
    leagues: rows.map(({ league, ...counts }) =>
      leagueActivityView({ ...league, status: leagueStatus(league, now), ...counts }),
    ),
    total: countRows(db, leagues, where),
  }
}

/** Trading, from the hourly counts of the ledger's trigger. For the reader thread. */

const maxSymbols = 20

export const tradedSymbolSchema = t.Object({
  symbol: t.String(),
  count: t.Integer(),
  avg_qty: t.Number(),
  volume: t.Number(),
})
export type TradedSymbol = Static<typeof tradedSymbolSchema>

export const tradingSchema = t.Object({
  hours: t.Integer(),
  total_trades: t.Integer(),
  by_type: t.Object({ buy: t.Integer(), sell: t.Integer() }),
  shares: t.Integer(),
  volume: t.Number({ description: 'Currency units' }),
  top_symbols: t.Array(tradedSymbolSchema),
  trend: t.Array(t.Object({ at: dateTimeSchema, buy: t.Integer(), sell: t.Integer() })),
  change_pct: t.Object(
    { trades: t.Nullable(t.Number()), volume: t.Nullable(t.Number()) },
    { description: 'Compared with the previous period of the same length' },
  ),
})
export type Trading = Static<typeof tradingSchema>

const trades = sql<number>`sum(${tradeHours.trades})`
const shares = sql<number>`sum(${tradeHours.shares})`
const volume = sql<number>`sum(${tradeHours.volumeCents})`

type RecentHours = { hours: number; now: number }
const beginOf = ({ hours, now }: RecentHours) => now - (now % hour) - (hours - 1) * hour

export function tradingReading(db: Db, { hours, now }: RecentHours): Trading {
  const begin = beginOf({ hours, now })
  const since = gte(tradeHours.hour, begin)
  const rows = db
    .select({ at: tradeHours.hour, kind: tradeHours.kind, trades, shares, volume })
    .from(tradeHours)
    .where(since)
    .groupBy(tradeHours.hour, tradeHours.kind)
    .all()
  const sum = (of: 'trades' | 'shares' | 'volume', kind?: 'buy' | 'sell') =>
    rows.reduce((total, row) => total + (kind && row.kind !== kind ? 0 : row[of]), 0)
  const before = tradesBetween(db, begin - hours * hour, begin)
  const step = hours > 24 * 7 ? 24 * hour : hour
  const first = begin - (begin % step)
  const byTime = new Map(bucketsOf(first, now, step).map(at => [at, { buy: 0, sell: 0 }]))
  for (const { at, kind, trades } of rows) {
    const bucket = byTime.get(at - (at % step))
    if (bucket) bucket[kind] += trades
  }
  return {
    hours,
    total_trades: sum('trades'),
    by_type: { buy: sum('trades', 'buy'), sell: sum('trades', 'sell') },
    shares: sum('shares'),
    volume: sum('volume') / 100,
    top_symbols: tradedSymbols(db, { hours, now, limit: maxSymbols, offset: 0 }),
    trend: [...byTime].map(([at, counts]) => ({ at: iso(at), ...counts })),
    change_pct: {
      trades: percentChange(sum('trades'), before.trades),
      volume: percentChange(sum('volume'), before.volume),
    },
  }
}

/** Most traded first. */
export const tradedSymbols = (
  db: Db,
  { limit, offset, ...recentHours }: RecentHours & { limit: number; offset: number },
): TradedSymbol[] =>
  db
    .select({ symbol: tradeHours.symbol, trades, shares, volume })
    .from(tradeHours)
    .where(gte(tradeHours.hour, beginOf(recentHours)))
    .groupBy(tradeHours.symbol)
    .orderBy(desc(trades), tradeHours.symbol)
    .limit(limit)
    .offset(offset)
    .all()
    .map(row => ({
      symbol: row.symbol,
      count: row.trades,
      avg_qty: Math.round((100 * row.shares) / row.trades) / 100,
      volume: row.volume / 100,
    }))

export function tradesBetween(db: Db, from: number, to: number): { trades: number; shares: number; volume: number } {
  const row = db
    .select({ trades, shares, volume })
    .from(tradeHours)
    .where(and(gte(tradeHours.hour, from), lt(tradeHours.hour, to)))
    .get()
  return { trades: row?.trades ?? 0, shares: row?.shares ?? 0, volume: row?.volume ?? 0 }
}
