/** Which time a sheet counts as taken at. */
import type { dateSources } from '../../../db/schema.ts'
import { isAhead, parseTime, startOf } from '../../platform/clock.ts'
import { takenAtInName } from './reading/taken-at.ts'

type DateSource = (typeof dateSources)[number]
export type Dated = { takenAt: number; takenFrom: DateSource }

/** The best date known before the sheet is read: the given one, or else that in its name, or else the time it was sent. */
export function datedBeforeReading(given: string | undefined, filename: string, now: number): Dated {
  if (given) return { takenAt: parseTime(given), takenFrom: 'given' }
  const named = momentOfData(takenAtInName(filename), now)
  return named === undefined ? { takenAt: now, takenFrom: 'sent' } : { takenAt: named, takenFrom: 'filename' }
}

/** A date in the sheet takes precedence over its name, but not over a given one. */
export function datedByContent(dated: Dated, found: string | null, now: number): Dated {
  const dataMoment = dated.takenFrom === 'given' ? undefined : momentOfData(found, now)
  return dataMoment === undefined ? dated : { takenAt: dataMoment, takenFrom: 'sheet' }
}

/** A time in the future is ignored as a mistake. A date alone means 00:00 UTC; today's date means now, or the scan before would be newer. */
function momentOfData(found: string | null, now: number): number | undefined {
  const at = found === null ? Number.NaN : parseTime(found)
  if (Number.isNaN(at) || isAhead(at, now)) return undefined
  return found?.length === 10 && at === startOf('day', now) ? now : at
}
