/** The roster as pages show it: shifts of some days, the people on them, and open places. */

import { asc, eq, gt, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import { assignments, shifts, sites, staff } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { byName } from '../platform/by-name.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import { dateSchema, idSchema } from '../platform/http/shared-schemas.ts'
import { type BrokenDutyRule, brokenRulesByDuty } from './broken-duties.ts'
import type { DateRange } from './date-range.ts'
import { shiftSchema, shiftView } from './shift.ts'
import { inRange, shiftById } from './shift-queries.ts'
import { type Assignment, dutyKey } from './solving/problem.ts'

const placedPersonSchema = t.Object({
  id: idSchema,
  staff_id: idSchema,
  name: t.String(),
  pinned: t.Boolean(),
  broken: t.Boolean({ description: 'It breaks a rule now, so they cannot work it' }),
})

const shownShift = t.Composite([
  shiftSchema,
  t.Object({
    site: t.String(),
    timezone: t.String({ description: 'The site’s time zone, which `date`, `from` and `to` are in' }),
    from: t.String({ description: 'In the site’s local time' }),
    to: t.String(),
    filled: t.Integer(),
    open: t.Integer(),
    broken: t.Integer({ description: 'How many people on the shift cannot work it' }),
    staff: t.Array(placedPersonSchema),
  }),
])

export const rosterSchema = t.Object(
  {
    start: dateSchema,
    end: dateSchema,
    shifts: t.Array(shownShift),
    summary: t.Object({
      shifts: t.Integer(),
      places: t.Integer(),
      filled: t.Integer(),
      open: t.Integer(),
      broken: t.Integer(),
      coverage: t.Nullable(t.Number({ description: 'Filled places of all places, 0 to 1' })),
    }),
  },
  { $id: 'Roster' },
)
export type RosterView = Static<typeof rosterSchema>
export type ShownShift = RosterView['shifts'][number]

/** The limit of a page or an export: about a year of a large club. */
const maxPlaces = 50_000

/** The roster of these days; refused if it is too large to read. */
export function rosterView(db: Db, { range, now }: { range: DateRange; now: number }): RosterView {
  const { places } = db
    .select({ places: sql<number>`coalesce(sum(${shifts.headcount}), 0)` })
    .from(shifts)
    .where(inRange(range))
    .get() ?? { places: 0 }
  if (places > maxPlaces)
    invalid('end', `There are ${places} places on these days, more than ${maxPlaces}: choose fewer days or a site.`)
  const shown = shownShiftsIn(db, range, now)
  return { start: range.start, end: range.end, shifts: shown, summary: rosterSummary(shown) }
}

const selectShifts = (db: Db) =>
  db.select({ shift: shifts, site: sites }).from(shifts).innerJoin(sites, eq(sites.id, shifts.siteId)).$dynamic()

type Row = ReturnType<ReturnType<typeof selectShifts>['all']>[number]

export function shownShiftsIn(db: Db, range: DateRange, now: number): ShownShift[] {
  const rows = selectShifts(db).where(inRange(range)).orderBy(asc(shifts.startsAt), asc(sites.name), asc(shifts.id))
  return shownShifts(db, rows.all(), now)
}

export function upcomingShifts(db: Db, { now, page: { limit, offset } }: { now: number; page: PageSlice }) {
  const isUpcoming = gt(shifts.startsAt, now)
  const rows = selectShifts(db).where(isUpcoming).orderBy(asc(shifts.startsAt), asc(shifts.id))
  return {
    shifts: shownShifts(db, rows.limit(limit).offset(offset).all(), now),
    total: countRows(db, shifts, isUpcoming),
  }
}

/** These shifts, by their start. */
export function shownShiftsByIds(db: Db, ids: number[], now: number): ShownShift[] {
  const rows = selectShifts(db).where(isAmong(shifts.id, ids)).orderBy(asc(shifts.startsAt), asc(shifts.id))
  return shownShifts(db, rows.all(), now)
}

function shownShifts(db: Db, rows: Row[], now: number): ShownShift[] {
  const ids = rows.map(({ shift }) => shift.id)
  const standing = Map.groupBy(
    db
      .select({
        id: assignments.id,
        shiftId: assignments.shiftId,
        staff_id: assignments.staffId,
        name: staff.name,
        pinned: assignments.pinned,
      })
      .from(assignments)
      .innerJoin(staff, eq(staff.id, assignments.staffId))
      .where(isAmong(assignments.shiftId, ids))
      .orderBy(asc(staff.id))
      .all(),
    ({ shiftId }) => shiftId,
  )
  const duties = rows.flatMap(({ shift }) =>
    (standing.get(shift.id) ?? []).map(({ staff_id: staffId, name }) => ({ shift, staffId, name })),
  )
  const against = brokenRulesByDuty(db, duties, now)
  return rows.map(({ shift, site }) => {
    const people = (standing.get(shift.id) ?? []).sort(byName).map(({ shiftId, ...person }) => ({
      ...person,
      broken: against.has(dutyKey(shiftId, person.staff_id)),
    }))
    const clock = clockIn(site.timezone)
    return {
      ...shiftView(shift),
      site: site.name,
      timezone: site.timezone,
      from: clock.format(shift.startsAt),
      to: clock.format(shift.endsAt),
      filled: people.length,
      open: Math.max(0, shift.headcount - people.length),
      broken: people.filter(({ broken }) => broken).length,
      staff: people,
    }
  })
}

const clocks = new Map<string, Intl.DateTimeFormat>()
function clockIn(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known) return known
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  clocks.set(timeZone, clock)
  return clock
}

export function rosterSummary(shown: Pick<ShownShift, 'headcount' | 'open' | 'broken'>[]): RosterView['summary'] {
  const places = shown.reduce((all, { headcount }) => all + headcount, 0)
  const open = shown.reduce((all, shift) => all + shift.open, 0)
  return {
    shifts: shown.length,
    places,
    filled: places - open,
    open,
    broken: shown.reduce((all, { broken }) => all + broken, 0),
    coverage: places ? (places - open) / places : null,
  }
}

export const staffNames = (db: Db, ids: number[]): Map<number, string> =>
  new Map(
    db
      .select({ id: staff.id, name: staff.name })
      .from(staff)
      .where(isAmong(staff.id, ids))
      .all()
      .map(({ id, name }) => [id, name]),
  )

/** The same shifts with the people of a draft. Pinned people stay, whatever it says. */
export function withPeopleOf(db: Db, assignments: readonly Assignment[], shown: readonly ShownShift[]): ShownShift[] {
  const ids = assignments.map(({ staff_id }) => staff_id)
  const names = staffNames(db, ids)
  const placed = Map.groupBy(assignments, ({ shift_id }) => shift_id)
  return shown.map(shift => {
    const pinned = shift.staff.filter(one => one.pinned)
    const others = (placed.get(shift.id) ?? [])
      .filter(({ staff_id }) => !pinned.some(one => one.staff_id === staff_id))
      .map(({ staff_id }) => ({
        id: staff_id,
        staff_id,
        name: names.get(staff_id) ?? `Staff ${staff_id} (deleted)`,
        pinned: false,
        broken: false, // it would be refused
      }))
    const staff = [...pinned, ...others].sort(byName)
    return { ...shift, staff, filled: staff.length, open: Math.max(0, shift.headcount - staff.length), broken: 0 }
  })
}

/** By `dutyKey`: the rules that the people marked as broken on these shifts break. */
export function brokenRulesOn(db: Db, shown: readonly ShownShift[], now: number): Map<string, BrokenDutyRule[]> {
  const broken = shown.flatMap(({ id, staff }) =>
    staff.filter(one => one.broken).map(({ staff_id: staffId, name }) => ({ shift: shiftById(db, id), staffId, name })),
  )
  return brokenRulesByDuty(db, broken, now)
}
