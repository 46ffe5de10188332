import { t } from 'elysia'
import type { App } from '../context.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { createRoute, describe, routeOfStatus } from '../platform/http/route-docs.ts'
import { newPasswordField, passwordField, profileOf, profileSchema } from './account.ts'
import { keyRoutes } from './key-routes.ts'
import { ownAccountRoutes } from './own-account-routes.ts'
import { userById } from './queries.ts'
import { setUp, setupBody } from './setup.ts'
import {
  changePassword,
  credentials,
  signedInSchema,
  signedUpMessage,
  signIn,
  signOut,
  signUp,
  signUpBody,
} from './sign-in.ts'
import { userRoutes } from './user-routes.ts'

const doneSchema = t.Object({ done: t.Boolean() })

export const accountRoutes = (app: App) => [authRoutes(app), ownAccountRoutes(app), userRoutes(app), keyRoutes(app)]

const authRoutes = (app: App) =>
  apiRouter(app, '/api/v1', 'accounts')
    .post('/auth/login', ({ request, body }) => signIn(app, request, body), {
      body: t.Object(credentials),
      may: 'anyone',
      detail: describe(
        'Sign in: sets the session cookie and answers the token that changes by cookie must carry',
        signedInSchema,
      ),
    })
    .post(
      '/auth/logout',
      async ({ request, who }) => {
        await signOut(app, request, who)
        return { done: true }
      },
      { may: 'anyone', detail: describe('Sign out: ends the session in the cookie', doneSchema) },
    )
    .get(
      '/auth/me',
      ({ who }) => {
        const me = signedIn(who)
        const email = me.id === null ? null : userById(app.db, me.id).email
        return { user: profileOf(me, email), csrf_token: me.csrfToken ?? null }
      },
      {
        may: 'member',
        detail: describe('Who I am', t.Object({ user: profileSchema, csrf_token: t.Nullable(t.String()) })),
      },
    )
    .post(
      '/auth/signup',
      async ({ request, body }) => {
        await signUp(app, request, body)
        return { message: signedUpMessage }
      },
      {
        body: t.Object(signUpBody),
        may: 'anyone',
        ...routeOfStatus(
          202,
          'Make an account with the role member, where SIGNUP is open; the answer is the same for an address that already has one',
          t.Object({ message: t.String() }),
        ),
      },
    )
    .post(
      '/auth/password',
      async ({ request, who, body }) => {
        await changePassword(app, request, signedIn(who), body)
        return { done: true }
      },
      {
        body: t.Object({ current_password: passwordField, new_password: newPasswordField }),
        may: 'member',
        detail: describe('Change my password; my other sessions end', doneSchema),
      },
    )
    .post('/setup', ({ request, body: { token, ...account } }) => setUp(app, request, token, account), {
      body: setupBody,
      may: 'anyone',
      ...createRoute('Make the first admin, with the token of the setup link', signedInSchema),
    })
