/** Invitations by API: officers make, list and end them; anyone with the link reads and accepts one. */
import { t } from 'elysia'
import {
  endInvitation,
  invitationFields,
  invitationPath,
  invitationSchema,
  invitationView,
  listInvitations,
  mailInvitations,
  makeInvitation,
} from '../accounts/invitation.ts'
import { reachedUrl } from '../accounts/origin.ts'
import { signedInSchema, signUpBody } from '../accounts/sign-in.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema, idParams, idSchema } from '../platform/http/shared-schemas.ts'
import { acceptInvitation, describeInvitation, joinByInvitation } from './accept-invitation.ts'
import { requireUnended } from './membership.ts'
import { leagueById } from './queries.ts'

const token = t.String({ minLength: 1, maxLength: 100, description: 'What follows `token=` in the link' })
const invitedLeagueSchema = t.Nullable(t.Object({ id: idSchema, name: t.String() }))

const newInvitation = t.Object(invitationFields, {
  examples: [
    { league_id: 7, max_uses: 30 },
    { league_id: 7, emails: ['bob@example.org', 'cy@example.org'] },
  ],
})
const madeSchema = t.Composite([
  invitationSchema,
  t.Object({
    url: t.Nullable(
      t.String({ description: 'null: it is mailed', examples: ['https://play.example.org/invitation?token=…'] }),
    ),
    mailed: t.Integer({ description: 'How many mails are being sent', examples: [0] }),
  }),
])

/** Makes a link, or mails one to each address. */
async function invite(app: App, me: Who, { emails, ...wanted }: typeof newInvitation.static, site: string) {
  const { db, clock, jobs } = app
  if (wanted.league_id) requireUnended(leagueById(db, wanted.league_id), clock.now())
  const madeBy = me.id === null ? undefined : me.username
  if (emails?.length) {
    const made = await mailInvitations(app, me, wanted, emails)
    for (const { job } of made) await jobs.tryDispatch(job)
    const invitations = made.map(({ invitation }) => invitationView(invitation, madeBy, clock.now()))
    return { ...(invitations[0] ?? refuse('invalid', 'Enter an address')), url: null, mailed: invitations.length }
  }
  const { invitation, token } = await makeInvitation(app, me, wanted)
  return { ...invitationView(invitation, madeBy, clock.now()), url: site + invitationPath(token), mailed: 0 }
}

const needsAccount = (account: Partial<Record<'email' | 'username' | 'password', string>>): never =>
  refuse('invalid', 'An account needs email, username and password; or sign in first', {
    errors: (['email', 'username', 'password'] as const)
      .filter(path => !account[path])
      .map(path => ({ path, message: 'Fill this in for a new account.' })),
  })

export const invitationRoutes = (app: App) => {
  const { db, clock, config } = app
  return apiRouter(app, '/api/v1/invitations', 'accounts')
    .get(
      '/',
      ({ query, request }) => paged(query, request, page => listInvitations(db, query.league_id, page, clock.now())),
      {
        may: 'officer',
        ...listRoute('Invitations, newest first; of one league or all', 'invitations', invitationSchema, {
          league_id: t.Optional(idSchema),
        }),
      },
    )
    .post('/', ({ body, who, request }) => invite(app, signedIn(who), body, reachedUrl(request, config)), {
      body: newInvitation,
      may: 'officer',
      ...createRoute(
        'A link for making an account with the role member and joining a league; shown only once',
        madeSchema,
        {
          description: 'With `emails` there is one invitation for each address; the answer is the first of them.',
        },
      ),
    })
    .post('/read', ({ body }) => describeInvitation(app, body.token), {
      body: t.Object({ token }),
      may: 'anyone',
      detail: describe(
        'Read an invitation',
        t.Object({ league: invitedLeagueSchema, invited_by: t.Nullable(t.String()), expires_at: dateTimeSchema }),
      ),
    })
    .post(
      '/accept',
      async ({ body: { token, ...account }, request, who, set }) => {
        if (who) return { league_id: await joinByInvitation(app, token, who) }
        const { email, username, password } = account
        if (!email || !username || !password) return needsAccount(account)
        set.status = 201
        return acceptInvitation(app, request, token, { ...account, email, username, password })
      },
      {
        body: t.Object({ token, ...t.Partial(t.Object(signUpBody)).properties }),
        may: 'anyone',
        detail: describe(
          'Accept an invitation: with a new account, or join the league as the signed-in user',
          t.Composite([t.Object({ league_id: t.Nullable(idSchema) }), t.Partial(signedInSchema)]),
          { status: 201 },
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, who }) => {
        await endInvitation(app, signedIn(who), id)
        return { ended: true, id }
      },
      {
        params: idParams,
        may: 'officer',
        detail: describe('End an invitation: its link stops working', t.Object({ ended: t.Boolean(), id: idSchema })),
      },
    )
}
