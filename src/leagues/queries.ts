import { and, desc, eq, gt, isNotNull, isNull, lte, min, type SQL, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { equalsGiven, isAmong } from '../../db/prepared-writes.ts'
import { type Kind, leagues, members, users } from '../../db/schema.ts'
import { atomically, prepared } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { refuse } from '../errors.ts'
import { idsByName } from '../leaderboard/search.ts'
import { touch } from '../platform/cache/stamps.ts'
import { iso } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { dateTimeSchema, idSchema } from '../platform/http/shared-schemas.ts'
import { type League, type LeagueStatus, type LeagueView, leagueView } from './league.ts'

const byId = prepared(db => db.select().from(leagues).where(equalsGiven(leagues.id)))

export const findLeague = (db: Db, id: number): League | undefined => byId(db).get({ id })

export const leagueById = (db: Db, id: number): League =>
  findLeague(db, id) ?? refuse('not_found', `There is no league ${id}`)

const memberCount = sql<number>`(select count(*) from ${members} where ${eq(members.leagueId, leagues.id)})`

export const countMembers = (db: Db, leagueId: number): number => countRows(db, members, eq(members.leagueId, leagueId))

export const leagueViewById = (db: Db, id: number, now: number): LeagueView =>
  leagueView(leagueById(db, id), countMembers(db, id), now)

/** `leagueStatus` as a condition on `leagues`. */
export const hasStatus = (status: LeagueStatus, now: number): SQL | undefined =>
  ({
    archived: isNotNull(leagues.archivedAt),
    final: and(isNull(leagues.archivedAt), isNotNull(leagues.finalizedAt)),
    upcoming: and(isNotSettled, gt(leagues.startsAt, now)),
    active: and(isNotSettled, lte(leagues.startsAt, now), gt(leagues.endsAt, now)),
    ended: and(isNotSettled, lte(leagues.endsAt, now)),
  })[status]
export const isNotSettled = and(isNull(leagues.archivedAt), isNull(leagues.finalizedAt))

const leagueIdsNamed = (db: Db, q: string): number[] =>
  idsByName(q, db.select({ id: leagues.id, name: leagues.name }).from(leagues).all())

/** `visible`: a condition for leagues that the reader may see. */
export type LeagueFilter = { kind?: Kind; status?: LeagueStatus; q?: string; visible?: SQL }

const conditionOf = (db: Db, { kind, status, q, visible }: LeagueFilter, now: number): SQL | undefined =>
  and(
    visible,
    kind && eq(leagues.kind, kind),
    status ? hasStatus(status, now) : isNull(leagues.archivedAt),
    q ? isAmong(leagues.id, leagueIdsNamed(db, q)) : undefined,
  )

/** Latest start first; archived ones only when asked for. */
export function listLeagues(
  db: Db,
  filter: LeagueFilter,
  { limit, offset }: Pick<PageSlice, 'limit' | 'offset'>,
  now: number,
): LeagueView[] {
  const rows = db
    .select({ league: leagues, members: memberCount })
    .from(leagues)
    .where(conditionOf(db, filter, now))
    .orderBy(desc(leagues.startsAt), desc(leagues.id))
    .limit(limit)
    .offset(offset)
    .all()
  return rows.map(row => leagueView(row.league, row.members, now))
}

export const countLeagues = (db: Db, filter: LeagueFilter, now: number): number =>
  countRows(db, leagues, conditionOf(db, filter, now))

/** The earliest time after `now` in a column of the leagues that are not archived. */
const nextTimeIn = (column: typeof leagues.startsAt | typeof leagues.endsAt) =>
  prepared(db =>
    db
      .select({ at: min(column) })
      .from(leagues)
      .where(and(isNull(leagues.archivedAt), gt(column, sql.placeholder('now')))),
  )
const nextStart = nextTimeIn(leagues.startsAt)
const nextEnd = nextTimeIn(leagues.endsAt)

/** When the status of any league next changes by itself. */
export const nextStatusChangeOfAny = (db: Db, now: number): number =>
  Math.min(
    nextStart(db).get({ now })?.at ?? Number.POSITIVE_INFINITY,
    nextEnd(db).get({ now })?.at ?? Number.POSITIVE_INFINITY,
  )

export type NewLeague = Omit<typeof leagues.$inferInsert, 'createdAt'>

export function createLeague(tx: Db, league: NewLeague, now: number): League {
  const created = tx
    .insert(leagues)
    .values({ ...league, createdAt: now })
    .returning()
    .get()
  touch(tx, 'leagues')
  return created
}

/** Also drops cached scores: a board depends on its league's config and state. */
export function changeLeague(tx: Db, id: number, change: Partial<League>): League {
  const changed = tx.update(leagues).set(change).where(eq(leagues.id, id)).returning().all()[0]
  touch(tx, 'leagues')
  touch(tx, 'league', id)
  touch(tx, 'scores', id)
  return changed ?? refuse('not_found', `There is no league ${id}`)
}

type Deletion = { id: number; who: Actor; at: number }

/** As a bulk write, because its members and entries go with it. */
export const deleteLeague = (db: Db, { id, who, at }: Deletion): Promise<void> =>
  atomically(db, tx => {
    const { name, kind } = leagueById(tx, id)
    tx.delete(leagues).where(eq(leagues.id, id)).run()
    touch(tx, 'leagues')
    touch(tx, 'league', id)
    touch(tx, 'members', id)
    touch(tx, 'scores', id)
    audit(tx, { at, who, action: 'league.delete', target: `league ${id}`, detail: { name, kind } })
  })

/** Returns true for a new member. */
export function insertMembership(tx: Db, leagueId: number, userId: number, now: number): boolean {
  const joined =
    tx.insert(members).values({ leagueId, userId, joinedAt: now }).onConflictDoNothing().returning().all().length > 0
  if (joined) membersChanged(tx, leagueId, userId)
  return joined
}

function membersChanged(tx: Db, leagueId: number, userId: number): void {
  touch(tx, 'members', leagueId)
  touch(tx, 'scores', leagueId) // a member may be on the board, and counts in its statistics
  touch(tx, 'league', leagueId)
  touch(tx, 'user', userId)
}

/** Returns false for somebody who was not a member. */
export function deleteMembership(tx: Db, leagueId: number, userId: number): boolean {
  const membership = and(eq(members.leagueId, leagueId), eq(members.userId, userId))
  const removed = tx.delete(members).where(membership).returning().all().length > 0
  if (removed) membersChanged(tx, leagueId, userId)
  return removed
}

const memberRow = prepared(db =>
  db.select({ one: sql`1` }).from(members).where(equalsGiven(members.leagueId, members.userId)),
)

export const isMember = (db: Db, leagueId: number, userId: number): boolean =>
  memberRow(db).get({ leagueId, userId }) !== undefined

export const memberSchema = t.Object({ user_id: idSchema, username: t.String(), joined_at: dateTimeSchema })
export type MemberView = Static<typeof memberSchema>

export function membersOf(
  db: Db,
  leagueId: number,
  { limit, offset }: PageSlice,
): { members: MemberView[]; total: number } {
  const rows = db
    .select({ id: users.id, username: users.username, joinedAt: members.joinedAt })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.leagueId, leagueId))
    .orderBy(members.joinedAt, users.id)
    .limit(limit)
    .offset(offset)
    .all()
  return {
    members: rows.map(row => ({ user_id: row.id, username: row.username, joined_at: iso(row.joinedAt) })),
    total: countMembers(db, leagueId),
  }
}
