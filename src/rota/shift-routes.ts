import { Elysia, t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { type FieldError, invalid, refuse } from '../errors.ts'
import { access, signedIn } from '../platform/http/access.ts'
import { linkHeader, paged, pageOf, pageQuery, pageSchema, pagination } from '../platform/http/pagination.ts'
import { receiveTable, tableBody } from '../platform/http/request-body.ts'
import type { Who } from '../platform/http/request-context.ts'
import { describe } from '../platform/http/route-docs.ts'
import { confirmQuery, dateSchema, deletedSchema, idParams, idSchema } from '../platform/http/shared-schemas.ts'
import { readTable } from '../platform/spreadsheets/read-table.ts'
import { refuseBroken, violationsOnShift } from './confirm.ts'
import { checkDateRange } from './date-range.ts'
import { parseShifts } from './import-shifts.ts'
import { dryRunQuery, importErrorsSchema, importResponses } from './imports.ts'
import { copyShifts, shiftsFromPattern } from './make-shifts.ts'
import { notifyOfMove, notifyOfRemoval, upcomingDuties } from './notices.ts'
import { candidateSchema, candidatesFor } from './replacements.ts'
import {
  asNewShift,
  checkHeadcount,
  checkShift,
  copySchema,
  type NewShift,
  newShift,
  patternSchema,
  shiftChange,
  shiftDefaults,
  shiftSchema,
  shiftView,
} from './shift.ts'
import {
  addNewShifts,
  addShifts,
  changeShift,
  deleteShift,
  findIdenticalShift,
  listShifts,
  shiftById,
  shiftsIn,
} from './shift-queries.ts'
import { dropRequest, newRequest, requestsOn, setRequest, shiftRequestSchema } from './shift-requests.ts'
import { allSites, siteById, timezoneOfSite } from './site-queries.ts'
import { countAssignments } from './staff-queries.ts'

const addedSchema = t.Object({
  created: t.Integer(),
  skipped: t.Integer({ description: 'Shifts that already existed' }),
  shift_ids: t.Array(t.Integer()),
})
const maxAtOnce = 10_000
const maxErrors = 100
const previewSchema = t.Object({ ...addedSchema.properties, ...importErrorsSchema })

export const shiftRoutes = (app: App) => {
  const { db, clock, cache } = app

  /** Adds many at once, skipping existing ones. */
  async function add(wanted: NewShift[], who: Who, action: string, detail: Record<string, unknown>) {
    if (wanted.length > maxAtOnce)
      refuse('too_large', `${wanted.length} shifts at once; at most ${maxAtOnce} are allowed`)
    const at = clock.now()
    return atomically(db, tx => {
      const { ids, skipped } = addNewShifts(tx, wanted, at)
      audit(tx, { at, who, action, target: 'shifts', detail: { ...detail, created: ids.length, skipped } })
      return { created: ids.length, skipped, shift_ids: ids }
    })
  }

  /** What an import would do, and every error. */
  const previewed = (wanted: NewShift[], errors: FieldError[]) => {
    const idOf = findIdenticalShift(db)
    const skipped = errors.length ? 0 : wanted.filter(shift => idOf(shift) !== undefined).length
    return {
      created: wanted.length - skipped,
      skipped,
      shift_ids: [],
      errors: errors.slice(0, maxErrors),
      total_errors: errors.length,
    }
  }

  return new Elysia({ prefix: '/roster/shifts', tags: ['rosters'] })
    .use(access(app))
    .get(
      '/',
      async ({ query, request, set }) => {
        const page = pageOf(query)
        const { start = '', end = '', site_id = 0 } = query
        if (start && end && end < start) invalid('end', 'The end must not be before the start.')
        const answer = await cache.read(cached.shiftList, [start, end, site_id, page.page, page.limit], () => {
          const { shifts, total } = listShifts(db, query, page)
          return { shifts: shifts.map(shiftView), pagination: pagination(page, total) }
        })
        set.headers.link = linkHeader(request.url, answer.value.pagination)
        return answer
      },
      {
        query: t.Object({
          start: t.Optional(dateSchema),
          end: t.Optional(dateSchema),
          site_id: t.Optional(idSchema),
          ...pageQuery,
        }),
        may: 'member',
        detail: describe(
          'Shifts by their start; dates are the site’s, both included',
          pageSchema('shifts', shiftSchema),
        ),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const shift = { ...shiftDefaults, ...body, skills: body.skills ?? [] }
        checkShift(shift)
        const at = clock.now()
        const id = await atomically(db, tx => {
          const [made = 0] = addShifts(tx, [shift], at)
          audit(tx, { at, who: signedIn(who), action: 'shift.create', target: `shift ${made}`, detail: body })
          return made
        })
        set.status = 201
        set.headers.location = `/api/v1/roster/shifts/${id}`
        return shiftView(shiftById(db, id))
      },
      { body: newShift, may: 'officer', detail: describe('A new shift', shiftSchema, { status: 201 }) },
    )
    .post(
      '/copy',
      async ({ body, who, set }) => {
        checkDateRange(body.from, body.to, 'to')
        const range = { start: body.from, end: body.to, siteIds: body.site_ids ?? [] }
        const wanted = copyShifts(shiftsIn(db, range).map(asNewShift), body.weeks, timezoneOfSite(db))
        set.status = 201
        return add(wanted, signedIn(who), 'shift.copy', body)
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
        const { start_date, end_date, ...told } = body
        const pattern = { ...shiftDefaults, ...told, skills: told.skills ?? [] }
        checkHeadcount(pattern)
        checkDateRange(start_date, end_date, 'end_date', 366)
        const { timezone } = siteById(db, body.site_id)
        const wanted = shiftsFromPattern(pattern, start_date, end_date, timezone)
        if (!wanted.length) invalid('weekdays', 'None of these weekdays is in that range.')
        set.status = 201
        return add(wanted, signedIn(who), 'shift.pattern', body)
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
        const { shifts, errors } = parseShifts(await readTable(await receiveTable(request)), allSites(db))
        if (query.dry_run) return previewed(shifts, errors)
        if (errors.length) {
          const more = errors.length > maxErrors ? `; the first ${maxErrors} are listed` : ''
          refuse('invalid', `Nothing was imported: ${errors.length} mistakes${more}`, {
            errors: errors.slice(0, maxErrors),
          })
        }
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
          requestBody: tableBody,
        },
      },
    )
    .guard({ params: idParams })
    .get('/:id', ({ params: { id } }) => shiftView(shiftById(db, id)), {
      may: 'member',
      detail: describe('One shift', shiftSchema),
    })
    .get(
      '/:id/candidates',
      async ({ params: { id }, query, request, set }) => {
        const page = pageOf(query)
        const candidates = await app.reader.read(candidatesFor, { shiftId: shiftById(db, id).id })
        const shown = candidates.slice(page.offset, page.offset + page.limit)
        return paged({ request, set }, page, candidates.length, { candidates: shown })
      },
      {
        query: t.Object(pageQuery),
        may: 'officer',
        detail: describe(
          'Who else could take the shift, best first, and the rules against the others',
          pageSchema('candidates', candidateSchema),
        ),
      },
    )
    .get(
      '/:id/requests',
      ({ params: { id }, query, request, set }) => {
        const page = pageOf(query)
        const all = requestsOn(db, shiftById(db, id).id)
        return paged({ request, set }, page, all.length, {
          requests: all.slice(page.offset, page.offset + page.limit),
        })
      },
      {
        query: t.Object(pageQuery),
        may: 'officer',
        detail: describe('Who wants this shift or does not', pageSchema('requests', shiftRequestSchema)),
      },
    )
    .put(
      '/:id/requests',
      async ({ params: { id }, body, who }) => {
        await atomically(db, tx => {
          setRequest(tx, id, body)
          const target = `shift ${id}`
          audit(tx, { at: clock.now(), who: signedIn(who), action: 'shift.request', target, detail: body })
        })
        return (
          requestsOn(db, id).find(({ staff_id }) => staff_id === body.staff_id) ?? refuse('not_found', 'It is gone')
        )
      },
      {
        body: newRequest,
        may: 'officer',
        detail: describe(
          'Set a person’s request to work this shift or not to; it replaces an earlier one',
          shiftRequestSchema,
        ),
      },
    )
    .patch(
      '/:id',
      async ({ params: { id }, query: { confirm }, body, who }) => {
        await atomically(db, tx => {
          const { id: _, date, ...before } = shiftView(shiftById(tx, id))
          const shift = { ...before, ...body, skills: body.skills === undefined ? before.skills : (body.skills ?? []) }
          checkShift(shift)
          const at = clock.now()
          const standing = upcomingDuties(tx, { shiftId: id }, at)
          changeShift(tx, id, shift)
          if (!confirm) refuseBroken(violationsOnShift(tx, id))
          notifyOfMove(tx, standing, at)
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
            refuse('conflict', `${assigned} people are on this shift; send confirm=true`, { assignments: assigned })
          const at = clock.now()
          notifyOfRemoval(tx, upcomingDuties(tx, { shiftId: id }, at), at)
          deleteShift(tx, id)
          const detail = { ...shift, assigned }
          audit(tx, { at, who: signedIn(who), action: 'shift.delete', target: `shift ${id}`, detail })
        })
        return { deleted: true, id }
      },
      { query: confirmQuery, may: 'officer', detail: describe('Delete a shift', deletedSchema) },
    )
    .guard({ params: t.Object({ id: idSchema, staff_id: idSchema }) })
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
        may: 'officer',
        detail: describe('Delete a person’s request', deletedSchema),
      },
    )
}
