import { Elysia, t } from 'elysia'
import { access, signedIn } from '../access.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { readableLeague } from '../leagues/queries.ts'
import { says } from '../runtime/docs.ts'
import type { Who } from '../runtime/exchange.ts'
import { paged, pageOf, pageQuery, paginationSchema } from '../runtime/page.ts'
import { alterEntry, enter, withdraw } from './entering.ts'
import { entriesPage, entryFor } from './entries.ts'
import { entryChange, entrySchema, newEntry } from './entry.ts'

const id = t.Integer({ minimum: 1 })
const one = t.Object({ id, entry_id: id })

export const entryRoutes = (app: App) => {
  const { db } = app
  const view = (leagueId: number, entryId: number, who: Who | undefined) =>
    entryFor(app, tourLeague(leagueId, who), entryId, who)
  const tourLeague = (leagueId: number, who: Who | undefined) => {
    const league = readableLeague(db, leagueId, who)
    if (league.kind !== 'tour') refuse('not_found', `Leagues of kind ${league.kind} have no entries`)
    return league
  }

  return new Elysia({ prefix: '/leagues/:id/entries', tags: ['entries'] })
    .use(access(app))
    .get('/:entry_id', ({ params: { id, entry_id }, who }) => view(id, entry_id, who), {
      params: one,
      may: 'reader',
      counted: true,
      detail: says('One entry; its picks are hidden from others until the deadline', entrySchema),
    })
    .put(
      '/:entry_id',
      async ({ params: { id, entry_id }, body, who }) => {
        await alterEntry(app, id, entry_id, signedIn(who), body)
        return view(id, entry_id, who)
      },
      {
        params: one,
        body: entryChange,
        may: 'member',
        detail: says('Change an entry before the deadline; what is left out stays', entrySchema),
      },
    )
    .delete(
      '/:entry_id',
      async ({ params: { id, entry_id }, who }) => {
        await withdraw(app, id, entry_id, signedIn(who))
        return { deleted: true, id: entry_id }
      },
      {
        params: one,
        may: 'member',
        detail: says('Withdraw an entry before the deadline', t.Object({ deleted: t.Boolean(), id: t.Integer() })),
      },
    )
    .guard({ params: t.Object({ id }) })
    .post(
      '/',
      async ({ params: { id }, body, who, set }) => {
        const entryId = await enter(app, id, signedIn(who), body)
        set.status = 201
        set.headers.location = `/api/v1/leagues/${id}/entries/${entryId}`
        return view(id, entryId, who)
      },
      {
        body: newEntry,
        may: 'member',
        detail: says('Enter a league with picks; entering joins. Officers may enter for others', entrySchema, {
          status: 201,
        }),
      },
    )
    .get(
      '/',
      async ({ params: { id }, query, request, who, set }) => {
        const asked = pageOf(query)
        const { entries, total } = await entriesPage(app, tourLeague(id, who), asked, who, query.user_id)
        return paged({ request, set }, asked, total, { entries })
      },
      {
        query: t.Object({ user_id: t.Optional(id), ...pageQuery }),
        may: 'reader',
        counted: true,
        detail: says(
          'Entries, the newest first, with live scores for each pick once the picks are closed',
          t.Object({ entries: t.Array(entrySchema), pagination: paginationSchema }),
        ),
      },
    )
}
