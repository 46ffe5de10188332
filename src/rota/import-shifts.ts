import type { FieldError } from '../errors.ts'
import { firstYear, isInCalendar, iso, lastYear, parseTime, yearFirst } from '../platform/clock.ts'
import { isOneLine } from '../platform/http/shared-schemas.ts'
import { cellForMessage, otherHeadings, type TextTable } from '../platform/spreadsheets/read-table.ts'
import { listedValues, type ReportError, readImportRows } from './imports.ts'
import { instantsOn } from './make-shifts.ts'
import { maxWordLength } from './rules-of-work.ts'
import { isShiftInCalendar, lengthError, type NewShift, shiftDefaults } from './shift.ts'

type NamedSite = { id: number; name: string; timezone: string }

export const shiftColumns = [
  'site',
  'date',
  'from',
  'to',
  'starts_at',
  'ends_at',
  'skill',
  'skills',
  'certification',
  'headcount',
  'kind',
] as const

/** As the pages name them, as other programs do, and in German, French, Spanish, Portuguese, Italian and Polish. */
export const otherShiftHeadings = otherHeadings({
  site: 'Location, Venue, Ort, Standort, Lieu, Lugar, Sitio, Sede, Local, Luogo, Miejsce, Lokalizacja',
  date: 'Day, Datum, Tag, Jour, Fecha, Día, Data, Dia, Giorno, Dzień',
  from: 'Start, Starts, Von, Beginn, De, Début, Desde, Inicio, Dalle, Da, Inizio, Od, Początek',
  to: 'End, Ends, Bis, Ende, À, Fin, Hasta, Até, Fim, Alle, Fine, Do, Koniec',
  skill: 'Fähigkeit, Qualifikation, Compétence, Habilidad, Competencia, Habilidade, Competenza, Umiejętność',
  skills: 'Fähigkeiten, Qualifikationen, Compétences, Habilidades, Competencias, Competenze, Umiejętności',
  certification: 'Certificate, Zertifikat, Nachweis, Certificat, Certificado, Certificato, Certyfikat',
  headcount:
    'Places, People, Plätze, Personen, Personnes, Plazas, Personas, Vagas, Pessoas, Posti, Persone, Miejsca, Osoby',
  kind: 'Art, Type, Tipo, Rodzaj',
})

/**
 * Shifts from a spreadsheet. A row names its site by name or id and its time either as `starts_at` and `ends_at` (with an
 * offset, or in the site's local time) or as `date`, `from` and `to`; `skill`, `skills` (several),
 * `certification`, `headcount` and `kind` may be left out. Every error is reported with its line; the caller accepts all rows or none.
 */
export function parseShifts(
  { fields, rows }: TextTable,
  sites: NamedSite[],
): { shifts: NewShift[]; errors: FieldError[] } {
  const has = new Set(fields)
  const missing =
    has.has('starts_at') || has.has('ends_at') ? ['site', 'starts_at', 'ends_at'] : ['site', 'date', 'from', 'to']
  const errors = missing
    .filter(name => !has.has(name))
    .map(name => ({ path: name, message: 'The file lacks this column.' }))
  if (errors.length) return { shifts: [], errors }
  if (!rows.length) return { shifts: [], errors: [{ path: 'file', message: 'The file has no rows.' }] }

  const shifts = readImportRows(rows, errors, ({ cells }, mistake) => readShift(cells, sites, mistake))
  return { shifts, errors }
}

function readShift(row: Record<string, string>, sites: NamedSite[], mistake: ReportError): NewShift | undefined {
  const site = siteNamed(row.site ?? '', sites)
  if (!site) return mistake('site', row.site ? noSiteNamed(row.site) : 'Name a site.')
  const needs = readNeeds(row, mistake)
  const times = needs && readTimes(row, site.timezone, mistake)
  return times && { ...shiftDefaults, site_id: site.id, ...times, ...needs }
}

/** What a shift asks for, as far as the row says it. */
export function readNeeds(row: Record<string, string>, mistake: ReportError) {
  const headcount = Number(row.headcount || 1)
  if (!Number.isInteger(headcount) || headcount < 1 || headcount > 500)
    return mistake('headcount', `${cellForMessage(row.headcount)} is not a whole number from 1 to 500.`)
  const skills = listedValues(row.skills ?? '')
  for (const column of ['skill', 'certification', 'kind', 'skills'] as const) {
    for (const word of column === 'skills' ? skills : [row[column]])
      if (word && (word.length > maxWordLength || !isOneLine(word)))
        return mistake(column, `${cellForMessage(word)} is not one line of at most ${maxWordLength} characters.`)
  }
  const [skill, certification, kind] = [row.skill || null, row.certification || null, row.kind || null]
  return { skill, skills, certification, kind, headcount }
}

export function readTimes(row: Record<string, string>, zone: string, mistake: ReportError) {
  const times = row.starts_at === undefined ? byDay(row, zone, mistake) : byInstants(row, zone, mistake)
  if (!times) return
  if (!isShiftInCalendar(times)) return mistake('date', `This is before ${firstYear} or after ${lastYear}.`)
  const wrong = lengthError(times)
  return wrong ? mistake('ends_at', wrong) : times
}

export const noSiteNamed = (text: string): string => `There is no site named ${cellForMessage(text)}.`

/** An id if it is one, else a name in upper or lower case. */
export const siteNamed = <Site extends NamedSite>(text: string, sites: readonly Site[]): Site | undefined =>
  sites.find(site => String(site.id) === text) ?? sites.find(site => site.name.toLowerCase() === text.toLowerCase())

/** The day of a cell, if it is one. */
export function dayInCell(cell: string): string | undefined {
  const day = yearFirst(cell)
  return isDate(day) ? day : undefined
}

export const noTime = (cell: string): string =>
  `${cellForMessage(cell)} is not a time such as 2025-03-30 22:00 or 2025-03-30T20:00:00Z.`
export const noDate = (cell: string): string => `${cellForMessage(cell)} is not a date such as 2025-03-30.`

function byDay({ date = '', from = '', to = '' }: Record<string, string>, zone: string, mistake: ReportError) {
  const day = dayInCell(date)
  if (!day) return mistake('date', noDate(date))
  const [begin, end] = [clockOf(from), clockOf(to.replace(/^24:00/, '00:00'))]
  if (!begin) return mistake('from', `${cellForMessage(from)} is not a time such as 09:30.`)
  if (!end) return mistake('to', `${cellForMessage(to)} is not a time such as 17:30.`)
  return instantsOn(Temporal.PlainDate.from(day), begin, end, zone)
}

function byInstants({ starts_at = '', ends_at = '' }: Record<string, string>, zone: string, mistake: ReportError) {
  const [start, end] = [instantOf(starts_at, zone), instantOf(ends_at, zone)]
  if (!start) return mistake('starts_at', noTime(starts_at))
  if (!end) return mistake('ends_at', noTime(ends_at))
  return { starts_at: start, ends_at: end }
}

/** With an offset it is a point in time; without one it is the site's local time. */
function instantOf(text: string, zone: string): string | undefined {
  const local = /^(\d{4}-\d\d-\d\d)[ T](\d\d?:\d\d)(:\d\d)?$/.exec(yearFirst(text))
  const clock = clockOf(local?.[2] ?? '')
  const when = local
    ? clock &&
      isDate(local[1]!) &&
      Temporal.PlainDate.from(local[1]!).toZonedDateTime({ timeZone: zone, plainTime: clock }).epochMilliseconds
    : read(() => Temporal.Instant.from(text).epochMilliseconds)
  return when && isInCalendar(when) ? iso(when) : undefined
}

/** `9:30`, `9.30` or `9h30`, or with the seconds that spreadsheets add. */
const clockOf = (text: string) =>
  /^((?:[01]?\d|2[0-3]):[0-5]\d)(?::00)?$/.exec(text.replace(/[.h]/i, ':'))?.[1]?.padStart(5, '0')

/** The value, or undefined if it cannot be parsed. */
function read<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

const isDate = (text: string) => text.length === 10 && !Number.isNaN(parseTime(text))
