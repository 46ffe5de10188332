import { and, asc, desc, eq, getTableColumns, gt, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { entries, users } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Entry, NamedEntry } from './entry.ts'

const inLeague = (leagueId: number, userId?: number) =>
  and(eq(entries.leagueId, leagueId), userId === undefined ? undefined : eq(entries.userId, userId))

const namedEntries = (db: Db, where: SQL | undefined) =>
  db
    .select({ ...getTableColumns(entries), username: users.username })
    .from(entries)
    .innerJoin(users, eq(users.id, entries.userId))
    .where(where)

/** Entries, newest first. */
export const listEntries = (db: Db, leagueId: number, { limit, offset }: PageSlice, userId?: number) => ({
  entries: namedEntries(db, inLeague(leagueId, userId)).orderBy(desc(entries.id)).limit(limit).offset(offset).all(),
  total: countEntries(db, leagueId, userId),
})

export const countEntries = (db: Db, leagueId: number, userId?: number): number =>
  countRows(db, entries, inLeague(leagueId, userId))

export const entryIds = (db: Db, leagueId: number, userId: number): number[] =>
  db
    .select({ id: entries.id })
    .from(entries)
    .where(inLeague(leagueId, userId))
    .all()
    .map(({ id }) => id)

export const findEntry = (db: Db, leagueId: number, id: number): NamedEntry | undefined =>
  namedEntries(db, and(inLeague(leagueId), eq(entries.id, id))).get()

export const entriesByIds = (db: Db, ids: readonly number[]): Map<number, NamedEntry> =>
  new Map(
    namedEntries(db, inArray(entries.id, [...ids]))
      .all()
      .map(entry => [entry.id, entry]),
  )

export const entryById = (db: Db, leagueId: number, id: number): NamedEntry =>
  findEntry(db, leagueId, id) ?? refuse('not_found', `This league has no entry ${id}`)

export type Team = Pick<Entry, 'id' | 'name' | 'picks' | 'tiebreaker' | 'createdAt'>

const teams = prepared(db =>
  db
    .select({
      id: entries.id,
      name: entries.name,
      picks: entries.picks,
      tiebreaker: entries.tiebreaker,
      createdAt: entries.createdAt,
    })
    .from(entries)
    .where(
      and(
        equalsGiven(entries.leagueId),
        gt(entries.id, sql.placeholder('after')),
        lte(entries.createdAt, sql.placeholder('at')),
      ),
    )
    .orderBy(asc(entries.id))
    .limit(entriesPerRead),
)

const entriesPerRead = 500 // entries read at once, which takes a few milliseconds

/** The entries that a board is made of: those that existed at `at`. Pauses in between so that other requests run. */
export async function teamsOf(db: Db, leagueId: number, at = Number.MAX_SAFE_INTEGER): Promise<Team[]> {
  const all: Team[] = []
  for (;;) {
    const some = teams(db).all({ leagueId, after: all.at(-1)?.id ?? 0, at })
    all.push(...some)
    if (some.length < entriesPerRead) return all
    await Bun.sleep(0)
  }
}

/** The present names of entries whose accounts were deleted, by id. */
export function namesOfDeletedUsers(db: Db, leagueId: number): Map<number, string> {
  const gone = db
    .select({ id: entries.id, name: entries.name })
    .from(entries)
    .innerJoin(users, eq(users.id, entries.userId))
    .where(and(inLeague(leagueId), isNotNull(users.deletedAt)))
    .all()
  return new Map(gone.map(({ id, name }) => [id, name]))
}

export const nameIsTaken = (db: Db, leagueId: number, name: string, exceptId?: number): boolean =>
  db
    .select({ id: entries.id })
    .from(entries)
    .where(and(inLeague(leagueId), sql`lower(${entries.name}) = lower(${name})`))
    .all()
    .some(({ id }) => id !== exceptId)

export function insertEntry(tx: Db, entry: typeof entries.$inferInsert): Entry {
  const created = tx.insert(entries).values(entry).returning().get()
  touch(tx, 'scores', created.leagueId)
  touch(tx, 'user', created.userId)
  return created
}

export function changeEntry(tx: Db, { id, leagueId }: Entry, change: Partial<Entry>): void {
  tx.update(entries).set(change).where(eq(entries.id, id)).run()
  touch(tx, 'scores', leagueId)
}

export function deleteEntry(tx: Db, { id, leagueId, userId }: Entry): void {
  tx.delete(entries).where(eq(entries.id, id)).run()
  touch(tx, 'scores', leagueId)
  touch(tx, 'user', userId)
}

/** Those of these golfers who are picked in an entry of the league. */
export function pickedPlayers(db: Db, leagueId: number, players: readonly string[]): Set<string> {
  const rows = db.all<{ id: string }>(
    sql`select distinct pick.value as id from ${entries}, json_each(${entries.picks}) as pick
      where ${entries.leagueId} = ${leagueId} and pick.value in (select value from json_each(${JSON.stringify(players)}))`,
  )
  return new Set(rows.map(({ id }) => id))
}

export function withdrawAll(tx: Db, leagueId: number, userId: number): void {
  tx.delete(entries).where(inLeague(leagueId, userId)).run()
  touch(tx, 'scores', leagueId)
  touch(tx, 'user', userId)
}
