/**
 * The rate limit of signing in: counts attempts at a password within a quarter of an hour. The counts are in the database, so that all processes share them: a few
 * per account from one address, more per address, and more per account from all addresses. A browser in which the owner has
 * signed in before is counted separately, so that other people's guesses never lock the owner out.
 */
import { Value } from '@sinclair/typebox/value'
import { and, eq, gt, inArray, lte, ne, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { attempts, systemAlerts, users } from '../../db/schema.ts'
import { atomically, preparedSql } from '../../db/transactions.ts'
import { type Alert, clearAlert, raiseAlert } from '../alerts.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { minute } from '../platform/clock.ts'
import { networkOf } from '../platform/http/rate-limits.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import { hashSecret } from './secret.ts'

const windowLength = 15 * minute
const perAddress = 50
const perPair = 10
const perAccount = 100
const perDevice = 10

export type Attempt = {
  /** The e-mail address tried, whether or not it has an account. */
  account: string
  address: string
  /** The account it belongs to, if any. */
  userId?: number
  /** A known browser of that account. */
  device?: string
}

type Window = { key: string; limit: number; userId?: number }

/** Keys are hashed, so that no list of typed addresses is kept. */
function windowsOf({ account, address, device, userId }: Attempt): Window[] {
  if (device) return [{ key: hashSecret(`device ${device}`), limit: perDevice, userId }]
  const network = networkOf(address)
  // The address comes first: one that is refused must not fill the table with made-up accounts.
  return [
    { key: hashSecret(`address ${network}`), limit: perAddress },
    { key: hashSecret(`pair ${account} ${network}`), limit: perPair, userId },
    { key: hashSecret(`account ${account}`), limit: perAccount, userId },
  ]
}

/** Refuses after too many; the first refusal raises an alert. */
export async function countAttempt({ db, clock }: Pick<App, 'db' | 'clock'>, attempt: Attempt): Promise<void> {
  const windows = windowsOf(attempt)
  const now = clock.now()
  const endsAt =
    windows.map(window => limitedUntil(db, window, now)).find(time => time !== undefined) ??
    (await atomically(db, tx => countAll(tx, windows, now, attempt.address), 'unsynced'))
  if (endsAt === undefined) return
  const retryAfter = Math.max(1, Math.ceil((endsAt - now) / 1000))
  refuse('rate_limited', `Too many attempts; wait ${retryAfter} s and try again`, { retryAfter })
}

/** When the first window ends in which this attempt is over the limit. */
function countAll(tx: Db, windows: readonly Window[], now: number, address: string): number | undefined {
  deleteEnded(tx, now)
  for (const window of windows) {
    const endsAt = limitedUntil(tx, window, now)
    if (endsAt !== undefined) return endsAt
    const counted = increment(tx).get(window.key, now, now + windowLength, window.limit, window.userId ?? null)
    if (!counted || counted.used <= window.limit) continue
    raiseAlert(tx, now, alertOf(lockedOut(tx, now), address))
    return counted.ends_at
  }
  return undefined
}

const lockAlert = 'security:attempts'

function alertOf(locked: readonly LockedOut[], address: string): Alert {
  const names = locked.map(({ username }) => username)
  const who = names.length
    ? `${names.join(', ')} cannot sign in for a quarter of an hour, unless an admin unlocks them. `
    : ''
  return {
    key: lockAlert,
    type: 'security',
    severity: 'warning',
    title: 'Too many attempts to sign in',
    message: `${who}The latest came from ${address}, which has to wait a quarter of an hour`,
    data: { address, locked },
  }
}

/** In the data of the alert. */
export const lockedSchema = t.Array(t.Object({ id: idSchema, username: t.String() }))
type LockedOut = Static<typeof lockedSchema>[number]

/** Earlier alerts name the user: at the start of their title, or among those who are locked out. */
export function renameInAlerts(tx: Db, userId: number, from: string, username: string): void {
  const title = sql`${username} || substr(${systemAlerts.title}, length(${from}) + 1)`
  const startsWithName = sql`${systemAlerts.data} ->> '$.user_id' = ${userId} and instr(${systemAlerts.title}, ${from}) = 1`
  tx.update(systemAlerts).set({ title }).where(startsWithName).run()
  const names = sql`exists (select 1 from json_each(${systemAlerts.data}, '$.locked') where value ->> '$.id' = ${userId})`
  const ofAttempts = and(eq(systemAlerts.key, lockAlert), names)
  for (const { id, data } of tx.select().from(systemAlerts).where(ofAttempts).all()) {
    if (!Value.Check(lockedSchema, data.locked)) continue
    const locked = data.locked.map(user => (user.id === userId ? { ...user, username } : user))
    const { message, data: renamed } = alertOf(locked, String(data.address))
    tx.update(systemAlerts).set({ message, data: renamed }).where(eq(systemAlerts.id, id)).run()
  }
}

/** Users whose account is locked by too many attempts, from one address or from many. */
function lockedOut(db: Db, now: number): LockedOut[] {
  return db
    .selectDistinct({ id: users.id, username: users.username })
    .from(attempts)
    .innerJoin(users, eq(users.id, attempts.userId))
    .where(and(isLimited, isOpen(now)))
    .all()
}
const isLimited = sql`${attempts.used} > ${attempts.most}`

/** The alert as it is now, while anybody is still locked out; otherwise undefined. */
export function alertOfAttempts(db: Db, now: number): Alert | undefined {
  const open = and(eq(systemAlerts.key, lockAlert), ne(systemAlerts.state, 'resolved'))
  const alert = db.select().from(systemAlerts).where(open).get()
  const waits = db
    .select({ key: attempts.key })
    .from(attempts)
    .where(and(isLimited, isOpen(now)))
    .limit(1)
    .get()
  return alert && waits && alertOf(lockedOut(db, now), String(alert.data.address ?? 'several addresses'))
}

/** Forgets what was counted against this account, so that its owner can sign in at once. */
export const unlock = ({ db, clock }: Pick<App, 'db' | 'clock'>, who: Actor, userId: number): Promise<boolean> =>
  atomically(db, tx => {
    const now = clock.now()
    const wasLocked = lockedOut(tx, now).some(({ id }) => id === userId)
    tx.delete(attempts).where(eq(attempts.userId, userId)).run()
    audit(tx, { at: now, who, action: 'user.unlock', target: `user ${userId}` })
    if (!alertOfAttempts(tx, now)) clearAlert(tx, now, lockAlert)
    return wasLocked
  })

/** A window that ends later than a new one would was started before the clock was set back, and no longer counts. */
const isOpen = (now: number) => and(gt(attempts.endsAt, now), lte(attempts.endsAt, now + windowLength))

const limitedUntil = (db: Db, { key, limit }: Window, now: number): number | undefined =>
  db
    .select({ endsAt: attempts.endsAt })
    .from(attempts)
    .where(and(eq(attempts.key, key), gt(attempts.used, limit), isOpen(now)))
    .get()?.endsAt

const increment = preparedSql<
  { used: number; ends_at: number },
  [key: string, now: number, endsAt: number, most: number, userId: number | null]
>(
  `insert into attempts (key, used, ends_at, most, user_id) values (?1, 1, ?3, ?4, ?5)
   on conflict (key) do update set
     most = ?4,
     user_id = ?5,
     used = iif(ends_at > ?2 and ends_at <= ?3, used + 1, 1),
     ends_at = iif(ends_at > ?2 and ends_at <= ?3, ends_at, ?3)
   returning used, ends_at`,
)

const deletedAtOnce = 100

function deleteEnded(tx: Db, now: number): void {
  const ended = tx.select({ key: attempts.key }).from(attempts).where(lte(attempts.endsAt, now)).limit(deletedAtOnce)
  tx.delete(attempts).where(inArray(attempts.key, ended)).run()
}

/** The attempt was right: this one and the slips before it no longer count against them. Only the count of the account stays. */
export function forgetAttempts(tx: Db, { account, address, device }: Attempt): void {
  const network = networkOf(address)
  const forgotten = [`pair ${account} ${network}`, ...(device ? [`device ${device}`] : [])].map(hashSecret)
  tx.delete(attempts).where(inArray(attempts.key, forgotten)).run()
  if (device) return // it was counted nowhere else
  tx.update(attempts)
    .set({ used: sql`max(0, ${attempts.used} - 1)` })
    .where(eq(attempts.key, hashSecret(`address ${network}`)))
    .run()
}
