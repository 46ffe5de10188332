/** Which time a sheet counts as taken at. */
import type { dateSources } from '../../../db/schema.ts'
import { isAhead, parseTime, startOf } from '../../platform/clock.ts'
import { takenAtInName } from './reading/taken-at.ts'

type DateSource = (typeof dateSources)[number]
export type SheetDate = { takenAt: number; takenFrom: DateSource }

/** The best date known before the sheet is read: the given one, or else that in its name, or else the time it was sent. */
export function dateBeforeReading(given: string | undefined, filename: string, now: number): SheetDate {
  if (given) return { takenAt: parseTime(given), takenFrom: 'given' }
  const inName = parsePastTime(takenAtInName(filename), now)
  return inName === undefined ? { takenAt: now, takenFrom: 'sent' } : { takenAt: inName, takenFrom: 'filename' }
}

/** A date in the sheet takes precedence over its name, but not over a given one. */
export function dateByContent(date: SheetDate, found: string | null, now: number): SheetDate {
  const inSheet = date.takenFrom === 'given' ? undefined : parsePastTime(found, now)
  return inSheet === undefined ? date : { takenAt: inSheet, takenFrom: 'sheet' }
}

/** A time in the future is ignored as a mistake. A date alone means 00:00 UTC; today's date means now, or the scan before would be newer. */
function parsePastTime(found: string | null, now: number): number | undefined {
  const at = found === null ? Number.NaN : parseTime(found)
  if (Number.isNaN(at) || isAhead(at, now)) return undefined
  return found?.length === 10 && at === startOf('day', now) ? now : at
}
