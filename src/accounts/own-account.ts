/** What people change in their own account. */
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { checkedUsername, countryCode, normalizedEmail, ownId, type User } from './account.ts'
import { acceptAccountNotice } from './account-notice.ts'
import { forgetAttempts } from './attempts.ts'
import { changeUser, deleteUser, userById } from './queries.ts'
import { endSessionById, sessionId, sessionsOfUser, sessionToken } from './session.ts'
import { acceptOwnPassword, clearBrowser, notCurrent, requireOwnPassword } from './sign-in.ts'

const needsPassword = 'Enter your current password: changing the e-mail address needs it.'

type OwnChange = { username?: string; email?: string; country?: string | null; current_password?: string }

/** A new e-mail address needs the password: whoever controls the address can take over the account. */
export async function editOwnAccount(app: App, request: Request, who: Who, change: OwnChange): Promise<User> {
  const { db, clock } = app
  const id = ownId(who)
  const action = 'user.change'
  const known = userById(db, id)
  const { username, email, country, current_password: password = '' } = change
  const columns = {
    ...(username !== undefined && { username: checkedUsername(username) }),
    ...(email !== undefined && { email: normalizedEmail(email) }),
    ...(country !== undefined && { country: countryCode(country) }),
  }
  const isOtherAddress = (user: User) => columns.email !== undefined && columns.email !== user.email
  const attempt = isOtherAddress(known)
    ? await requireOwnPassword(app, request, {
        who,
        user: known,
        action,
        typed: password,
        refusal: password ? notCurrent : needsPassword,
      })
    : undefined
  const { changed, notice } = await atomically(db, tx => {
    const before = userById(tx, id)
    // Again, as the password may have been changed in the meantime, perhaps because somebody else knew it.
    if (isOtherAddress(before) && !(attempt && before.passwordHash === known.passwordHash))
      invalid('current_password', needsPassword)
    if (attempt) forgetAttempts(tx, attempt)
    const changed = changeUser(tx, id, columns)
    const fields = (['username', 'email', 'country'] as const).filter(field => changed[field] !== before[field])
    if (fields.length) audit(tx, { at: clock.now(), who, action, target: `user ${id}`, detail: { fields } })
    return { changed, notice: acceptAccountNotice(app, tx, before, changed) }
  })
  if (notice) await app.jobs.tryDispatch(notice)
  return changed
}

/** What they did in leagues stays, under their number, as after a deletion by an admin. */
export async function deleteOwnAccount(app: App, request: Request, who: Who, password: string): Promise<number> {
  const { db, clock } = app
  const id = ownId(who)
  const action = 'user.delete'
  const user = userById(db, id)
  const attempt = await requireOwnPassword(app, request, { who, user, action, typed: password })
  await atomically(db, tx => {
    acceptOwnPassword(tx, user, attempt)
    const now = clock.now()
    deleteUser(tx, id, now)
    audit(tx, { at: now, who, action, target: `user ${id}` })
  })
  clearBrowser(app, request)
  return id
}

export function ownSessions({ db, clock }: App, request: Request, who: Who, page: PageSlice) {
  const token = sessionToken(request)
  const thisSession = who.via === 'session' && token ? sessionId(token) : undefined
  const { sessions, total } = sessionsOfUser(db, who.id ?? 0, clock.now(), page)
  return {
    sessions: sessions.map(({ id, agent, createdAt, lastUsedAt }) => ({
      id,
      browser: agent,
      created_at: iso(createdAt),
      last_used_at: iso(lastUsedAt),
      is_this: id === thisSession,
    })),
    total,
  }
}
export type SessionView = ReturnType<typeof ownSessions>['sessions'][number]

export const endOwnSession = ({ db, clock }: App, who: Who, id: string): Promise<void> =>
  atomically(db, tx => {
    const userId = ownId(who)
    if (!endSessionById(tx, userId, id)) refuse('not_found', 'You have no such session')
    audit(tx, { at: clock.now(), who, action: 'auth.end_session', target: `user ${userId}` })
  })
