import { and, asc, count, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm'
import { countRows, rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import {
  apiKeys,
  entries,
  invitations,
  leagues,
  members,
  passwordLinks,
  portfolios,
  type Role,
  runs,
  users,
} from '../../db/schema.ts'
import { audit } from '../audit.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { alreadyTaken, refuse } from '../errors.ts'
import { idsByName } from '../leaderboard/search.ts'
import { moveOptOuts } from '../mail/opt-outs.ts'
import { touch, touchEach } from '../platform/cache/stamps.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Actor } from '../platform/http/request-context.ts'
import type { User, UserStats } from './account.ts'
import { forgetAddresses } from './account-notice.ts'
import { renameInAlerts } from './attempts.ts'
import { forgetDevices } from './known-device.ts'
import { skeleton } from './look-alike.ts'
import { endSessions } from './session.ts'

const isNotDeleted = isNull(users.deletedAt)

export const findUser = (db: Db, id: number): User | undefined =>
  db
    .select()
    .from(users)
    .where(and(eq(users.id, id), isNotDeleted))
    .get()

export const userById = (db: Db, id: number): User => findUser(db, id) ?? refuse('not_found', `There is no user ${id}`)

export const userByEmail = (db: Db, email: string): User | undefined =>
  db
    .select()
    .from(users)
    .where(and(eq(users.email, email), isNotDeleted))
    .get()

/** Upper or lower case. */
export const userByName = (db: Db, username: string): User | undefined =>
  db
    .select()
    .from(users)
    .where(and(sql`lower(${users.username}) = lower(${username})`, isNotDeleted))
    .get()

const existsUser = (db: Db, where: SQL | undefined): boolean =>
  db.select({ id: users.id }).from(users).where(where).limit(1).get() !== undefined

const isAdmin = and(eq(users.role, 'admin'), isNotDeleted)

export const hasAdmin = (db: Db): boolean => existsUser(db, isAdmin)
export const hasUsers = (db: Db): boolean => existsUser(db, isNotDeleted)

/** Whether a name that looks the same exists. SQLite uses its index of names and returns the few candidates. */
export function isNameTaken(db: Db, username: string, exceptUserId = 0): boolean {
  const wantedSkeleton = skeleton(username)
  const candidates = db
    .select({ username: users.username })
    .from(users)
    .where(
      and(
        sql`length(${users.username}) = ${[...wantedSkeleton].length}`,
        sql`(lower(${users.username}) = ${wantedSkeleton} or ${users.username} glob '*[^ -~]*')`, // in plain letters, or in others
        ne(users.id, exceptUserId),
      ),
    )
    .all()
  return candidates.some(other => skeleton(other.username) === wantedSkeleton)
}

const idsOfUsersNamed = (db: Db, q: string): number[] =>
  idsByName(
    q,
    db
      .select({ id: users.id, name: sql<string>`${users.username} || ' ' || ${users.email}` })
      .from(users)
      .all(),
  )

type UserFilter = { q?: string; role?: Role }

/** By name; `q` is part of a name or e-mail address. Slow for very many users: for the reader thread. */
export function usersReading(
  db: Db,
  { q, role, ...slice }: UserFilter & Pick<PageSlice, 'limit' | 'offset'>,
): { users: User[]; total: number } {
  const where = and(
    isNotDeleted,
    role && eq(users.role, role),
    q ? isAmong(users.id, idsOfUsersNamed(db, q)) : undefined,
  )
  const { rows, total } = rowsOfPage(db, users, { where, orderBy: [sql`lower(${users.username})`, users.id] }, slice)
  return { users: rows, total }
}

type NewUser = Pick<User, 'email' | 'username' | 'passwordHash' | 'role' | 'country'>

/** `by`: who makes the account, if somebody else does. */
export function createUser(tx: Db, user: NewUser, now: number, by?: Actor): User {
  refuseTaken(tx, user, 0)
  const created = tx
    .insert(users)
    .values({ ...user, createdAt: now })
    .returning()
    .get()
  const { id, username, role } = created
  audit(tx, { at: now, who: by ?? created, action: 'user.create', target: `user ${id}`, detail: { username, role } })
  return created
}

export type UserChange = Partial<NewUser>

/** A new role or password ends their sessions, except that of the token `exceptToken`. */
export function changeUser(tx: Db, id: number, change: UserChange, exceptToken?: string): User {
  const user = userById(tx, id)
  if (!Object.keys(change).length) return user
  refuseTaken(tx, change, id)
  if (change.role && change.role !== 'admin') refuseLastAdmin(tx, user)
  const [changed = user] = tx.update(users).set(change).where(eq(users.id, id)).returning().all()
  if (changed.role !== user.role || changed.passwordHash !== user.passwordHash) endSessions(tx, id, exceptToken)
  if (changed.passwordHash !== user.passwordHash) forgetDevices(tx, id)
  // An unused link must not let in somebody who no longer has the account.
  if (changed.passwordHash !== user.passwordHash || changed.email !== user.email)
    tx.delete(passwordLinks).where(eq(passwordLinks.userId, id)).run()
  if (changed.username !== user.username) {
    renameEntries(tx, id, isDefaultName(user.username), changed.username)
    renameInAlerts(tx, id, user.username, changed.username)
    touchWhereNamed(tx, id)
  }
  if (changed.email !== user.email) moveOptOuts(tx, user.email, changed.email)
  touch(tx, 'account', id)
  return changed
}

/** Removes everything in the account that identifies them; what they did in leagues stays, under their number. */
export function deleteUser(tx: Db, id: number, now: number): void {
  const user = userById(tx, id)
  refuseLastAdmin(tx, user)
  const anonymous = { email: `deleted-${id}`, username: `deleted-${id}`, passwordHash: '', country: null }
  tx.update(users)
    .set({ ...anonymous, role: 'member', deletedAt: now })
    .where(eq(users.id, id))
    .run()
  tx.delete(apiKeys).where(eq(apiKeys.userId, id)).run()
  tx.delete(passwordLinks).where(eq(passwordLinks.userId, id)).run()
  moveOptOuts(tx, user.email, undefined)
  tx.update(invitations).set({ email: null }).where(eq(invitations.email, user.email)).run()
  endSessions(tx, id)
  forgetDevices(tx, id)
  const oldName = user.username.toLowerCase()
  renameEntries(tx, id, name => name.toLowerCase().includes(oldName), anonymous.username)
  renameInAlerts(tx, id, user.username, anonymous.username)
  forgetAddresses(tx, id)
  touchWhereNamed(tx, id)
}

/** The name of an entry that was given none: `ann`, `ann 2`. */
export const defaultEntryName = (username: string, n: number) => (n === 1 ? username : `${username} ${n}`)

const isDefaultName = (username: string) => (name: string) =>
  name === username || (name.startsWith(`${username} `) && /^\d+$/.test(name.slice(username.length + 1)))

/** Renames entries in tour leagues that carry their owner's name. */
function renameEntries(tx: Db, userId: number, matches: (name: string) => boolean, username: string): void {
  const own = tx.select().from(entries).where(eq(entries.userId, userId)).orderBy(asc(entries.id)).all()
  const isTaken = (leagueId: number, name: string) =>
    tx
      .select({ id: entries.id })
      .from(entries)
      .where(and(eq(entries.leagueId, leagueId), sql`lower(${entries.name}) = lower(${name})`))
      .get() !== undefined
  for (const { id, leagueId, name } of own) {
    if (!matches(name)) continue
    let n = 1
    while (isTaken(leagueId, defaultEntryName(username, n))) n++
    tx.update(entries)
      .set({ name: defaultEntryName(username, n) })
      .where(eq(entries.id, id))
      .run()
  }
}

function refuseTaken(tx: Db, { email, username }: UserChange, id: number): void {
  const isAnother = ne(users.id, id)
  if (email && existsUser(tx, and(eq(users.email, email), isAnother)))
    alreadyTaken('email', 'An account with that e-mail address already exists')
  if (username) refuseTakenName(tx, username, id)
}

export function refuseTakenName(tx: Db, username: string, exceptUserId = 0): void {
  if (isNameTaken(tx, username, exceptUserId))
    alreadyTaken('username', `The name ${username} is taken, or looks like one that is`)
}

function refuseLastAdmin(tx: Db, { id, role }: User): void {
  if (role === 'admin' && !existsUser(tx, and(isAdmin, ne(users.id, id))))
    refuse('conflict', 'This is the last admin; make another one first')
}

/** The name appears on the lists and boards of their leagues; what they played stays on boards of leagues that they have left. */
function touchWhereNamed(tx: Db, id: number): void {
  touch(tx, 'user', id)
  touch(tx, 'names')
  const leagueIds = [members, portfolios, entries].flatMap(table =>
    tx.select({ id: table.leagueId }).from(table).where(eq(table.userId, id)).all(),
  )
  const named = leagueIds.map(({ id }) => id)
  for (const topic of ['members', 'scores', 'activity']) touchEach(tx, topic, named)
}

export function userStatsOf(db: Db, id: number): UserStats {
  const { username } = userById(db, id)
  const byKind = db
    .select({ kind: leagues.kind, total: count() })
    .from(members)
    .innerJoin(leagues, eq(leagues.id, members.leagueId))
    .where(eq(members.userId, id))
    .groupBy(leagues.kind)
    .all()
  const jobs = db
    .select({ total: count(), failed: sql<number>`coalesce(sum(${runs.status} = 'FAILURE'), 0)` })
    .from(runs)
    .where(eq(runs.startedBy, id))
    .get()
  const traded = db
    .select({
      trades: sql<number>`coalesce(sum(${portfolios.trades}), 0)`,
      volume: sql<number>`coalesce(sum(${portfolios.volumeCents}), 0)`,
    })
    .from(portfolios)
    .where(eq(portfolios.userId, id))
    .get()
  return {
    user_id: id,
    username,
    leagues_joined: byKind.reduce((sum, { total }) => sum + total, 0),
    leagues_by_kind: Object.fromEntries(byKind.map(({ kind, total }) => [kind, total])),
    jobs_started: jobs?.total ?? 0,
    jobs_failed: jobs?.failed ?? 0,
    api_keys: countRows(db, apiKeys, eq(apiKeys.userId, id)),
    trades: traded?.trades ?? 0,
    trade_volume_cents: traded?.volume ?? 0,
  }
}

/** User names by id. */
export const usernamesOf = (db: Db, ids: readonly (number | null)[]): Map<number, string> =>
  new Map(
    db
      .select({ id: users.id, username: users.username })
      .from(users)
      .where(inArray(users.id, [...new Set(ids.filter(id => id !== null))]))
      .all()
      .map(({ id, username }) => [id, username]),
  )

export const readUserStats = ({ db, cache }: Pick<App, 'db' | 'cache'>, id: number) =>
  cache.read(cached.userStats, [id], () => userStatsOf(db, id))
