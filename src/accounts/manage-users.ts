/** What an admin does with accounts. */
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import type { Who } from '../platform/http/request-context.ts'
import { checkedUsername, countryCode, normalizedEmail, type User } from './account.ts'
import { acceptAccountNotice } from './account-notice.ts'
import { hashNewPassword } from './password.ts'
import { changeUser, createUser, deleteUser, type UserChange, userById } from './queries.ts'
import { countSessions, endSessions } from './session.ts'
import { checkedAccount, type NewAccount } from './sign-in.ts'

type NewUserByAdmin = NewAccount & Pick<User, 'role'>

export async function addUser(
  { db, clock, passwords }: App,
  who: Who,
  { role, ...account }: NewUserByAdmin,
): Promise<User> {
  const user = {
    ...checkedAccount(account),
    role,
    passwordHash: await hashNewPassword(passwords, account.password, account),
  }
  return atomically(db, tx => createUser(tx, user, clock.now(), who))
}

export async function editUser(app: App, who: Who, id: number, change: Partial<NewUserByAdmin>): Promise<User> {
  const { db, clock, passwords } = app
  const user = userById(db, id)
  const { email, username, password, role, country } = change
  const columns: UserChange = {
    ...(email !== undefined && { email: normalizedEmail(email) }),
    ...(username !== undefined && { username: checkedUsername(username) }),
    ...(password !== undefined && { passwordHash: await hashNewPassword(passwords, password, { ...user, ...change }) }),
    ...(country !== undefined && { country: countryCode(country) }),
    ...(role && { role }),
  }
  const { changed, notice } = await atomically(db, tx => {
    const before = userById(tx, id)
    const changed = changeUser(tx, id, columns)
    // What changed by name only: an e-mail address written here would outlive its account.
    const fields = changedColumns(columns).filter(column => changed[column] !== before[column])
    const roles = role && role !== before.role ? { from: before.role, to: role } : {}
    audit(tx, { at: clock.now(), who, action: 'user.change', target: `user ${id}`, detail: { fields, ...roles } })
    return { changed, notice: acceptAccountNotice(app, tx, before, changed) }
  })
  if (notice) await app.jobs.tryDispatch(notice)
  return changed
}

const changedColumns = (change: UserChange) => Object.keys(change) as (keyof UserChange)[]

/** For a browser that is lost or shared. Returns how many open sessions there were. */
export const endUserSessions = ({ db, clock }: App, who: Who, id: number): Promise<number> =>
  atomically(db, tx => {
    const now = clock.now()
    const ended = countSessions(tx, userById(tx, id).id, now)
    endSessions(tx, id)
    audit(tx, { at: now, who, action: 'user.end_sessions', target: `user ${id}`, detail: { ended } })
    return ended
  })

export const removeUser = ({ db, clock }: App, who: Who, id: number): Promise<void> =>
  atomically(db, tx => {
    const now = clock.now()
    deleteUser(tx, id, now)
    audit(tx, { at: now, who, action: 'user.delete', target: `user ${id}` })
  })
