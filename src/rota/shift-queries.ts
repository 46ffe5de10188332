/** Shifts. Changes to them drop cached answers: topics `shifts` and `roster`. */
import { and, asc, between, eq, gt, gte, inArray, lte, or, type SQL, sql } from 'drizzle-orm'
import { rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { equalsGiven, isAmong } from '../../db/prepared-writes.ts'
import { assignments, shifts } from '../../db/schema.ts'
import { refuse } from '../errors.ts'
import { batchesOf } from '../platform/batches.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { DateRange } from './date-range.ts'
import { localDate, type NewShift, type Shift } from './shift.ts'
import { siteById, timezoneOfSite } from './site-queries.ts'

export const shiftById = (db: Db, id: number): Shift =>
  db.select().from(shifts).where(eq(shifts.id, id)).get() ?? refuse('not_found', `There is no shift ${id}`)

export const inRange = ({ start, end, siteIds }: DateRange): SQL | undefined =>
  and(between(shifts.day, start, end), siteIds.length ? inArray(shifts.siteId, siteIds) : undefined)

/** Of each row of `shifts`. */
export const peopleOnShift = sql<number>`(select count(*) from ${assignments} where ${eq(assignments.shiftId, shifts.id)})`

/** `skill`: only shifts that ask for it, be it beside another; `open`: only those that lack people. */
export type ShiftsFilter = {
  start?: string
  end?: string
  site_id?: number
  staff_id?: number
  skill?: string
  open?: boolean
}

const matching = (db: Db, { start, end, site_id, staff_id, skill, open }: ShiftsFilter) =>
  and(
    start ? gte(shifts.day, start) : undefined,
    end ? lte(shifts.day, end) : undefined,
    site_id ? eq(shifts.siteId, site_id) : undefined,
    staff_id ? inArray(shifts.id, shiftsOf(db, staff_id)) : undefined,
    skill
      ? or(eq(shifts.skill, skill), sql`exists (select 1 from json_each(${shifts.skills}) where value = ${skill})`)
      : undefined,
    open ? gt(shifts.headcount, peopleOnShift) : undefined,
  )

export function listShifts(db: Db, filter: ShiftsFilter, slice: PageSlice) {
  const where = matching(db, filter)
  const { rows, total } = rowsOfPage(db, shifts, { where, orderBy: [shifts.startsAt, shifts.id] }, slice)
  return { shifts: rows, total }
}

export const shiftIdsMatching = (db: Db, filter: ShiftsFilter): number[] =>
  db
    .select({ id: shifts.id })
    .from(shifts)
    .where(matching(db, filter))
    .all()
    .map(({ id }) => id)

export const kindsOfShifts = (db: Db): string[] =>
  db
    .selectDistinct({ kind: shifts.kind })
    .from(shifts)
    .all()
    .flatMap(({ kind }) => kind ?? [])

const shiftsOf = (db: Db, staffId: number) =>
  db.select({ id: assignments.shiftId }).from(assignments).where(eq(assignments.staffId, staffId))

export const shiftsIn = (db: Db, range: DateRange): Shift[] =>
  db.select().from(shifts).where(inRange(range)).orderBy(asc(shifts.startsAt), asc(shifts.id)).all()

function shiftRow(shift: NewShift, timezone: string) {
  const startsAt = Date.parse(shift.starts_at)
  return {
    siteId: shift.site_id,
    day: localDate(startsAt, timezone),
    startsAt,
    endsAt: Date.parse(shift.ends_at),
    skill: shift.skill?.trim() || null,
    skills: [...new Set(shift.skills.map(skill => skill.trim()))].filter(skill => skill !== shift.skill?.trim()),
    certification: shift.certification?.trim() || null,
    headcount: shift.headcount,
    kind: shift.kind?.trim() || null,
    underCents: shift.under_cents,
    most: shift.most,
    overCents: shift.over_cents,
  }
}

const rowsPerStatement = 500 // rows per statement

export function addShifts(tx: Db, added: NewShift[], at: number): number[] {
  const zoneOf = timezoneOfSite(tx)
  const rows = added.map(shift => ({ ...shiftRow(shift, zoneOf(shift.site_id)), createdAt: at }))
  const ids: number[] = []
  for (const some of batchesOf(rows, rowsPerStatement))
    ids.push(
      ...tx
        .insert(shifts)
        .values(some)
        .returning({ id: shifts.id })
        .all()
        .map(({ id }) => id),
    )
  touch(tx, 'shifts')
  return ids
}

/** Returns the id of an identical existing shift, each only once: two equal shifts are two. */
export function findIdenticalShift(tx: Db): (shift: NewShift) => number | undefined {
  const same = tx
    .select({ id: shifts.id })
    .from(shifts)
    .where(
      and(
        equalsGiven(shifts.siteId, shifts.startsAt, shifts.endsAt, shifts.skills),
        sql`${shifts.skill} is ${sql.placeholder('skill')} and ${shifts.certification} is ${sql.placeholder('certification')}`,
        sql`${shifts.kind} is ${sql.placeholder('kind')}`,
      ),
    )
    .orderBy(asc(shifts.id))
    .prepare()
  const zoneOf = timezoneOfSite(tx)
  const found = new Set<number>()
  return shift => {
    const row = shiftRow(shift, zoneOf(shift.site_id))
    const next = same.all({ ...row, skills: JSON.stringify(row.skills) }).find(({ id }) => !found.has(id))?.id
    if (next !== undefined) found.add(next)
    return next
  }
}

/** Leaves out shifts that already exist, so that the same copy or import twice has no effect. */
export function addNewShifts(tx: Db, wanted: NewShift[], at: number): { ids: number[]; skipped: number } {
  const idOf = findIdenticalShift(tx)
  const missing = wanted.filter(shift => idOf(shift) === undefined)
  return { ids: missing.length ? addShifts(tx, missing, at) : [], skipped: wanted.length - missing.length }
}

export function changeShift(tx: Db, id: number, shift: NewShift): void {
  tx.update(shifts)
    .set(shiftRow(shift, siteById(tx, shift.site_id).timezone))
    .where(eq(shifts.id, id))
    .run()
  touch(tx, 'shifts')
}

export function deleteShifts(tx: Db, ids: readonly number[]): void {
  tx.delete(shifts).where(isAmong(shifts.id, ids)).run()
  touch(tx, 'shifts')
  touch(tx, 'roster')
}
