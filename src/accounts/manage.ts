/** What an admin does with accounts. */
import { atomically } from '../../db/transaction.ts'
import { audit } from '../admin/audit.ts'
import type { App } from '../context.ts'
import type { Who } from '../runtime/exchange.ts'
import { countryOf, emailOf, type User, usernameOf } from './account.ts'
import { hashPassword } from './password.ts'
import { changeUser, createUser, deleteUser, type UserChange, userById } from './queries.ts'
import { checked, type NewAccount } from './sign-in.ts'

export type NewUserByAdmin = NewAccount & Pick<User, 'role'>

export async function addUser({ db, clock }: App, who: Who, { role, ...account }: NewUserByAdmin): Promise<User> {
  const user = { ...checked(account), role, passwordHash: await hashPassword(account.password) }
  return atomically(db, tx => createUser(tx, user, clock.now(), who))
}

export async function alterUser(
  { db, clock }: App,
  who: Who,
  id: number,
  change: Partial<NewUserByAdmin>,
): Promise<User> {
  userById(db, id)
  const { email, username, password, role, country } = change
  const columns: UserChange = {
    ...(email !== undefined && { email: emailOf(email) }),
    ...(username !== undefined && { username: usernameOf(username) }),
    ...(password !== undefined && { passwordHash: await hashPassword(password) }),
    ...(country !== undefined && { country: countryOf(country) }),
    ...(role && { role }),
  }
  return atomically(db, tx => {
    const before = userById(tx, id)
    const changed = changeUser(tx, id, columns)
    // What changed by name only: an e-mail address written here would outlive its account.
    const fields = columnsOf(columns).filter(column => changed[column] !== before[column])
    const roles = role && role !== before.role ? { from: before.role, to: role } : {}
    audit(tx, { at: clock.now(), who, action: 'user.change', target: `user ${id}`, detail: { fields, ...roles } })
    return changed
  })
}

const columnsOf = (change: UserChange) => Object.keys(change) as (keyof UserChange)[]

export const removeUser = ({ db, clock }: App, who: Who, id: number): Promise<void> =>
  atomically(db, tx => {
    const now = clock.now()
    deleteUser(tx, id, now)
    audit(tx, { at: now, who, action: 'user.delete', target: `user ${id}` })
  })
