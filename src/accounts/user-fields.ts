/** The fields of a user that an admin can set. */
import { roles } from '../../db/schema.ts'
import { html } from '../platform/html.ts'
import { formField } from '../ui/parts/form.ts'
import { minPasswordLength, type User } from './account.ts'

const choices = roles.map(role => ({ value: role, label: role }))

export const passwordInput = {
  name: 'password',
  type: 'password',
  autocomplete: 'new-password',
  minlength: minPasswordLength,
  maxlength: 200,
} as const

export const userFields = (
  user?: User,
) => html`${formField({ label: 'Name', name: 'username', maxlength: 40, value: user?.username, autocomplete: 'off' })}
${formField({ label: 'E-mail address', name: 'email', type: 'email', maxlength: 254, value: user?.email, autocomplete: 'off' })}
${formField({ label: 'Role', name: 'role', type: 'select', choices, value: user?.role ?? 'member', hint: 'Officers manage leagues and rosters, admins everything' })}
${formField({ label: 'Country', name: 'country', maxlength: 2, value: user?.country, optional: true, hint: 'Two letters, such as NO' })}`
