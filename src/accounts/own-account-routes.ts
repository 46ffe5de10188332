import { Elysia, t } from 'elysia'
import type { App } from '../context.ts'
import { access, signedIn } from '../platform/http/access.ts'
import { paged, pageOf, pageQuery, paginationSchema } from '../platform/http/pagination.ts'
import { describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema } from '../platform/http/text-formats.ts'
import {
  countryField,
  emailField,
  newPasswordField,
  passwordField,
  usernameField,
  userSchema,
  userView,
} from './account.ts'
import { editOwnAccount, endOwnSession, ownSessions } from './own-account.ts'
import { choosePassword } from './password-link.ts'
import { signedInSchema } from './sign-in.ts'

const sessionSchema = t.Object(
  {
    id: t.String(),
    browser: t.Nullable(t.String({ description: 'As the browser names itself' })),
    created_at: dateTimeSchema,
    last_used_at: dateTimeSchema,
    is_this: t.Boolean({ description: 'The session that asks' }),
  },
  { description: 'A browser that is signed in' },
)

export const ownAccountRoutes = (app: App) =>
  new Elysia({ prefix: '/auth', tags: ['accounts'] })
    .use(access(app))
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
      detail: describe('Change my name, e-mail address or country; the address asks for the password', userSchema),
    })
    .get(
      '/sessions',
      ({ query, request, who, set }) => {
        const page = pageOf(query)
        const { sessions, total } = ownSessions(app, request, signedIn(who), page)
        return paged({ request, set }, page, total, { sessions })
      },
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: describe(
          'Where I am signed in, the last used first',
          t.Object({ sessions: t.Array(sessionSchema), pagination: paginationSchema }),
        ),
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
        detail: describe('End a session of mine', t.Object({ ended: t.Boolean(), id: t.String() })),
      },
    )
    .post('/reset', ({ body, request }) => choosePassword(app, request, body.token, body.new_password), {
      body: t.Object({ token: t.String({ minLength: 1, maxLength: 100 }), new_password: newPasswordField }),
      may: 'anyone',
      detail: describe(
        'Choose a new password with the token of a link; all sessions end, and this one begins',
        signedInSchema,
      ),
    })
