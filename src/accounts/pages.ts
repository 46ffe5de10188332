/** Signing in, up and out, the first admin, and one's own account. The forms that let one in work without script. */
import { Elysia, t } from 'elysia'
import type { App } from '../context.ts'
import { Refusal, refuse } from '../errors.ts'
import { type Content, html } from '../platform/html.ts'
import { access, signedIn } from '../platform/http/access.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { hidden, page } from '../ui/layout.ts'
import { type FormField, formField } from '../ui/parts/form.ts'
import { notice } from '../ui/parts/notices.ts'
import { accountPage } from './account-page.ts'
import { keysOfUser, keyView, mostKeys } from './key.ts'
import { localPath } from './origin.ts'
import { hasAdmin, userById } from './queries.ts'
import { requireSetupToken, setUp, setupBody } from './setup.ts'
import { credentials, signedUp, signIn, signOut, signUp, signUpBody } from './sign-in.ts'

const email: FormField = {
  label: 'E-mail address',
  name: 'email',
  type: 'email',
  autocomplete: 'username',
  maxlength: 254,
}
const password: FormField = { label: 'Password', name: 'password', type: 'password', autocomplete: 'current-password' }
const newPassword: FormField = {
  ...password,
  autocomplete: 'new-password',
  minlength: 10,
  maxlength: 200,
  hint: 'At least 10 characters',
}
const username: FormField = {
  label: 'Name',
  name: 'username',
  autocomplete: 'nickname',
  maxlength: 40,
  hint: 'As others see you',
}
const country: FormField = {
  label: 'Country',
  name: 'country',
  optional: true,
  maxlength: 2,
  hint: 'Two letters, such as NO',
}

type Given = Record<string, string | undefined>
type Entrance = {
  title: string
  action: string
  fields: readonly FormField[]
  submit: string
  /** Sent along, unseen. */
  kept?: Given
  above?: Content
  below?: Content
}

const entrancePage = (
  { title, action, fields, submit, kept = {}, above, below }: Entrance,
  given: Given = {},
  refusal?: Refusal,
) => {
  const errors = new Map(refusal?.extra.errors?.map(({ path, message }) => [path, message]))
  const body = html`<div class="head"><h1>${title}</h1></div>
${above}
<form class="form" method="post" action="${action}">
${refusal && !errors.size && notice(refusal.detail, 'bad')}
${fields.map(shown => formField({ ...shown, error: errors.get(shown.name), ...(shown.type !== 'password' && { value: given[shown.name] }) }))}
${Object.entries(kept).map(([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}" />`)}
<div class="submit"><button type="submit">${submit}</button></div>
</form>
${below}`
  const retryAfter = refusal?.extra.retryAfter
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return page({ title, who: undefined, nav: 'account', body }, refusal?.status, headers)
}

const seeOther = (location: string) => new Response(null, { status: 303, headers: { location } })

/** Signs in, or shows the form again with what was refused. */
async function letIn(enter: () => Promise<unknown>, next: string | undefined, entrance: Entrance, given: Given) {
  try {
    await enter()
    return seeOther(localPath(next))
  } catch (error) {
    if (error instanceof Refusal) return entrancePage(entrance, given, error)
    throw error
  }
}

const next = t.Optional(t.String({ maxLength: 2_000 }))

export const accountPages = (app: App) => {
  const { db, config } = app
  const isOpen = config.signup === 'open'

  const signInForm = (next?: string, isNew = false): Entrance => ({
    title: 'Sign in',
    above: isNew && notice(signedUp),
    action: '/sign-in',
    fields: [{ ...email, autofocus: true }, password],
    submit: 'Sign in',
    kept: { next },
    below: html`${isOpen && html`<p><a href="/sign-up">Make an account</a></p>`}
${!config.adminToken && !hasAdmin(db) && notice('There is no admin yet. The log of Fieldhouse holds the link that makes the first one.')}`,
  })
  const signUpForm: Entrance = {
    title: 'Make an account',
    action: '/sign-up',
    fields: [{ ...username, autofocus: true }, email, newPassword, country],
    submit: 'Make the account',
  }
  const setupForm = (token: string): Entrance => ({
    title: 'The first admin',
    action: '/setup',
    fields: [{ ...username, autofocus: true }, email, newPassword],
    submit: 'Make the first admin',
    kept: { token },
  })

  return new Elysia()
    .use(access(app))
    .get(
      '/sign-in',
      ({ query, who }) =>
        who ? seeOther(localPath(query.next)) : entrancePage(signInForm(query.next, query.new === 'true')),
      {
        query: t.Object({ next, new: t.Optional(t.String({ maxLength: 10 })) }),
        may: 'anyone',
        detail: hidden,
      },
    )
    .post(
      '/sign-in',
      ({ request, body }) =>
        letIn(() => signIn(app, request, body), body.next, signInForm(body.next), { email: body.email }),
      { body: t.Object({ ...credentials, next }), may: 'anyone', detail: hidden },
    )
    .get(
      '/sign-up',
      ({ who }) => {
        if (!isOpen) refuse('not_found', 'Accounts are made by an admin here')
        return who ? seeOther('/') : entrancePage(signUpForm)
      },
      { may: 'anyone', detail: hidden },
    )
    .post(
      '/sign-up',
      ({ request, body }) =>
        letIn(() => signUp(app, request, body), '/sign-in?new=true', signUpForm, {
          email: body.email,
          username: body.username,
          country: body.country,
        }),
      {
        body: t.Object({ ...signUpBody, country: t.Optional(t.String({ maxLength: 2 })) }),
        may: 'anyone',
        detail: hidden,
      },
    )
    .get(
      '/setup',
      ({ query: { token } }) => {
        requireSetupToken(db, token)
        return entrancePage(setupForm(token))
      },
      { query: t.Object({ token: t.String({ default: '', maxLength: 100 }) }), may: 'anyone', detail: hidden },
    )
    .post(
      '/setup',
      ({ request, body: { token, ...account } }) =>
        letIn(() => setUp(app, request, token, account), '/', setupForm(token), {
          email: account.email,
          username: account.username,
        }),
      { body: setupBody, may: 'anyone', detail: hidden },
    )
    .post(
      '/sign-out',
      async ({ request, who }) => {
        await signOut(app, request, who)
        return seeOther('/')
      },
      { may: 'anyone', detail: hidden },
    )
    .get(
      '/account',
      ({ who }) => {
        const me = signedIn(who)
        if (me.id === null) return refuse('not_found', 'The operator has no account')
        const { keys } = keysOfUser(db, me.id, pageOf({ limit: mostKeys }))
        return accountPage(me, userById(db, me.id), keys.map(keyView))
      },
      { may: 'member', detail: hidden },
    )
}
