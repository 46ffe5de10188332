/** Notices to people about their own shifts, leave and swaps. People without an account get none. */
import { and, desc, eq, gt, isNotNull, isNull, lte } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { equalsGiven, isAmong, preparedInsert } from '../../db/prepared-writes.ts'
import { assignments, shifts, sites, staff, staffNotices } from '../../db/schema.ts'
import { prepared } from '../../db/transactions.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime } from '../platform/http/shared-schemas.ts'
import { shortDay } from './calendar-view.ts'
import type { Assignment } from './solving/problem.ts'

export const noticeSchema = t.Object(
  {
    id: idSchema,
    at: dateTimeSchema,
    message: t.String({ examples: ['New: Mon 23 Mar, 18:00–23:00, Riverside (Europe/Berlin)'] }),
    seen_at: nullableDateTime,
  },
  { $id: 'StaffNotice' },
)
export type StaffNotice = Static<typeof noticeSchema>
const noticeView = rowView(noticeSchema)

type NoticeKind = (typeof staffNotices.$inferSelect)['kind']

/** Shown on the page of their shifts, and mailed unless it was seen there first. False: they have no account. */
export function notify(tx: Db, at: number, staffId: number, message: string, kind: NoticeKind = 'roster'): boolean {
  if (!staffWithAccount(tx).get({ id: staffId })) return false
  insertNotice(tx, { staffId, at, message, kind })
  touch(tx, 'requests')
  return true
}
const staffWithAccount = prepared(db =>
  db
    .select({ id: staff.id })
    .from(staff)
    .where(and(equalsGiven(staff.id), isNotNull(staff.userId))),
)
const insertNotice = preparedInsert(staffNotices)

export function noticesOf(db: Db, staffId: number, slice: PageSlice) {
  const theirs = { where: eq(staffNotices.staffId, staffId), orderBy: [desc(staffNotices.id)] }
  const { rows, total } = rowsOfPage(db, staffNotices, theirs, slice)
  return { notices: rows.map(noticeView), total }
}

/** Oldest first: once they are marked as seen, the next ones follow. */
export function unseenNotices(db: Db, staffId: number, limit: number): StaffNotice[] {
  const isNew = and(eq(staffNotices.staffId, staffId), isNull(staffNotices.seenAt))
  return db.select().from(staffNotices).where(isNew).orderBy(staffNotices.id).limit(limit).all().map(noticeView)
}

/** Up to this one: notices that came after the page was made are still new. */
export const markSeen = (tx: Db, staffId: number, upTo: number, at: number): number =>
  tx
    .update(staffNotices)
    .set({ seenAt: at })
    .where(and(eq(staffNotices.staffId, staffId), isNull(staffNotices.seenAt), lte(staffNotices.id, upTo)))
    .returning()
    .all().length

/** A duty in words: its day and hours in the site's local time, and the time zone. */
export type DutyDescription = { day: string; startsAt: number; endsAt: number; site: string; timezone: string }
export const dutyText = (duty: DutyDescription): string => `${whenText(duty)}, ${whereText(duty)}`

const whenText = ({ day, startsAt, endsAt, timezone }: DutyDescription) =>
  `${shortDay(day)}, ${clockAt(startsAt, timezone)}–${clockAt(endsAt, timezone)}`
const whereText = ({ site, timezone }: DutyDescription) => `${site} (${timezone})`

const clockAt = (at: number, timezone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).toPlainTime().toString().slice(0, 5)

/** For queries of shifts with their sites. */
export const dutyColumns = {
  day: shifts.day,
  startsAt: shifts.startsAt,
  endsAt: shifts.endsAt,
  site: sites.name,
  timezone: sites.timezone,
}

export const dutyDescription = (db: Db, shiftId: number) =>
  db.select(dutyColumns).from(shifts).innerJoin(sites, eq(sites.id, shifts.siteId)).where(eq(shifts.id, shiftId)).get()

/** People with an account on these shifts, before something happens to them. Nobody is notified about past shifts. */
export const upcomingDuties = (db: Db, of: { shiftIds: readonly number[] } | { siteId: number }, now: number) =>
  db
    .select({ staff_id: assignments.staffId, shift_id: shifts.id, ...dutyColumns })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .innerJoin(staff, eq(staff.id, assignments.staffId))
    .where(
      and(
        'shiftIds' in of ? isAmong(shifts.id, of.shiftIds) : eq(sites.id, of.siteId),
        gt(shifts.endsAt, now),
        isNotNull(staff.userId),
      ),
    )
    .orderBy(shifts.startsAt)
    .all()

type UpcomingDuties = ReturnType<typeof upcomingDuties>

/** Notifies of a change of what they can see; not of other changes, such as the headcount. */
export function notifyOfMove(tx: Db, standing: UpcomingDuties, at: number): void {
  for (const before of standing) {
    const now = dutyDescription(tx, before.shift_id)
    if (now && dutyText(now) !== dutyText(before))
      notify(tx, at, before.staff_id, `Changed: ${dutyText(now)}; it was ${dutyText(before)}`)
  }
}

type Change = 'New' | 'Taken off'
const maxNamed = 8 // duties in one message

/** One message per person, whatever the number of duties. Returns how many people were notified. */
export function notifyOfDuties(tx: Db, at: number, changes: Partial<Record<Change, readonly Assignment[]>>): number {
  const changed = Object.entries(changes).flatMap(([change, duties]) => duties.map(duty => ({ change, ...duty })))
  const byShift = Map.groupBy(changed, ({ shift_id }) => shift_id)
  const inOrder = tx
    .select({ id: shifts.id, ...dutyColumns })
    .from(shifts)
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .where(and(isAmong(shifts.id, [...byShift.keys()]), gt(shifts.endsAt, at)))
    .orderBy(shifts.startsAt)
    .all()
    .flatMap(place => (byShift.get(place.id) ?? []).map(one => ({ ...one, ...place })))
  let notified = 0
  for (const [staffId, theirs] of Map.groupBy(inOrder, ({ staff_id }) => staff_id)) {
    const lines = Object.keys(changes).flatMap(change => {
      const duties = theirs.filter(one => one.change === change)
      return duties.length ? `${change}: ${dutyList(duties)}` : []
    })
    if (notify(tx, at, staffId, lines.join('. '))) notified++
  }
  return notified
}

/** The site of several is named once if they share it. */
function dutyList(duties: readonly DutyDescription[]): string {
  const [place, ...others] = new Set(duties.map(whereText))
  const isOnePlace = duties.length > 1 && others.length === 0
  const named = duties.slice(0, maxNamed).map(isOnePlace ? whenText : dutyText)
  if (duties.length > maxNamed) named.push(`and ${duties.length - maxNamed} more`)
  if (isOnePlace) named.push(`all at ${place}`)
  return named.join('; ')
}
