/** The calendar that a person subscribes to: its private address, and its content. */
import { and, asc, between, eq } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { assignments, calendarAddresses, shifts, sites, staff } from '../../../db/schema.ts'
import { hashSecret, newSecret } from '../../accounts/secret.ts'
import { refuse } from '../../errors.ts'
import { day } from '../../platform/clock.ts'
import { dutyColumns, dutyText } from '../notices.ts'
import { namesText } from '../staff-queries.ts'
import type { Calendar } from './ical.ts'
import { colleaguesOn } from './own-duties.ts'

/** The secret is a query parameter: paths are logged, query parameters are not. */
export const calendarPath = (token: string) => `/calendar/shifts.ics?token=${token}`

/** The token is in this answer and is not stored anywhere. It invalidates the previous address. */
export function renewCalendarAddress(tx: Db, staffId: number, at: number): string {
  const token = newSecret()
  const row = { staffId, tokenHash: hashSecret(token), createdAt: at }
  tx.insert(calendarAddresses).values(row).onConflictDoUpdate({ target: calendarAddresses.staffId, set: row }).run()
  return token
}

export const endCalendarAddress = (tx: Db, staffId: number): boolean =>
  tx.delete(calendarAddresses).where(eq(calendarAddresses.staffId, staffId)).returning().all().length > 0

/** When the address was made; null if there is none. */
export const calendarSince = (db: Db, staffId: number): number | null =>
  db.select().from(calendarAddresses).where(eq(calendarAddresses.staffId, staffId)).get()?.createdAt ?? null

const [before, after] = [60 * day, 400 * day]
const maxDuties = 2_000 // duties

type CalendarQuery = { token: string; now: number; host: string }

/** The calendar of the owner of the address. Every wrong token gets the same answer. */
export function calendarOf(db: Db, { token, now, host }: CalendarQuery): Calendar {
  const owner = db
    .select({ id: staff.id, name: staff.name })
    .from(calendarAddresses)
    .innerJoin(staff, eq(staff.id, calendarAddresses.staffId))
    .where(eq(calendarAddresses.tokenHash, hashSecret(token)))
    .get()
  if (!owner) return refuse('not_found', 'There is no calendar at this address; it may have been renewed')
  const duties = db
    .select({ shiftId: shifts.id, kind: shifts.kind, skill: shifts.skill, ...dutyColumns })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .where(and(eq(assignments.staffId, owner.id), between(shifts.startsAt, now - before, now + after)))
    .orderBy(asc(shifts.startsAt))
    .limit(maxDuties)
    .all()
  const colleagues = colleaguesOn(
    db,
    duties.map(({ shiftId }) => shiftId),
    owner.id,
  )
  return {
    name: `Shifts of ${owner.name}`,
    at: now,
    events: duties.map(duty => {
      const others = colleagues.get(duty.shiftId) ?? []
      return {
        uid: `shift-${duty.shiftId}-${owner.id}@${host}`,
        from: duty.startsAt,
        to: duty.endsAt,
        summary: [duty.kind, duty.skill, duty.site].filter(Boolean).join(', '),
        location: duty.site,
        description: `${dutyText(duty)}${others.length ? `\nWith ${namesText(others)}` : ''}`,
      }
    }),
  }
}
