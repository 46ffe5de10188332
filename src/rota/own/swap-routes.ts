/** Offering duties to colleagues and taking them, and the answers of officers. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { deletedSchema, idParams } from '../../platform/http/shared-schemas.ts'
import { changeOwn, decide, decisionSchema } from './changes.ts'
import { ownStaff } from './own-duties.ts'
import {
  approveSwap,
  declineSwap,
  listSwaps,
  newOffer,
  offerDuty,
  ownSwapSchema,
  swapById,
  swapSchema,
  swapsFor,
  takeOffer,
  takeSchema,
  withdrawSwap,
} from './swaps.ts'

const withId = { params: idParams }

export const swapRoutes = (app: App) => {
  const { db, clock, reader } = app

  return apiRouter(app, '/api/v1/roster', 'rosters')
    .get(
      '/me/swaps',
      ({ query, who, request }) => {
        const { id: staffId } = ownStaff(db, signedIn(who))
        return paged(query, request, page => reader.read(swapsFor, { staffId, now: clock.now(), slice: page }))
      },
      {
        may: 'member',
        ...listRoute(
          'Duties that colleagues offer, with the rules that keep you from taking them, then your own offers',
          'swaps',
          ownSwapSchema,
        ),
      },
    )
    .post(
      '/me/swaps',
      async ({ body, who }) => {
        const id = await changeOwn(app, who, 'swap.offer', body, (tx, me, at) => offerDuty(tx, me, body, at))
        return swapById(db, id, clock.now())
      },
      {
        body: newOffer,
        may: 'member',
        ...createRoute('Offer one of your duties to colleagues', swapSchema),
      },
    )
    .delete(
      '/me/swaps/:id',
      ({ params: { id }, who }) =>
        changeOwn(app, who, 'swap.withdraw', { id }, (tx, me, at) => {
          withdrawSwap(tx, me, id, at)
          return { deleted: true, id }
        }),
      {
        ...withId,
        may: 'member',
        detail: describe('Withdraw your offer, or give back one you have taken', deletedSchema),
      },
    )
    .post(
      '/swaps/:id/take',
      ({ params: { id }, body, who }) =>
        changeOwn(app, who, 'swap.take', { id, ...body }, (tx, me, at) => ({
          done: takeOffer(tx, me, id, body.in_return, at),
        })),
      {
        ...withId,
        body: takeSchema,
        may: 'member',
        detail: describe(
          'Take a duty that a colleague offers, optionally for one of yours; refused if a rule forbids it',
          t.Object({ done: t.Boolean({ description: 'false: an officer has to approve it first' }) }),
        ),
      },
    )
    .get(
      '/swaps',
      ({ query, request }) => paged(query, request, page => listSwaps(db, clock.now(), page, query.taken)),
      {
        may: 'officer',
        ...listRoute(
          'Duties that people offer: those that wait for an officer, then the others, earliest first',
          'swaps',
          swapSchema,
          { taken: t.Optional(t.Boolean({ description: 'Only swaps that wait for an officer' })) },
        ),
      },
    )
    .post(
      '/swaps/:id/approve',
      async ({ params: { id }, who }) => {
        await decide(app, who, 'swap.approve', id, (tx, at) => approveSwap(tx, id, at))
        return { done: true }
      },
      {
        ...withId,
        may: 'officer',
        detail: describe('Approve a swap that was taken, within the rules', t.Object({ done: t.Boolean() })),
      },
    )
    .post(
      '/swaps/:id/decline',
      async ({ params: { id }, body, who }) => {
        await decide(app, who, 'swap.decline', id, (tx, at) => declineSwap(tx, id, body.reason, at))
        return { done: true }
      },
      {
        ...withId,
        body: decisionSchema,
        may: 'officer',
        detail: describe('Decline an offer: the duty stays with its owner', t.Object({ done: t.Boolean() })),
      },
    )
}
