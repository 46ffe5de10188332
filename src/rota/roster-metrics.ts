/** The numbers on the dashboard: this week and the next, staff, and expiring certificates. */
import { and, between, count, desc, eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { assignments, certifications, dailyMetrics, shifts, sites, staff } from '../../db/schema.ts'
import { byName } from '../platform/by-name.ts'
import { hour, iso, minute } from '../platform/clock.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema } from '../platform/http/shared-schemas.ts'
import { daysAfter, mondayOf } from './date-range.ts'
import { peopleOnShift } from './shift-queries.ts'
import { todayAtSites } from './site-queries.ts'

const sumSchema = t.Object({
  start: dateSchema,
  end: dateSchema,
  shifts: t.Integer(),
  places: t.Integer(),
  filled: t.Integer(),
  coverage: t.Nullable(t.Number()),
  hours: t.Number({ description: 'Hours of the people on shifts' }),
  cost_cents: t.Integer(),
})
const daySchema = t.Object({
  day: dateSchema,
  users: t.Integer(),
  active_users: t.Integer(),
  active_leagues: t.Integer(),
  uploads: t.Integer(),
  trades: t.Integer(),
  runs: t.Integer(),
  failed_runs: t.Integer(),
  shifts: t.Integer(),
  places: t.Integer(),
  filled: t.Integer(),
  hours: t.Number(),
  cost_cents: t.Integer(),
})
const dayView = rowView(daySchema)
const certificateSchema = t.Object({
  staff_id: idSchema,
  name: t.String(),
  certification: t.String(),
  expires_on: dateSchema,
})
export const rosterMetricsSchema = t.Object(
  {
    generated_at: dateTimeSchema,
    sites: t.Integer(),
    staff: t.Object({ total: t.Integer(), active: t.Integer() }),
    this_week: sumSchema,
    next_week: sumSchema,
    expiring_certificates: t.Array(certificateSchema, { description: 'Within 60 days, earliest first' }),
    expired_certificates: t.Array(certificateSchema, {
      description: 'Expired and not renewed certificates of active staff',
    }),
    daily: t.Array(daySchema, { description: 'The counts of the last 30 nights, newest first' }),
  },
  { $id: 'RosterMetrics' },
)
export type RosterMetrics = Static<typeof rosterMetricsSchema>

/** Weeks are counted from today at the sites; a shift belongs to the week of its local date. */
export function rosterMetrics(db: Db, { now }: { now: number }): RosterMetrics {
  const date = todayAtSites(db, now)
  const monday = mondayOf(date)
  const ending = certificatesEnding(db, { by: daysAfter(date, 60) })
  const people = db
    .select({ total: count(), active: sql<number>`coalesce(sum(${staff.active}), 0)` })
    .from(staff)
    .get() ?? { total: 0, active: 0 }
  return {
    generated_at: iso(now),
    sites: countRows(db, sites),
    staff: people,
    this_week: rosterTotals(db, monday, daysAfter(monday, 6)),
    next_week: rosterTotals(db, daysAfter(monday, 7), daysAfter(monday, 13)),
    expiring_certificates: ending.filter(({ expires_on }) => expires_on >= date),
    expired_certificates: ending.filter(({ expires_on }) => expires_on < date),
    daily: db
      .select()
      .from(dailyMetrics)
      .orderBy(desc(dailyMetrics.day))
      .limit(30)
      .all()
      .map(row => dayView({ ...row, hours: row.minutesWorked / 60 })),
  }
}

/** People beyond the headcount of a shift fill no place of another. */
export function rosterTotals(db: Db, start: string, end: string) {
  const { shiftCount, places, filled } = db
    .select({
      shiftCount: count(),
      places: sql<number>`coalesce(sum(${shifts.headcount}), 0)`,
      filled: sql<number>`coalesce(sum(min(${shifts.headcount}, ${peopleOnShift})), 0)`,
    })
    .from(shifts)
    .where(between(shifts.day, start, end))
    .get() ?? { shiftCount: 0, places: 0, filled: 0 }
  const length = sql`(${shifts.endsAt} - ${shifts.startsAt})`
  const { minutes, cost } = db
    .select({
      minutes: sql<number>`coalesce(sum(${length}) / ${minute}, 0)`,
      cost: sql<number>`coalesce(sum(cast(round(1.0 * ${staff.hourlyCents} * ${length} / ${hour}) as integer)), 0)`,
    })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(staff, eq(staff.id, assignments.staffId))
    .where(between(shifts.day, start, end))
    .get() ?? { minutes: 0, cost: 0 }
  const coverage = places ? filled / places : null
  return { start, end, shifts: shiftCount, places, filled, coverage, hours: minutes / 60, cost_cents: cost }
}

/** Certificates of active staff that expire by that day or have expired; renewed ones do not count. */
export function certificatesEnding(db: Db, { by, staffId }: { by: string; staffId?: number }) {
  const lastDay = sql<string>`max(${certifications.expiresOn})`
  return db
    .select({
      staff_id: certifications.staffId,
      name: staff.name,
      certification: certifications.name,
      expires_on: lastDay,
    })
    .from(certifications)
    .innerJoin(staff, and(eq(staff.id, certifications.staffId), eq(staff.active, true)))
    .where(staffId === undefined ? undefined : eq(staff.id, staffId))
    .groupBy(certifications.staffId, certifications.name)
    .having(sql`${lastDay} <= ${by}`)
    .all()
    .sort((a, b) => a.expires_on.localeCompare(b.expires_on) || byName(a, b))
}
