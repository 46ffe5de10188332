/** A link that lets somebody choose a new password, once: made by an admin, or on the machine that runs Fieldhouse. */
import { and, eq, gt } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { passwordLinks } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { hour } from '../platform/clock.ts'
import type { Actor } from '../platform/http/request-context.ts'
import type { User } from './account.ts'
import { acceptAccountNotice } from './account-notice.ts'
import { refuseForeign } from './origin.ts'
import { hashNewPassword } from './password.ts'
import { changeUser, userById } from './queries.ts'
import { hashSecret, newSecret } from './secret.ts'
import { openSession, type SignedIn, sendSession } from './sign-in.ts'

const defaultLifetime = 24 * hour

export const passwordLinkPath = (token: string) => `/password?token=${token}`

/** The token is in this answer and is not stored anywhere. A newer link invalidates older ones. */
export function makePasswordLink(tx: Db, user: User, who: Actor, now: number, lifetime = defaultLifetime) {
  const token = newSecret()
  const expiresAt = now + lifetime
  tx.delete(passwordLinks).where(eq(passwordLinks.userId, user.id)).run()
  tx.insert(passwordLinks)
    .values({ tokenHash: hashSecret(token), userId: user.id, createdAt: now, expiresAt })
    .run()
  audit(tx, { at: now, who, action: 'user.password_link', target: `user ${user.id}` })
  return { token, expiresAt }
}

export function userOfPasswordLink(db: Db, token: string, now: number): User {
  const isValidLink = and(eq(passwordLinks.tokenHash, hashSecret(token)), gt(passwordLinks.expiresAt, now))
  const link = db.select().from(passwordLinks).where(isValidLink).get()
  return link ? userById(db, link.userId) : refuse('gone', 'This link has been used or has expired; ask for a new one')
}

/** Changes the password, ends every session of the account and signs in. Keys stay. */
export async function choosePassword(
  app: App,
  request: Request,
  token: string,
  password: string,
  field = 'password',
): Promise<SignedIn> {
  const { db, clock, config, passwords } = app
  refuseForeign(request, config)
  const owner = userOfPasswordLink(db, token, clock.now()) // refuses before the expensive hashing
  const passwordHash = await hashNewPassword(passwords, password, owner, field)
  const outcome = await atomically(db, tx => {
    const now = clock.now()
    const before = userOfPasswordLink(tx, token, now)
    const user = changeUser(tx, before.id, { passwordHash })
    audit(tx, { at: now, who: user, action: 'auth.password', target: `user ${user.id}`, detail: { by: 'link' } })
    return { ...openSession(tx, request, user, now), notice: acceptAccountNotice(app, tx, before, user) }
  })
  if (outcome.notice) await app.jobs.tryDispatch(outcome.notice)
  return sendSession(app, request, outcome)
}
