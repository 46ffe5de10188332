/** What goes on in each league. For the reader thread. */
import { count, desc, eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { entries, leagues, members, portfolios, uploads } from '../../../db/schema.ts'
import { statusOf } from '../../leagues/league.ts'
import { iso } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'

export const leagueActivitySchema = t.Object({
  id: t.Integer(),
  name: t.String(),
  kind: t.String(),
  status: t.String(),
  member_count: t.Integer(),
  entry_count: t.Integer(),
  trade_count: t.Integer(),
  upload_count: t.Integer(),
  created_at: dateTimeSchema,
})
export type LeagueActivity = Static<typeof leagueActivitySchema>

/** `eq` keeps the names of the tables: a bare column in a selected `sql` loses its own, and `id` would be the inner table's. */
const within = (table: typeof members | typeof uploads | typeof entries) =>
  sql<number>`(select count(*) from ${table} where ${eq(table.leagueId, leagues.id)})`

/** The newest first. */
export function leagueActivityReading(
  db: Db,
  { now, limit, offset, archived = false }: { now: number; limit: number; offset: number; archived?: boolean },
): { leagues: LeagueActivity[]; total: number } {
  const where = archived ? sql`${leagues.archivedAt} is not null` : sql`${leagues.archivedAt} is null`
  const rows = db
    .select({
      league: leagues,
      members: within(members),
      entries: within(entries),
      uploads: within(uploads),
      trades: sql<number>`coalesce((select sum(${portfolios.trades}) from ${portfolios} where ${eq(portfolios.leagueId, leagues.id)}), 0)`,
    })
    .from(leagues)
    .where(where)
    .orderBy(desc(leagues.createdAt), desc(leagues.id))
    .limit(limit)
    .offset(offset)
    .all()
  return {
    leagues: rows.map(({ league, members, entries, uploads, trades }) => ({
      id: league.id,
      name: league.name,
      kind: league.kind,
      status: statusOf(league, now),
      member_count: members,
      entry_count: entries,
      trade_count: trades,
      upload_count: uploads,
      created_at: iso(league.createdAt),
    })),
    total: db.select({ total: count() }).from(leagues).where(where).get()?.total ?? 0,
  }
}
