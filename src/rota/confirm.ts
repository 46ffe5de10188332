/** Publishes a roster: checked again by the independent checker, written in one transaction. */
import { sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import { assignments } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { Actor, Who } from '../platform/http/request-context.ts'
import { dateSchema } from '../platform/http/shared-schemas.ts'
import { assignmentsIn, refuseBroken } from './assignments.ts'
import type { DateRange } from './date-range.ts'
import { type Draft, draftById, isDraftAsRead, markConfirmed } from './drafts.ts'
import { type AssignmentsCheck, checkAssignments, rosterVersion } from './load-problem.ts'
import { notifyOfDuties } from './notices.ts'
import { type Assignment, assignmentKey } from './solving/problem.ts'

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
