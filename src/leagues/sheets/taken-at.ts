/** Which time a sheet is dated by. */
import type { dateSources } from '../../../db/schema.ts'
import { isAhead, momentOf, startOf } from '../../platform/clock.ts'
import { takenAtInName } from './reading/taken-at.ts'

type DateSource = (typeof dateSources)[number]
export type Dated = { takenAt: number; takenFrom: DateSource }

/** As far as is known before the sheet is read: what was given, else what its name says, else the time it was sent. */
export function datedBeforeReading(given: string | undefined, filename: string, now: number): Dated {
  if (given) return { takenAt: momentOf(given), takenFrom: 'given' }
  const named = momentOfData(takenAtInName(filename), now)
  return named === undefined ? { takenAt: now, takenFrom: 'sent' } : { takenAt: named, takenFrom: 'filename' }
}

/** What the sheet itself says comes before its name; what was given stands. */
export function datedByContent(dated: Dated, found: string | null, now: number): Dated {
  const dataMoment = dated.takenFrom === 'given' ? undefined : momentOfData(found, now)
  return dataMoment === undefined ? dated : { takenAt: dataMoment, takenFrom: 'sheet' }
}

/** A time that is still to come is a slip. A day alone is its beginning in UTC; today's means now, or the scan before it would be newer. */
function momentOfData(found: string | null, now: number): number | undefined {
  const at = found === null ? Number.NaN : momentOf(found)
  if (Number.isNaN(at) || isAhead(at, now)) return undefined
  return found?.length === 10 && at === startOf('day', now) ? now : at
}
