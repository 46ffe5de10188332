/** Shifts made from a week, from a pattern and from a file: each a bulk write, because it may make thousands. */
import type { Static } from 'elysia'
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { type FieldError, invalid, refuse, refuseImport } from '../errors.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { counted } from '../platform/number-text.ts'
import { readTable } from '../platform/spreadsheets/read-table.ts'
import { otherShiftHeadings, parseShifts, shiftColumns } from './import-shifts.ts'
import { importErrors } from './imports.ts'
import { copyShifts, shiftsFromPattern } from './make-shifts.ts'
import { notifyOfDuties, upcomingDuties } from './notices.ts'
import {
  asNewShift,
  checkCalendar,
  checkHeadcount,
  type copySchema,
  type NewShift,
  type patternSchema,
  shiftDefaults,
} from './shift.ts'
import {
  addNewShifts,
  deleteShifts,
  findIdenticalShift,
  type ShiftsFilter,
  shiftIdsMatching,
  shiftsIn,
} from './shift-queries.ts'
import { allSites, siteById, timezoneOfSite } from './site-queries.ts'

type By = { who: Actor; at: number }

const maxAtOnce = 10_000

/** Adds many at once, skipping existing ones. */
function add(db: Db, shifts: NewShift[], { who, at }: By, action: string, detail: Record<string, unknown>) {
  if (shifts.length > maxAtOnce)
    refuse('too_large', `${shifts.length} shifts at once; at most ${maxAtOnce} are allowed`)
  return atomically(db, tx => {
    const { ids, skipped } = addNewShifts(tx, shifts, at)
    audit(tx, { at, who, action, target: 'shifts', detail: { ...detail, created: ids.length, skipped } })
    return { created: ids.length, skipped, shift_ids: ids }
  })
}

export async function copyWeeks(db: Db, { given, ...by }: By & { given: Static<typeof copySchema> }) {
  const range = { start: given.from, end: given.to, siteIds: given.site_ids ?? [] }
  const copies = copyShifts(shiftsIn(db, range).map(asNewShift), given.weeks, timezoneOfSite(db))
  checkCalendar(copies, 'weeks')
  return add(db, copies, by, 'shift.copy', given)
}

/** All that match, as `confirm` must count them, so that nothing goes that was not looked at. */
export const deleteMatchingShifts = (
  db: Db,
  { filter, confirm, who, at }: By & { filter: ShiftsFilter; confirm: number | undefined },
) =>
  atomically(db, tx => {
    const ids = shiftIdsMatching(tx, filter)
    if (confirm !== ids.length)
      refuse('conflict', `These are ${counted(ids.length, 'shift')}; send confirm=${ids.length}`, {
        shifts: ids.length,
      })
    notifyOfDuties(tx, at, { 'Taken off': upcomingDuties(tx, { shiftIds: ids }, at) })
    deleteShifts(tx, ids)
    audit(tx, { at, who, action: 'shift.delete_many', target: 'shifts', detail: { ...filter, deleted: ids.length } })
    return { deleted: ids.length }
  })

export async function addPattern(db: Db, { given, ...by }: By & { given: Static<typeof patternSchema> }) {
  const { start_date, end_date, ...fields } = given
  const pattern = { ...shiftDefaults, ...fields, skills: fields.skills ?? [] }
  checkHeadcount(pattern)
  const { timezone } = siteById(db, given.site_id)
  const shifts = shiftsFromPattern(pattern, start_date, end_date, timezone)
  if (!shifts.length) invalid('weekdays', 'None of these weekdays is in that range.')
  checkCalendar(shifts, 'end_date')
  return add(db, shifts, by, 'shift.pattern', given)
}

/** All rows, or none if any is wrong; a trial only tells what would be done. */
export async function importShifts(
  db: Db,
  { bytes, isTrial, ...by }: By & { bytes: Uint8Array<ArrayBuffer>; isTrial: boolean },
) {
  const table = await readTable(bytes, shiftColumns, otherShiftHeadings)
  const { shifts, errors } = parseShifts(table, allSites(db))
  if (isTrial) return { ...previewOf(db, shifts, errors), ...importErrors(errors, table, shiftColumns) }
  if (errors.length) refuseImport(errors)
  return add(db, shifts, by, 'shift.import', { rows: shifts.length })
}

function previewOf(db: Db, shifts: NewShift[], errors: FieldError[]) {
  const idOf = findIdenticalShift(db)
  const skipped = errors.length ? 0 : shifts.filter(shift => idOf(shift) !== undefined).length
  return { created: shifts.length - skipped, skipped, shift_ids: [] }
}
