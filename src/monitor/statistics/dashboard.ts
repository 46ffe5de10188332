import { and, count, desc, eq, gte, inArray, isNull, min, ne, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { aggregate, countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import {
  activityCounts,
  leagues,
  ledger,
  type RunState,
  registrations,
  runTotals,
  uploads,
  users,
} from '../../../db/schema.ts'
import { type CalendarUnit, day, hour, iso, startOf } from '../../platform/clock.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { bucketsFrom, dateOf, groupingSchema, periodSchema, periodStart, type StatsPeriod } from '../period.ts'
import { firstRun, taskStats, taskStatsSchema } from './executions.ts'

export const sections = ['summary', 'trends', 'geographic', 'tasks'] as const
export type Section = (typeof sections)[number]

export const dashboardQuery = t.Object({
  period: t.Optional(periodSchema),
  include: t.Optional(
    t.String({ maxLength: 100, description: 'Some of summary, trends, geographic, tasks; all by default' }),
  ),
})
const countrySchema = t.Object({ country: t.Nullable(t.String()), users: t.Integer() })
export const dashboardSchema = t.Object({
  period: periodSchema,
  generated_at: dateTimeSchema,
  summary: t.Optional(
    t.Object({
      users: t.Integer(),
      leagues: t.Integer(),
      uploads: t.Integer(),
      runs: t.Integer(),
      trades: t.Integer(),
    }),
  ),
  trends: t.Optional(
    t.Array(
      t.Object({
        date: dateSchema,
        uploads: t.Integer(),
        runs: t.Integer(),
        failed: t.Integer(),
        cancelled: t.Integer(),
        active_users: t.Integer(),
      }),
    ),
  ),
  geographic: t.Optional(t.Array(countrySchema)),
  tasks: t.Optional(t.Array(taskStatsSchema)),
})
export type Dashboard = Static<typeof dashboardSchema>
export type DashboardInput = { period: StatsPeriod; include: readonly Section[]; now: number }

/** Counts only the sections asked for. Users and leagues are totals, the rest is of the period. */
export function dashboardStats(db: Db, { period, include, now }: DashboardInput): Dashboard {
  const begin = periodStart(period, 'day', now, firstRun(db))
  const since = period === 'all' ? 0 : begin
  const wanted = (section: Section) => include.includes(section)
  return {
    period,
    generated_at: iso(now),
    ...(wanted('summary') && { summary: summary(db, since) }),
    ...(wanted('trends') && { trends: trends(db, begin, now) }),
    ...(wanted('geographic') && { geographic: usersByCountry(db) }),
    ...(wanted('tasks') && { tasks: taskStats(db, period === 'all' ? 'ever' : begin) }),
  }
}

const isCounted = and(eq(uploads.dryRun, false), ne(uploads.status, 'cancelled'))

function summary(db: Db, begin: number): NonNullable<Dashboard['summary']> {
  return {
    users: usersByCountry(db).reduce((sum, { users }) => sum + users, 0),
    leagues: countRows(db, leagues),
    uploads: countRows(db, uploads, and(gte(uploads.createdAt, begin), isCounted)),
    runs:
      aggregate(
        db,
        runTotals,
        sql<number>`sum(${runTotals.runs})`,
        and(eq(runTotals.unit, 'day'), gte(runTotals.start, begin)),
      ) ?? 0,
    trades: countRows(db, ledger, and(gte(ledger.at, begin), inArray(ledger.kind, ['buy', 'sell']))),
  }
}

function trends(db: Db, begin: number, now: number): NonNullable<Dashboard['trends']> {
  const date = sql<number>`${uploads.createdAt} - ${uploads.createdAt} % ${day}`
  const uploaded = new Map(
    db
      .select({ date, total: count() })
      .from(uploads)
      .where(and(gte(uploads.createdAt, begin), isCounted))
      .groupBy(date)
      .all()
      .map(row => [row.date, row.total]),
  )
  const ended = (status: RunState) => sql<number>`sum(iif(${runTotals.status} = ${status}, ${runTotals.runs}, 0))`
  const runsByDay = new Map(
    db
      .select({
        start: runTotals.start,
        runs: sum(runTotals.runs).mapWith(Number),
        failed: ended('FAILURE'),
        cancelled: ended('CANCELLED'),
      })
      .from(runTotals)
      .where(and(eq(runTotals.unit, 'day'), gte(runTotals.start, begin)))
      .groupBy(runTotals.start)
      .all()
      .map(row => [row.start, row]),
  )
  const active = activeUsers(db, 'day', begin)
  return [...bucketsFrom(begin, 'day', now)].map(start => ({
    date: dateOf(start),
    uploads: uploaded.get(start) ?? 0,
    runs: runsByDay.get(start)?.runs ?? 0,
    failed: runsByDay.get(start)?.failed ?? 0,
    cancelled: runsByDay.get(start)?.cancelled ?? 0,
    active_users: active.get(start) ?? 0,
  }))
}

export const userQuery = t.Object({
  period: t.Optional(periodSchema),
  group_by: t.Optional(groupingSchema),
  country: t.Optional(
    t.String({
      pattern: '^[A-Za-z]{2}$',
      'x-error': 'Write the two letters of a country, such as NO.',
      description: 'ISO 3166-1 alpha-2',
    }),
  ),
})
export const userStatsSchema = t.Object({
  period: periodSchema,
  generated_at: dateTimeSchema,
  group_by: groupingSchema,
  buckets: t.Array(t.Object({ start: dateTimeSchema, registered: t.Integer(), active: t.Integer() })),
  by_country: t.Array(countrySchema),
  total: t.Integer(),
})
type UserStatistics = Static<typeof userStatsSchema>
export type UserInput = { period: StatsPeriod; group_by: CalendarUnit; country?: string; now: number }

/** Registrations and active users, by hour, day or month. */
export function userStats(db: Db, { period, group_by: unit, country, now }: UserInput): UserStatistics {
  const first = aggregate(db, registrations, min(registrations.day))
  const begin = periodStart(period, unit, now, first)
  const registered = new Map<number, number>()
  for (const [start, users] of unit === 'hour'
    ? registeredByHour(db, begin, country)
    : registeredUsers(db, begin, country)) {
    const at = startOf(unit, start)
    registered.set(at, (registered.get(at) ?? 0) + users)
  }
  const active = activeUsers(db, unit, begin, country)
  const buckets = [...bucketsFrom(begin, unit, now)].map(start => ({
    start: iso(start),
    registered: registered.get(start) ?? 0,
    active: active.get(start) ?? 0,
  }))
  const by_country = usersByCountry(db)
  const counted = country ? by_country.filter(home => home.country === country) : by_country
  return {
    period,
    generated_at: iso(now),
    group_by: unit,
    buckets,
    by_country,
    total: counted.reduce((sum, { users }) => sum + users, 0),
  }
}

/** How many, by when their hour, day or month began. */
type UsersByStart = Map<number, number>
const byStart = (counts: { start: number; users: number }[]): UsersByStart =>
  new Map(counts.map(({ start, users }) => [start, users]))

/** By day, as a trigger counts them. */
export const registeredUsers = (db: Db, begin: number, country?: string): UsersByStart =>
  byStart(
    db
      .select({ start: registrations.day, users: sum(registrations.users).mapWith(Number) })
      .from(registrations)
      .where(and(gte(registrations.day, begin), country ? eq(registrations.country, country) : undefined))
      .groupBy(registrations.day)
      .all(),
  )

/** Hours reach back at most two months, so the users themselves are few enough to count. */
function registeredByHour(db: Db, begin: number, country: string | undefined): UsersByStart {
  const start = sql<number>`${users.createdAt} - ${users.createdAt} % ${hour}`
  const ofCountry = country ? eq(users.country, country) : undefined
  const where = and(isNull(users.deletedAt), gte(users.createdAt, begin), ofCountry)
  return byStart(db.select({ start, users: count() }).from(users).where(where).groupBy(start).all())
}

export function activeUsers(db: Db, unit: CalendarUnit, begin: number, country?: string): UsersByStart {
  const { start, users } = activityCounts
  const ofCountry = country ? eq(activityCounts.country, country) : undefined
  return byStart(
    db
      .select({ start, users: sum(users).mapWith(Number) })
      .from(activityCounts)
      .where(and(eq(activityCounts.unit, unit), gte(start, begin), ofCountry))
      .groupBy(start)
      .all(),
  )
}

/** Most first; null are people without a country. */
const usersByCountry = (db: Db): { country: string | null; users: number }[] =>
  db
    .select({ country: registrations.country, users: sum(registrations.users).mapWith(Number) })
    .from(registrations)
    .groupBy(registrations.country)
    .orderBy(desc(sum(registrations.users)), registrations.country)
    .all()
    .filter(({ users }) => users > 0)
    .map(({ country, users }) => ({ country: country || null, users }))
