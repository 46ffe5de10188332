/** Loads what a roster is generated from and checked against: the current problem in the database. */
import { and, eq, gt, inArray, lt, max, or, sql } from 'drizzle-orm'
import { aggregate } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import { assignments, shiftRequests, shifts, staff, stamps } from '../../db/schema.ts'
import { day, iso } from '../platform/clock.ts'
import type { DateRange } from './date-range.ts'
import { absencesOf } from './person.ts'
import { longestPeriodWeeks, withDefaultWeeks } from './rules-of-work.ts'
import { type Shift, shiftView } from './shift.ts'
import { inRange, shiftsIn } from './shift-queries.ts'
import { allSites } from './site-queries.ts'
import { checkRoster, type Violation } from './solving/check.ts'
import {
  type Assignment,
  assignmentKey,
  type Duty,
  type ProblemShift,
  type RosterProblem,
  type WorkRules,
} from './solving/problem.ts'
import { personViews } from './staff-queries.ts'

/** Coverage comes before cost, and cost before these. */
const weights = { fairness: 1, preferences: 1 }

/** Work further away than this affects neither rest, weekly hours nor days in a row within the range. */
const nearDays = 16
const fewPeople = 50

export function loadProblemOfRange(db: Db, { range, seed }: { range: DateRange; seed: number }): RosterProblem {
  const pinned = db
    .select({ shift_id: assignments.shiftId, staff_id: assignments.staffId })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(and(inRange(range), eq(assignments.pinned, true)))
    .all()
  const { start, end } = range
  return { ...loadProblem(db, shiftsIn(db, range), { pinned, seed }), range: { start, end } }
}

type ProblemOptions = {
  pinned?: Assignment[]
  seed?: number
  /** Without others. */
  onlyStaff?: number[]
  /** Whose other duties matter. */
  dutiesOf?: number[]
}

/** These shifts as the whole problem, plus all other work of the people. */
export function loadProblem(
  db: Db,
  planned: Shift[],
  { pinned = [], seed = 1, onlyStaff, dutiesOf = onlyStaff }: ProblemOptions = {},
): RosterProblem {
  const held = pinned.map(({ staff_id }) => staff_id)
  const people = db
    .select()
    .from(staff)
    .where(and(or(eq(staff.active, true), isAmong(staff.id, held)), onlyStaff && isAmong(staff.id, onlyStaff)))
    .orderBy(staff.id)
    .all()
  const sites = allSites(db).map(({ id, name, timezone, restHours, rules }) => ({
    id,
    name,
    timezone,
    rest_hours: restHours,
    rules: withDefaultWeeks(rules),
  }))
  const inProblem = personViews(db, people).map(({ active, rules, max_hours_week, leave, ...person }) => ({
    ...person,
    unavailable: absencesOf({ unavailable: person.unavailable, leave }),
    // Former staff keep pinned duties and get nothing else.
    max_hours_week: active ? max_hours_week : 0,
    rules: active ? withDefaultWeeks(rules) : undefined,
  }))
  const allRules = [...sites, ...inProblem].flatMap(({ rules }) => rules ?? [])
  return {
    sites,
    staff: inProblem,
    shifts: planned.map(problemShift),
    pinned,
    existing: planned.length ? dutiesNear(db, planned, allRules, dutiesOf) : [],
    requests: requestsFor(db, planned, people),
    weights,
    seed,
  }
}

function problemShift(shift: Shift): ProblemShift {
  const { date: _, under_cents, most, over_cents, ...needs } = shiftView(shift)
  return {
    ...needs,
    ...(under_cents === null ? {} : { under_cents }),
    ...(most === null ? {} : { most }),
    ...(over_cents === null ? {} : { over_cents }),
  }
}

function requestsFor(db: Db, planned: Shift[], people: { id: number }[]) {
  const isHere = new Set(people.map(({ id }) => id))
  const ids = planned.map(({ id }) => id)
  return db
    .select()
    .from(shiftRequests)
    .where(isAmong(shiftRequests.shiftId, ids))
    .all()
    .filter(({ staffId }) => isHere.has(staffId))
    .map(({ staffId, shiftId, want, priceCents }) => ({
      staff_id: staffId,
      shift_id: shiftId,
      want,
      price_cents: priceCents,
    }))
}

function dutiesNear(db: Db, planned: Shift[], rules: WorkRules[], dutiesOf?: number[]): Duty[] {
  const isPlanned = new Set(planned.map(({ id }) => id))
  const nearMs = Math.max(nearDays, ...rules.map(one => 7 * longestPeriodWeeks(one))) * day
  const first = Math.min(...planned.map(({ startsAt }) => startsAt))
  const last = Math.max(...planned.map(({ endsAt }) => endsAt))
  // The duties of few people are found by person: the + keeps SQLite from the index of starts, by which it would read everybody's.
  const startsAt = dutiesOf && dutiesOf.length <= fewPeople ? sql`+${shifts.startsAt}` : sql`${shifts.startsAt}`
  return db
    .select({
      id: shifts.id,
      site_id: shifts.siteId,
      startsAt: shifts.startsAt,
      endsAt: shifts.endsAt,
      kind: shifts.kind,
      staff_id: assignments.staffId,
    })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(
      and(
        gt(startsAt, first - nearMs),
        lt(startsAt, last + nearMs),
        dutiesOf && isAmong(assignments.staffId, dutiesOf),
      ),
    )
    .all()
    .filter(({ id }) => !isPlanned.has(id))
    .map(({ id: _, startsAt, endsAt, ...duty }) => ({ ...duty, starts_at: iso(startsAt), ends_at: iso(endsAt) }))
}

/** A number that changes whenever a roster, a shift or the staff changes. */
export const rosterVersion = (db: Db): number =>
  aggregate(db, stamps, max(stamps.seq), inArray(stamps.topic, ['roster', 'staff', 'shifts'])) ?? 0

export type AssignmentsCheck = {
  version: number
  violations: Violation[]
  /** Missing hours and days in a row, in sentences. */
  unmet: string[]
  assignments: Assignment[]
}

/**
 * Every hard rule that these assignments would break in the range, together with what is pinned there. The version says
 * which state of the database was checked.
 */
export function checkAssignments(db: Db, input: { range: DateRange; assignments: Assignment[] }): AssignmentsCheck {
  const { $client: client } = db
  client.run('BEGIN') // one snapshot for all reads
  try {
    const version = rosterVersion(db)
    const problem = loadProblemOfRange(db, { range: input.range, seed: 1 })
    const assignments = withPinned(problem, input.assignments)
    const broken = checkRoster(problem, assignments)
    const unmet = broken.filter(isTooLittleWork).map(({ message }) => message)
    return { version, violations: broken.filter(isAgainstPlacing), unmet, assignments }
  } finally {
    client.run('COMMIT')
  }
}

/** Including pinned people, who stay whatever a draft says. */
export function withPinned({ pinned }: RosterProblem, assignments: readonly Assignment[]): Assignment[] {
  const given = new Set(assignments.map(assignmentKey))
  return [...assignments, ...pinned.filter(pin => !given.has(assignmentKey(pin)))]
}

/** Too little work never excludes anybody from a place: more work fixes it. */
const isTooLittleWork = ({ rule }: Violation) => rule === 'least_hours' || rule === 'least_days_in_row'

/** The rules against putting people on these shifts by hand: the same as for a whole roster. */
export const violationsOf = (problem: RosterProblem, placed: Assignment[]): Violation[] =>
  checkRoster(problem, placed).filter(isAgainstPlacing)

/**
 * The rules that people placed on these shifts would break. Loads only them: rules concern one person each, except for the number
 * of people on a shift. Those who are only pinned count there, but whatever else they do is not the change's fault.
 */
export function violationsOn(db: Db, planned: Shift[], placed: Assignment[], pinned: Assignment[] = []): Violation[] {
  const pins = new Set(pinned.map(assignmentKey))
  const onlyStaff = placed.map(({ staff_id }) => staff_id)
  const dutiesOf = placed.filter(one => !pins.has(assignmentKey(one))).map(({ staff_id }) => staff_id)
  return violationsOf(loadProblem(db, planned, { pinned, onlyStaff, dutiesOf }), placed)
}

const isAgainstPlacing = (violation: Violation) => isNotGiven(violation) && !isTooLittleWork(violation)

/** Those that a change adds: conflicts from before it do not count against it. */
export function addedViolations(before: Violation[], after: Violation[]): Violation[] {
  const known = new Set(before.map(violationKey))
  return after.filter(one => !known.has(violationKey(one)))
}

const violationKey = ({ rule, message, shift_ids }: Violation) => `${rule} ${message} ${shift_ids.join()}`

/** A pinned duty may break a rule, because somebody wanted it; but nobody is wanted twice in one place. */
const isNotGiven = ({ given, rule }: Violation) => !given || rule === 'twice'
