/** A user's positions in their leagues, as far as the reader can see them. */
import { and, count, desc, eq, isNull, sql } from 'drizzle-orm'
import { t } from 'elysia'
import { leagues, members } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { readPlayer } from '../leagues/board.ts'
import { kindOf } from '../leagues/kinds.ts'
import { kindSchema, type League, leagueStatus, statusSchema } from '../leagues/league.ts'
import { isVisibleTo } from '../leagues/visibility.ts'
import { iso } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableNumber } from '../platform/http/shared-schemas.ts'

const rowOfPersonSchema = t.Object({
  player_id: t.String(),
  name: t.String(),
  rank: t.Nullable(t.Integer({ description: 'null while nobody is ranked' })),
  change: t.Nullable(t.Integer({ description: 'Positive for a climb' })),
  score: t.Nullable(
    t.Number({ description: 'In the unit of the kind: cents in a market league, strokes to par in a tour league' }),
  ),
})
const leagueOfPersonSchema = t.Object({
  id: idSchema,
  name: t.String(),
  kind: kindSchema,
  status: statusSchema,
  starts_at: dateTimeSchema,
  ends_at: dateTimeSchema,
})
const leagueOfPersonView = rowView(leagueOfPersonSchema)
const membershipFields = { league: leagueOfPersonSchema, joined_at: dateTimeSchema }
export const standingSchema = t.Object({
  ...membershipFields,
  rows: t.Array(rowOfPersonSchema, {
    description: 'Their rows of the board, best first: several entries are several rows',
  }),
})
export const standingWithHistorySchema = t.Object({
  ...membershipFields,
  rows: t.Array(
    t.Composite([
      rowOfPersonSchema,
      t.Object({ history: t.Array(t.Object({ at: dateTimeSchema, score: nullableNumber })) }),
    ]),
  ),
})

const example = {
  league: {
    id: 7,
    name: 'Spring cup',
    kind: 'market',
    status: 'active',
    starts_at: '2026-03-01T00:00:00.000Z',
    ends_at: '2026-05-31T00:00:00.000Z',
  },
  joined_at: '2026-02-27T18:00:00.000Z',
}
const exampleRow = { player_id: '12', name: 'Ann', rank: 3, change: 2, score: 10_412_300 }
export const standingExample = { ...example, rows: [exampleRow] }
export const historyExample = {
  ...example,
  rows: [{ ...exampleRow, history: [{ at: '2026-03-02T00:00:00.000Z', score: 10_000_000 }] }],
}

type Membership = { league: League; joinedAt: number }

/** A member's leagues that the reader can see: active ones first, then the most recently ended. Archived ones are left out. */
export function membershipsOf(
  { db }: Pick<App, 'db'>,
  userId: number,
  reader: Who | undefined,
  { limit, offset }: PageSlice,
): { memberships: Membership[]; total: number } {
  const where = and(eq(members.userId, userId), isNull(leagues.archivedAt), isVisibleTo(reader))
  const memberships = db
    .select({ league: leagues, joinedAt: members.joinedAt })
    .from(members)
    .innerJoin(leagues, eq(leagues.id, members.leagueId))
    .where(where)
    .orderBy(sql`${leagues.finalizedAt} is not null`, desc(leagues.endsAt), desc(leagues.id))
    .limit(limit)
    .offset(offset)
    .all()
  const found = db
    .select({ total: count() })
    .from(members)
    .innerJoin(leagues, eq(leagues.id, members.leagueId))
    .where(where)
    .get()
  return { memberships, total: found?.total ?? 0 }
}

export async function standingOf(app: App, { league, joinedAt }: Membership, userId: number) {
  const rows = (await kindOf(app, league).standings?.(app, league, userId)) ?? []
  return {
    league: leagueOfPersonView({ ...league, status: leagueStatus(league, app.clock.now()) }),
    joined_at: iso(joinedAt),
    rows: rows.map(({ player_id, name, rank, change, score }) => ({ player_id, name, rank, change, score })),
  }
}
export type PersonStanding = Awaited<ReturnType<typeof standingOf>>

/** With the history of each row's score. */
export async function standingWithHistory(app: App, membership: Membership, userId: number) {
  const standing = await standingOf(app, membership, userId)
  const rows: (PersonStanding['rows'][number] & { history: PastScore[] })[] = []
  for (const row of standing.rows) {
    const { value: player } = await readPlayer(app, membership.league, row.player_id)
    rows.push({ ...row, history: player.history.flatMap(pastScoreOf) })
  }
  return { ...standing, rows }
}
export type StandingWithHistory = Awaited<ReturnType<typeof standingWithHistory>>

type PastScore = { at: string; score: number | null }
function pastScoreOf(each: unknown): PastScore[] {
  if (typeof each !== 'object' || each === null || !('taken_at' in each) || typeof each.taken_at !== 'string') return []
  return [{ at: each.taken_at, score: 'score' in each && typeof each.score === 'number' ? each.score : null }]
}
