/** Asking for leave, and the answers of officers. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { changeOwn, decide, decisionSchema } from './changes.ts'
import {
  askForOwnLeave,
  decideLeave,
  leaveById,
  leaveSchema,
  leaveStateSchema,
  listLeave,
  newLeave,
  withdrawLeave,
} from './leave.ts'
import { ownStaff } from './own-duties.ts'

const withId = { params: idParams }
const answering = { ...withId, body: decisionSchema, may: 'officer' } as const

export const leaveRoutes = (app: App) => {
  const { db } = app

  async function answer(who: Who | undefined, id: number, verb: 'approve' | 'decline', reason: string | undefined) {
    await decide(app, who, `leave.${verb}`, id, (tx, at) => decideLeave(tx, id, `${verb}d`, reason, at))
    return leaveById(db, id)
  }

  return apiRouter(app, '/api/v1/roster', 'rosters')
    .get(
      '/me/leave',
      ({ query, who, request }) =>
        paged(query, request, page => listLeave(db, { staffId: ownStaff(db, signedIn(who)).id }, page)),
      {
        may: 'member',
        ...listRoute('The leave you have asked for', 'leave', leaveSchema),
      },
    )
    .post('/me/leave', async ({ body, who }) => leaveById(db, await askForOwnLeave(app, who, body)), {
      body: newLeave,
      may: 'member',
      ...createRoute('Ask for leave; an officer approves or declines it', leaveSchema),
    })
    .delete(
      '/me/leave/:id',
      ({ params: { id }, who }) =>
        changeOwn(app, who, 'leave.withdraw', { id }, (tx, me, at) => {
          withdrawLeave(tx, id, me.id, at)
          return leaveById(tx, id)
        }),
      { ...withId, may: 'member', detail: describe('Withdraw your leave before it begins', leaveSchema) },
    )
    .get(
      '/leave',
      ({ query, request }) =>
        paged(query, request, page => listLeave(db, { state: query.state, staffId: query.staff_id }, page)),
      {
        may: 'officer',
        ...listRoute('Leave that people have asked for: pending requests first', 'leave', leaveSchema, {
          state: t.Optional(leaveStateSchema),
          staff_id: t.Optional(idSchema),
        }),
      },
    )
    .post('/leave/:id/approve', ({ params, body, who }) => answer(who, params.id, 'approve', body.reason), {
      ...answering,
      detail: describe('Approve leave: it is an absence then, and duties within it show as broken', leaveSchema),
    })
    .post('/leave/:id/decline', ({ params, body, who }) => answer(who, params.id, 'decline', body.reason), {
      ...answering,
      detail: describe('Decline leave, also after it was approved', leaveSchema),
    })
}
