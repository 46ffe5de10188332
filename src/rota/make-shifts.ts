/** Shifts made from other shifts, from weekly patterns and from spreadsheets. Local times stay the same when clocks change. */
import type { NewShift } from './shift.ts'

type Pattern = Omit<NewShift, 'starts_at' | 'ends_at'> & {
  /** 1 Monday to 7 Sunday */
  weekdays: number[]
  /** `HH:MM` in the site's local time; an end that is not after the start is on the next day. */
  from: string
  to: string
}

/** The same shifts some weeks later: 22:00 stays 22:00 even if clocks change in between. */
export function copyShifts(shifts: NewShift[], weeks: number, zoneOf: (siteId: number) => string): NewShift[] {
  return shifts.map(({ starts_at, ends_at, ...shift }) => {
    const zone = zoneOf(shift.site_id)
    const later = (instant: string) => Temporal.Instant.from(instant).toZonedDateTimeISO(zone).add({ weeks })
    const length = Temporal.Instant.from(starts_at).until(ends_at)
    return { ...shift, ...between(later(starts_at), later(ends_at), length) }
  })
}

/** The shifts of a weekly pattern from one date to another, both included. */
export function shiftsFromPattern(pattern: Pattern, startDate: string, endDate: string, zone: string): NewShift[] {
  const { weekdays, from, to, ...shift } = pattern
  const shifts: NewShift[] = []
  const last = Temporal.PlainDate.from(endDate)
  for (
    let day = Temporal.PlainDate.from(startDate);
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  )
    if (weekdays.includes(day.dayOfWeek)) shifts.push({ ...shift, ...instantsOn(day, from, to, zone) })
  return shifts
}

/** Start and end of a shift that starts on this day. */
export function instantsOn(day: Temporal.PlainDate, from: string, to: string, zone: string) {
  const [begin, end] = [Temporal.PlainTime.from(from), Temporal.PlainTime.from(to)]
  const passesMidnight = Temporal.PlainTime.compare(end, begin) <= 0
  const at = (date: Temporal.PlainDate, time: Temporal.PlainTime) =>
    date.toZonedDateTime({ timeZone: zone, plainTime: time })
  const length = begin.until(end).add({ hours: passesMidnight ? 24 : 0 })
  return between(at(day, begin), at(passesMidnight ? day.add({ days: 1 }) : day, end), length)
}

/** A shift inside the hour that clocks skip would end as it starts: it keeps its length instead. */
function between(start: Temporal.ZonedDateTime, end: Temporal.ZonedDateTime, length: Temporal.Duration) {
  const stop = Temporal.ZonedDateTime.compare(start, end) < 0 ? end : start.add(length)
  return { starts_at: instantOf(start), ends_at: instantOf(stop) }
}

const instantOf = (when: Temporal.ZonedDateTime) => new Date(when.epochMilliseconds).toISOString()
