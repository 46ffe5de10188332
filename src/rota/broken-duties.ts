/** Duties on the roster that now break a rule: somebody is ill, has left, or lost a certificate. */
import { between, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { assignments, shifts, sites, staff } from '../../db/schema.ts'
import { byName } from '../platform/by-name.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema } from '../platform/http/shared-schemas.ts'
import { daysAfter, mondayOf, today } from './date-range.ts'
import { violationsOn } from './load-problem.ts'
import type { Shift } from './shift.ts'
import { dutyKey } from './solving/problem.ts'

export const brokenDutyRuleSchema = t.Object({ rule: t.String(), message: t.String() })
export type BrokenDutyRule = Static<typeof brokenDutyRuleSchema>

type PlannedDuty = { shift: Shift; staffId: number; name: string }

/** The rules that each of these duties breaks, by `dutyKey`. Duties that are over by `now` are left out. */
export function brokenRulesByDuty(db: Db, duties: PlannedDuty[], now: number): Map<string, BrokenDutyRule[]> {
  const against = new Map<string, BrokenDutyRule[]>()
  const toCome = duties.filter(({ shift }) => shift.endsAt > now)
  // Week by week: the checker goes through all duties of a person.
  for (const week of Map.groupBy(toCome, ({ shift }) => mondayOf(shift.day)).values()) {
    const planned = new Map(week.map(({ shift }) => [shift.id, shift]))
    const names = new Map(week.map(({ staffId, name }) => [staffId, name]))
    const placed = week.map(({ shift, staffId }) => ({ shift_id: shift.id, staff_id: staffId }))
    for (const { rule, message, shift_ids, staff_id } of violationsOn(db, [...planned.values()], placed)) {
      if (staff_id === undefined) continue
      // Only active people are part of the problem.
      const why =
        rule === 'unknown'
          ? { rule: 'inactive', message: `${names.get(staff_id)} is not planned any more` }
          : { rule, message }
      for (const shiftId of shift_ids) {
        const key = dutyKey(shiftId, staff_id)
        against.set(key, [...(against.get(key) ?? []), why])
      }
    }
  }
  return against
}

export const brokenDutySchema = t.Object(
  {
    assignment_id: idSchema,
    shift_id: idSchema,
    site_id: idSchema,
    site: t.String(),
    date: { ...dateSchema, description: 'Of its start, in the site’s time zone' },
    starts_at: dateTimeSchema,
    ends_at: dateTimeSchema,
    staff_id: idSchema,
    name: t.String(),
    pinned: t.Boolean(),
    against: t.Array(brokenDutyRuleSchema, { description: 'Every rule that it breaks now' }),
  },
  { $id: 'BrokenDuty' },
)
export type BrokenDuty = Static<typeof brokenDutySchema>
const viewOf = rowView(brokenDutySchema)

const daysAhead = 92 // days, as many as a roster is looked at

export function brokenDuties(db: Db, { now }: { now: number }): BrokenDuty[] {
  const date = today(now)
  const duties = db
    .select({
      id: assignments.id,
      shift: shifts,
      site: sites.name,
      staffId: staff.id,
      name: staff.name,
      pinned: assignments.pinned,
    })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .innerJoin(staff, eq(staff.id, assignments.staffId))
    .where(between(shifts.day, daysAfter(date, -3), daysAfter(date, daysAhead)))
    .all()
    .sort((a, b) => a.shift.startsAt - b.shift.startsAt || a.shift.id - b.shift.id || byName(a, b))
  const against = brokenRulesByDuty(db, duties, now)
  return duties.flatMap(({ id, shift, ...duty }) => {
    const why = against.get(dutyKey(shift.id, duty.staffId))
    if (!why) return []
    return viewOf({ ...shift, ...duty, assignmentId: id, shiftId: shift.id, date: shift.day, against: why })
  })
}
