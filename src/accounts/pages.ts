/** Signing in, up and out, the first admin, and one's own account. The sign-in forms work without script. */

import { t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { sendsMail } from '../mail/send.ts'
import { type Content, html } from '../platform/html.ts'
import { signedIn } from '../platform/http/access.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { seeOther } from '../platform/http/responses.ts'
import { sentFields } from '../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../ui/layout.ts'
import { notice } from '../ui/parts/notices.ts'
import { emailField, newPasswordField } from './account.ts'
import { accountPage } from './account-page.ts'
import {
  type AuthForm,
  authFormPage,
  countryChoice,
  email,
  newPassword,
  password,
  submitAuthForm,
  username,
} from './auth-form.ts'
import { askAnAdmin, forgotPassword, linkIsMailed } from './forgotten-password.ts'
import { keysOfUser, maxKeys } from './key.ts'
import { localPath } from './origin.ts'
import { ownSessions } from './own-account.ts'
import { ownMails } from './own-mails.ts'
import { choosePassword, userOfPasswordLink } from './password-link.ts'
import { hasAdmin, hasUsers, userById } from './queries.ts'
import { requireSetupToken, setUp, setupBody } from './setup.ts'
import { credentials, signedUpMessage, signIn, signOut, signUp, signUpFields } from './sign-in.ts'

const next = t.Optional(t.String({ maxLength: 100_000 })) // far more than an address has: `localPath` drops what leads nowhere

const passwordToken = t.String({ minLength: 1, maxLength: 100 })

export const accountPages = (app: App) => {
  const { db } = app

  return pageRouter(app)
    .get(
      '/sign-in',
      ({ query, who }) =>
        who
          ? seeOther(localPath(query.next))
          : authFormPage(signInForm(app, query.next, { isNew: query.new === 'true' })),
      { query: t.Object({ next, new: t.Optional(t.String({ maxLength: 10 })) }), may: 'anyone' },
    )
    .post(
      '/sign-in',
      ({ request, body }) =>
        submitAuthForm(t.Object(credentials), body, signInForm(app, body.next), async given => {
          await signIn(app, request, given)
          return seeOther(localPath(body.next))
        }),
      { body: sentFields, may: 'anyone' },
    )
    .get(
      '/sign-up',
      ({ who }) => {
        if (!isSignUpOpen(app)) refuse('not_found', 'Only an admin makes accounts here')
        return who ? seeOther('/') : authFormPage(signUpForm())
      },
      { may: 'anyone' },
    )
    .post(
      '/sign-up',
      ({ request, body }) =>
        submitAuthForm(signUpFields, body, signUpForm(), async given => {
          await signUp(app, request, given)
          return seeOther('/sign-in?new=true')
        }),
      { body: sentFields, may: 'anyone' },
    )
    .get(
      '/setup',
      ({ query: { token } }) => {
        requireSetupToken(db, token)
        return authFormPage(setupForm(token))
      },
      { query: t.Object({ token: t.String({ default: '', maxLength: 100 }) }), may: 'anyone' },
    )
    .post(
      '/setup',
      ({ request, body }) =>
        submitAuthForm(setupBody, body, setupForm(body.token), async ({ token, ...account }) => {
          await setUp(app, request, token, account)
          return seeOther('/')
        }),
      { body: sentFields, may: 'anyone' },
    )
    .get('/forgot-password', () => (sendsMail(app) ? authFormPage(forgottenForm) : forgottenPage(askAnAdmin)), {
      may: 'anyone',
    })
    .post(
      '/forgot-password',
      ({ request, body }) =>
        submitAuthForm(t.Object({ email: emailField }), body, forgottenForm, async ({ email }) => {
          await forgotPassword(app, request, email)
          return forgottenPage(linkIsMailed)
        }),
      { body: sentFields, may: 'anyone' },
    )
    .get(
      '/password',
      ({ query: { token } }) => authFormPage(passwordForm(token, userOfPasswordLink(db, token, app.clock.now()).email)),
      { query: t.Object({ token: passwordToken }), may: 'anyone' },
    )
    .post(
      '/password',
      ({ request, body }) => {
        const { token = '' } = body
        const { email } = userOfPasswordLink(db, token, app.clock.now())
        return submitAuthForm(
          t.Object({ password: newPasswordField }),
          body,
          passwordForm(token, email),
          async given => {
            await choosePassword(app, request, token, given.password)
            return seeOther('/')
          },
        )
      },
      { body: sentFields, may: 'anyone' },
    )
    .post(
      '/sign-out',
      async ({ request, who }) => {
        await signOut(app, request, who)
        return seeOther('/')
      },
      { may: 'anyone' },
    )
    .get(
      '/account',
      ({ who, request }) => {
        const me = signedIn(who)
        if (me.id === null) return seeOther('/admin/users') // the operator has no account, and may make some
        const { keys } = keysOfUser(db, me.id, pageOf({ limit: maxKeys }))
        const sessions = ownSessions(app, request, me, pageOf({ limit: 100 }))
        return accountPage(me, userById(db, me.id), keys, sessions, ownMails(app, me))
      },
      { may: 'member' },
    )
}

const isSignUpOpen = ({ config }: App) => config.signup === 'open'

/** `isNew`: right after an account was made. */
const signInForm = (app: App, next?: string, { isNew = false } = {}): AuthForm => ({
  title: 'Sign in',
  above: isNew && notice(signedUpMessage),
  action: '/sign-in',
  fields: [{ ...email, autofocus: true }, password],
  submit: 'Sign in',
  hiddenFields: { next },
  below: html`<p><a href="/forgot-password">Forgot your password?</a></p>
${isSignUpOpen(app) && html`<p><a href="/sign-up">Make an account</a></p>`}
${wayToFirstAdmin(app)}`,
})

/** With ADMIN_TOKEN an installation may do without an admin for good. */
function wayToFirstAdmin({ db, config }: App): Content {
  if (config.adminToken)
    return (
      !hasUsers(db) &&
      notice(
        'There is no account yet. Make an admin by POST /api/v1/users with ADMIN_TOKEN, or set ADMIN_EMAIL and ADMIN_PASSWORD and start again.',
      )
    )
  return !hasAdmin(db) && notice('There is no admin yet. The log has the link for making the first one.')
}

const signUpForm = (): AuthForm => ({
  title: 'Make an account',
  action: '/sign-up',
  fields: [{ ...username, autofocus: true }, email, newPassword, countryChoice()],
  submit: 'Make the account',
})

const setupForm = (token: string | undefined): AuthForm => ({
  title: 'The first admin',
  action: '/setup',
  fields: [{ ...username, autofocus: true }, email, newPassword],
  submit: 'Make the first admin',
  hiddenFields: { token },
})

const backToSignIn = html`<p><a href="/sign-in">Back to signing in</a></p>`
const forgottenTitle = 'Forgot your password'

const forgottenForm: AuthForm = {
  title: forgottenTitle,
  above: html`<p>Enter the address of your account. We mail it a link for choosing a new password.</p>`,
  action: '/forgot-password',
  fields: [{ ...email, autofocus: true }],
  submit: 'Send me the link',
  below: backToSignIn,
}

const forgottenPage = (message: string) =>
  page({
    title: forgottenTitle,
    who: undefined,
    nav: 'account',
    body: html`<div class="head"><h1>${forgottenTitle}</h1></div>
${notice(message)}
${backToSignIn}`,
  })

const passwordForm = (token: string, email: string): AuthForm => ({
  title: 'A new password',
  above: html`<p>For the account of ${email}. It will be signed out everywhere.</p>`,
  action: '/password',
  fields: [{ ...newPassword, label: 'New password', autofocus: true }],
  submit: 'Change the password',
  hiddenFields: { token },
})
