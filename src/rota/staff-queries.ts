/** Staff, with the rows that belong to them. Changes to them drop cached answers: topics `staff` and `roster`. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { equalsGiven, type Given, isAmong, preparedFor, preparedInsert } from '../../db/prepared-writes.ts'
import {
  assignments,
  certifications,
  leaveRequests,
  shiftRequests,
  shifts,
  staff,
  unavailability,
} from '../../db/schema.ts'
import { prepared } from '../../db/transactions.ts'
import { userByName, usernamesOf } from '../accounts/queries.ts'
import { alreadyTaken, invalid, refuse } from '../errors.ts'
import { idsByName } from '../leaderboard/search.ts'
import { byName, compareNames } from '../platform/by-name.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import { rowView } from '../platform/http/row-view.ts'
import { firstOfText } from '../platform/number-text.ts'
import { type PersonChange, type PersonView, personDefaults, personSchema } from './person.ts'

type Person = typeof staff.$inferSelect
const viewOf = rowView(personSchema)

type RelatedTable = typeof certifications | typeof unavailability | typeof leaveRequests | typeof shiftRequests

/** With their rows in other tables. */
export function personViews(db: Db, people: Person[]): PersonView[] {
  const ids = people.map(({ id }) => id)
  const rowsOf = <Table extends RelatedTable>(table: Table, orderBy: SQLiteColumn[], where?: SQL) => {
    const rows = db
      .select()
      .from(table)
      .where(and(isAmong(table.staffId, ids), where))
      .orderBy(...orderBy)
      .all()
    return Map.groupBy(rows, ({ staffId }) => staffId)
  }
  const certificates = rowsOf(certifications, [certifications.name, certifications.expiresOn])
  const absences = rowsOf(unavailability, [unavailability.from, unavailability.id])
  const leave = rowsOf(leaveRequests, [leaveRequests.from], eq(leaveRequests.state, 'approved'))
  const requests = rowsOf(shiftRequests, [shiftRequests.shiftId])
  const userIds = people.map(({ userId }) => userId)
  const accounts = usernamesOf(db, userIds)
  return people.map(person =>
    viewOf({
      ...person,
      certifications: (certificates.get(person.id) ?? []).map(({ name, expiresOn }) => ({
        name,
        expires_on: expiresOn,
      })),
      unavailable: (absences.get(person.id) ?? []).map(({ from, to }) => ({ from, to })),
      leave: (leave.get(person.id) ?? []).map(({ from, to }) => ({ from, to })),
      requests: (requests.get(person.id) ?? []).map(({ shiftId, want, priceCents }) => ({
        shift_id: shiftId,
        want,
        price_cents: priceCents,
      })),
      account: person.userId === null ? null : (accounts.get(person.userId) ?? null),
    }),
  )
}

export function personById(db: Db, id: number): PersonView {
  const person = db.select().from(staff).where(eq(staff.id, id)).get()
  return (person && personViews(db, [person])[0]) ?? refuse('not_found', `There is no staff ${id}`)
}

const maxNamed = 12 // people

export const namesText = (names: readonly string[]): string => firstOfText(names.slice(0, maxNamed), names.length)

/** By name. */
export const peopleByIds = (db: Db, ids: number[]): PersonView[] =>
  personViews(db, db.select().from(staff).where(isAmong(staff.id, ids)).orderBy(asc(staff.id)).all()).sort(byName)

const staffIdsNamed = (db: Db, q: string): number[] =>
  idsByName(q, db.select({ id: staff.id, name: staff.name }).from(staff).all())

type StaffFilter = { q?: string; skill?: string; active?: boolean }

export function listStaff(db: Db, { q, skill, active }: StaffFilter, { limit, offset }: PageSlice) {
  const where = and(
    q ? isAmong(staff.id, staffIdsNamed(db, q)) : undefined,
    skill ? sql`exists (select 1 from json_each(${staff.skills}) where value = ${skill})` : undefined,
    active === undefined ? undefined : eq(staff.active, active),
  )
  const named = db.select({ id: staff.id, name: staff.name }).from(staff)
  const people = named.where(where).orderBy(asc(staff.id)).all().sort(byName)
  const ids = people.slice(offset, offset + limit).map(({ id }) => id)
  return { staff: peopleByIds(db, ids), total: people.length }
}

/** For imports, which ask for everybody. */
export const allStaff = (db: Db): PersonView[] => personViews(db, db.select().from(staff).all())

export type HeldQualifications = ReturnType<typeof heldQualifications>

/** What somebody active has, for fields to choose from. */
export const heldQualifications = (db: Db) => ({
  skills: namesIn(
    db,
    sql`select distinct value as name from ${staff}, json_each(${staff.skills}) where ${staff.active}`,
  ),
  certificates: namesIn(
    db,
    sql`select distinct ${certifications.name} as name from ${certifications}
      join ${staff} on ${staff.id} = ${certifications.staffId} where ${staff.active}`,
  ),
})
const namesIn = (db: Db, names: SQL) =>
  db
    .all<{ name: string }>(sql`${names} order by name limit 200`)
    .map(({ name }) => name)
    .sort(compareNames)

const staffRow = (person: Required<Omit<PersonChange, 'account' | RelatedRows>>) => ({
  name: person.name,
  skills: person.skills,
  maxHoursWeek: person.max_hours_week,
  hourlyCents: person.hourly_cents,
  preferences: person.preferences,
  rules: person.rules,
  active: person.active,
})

export function addPerson(tx: Db, given: PersonChange & { name: string }, at: number): number {
  const userId = accountNamed(tx, given.account, 0)
  const { id } = insertPerson(tx, { ...staffRow({ ...personDefaults, ...given }), userId, createdAt: at })
  writeRelatedRows(tx, id, given)
  touch(tx, 'staff')
  return id
}
const insertPerson = preparedInsert(staff)

/** Names are part of the displayed roster. */
export function changePerson(tx: Db, before: PersonView, given: PersonChange): void {
  const { id } = before
  const row = { ...staffRow({ ...before, ...given }), userId: accountNamed(tx, given.account, id) }
  updatePerson(tx, row).run({ ...row, id })
  writeRelatedRows(tx, id, given, before)
  touch(tx, 'staff')
  if (row.name !== before.name) touch(tx, 'roster')
}
const updatePerson = preparedFor(staff, (db, row: Given<Partial<typeof staff.$inferInsert>>) =>
  db.update(staff).set(row).where(equalsGiven(staff.id)),
)

/** The id behind a name: undefined leaves it as it is, null is nobody. An account belongs to one person. */
function accountNamed(tx: Db, name: string | null | undefined, staffId: number): number | null | undefined {
  if (!name?.trim()) return name === undefined ? undefined : null
  const user = userByName(tx, name.trim()) ?? invalid('account', `There is no account ${name.trim()}.`)
  const other = tx.select().from(staff).where(eq(staff.userId, user.id)).get()
  if (other && other.id !== staffId)
    alreadyTaken('account', `The account ${user.username} already belongs to ${other.name}`)
  return user.id
}

type RelatedRows = 'certifications' | 'unavailable' | 'requests'

/** `before`: what they have, if they are not new. */
function writeRelatedRows(
  tx: Db,
  staffId: number,
  { certifications: held, unavailable, requests }: Pick<PersonChange, RelatedRows>,
  before?: PersonView,
): void {
  if (held) {
    if (before?.certifications.length) deleteCertifications(tx).run({ staffId })
    for (const { name, expires_on: expiresOn } of held) insertCertification(tx, { staffId, name, expiresOn })
  }
  if (unavailable) {
    if (before?.unavailable.length) deleteAbsences(tx).run({ staffId })
    for (const { from, to } of unavailable) insertAbsence(tx, { staffId, from, to })
  }
  if (requests) {
    tx.delete(shiftRequests).where(eq(shiftRequests.staffId, staffId)).run()
    for (const [i, { shift_id: shiftId, want, price_cents: priceCents }] of requests.entries()) {
      if (!tx.select({ id: shifts.id }).from(shifts).where(eq(shifts.id, shiftId)).get())
        invalid(`requests.${i}.shift_id`, `There is no shift ${shiftId}.`)
      tx.insert(shiftRequests).values({ staffId, shiftId, want, priceCents }).run()
    }
  }
}

const deleteCertifications = prepared(db => db.delete(certifications).where(equalsGiven(certifications.staffId)))
const deleteAbsences = prepared(db => db.delete(unavailability).where(equalsGiven(unavailability.staffId)))
const insertCertification = preparedInsert(certifications)
const insertAbsence = preparedInsert(unavailability)

export function deletePerson(tx: Db, id: number): void {
  tx.delete(staff).where(eq(staff.id, id)).run()
  touch(tx, 'staff')
  touch(tx, 'roster')
}

export const countAssignments = (db: Db, which: { staffId: number } | { shiftId: number }): number => {
  const where = 'staffId' in which ? eq(assignments.staffId, which.staffId) : eq(assignments.shiftId, which.shiftId)
  return countRows(db, assignments, where)
}
