/** What the rules say about a draft: as it is, and about a change before it is made. Runs in the reader thread. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { idSchema } from '../../platform/http/shared-schemas.ts'
import { type BrokenDutyRule, brokenDutyRuleSchema } from '../broken-duties.ts'
import type { DateRange } from '../date-range.ts'
import { addedViolations, loadProblemOfRange, rosterVersion, violationsOf, withPinned } from '../load-problem.ts'
import { shiftById, shiftsIn } from '../shift-queries.ts'
import type { Violation } from '../solving/check.ts'
import type { Assignment, RosterProblem, Unfilled } from '../solving/problem.ts'

type DraftCheck = {
  /** The state of the database that was checked. */
  version: number
  violations: Violation[]
  /** By the change; without one none. */
  added: Violation[]
  unfilled: Unfilled[]
  pinned: Assignment[]
}

type DraftQuery = {
  range: DateRange
  assignments: Assignment[]
  /** As they were, to find out what a change breaks. */
  before?: Assignment[]
}

export function checkDraft(db: Db, { range, assignments, before }: DraftQuery): DraftCheck {
  const version = rosterVersion(db)
  const problem = loadProblemOfRange(db, { range, seed: 1 })
  const placed = withPinned(problem, assignments)
  const violations = violationsOf(problem, placed)
  const filled = Map.groupBy(placed, ({ shift_id }) => shift_id)
  return {
    version,
    violations,
    added: before ? addedViolations(violationsOf(problem, withPinned(problem, before)), violations) : [],
    unfilled: problem.shifts.flatMap(({ id, headcount }) => openPlaces(id, headcount - (filled.get(id)?.length ?? 0))),
    pinned: problem.pinned,
  }
}

const openPlaces = (shiftId: number, open: number): Unfilled[] =>
  Array.from({ length: Math.max(0, open) }, () => ({
    shift_id: shiftId,
    reason: 'assigned',
    message: 'Nobody was put here',
    blocked: {},
  }))

export const targetsSchema = t.Object(
  {
    people: t.Array(t.Object({ staff_id: idSchema, against: t.Array(brokenDutyRuleSchema) }), {
      description: 'Who could take the place, and the rules against those who cannot',
    }),
    shifts: t.Array(t.Object({ shift_id: idSchema, against: t.Array(brokenDutyRuleSchema) }), {
      description: 'Where the person could move to: shifts on those days with an open place',
    }),
  },
  { $id: 'DraftTargets' },
)
type DraftTargets = Static<typeof targetsSchema>

type TargetsQuery = {
  range: DateRange
  assignments: Assignment[]
  shiftId: number
  /** Who has the place now; absent if it is open. */
  staffId?: number
  /** The days shown. */
  from: string
  to: string
}

/** Where a place can go: to whom, and where its person could move to. */
export function draftTargets(db: Db, { range, assignments, shiftId, staffId, from, to }: TargetsQuery): DraftTargets {
  const problem = loadProblemOfRange(db, { range, seed: 1 })
  const assigned = withPinned(problem, assignments)
  const rest = assigned.filter(one => one.shift_id !== shiftId || one.staff_id !== staffId)
  const { headcount, most } = shiftById(db, shiftId)
  const others = rest.filter(one => one.shift_id === shiftId)
  const isFull = staffId === undefined && others.length >= Math.max(headcount, most ?? 0)
  const people = problem.staff
    .filter(({ id }) => id !== staffId && !others.some(one => one.staff_id === id))
    .map(({ id }) => ({
      staff_id: id,
      against: isFull ? [fullShift] : rulesAgainst(problem, rest, { shift_id: shiftId, staff_id: id }),
    }))
  if (staffId === undefined) return { people, shifts: [] }
  const filled = Map.groupBy(rest, ({ shift_id }) => shift_id)
  const shownIds = new Set(shiftsIn(db, { start: from, end: to, siteIds: range.siteIds }).map(({ id }) => id))
  const shifts = problem.shifts
    .filter(({ id }) => id !== shiftId && shownIds.has(id))
    .filter(({ id, headcount, most }) => (filled.get(id)?.length ?? 0) < Math.max(headcount, most ?? 0))
    .filter(({ id }) => !filled.get(id)?.some(one => one.staff_id === staffId))
    .map(({ id }) => ({ shift_id: id, against: rulesAgainst(problem, rest, { shift_id: id, staff_id: staffId }) }))
  return { people, shifts }
}

const fullShift: BrokenDutyRule = { rule: 'headcount', message: 'Every place is taken' }

/** Rules concern one person each, so only they and their shifts are checked, before and after. */
function rulesAgainst(problem: RosterProblem, rest: Assignment[], wanted: Assignment): BrokenDutyRule[] {
  const isTheirs = ({ staff_id }: { staff_id: number }) => staff_id === wanted.staff_id
  const before = rest.filter(isTheirs)
  const shiftIds = new Set([...before, wanted].map(({ shift_id }) => shift_id))
  const personProblem = {
    ...problem,
    staff: problem.staff.filter(({ id }) => id === wanted.staff_id),
    shifts: problem.shifts.filter(({ id }) => shiftIds.has(id)),
    pinned: problem.pinned.filter(isTheirs),
    existing: problem.existing.filter(isTheirs),
  }
  const after = violationsOf(personProblem, [...before, wanted])
  return addedViolations(violationsOf(personProblem, before), after).map(({ rule, message }) => ({ rule, message }))
}
