/** Requests of people to work a shift, or not to. */
import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { itemsOfPage, listRoute, paged } from '../platform/http/pagination.ts'
import { describe } from '../platform/http/route-docs.ts'
import { deletedSchema, idParams, idSchema } from '../platform/http/shared-schemas.ts'
import { shiftById } from './shift-queries.ts'
import { dropRequest, newRequest, requestsOn, setRequest, shiftRequestSchema } from './shift-requests.ts'

export const shiftRequestRoutes = (app: App) => {
  const { db, clock } = app

  return apiRouter(app, '/api/v1/roster/shifts', 'rosters')
    .get(
      '/:id/requests',
      ({ params: { id }, query, request }) => {
        const all = requestsOn(db, shiftById(db, id).id)
        return paged(query, request, page => ({ requests: itemsOfPage(all, page), total: all.length }))
      },
      {
        params: idParams,
        may: 'officer',
        ...listRoute('Who wants this shift or does not', 'requests', shiftRequestSchema),
      },
    )
    .put(
      '/:id/requests',
      ({ params: { id }, body, who }) =>
        atomically(db, tx => {
          const target = `shift ${id}`
          audit(tx, { at: clock.now(), who: signedIn(who), action: 'shift.request', target, detail: body })
          return setRequest(tx, id, body)
        }),
      {
        params: idParams,
        body: newRequest,
        may: 'officer',
        detail: describe(
          'Set a person’s request to work this shift or not to; it replaces an earlier one',
          shiftRequestSchema,
        ),
      },
    )
    .delete(
      '/:id/requests/:staff_id',
      async ({ params: { id, staff_id }, who }) => {
        await atomically(db, tx => {
          if (!dropRequest(tx, id, staff_id)) refuse('not_found', `Staff ${staff_id} has no request for shift ${id}`)
          const [target, detail] = [`shift ${id}`, { staff_id }]
          audit(tx, { at: clock.now(), who: signedIn(who), action: 'shift.request.drop', target, detail })
        })
        return { deleted: true, id: staff_id }
      },
      {
        params: t.Object({ id: idSchema, staff_id: idSchema }),
        may: 'officer',
        detail: describe('Delete a person’s request', deletedSchema),
      },
    )
}
