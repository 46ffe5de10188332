/** A person's own shifts, as their page, their calendar and the API show them. */

import { and, asc, between, count, desc, eq, gt, lte, ne, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { isAmong } from '../../../db/prepared-writes.ts'
import { assignments, shifts, staff, swapOffers } from '../../../db/schema.ts'
import { refuse } from '../../errors.ts'
import { compareNames } from '../../platform/by-name.ts'
import { hour } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { dateSchema, dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { brokenDutyRuleSchema } from '../broken-duties.ts'
import { daysAfter, mondayOf } from '../date-range.ts'
import { brokenRulesOn, shownShiftsByIds, staffNames } from '../roster-view.ts'
import { hoursOf, hundredths, maxHours } from '../shift.ts'
import { todayAtSites } from '../site-queries.ts'
import { dutyKey } from '../solving/problem.ts'

export type StaffRow = typeof staff.$inferSelect

export const staffOfUser = (db: Db, userId: number | null): StaffRow | undefined =>
  userId === null ? undefined : db.select().from(staff).where(eq(staff.userId, userId)).get()

export const ownStaff = (db: Db, who: Who): StaffRow =>
  staffOfUser(db, who.id) ??
  refuse('not_found', 'Your account is not linked to a staff member; an officer can link it on the person’s page')

export const ownDutySchema = t.Object(
  {
    assignment_id: idSchema,
    shift_id: idSchema,
    site_id: idSchema,
    site: t.String({ examples: ['Riverside'] }),
    timezone: t.String({
      description: 'The site’s time zone, which date, from and to are in',
      examples: ['Europe/Berlin'],
    }),
    date: dateSchema,
    from: t.String({ examples: ['18:00'] }),
    to: t.String({ examples: ['23:00'] }),
    starts_at: dateTimeSchema,
    ends_at: dateTimeSchema,
    hours: t.Number({ examples: [5] }),
    kind: t.Nullable(t.String({ examples: ['late'] })),
    skill: t.Nullable(t.String()),
    certification: t.Nullable(t.String()),
    pinned: t.Boolean(),
    colleagues: t.Array(t.String(), {
      description: 'Others at the site for more than half of this shift, on it or on another',
      examples: [['Bob', 'Cy']],
    }),
    against: t.Array(brokenDutyRuleSchema, { description: 'The rules it breaks now, so that they cannot work it' }),
    offered: t.Nullable(
      t.Object({
        id: idSchema,
        taken_by: t.Nullable(t.String({ description: 'A colleague who will take it once an officer approves' })),
      }),
    ),
  },
  { $id: 'OwnDuty' },
)
export type OwnDuty = Static<typeof ownDutySchema>

type OwnDutiesQuery = { staffId: number; now: number; past?: boolean; slice: PageSlice }

/** Upcoming duties, next first; or past ones, last first. */
export function ownDuties(db: Db, { staffId, now, past, slice: { limit, offset } }: OwnDutiesQuery) {
  const where = and(eq(assignments.staffId, staffId), past ? lte(shifts.endsAt, now) : gt(shifts.endsAt, now))
  const rows = db
    .select({ id: assignments.id, shiftId: shifts.id, offer: swapOffers.id, takenBy: swapOffers.takenBy })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .leftJoin(swapOffers, eq(swapOffers.assignmentId, assignments.id))
    .where(where)
    .orderBy(past ? desc(shifts.startsAt) : asc(shifts.startsAt), asc(shifts.id))
    .limit(limit)
    .offset(offset)
    .all()
  const total = db
    .select({ total: count() })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(where)
    .get()
  return { duties: ownDutyViews(db, staffId, rows, now), total: total?.total ?? 0 }
}

type Row = { id: number; shiftId: number; offer: number | null; takenBy: number | null }

function ownDutyViews(db: Db, staffId: number, rows: Row[], now: number): OwnDuty[] {
  const ids = rows.map(({ shiftId }) => shiftId)
  const shown = new Map(shownShiftsByIds(db, ids, now).map(shift => [shift.id, shift]))
  const takers = rows.flatMap(({ takenBy }) => takenBy ?? [])
  const names = staffNames(db, takers)
  const own = [...shown.values()].map(shift => ({
    ...shift,
    staff: shift.staff.filter(one => one.staff_id === staffId),
  }))
  const against = brokenRulesOn(db, own, now)
  const colleagues = colleaguesOn(db, ids, staffId)
  return rows.flatMap(({ id, shiftId, offer, takenBy }) => {
    const shift = shown.get(shiftId)
    if (!shift) return []
    return {
      assignment_id: id,
      shift_id: shiftId,
      site_id: shift.site_id,
      site: shift.site,
      timezone: shift.timezone,
      date: shift.date,
      from: shift.from,
      to: shift.to,
      starts_at: shift.starts_at,
      ends_at: shift.ends_at,
      hours: hundredths(hoursOf(shift)),
      kind: shift.kind,
      skill: shift.skill,
      certification: shift.certification,
      pinned: shift.staff.some(one => one.staff_id === staffId && one.pinned),
      colleagues: colleagues.get(shiftId) ?? [],
      against: against.get(dutyKey(shiftId, staffId)) ?? [],
      offered: offer === null ? null : { id: offer, taken_by: takenBy === null ? null : (names.get(takenBy) ?? null) },
    }
  })
}

const others = alias(shifts, 'others')
const msTogether = sql`min(${shifts.endsAt}, ${others.endsAt}) - max(${shifts.startsAt}, ${others.startsAt})`

/**
 * By shift, the names of the others who are at its site for more than half of it: a crew may be planned as several shifts. Who
 * only relieves them, or is relieved, is not among them.
 */
export function colleaguesOn(db: Db, shiftIds: readonly number[], staffId: number): Map<number, string[]> {
  const found = db
    .selectDistinct({ shiftId: shifts.id, staffId: staff.id, name: staff.name })
    .from(shifts)
    .innerJoin(
      others,
      and(
        eq(others.siteId, shifts.siteId),
        between(others.startsAt, sql`${shifts.startsAt} - ${maxHours * hour}`, shifts.endsAt),
        sql`2 * (${msTogether}) > ${shifts.endsAt} - ${shifts.startsAt}`,
      ),
    )
    .innerJoin(assignments, eq(assignments.shiftId, others.id))
    .innerJoin(staff, eq(staff.id, assignments.staffId))
    .where(and(isAmong(shifts.id, shiftIds), ne(staff.id, staffId)))
    .all()
  const byShift = Map.groupBy(found, ({ shiftId }) => shiftId)
  return new Map([...byShift].map(([shiftId, people]) => [shiftId, people.map(({ name }) => name).sort(compareNames)]))
}

/** Hours of the week around this moment, by the day on which a shift starts. */
export function hoursOfWeek(db: Db, staffId: number, now: number): number {
  const monday = mondayOf(todayAtSites(db, now))
  const worked = db
    .select({ ms: sql<number>`coalesce(sum(${shifts.endsAt} - ${shifts.startsAt}), 0)` })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(and(eq(assignments.staffId, staffId), between(shifts.day, monday, daysAfter(monday, 6))))
    .get()
  return hundredths((worked?.ms ?? 0) / hour)
}
