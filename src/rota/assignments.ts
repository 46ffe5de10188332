/** Single places of the roster: who is on a shift, and changes by hand. A change that breaks a rule is refused. */
import { eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { assignments, shifts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { Who } from '../platform/http/request-context.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import type { DateRange } from './date-range.ts'
import { violationsOn } from './load-problem.ts'
import { notifyOfDuties } from './notices.ts'
import { inRange, shiftById } from './shift-queries.ts'
import type { Violation } from './solving/check.ts'
import { type Assignment, dutyKey } from './solving/problem.ts'
import { personById } from './staff-queries.ts'

const maxConflicts = 50 // conflicts in an answer

/** A broken rule as answers show it. */
export const conflictOf = ({ rule, message, shift_ids, staff_id }: Violation) => ({
  rule,
  message,
  shift_ids,
  staff_id,
})

export function refuseBroken(violations: Violation[]): void {
  const [first] = violations
  if (!first) return
  const others = violations.length > 1 ? `, and ${violations.length - 1} more` : ''
  refuse('conflict', `${first.message}${others}`, {
    conflicts: violations.slice(0, maxConflicts).map(conflictOf),
    total_conflicts: violations.length,
  })
}

/** Puts somebody on a shift by hand. An existing assignment stays as it is. */
export async function assign({ db, clock }: App, who: Who, wanted: Assignment, pinned: boolean): Promise<number> {
  const at = clock.now()
  return atomically(db, tx => {
    personById(tx, wanted.staff_id)
    const there = assignmentsOfShift(tx, wanted.shift_id)
    refuseBroken(violationsOn(tx, [shiftById(tx, wanted.shift_id)], [...there, wanted], there))
    const row = { shiftId: wanted.shift_id, staffId: wanted.staff_id, pinned, createdAt: at }
    const { id } = tx.insert(assignments).values(row).returning().get()
    notifyOfDuties(tx, at, { New: [wanted] })
    touch(tx, 'roster')
    audit(tx, { at, who, action: 'roster.assign', target: `shift ${wanted.shift_id}`, detail: { ...wanted, pinned } })
    return id
  })
}

/** Puts somebody else in their place, in one step; a pinned place stays pinned. */
export async function replacePerson(
  { db, clock }: App,
  who: Who,
  id: number,
  staffId: number,
): Promise<PlacedAssignment> {
  const at = clock.now()
  return atomically(db, tx => {
    const { shift_id, staff_id, pinned } = assignmentById(tx, id)
    personById(tx, staffId)
    const wanted = { shift_id, staff_id: staffId }
    const others = assignmentsOfShift(tx, shift_id).filter(one => one.staff_id !== staff_id)
    refuseBroken(violationsOn(tx, [shiftById(tx, shift_id)], [...others, wanted], others))
    tx.delete(assignments).where(eq(assignments.id, id)).run()
    const row = { shiftId: shift_id, staffId, pinned, createdAt: at }
    const assignmentId = tx.insert(assignments).values(row).returning().get().id
    notifyOfDuties(tx, at, { New: [wanted], 'Taken off': [{ shift_id, staff_id }] })
    touch(tx, 'roster')
    const detail = { staff_id: staffId, instead_of: staff_id, pinned }
    audit(tx, { at, who, action: 'roster.replace', target: `shift ${shift_id}`, detail })
    return assignmentById(tx, assignmentId)
  })
}

/** The rules that people on this shift break as the shift is now. */
export const violationsOnShift = (db: Db, shiftId: number): Violation[] =>
  violationsOn(db, [shiftById(db, shiftId)], assignmentsOfShift(db, shiftId))

/** The rules that would be broken if these duties went to others, all at once. */
export function violationsOfMoves(
  db: Db,
  moves: readonly { duty: { shiftId: number; staffId: number }; to: number }[],
): Violation[] {
  const moved = new Set(moves.map(({ duty }) => dutyKey(duty.shiftId, duty.staffId)))
  const planned = moves.map(({ duty }) => shiftById(db, duty.shiftId))
  const others = planned
    .flatMap(({ id }) => assignmentsOfShift(db, id))
    .filter(({ shift_id, staff_id }) => !moved.has(dutyKey(shift_id, staff_id)))
  const wanted = moves.map(({ duty, to }) => ({ shift_id: duty.shiftId, staff_id: to }))
  return violationsOn(db, planned, [...others, ...wanted], others)
}

export const assignmentsIn = (db: Db, range: DateRange): PlacedAssignment[] =>
  db
    .select(placedColumns)
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(inRange(range))
    .orderBy(assignments.id)
    .all()

const assignmentsOfShift = (db: Db, shiftId: number): Assignment[] =>
  db
    .select({ shift_id: assignments.shiftId, staff_id: assignments.staffId })
    .from(assignments)
    .where(eq(assignments.shiftId, shiftId))
    .all()

export const placedSchema = t.Object({ id: idSchema, shift_id: idSchema, staff_id: idSchema, pinned: t.Boolean() })
type PlacedAssignment = Static<typeof placedSchema>
const placedColumns = {
  id: assignments.id,
  shift_id: assignments.shiftId,
  staff_id: assignments.staffId,
  pinned: assignments.pinned,
}

export const assignmentById = (db: Db, id: number): PlacedAssignment =>
  db.select(placedColumns).from(assignments).where(eq(assignments.id, id)).get() ??
  refuse('not_found', `There is no assignment ${id}`)

export async function setPinned({ db, clock }: App, who: Who, id: number, pinned: boolean): Promise<PlacedAssignment> {
  return atomically(db, tx => {
    const { shift_id, staff_id } = assignmentById(tx, id)
    tx.update(assignments).set({ pinned }).where(eq(assignments.id, id)).run()
    touch(tx, 'roster')
    const action = pinned ? 'roster.pin' : 'roster.unpin'
    audit(tx, { at: clock.now(), who, action, target: `assignment ${id}`, detail: { shift_id, staff_id } })
    return assignmentById(tx, id)
  })
}

export async function unassign({ db, clock }: App, who: Who, id: number): Promise<void> {
  await atomically(db, tx => {
    const at = clock.now()
    const { shift_id, staff_id, pinned } = assignmentById(tx, id)
    tx.delete(assignments).where(eq(assignments.id, id)).run()
    notifyOfDuties(tx, at, { 'Taken off': [{ shift_id, staff_id }] })
    touch(tx, 'roster')
    const detail = { shift_id, staff_id, pinned }
    audit(tx, { at, who, action: 'roster.unassign', target: `assignment ${id}`, detail })
  })
}
