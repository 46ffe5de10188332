/** Making many shifts at once: copies of a week, a weekly pattern, a file. */
import { Elysia, t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { type FieldError, invalid, refuse, refuseImport } from '../errors.ts'
import { access, signedIn } from '../platform/http/access.ts'
import { receiveTable, tableBody } from '../platform/http/request-body.ts'
import type { Who } from '../platform/http/request-context.ts'
import { describe } from '../platform/http/route-docs.ts'
import { readTable } from '../platform/spreadsheets/read-table.ts'
import { checkDateRange } from './date-range.ts'
import { parseShifts, shiftColumns } from './import-shifts.ts'
import { dryRunQuery, importErrors, importErrorsSchema, importResponses } from './imports.ts'
import { copyShifts, shiftsFromPattern } from './make-shifts.ts'
import {
  asNewShift,
  checkCalendar,
  checkHeadcount,
  copySchema,
  type NewShift,
  patternSchema,
  shiftDefaults,
} from './shift.ts'
import { addNewShifts, findIdenticalShift, shiftsIn } from './shift-queries.ts'
import { allSites, siteById, timezoneOfSite } from './site-queries.ts'

const addedSchema = t.Object({
  created: t.Integer(),
  skipped: t.Integer({ description: 'Shifts that already existed' }),
  shift_ids: t.Array(t.Integer()),
})
const maxAtOnce = 10_000
const previewSchema = t.Object({ ...addedSchema.properties, ...importErrorsSchema })

export const makeShiftsRoutes = (app: App) => {
  const { db, clock } = app

  /** Adds many at once, skipping existing ones. */
  async function add(shifts: NewShift[], who: Who, action: string, detail: Record<string, unknown>) {
    if (shifts.length > maxAtOnce)
      refuse('too_large', `${shifts.length} shifts at once; at most ${maxAtOnce} are allowed`)
    const at = clock.now()
    return atomically(db, tx => {
      const { ids, skipped } = addNewShifts(tx, shifts, at)
      audit(tx, { at, who, action, target: 'shifts', detail: { ...detail, created: ids.length, skipped } })
      return { created: ids.length, skipped, shift_ids: ids }
    })
  }

  /** What an import would do. */
  const previewOf = (shifts: NewShift[], errors: FieldError[]) => {
    const idOf = findIdenticalShift(db)
    const skipped = errors.length ? 0 : shifts.filter(shift => idOf(shift) !== undefined).length
    return { created: shifts.length - skipped, skipped, shift_ids: [] }
  }

  return new Elysia({ prefix: '/api/v1/roster/shifts', tags: ['rosters'] })
    .use(access(app))
    .post(
      '/copy',
      async ({ body, who, set }) => {
        checkDateRange(body.from, body.to, 'to')
        const range = { start: body.from, end: body.to, siteIds: body.site_ids ?? [] }
        const copies = copyShifts(shiftsIn(db, range).map(asNewShift), body.weeks, timezoneOfSite(db))
        checkCalendar(copies, 'weeks')
        set.status = 201
        return add(copies, signedIn(who), 'shift.copy', body)
      },
      {
        body: copySchema,
        may: 'officer',
        detail: describe('Copy the shifts of some days to later weeks, at the same local times', addedSchema, {
          status: 201,
        }),
      },
    )
    .post(
      '/pattern',
      async ({ body, who, set }) => {
        const { start_date, end_date, ...fields } = body
        const pattern = { ...shiftDefaults, ...fields, skills: fields.skills ?? [] }
        checkHeadcount(pattern)
        checkDateRange(start_date, end_date, 'end_date', 366)
        const { timezone } = siteById(db, body.site_id)
        const shifts = shiftsFromPattern(pattern, start_date, end_date, timezone)
        if (!shifts.length) invalid('weekdays', 'None of these weekdays is in that range.')
        checkCalendar(shifts, 'end_date')
        set.status = 201
        return add(shifts, signedIn(who), 'shift.pattern', body)
      },
      {
        body: patternSchema,
        may: 'officer',
        detail: describe(
          'The shifts a weekly pattern asks for; an end that is not after the start is on the next day',
          addedSchema,
          {
            status: 201,
          },
        ),
      },
    )
    .post(
      '/import',
      async ({ request, query, who, set }) => {
        const table = await readTable(await receiveTable(request))
        const { shifts, errors } = parseShifts(table, allSites(db))
        if (query.dry_run) return { ...previewOf(shifts, errors), ...importErrors(errors, table, shiftColumns) }
        if (errors.length) refuseImport(errors)
        set.status = 201
        return add(shifts, signedIn(who), 'shift.import', { rows: shifts.length })
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
            'Columns: site (name or id) with date, from, to in the site’s local time, or starts_at and ends_at; skill, skills (separated by |), certification, headcount, kind.',
          requestBody: tableBody('site,date,from,to,skill,headcount\nRiverside,2026-12-05,18:00,23:00,bar,2\n'),
        },
      },
    )
}
