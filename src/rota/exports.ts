/** The roster for spreadsheets and notice boards: one line per place. */

import type { App } from '../context.ts'
import { bom, csvDownload, csvLines } from '../platform/files/csv.ts'
import type { DateRange } from './date-range.ts'
import { readRoster, type ShownShift } from './roster-view.ts'
import { hoursOf, hundredths } from './shift.ts'

type Cell = string | number

export async function exportRosterCsv(
  app: App,
  range: DateRange,
  by: 'site' | 'person',
  staffId: number | undefined,
): Promise<Response> {
  const { shifts } = await readRoster(app, range)
  const rows = by === 'site' ? bySite(shifts, staffId) : byPerson(shifts, staffId)
  return csvDownload(bom + csvLines(rows), `rota-by-${by}-${range.start}-to-${range.end}.csv`, {
    'cache-control': 'no-cache',
  })
}

const timesOf = (shift: ShownShift): Cell[] => [shift.date, shift.from, shift.to]
const needsOf = ({ skill, certification }: ShownShift): Cell[] => [skill ?? '', certification ?? '']

/** Open places are lines without a person. */
function bySite(shifts: ShownShift[], staffId: number | undefined): Cell[][] {
  const rows = shifts
    .toSorted((a, b) => a.site.localeCompare(b.site, 'en') || a.starts_at.localeCompare(b.starts_at))
    .flatMap(shift => {
      const people = shift.staff.filter(({ staff_id }) => !staffId || staff_id === staffId)
      const line = (name: string, pinned: Cell) => [
        shift.site,
        ...timesOf(shift),
        hundredths(hoursOf(shift)),
        ...needsOf(shift),
        name,
        pinned,
      ]
      const open = staffId ? 0 : shift.open
      return [
        ...people.map(({ name, pinned }) => line(name, pinned ? 'yes' : '')),
        ...Array.from({ length: open }, () => line('', '')),
      ]
    })
  return [['site', 'date', 'from', 'to', 'hours', 'skill', 'certification', 'person', 'pinned'], ...rows]
}

function byPerson(shifts: ShownShift[], staffId: number | undefined): Cell[][] {
  const rows = shifts
    .flatMap(shift => shift.staff.map(person => ({ shift, person })))
    .filter(({ person }) => !staffId || person.staff_id === staffId)
    .toSorted(
      (a, b) =>
        a.person.name.localeCompare(b.person.name, 'en') ||
        a.person.staff_id - b.person.staff_id ||
        a.shift.starts_at.localeCompare(b.shift.starts_at),
    )
    .map(({ shift, person }) => [
      person.name,
      ...timesOf(shift),
      hundredths(hoursOf(shift)),
      shift.site,
      ...needsOf(shift),
    ])
  return [['person', 'date', 'from', 'to', 'hours', 'site', 'skill', 'certification'], ...rows]
}
