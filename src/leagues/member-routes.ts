/** The members of a league. */
import { t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, isAtLeast, signedIn } from '../platform/http/access.ts'
import { linkHeader, listRoute, pageOf, withPagination } from '../platform/http/pagination.ts'
import { describe } from '../platform/http/route-docs.ts'
import { idParams, idSchema, oneLine } from '../platform/http/shared-schemas.ts'
import { joinLeague, leaveLeague, onLeaving } from './membership.ts'
import { isMember, memberSchema, membersOf } from './queries.ts'
import { readableLeague } from './visibility.ts'

const leftSchema = t.Object(
  { league_id: idSchema, user_id: idSchema, played: t.String() },
  { examples: [{ league_id: 7, user_id: 12, played: '2 entries are withdrawn.' }] },
)
const joinedSchema = t.Object(
  {
    league_id: idSchema,
    user_id: idSchema,
    joined: t.Boolean({ description: 'false: was a member already' }),
    message: t.String(),
  },
  { examples: [{ league_id: 7, user_id: 12, joined: true, message: 'Ann is a member now' }] },
)

export const memberRoutes = (app: App) => {
  const { db, cache } = app
  return apiRouter(app, '/api/v1/leagues', 'leagues')
    .guard({ params: idParams })
    .get(
      '/:id/members',
      async ({ params: { id }, query, request, who, set }) => {
        readableLeague(db, id, who)
        const page = pageOf(query)
        const load = () => withPagination(membersOf(db, id, page), page)
        const found = await cache.read(cached.members, [id, page.page, page.limit], load)
        set.headers.link = linkHeader(request.url, found.value.pagination)
        return found
      },
      { may: 'reader', ...listRoute('Members, earliest first', 'members', memberSchema) },
    )
    .post('/:id/join', ({ params: { id }, body, who }) => joinLeague(app, id, signedIn(who), body ?? {}), {
      body: t.Optional(t.Object({ user_id: t.Optional(idSchema), username: t.Optional(oneLine(40)) })),
      may: 'member',
      detail: describe(
        'Join a league; officers can add others, which is the only way into a league that is not public',
        joinedSchema,
        { description: 'Without a body you join yourself; officers name somebody else by `user_id` or `username`.' },
      ),
    })
    .post(
      '/:id/leave',
      async ({ params: { id }, who }) => {
        const me = signedIn(who)
        if (me.id === null) return refuse('conflict', 'The operator is in no league')
        return { league_id: id, user_id: me.id, played: await leaveLeague(app, id, me.id, me) }
      },
      {
        may: 'member',
        detail: describe('Leave a league; `played` says what happened to what I have played in it', leftSchema),
      },
    )
    .guard({ params: t.Object({ id: idSchema, user_id: idSchema }) })
    .get(
      '/:id/members/:user_id',
      ({ params: { id, user_id }, who }) => {
        const me = signedIn(who)
        const league = readableLeague(db, id, who)
        if (me.id !== user_id && !isAtLeast(me, 'officer'))
          refuse('forbidden', 'Only officers can see this about others')
        if (!isMember(db, id, user_id)) refuse('not_found', `User ${user_id} is not a member of this league`)
        return { league_id: id, user_id, on_leaving: onLeaving(app, league, user_id) }
      },
      {
        may: 'member',
        detail: describe(
          'A member, and what happens to what they have played if they leave now; members see only themselves',
          t.Object({ league_id: idSchema, user_id: idSchema, on_leaving: t.String() }),
        ),
      },
    )
    .delete(
      '/:id/members/:user_id',
      async ({ params: { id, user_id }, who }) => ({
        league_id: id,
        user_id,
        played: await leaveLeague(app, id, user_id, signedIn(who)),
      }),
      {
        may: 'officer',
        detail: describe('Remove a member; `played` says what happened to what they have played', leftSchema),
      },
    )
}
