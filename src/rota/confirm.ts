/** Publishes a roster: checked again by the independent checker, written in one transaction. */
import { eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import { assignments, shifts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { Actor, Who } from '../platform/http/request-context.ts'
import { dateSchema, idSchema } from '../platform/http/shared-schemas.ts'
import type { DateRange } from './date-range.ts'
import { type Draft, draftById, isDraftAsRead, markConfirmed } from './drafts.ts'
import { type AssignmentsCheck, checkAssignments, rosterVersion, violationsOn } from './load-problem.ts'
import { notifyOfDuties } from './notices.ts'
import { inRange, shiftById } from './shift-queries.ts'
import type { Violation } from './solving/check.ts'
import { type Assignment, assignmentKey, dutyKey } from './solving/problem.ts'
import { personById } from './staff-queries.ts'

export const confirmedSchema = t.Object({
  confirmed: t.Integer({ description: 'Places filled now, including pinned ones' }),
  added: t.Integer(),
  removed: t.Integer(),
  pinned: t.Integer(),
  start_date: dateSchema,
  end_date: dateSchema,
  site_ids: t.Array(t.Integer()),
  already_confirmed: t.Boolean(),
  unmet: t.Array(t.String(), {
    description: 'Hours and days in a row that people should have but do not, in sentences',
  }),
  notified: t.Integer({ description: 'People with an account who were notified of a change' }),
})
type Confirmed = Static<typeof confirmedSchema>

const confirmedAnswer = ({ start, end, siteIds }: DateRange, counts: Partial<Confirmed>): Confirmed => ({
  confirmed: 0,
  added: 0,
  removed: 0,
  pinned: 0,
  start_date: start,
  end_date: end,
  site_ids: siteIds,
  already_confirmed: false,
  unmet: [],
  notified: 0,
  ...counts,
})

/** The draft of a job as it is then. Confirming it again returns the same and changes nothing. */
export async function confirmDraft(app: App, who: Who, jobId: string): Promise<Confirmed> {
  for (;;) {
    const draft = draftById(app.db, jobId)
    const { range } = draft
    const wanted = draft.content.assignments
    if (draft.confirmedAt !== null) return confirmedAnswer(range, { confirmed: wanted.length, already_confirmed: true })
    const written = await writeChecked(app, who, range, wanted, draft)
    if (written) return written
  }
}

/** Replaces what is not pinned in that range. An empty list changes nothing and only drops cached answers. */
export async function confirmRoster(app: App, who: Who, range: DateRange, wanted: Assignment[]): Promise<Confirmed> {
  if (!wanted.length) {
    await atomically(app.db, tx => touch(tx, 'roster'))
    return confirmedAnswer(range, {})
  }
  for (;;) {
    const written = await writeChecked(app, who, range, wanted)
    if (written) return written
  }
}

/** Undefined if the roster, or the draft that it comes from, changed since it was checked. */
async function writeChecked(
  { reader, bulkWriter }: App,
  who: Who,
  range: DateRange,
  wanted: Assignment[],
  draft?: Draft,
): Promise<Confirmed | undefined> {
  const checked: AssignmentsCheck = await reader.read(checkAssignments, { range, assignments: wanted })
  refuseBroken(checked.violations)
  const read = draft && { jobId: draft.jobId, changes: draft.changes }
  return bulkWriter.write(publishRoster, { range, checked, draft: read, who })
}

type ByOfficer = { range: DateRange; who: Actor; at: number }
type Publishing = ByOfficer & { checked: AssignmentsCheck; draft: Pick<Draft, 'jobId' | 'changes'> | undefined }

/** As a bulk write. */
export const publishRoster = (db: Db, { range, checked, draft, who, at }: Publishing): Promise<Confirmed | undefined> =>
  atomically(db, tx => {
    if (rosterVersion(tx) !== checked.version) return undefined
    if (draft && !isDraftAsRead(tx, draft)) return undefined
    const counts = writeAssignments(tx, range, checked.assignments, at)
    if (draft) markConfirmed(tx, draft.jobId, at)
    touch(tx, 'roster')
    const target = `roster ${range.start} to ${range.end}`
    const detail = { job_id: draft?.jobId, sites: range.siteIds, ...counts }
    audit(tx, { at, who, action: 'roster.confirm', target, detail })
    return confirmedAnswer(range, { ...counts, unmet: checked.unmet })
  })

/** Removes everyone in that range who is not pinned. */
export const clearRoster = ({ bulkWriter }: App, who: Who, range: DateRange): Promise<Confirmed> =>
  bulkWriter.write(clearAssignments, { range, who })

/** As a bulk write. */
export const clearAssignments = (db: Db, { range, who, at }: ByOfficer): Promise<Confirmed> =>
  atomically(db, tx => {
    const counts = writeAssignments(tx, range, [], at)
    touch(tx, 'roster')
    const detail = { sites: range.siteIds, removed: counts.removed }
    audit(tx, { at, who, action: 'roster.clear', target: `roster ${range.start} to ${range.end}`, detail })
    return confirmedAnswer(range, counts)
  })

/** Only touches what differs: people who stay keep the same row. */
function writeAssignments(tx: Db, range: DateRange, wanted: Assignment[], at: number) {
  const present = assignmentsIn(tx, range)
  const keys = new Set(wanted.map(assignmentKey))
  const removed = present.filter(one => !one.pinned && !keys.has(assignmentKey(one)))
  const removedIds = removed.map(({ id }) => id)
  tx.delete(assignments).where(isAmong(assignments.id, removedIds)).run()
  const known = new Set(present.map(assignmentKey))
  const added = wanted.filter(one => !known.has(assignmentKey(one)))
  tx.run(sql`insert into ${assignments} (shift_id, staff_id, pinned, created_at)
    select value ->> 'shift_id', value ->> 'staff_id', 0, ${at} from json_each(${JSON.stringify(added)})`)
  return {
    notified: notifyOfDuties(tx, at, { New: added, 'Taken off': removed }),
    confirmed: present.length - removed.length + added.length,
    added: added.length,
    removed: removed.length,
    pinned: present.filter(({ pinned }) => pinned).length,
  }
}

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

/** Who is assigned in this range. */
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
