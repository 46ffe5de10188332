/** A stretch of days: both ends included, by the start of a shift on its site's wall. Weeks start on Monday. */
import { t } from 'elysia'
import { invalid } from '../errors.ts'

export type Range = { start: string; end: string; siteIds: number[] } // no ids: every site

export const dateSchema = t.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$', description: 'A date, such as 2026-03-30' })

const mostDays = 92

/** Refuses days that are none, and ranges that are empty or too long to be looked at. */
export function checkedRange(start: string, end: string, names = ['start', 'end'], most = mostDays): void {
  const [first, last] = [dayOf(start, names[0] ?? ''), dayOf(end, names[1] ?? '')]
  const days = first.until(last, { largestUnit: 'days' }).days + 1
  if (days < 1) invalid(names[1] ?? '', 'is before the start')
  if (days > most) invalid(names[1] ?? '', `is ${days} days after the start; ${most} are the most`)
}

export function dayOf(text: string, path: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' })
  } catch {
    return invalid(path, 'is not a date like 2026-03-30')
  }
}

export const mondayOf = (date: string): string => {
  const day = Temporal.PlainDate.from(date)
  return day.subtract({ days: day.dayOfWeek - 1 }).toString()
}

export const daysAfter = (date: string, days: number): string => Temporal.PlainDate.from(date).add({ days }).toString()

/** In UTC: what rosters of sites around the world call today. */
export const today = (now: number): string => new Date(now).toISOString().slice(0, 10)

export function daysOf(start: string, end: string): string[] {
  const days: string[] = []
  for (let day = start; day <= end; day = daysAfter(day, 1)) days.push(day)
  return days
}
