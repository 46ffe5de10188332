/** A range of days, both ends included, by the local date on which a shift starts. Weeks start on Monday. */
import { t } from 'elysia'
import { invalid } from '../errors.ts'
import { dateSchema, idSchema } from '../platform/http/shared-schemas.ts'

export type DateRange = { start: string; end: string; siteIds: number[] } // no ids: every site

/** As bodies name it. */
export const rangeFields = {
  start_date: dateSchema,
  end_date: dateSchema,
  site_ids: t.Optional(t.Array(idSchema, { maxItems: 500, description: 'If empty, all sites' })),
}
type RangeBody = { start_date: string; end_date: string; site_ids?: number[] }

export const rangeOfBody = ({ start_date: start, end_date: end, site_ids: siteIds = [] }: RangeBody): DateRange => ({
  start,
  end,
  siteIds,
})

const maxDays = 92

/** Refuses ranges that are empty or too long. `endName` is the field named in the error. */
export function checkDateRange(start: string, end: string, endName = 'end', max = maxDays): void {
  const days = daysBetween(start, end) + 1
  if (days < 1) invalid(endName, 'The end must not be before the start.')
  if (days > max)
    invalid(endName, `These are ${days} days, the first and the last included; at most ${max} are allowed.`)
}

const daysBetween = (start: string, end: string): number =>
  Temporal.PlainDate.from(start).until(end, { largestUnit: 'days' }).days

export const mondayOf = (date: string): string => {
  const day = Temporal.PlainDate.from(date)
  return day.subtract({ days: day.dayOfWeek - 1 }).toString()
}

export const daysAfter = (date: string, days: number): string => Temporal.PlainDate.from(date).add({ days }).toString()

/** Today in UTC, for rosters of sites around the world. */
export const today = (now: number): string => new Date(now).toISOString().slice(0, 10)

export const datesBetween = (start: string, end: string): string[] =>
  Array.from({ length: daysBetween(start, end) + 1 }, (_, days) => daysAfter(start, days))
