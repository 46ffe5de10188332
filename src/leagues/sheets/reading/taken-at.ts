/** When a sheet says it was made, in the rows around its table or in its file's name: a time in ISO 8601, or a day alone. */
import { isInCalendar, yearFirst } from '../../../platform/clock.ts'
import type { PreviewRow } from '../../../platform/spreadsheets/workbook.ts'

const timestamp =
  /\b(20\d\d)-(\d\d)-(\d\d)(?:(?:T|,? )(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(UTC|GMT|Z|[+-]\d\d:?\d\d)?)?/i
const timeWord = /scan|taken|date|time|updated|generated|created|stand|datum|fecha/i

/** Prefers a time with a zone or beside a word for it; a day alone counts only beside such a word. UTC if no zone is named. */
export function takenAtIn(rows: PreviewRow[]): string | null {
  let best: { time: string; score: number } | null = null
  for (const { cells } of rows)
    for (const [column, cell] of cells.entries()) {
      const text = yearFirst(cell)
      const found = timestamp.exec(text)
      if (!found) continue
      const [match, year, month, day, hour, minute, second = '00', zone] = found
      const isLabelled = timeWord.test(text.replace(match, '')) || timeWord.test(cells[column - 1] ?? '')
      if (!hour && !isLabelled) continue
      const offset = !zone || /^[a-z]+$/i.test(zone) ? 'Z' : zone.replace(/^(...):?/, '$1:')
      const time = existingTime(`${year}-${month}-${day}`, hour ? `T${hour}:${minute}:${second}${offset}` : '')
      if (!time) continue
      const score = (hour ? 1 : 0) + (zone ? 1 : 0) + (isLabelled ? 1 : 0)
      if (!best || score > best.score) best = { time, score }
    }
  return best?.time ?? null
}

const inName =
  /(?<!\d)(20\d\d)([-_. ]?)([01]\d)\2([0-3]\d)(?:[T _-]*([0-2]\d)[-_.:hH]?([0-5]\d)(?:[-_.:]?([0-5]\d))?Z?)?(?!\d)/
/** `25-11-2025-12-30`: the numbers after the year are no date. */
const yearLast = /(?<!\d)[0-3]\d([-_ ])[0-3]\d\1(?=20\d\d\1)/
/** `01.03.26`. Numbers with more points, such as 1.03.26.2, are no date, nor is a version such as v01.03.26. */
const twoDigitYear = /(?<![\d.v])([0-3]\d)\.([01]\d)\.(\d\d)(?!\.?\d)/i

/**
 * `2026-03-01`, `2026_03_01 12-30`, `20260301T123000`, `01.03.2026`, `01.03.26`: the time in a file's name, in UTC. Not
 * `01-03-2026`, which is January or March.
 */
export function takenAtInName(filename: string): string | null {
  if (yearLast.test(filename)) return null
  // Beside a whole year, 11.05.30 is a time of day.
  const found = inName.exec(yearFirst(filename)) ?? inName.exec(yearFirst(filename.replace(twoDigitYear, '$1.$2.20$3')))
  if (!found) return null
  const [, year, , month, day, hour, minute, second = '00'] = found
  return existingTime(`${year}-${month}-${day}`, hour ? `T${hour}:${minute}:${second}Z` : '')
}

/** Null for dates that do not exist. */
function existingTime(day: string, time: string): string | null {
  const at = new Date(day + time)
  if (Number.isNaN(at.getTime()) || !isInCalendar(at.getTime())) return null
  if (new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return null // the 30th of February
  return time ? at.toISOString() : day
}
