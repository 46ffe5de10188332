/** Leave: requested by a person, decided by an officer. Approved leave is an absence, which the rules respect. */
import { and, asc, between, desc, eq, gte, inArray, lte, ne, or, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { assignments, leaveRequests, leaveStates, shifts, sites, staff, unavailability } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { byName } from '../../platform/by-name.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { hour } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { rowView } from '../../platform/http/row-view.ts'
import {
  dateSchema,
  dateTimeSchema,
  idSchema,
  nullableDateTime,
  oneOfWords,
} from '../../platform/http/shared-schemas.ts'
import { dateSpan } from '../calendar-view.ts'
import { checkDateRange, daysAfter, today } from '../date-range.ts'
import { notify } from '../notices.ts'
import { localDate, maxHours } from '../shift.ts'
import { todayAtSites } from '../site-queries.ts'
import { changeOwn } from './changes.ts'

export const leaveStateSchema = oneOfWords(leaveStates)
const dateWithExample = (example: string) => ({ ...dateSchema, examples: [example] })
const noteSchema = t.String({ maxLength: 500, examples: ['A wedding'] })

export const newLeave = t.Object(
  { from: dateWithExample('2026-07-01'), to: dateWithExample('2026-07-14'), note: t.Optional(noteSchema) },
  { description: 'Both days are included', examples: [{ from: '2026-07-01', to: '2026-07-14', note: 'A wedding' }] },
)
export const leaveSchema = t.Object(
  {
    id: idSchema,
    staff_id: idSchema,
    name: t.String({ examples: ['Ann'] }),
    from: dateWithExample('2026-07-01'),
    to: dateWithExample('2026-07-14'),
    note: t.Nullable(noteSchema),
    state: leaveStateSchema,
    reason: t.Nullable(t.String({ description: 'The officer’s reason for the decision' })),
    duties: t.Integer({ description: 'Their duties in the current roster that reach into these days' }),
    first_duty: t.Nullable({
      ...dateSchema,
      description: 'The day of the first: that before the leave, if it is a night',
    }),
    created_at: dateTimeSchema,
    decided_at: nullableDateTime,
  },
  { $id: 'Leave' },
)
export type LeaveView = Static<typeof leaveSchema>

const maxDays = 366 // days

export const askForOwnLeave = (app: App, who: Who | undefined, given: Static<typeof newLeave>): Promise<number> =>
  changeOwn(app, who, 'leave.ask', given, (tx, me, at) => askForLeave(tx, me.id, given, at))

function askForLeave(tx: Db, staffId: number, given: Static<typeof newLeave>, at: number): number {
  const { from, to } = given
  checkDateRange(from, to, 'to', maxDays)
  if (to < today(at - 12 * hour)) invalid('to', 'These days are in the past.') // everywhere: a site may be far west
  const other = tx
    .select()
    .from(leaveRequests)
    .where(
      and(
        eq(leaveRequests.staffId, staffId),
        inArray(leaveRequests.state, ['pending', 'approved']),
        lte(leaveRequests.from, to),
        gte(leaveRequests.to, from),
      ),
    )
    .get()
  if (other) refuse('conflict', `You have already asked for leave ${dateSpan(other.from, other.to)}`)
  const row = { staffId, from, to, note: given.note?.trim() || null, createdAt: at }
  return tx.insert(leaveRequests).values(row).returning().get().id
}

const selectLeave = (db: Db) =>
  db
    .select({ leave: leaveRequests, name: staff.name })
    .from(leaveRequests)
    .innerJoin(staff, eq(staff.id, leaveRequests.staffId))
    .$dynamic()

const isPending = eq(leaveRequests.state, 'pending')

type LeaveFilter = { staffId?: number; state?: LeaveView['state'] }

/** Pending requests first, by their first day and in the order they were made; then the newest. */
export function listLeave(db: Db, { staffId, state }: LeaveFilter, { limit, offset }: PageSlice) {
  const where = and(
    staffId === undefined ? undefined : eq(leaveRequests.staffId, staffId),
    state && eq(leaveRequests.state, state),
  )
  const leave = selectLeave(db)
    .where(where)
    .orderBy(
      desc(isPending),
      sql`case when ${isPending} then ${leaveRequests.from} end`,
      sql`case when ${isPending} then ${leaveRequests.id} else -${leaveRequests.id} end`,
    )
    .limit(limit)
    .offset(offset)
    .all()
    .map(row => leaveView(db, row))
  return { leave, total: countRows(db, leaveRequests, where) }
}

/** Of duties that reach into the leave, as the rules count it. */
const daysOfDuties = (db: Db, { staffId, from, to }: LeaveRow): string[] =>
  dutiesOnDays(db)
    .all({ staffId, first: daysAfter(from, -maxHours / 24), last: to })
    .filter(({ endsAt, timezone }) => localDate(endsAt - 1, timezone) >= from)
    .map(({ day }) => day)

const dutiesOnDays = prepared(db =>
  db
    .select({ day: shifts.day, endsAt: shifts.endsAt, timezone: sites.timezone })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .where(
      and(equalsGiven(assignments.staffId), between(shifts.day, sql.placeholder('first'), sql.placeholder('last'))),
    )
    .orderBy(asc(shifts.startsAt)),
)

/** The names of others who are away on some of these days: by approved leave, or an absence that an officer entered. */
export function othersAway(db: Db, { staff_id, from, to }: LeaveView): string[] {
  const onLeave = db
    .select({ id: leaveRequests.staffId })
    .from(leaveRequests)
    .where(and(eq(leaveRequests.state, 'approved'), lte(leaveRequests.from, to), gte(leaveRequests.to, from)))
  const absent = db
    .select({ id: unavailability.staffId })
    .from(unavailability)
    .where(and(lte(sql`substr(${unavailability.from}, 1, 10)`, to), gte(unavailability.to, from)))
  return db
    .select({ name: staff.name })
    .from(staff)
    .where(
      and(eq(staff.active, true), ne(staff.id, staff_id), or(inArray(staff.id, onLeave), inArray(staff.id, absent))),
    )
    .orderBy(asc(staff.id))
    .all()
    .sort(byName)
    .map(({ name }) => name)
}

export const pendingLeave = (db: Db): number => countRows(db, leaveRequests, isPending)

const viewOf = rowView(leaveSchema)
function leaveView(db: Db, { leave, name }: { leave: LeaveRow; name: string }): LeaveView {
  const days = daysOfDuties(db, leave)
  return viewOf({ ...leave, name, duties: days.length, firstDuty: days[0] ?? null })
}
type LeaveRow = typeof leaveRequests.$inferSelect

/** With `staffId`, only theirs: for everybody else it does not exist. */
export function leaveById(db: Db, id: number, staffId?: number): LeaveView {
  const isRequested = and(
    eq(leaveRequests.id, id),
    staffId === undefined ? undefined : eq(leaveRequests.staffId, staffId),
  )
  const found = selectLeave(db).where(isRequested).get()
  return found ? leaveView(db, found) : refuse('not_found', `There is no leave ${id}`)
}

/** Approved leave can still be declined later. */
export function decideLeave(
  tx: Db,
  id: number,
  state: 'approved' | 'declined',
  reason: string | undefined,
  at: number,
) {
  const leave = leaveById(tx, id)
  const isOpen = leave.state === 'pending' || (leave.state === 'approved' && state === 'declined')
  if (!isOpen) refuse('conflict', `This leave is already ${leave.state}`)
  setState(tx, id, state, at, reason?.trim() || null)
  const { staff_id: staffId, from, to } = leave
  notify(tx, at, staffId, `Your leave ${dateSpan(from, to)} is ${state}${reason?.trim() ? `: ${reason.trim()}` : ''}`)
}

/** Withdraws one's own leave before it has started. */
export function withdrawLeave(tx: Db, id: number, staffId: number, at: number): void {
  const { state, from } = leaveById(tx, id, staffId)
  if (state === 'declined' || state === 'withdrawn') refuse('conflict', `This leave is already ${state}`)
  if (state === 'approved' && from <= todayAtSites(tx, at)) refuse('conflict', 'This leave has started; ask an officer')
  setState(tx, id, 'withdrawn', at, null)
}

function setState(tx: Db, id: number, state: LeaveView['state'], at: number, reason: string | null): void {
  tx.update(leaveRequests).set({ state, decidedAt: at, reason }).where(eq(leaveRequests.id, id)).run()
  touch(tx, 'staff') // it may have become an absence, or be none any more
}
