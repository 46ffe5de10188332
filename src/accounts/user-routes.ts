import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { apiRouter, isAtLeast, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema, deletedSchema, idParams, idSchema } from '../platform/http/shared-schemas.ts'
import {
  accountStatsSchema,
  countryField,
  emailField,
  newPasswordField,
  roleSchema,
  usernameField,
  userSchema,
  userView,
} from './account.ts'
import { unlock } from './attempts.ts'
import { addUser, editUser, endUserSessions, removeUser } from './manage-users.ts'
import { reachedUrl } from './origin.ts'
import { makePasswordLink, passwordLinkPath } from './password-link.ts'
import { readUserStats, userById, usersReading } from './queries.ts'

const newUser = t.Object(
  {
    email: emailField,
    username: usernameField,
    password: newPasswordField,
    role: roleSchema,
    country: t.Optional(countryField),
  },
  {
    examples: [{ email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }],
  },
)
/** People see their own account; admins see all. */
function refuseOthers(who: Who | undefined, id: number) {
  if (signedIn(who).id !== id && !isAtLeast(who, 'admin')) refuse('forbidden', 'Only admins can see other accounts')
}

export const userRoutes = (app: App) => {
  const { db } = app
  return apiRouter(app, '/api/v1/users', 'accounts')
    .get(
      '/',
      ({ query, request }) =>
        paged(query, request, async page => {
          const { users, total } = await app.reader.read(usersReading, { q: query.q, role: query.role, ...page })
          return { users: users.map(userView), total }
        }),
      {
        may: 'admin',
        ...listRoute('Users by name; `q` searches names and e-mail addresses', 'users', userSchema, {
          q: t.Optional(t.String({ maxLength: 254 })),
          role: t.Optional(roleSchema),
        }),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const user = await addUser(app, signedIn(who), body)
        set.headers.location = `/api/v1/users/${user.id}`
        return userView(user)
      },
      { body: newUser, may: 'admin', ...createRoute('A new user', userSchema) },
    )
    .guard({ params: idParams })
    .get(
      '/:id',
      ({ params: { id }, who }) => {
        refuseOthers(who, id)
        return userView(userById(db, id))
      },
      { may: 'member', detail: describe('One user; members see themselves', userSchema) },
    )
    .patch('/:id', async ({ params: { id }, body, who }) => userView(await editUser(app, signedIn(who), id, body)), {
      body: t.Partial(newUser),
      may: 'admin',
      detail: describe('Change a user; a new role or password ends their sessions', userSchema),
    })
    .post(
      '/:id/unlock',
      async ({ params: { id }, who }) => ({
        id: userById(db, id).id,
        was_locked: await unlock(app, signedIn(who), id),
      }),
      {
        may: 'admin',
        detail: describe(
          'Unlock a user who is locked out after too many attempts',
          t.Object({ id: idSchema, was_locked: t.Boolean() }, { examples: [{ id: 12, was_locked: true }] }),
        ),
      },
    )
    .delete(
      '/:id/sessions',
      async ({ params: { id }, who }) => ({ id, ended: await endUserSessions(app, signedIn(who), id) }),
      {
        may: 'admin',
        detail: describe(
          'Sign a user out of every browser; their keys and password stay',
          t.Object(
            { id: idSchema, ended: t.Integer({ description: 'Sessions' }) },
            { examples: [{ id: 12, ended: 2 }] },
          ),
        ),
      },
    )
    .post(
      '/:id/password-link',
      async ({ params: { id }, request, who }) => {
        const link = await atomically(db, tx => makePasswordLink(tx, userById(tx, id), signedIn(who), app.clock.now()))
        return {
          url: reachedUrl(request, app.config) + passwordLinkPath(link.token),
          expires_at: iso(link.expiresAt),
        }
      },
      {
        may: 'admin',
        ...createRoute(
          'A link for choosing a new password; it works once within a day and is shown only once',
          t.Object({
            url: t.String({ examples: ['https://play.example.org/password?token=…'] }),
            expires_at: dateTimeSchema,
          }),
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, who }) => {
        await removeUser(app, signedIn(who), id)
        return { deleted: true, id }
      },
      {
        may: 'admin',
        detail: describe(
          'Delete a user: the account, keys and sessions go; what they did in leagues stays, under a number',
          deletedSchema,
        ),
      },
    )
    .get(
      '/:id/stats',
      ({ params: { id }, who }) => {
        refuseOthers(who, id)
        return readUserStats(app, id)
      },
      { may: 'member', detail: describe('Statistics of a user; members see their own', accountStatsSchema) },
    )
}
