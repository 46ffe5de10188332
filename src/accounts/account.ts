/** What an account is: the rules of its fields, and how it is shown. */
import { t } from 'elysia'
import { type Role, roles, type users } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { iso, isoOrNull } from '../runtime/clock.ts'
import type { Who } from '../runtime/exchange.ts'
import { dateTimeSchema } from '../runtime/formats.ts'

export type User = typeof users.$inferSelect

export const roleSchema = t.Union(roles.map(role => t.Literal(role)))
export const emailField = t.String({ minLength: 3, maxLength: 254 })
export const usernameField = t.String({ minLength: 1, maxLength: 40 })
export const newPasswordField = t.String({ minLength: 10, maxLength: 200 })
/** What may be a password typed at sign-in: longer ones are refused before any work. */
export const passwordField = t.String({ minLength: 1, maxLength: 200 })
export const countryField = t.Nullable(t.String({ pattern: '^[A-Za-z]{2}$', description: 'ISO 3166-1 alpha-2' }))

/** One spelling per address. */
export function emailOf(text: string): string {
  const email = text.trim().toLowerCase()
  return /^[^\s@]+@[^\s@]+$/.test(email) ? email : invalid('email', 'expected an e-mail address')
}

const taken = /^(operator|fieldhouse|stranger|deleted-\d+)$/i // names by which the audit log calls others

export function usernameOf(text: string): string {
  const name = text.normalize('NFKC').trim().replaceAll(/\s+/g, ' ')
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'-]*$/u.test(name))
    invalid('username', "expected letters, digits, spaces and . _ ' -, beginning with a letter or digit")
  if (taken.test(name)) invalid('username', 'is a name Fieldhouse uses itself')
  return name
}

export function countryOf(text: string | null | undefined): string | null {
  if (!text) return null
  return /^[a-z]{2}$/i.test(text) ? text.toUpperCase() : invalid('country', 'expected two letters (ISO 3166-1)')
}

/** Who he is, as he himself sees it. */
export type Profile = { id: number | null; username: string; email: string | null; role: Role }
export const profileSchema = t.Object(
  { id: t.Nullable(t.Integer()), username: t.String(), email: t.Nullable(t.String()), role: roleSchema },
  { description: 'The one who asks; the built-in operator has neither id nor e-mail address' },
)
export const profileOf = ({ id, username, role }: Pick<Who, 'id' | 'username' | 'role'>, email: string | null) =>
  ({ id, username, email, role }) satisfies Profile

export const userSchema = t.Object(
  {
    id: t.Integer(),
    username: t.String(),
    email: t.String(),
    role: roleSchema,
    country: t.Nullable(t.String()),
    created_at: dateTimeSchema,
    last_login_at: t.Nullable(dateTimeSchema),
    last_seen_at: t.Nullable(dateTimeSchema),
  },
  { $id: 'User', description: 'A user' },
)

export const userView = (user: User) => ({
  id: user.id,
  username: user.username,
  email: user.email,
  role: user.role,
  country: user.country,
  created_at: iso(user.createdAt),
  last_login_at: isoOrNull(user.lastLoginAt),
  last_seen_at: isoOrNull(user.lastSeenAt),
})
