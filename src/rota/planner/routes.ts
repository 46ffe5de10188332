/** The planner's API: drafts by hand, comparing, clearing. */
import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { itemsOfPage, listRoute, paged, pageQuery, pageSchema } from '../../platform/http/pagination.ts'
import { receiveTable, tableBody } from '../../platform/http/request-body.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { dateSchema, idSchema, jobIdParams } from '../../platform/http/shared-schemas.ts'
import { conflictOf } from '../assignments.ts'
import { brokenDutyRuleSchema } from '../broken-duties.ts'
import { clearRoster, confirmedSchema } from '../confirm.ts'
import { checkDateRange, rangeFields, rangeOfBody } from '../date-range.ts'
import { draftById, draftSchema, draftView } from '../drafts.ts'
import { dryRunQuery, importErrorsSchema, importResponses } from '../imports.ts'
import { allSites, siteById } from '../site-queries.ts'
import { checkDraft, draftTargets, targetsSchema } from './check-draft.ts'
import {
  addToRoster,
  type Changed,
  changePlaces,
  clearDraft,
  differenceSchema,
  draftChangeSchema,
  draftDifferences,
  draftNameBody,
  makeDraft,
  newDraft,
  renameDraft,
} from './hand-drafts.ts'
import { importedPlanSchema, importPlan, planConflictsSchema } from './import-plan.ts'

const conflictSchema = t.Object({
  ...brokenDutyRuleSchema.properties,
  shift_ids: t.Array(idSchema),
  staff_id: t.Optional(idSchema),
})
const changedSchema = t.Object({
  changes: t.Integer({ description: 'Changes made by hand so far' }),
  unfilled: t.Integer({ description: 'Places open now' }),
  conflicts: t.Array(conflictSchema, { description: 'The rules that the draft breaks now' }),
})
const maxConflicts = 100 // conflicts in an answer

export const plannerRoutes = (app: App) => {
  const { db, clock, bulkWriter } = app
  const viewOf = (jobId: string) => draftView(draftById(db, jobId), allSites(db))
  const changedAnswer = ({ violations, ...done }: Changed) => ({
    ...done,
    conflicts: violations.slice(0, maxConflicts).map(conflictOf),
  })

  return apiRouter(app, '/api/v1/roster', 'rosters')
    .post(
      '/drafts',
      async ({ body, who, set }) => {
        checkDateRange(body.start_date, body.end_date, 'end_date')
        for (const siteId of body.site_ids ?? []) siteById(db, siteId)
        const jobId = await makeDraft(app, signedIn(who), body)
        set.headers.location = `/api/v1/roster/drafts/${jobId}`
        return viewOf(jobId)
      },
      {
        body: newDraft,
        may: 'officer',
        ...createRoute('A draft to change by hand: a copy of the roster, of another draft, or empty', draftSchema, {
          description: 'It has a job_id although no job has made it: drafts are read, confirmed and discarded by it.',
        }),
      },
    )
    .post(
      '/drafts/import',
      async ({ request, query: { dry_run: isTrial = false, month }, who, set }) => {
        const by = signedIn(who)
        const asked = { bytes: await receiveTable(request), month, isTrial, who: by }
        const { mistakes, wanted, range, ...done } = await bulkWriter.write(importPlan, asked)
        if (isTrial) return { ...done, shift_ids: [], draft_id: null, ...mistakes }
        set.status = 201
        return { ...done, draft_id: wanted.length ? await addToRoster(app, by, range, wanted) : null }
      },
      {
        parse: 'none',
        query: t.Object({
          ...dryRunQuery.properties,
          month: t.Optional(
            t.String({
              pattern: '^\\d{4}-(0[1-9]|1[0-2])$',
              'x-error': 'Write a month such as 2026-03.',
              description: 'Of the days in the headings of a month by person, if they do not say it',
            }),
          ),
        }),
        may: 'officer',
        detail: {
          ...importResponses(
            'Who works when from a CSV or XLSX, as a draft: all rows, or none if any is wrong',
            importedPlanSchema,
            t.Object({ ...importedPlanSchema.properties, ...planConflictsSchema, ...importErrorsSchema }),
          ),
          description:
            'A list has the columns of an import of shifts and person, with several names separated by commas, /, & or |. Without from and to a row means a shift that there is: of that day, site and kind. A month by person has person and a column for each day; a cell holds the kind of a shift or its first letters, times such as 7:00–15:00, or a word for leave, such as U. Days by shift have date and a column for each kind of shift. Shifts that are missing are made where from and to are known. Nobody is taken off.',
          requestBody: tableBody('person,date,from,to,site\nAnn Weber,2026-12-05,18:00,23:00,Riverside\n'),
        },
      },
    )
    .post(
      '/clear',
      ({ body, who }) => {
        checkDateRange(body.start_date, body.end_date, 'end_date')
        return clearRoster(app, signedIn(who), rangeOfBody(body))
      },
      {
        body: t.Object(rangeFields, { examples: [{ start_date: '2026-03-23', end_date: '2026-03-29' }] }),
        may: 'officer',
        detail: describe(
          'Take everybody off the shifts of some days at once; pinned people stay, and people taken off are notified',
          confirmedSchema,
        ),
      },
    )
    .guard({ params: jobIdParams })
    .patch(
      '/drafts/:job_id',
      async ({ params: { job_id }, body, who }) => {
        await atomically(db, tx => {
          draftById(tx, job_id)
          renameDraft(tx, job_id, body.name)
          const at = clock.now()
          audit(tx, { at, who: signedIn(who), action: 'roster.draft_name', target: `draft ${job_id}`, detail: body })
        })
        return viewOf(job_id)
      },
      {
        body: draftNameBody,
        may: 'officer',
        detail: describe('Name a draft; null: by its sites and days', draftSchema),
      },
    )
    .get(
      '/drafts/:job_id/check',
      async ({ params: { job_id }, query, request }) => {
        const { range, content } = draftById(db, job_id)
        const { assignments } = content
        const { violations } = await app.reader.read(checkDraft, { range, assignments })
        const conflicts = violations.map(conflictOf)
        return paged(query, request, page => ({
          conflicts: itemsOfPage(conflicts, page),
          total: conflicts.length,
        }))
      },
      {
        may: 'officer',
        ...listRoute('The rules that a draft breaks now', 'conflicts', conflictSchema),
      },
    )
    .get(
      '/drafts/:job_id/targets',
      ({ params: { job_id }, query }) => {
        const { range, content } = draftById(db, job_id)
        return app.reader.read(draftTargets, {
          range,
          assignments: content.assignments,
          shiftId: query.shift_id,
          staffId: query.staff_id,
          from: query.from ?? range.start,
          to: query.to ?? range.end,
        })
      },
      {
        query: t.Object({
          shift_id: idSchema,
          staff_id: t.Optional({ ...idSchema, description: 'Who has the place; if absent, an open place' }),
          from: t.Optional(dateSchema),
          to: t.Optional(dateSchema),
        }),
        may: 'officer',
        detail: describe('Where a place of a draft can go, and the rules against the others', targetsSchema),
      },
    )
    .post(
      '/drafts/:job_id/changes',
      async ({ params: { job_id }, body, who }) => changedAnswer(await changePlaces(app, signedIn(who), job_id, body)),
      {
        body: draftChangeSchema,
        may: 'officer',
        detail: describe(
          'Put people on shifts of a draft and take them off, all at once; a 409 names the rules it would break',
          changedSchema,
        ),
      },
    )
    .post(
      '/drafts/:job_id/clear',
      async ({ params: { job_id }, body, who }) => changedAnswer(await clearDraft(app, signedIn(who), job_id, body)),
      {
        body: t.Object(
          { start: t.Optional(dateSchema), end: t.Optional(dateSchema) },
          { examples: [{ start: '2026-03-23', end: '2026-03-29' }] },
        ),
        may: 'officer',
        detail: describe('Take everybody off some days of a draft; pinned people stay', changedSchema),
      },
    )
    .get(
      '/drafts/:job_id/compare',
      ({ params: { job_id }, query, request }) =>
        paged(query, request, page => draftDifferences(db, job_id, query.with ?? 'roster', page)),
      {
        query: t.Object({
          with: t.Optional(t.String({ maxLength: 64, description: 'roster (the default), or another draft' })),
          ...pageQuery,
        }),
        may: 'officer',
        detail: describe(
          'How a draft differs from the roster or another draft, shift by shift',
          t.Object({
            same: t.Integer({ description: 'Places with the same people in both' }),
            ...pageSchema('differences', differenceSchema).properties,
          }),
        ),
      },
    )
}
