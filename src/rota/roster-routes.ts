import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { invalid } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { itemsOfPage, listRoute, paged } from '../platform/http/pagination.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { dateSchema, deletedSchema, idParams, idSchema, jobIdParams } from '../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../platform/jobs/started-answer.ts'
import { assign, assignmentById, placedSchema, replacePerson, setPinned, unassign } from './assignments.ts'
import { brokenDutiesNow } from './broken-alert.ts'
import { brokenDutySchema } from './broken-duties.ts'
import { confirmDraft, confirmedSchema, confirmRoster } from './confirm.ts'
import { checkDateRange, daysAfter, mondayOf, rangeFields, rangeOfBody } from './date-range.ts'
import {
  assignmentSchema,
  discardDraft,
  draftById,
  draftSchema,
  draftView,
  listDrafts,
  refuseMissingDraft,
  wholeDraftSchema,
} from './drafts.ts'
import { exportRosterCsv } from './exports.ts'
import { generateRoster, requireSolvable } from './generate.ts'
import { generateSchema } from './generate-input.ts'
import { candidateSchema, candidatesFor } from './replacements.ts'
import { rosterSchema, rosterView } from './roster-view.ts'
import { allSites, siteById, todayAtSites } from './site-queries.ts'

export const rangeQuery = t.Object({
  start: t.Optional(dateSchema),
  end: t.Optional(dateSchema),
  site_id: t.Optional(idSchema),
})

/** By default one week from this week's Monday. */
export function rangeOf(query: { start?: string; end?: string; site_id?: number }, today: string) {
  const start = query.start ?? mondayOf(query.end ?? today)
  const end = query.end ?? daysAfter(start, 6)
  checkDateRange(start, end)
  return { start, end, siteIds: query.site_id ? [query.site_id] : [] }
}

const one = { params: idParams }

export const rosterRoutes = (app: App) => {
  const { db, cache, clock } = app

  return apiRouter(app, '/api/v1', 'rosters')
    .post(
      '/jobs/roster/generate',
      async ({ body, who }) => {
        checkDateRange(body.start_date, body.end_date, 'end_date')
        for (const siteId of body.site_ids ?? []) siteById(db, siteId)
        requireSolvable(db, rangeOfBody(body))
        const run = await app.jobs.start(generateRoster, body, { by: signedIn(who).id })
        return startedAnswer(run)
      },
      {
        body: generateSchema,
        may: 'officer',
        ...startRoute('Generate a roster in the background; it stays a draft until it is confirmed', {
          description:
            'greedy answers at once; optimal proves that its roster is the best; production improves within its budget. Stages: loading, building, optimization, checking. Cancelled, it keeps the best found so far as a draft.',
        }),
      },
    )
    .get(
      '/roster',
      ({ query }) => {
        const range = rangeOf(query, todayAtSites(db, clock.now()))
        const scope = [range.start, range.end, query.site_id ?? 0]
        return cache.read(cached.rosterView, scope, () => app.reader.read(rosterView, { range, now: clock.now() }))
      },
      { query: rangeQuery, may: 'member', detail: describe('Who stands where on some days, 92 at most', rosterSchema) },
    )
    .get(
      '/roster/broken',
      async ({ query, request }) => {
        const duties = await brokenDutiesNow(app)
        return paged(query, request, page => ({ duties: itemsOfPage(duties, page), total: duties.length }))
      },
      {
        may: 'officer',
        ...listRoute(
          'Duties of the next 92 days that break a rule now, with the rules, earliest first',
          'duties',
          brokenDutySchema,
        ),
      },
    )
    .get(
      '/roster/export',
      ({ query }) => {
        const range = rangeOf(query, todayAtSites(db, clock.now()))
        return exportRosterCsv(app, range, query.by ?? 'site', query.staff_id)
      },
      {
        query: t.Object({
          ...rangeQuery.properties,
          by: t.Optional(t.Union([t.Literal('site'), t.Literal('person')])),
          staff_id: t.Optional(idSchema),
        }),
        may: 'member',
        detail: describe('The roster as CSV, one line per place, by site or by person', t.String(), {
          type: 'text/csv',
        }),
      },
    )
    .post(
      '/roster/confirm',
      ({ body, who }) => {
        if (body.job_id !== undefined) return confirmDraft(app, signedIn(who), body.job_id)
        const { assignments, start_date, end_date, site_ids } = body
        if (!assignments) return invalid('job_id', 'Send job_id; or assignments, start_date, end_date and site_ids.')
        if (!assignments.length) return confirmRoster(app, signedIn(who), { start: '', end: '', siteIds: [] }, [])
        if (!start_date || !end_date)
          return invalid(start_date ? 'end_date' : 'start_date', 'Write a date such as 2026-03-30.')
        checkDateRange(start_date, end_date, 'end_date')
        return confirmRoster(app, signedIn(who), rangeOfBody({ start_date, end_date, site_ids }), assignments)
      },
      {
        body: t.Object({
          job_id: t.Optional(t.String({ minLength: 1, maxLength: 64 })),
          assignments: t.Optional(t.Array(assignmentSchema, { maxItems: 50_000 })),
          ...t.Partial(t.Object(rangeFields)).properties,
        }),
        may: 'officer',
        detail: describe(
          'Publish a roster: checked again, all or nothing, replaces everything in its range that is not pinned',
          confirmedSchema,
          {
            description:
              'A 409 lists the rules that would be broken under `conflicts`. An empty list only drops caches.',
          },
        ),
      },
    )
    .get(
      '/roster/drafts',
      ({ query, request }) =>
        paged(query, request, page => {
          const { drafts, total } = listDrafts(db, page)
          return { drafts: drafts.map(draft => draftView(draft, allSites(db))), total }
        }),
      {
        may: 'officer',
        ...listRoute('Rosters that were generated, newest first', 'drafts', draftSchema),
      },
    )
    .get(
      '/roster/drafts/:job_id',
      ({ params: { job_id } }) => {
        const draft = draftById(db, job_id)
        const { assignments, unfilled } = draft.content
        return { ...draftView(draft, allSites(db)), assignments, unfilled }
      },
      { params: jobIdParams, may: 'officer', detail: describe('A draft with all its places', wholeDraftSchema) },
    )
    .delete(
      '/roster/drafts/:job_id',
      async ({ params: { job_id }, who }) => {
        await atomically(db, tx => {
          if (!discardDraft(tx, job_id)) refuseMissingDraft(job_id)
          audit(tx, { at: clock.now(), who: signedIn(who), action: 'roster.discard', target: `draft ${job_id}` })
        })
        return { deleted: true, job_id }
      },
      {
        params: jobIdParams,
        may: 'officer',
        detail: describe('Discard a draft', t.Object({ deleted: t.Boolean(), job_id: t.String() })),
      },
    )
    .post(
      '/roster/assignments',
      async ({ body: { pinned = true, ...wanted }, who }) => {
        const made = await assign(app, signedIn(who), wanted, pinned)
        return { id: made, ...wanted, pinned }
      },
      {
        body: t.Object({ ...assignmentSchema.properties, pinned: t.Optional(t.Boolean({ default: true })) }),
        may: 'officer',
        ...createRoute('Put somebody on a shift by hand, within the rules; pinned by default', placedSchema),
      },
    )
    .post('/roster/assignments/:id/pin', ({ params, who }) => setPinned(app, signedIn(who), params.id, true), {
      ...one,
      may: 'officer',
      detail: describe('Pin an assignment: it stays when a new roster is generated', placedSchema),
    })
    .post('/roster/assignments/:id/unpin', ({ params, who }) => setPinned(app, signedIn(who), params.id, false), {
      ...one,
      may: 'officer',
      detail: describe('Unpin an assignment', placedSchema),
    })
    .get(
      '/roster/assignments/:id/replacements',
      async ({ params, query, request }) => {
        const { shift_id: shiftId } = assignmentById(db, params.id)
        const all = await app.reader.read(candidatesFor, { shiftId })
        return paged(query, request, page => ({ candidates: itemsOfPage(all, page), total: all.length }))
      },
      {
        ...one,
        may: 'officer',
        ...listRoute('Who could step in, best first, and the rules against the others', 'candidates', candidateSchema),
      },
    )
    .post(
      '/roster/assignments/:id/replace',
      ({ params, body, who }) => replacePerson(app, signedIn(who), params.id, body.staff_id),
      {
        ...one,
        body: t.Object({ staff_id: idSchema }),
        may: 'officer',
        detail: describe('Replace the person, within the rules', placedSchema),
      },
    )
    .delete(
      '/roster/assignments/:id',
      async ({ params, who }) => {
        await unassign(app, signedIn(who), params.id)
        return { deleted: true, id: params.id }
      },
      { ...one, may: 'officer', detail: describe('Take somebody off a shift', deletedSchema) },
    )
}
