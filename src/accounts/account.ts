/** What an account is: the rules of its fields and how it is shown. */
import { type Static, t } from 'elysia'
import { roles, type users } from '../../db/schema.ts'
import { invalid, refuse } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime, oneOfWords } from '../platform/http/shared-schemas.ts'
import { isCountry } from './countries.ts'
import { skeleton } from './look-alike.ts'

export type User = typeof users.$inferSelect

export const roleSchema = oneOfWords(roles)
export const emailField = t.String({
  minLength: 3,
  maxLength: 254,
  examples: ['ann@example.org'],
  'x-error': 'Write an e-mail address such as ann@example.org.',
})
const maxUsernameLength = 40
export const usernameField = t.String({ minLength: 1, maxLength: maxUsernameLength, examples: ['Ann'] })
const examplePassword = 'correct horse battery'
export const minPasswordLength = 12
export const newPasswordField = t.String({ minLength: minPasswordLength, maxLength: 200, examples: [examplePassword] })
/** What is accepted as a password at sign-in: longer ones are refused before any work. */
export const passwordField = t.String({ minLength: 1, maxLength: 200, examples: [examplePassword] })
export const countryField = t.Nullable(
  t.String({
    pattern: '^[A-Za-z]{2}$',
    'x-error': 'Write the two letters of a country, such as NO.',
    description: 'ISO 3166-1 alpha-2',
    examples: ['NO'],
  }),
)

/** One spelling per address. */
export function normalizedEmail(text: string, path = 'email'): string {
  const email = text.trim().toLowerCase()
  return /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email)
    ? email
    : invalid(path, `Write an e-mail address such as ann@example.org${path === 'email' ? '' : `; ${text} is not one`}.`)
}

const reservedNames = /^(operator|fieldhouse|stranger|deleted-\d+)$/i // the audit log uses these names for others

/** A dot on a letter that has one already: it cannot be seen. */
const secondDot = /(?<=[\p{Soft_Dotted}ıȷ])\u0307/gu

/** Invisible letters, and long stacks of accents. */
const invisible = /\p{Default_Ignorable_Code_Point}|\p{M}{5}/u

/** One spelling per name. */
export function checkedUsername(text: string): string {
  const name = text.normalize('NFKC').replaceAll(secondDot, '').trim().replaceAll(/\s+/g, ' ')
  if (name.length > maxUsernameLength) invalid('username', `At most ${maxUsernameLength} letters.`)
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'-]*$/u.test(name) || invisible.test(name))
    invalid('username', "Letters, digits, spaces and . _ ' - only; start with a letter or digit.")
  if (reservedNames.test(skeleton(name))) invalid('username', 'Fieldhouse uses this name itself; choose another.')
  return name
}

export function countryCode(text: string | null | undefined): string | null {
  if (!text) return null
  const code = text.toUpperCase()
  return isCountry(code) ? code : invalid('country', 'Write the two letters of a country, such as NO (ISO 3166).')
}

/** An account as its owner sees it. */
export const profileSchema = t.Object(
  { id: t.Nullable(idSchema), username: t.String(), email: t.Nullable(t.String()), role: roleSchema },
  {
    description: 'The signed-in user; the built-in operator has neither id nor e-mail address',
    examples: [{ id: 12, username: 'Ann', email: 'ann@example.org', role: 'member' }],
  },
)
type Profile = Static<typeof profileSchema>
export const profileOf = ({ id, username, role }: Pick<Who, 'id' | 'username' | 'role'>, email: string | null) =>
  ({ id, username, email, role }) satisfies Profile

export const userSchema = t.Object(
  {
    id: idSchema,
    username: t.String(),
    email: t.String(),
    role: roleSchema,
    country: t.Nullable(t.String()),
    created_at: dateTimeSchema,
    last_login_at: nullableDateTime,
    last_seen_at: nullableDateTime,
  },
  {
    $id: 'User',
    description: 'A user',
    examples: [
      {
        id: 12,
        username: 'Ann',
        email: 'ann@example.org',
        role: 'member',
        country: 'NO',
        created_at: '2026-03-01T12:00:00.000Z',
        last_login_at: '2026-03-04T18:30:00.000Z',
        last_seen_at: '2026-03-04T19:05:00.000Z',
      },
    ],
  },
)

export const userView = rowView(userSchema)

export const accountStatsSchema = t.Object(
  {
    user_id: idSchema,
    username: t.String(),
    leagues_joined: t.Integer(),
    leagues_by_kind: t.Record(t.String(), t.Integer()),
    jobs_started: t.Integer(),
    jobs_failed: t.Integer(),
    api_keys: t.Integer(),
    trades: t.Integer(),
    trade_volume_cents: t.Integer({ description: 'Bought and sold' }),
  },
  {
    description: 'What a user has done',
    examples: [
      {
        user_id: 12,
        username: 'Ann',
        leagues_joined: 3,
        leagues_by_kind: { tour: 2, market: 1 },
        jobs_started: 5,
        jobs_failed: 0,
        api_keys: 1,
        trades: 48,
        trade_volume_cents: 12_400_000,
      },
    ],
  },
)
export type UserStats = Static<typeof accountStatsSchema>

export const ownId = ({ id }: Pick<Who, 'id'>): number => id ?? refuse('conflict', 'The operator has no account')
