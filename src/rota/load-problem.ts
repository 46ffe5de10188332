/** What a roster is made from and judged by: the problem as it stands in the database. */
import { and, eq, gt, inArray, lt, or, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { assignments, shifts, staff, stamps } from '../../db/schema.ts'
import { day, iso } from '../platform/clock.ts'
import type { Range } from './date-range.ts'
import type { Shift } from './shift.ts'
import { inRange, shiftsIn } from './shift-queries.ts'
import { allSites } from './site-queries.ts'
import { check, type Violation } from './solving/check.ts'
import type { Assignment, Duty, Problem } from './solving/problem.ts'
import { personViews } from './staff-queries.ts'

/** Coverage comes before cost and cost before these. */
const weights = { fairness: 1, preferences: 1 }

/** Work further away than this takes neither rest nor hours of a week in the range. */
const near = 9 * day

export function rosterProblem(db: Db, { range, seed }: { range: Range; seed: number }): Problem {
  const pinned = db
    .select({ shift_id: assignments.shiftId, staff_id: assignments.staffId })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(and(inRange(range), eq(assignments.pinned, true)))
    .all()
  return problemWith(db, shiftsIn(db, range), pinned, seed)
}

/** These shifts as the whole problem, and all other work of the people as it stands. */
export function problemWith(db: Db, planned: Shift[], pinned: Assignment[], seed = 1): Problem {
  const held = pinned.map(({ staff_id }) => staff_id)
  const people = db
    .select()
    .from(staff)
    .where(or(eq(staff.active, true), inArray(staff.id, held)))
    .orderBy(staff.id)
    .all()
  const isActive = new Map(people.map(({ id, active }) => [id, active]))
  return {
    sites: allSites(db).map(({ id, timezone }) => ({ id, timezone })),
    // Who has left keeps what is pinned, and gets nothing else.
    staff: personViews(db, people).map(person => (isActive.get(person.id) ? person : { ...person, max_hours_week: 0 })),
    shifts: planned.map(({ id, siteId, startsAt, endsAt, skill, certification, headcount }) => ({
      id,
      site_id: siteId,
      starts_at: iso(startsAt),
      ends_at: iso(endsAt),
      skill,
      certification,
      headcount,
    })),
    pinned,
    existing: planned.length ? dutiesNear(db, planned) : [],
    weights,
    seed,
  }
}

function dutiesNear(db: Db, planned: Shift[]): Duty[] {
  const isPlanned = new Set(planned.map(({ id }) => id))
  const first = Math.min(...planned.map(({ startsAt }) => startsAt))
  const last = Math.max(...planned.map(({ endsAt }) => endsAt))
  return db
    .select({ shift: shifts, staffId: assignments.staffId })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(and(gt(shifts.startsAt, first - near), lt(shifts.startsAt, last + near)))
    .all()
    .filter(({ shift }) => !isPlanned.has(shift.id))
    .map(({ shift, staffId }) => ({
      staff_id: staffId,
      site_id: shift.siteId,
      starts_at: iso(shift.startsAt),
      ends_at: iso(shift.endsAt),
    }))
}

/** Another number whenever a roster, a shift or the staff has changed. */
export const rosterVersion = (db: Db): number =>
  db
    .select({ seq: sql<number>`coalesce(max(${stamps.seq}), 0)` })
    .from(stamps)
    .where(inArray(stamps.topic, ['roster', 'staff', 'shifts']))
    .get()?.seq ?? 0

export type RosterJudgement = { version: number; violations: Violation[]; assignments: Assignment[] }

/**
 * Every hard rule that these assignments would break in that range, with what is pinned there added to them. The version says
 * which state that was true of.
 */
export function judgeRoster(db: Db, input: { range: Range; assignments: Assignment[] }): RosterJudgement {
  const { $client: client } = db
  client.run('BEGIN') // one state for all that is read
  try {
    const version = rosterVersion(db)
    const problem = rosterProblem(db, { range: input.range, seed: 1 })
    const given = new Set(input.assignments.map(keyOf))
    const assignments = [...input.assignments, ...problem.pinned.filter(pin => !given.has(keyOf(pin)))]
    const violations = check(problem, assignments).filter(isOurs)
    return { version, violations, assignments }
  } finally {
    client.run('COMMIT')
  }
}

/** What is pinned may break a rule, as somebody wanted it so; nobody wants anyone twice in one place. */
export const isOurs = ({ given, rule }: Violation) => !given || rule === 'twice'

const keyOf = ({ shift_id, staff_id }: Assignment) => `${shift_id}/${staff_id}`
