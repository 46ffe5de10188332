/** Many shifts at once: copies of a week, a weekly pattern, a file, and taking them back. */
import { t } from 'elysia'
import type { App } from '../context.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { receiveTable, tableBody } from '../platform/http/request-body.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { dateSchema, idSchema } from '../platform/http/shared-schemas.ts'
import { addPattern, copyWeeks, deleteMatchingShifts, importShifts } from './bulk-shifts.ts'
import { checkDateRange } from './date-range.ts'
import { dryRunQuery, importErrorsSchema, importResponses } from './imports.ts'
import { askedSkillSchema, copySchema, patternSchema } from './shift.ts'

const addedSchema = t.Object({
  created: t.Integer(),
  skipped: t.Integer({ description: 'Shifts that already existed' }),
  shift_ids: t.Array(t.Integer()),
})
const previewSchema = t.Object({ ...addedSchema.properties, ...importErrorsSchema })

export const makeShiftsRoutes = (app: App) => {
  const { bulkWriter } = app
  return apiRouter(app, '/api/v1/roster/shifts', 'rosters')
    .delete(
      '/',
      ({ query: { confirm, ...filter }, who }) =>
        bulkWriter.write(deleteMatchingShifts, { filter, confirm, who: signedIn(who) }),
      {
        query: t.Object({
          start: t.Optional(dateSchema),
          end: t.Optional(dateSchema),
          site_id: t.Optional(idSchema),
          skill: t.Optional(askedSkillSchema),
          open: t.Optional(t.Boolean({ description: 'Only those that lack people' })),
          confirm: t.Optional(t.Integer({ minimum: 0, description: 'How many shifts these are' })),
        }),
        may: 'officer',
        detail: describe(
          'Delete all shifts that match, past ones too; whoever stood on one to come is told',
          t.Object({ deleted: t.Integer() }),
        ),
      },
    )
    .post(
      '/copy',
      ({ body, who }) => {
        checkDateRange(body.from, body.to, 'to')
        return bulkWriter.write(copyWeeks, { given: body, who: signedIn(who) })
      },
      {
        body: copySchema,
        may: 'officer',
        ...createRoute('Copy the shifts of some days to later weeks, at the same local times', addedSchema),
      },
    )
    .post(
      '/pattern',
      ({ body, who }) => {
        checkDateRange(body.start_date, body.end_date, 'end_date', 366)
        return bulkWriter.write(addPattern, { given: body, who: signedIn(who) })
      },
      {
        body: patternSchema,
        may: 'officer',
        ...createRoute(
          'The shifts a weekly pattern asks for; an end that is not after the start is on the next day',
          addedSchema,
        ),
      },
    )
    .post(
      '/import',
      async ({ request, query, who, set }) => {
        const bytes = await receiveTable(request)
        set.status = query.dry_run ? 200 : 201
        return bulkWriter.write(importShifts, { bytes, isTrial: query.dry_run ?? false, who: signedIn(who) })
      },
      {
        parse: 'none',
        query: dryRunQuery,
        may: 'officer',
        detail: {
          ...importResponses(
            'Shifts from a CSV or XLSX: all rows, or none if any is wrong',
            addedSchema,
            previewSchema,
          ),
          description:
            'Columns: site (name or id) with date, from, to in the site’s local time, or starts_at and ends_at; skill, skills (separated by commas or |), certification, headcount, kind.',
          requestBody: tableBody('site,date,from,to,skill,headcount\nRiverside,2026-12-05,18:00,23:00,bar,2\n'),
        },
      },
    )
}
