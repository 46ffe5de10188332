import { and, count, eq, gte, inArray, ne, sql, sum } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { leagues, ledger, type RunState, runTotals, uploads } from '../../../db/schema.ts'
import { day, iso } from '../../platform/clock.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/text-formats.ts'
import { taskStats } from './executions.ts'
import {
  activeUsers,
  bucketsFrom,
  countrySchema,
  dateOf,
  periodSchema,
  periodStart,
  type StatsPeriod,
  usersByCountry,
} from './users.ts'

export const sections = ['summary', 'trends', 'geographic', 'tasks'] as const
export type Section = (typeof sections)[number]

export const dashboardQuery = t.Object({
  period: t.Optional(periodSchema),
  include: t.Optional(
    t.String({ maxLength: 100, description: 'Some of summary, trends, geographic, tasks; all unless told' }),
  ),
})
const ms = t.Nullable(t.Number())
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
  tasks: t.Optional(
    t.Array(
      t.Object({
        name: t.String(),
        runs: t.Integer({ description: 'Those that succeeded, failed or were cancelled' }),
        failed: t.Integer(),
        cancelled: t.Integer(),
        avg_ms: ms,
        p95_ms: t.Nullable(t.Number({ description: 'Within 10 %' })),
      }),
    ),
  ),
})
export type Dashboard = Static<typeof dashboardSchema>
export type DashboardInput = { period: StatsPeriod; include: readonly Section[]; now: number }

/** Only the sections asked for are counted. Users and leagues are all there are, the rest what the period brought. */
export function dashboardStats(db: Db, { period, include, now }: DashboardInput): Dashboard {
  const first =
    db
      .select({ at: sql<number | null>`min(${runTotals.start})` })
      .from(runTotals)
      .get()?.at ?? null
  const begin = periodStart(period, 'day', now, first)
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

const kept = and(eq(uploads.dryRun, false), ne(uploads.status, 'cancelled'))

function summary(db: Db, begin: number): NonNullable<Dashboard['summary']> {
  return {
    users: usersByCountry(db).reduce((sum, { users }) => sum + users, 0),
    leagues: db.select({ total: count() }).from(leagues).get()?.total ?? 0,
    uploads:
      db
        .select({ total: count() })
        .from(uploads)
        .where(and(gte(uploads.createdAt, begin), kept))
        .get()?.total ?? 0,
    runs:
      db
        .select({ total: sum(runTotals.runs).mapWith(Number) })
        .from(runTotals)
        .where(and(eq(runTotals.unit, 'day'), gte(runTotals.start, begin)))
        .get()?.total ?? 0,
    trades:
      db
        .select({ total: count() })
        .from(ledger)
        .where(and(gte(ledger.at, begin), inArray(ledger.kind, ['buy', 'sell'])))
        .get()?.total ?? 0,
  }
}

function trends(db: Db, begin: number, now: number): NonNullable<Dashboard['trends']> {
  const date = sql<number>`${uploads.createdAt} - ${uploads.createdAt} % ${day}`
  const sent = new Map(
    db
      .select({ date, total: count() })
      .from(uploads)
      .where(and(gte(uploads.createdAt, begin), kept))
      .groupBy(date)
      .all()
      .map(row => [row.date, row.total]),
  )
  const ended = (status: RunState) => sql<number>`sum(iif(${runTotals.status} = ${status}, ${runTotals.runs}, 0))`
  const ran = new Map(
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
  const active = new Map(activeUsers(db, 'day', begin).map(({ start, users }) => [start, users]))
  return [...bucketsFrom(begin, 'day', now)].map(start => ({
    date: dateOf(start),
    uploads: sent.get(start) ?? 0,
    runs: ran.get(start)?.runs ?? 0,
    failed: ran.get(start)?.failed ?? 0,
    cancelled: ran.get(start)?.cancelled ?? 0,
    active_users: active.get(start) ?? 0,
  }))
}
