/** Shifts one by one. */
import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { itemsOfPage, linkHeader, listRoute, paged, pageOf, pagination } from '../platform/http/pagination.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { confirmQuery, dateSchema, deletedSchema, idParams, idSchema } from '../platform/http/shared-schemas.ts'
import { refuseBroken, violationsOnShift } from './assignments.ts'
import { addedViolations } from './load-problem.ts'
import { notifyOfDuties, notifyOfMove, upcomingDuties } from './notices.ts'
import { reopenSwapsOf } from './own/swaps.ts'
import { candidateSchema, candidatesFor } from './replacements.ts'
import {
  askedSkillSchema,
  asNewShift,
  checkShift,
  newShift,
  peopleAre,
  shiftChange,
  shiftDefaults,
  shiftSchema,
  shiftView,
} from './shift.ts'
import { addShifts, changeShift, deleteShifts, listShifts, shiftById } from './shift-queries.ts'
import { countAssignments } from './staff-queries.ts'

export const shiftRoutes = (app: App) => {
  const { db, clock, cache } = app

  return apiRouter(app, '/api/v1/roster/shifts', 'rosters')
    .get(
      '/',
      async ({ query, request, set }) => {
        const page = pageOf(query)
        const { start = '', end = '', site_id = 0, skill = '' } = query
        if (start && end && end < start) invalid('end', 'The end must not be before the start.')
        const answer = await cache.read(cached.shiftList, [start, end, site_id, skill, page.page, page.limit], () => {
          const { shifts, total } = listShifts(db, query, page)
          return { shifts: shifts.map(shiftView), pagination: pagination(page, total) }
        })
        set.headers.link = linkHeader(request.url, answer.value.pagination)
        return answer
      },
      {
        may: 'member',
        ...listRoute('Shifts by their start; dates are the site’s, both included', 'shifts', shiftSchema, {
          start: t.Optional(dateSchema),
          end: t.Optional(dateSchema),
          site_id: t.Optional(idSchema),
          skill: t.Optional(askedSkillSchema),
        }),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const shift = { ...shiftDefaults, ...body, skills: body.skills ?? [] }
        checkShift(shift)
        const at = clock.now()
        const id = await atomically(db, tx => {
          const [created = 0] = addShifts(tx, [shift], at)
          audit(tx, { at, who: signedIn(who), action: 'shift.create', target: `shift ${created}`, detail: body })
          return created
        })
        set.headers.location = `/api/v1/roster/shifts/${id}`
        return shiftView(shiftById(db, id))
      },
      { body: newShift, may: 'officer', ...createRoute('A new shift', shiftSchema) },
    )
    .guard({ params: idParams })
    .get('/:id', ({ params: { id } }) => shiftView(shiftById(db, id)), {
      may: 'member',
      detail: describe('One shift', shiftSchema),
    })
    .get(
      '/:id/candidates',
      async ({ params: { id }, query, request }) => {
        const all = await app.reader.read(candidatesFor, { shiftId: shiftById(db, id).id })
        return paged(query, request, page => ({ candidates: itemsOfPage(all, page), total: all.length }))
      },
      {
        may: 'officer',
        ...listRoute(
          'Who else could take the shift, best first, and the rules against the others',
          'candidates',
          candidateSchema,
        ),
      },
    )
    .patch(
      '/:id',
      async ({ params: { id }, query: { confirm }, body, who }) => {
        await atomically(db, tx => {
          const before = asNewShift(shiftById(tx, id))
          const shift = { ...before, ...body, skills: body.skills === undefined ? before.skills : (body.skills ?? []) }
          checkShift(shift)
          const at = clock.now()
          const duties = upcomingDuties(tx, { shiftIds: [id] }, at)
          const broken = violationsOnShift(tx, id)
          changeShift(tx, id, shift)
          if (!confirm) refuseBroken(addedViolations(broken, violationsOnShift(tx, id)))
          notifyOfMove(tx, duties, at)
          const after = asNewShift(shiftById(tx, id))
          const hasMoved = (['site_id', 'starts_at', 'ends_at'] as const).some(field => after[field] !== before[field])
          if (hasMoved) reopenSwapsOf(tx, id, at)
          const target = `shift ${id}`
          audit(tx, { at, who: signedIn(who), action: 'shift.change', target, detail: body })
        })
        return shiftView(shiftById(db, id))
      },
      {
        query: confirmQuery,
        body: shiftChange,
        may: 'officer',
        detail: describe(
          'Change a shift; refused if people on it could no longer work it, unless confirmed',
          shiftSchema,
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, query: { confirm }, who }) => {
        await atomically(db, tx => {
          const shift = shiftView(shiftById(tx, id))
          const assigned = countAssignments(tx, { shiftId: id })
          if (assigned && !confirm)
            refuse('conflict', `${peopleAre(assigned)} on this shift; send confirm=true`, { assignments: assigned })
          const at = clock.now()
          notifyOfDuties(tx, at, { 'Taken off': upcomingDuties(tx, { shiftIds: [id] }, at) })
          deleteShifts(tx, [id])
          const detail = { ...shift, assigned }
          audit(tx, { at, who: signedIn(who), action: 'shift.delete', target: `shift ${id}`, detail })
        })
        return { deleted: true, id }
      },
      { query: confirmQuery, may: 'officer', detail: describe('Delete a shift', deletedSchema) },
    )
}
