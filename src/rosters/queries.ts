/** Sites, staff and shifts. What changes them says so to the cached answers: topics `roster`, `staff` and `shifts`. */
import { and, asc, between, count, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { assignments, certifications, shifts, sites, staff, unavailability } from '../../db/schema.ts'
import { prepared } from '../../db/transaction.ts'
import { refuse } from '../errors.ts'
import { iso } from '../runtime/clock.ts'
import type { PageOf } from '../runtime/page.ts'
import { touch } from '../runtime/stamps.ts'
import type { PersonChange, PersonView } from './person.ts'
import type { Range } from './range.ts'
import { dayAt, type Shift } from './shift.ts'
import type { NewShift } from './shifts.ts'
import type { Site } from './site.ts'

// ── Sites

const oneSite = prepared(db =>
  db
    .select()
    .from(sites)
    .where(eq(sites.id, sql.placeholder('id')))
    .prepare(),
)

export const siteById = (db: Db, id: number): Site =>
  oneSite(db).get({ id }) ?? refuse('not_found', `There is no site ${id}`)

export const allSites = (db: Db): Site[] => db.select().from(sites).orderBy(asc(sites.name)).all()

export function listSites(db: Db, { limit, offset }: PageOf) {
  const rows = db.select().from(sites).orderBy(asc(sites.name)).limit(limit).offset(offset).all()
  return { sites: rows, total: db.select({ total: count() }).from(sites).get()?.total ?? 0 }
}

export function addSite(tx: Db, site: Pick<Site, 'name' | 'timezone' | 'createdAt'>): Site {
  const [made] = tx.insert(sites).values(site).onConflictDoNothing().returning().all()
  touch(tx, 'shifts')
  return made ?? refuse('conflict', `There is a site ${site.name} already`)
}

/** In another zone its shifts may begin on another day. */
export function changeSite(tx: Db, id: number, change: { name?: string; timezone?: string }): Site {
  const before = siteById(tx, id)
  const taken = change.name && tx.select().from(sites).where(eq(sites.name, change.name)).get()
  if (taken && taken.id !== id) refuse('conflict', `There is a site ${change.name} already`)
  const after = { ...before, ...change }
  tx.update(sites).set(after).where(eq(sites.id, id)).run()
  if (after.timezone !== before.timezone)
    for (const shift of tx.select().from(shifts).where(eq(shifts.siteId, id)).all())
      tx.update(shifts)
        .set({ day: dayAt(shift.startsAt, after.timezone) })
        .where(eq(shifts.id, shift.id))
        .run()
  touch(tx, 'shifts')
  return after
}

export function deleteSite(tx: Db, id: number): void {
  tx.delete(sites).where(eq(sites.id, id)).run()
  touch(tx, 'shifts')
  touch(tx, 'roster')
}

export const shiftsAt = (db: Db, siteId: number): number =>
  db.select({ total: count() }).from(shifts).where(eq(shifts.siteId, siteId)).get()?.total ?? 0

// ── Staff

type Person = typeof staff.$inferSelect

/** With what is kept beside them. */
export function personViews(db: Db, people: Person[]): PersonView[] {
  const ids = JSON.stringify(people.map(({ id }) => id))
  const isTheirs = (column: typeof certifications.staffId | typeof unavailability.staffId) =>
    sql`${column} in (select value from json_each(${ids}))`
  const certificates = Map.groupBy(
    db
      .select()
      .from(certifications)
      .where(isTheirs(certifications.staffId))
      .orderBy(asc(certifications.name), asc(certifications.expiresOn))
      .all(),
    ({ staffId }) => staffId,
  )
  const absences = Map.groupBy(
    db
      .select()
      .from(unavailability)
      .where(isTheirs(unavailability.staffId))
      .orderBy(asc(unavailability.from), asc(unavailability.id))
      .all(),
    ({ staffId }) => staffId,
  )
  return people.map(person => ({
    id: person.id,
    name: person.name,
    skills: person.skills,
    max_hours_week: person.maxHoursWeek,
    hourly_cents: person.hourlyCents,
    certifications: (certificates.get(person.id) ?? []).map(({ name, expiresOn }) => ({ name, expires_on: expiresOn })),
    unavailable: (absences.get(person.id) ?? []).map(({ from, to }) => ({ from, to })),
    preferences: person.preferences,
    active: person.active,
    created_at: iso(person.createdAt),
  }))
}

export function personById(db: Db, id: number): PersonView {
  const person = db.select().from(staff).where(eq(staff.id, id)).get()
  return (person && personViews(db, [person])[0]) ?? refuse('not_found', `There is no staff ${id}`)
}

export type StaffFilter = { q?: string; skill?: string; active?: boolean }

export function listStaff(db: Db, { q, skill, active }: StaffFilter, { limit, offset }: PageOf) {
  const where = and(
    q ? sql`instr(lower(${staff.name}), ${q.toLowerCase()}) > 0` : undefined,
    skill ? sql`exists (select 1 from json_each(${staff.skills}) where value = ${skill})` : undefined,
    active === undefined ? undefined : eq(staff.active, active),
  )
  const rows = db
    .select()
    .from(staff)
    .where(where)
    .orderBy(sql`${staff.name} collate nocase`, asc(staff.id))
    .limit(limit)
    .offset(offset)
    .all()
  const total = db.select({ total: count() }).from(staff).where(where).get()?.total ?? 0
  return { staff: personViews(db, rows), total }
}

export function addPerson(tx: Db, given: PersonChange & { name: string }, at: number): number {
  const { id } = tx
    .insert(staff)
    .values({
      name: given.name,
      skills: given.skills ?? [],
      maxHoursWeek: given.max_hours_week ?? 40,
      hourlyCents: given.hourly_cents ?? 0,
      preferences: given.preferences ?? [],
      active: given.active ?? true,
      createdAt: at,
    })
    .returning()
    .get()
  writeBeside(tx, id, given)
  touch(tx, 'staff')
  return id
}

/** Names are part of what is shown of the roster. */
export function changePerson(tx: Db, id: number, given: PersonChange): void {
  const before = personById(tx, id)
  tx.update(staff)
    .set({
      name: given.name ?? before.name,
      skills: given.skills ?? before.skills,
      maxHoursWeek: given.max_hours_week ?? before.max_hours_week,
      hourlyCents: given.hourly_cents ?? before.hourly_cents,
      preferences: given.preferences ?? before.preferences,
      active: given.active ?? before.active,
    })
    .where(eq(staff.id, id))
    .run()
  writeBeside(tx, id, given)
  touch(tx, 'staff')
  if (given.name !== undefined && given.name !== before.name) touch(tx, 'roster')
}

function writeBeside(tx: Db, staffId: number, { certifications: held, unavailable }: PersonChange): void {
  if (held) {
    tx.delete(certifications).where(eq(certifications.staffId, staffId)).run()
    const rows = held.map(({ name, expires_on }) => ({ staffId, name, expiresOn: expires_on }))
    if (rows.length) tx.insert(certifications).values(rows).run()
  }
  if (unavailable) {
    tx.delete(unavailability).where(eq(unavailability.staffId, staffId)).run()
    const rows = unavailable.map(({ from, to }) => ({ staffId, from, to }))
    if (rows.length) tx.insert(unavailability).values(rows).run()
  }
}

export function deletePerson(tx: Db, id: number): void {
  tx.delete(staff).where(eq(staff.id, id)).run()
  touch(tx, 'staff')
  touch(tx, 'roster')
}

export const assignmentsOf = (db: Db, which: { staffId: number } | { shiftId: number }): number => {
  const where = 'staffId' in which ? eq(assignments.staffId, which.staffId) : eq(assignments.shiftId, which.shiftId)
  return db.select({ total: count() }).from(assignments).where(where).get()?.total ?? 0
}

// ── Shifts

export const shiftById = (db: Db, id: number): Shift =>
  db.select().from(shifts).where(eq(shifts.id, id)).get() ?? refuse('not_found', `There is no shift ${id}`)

export const inRange = ({ start, end, siteIds }: Range): SQL | undefined =>
  and(between(shifts.day, start, end), siteIds.length ? inArray(shifts.siteId, siteIds) : undefined)

export type ShiftFilter = { start?: string; end?: string; site_id?: number }

export function listShifts(db: Db, { start, end, site_id }: ShiftFilter, { limit, offset }: PageOf) {
  const where = and(
    start ? gte(shifts.day, start) : undefined,
    end ? lte(shifts.day, end) : undefined,
    site_id ? eq(shifts.siteId, site_id) : undefined,
  )
  const rows = db
    .select()
    .from(shifts)
    .where(where)
    .orderBy(asc(shifts.startsAt), asc(shifts.id))
    .limit(limit)
    .offset(offset)
    .all()
  return { shifts: rows, total: db.select({ total: count() }).from(shifts).where(where).get()?.total ?? 0 }
}

export const shiftsIn = (db: Db, range: Range): Shift[] =>
  db.select().from(shifts).where(inRange(range)).orderBy(asc(shifts.startsAt), asc(shifts.id)).all()

/** `zoneOf` refuses a site that is not there. */
export function zones(db: Db): (siteId: number) => string {
  const known = new Map(allSites(db).map(({ id, timezone }) => [id, timezone]))
  return siteId => known.get(siteId) ?? refuse('not_found', `There is no site ${siteId}`)
}

export function rowOf(shift: NewShift, timezone: string) {
  const startsAt = Date.parse(shift.starts_at)
  return {
    siteId: shift.site_id,
    day: dayAt(startsAt, timezone),
    startsAt,
    endsAt: Date.parse(shift.ends_at),
    skill: shift.skill?.trim() || null,
    certification: shift.certification?.trim() || null,
    headcount: shift.headcount,
  }
}

const some = 500 // rows a statement

export function addShifts(tx: Db, added: NewShift[], at: number): number[] {
  const zoneOf = zones(tx)
  const rows = added.map(shift => ({ ...rowOf(shift, zoneOf(shift.site_id)), createdAt: at }))
  const ids: number[] = []
  for (let from = 0; from < rows.length; from += some)
    ids.push(
      ...tx
        .insert(shifts)
        .values(rows.slice(from, from + some))
        .returning({ id: shifts.id })
        .all()
        .map(({ id }) => id),
    )
  touch(tx, 'shifts')
  return ids
}

/** Leaves out those that are there just so already, so that the same copy or import twice is one. */
export function addNewShifts(tx: Db, wanted: NewShift[], at: number): { ids: number[]; skipped: number } {
  const has = tx
    .select({ one: sql`1` })
    .from(shifts)
    .where(
      and(
        eq(shifts.siteId, sql.placeholder('siteId')),
        eq(shifts.startsAt, sql.placeholder('startsAt')),
        eq(shifts.endsAt, sql.placeholder('endsAt')),
        sql`${shifts.skill} is ${sql.placeholder('skill')} and ${shifts.certification} is ${sql.placeholder('certification')}`,
      ),
    )
    .limit(1)
    .prepare()
  const zoneOf = zones(tx)
  const missing = wanted.filter(shift => !has.get(rowOf(shift, zoneOf(shift.site_id))))
  return { ids: missing.length ? addShifts(tx, missing, at) : [], skipped: wanted.length - missing.length }
}

export function changeShift(tx: Db, id: number, shift: NewShift): void {
  tx.update(shifts)
    .set(rowOf(shift, siteById(tx, shift.site_id).timezone))
    .where(eq(shifts.id, id))
    .run()
  touch(tx, 'shifts')
}

export function deleteShift(tx: Db, id: number): void {
  tx.delete(shifts).where(eq(shifts.id, id)).run()
  touch(tx, 'shifts')
  touch(tx, 'roster')
}
