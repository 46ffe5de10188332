import { t } from 'elysia'
import type { App } from '../context.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import { describe, routeOfStatus } from '../platform/http/route-docs.ts'
import { dateTimeSchema, deletedSchema } from '../platform/http/shared-schemas.ts'
import {
  countryField,
  emailField,
  newPasswordField,
  passwordField,
  usernameField,
  userSchema,
  userView,
} from './account.ts'
import { forgotPassword, linkIsMailed } from './forgotten-password.ts'
import { deleteOwnAccount, editOwnAccount, endOwnSession, ownSessions } from './own-account.ts'
import { chooseMails, ownMails, ownMailsBody, ownMailsSchema } from './own-mails.ts'
import { choosePassword } from './password-link.ts'
import { signedInSchema } from './sign-in.ts'

const sessionSchema = t.Object(
  {
    id: t.String(),
    browser: t.Nullable(t.String({ description: 'As the browser names itself' })),
    created_at: dateTimeSchema,
    last_used_at: dateTimeSchema,
    is_this: t.Boolean({ description: 'The session of this request' }),
  },
  {
    description: 'A browser that is signed in',
    examples: [
      {
        id: '9f2c4e1ab0d87766',
        browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        created_at: '2026-03-01T12:00:00.000Z',
        last_used_at: '2026-03-04T18:30:00.000Z',
        is_this: true,
      },
    ],
  },
)

export const ownAccountRoutes = (app: App) =>
  apiRouter(app, '/api/v1/auth', 'accounts')
    .patch('/me', async ({ body, request, who }) => userView(await editOwnAccount(app, request, signedIn(who), body)), {
      body: t.Object(
        {
          username: t.Optional(usernameField),
          email: t.Optional(emailField),
          country: t.Optional(countryField),
          current_password: t.Optional(passwordField),
        },
        { examples: [{ username: 'Ann B.', email: 'ann@example.org', current_password: 'correct horse battery' }] },
      ),
      may: 'member',
      detail: describe('Change my name, e-mail address or country; a new address needs the password', userSchema),
    })
    .post(
      '/delete',
      async ({ body, request, who }) => ({
        deleted: true,
        id: await deleteOwnAccount(app, request, signedIn(who), body.current_password),
      }),
      {
        body: t.Object({ current_password: passwordField }),
        may: 'member',
        detail: describe(
          'Delete my account with keys and sessions; what I did in leagues stays, under a number',
          deletedSchema,
        ),
      },
    )
    .get(
      '/sessions',
      ({ query, request, who }) => paged(query, request, page => ownSessions(app, request, signedIn(who), page)),
      {
        may: 'member',
        ...listRoute('My sessions, most recently used first', 'sessions', sessionSchema),
      },
    )
    .delete(
      '/sessions/:id',
      async ({ params: { id }, who }) => {
        await endOwnSession(app, signedIn(who), id)
        return { ended: true, id }
      },
      {
        params: t.Object({ id: t.String({ pattern: '^[0-9a-f]{16}$' }) }),
        may: 'member',
        detail: describe('End one of my sessions', t.Object({ ended: t.Boolean(), id: t.String() })),
      },
    )
    .get('/mails', ({ who }) => ownMails(app, signedIn(who)), {
      may: 'member',
      detail: describe('Which kinds of mail I get', ownMailsSchema),
    })
    .patch('/mails', ({ body, who }) => chooseMails(app, signedIn(who), body), {
      body: ownMailsBody,
      may: 'member',
      detail: describe('Turn kinds of mail on or off', ownMailsSchema),
    })
    .post(
      '/forgot',
      async ({ body, request }) => {
        await forgotPassword(app, request, body.email)
        return { message: linkIsMailed }
      },
      {
        body: t.Object({ email: emailField }, { examples: [{ email: 'ann@example.org' }] }),
        may: 'anyone',
        ...routeOfStatus(
          202,
          'Mail a link for choosing a new password; the answer is the same for an address without an account',
          t.Object({ message: t.String() }),
        ),
      },
    )
    .post(
      '/reset',
      ({ body, request }) => choosePassword(app, request, body.token, body.new_password, 'new_password'),
      {
        body: t.Object({
          token: t.String({ minLength: 1, maxLength: 100, description: 'What follows `token=` in the link' }),
          new_password: newPasswordField,
        }),
        may: 'anyone',
        detail: describe(
          'Choose a new password with the token of a link; all sessions end and a new one starts',
          signedInSchema,
        ),
      },
    )
