/** Pages of the rota: they ask the same queries as the API. */
import { type Static, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { Html } from '../platform/html.ts'
import { isAtLeast } from '../platform/http/access.ts'
import { pageOf, pageQuery, withPagination } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { idParams, idSchema, jobIdParams } from '../platform/http/shared-schemas.ts'
import { heldBackWords } from '../platform/jobs/jobs.ts'
import { isFinished, type Run, runById } from '../platform/jobs/runs.ts'
import { pageRouter } from '../ui/layout.ts'
import { type LiveRequest, liveHandlers } from '../ui/parts/live.ts'
import { name } from '../ui/parts/values.ts'
import { dateSpan, shiftTimes } from './calendar-view.ts'
import type { DateRange } from './date-range.ts'
import { draftPart, generateBody } from './draft-page.ts'
import { draftState, findDraftState, listDrafts, refuseMissingDraft } from './drafts.ts'
import { generateRoster } from './generate.ts'
import { generateInput } from './generate-input.ts'
import { longDate } from './long-date.ts'
import { candidatesFor } from './replacements.ts'
import { whyRosterWaits } from './roster-queue.ts'
import { rangeOf, rangeQuery } from './roster-routes.ts'
import { brokenRulesOn, shownShiftsByIds } from './roster-view.ts'
import { rotaPage, rotaVersion } from './rota-layout.ts'
import { rotaBar, rotaPart } from './rota-page.ts'
import { askedSkillSchema } from './shift.ts'
import { shiftsBody } from './shift-list-page.ts'
import { shiftBody } from './shift-page.ts'
import { listShifts } from './shift-queries.ts'
import { requestsOn } from './shift-requests.ts'
import { allSites, countShiftsAt, siteById, todayAtSites } from './site-queries.ts'
import { siteBody, sitesBody } from './sites-page.ts'
import { personBody, staffBody } from './staff-page.ts'
import { heldQualifications, listStaff, personById } from './staff-queries.ts'

// A form sends an empty field as an empty string.
const orEmpty = (schema: typeof rangeQuery.properties.start) => t.Optional(t.Union([schema, t.Literal('')]))
const rangeForm = t.Object({
  start: orEmpty(rangeQuery.properties.start),
  end: orEmpty(rangeQuery.properties.end),
  site_id: t.Optional(t.Union([idSchema, t.Literal('')])),
  page: pageQuery.page,
})
type RangeForm = Static<typeof rangeForm>
const ofRange = { query: rangeForm, may: 'member' } as const
const ofOne = { params: idParams, may: 'officer' } as const
const ofDraft = { params: jobIdParams, may: 'officer' } as const
const withoutEmptyFields = ({ start, end, site_id }: RangeForm) => ({
  start: start || undefined,
  end: end || undefined,
  site_id: site_id || undefined,
})

export const rotaPages = (app: App) => {
  const { db, cache, clock, stamps, streams } = app
  const versionNow = () => rotaVersion(stamps)

  type Tab = 'rota' | 'people'
  async function rotaWeek(tab: Tab, query: RangeForm, who: Who | undefined) {
    const now = clock.now()
    const today = todayAtSites(db, now)
    const asked = withoutEmptyFields(query)
    const week = { range: rangeOf(asked, today), siteId: asked.site_id, today }
    const isOfficer = isAtLeast(who, 'officer')
    const scope = [tab, week.range.start, week.range.end, asked.site_id ?? 0, today, isOfficer ? 'officer' : 'member']
    const load = () => app.reader.read(rotaPart, { ...week, tab, isOfficer, now })
    return { week, markup: new Html((await cache.read(cached.rotaPart, scope, load)).value) }
  }
  const liveWeek = (tab: Tab, path: string) =>
    liveHandlers(streams, {
      id: 'rota',
      version: versionNow,
      read: ({ query, who }: LiveRequest<RangeForm>) => rotaWeek(tab, query, who),
      content: ({ markup }) => markup,
      page: (shown, { week }, { who }) =>
        rotaPage({ tab, title: 'Rota', who, body: [rotaBar(path, allSites(db), week), shown] }),
    })
  const rota = liveWeek('rota', '/rota')
  const people = liveWeek('people', '/rota/people')

  const formData = () => ({ sites: allSites(db), today: todayAtSites(db, clock.now()) })

  const runOf = (jobId: string) => {
    const run = runById(db).get({ id: jobId })
    return run?.name === generateRoster.name ? run : undefined
  }
  const waitsFor = (run: Run) => (run.status === 'PENDING' ? whyRosterWaits(db, run, clock.now()) : null)
  const draftVersion = (jobId: string) => {
    const run = runOf(jobId)
    if (run && !isFinished(run)) return `${run.status} ${run.progress} ${run.stage} ${run.message} ${waitsFor(run)}`
    const draft = run ? findDraftState(db, jobId) : draftState(db, jobId)
    return `${run?.status} ${draft?.changes} ${versionNow()}`
  }
  async function draftMarkup(jobId: string): Promise<Html> {
    const run = runOf(jobId)
    const waits = (await app.jobs.isHeldBack(run)) ? heldBackWords : run ? waitsFor(run) : null
    const shownRun = run && { ...run, input: null, result: null } // which may be large
    return new Html(await app.reader.read(draftPart, { jobId, run: shownRun, waits, now: clock.now() }))
  }
  function draftRange(jobId: string): Pick<DateRange, 'start' | 'end'> {
    const run = runOf(jobId)
    return findDraftState(db, jobId) ?? (run && generateInput(run)) ?? refuseMissingDraft(jobId)
  }

  const draft = liveHandlers(streams, {
    id: 'draft',
    fast: true,
    version: ({ params: { job_id } }: LiveRequest<unknown, { job_id: string }>) => draftVersion(job_id),
    read: ({ params: { job_id } }) => draftMarkup(job_id),
    content: markup => markup,
    page(body, _, { params: { job_id }, who }) {
      const { start, end } = draftRange(job_id)
      return rotaPage({ tab: 'generate', title: 'Roster', heading: dateSpan(start, end), who, body })
    },
  })

  return pageRouter(app)
    .get('/rota', rota.page, { ...ofRange })
    .get('/rota/part', rota.part, { ...ofRange })
    .get('/rota/events', rota.events, { ...ofRange })
    .get('/rota/people', people.page, { ...ofRange })
    .get('/rota/people/part', people.part, { ...ofRange })
    .get('/rota/people/events', people.events, { ...ofRange })
    .get(
      '/rota/staff',
      ({ query, who }) => {
        const slice = pageOf({ page: query.page, limit: 50 })
        const staff = withPagination(listStaff(db, { q: query.q }, slice), slice)
        const data = { ...staff, q: query.q, today: todayAtSites(db, clock.now()) }
        return rotaPage({ tab: 'staff', title: 'Staff', who, body: staffBody(data), scripts: ['import.js'] })
      },
      { query: t.Object({ q: t.Optional(t.String({ maxLength: 80 })), page: pageQuery.page }), may: 'officer' },
    )
    .get(
      '/rota/staff/new',
      ({ who }) => rotaPage({ tab: 'staff', title: 'Add person', who, body: personBody(undefined, formData()) }),
      { may: 'officer' },
    )
    .get(
      '/rota/staff/:id',
      ({ params, who }) => {
        const person = personById(db, params.id)
        const body = personBody(person, formData())
        return rotaPage({ tab: 'staff', title: person.name, heading: name(person.name), who, body })
      },
      { ...ofOne },
    )
    .get(
      '/rota/sites',
      ({ who }) => {
        const sites = allSites(db).map(site => ({ ...site, shifts: countShiftsAt(db, site.id) }))
        return rotaPage({ tab: 'sites', title: 'Sites', who, body: sitesBody(sites) })
      },
      { may: 'officer' },
    )
    .get(
      '/rota/sites/:id',
      ({ params: { id }, who }) => {
        const site = siteById(db, id)
        const body = siteBody({ ...site, shifts: countShiftsAt(db, id) })
        return rotaPage({ tab: 'sites', title: site.name, heading: name(site.name), who, body })
      },
      { ...ofOne },
    )
    .get(
      '/rota/shifts',
      ({ query, who }) => {
        const now = clock.now()
        const slice = pageOf({ page: query.page, limit: 50 })
        const start = query.start === undefined ? todayAtSites(db, now) : query.start || undefined
        const { skill, open, staff_id } = query
        const filter = { ...withoutEmptyFields(query), start, skill: skill || undefined, open, staff_id }
        const { shifts, pagination } = withPagination(listShifts(db, filter, slice), slice)
        const ids = shifts.map(({ id }) => id)
        const data = {
          shifts: shownShiftsByIds(db, ids, now),
          pagination,
          sites: allSites(db),
          query: filter,
          person: query.staff_id === undefined ? undefined : personById(db, query.staff_id).name,
          held: heldQualifications(db),
          today: todayAtSites(db, now),
        }
        return rotaPage({ tab: 'shifts', title: 'Shifts', who, body: shiftsBody(data), scripts: ['import.js'] })
      },
      {
        query: t.Object({
          ...rangeForm.properties,
          skill: t.Optional(askedSkillSchema),
          open: t.Optional(t.Boolean()),
          staff_id: t.Optional(idSchema),
        }),
        may: 'officer',
      },
    )
    .get(
      '/rota/shifts/:id',
      async ({ params, query: { all }, who }) => {
        const now = clock.now()
        const [shift = refuse('not_found', `There is no shift ${params.id}`)] = shownShiftsByIds(db, [params.id], now)
        const against = brokenRulesOn(db, [shift], now)
        const candidates = await app.reader.read(candidatesFor, { shiftId: shift.id })
        const { staff: people } = listStaff(db, { active: true }, pageOf({ limit: 500 }))
        const requests = requestsOn(db, shift.id)
        const body = shiftBody({ shift, against, candidates, requests, people, held: heldQualifications(db), all })
        const heading = `${longDate(shift.date)}, ${shiftTimes(shift)}`
        return rotaPage({ tab: 'shifts', title: 'Shift', heading, who, body })
      },
      { ...ofOne, query: t.Object({ all: t.Optional(t.Boolean()) }) },
    )
    .get(
      '/rota/generate',
      ({ query, who }) => {
        const slice = pageOf({ page: query.page, limit: 20 })
        const drafts = withPagination(listDrafts(db, slice), slice)
        const data = { sites: allSites(db), ...drafts, today: todayAtSites(db, clock.now()) }
        return rotaPage({ tab: 'generate', title: 'Generate a roster', who, body: generateBody(data) })
      },
      { query: t.Object({ page: pageQuery.page }), may: 'officer' },
    )
    .get('/rota/drafts/:job_id', draft.page, { ...ofDraft })
    .get('/rota/drafts/:job_id/part', draft.part, { ...ofDraft })
    .get('/rota/drafts/:job_id/events', draft.events, { ...ofDraft })
}
