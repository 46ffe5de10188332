/**
 * Browsers in which a user has signed in. Each keeps a secret in a cookie, and its hash is a row. Password attempts from such a browser
 * are counted separately, so that nobody is locked out of their account because others guess at its password.
 */
import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { knownDevices } from '../../db/schema.ts'
import { day } from '../platform/clock.ts'
import { hashSecret, newSecret } from './secret.ts'

const maxDevices = 20 // per user, the most recently used
const cookieLife = (400 * day) / 1000 // seconds
/** Where passwords are typed. Other requests do not carry the cookie, so that a browser that is signed out reads like any other. */
const paths = ['/sign-in', '/api/v1/auth']

/** One cookie per user, as several may share a browser. */
const cookieOf = (userId: number) => `fieldhouse_device_${userId}`

/** The hash of this user's secret in the request, if it is valid. */
export function knownDevice(db: Db, request: Request, userId: number): string | undefined {
  const cookie = new RegExp(`(?:^|;\\s*)(?:__Secure-)?${cookieOf(userId)}=([\\w-]{43})(?:;|$)`)
  const secret = request.headers.get('cookie')?.match(cookie)?.[1]
  if (!secret) return undefined
  const tokenHash = hashSecret(secret)
  const where = and(eq(knownDevices.tokenHash, tokenHash), eq(knownDevices.userId, userId))
  return db.select().from(knownDevices).where(where).get() && tokenHash
}

/** Makes the browser of this request a known one. Each sign-in replaces its secret. */
export function rememberDevice(tx: Db, request: Request, userId: number, now: number): string {
  const previous = knownDevice(tx, request, userId)
  if (previous) tx.delete(knownDevices).where(eq(knownDevices.tokenHash, previous)).run()
  const secret = newSecret()
  tx.insert(knownDevices)
    .values({ tokenHash: hashSecret(secret), userId, lastUsedAt: now })
    .run()
  const old = tx
    .select({ tokenHash: knownDevices.tokenHash })
    .from(knownDevices)
    .where(eq(knownDevices.userId, userId))
    .orderBy(desc(knownDevices.lastUsedAt))
    .limit(1_000)
    .offset(maxDevices)
  tx.delete(knownDevices).where(inArray(knownDevices.tokenHash, old)).run()
  return secret
}

/** Somebody who knew the old password may have signed in anywhere, so a new password forgets every browser. */
export function forgetDevices(tx: Db, userId: number): void {
  tx.delete(knownDevices).where(eq(knownDevices.userId, userId)).run()
}

export const deviceCookies = (userId: number, secret: string, isSecure: boolean): string[] =>
  paths.map(
    path =>
      `${isSecure ? '__Secure-' : ''}${cookieOf(userId)}=${secret}; Max-Age=${cookieLife}; Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`,
  )
