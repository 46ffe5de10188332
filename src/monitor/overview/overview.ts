/** The installation in a few numbers. For the reader thread. */
import { and, count, getTableName, gte, is, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import * as schema from '../../../db/schema.ts'
import { day, hour } from '../../platform/clock.ts'
import { tradesBetween } from './trading.ts'

const { leagues, registrations, runCounts, users } = schema

const integer = t.Integer()
export const installationOverviewSchema = t.Object({
  users: t.Object({ total: integer, active_7days: integer, active_percentage: t.Nullable(t.Number()) }),
  leagues: t.Object({ active: integer, archived: integer, total: integer }),
  trading: t.Object({
    trades_24h: integer,
    shares_traded_24h: integer,
    volume_24h: t.Number({ description: 'Currency units' }),
  }),
  database: t.Object({ tables: t.Record(t.String(), integer), total_records: integer }),
})
export type InstallationOverview = Static<typeof installationOverviewSchema>

export function overviewReading(db: Db, { now }: { now: number }): InstallationOverview {
  const total = usersTotal(db)
  const active = activeSince(db, now - 7 * day)
  const { trades, shares, volume } = tradesBetween(db, now - (now % hour) - 23 * hour, now + hour)
  const archived = leaguesWhere(db, isNotNull(leagues.archivedAt))
  const tables = rowsByTable(db)
  return {
    users: {
      total,
      active_7days: active,
      active_percentage: total ? Math.round((1_000 * active) / total) / 10 : null,
    },
    leagues: { active: activeLeagues(db, now), archived, total: leaguesWhere(db, sql`true`) },
    trading: { trades_24h: trades, shares_traded_24h: shares, volume_24h: volume / 100 },
    database: { tables, total_records: Object.values(tables).reduce((sum, rows) => sum + rows, 0) },
  }
}

/** A trigger counts who registered and who left. */
export const usersTotal = (db: Db): number =>
  db
    .select({ users: sql<number>`coalesce(sum(${registrations.users}), 0)` })
    .from(registrations)
    .get()?.users ?? 0

const activeSince = (db: Db, since: number): number =>
  db.select({ users: count() }).from(users).where(gte(users.lastSeenAt, since)).get()?.users ?? 0

export const leaguesWhere = (db: Db, where: SQL | undefined): number =>
  db.select({ leagues: count() }).from(leagues).where(where).get()?.leagues ?? 0

export const activeLeagues = (db: Db, now: number): number =>
  leaguesWhere(
    db,
    and(
      isNull(leagues.archivedAt),
      isNull(leagues.finalizedAt),
      sql`${leagues.startsAt} <= ${now}`,
      sql`${leagues.endsAt} > ${now}`,
    ),
  )

const tables = Object.values(schema).flatMap((value: unknown) => (is(value, SQLiteTable) ? [getTableName(value)] : []))

/** A table of a million is counted in some milliseconds; of runs the triggers' count is taken. */
function rowsByTable(db: Db): Record<string, number> {
  const runs = db
    .select({ runs: sql<number>`coalesce(sum(${runCounts.runs}), 0)` })
    .from(runCounts)
    .get()
  const rowsOf = (name: string) =>
    db.$client.query<{ rows: number }, []>(`select count(*) as rows from "${name}"`).get()?.rows ?? 0
  return Object.fromEntries(tables.map(name => [name, name === 'runs' ? (runs?.runs ?? 0) : rowsOf(name)]))
}
