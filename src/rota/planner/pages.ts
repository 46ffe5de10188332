/** The planner's pages: the week as a grid, and two drafts side by side. */

import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { localPath } from '../../accounts/origin.ts'
import type { App } from '../../context.ts'
import { signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { dateSchema, idSchema, jobIdParams } from '../../platform/http/shared-schemas.ts'
import { pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { live, livePart } from '../../ui/parts/live.ts'
import { datesBetween, daysAfter, mondayOf } from '../date-range.ts'
import { type Draft, draftById, draftState, draftsAbout } from '../drafts.ts'
import { pendingLeave } from '../own/leave.ts'
import { waitingSwaps } from '../own/swaps.ts'
import { brokenRulesOn, readRoster, type ShownShift, withPeopleOf } from '../roster-view.ts'
import { rotaPage, rotaVersion } from '../rota-layout.ts'
import { hoursOf } from '../shift.ts'
import { allSites, todayAtSites } from '../site-queries.ts'
import type { Violation } from '../solving/check.ts'
import { dutyKey } from '../solving/problem.ts'
import { listStaff, peopleByIds } from '../staff-queries.ts'
import { checkDraft } from './check-draft.ts'
import { compareBody } from './compare-page.ts'
import { changePlaces, draftDifferences } from './hand-drafts.ts'
import { type PlanData, planBody, planHead, templatesPart } from './plan-page.ts'
import { listTemplates } from './templates.ts'

// A form sends an empty field as an empty string.
const empty = t.Literal('')
const planQuery = t.Object({
  week: t.Optional(t.Union([dateSchema, empty])),
  site_id: t.Optional(t.Union([idSchema, empty])),
  draft: t.Optional(t.String({ maxLength: 64 })),
  view: t.Optional(t.Union([t.Literal('people'), t.Literal('sites')])),
})
type PlanQuery = Static<typeof planQuery>
const firstPeople = pageOf({ limit: 500 }) // and whoever has a duty in the week

export const plannerPages = (app: App) => {
  const { db, clock, reader, stamps, streams } = app
  const versionOf = (jobId: string | undefined) => {
    const roster = rotaVersion(stamps)
    return jobId ? `${draftState(db, jobId).changes} ${roster}` : roster
  }

  async function planData(query: PlanQuery): Promise<PlanData> {
    const now = clock.now()
    const draft = query.draft ? draftById(db, query.draft) : undefined
    const monday = mondayOf(query.week || draft?.range.start || todayAtSites(db, now))
    const range = { start: monday, end: daysAfter(monday, 6) }
    const siteId = query.site_id || (draft?.range.siteIds.length === 1 ? draft.range.siteIds[0] : undefined)
    const sites = allSites(db)
    const roster = await readRoster(app, { ...range, siteIds: [] }) // all sites, because a person’s hours count everywhere
    const placed = draft
      ? await asInDraft(draft, roster.shifts)
      : { shifts: roster.shifts, broken: brokenNow(db, roster.shifts, now), conflicts: [] }
    const shifts = placed.shifts.filter(({ site_id }) => !siteId || site_id === siteId)
    const shown = new Set(shifts.flatMap(({ staff }) => staff.map(({ staff_id }) => staff_id)))
    const { staff, total: allStaff } = listStaff(db, { active: true }, firstPeople)
    const listed = new Set(staff.map(({ id }) => id))
    const unlisted = [...shown].filter(id => !listed.has(id))
    const beyond = peopleByIds(db, unlisted)
    return {
      view: query.view ?? 'people',
      monday,
      siteId,
      allSites: sites,
      draft,
      drafts: draftsAbout(db, range),
      templates: listTemplates(db, pageOf({ limit: 500 })),
      conflicts: placed.conflicts,
      hiddenPeople: allStaff - staff.length - beyond.filter(({ active }) => active).length,
      requests: pendingLeave(db) + waitingSwaps(db, now),
      grid: {
        days: datesBetween(range.start, range.end),
        today: todayAtSites(db, now),
        shifts,
        hours: hoursByPerson(placed.shifts),
        people: [...staff, ...beyond],
        sites: sites.filter(({ id }) => (siteId ? id === siteId : placed.shifts.some(({ site_id }) => site_id === id))),
        broken: placed.broken,
        isOpen: draft?.confirmedAt === null,
        canMove: shift => draft?.confirmedAt === null && isInDraft(draft, shift),
      },
    }
  }

  /** The same shifts with the people of the draft. */
  async function asInDraft(draft: Draft, shifts: readonly ShownShift[]) {
    const { range, content } = draft
    const { assignments } = content
    const { violations } = await reader.read(checkDraft, { range, assignments })
    const changed = withPeopleOf(db, assignments, shifts)
    return {
      shifts: shifts.map((shift, i) => (isInDraft(draft, shift) && changed[i]) || shift),
      broken: messagesByDuty(violations),
      conflicts: violations.map(({ message }) => message),
    }
  }

  async function plan(query: PlanQuery, who: Who | undefined) {
    const version = versionOf(query.draft || undefined)
    const data = await planData(query)
    const asked = { week: data.monday, site_id: data.siteId, draft: query.draft, view: data.view }
    const shown = {
      id: 'plan',
      events: address('/rota/plan/events', { draft: query.draft }),
      from: address('/rota/plan/part', asked),
      version,
      brisk: true,
    }
    const body = [planHead(data, who), live(shown, planBody(data, who)), templatesPart(data)]
    return rotaPage({ title: 'Plan', who, body, scripts: ['plan.js'] })
  }

  return pageRouter(app)
    .get('/rota/plan', ({ query, who }) => plan(query, who), { query: planQuery, may: 'officer' })
    .get(
      '/rota/plan/part',
      async ({ query, who }) => livePart(versionOf(query.draft || undefined), planBody(await planData(query), who)),
      { query: planQuery, may: 'officer' },
    )
    .get(
      '/rota/plan/events',
      ({ query, request }) => streams.versions(request, () => versionOf(query.draft || undefined)),
      { query: planQuery, may: 'officer' },
    )
    .post(
      '/rota/plan/:job_id/move',
      async ({ params: { job_id }, body, who }) => {
        const [shift = 0, staff = 0] = body.place.split('/').map(Number)
        const place = (staff_id: number) => [{ shift_id: shift, staff_id }]
        const change = { take: staff ? place(staff) : [], put: body.to ? place(body.to) : [] }
        await changePlaces(app, signedIn(who), job_id, change)
        return seeOther(localPath(body.back))
      },
      {
        params: jobIdParams,
        body: t.Object({
          place: t.String({ pattern: '^\\d{1,15}/\\d{0,15}$' }),
          to: t.Optional(t.Union([idSchema, empty])),
          back: t.Optional(t.String({ maxLength: 500 })),
        }),
        may: 'officer',
      },
    )
    .get(
      '/rota/drafts/:job_id/compare',
      ({ params: { job_id }, query, who }) => {
        const draft = draftById(db, job_id)
        const other = query.with || 'roster'
        const slice = pageOf({ page: query.page, limit: 50 })
        const body = compareBody(
          {
            ...withPagination(draftDifferences(db, job_id, other, slice), slice),
            draft,
            other: other === 'roster' ? undefined : draftById(db, other),
            drafts: draftsAbout(db, draft.range),
            sites: allSites(db),
          },
          who,
        )
        return rotaPage({ title: 'Compare drafts', who, body })
      },
      {
        params: jobIdParams,
        query: t.Object({ with: t.Optional(t.String({ maxLength: 64 })), page: pageQuery.page }),
        may: 'officer',
      },
    )
}

const isInDraft = ({ range: { start, end, siteIds } }: Draft, { date, site_id }: ShownShift): boolean =>
  date >= start && date <= end && (!siteIds.length || siteIds.includes(site_id))

function hoursByPerson(shifts: readonly ShownShift[]): Map<number, number> {
  const hours = new Map<number, number>()
  for (const shift of shifts)
    for (const { staff_id } of shift.staff) hours.set(staff_id, (hours.get(staff_id) ?? 0) + hoursOf(shift))
  return hours
}

function brokenNow(db: Db, shifts: readonly ShownShift[], now: number): Map<string, string[]> {
  return new Map([...brokenRulesOn(db, shifts, now)].map(([key, why]) => [key, why.map(({ message }) => message)]))
}

function messagesByDuty(violations: readonly Violation[]): Map<string, string[]> {
  const broken = violations.flatMap(({ message, shift_ids, staff_id }) =>
    staff_id === undefined ? [] : shift_ids.map(shiftId => ({ key: dutyKey(shiftId, staff_id), message })),
  )
  const byDuty = Map.groupBy(broken, ({ key }) => key)
  return new Map([...byDuty].map(([key, of]) => [key, of.map(({ message }) => message)]))
}
