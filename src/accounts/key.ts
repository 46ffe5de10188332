/** API keys: shown once, stored as a hash, never more powerful than their owner. */
import { and, desc, eq, gt, isNull, or, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { apiKeys, type Role, users } from '../../db/schema.ts'
import { atomically, bestEffortWrite, prepared } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { touch } from '../platform/cache/stamps.ts'
import { iso, isoOrNull, minute } from '../platform/clock.ts'
import { isAtLeast, isNoMoreThan } from '../platform/http/access.ts'
import { type PageSlice, pageOf } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime } from '../platform/http/shared-schemas.ts'
import { roleSchema } from './account.ts'
import { hashSecret, newSecret } from './secret.ts'
import { recordActivity } from './session.ts'

type Key = typeof apiKeys.$inferSelect

const lastUsedPrecision = 5 * minute
export const maxKeys = 100

export const keySchema = t.Object(
  {
    id: idSchema,
    name: t.String(),
    role: roleSchema,
    hint: t.String({ description: 'How the key starts' }),
    created_at: dateTimeSchema,
    last_used_at: nullableDateTime,
    expires_at: nullableDateTime,
  },
  {
    description: 'An API key',
    examples: [
      {
        id: 4,
        name: 'scanner',
        role: 'member',
        hint: 'fh_Xk3v',
        created_at: '2026-03-01T12:00:00.000Z',
        last_used_at: '2026-03-04T18:30:00.000Z',
        expires_at: null,
      },
    ],
  },
)
export type KeyView = Static<typeof keySchema>
const keyView = rowView(keySchema)

const byHash = prepared(db =>
  db
    .select({ key: apiKeys, username: users.username, ownersRole: users.role })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(
      and(
        eq(apiKeys.keyHash, sql.placeholder('hash')),
        isNull(users.deletedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql.placeholder('now'))),
      ),
    ),
)

/** The owner of a key. The key can do no more than its owner can now. */
export function ownerOfKey(db: Db, secret: string, now: number): { key: Key; who: Who } | undefined {
  const found = byHash(db).get({ hash: hashSecret(secret), now })
  if (!found) return undefined
  const { key, username, ownersRole } = found
  const role = isNoMoreThan(key.role, ownersRole) ? key.role : ownersRole
  const ends = key.expiresAt === null ? {} : { keyEndsAt: key.expiresAt }
  return { key, who: { id: key.userId, username, role, via: 'key', ...ends } }
}

/** The same, and records that the key was used. */
export function bearerOf({ db, clock }: App, secret: string): { key: Key; who: Who } | undefined {
  const now = clock.now()
  const owner = ownerOfKey(db, secret, now)
  if (!owner) return undefined
  const { key } = owner
  // Either way: the clock may have been ahead.
  if (Math.abs(now - (key.lastUsedAt ?? 0)) >= lastUsedPrecision) bestEffortWrite(db, tx => recordUse(tx, key, now))
  return owner
}

function recordUse(tx: Db, { id, userId }: Key, now: number): void {
  tx.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, id)).run()
  recordActivity(tx, userId, now)
}

export function keysOfUser(db: Db, userId: number | null, slice: PageSlice) {
  const where = eq(apiKeys.userId, userId ?? 0) // the operator has none
  const { rows, total } = rowsOfPage(db, apiKeys, { where, orderBy: [desc(apiKeys.id)] }, slice)
  return { keys: rows.map(keyView), total }
}

type NewKey = { name: string; role: Role; expires_at?: string | null }
type IssuedKey = Key & { secret: string }

/** The secret is in this answer and is not stored anywhere. */
export function issueKey(
  { db, clock }: Pick<App, 'db' | 'clock'>,
  who: Who,
  { name, role, expires_at }: NewKey,
): Promise<IssuedKey> {
  const { id: userId, keyEndsAt } = who
  if (userId === null) return refuse('conflict', 'The operator has no keys; make one as a user')
  if (!isNoMoreThan(role, who.role)) refuse('forbidden', `The role of your key is at most your own, ${who.role}`)
  const expiresAt = expires_at ? Date.parse(expires_at) : null
  if (expiresAt !== null && expiresAt <= clock.now()) invalid('expires_at', 'Write a time in the future.')
  if (keyEndsAt !== undefined && (expiresAt ?? Number.POSITIVE_INFINITY) > keyEndsAt)
    invalid('expires_at', `Write a time up to ${iso(keyEndsAt)}, when the key that you use expires.`)
  const secret = `fh_${newSecret()}`
  return atomically(db, tx => {
    if (keysOfUser(tx, userId, pageOf({ limit: 1 })).total >= maxKeys)
      refuse('conflict', `You have ${maxKeys} keys; delete one you no longer use`)
    const now = clock.now()
    const key = tx
      .insert(apiKeys)
      .values({ userId, name, role, keyHash: hashSecret(secret), hint: secret.slice(0, 7), createdAt: now, expiresAt })
      .returning()
      .get()
    touch(tx, 'user', userId)
    audit(tx, {
      at: now,
      who,
      action: 'key.create',
      target: `key ${key.id}`,
      detail: { name, role, expires_at: isoOrNull(expiresAt) },
    })
    return { ...key, secret }
  })
}

/** An admin may revoke anybody's key. */
export function revokeKey({ db, clock }: App, who: Who, id: number): Promise<void> {
  const own = isAtLeast(who, 'admin') ? undefined : eq(apiKeys.userId, who.id ?? 0)
  return atomically(db, tx => {
    const [key] = tx
      .delete(apiKeys)
      .where(and(eq(apiKeys.id, id), own))
      .returning()
      .all()
    if (!key) return refuse('not_found', `There is no key ${id}`)
    touch(tx, 'user', key.userId)
    const detail = { name: key.name, owner: key.userId }
    audit(tx, { at: clock.now(), who, action: 'key.delete', target: `key ${id}`, detail })
  })
}
