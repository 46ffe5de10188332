/**
 * Browsers in which a user has signed in. One keeps a secret in a cookie, its hash is a row: attempts made there are counted by
 * themselves, so that nobody is kept out of their account because others guess at its password.
 */
import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { knownDevices } from '../../db/schema.ts'
import { day } from '../platform/clock.ts'
import { hashSecret, newSecret } from './secret.ts'

const mostDevices = 20 // of one user, those used last
const cookieLife = (400 * day) / 1000 // seconds
/** Where passwords are typed; other requests do not carry the cookie, so that who has signed out reads as a stranger. */
const paths = ['/sign-in', '/api/v1/auth']

/** A cookie for each user, as several may share a browser. */
const cookieOf = (userId: number) => `fieldhouse_device_${userId}`

/** The hash of this user's secret that came along, where it is one. */
export function knownDevice(db: Db, request: Request, userId: number): string | undefined {
  const cookie = new RegExp(`(?:^|;\\s*)${cookieOf(userId)}=([\\w-]{43})(?:;|$)`)
  const secret = request.headers.get('cookie')?.match(cookie)?.[1]
  if (!secret) return undefined
  const tokenHash = hashSecret(secret)
  const where = and(eq(knownDevices.tokenHash, tokenHash), eq(knownDevices.userId, userId))
  return db.select().from(knownDevices).where(where).get() && tokenHash
}

/** Makes the browser of this request a known one; each sign-in gives it another secret. */
export function rememberDevice(tx: Db, request: Request, userId: number, now: number): string {
  const former = knownDevice(tx, request, userId)
  if (former) tx.delete(knownDevices).where(eq(knownDevices.tokenHash, former)).run()
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
    .offset(mostDevices)
  tx.delete(knownDevices).where(inArray(knownDevices.tokenHash, old)).run()
  return secret
}

/** Whoever knew the password may have signed in anywhere: with another one no browser is known. */
export function forgetDevices(tx: Db, userId: number): void {
  tx.delete(knownDevices).where(eq(knownDevices.userId, userId)).run()
}

export const deviceCookies = (userId: number, secret: string, isSecure: boolean): string[] =>
  paths.map(
    path =>
      `${cookieOf(userId)}=${secret}; Max-Age=${cookieLife}; Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`,
  )
