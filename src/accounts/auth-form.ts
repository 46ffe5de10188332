/** The forms that sign somebody in: signing in and up, the first admin, an invitation, a new password. They work without script. */

import type { TObject } from '@sinclair/typebox'
import type { Static } from 'elysia'
import { Refusal } from '../errors.ts'
import { type Content, html } from '../platform/html.ts'
import { checkedInput } from '../platform/http/field-errors.ts'
import type { sentFields } from '../platform/http/shared-schemas.ts'
import { page } from '../ui/layout.ts'
import { type FormField, formField } from '../ui/parts/form.ts'
import { notice } from '../ui/parts/notices.ts'
import { minPasswordLength } from './account.ts'
import { countryChoices, countryName, isCountry } from './countries.ts'

export const email: FormField = {
  label: 'E-mail address',
  name: 'email',
  type: 'email',
  autocomplete: 'username',
  maxlength: 254,
}
export const password: FormField = {
  label: 'Password',
  name: 'password',
  type: 'password',
  autocomplete: 'current-password',
}
export const newPassword: FormField = {
  ...password,
  autocomplete: 'new-password',
  minlength: minPasswordLength,
  maxlength: 200,
  hint: `At least ${minPasswordLength} characters`,
}
export const username: FormField = {
  label: 'Name',
  name: 'username',
  autocomplete: 'nickname',
  maxlength: 40,
  hint: 'As others see you',
}
/** A code that was stored before codes were checked is a choice too: without it, any change of the account would drop it. */
export function countryChoice(code: string | null = null): FormField {
  const unlisted = code && !isCountry(code) ? [[code, countryName(code)] as const] : []
  return {
    label: 'Country',
    name: 'country',
    type: 'select',
    optional: true,
    value: code ?? '',
    choices: [['', 'Not said'], ...unlisted, ...countryChoices()],
  }
}

type FieldValues = Record<string, string | undefined>
export type AuthForm = {
  title: string
  /** For chats that show a card of a link to it. */
  description?: string
  action: string
  fields: readonly FormField[]
  submit: string
  hiddenFields?: FieldValues
  above?: Content
  below?: Content
}

export const authFormPage = (
  { title, description, action, fields, submit, hiddenFields = {}, above, below }: AuthForm,
  values: FieldValues = {},
  refusal?: Refusal,
) => {
  const errors = new Map(refusal?.extra.errors?.map(({ path, message }) => [path, message]))
  const body = html`<div class="head"><h1>${title}</h1></div>
${above}
<form class="form" method="post" action="${action}">
${refusal && !fields.some(({ name }) => errors.has(name)) && notice(refusal.detail, 'bad')}
${fields.map(field => formField({ ...field, error: errors.get(field.name), ...(field.type !== 'password' && { value: values[field.name] }) }))}
${Object.entries(hiddenFields).map(([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}" />`)}
<div class="submit"><button type="submit">${submit}</button></div>
</form>
${below}`
  return page({ title, description, who: undefined, nav: 'account', body }, refusal?.status, refusal?.headers)
}

/** Checks what was sent and submits it, or shows the form again with the refusal. */
export async function submitAuthForm<Fields extends TObject>(
  fields: Fields,
  sent: Static<typeof sentFields>,
  shownForm: AuthForm,
  submit: (given: Static<Fields>) => Promise<Response>,
) {
  try {
    return await submit(checkedInput(fields, sent))
  } catch (error) {
    if (error instanceof Refusal) return authFormPage(shownForm, sent, error)
    throw error
  }
}
