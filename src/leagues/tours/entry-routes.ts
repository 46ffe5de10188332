import { t } from 'elysia'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { deletedSchema, idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { entryChange, entrySchema, newEntry } from './entry.ts'
import { createEntry, editEntry, withdrawEntry } from './manage-entries.ts'
import { tourLeagueOf } from './queries.ts'
import { listVisibleEntries, readEntry } from './visible-entries.ts'

const one = t.Object({ id: idSchema, entry_id: idSchema })

export const entryRoutes = (app: App) => {
  const { db } = app
  const view = (leagueId: number, entryId: number, who: Who | undefined) =>
    readEntry(app, tourLeagueOf(db, leagueId, who), entryId, who)

  return apiRouter(app, '/api/v1/leagues/:id/entries', 'entries')
    .get('/:entry_id', ({ params: { id, entry_id }, who }) => view(id, entry_id, who), {
      params: one,
      may: 'reader',
      counted: true,
      detail: describe('One entry; its picks are hidden from others until the deadline', entrySchema),
    })
    .put(
      '/:entry_id',
      async ({ params: { id, entry_id }, body, who }) => {
        await editEntry(app, id, entry_id, signedIn(who), body)
        return view(id, entry_id, who)
      },
      {
        params: one,
        body: entryChange,
        may: 'member',
        detail: describe('Change an entry before the deadline; fields that are left out stay', entrySchema),
      },
    )
    .delete(
      '/:entry_id',
      async ({ params: { id, entry_id }, who }) => {
        await withdrawEntry(app, id, entry_id, signedIn(who))
        return { deleted: true, id: entry_id }
      },
      {
        params: one,
        may: 'member',
        detail: describe('Withdraw an entry before the deadline', deletedSchema),
      },
    )
    .guard({ params: idParams })
    .post(
      '/',
      async ({ params: { id }, body, who, set }) => {
        const entryId = await createEntry(app, id, signedIn(who), body)
        set.headers.location = `/api/v1/leagues/${id}/entries/${entryId}`
        return view(id, entryId, who)
      },
      {
        body: newEntry,
        may: 'member',
        ...createRoute('Enter a league with picks, which also joins it. Officers can enter for others', entrySchema),
      },
    )
    .get(
      '/',
      ({ params: { id }, query, request, who }) =>
        paged(query, request, page => listVisibleEntries(app, tourLeagueOf(db, id, who), page, who, query.user_id)),
      {
        may: 'reader',
        counted: true,
        ...listRoute(
          'Entries, newest first, with live scores for each pick once the picks are closed',
          'entries',
          entrySchema,
          { user_id: t.Optional(idSchema) },
        ),
      },
    )
}
