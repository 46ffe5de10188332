/** The rows of a plan from a spreadsheet: its columns, a month by person as a list, and the words in its cells. */
import { yearFirst } from '../../platform/clock.ts'
import { otherHeadings, type TableRow, type TextTable } from '../../platform/spreadsheets/read-table.ts'
import { withoutAccents } from '../../platform/spreadsheets/text.ts'
import { dayInCell, otherShiftHeadings, shiftColumns } from '../import-shifts.ts'
import { listedValues } from '../imports.ts'
import type { PersonView } from '../person.ts'
import { namesText } from '../staff-queries.ts'

export const planColumns = [...shiftColumns, 'person'] as const

/** Here people are names, where an import of shifts takes them for their number. */
export const otherPlanHeadings = new Map([
  ...otherShiftHeadings,
  ...otherHeadings({
    person: [
      'Name, Names, People, Who, Staff, Employee, Employees, Assigned, Assigned to, Full name, Wer, Personen, Mitarbeiter',
      'Mitarbeitende, Besetzung, Nom, Noms, Qui, Personne, Personnes, Agent, Nombre, Nombres, Quién, Persona, Personas',
      'Empleado, Nome, Nomes, Quem, Pessoa, Pessoas, Nominativo, Chi, Persone, Dipendente, Imię i nazwisko, Kto, Osoba, Osoby',
    ].join(', '),
    kind: 'Shift, Schicht, Dienst, Poste, Turno, Zmiana',
  }),
])

/** What a month by person has in each cell becomes a row of a list: `kind` is what the cell says. */
export function listOfMonth({ fields, rows, notes }: TextTable, month: string | undefined) {
  const isList = fields.includes('date') || fields.includes('starts_at')
  const days = isList ? [] : fields.filter(field => dayParts(field))
  if (!days.length) return { table: { fields, rows, notes }, isMonth: false, withoutMonth: [] }
  const dates = new Map(days.map(field => [field, dateOfHeading(field, month)]))
  const nameless = rows.filter(({ cells }) => !cells.person).map(({ line }) => String(line))
  const list = rows
    .filter(({ cells }) => cells.person)
    .flatMap(({ line, cells }): TableRow[] =>
      days.flatMap(field =>
        listedValues(cells[field] ?? '')
          .filter(word => !isDayOff(word))
          .map(kind => ({ line, cells: { ...cells, date: dates.get(field) ?? field.replaceAll('_', '.'), kind } })),
      ),
    )
  return {
    table: {
      fields: [...fields.filter(field => !dates.has(field)), 'date', 'kind'],
      rows: list,
      notes: nameless.length ? [...notes, `Lines without a name are left out: ${namesText(nameless)}.`] : notes,
    },
    isMonth: true,
    withoutMonth: month ? [] : days.filter(field => !dates.get(field)),
  }
}

/** `1`, `Mon 1`, `2.11.`, `02.11.26`, `2026-11-02`, as headings are read. */
function dayParts(field: string) {
  const text = field.replace(/^\p{L}+_|_\p{L}+$/gu, '').replace(/_00_00(_00)?$/, '')
  const found =
    /^(?<year>\d{4})_(?<month>\d\d?)_(?<day>\d\d?)$/.exec(text) ??
    /^(?<day>\d\d?)(_(?<month>\d\d?)(_(?<year>\d{4}|\d\d))?)?$/.exec(text)
  return found?.groups
}

function dateOfHeading(field: string, ofMonth = ''): string | undefined {
  const { day = '', month = ofMonth.slice(5), year = ofMonth.slice(0, 4) } = dayParts(field) ?? {}
  return dayInCell([year.padStart(4, '20'), month.padStart(2, '0'), day.padStart(2, '0')].join('-'))
}

/** Case and accents do not matter. */
export const folded = (text: string): string => withoutAccents(text).toLowerCase().trim()

const wordList = (words: string) => new Set(words.split(', ').map(folded))
const dayOffWords = wordList('-, –, —, /, ., off, free, frei, repos, libre, libranza, folga, riposo, wolne')
const awayWords = wordList(
  [
    'U, L, K, leave, away, absent, holiday, vacation, sick, ill, Urlaub, krank, abwesend, congé, congés, CP, maladie, absent',
    'absente, vacaciones, baja, ausente, férias, doente, ferie, malattia, assente, urlop, chory, chora',
  ].join(', '),
)
const openWords = wordList('-, –, —, ?, open, vacant, N.N., NN, offen, unbesetzt, vacante, libero, vago, wakat')

const isDayOff = (word: string) => dayOffWords.has(folded(word))
export const isAwayWord = (word: string): boolean => awayWords.has(folded(word))

/** Of a cell such as `7:00–15:00` or `7-15`. */
export function timesInCell(cell: string): { from: string; to: string } | undefined {
  const [, from, to] = /^(\d\d?(?::\d\d)?)\s*(?:-|–|—|to|bis)\s*(\d\d?(?::\d\d)?)$/i.exec(cell) ?? []
  const clock = (text: string) => (text.includes(':') ? text : `${text}:00`)
  return from && to ? { from: clock(from), to: clock(to) } : undefined
}

/** The day of a row as far as it says one, to find the shifts around it. */
export const dayOfRow = ({ date, starts_at }: Record<string, string>): string | undefined =>
  dayInCell(date ?? '') ?? dayInCell(yearFirst(starts_at ?? '').slice(0, 10))

/** Several names in a cell, unless the whole cell is a name, such as `Berg, Ann`. */
export function namesInCell(cell: string, isName: (text: string) => boolean): string[] {
  const names = isName(cell)
    ? [cell]
    : cell.includes('|')
      ? listedValues(cell)
      : listedValues(cell.replace(/[/&+]/g, ','))
  return names.filter(name => !openWords.has(folded(name)))
}

const wordsOf = (name: string) =>
  folded(name)
    .split(/[\s,.]+/)
    .filter(Boolean)

/** Finds people by name, by a part of it that only one has (`Berg`, `A. Berg`, `Berg, Ann`), or by id. */
export function peopleFinder(staff: readonly PersonView[]) {
  const named = Map.groupBy(staff, ({ name }) => folded(name))
  const words = staff.map(person => ({ person, has: wordsOf(person.name) }))
  const byPart = (text: string) => {
    const asked = wordsOf(text)
    const isIn = (word: string, has: string[]) =>
      has.some(one => one === word || (word.length === 1 && one.startsWith(word)))
    return asked.some(word => word.length > 1)
      ? words.filter(({ has }) => asked.every(word => isIn(word, has))).map(({ person }) => person)
      : []
  }
  return (text: string): { person: PersonView; isPart: boolean } | string => {
    const whole = named.get(folded(text)) ?? staff.filter(({ id }) => String(id) === text)
    const found = whole.length ? whole : byPart(text)
    const active = found.filter(person => person.active)
    const [person, ...others] = active.length ? active : found
    if (!person) return `There is nobody named ${text}. Add them under Staff first.`
    if (others.length) {
      const all = [person, ...others].map(({ id, name }) => `${name} (${id})`)
      return `${text} may be ${all.length} people: ${namesText(all)}. Write the whole name, or the number.`
    }
    return active.length ? { person, isPart: !whole.length } : `${person.name} is inactive.`
  }
}
