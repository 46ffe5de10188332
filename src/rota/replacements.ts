/** People who could take a shift, best first, and the rules against the others. */
import { and, asc, eq, ne, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { assignments, shifts } from '../../db/schema.ts'
import { byName } from '../platform/by-name.ts'
import { hour } from '../platform/clock.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import { brokenDutyRuleSchema } from './broken-duties.ts'
import { daysAfter, mondayOf } from './date-range.ts'
import { loadProblem, violationsOf } from './load-problem.ts'
import { hundredths, type Shift } from './shift.ts'
import { shiftById } from './shift-queries.ts'

export const candidateSchema = t.Object(
  {
    staff_id: idSchema,
    name: t.String(),
    allowed: t.Boolean(),
    against: t.Array(brokenDutyRuleSchema, { description: 'Every rule they would break' }),
    rest_hours: t.Nullable(t.Number({ description: 'The shorter rest before or after; null without work nearby' })),
    week_hours: t.Number({ description: 'Their hours in that week with this shift' }),
    max_hours_week: t.Number(),
    cost_cents: t.Integer({ description: 'Of this shift' }),
  },
  { $id: 'Candidate' },
)
export type Candidate = Static<typeof candidateSchema>

/** Allowed people first, the cheapest first, then those with the least full week. */
export function candidatesFor(db: Db, { shiftId }: { shiftId: number }): Candidate[] {
  const shift = shiftById(db, shiftId)
  const problem = loadProblem(db, [shift])
  const there = new Set(
    db
      .select({ id: assignments.staffId })
      .from(assignments)
      .where(eq(assignments.shiftId, shiftId))
      .all()
      .map(({ id }) => id),
  )
  const people = problem.staff.filter(({ id }) => !there.has(id))
  const placed = people.map(({ id }) => ({ shift_id: shiftId, staff_id: id }))
  // All at once: rules concern one person each, except for the number of people on a shift.
  const against = Map.groupBy(violationsOf(problem, placed), ({ staff_id }) => staff_id)
  const work = workNear(db, shift)
  const hours = (shift.endsAt - shift.startsAt) / hour
  return people
    .map(({ id, name, max_hours_week, hourly_cents }) => {
      const duties = work.get(id) ?? []
      const rests = duties.map(({ from, to }) => Math.max(shift.startsAt - to, from - shift.endsAt) / hour)
      const others = duties.filter(({ monday }) => monday === mondayOf(shift.day))
      const why = (against.get(id) ?? []).map(({ rule, message }) => ({ rule, message }))
      return {
        staff_id: id,
        name,
        allowed: !why.length,
        against: why,
        rest_hours: rests.length ? hundredths(Math.max(0, Math.min(...rests))) : null,
        week_hours: hundredths(others.reduce((all, { from, to }) => all + (to - from) / hour, hours)),
        max_hours_week,
        cost_cents: Math.round(hourly_cents * hours),
      }
    })
    .sort(
      (a, b) =>
        Number(b.allowed) - Number(a.allowed) ||
        a.against.length - b.against.length ||
        a.cost_cents - b.cost_cents ||
        a.week_hours - b.week_hours ||
        byName(a, b),
    )
}

/** What each person does in that week and the days next to it. */
function workNear(db: Db, { id, day }: Shift) {
  const monday = mondayOf(day)
  const duties = db
    .select({ staffId: assignments.staffId, day: shifts.day, from: shifts.startsAt, to: shifts.endsAt })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(and(sql`${shifts.day} between ${daysAfter(monday, -3)} and ${daysAfter(monday, 9)}`, ne(shifts.id, id)))
    .orderBy(asc(shifts.startsAt))
    .all()
    .map(({ day, ...duty }) => ({ ...duty, monday: mondayOf(day) }))
  return Map.groupBy(duties, ({ staffId }) => staffId)
}
