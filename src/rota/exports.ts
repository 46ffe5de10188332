/** The roster for spreadsheets and notice boards: one line per place. */

import type { Db } from '../../db/open.ts'
import type { App } from '../context.ts'
import { compareNames } from '../platform/by-name.ts'
import { bom, csvDownload, csvLines } from '../platform/files/csv.ts'
import type { DateRange } from './date-range.ts'
import { rosterView, type ShownShift } from './roster-view.ts'
import { hoursOf, hundredths } from './shift.ts'

/** Open places are lines without a person. */
type Place = { shift: ShownShift; person?: ShownShift['staff'][number] }

const columns = {
  site: ({ shift }: Place) => shift.site,
  date: ({ shift }: Place) => shift.date,
  from: ({ shift }: Place) => shift.from,
  to: ({ shift }: Place) => shift.to,
  hours: ({ shift }: Place) => hundredths(hoursOf(shift)),
  skill: ({ shift }: Place) => shift.skill ?? '',
  certification: ({ shift }: Place) => shift.certification ?? '',
  person: ({ person }: Place) => person?.name ?? '',
  pinned: ({ person }: Place) => (person?.pinned ? 'yes' : ''),
  kind: ({ shift }: Place) => shift.kind ?? '',
  skills: ({ shift }: Place) => shift.skills.join(' | '),
}

const columnsBy = {
  site: ['site', 'date', 'from', 'to', 'hours', 'skill', 'certification', 'person', 'pinned', 'kind', 'skills'],
  person: ['person', 'date', 'from', 'to', 'hours', 'site', 'skill', 'certification', 'kind', 'skills'],
} as const

export async function exportRosterCsv(
  { reader, clock }: App,
  range: DateRange,
  by: keyof typeof columnsBy,
  staffId: number | undefined,
): Promise<Response> {
  const csv = await reader.read(rosterCsv, { range, by, staffId, now: clock.now() })
  return csvDownload(csv, `rota-by-${by}-${range.start}-to-${range.end}.csv`, { 'cache-control': 'no-cache' })
}

type CsvAsked = { range: DateRange; by: keyof typeof columnsBy; staffId: number | undefined; now: number }

export function rosterCsv(db: Db, { range, by, staffId, now }: CsvAsked): string {
  const lines = placesOf(rosterView(db, { range, now }).shifts)
    .filter(({ person }) => (staffId ? person?.staff_id === staffId : person || by === 'site'))
    .sort(
      (a, b) =>
        compareNames(columns[by](a), columns[by](b)) ||
        (by === 'person' ? (a.person?.staff_id ?? 0) - (b.person?.staff_id ?? 0) : 0) ||
        a.shift.starts_at.localeCompare(b.shift.starts_at),
    )
    .map(place => columnsBy[by].map(column => columns[column](place)))
  return bom + csvLines([columnsBy[by], ...lines])
}

const placesOf = (shifts: readonly ShownShift[]): Place[] =>
  shifts.flatMap(shift => [
    ...shift.staff.map(person => ({ shift, person })),
    ...Array.from({ length: shift.open }, () => ({ shift })),
  ])
