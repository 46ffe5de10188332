/** What an admin may say of a user. */
import { roles } from '../../db/schema.ts'
import { html } from '../runtime/html.ts'
import { field } from '../web/parts/form.ts'
import type { User } from './account.ts'

const choices = roles.map(role => ({ value: role, label: role }))

export const password = {
  name: 'password',
  type: 'password',
  autocomplete: 'new-password',
  minlength: 10,
  maxlength: 200,
} as const

export const userFields = (
  user?: User,
) => html`${field({ label: 'Name', name: 'username', maxlength: 40, value: user?.username, autocomplete: 'off' })}
${field({ label: 'E-mail address', name: 'email', type: 'email', maxlength: 254, value: user?.email, autocomplete: 'off' })}
${field({ label: 'Role', name: 'role', type: 'select', choices, value: user?.role ?? 'member', hint: 'Officers manage leagues and rosters, admins everything' })}
${field({ label: 'Country', name: 'country', maxlength: 2, value: user?.country, optional: true, hint: 'Two letters, such as NO' })}`
