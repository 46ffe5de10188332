/**
 * Sessions: a random token in a cookie, its hash in a row. A session ends 24 h after its last use (`expiresAt`), and 30 days after it started.
 * Its user is cached, so a request by cookie reads no row and writes one every few minutes.
 */
import { and, desc, eq, gt, isNull, like, lt, ne, type SQLWrapper, sql } from 'drizzle-orm'
import { countRows, rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { activityUnits, type Role, sessions, userActivity, users } from '../../db/schema.ts'
import { bestEffortWrite, prepared } from '../../db/transactions.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { touch } from '../platform/cache/stamps.ts'
import { day, hour, minute, startOf } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import { hashSecret, newSecret } from './secret.ts'

const idleLifetime = 24 * hour
const maxLifetime = 30 * day // however much it is used; then the password is asked for again
const extendInterval = 5 * minute

/** `__Host-`: set by this host, over TLS, for all its paths; no other host of the domain can plant one. Browsers refuse it over plain http. */
const cookieName = (isSecure: boolean) => `${isSecure ? '__Host-' : ''}fieldhouse_session`
const cookieLife = (400 * day) / 1000 // seconds; the row decides when a session ends, the cookie only has to outlive it
const tokenPattern = (name: string) => new RegExp(`(?:^|;\\s*)${name}=(\\d{1,12}\\.[\\w-]{43})(?:;|$)`)
const securePattern = tokenPattern(cookieName(true))
const plainPattern = tokenPattern(cookieName(false))

export function sessionToken(request: Request): string | undefined {
  const cookies = request.headers.get('cookie')
  return (cookies?.match(securePattern) ?? cookies?.match(plainPattern))?.[1]
}

export function sessionCookie(token: string | undefined, isSecure: boolean): string {
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return `${cookieName(isSecure)}=${token ?? ''}; Max-Age=${token ? cookieLife : 0}; ${attributes}`
}

/** The token starts with the user's id, so that one stamp per user drops all their sessions from the caches. */
type Session = {
  userId: number
  username: string
  role: Role
  csrfToken: string
  createdAt: number
  expiresAt: number
}

const isAlive = (now: number | SQLWrapper) =>
  and(gt(sessions.expiresAt, now), gt(sessions.createdAt, sql`${now} - ${maxLifetime}`))

const byHash = prepared(db =>
  db
    .select({
      userId: users.id,
      username: users.username,
      role: users.role,
      csrfToken: sessions.csrfToken,
      createdAt: sessions.createdAt,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(eq(sessions.tokenHash, sql.placeholder('hash')), isAlive(sql.placeholder('now')), isNull(users.deletedAt)),
    ),
)

/** When it ends if it is not used again. */
export const endOfSession = ({ createdAt, expiresAt }: Pick<Session, 'createdAt' | 'expiresAt'>): number =>
  Math.min(expiresAt, createdAt + maxLifetime)

/** The session of a token as it is now, without extending it. */
export const sessionNow = (db: Db, token: string, now: number): Session | undefined =>
  byHash(db).get({ hash: hashSecret(token), now })

/** The session of a token, and extends it; undefined once it has expired. */
export async function sessionOf({ db, cache, clock }: App, token: string): Promise<Session | undefined> {
  const hash = hashSecret(token)
  const scope = [Number.parseInt(token, 10), hash]
  const now = clock.now()
  const load = () => byHash(db).get({ hash, now })
  let session = (await cache.read(cached.session, scope, load)).value
  // Another process may have extended it.
  if (session && session.expiresAt <= now) session = (await cache.refresh(cached.session, scope, load)).value
  if (!session || endOfSession(session) <= now) return undefined
  if (session.expiresAt - now > idleLifetime - extendInterval) return session
  const extended = bestEffortWrite(db, tx => extend(tx, hash, session.userId, now)) // undefined while another process writes: tried again with the next request
  return extended === false ? undefined : ((await cache.refresh(cached.session, scope, load)).value ?? undefined)
}

function extend(tx: Db, tokenHash: string, userId: number, now: number): boolean {
  const extended = tx
    .update(sessions)
    .set({ expiresAt: now + idleLifetime })
    .where(and(eq(sessions.tokenHash, tokenHash), isAlive(now)))
    .returning()
    .all()
  if (extended.length) recordActivity(tx, userId, now)
  return extended.length > 0
}

/** Records that a user was here: when last, and in which hour, day and month. Called at most every few minutes per user. */
export function recordActivity(tx: Db, userId: number, now: number): void {
  tx.update(users).set({ lastSeenAt: now }).where(eq(users.id, userId)).run()
  for (const unit of activityUnits)
    tx.insert(userActivity)
      .values({ unit, start: startOf(unit, now), userId })
      .onConflictDoNothing()
      .run()
}

type NewSession = { token: string; csrfToken: string }

export function beginSession(tx: Db, userId: number, now: number, agent: string | null): NewSession {
  const token = `${userId}.${newSecret()}`
  const csrfToken = newSecret()
  tx.delete(sessions).where(lt(sessions.expiresAt, now)).run()
  tx.insert(sessions)
    .values({
      tokenHash: hashSecret(token),
      userId,
      csrfToken,
      agent: agent?.slice(0, 300) ?? null,
      createdAt: now,
      expiresAt: now + idleLifetime,
    })
    .run()
  tx.update(users).set({ lastLoginAt: now }).where(eq(users.id, userId)).run()
  recordActivity(tx, userId, now)
  return { token, csrfToken }
}

/** Identifies a session to its owner: the start of its hash. */
const idLength = 16
export const sessionId = (token: string): string => hashSecret(token).slice(0, idLength)

const openSessions = (userId: number, now: number) => and(eq(sessions.userId, userId), isAlive(now))
export const countSessions = (db: Db, userId: number, now: number): number =>
  countRows(db, sessions, openSessions(userId, now))

export function sessionsOfUser(db: Db, userId: number, now: number, slice: PageSlice) {
  const open = { where: openSessions(userId, now), orderBy: [desc(sessions.expiresAt)] }
  const { rows, total } = rowsOfPage(db, sessions, open, slice)
  return {
    sessions: rows.map(({ tokenHash, agent, createdAt, expiresAt }) => ({
      id: tokenHash.slice(0, idLength),
      agent,
      createdAt,
      lastUsedAt: Math.max(createdAt, expiresAt - idleLifetime), // as precise as the interval of extending
    })),
    total,
  }
}

/** False if the user has no such session. */
export function endSessionById(tx: Db, userId: number, id: string): boolean {
  const isThis = and(eq(sessions.userId, userId), like(sessions.tokenHash, `${id}%`))
  const ended = tx.delete(sessions).where(isThis).returning().all().length > 0
  if (ended) touch(tx, 'account', userId)
  return ended
}

export function endSession(tx: Db, token: string): void {
  const [ended] = tx
    .delete(sessions)
    .where(eq(sessions.tokenHash, hashSecret(token)))
    .returning()
    .all()
  if (ended) touch(tx, 'account', ended.userId)
}

/** All sessions of a user except the one in use. */
export function endSessions(tx: Db, userId: number, except?: string): void {
  const isOther = except === undefined ? undefined : ne(sessions.tokenHash, hashSecret(except))
  tx.delete(sessions)
    .where(and(eq(sessions.userId, userId), isOther))
    .run()
  touch(tx, 'account', userId)
}
