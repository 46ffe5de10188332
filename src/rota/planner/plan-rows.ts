/** The rows of a plan from a spreadsheet: its columns, each of its forms as a list, and the words in its cells. */
import type { FieldError } from '../../errors.ts'
import { yearFirst } from '../../platform/clock.ts'
import {
  cellForMessage,
  fieldOf,
  otherHeadings,
  type TableRow,
  type TextTable,
} from '../../platform/spreadsheets/read-table.ts'
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

/** `column`: of a grid, the one whose cell the row is. */
type PlanRow = TableRow & { column?: string }
/** `fields`: the file's own, without those of a grid. */
export type PlanTable = { fields: string[]; rows: PlanRow[]; notes: string[]; lacks?: FieldError }

/** A plan as a list, whichever of three forms it has. `kinds`: those of the shifts that there are. */
export function planTable(table: TextTable, month: string | undefined, kinds: readonly string[]): PlanTable {
  const { fields } = table
  const lacking = (path: string, message: string) => ({ ...table, lacks: { path, message } })
  const isDated = fields.includes('date') || fields.includes('starts_at')
  if (fields.includes('person')) {
    if (isDated) return table
    const days = fields.filter(field => dayParts(field))
    const twice = repeated(days)
    if (twice) return lacking('file', `Two columns are of day ${spaced(twice)}: leave one of them out.`)
    if (days.length) return listOfMonth(table, days, month)
    return lacking('date', 'The file lacks this column, or a column for each day of a month.')
  }
  const named = new Map(kinds.map(kind => [withoutAccents(fieldOf(kind)), kind]))
  const shifts = fields.filter(field => named.has(withoutAccents(field)))
  const twice = repeated(shifts)
  if (twice) return lacking('file', `Two columns are of the shift ${spaced(twice)}: write the names into one.`)
  if (isDated && shifts.length)
    return listOfDays(table, new Map(shifts.map(field => [field, named.get(withoutAccents(field))!])))
  return lacking('person', 'The file lacks this column, or a column for each kind of shift.')
}

const repeated = (fields: readonly string[]) => fields.find((field, i) => fields.indexOf(field) < i)
const spaced = (field: string) => field.replaceAll('_', ' ')
/** What shifts ask for in a list: in a month by person it is what the person can do. */
const needs = ['skill', 'skills', 'certification', 'headcount']

/** A month by person: each cell says what they do on that day. */
function listOfMonth({ fields, rows, notes }: TextTable, days: string[], month: string | undefined): PlanTable {
  const dates = new Map(days.map(field => [field, dateOfHeading(field, month)]))
  const nameless = rows.filter(({ cells }) => !cells.person).map(({ line }) => String(line))
  const unclear = month ? undefined : days.find(field => !dates.get(field))
  const ofPeople = fields.filter(field => needs.includes(field))
  return {
    fields: fields.filter(field => !dates.has(field)),
    notes: [
      ...notes,
      ...(ofPeople.length ? [`Not read, as it is about people and not about shifts: ${namesText(ofPeople)}.`] : []),
      ...(nameless.length ? [`Lines without a name are left out: ${namesText(nameless)}.`] : []),
    ],
    rows: rows
      .filter(({ cells }) => cells.person)
      .flatMap(({ line, cells: all }) => {
        const cells = Object.fromEntries(Object.entries(all).filter(([field]) => !ofPeople.includes(field)))
        return [...dates].flatMap(([field, date = field.replaceAll('_', '.')]) =>
          listedValues(cells[field] ?? '')
            .filter(word => !isDayOff(word))
            .map(kind => ({ line, cells: { ...cells, date, kind }, column: date })),
        )
      }),
    ...(unclear && {
      lacks: {
        path: 'month',
        message: `Of which ${dayParts(unclear)?.month ? 'year' : 'month'} is the day ${spaced(unclear)}? Choose the month.`,
      },
    }),
  }
}

/** Days by shift: each cell names who works that kind of shift. */
function listOfDays({ fields, rows, notes }: TextTable, shifts: ReadonlyMap<string, string>): PlanTable {
  return {
    fields: fields.filter(field => !shifts.has(field)),
    notes,
    rows: rows.flatMap(({ line, cells }) =>
      [...shifts].flatMap(([field, kind]) => {
        const person = cells[field]
        return person ? { line, cells: { ...cells, kind, person }, column: kind } : []
      }),
    ),
  }
}

/** `1`, `Mon 1`, `2.11.`, `2 Nov`, `Nov 2`, `02.11.26`, `2026-11-02`, as headings are read. */
function dayParts(field: string) {
  const text = field
    .replace(/\p{L}+/gu, word => monthNames().get(withoutAccents(word)) ?? word)
    .replace(/^\p{L}+_|_\p{L}+$/gu, '')
    .replace(/_00_00(_00)?$/, '')
  const found =
    /^(?<year>\d{4})_(?<month>\d\d?)_(?<day>\d\d?)$/.exec(text) ??
    /^m(?<month>\d\d?)_(?<day>\d\d?)(_(?<year>\d{4}))?$/.exec(text) ??
    /^(?<day>\d\d?)(_m?(?<month>\d\d?)(_(?<year>\d{4}|\d\d))?)?$/.exec(text)
  return found?.groups
}

const languages = ['en', 'en-GB', 'de', 'fr', 'es', 'pt', 'it', 'pl']
/** `dec` and `dezember` are `m12`. Without `mar`, which is a Tuesday, too. */
const monthNames = () => (namesOfMonths ??= new Map(languages.flatMap(monthsIn).filter(([name]) => name !== 'mar')))
let namesOfMonths: ReadonlyMap<string, string> | undefined
const monthsIn = (language: string) =>
  (['short', 'long'] as const).flatMap(month => {
    const { format } = new Intl.DateTimeFormat(language, { month, timeZone: 'UTC' })
    return Array.from({ length: 12 }, (_, i): [string, string] => [
      withoutAccents(fieldOf(format(Date.UTC(2026, i, 1)))),
      `m${i + 1}`,
    ])
  })

/** What a heading leaves out is that of `ofMonth`; a month without a year is the one nearest to it. */
function dateOfHeading(field: string, ofMonth = ''): string | undefined {
  const { day = '', month = ofMonth.slice(5), year } = dayParts(field) ?? {}
  const nearest = Number(ofMonth.slice(0, 4)) + Math.round((Number(ofMonth.slice(5)) - Number(month)) / 12)
  const inFull = year ? year.padStart(4, '20') : String(nearest)
  return dayInCell([inFull, month.padStart(2, '0'), day.padStart(2, '0')].join('-'))
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

export const isOpenWord = (word: string): boolean => openWords.has(folded(word))

/** Several names in a cell, and words for open places, unless the whole cell is a name, such as `Berg, Ann`. */
export function namesInCell(cell: string, isName: (text: string) => boolean): string[] {
  if (isName(cell)) return [cell]
  return listedValues(cell.includes('|') ? cell : cell.replace(/[/&+]/g, ','))
}

const wordsOf = (name: string) =>
  folded(name)
    .split(/[\s,.]+/)
    .filter(Boolean)

const shownAs = ({ id, name }: PersonView) => `${name} (${id})`

/** Finds people by name, by a part of it that only one has (`Berg`, `A. Berg`, `Berg, Ann`), or by id. */
export function peopleFinder(staff: readonly PersonView[]) {
  const named = Map.groupBy(staff, ({ name }) => folded(name))
  const byId = new Map(
    staff.flatMap(person => [String(person.id), folded(shownAs(person))].map(text => [text, person] as const)),
  )
  const words = staff.flatMap(person => {
    const has = new Set(wordsOf(person.name))
    return [...has].map(word => ({ word, person, has: [...has] }))
  })
  const withWord = Map.groupBy(words, ({ word }) => word)
  const byPart = (text: string) => {
    const asked = wordsOf(text)
    const whole = asked.find(word => word.length > 1)
    const isIn = (word: string, has: string[]) =>
      has.some(one => one === word || (word.length === 1 && one.startsWith(word)))
    const some = whole === undefined ? [] : (withWord.get(whole) ?? [])
    return some.filter(({ has }) => asked.every(word => isIn(word, has))).map(({ person }) => person)
  }
  return (text: string): { person: PersonView; isPart: boolean } | string => {
    const numbered = byId.get(folded(text))
    const whole = named.get(folded(text)) ?? (numbered ? [numbered] : [])
    const found = whole.length ? whole : byPart(text)
    const active = found.filter(person => person.active)
    const [person, ...others] = active.length ? active : found
    if (!person) return `There is nobody named ${cellForMessage(text)}. Add them under Staff first.`
    if (others.length) {
      const all = [person, ...others]
      return `${cellForMessage(text)} may be ${all.length} people: ${namesText(all.map(shownAs))}. Write the whole name, or the number.`
    }
    return active.length ? { person, isPart: !whole.length } : `${person.name} is inactive.`
  }
}
