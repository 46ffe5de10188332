/** The week of the planner's page, read and written as markup in the reader thread: with thousands of shifts that takes longer than 10 ms. */
import type { Db } from '../../../db/open.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { datesBetween, daysAfter, mondayOf } from '../date-range.ts'
import { type Draft, draftById, draftsAbout } from '../drafts.ts'
import { pendingLeave } from '../own/leave.ts'
import { waitingSwaps } from '../own/swaps.ts'
import { brokenRulesOn, rosterView, type ShownShift, withPeopleOf } from '../roster-view.ts'
import { hoursOf } from '../shift.ts'
import { shiftsIn } from '../shift-queries.ts'
import { allSites, todayAtSites } from '../site-queries.ts'
import type { Violation } from '../solving/check.ts'
import { dutyKey } from '../solving/problem.ts'
import { listStaff, peopleByIds } from '../staff-queries.ts'
import { checkDraft } from './check-draft.ts'
import { type PlanData, type PlanView, planBody, planFoot, planHead, type RefusedMove } from './plan-page.ts'
import { listTemplates } from './templates.ts'

export type PlanQuery = { week?: string; site_id?: number | ''; draft?: string; view?: PlanView }

type PlanAsked = { query: PlanQuery; who: Who | undefined; now: number; refused?: RefusedMove }

/** Its parts as markup, and what was chosen where the query does not say it. */
export function planMarkup(db: Db, { query, who, now, refused }: PlanAsked) {
  const data = planData(db, query, now)
  const { monday, siteId, view } = data
  return {
    asked: { week: monday, site_id: siteId, draft: query.draft, view },
    head: String(planHead(data)),
    body: String(planBody(data, who, refused)),
    foot: String(planFoot(data)),
  }
}

/** The part that updates itself. */
export const planPart = (db: Db, { query, who, now }: PlanAsked): string =>
  String(planBody(planData(db, query, now), who))

const firstPeople = pageOf({ limit: 500 }) // and whoever has a duty in the week

function planData(db: Db, query: PlanQuery, now: number): PlanData {
  const draft = query.draft ? draftById(db, query.draft) : undefined
  const monday = mondayOf(query.week || draft?.range.start || todayAtSites(db, now))
  const range = { start: monday, end: daysAfter(monday, 6) }
  const siteId = query.site_id || (draft?.range.siteIds.length === 1 ? draft.range.siteIds[0] : undefined)
  const sites = allSites(db)
  const roster = rosterView(db, { range: { ...range, siteIds: [] }, now }) // all sites, because a person’s hours count everywhere
  const placed = draft
    ? asInDraft(db, draft, roster.shifts)
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
function asInDraft(db: Db, draft: Draft, shifts: readonly ShownShift[]) {
  const { range, content } = draft
  const { assignments } = content
  const { violations } = checkDraft(db, { range, assignments })
  const changed = withPeopleOf(db, assignments, shifts)
  const days = new Map(shiftsIn(db, range).map(({ id, day }) => [id, day]))
  return {
    shifts: shifts.map((shift, i) => (isInDraft(draft, shift) && changed[i]) || shift),
    broken: messagesByDuty(violations, changed),
    conflicts: violations.map(({ message, shift_ids }) => ({ message, day: days.get(shift_ids[0] ?? 0) })),
  }
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

/** What is against a shift as a whole is against everybody there. */
function messagesByDuty(violations: readonly Violation[], shifts: readonly ShownShift[]): Map<string, string[]> {
  const staffOf = new Map(shifts.map(({ id, staff }) => [id, staff.map(({ staff_id }) => staff_id)]))
  const broken = violations.flatMap(({ message, shift_ids, staff_id }) =>
    shift_ids.flatMap(shiftId =>
      (staff_id === undefined ? (staffOf.get(shiftId) ?? []) : [staff_id]).map(id => ({
        key: dutyKey(shiftId, id),
        message,
      })),
    ),
  )
  const byDuty = Map.groupBy(broken, ({ key }) => key)
  return new Map([...byDuty].map(([key, of]) => [key, of.map(({ message }) => message)]))
}
