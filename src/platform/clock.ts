/** The one source of time. Tests hand in a clock they can turn. Milliseconds since 1970 UTC. */
export type Clock = { now(): number }

export const systemClock: Clock = { now: () => Date.now() }

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** Clocks of several machines differ a little. What is further ahead than this was dated by a clock that was wrong. */
export const mostAhead = minute
export const isAhead = (at: number, now: number): boolean => at > now + mostAhead
export const tooFarAhead = 'This is more than a minute ahead of this clock.'

/** ISO 8601 in UTC, or null where nothing has happened yet. */
export const iso = (at: number) => new Date(at).toISOString()
export const isoOrNull = (at: number | null | undefined) => (at == null ? null : iso(at))

/** Dates beyond these years are slips of the pen. Bounded here, no request makes anybody walk through millions of days. */
export const firstYear = 1970
export const lastYear = 2100
const [earliest, end] = [Date.UTC(firstYear), Date.UTC(lastYear + 1)]
export const isInCalendar = (at: number): boolean => at >= earliest && at < end

const written = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/

/**
 * Milliseconds of a date (its beginning in UTC) or of a time with an offset; NaN for anything else, for days no month has and
 * years beyond the calendar.
 */
export function momentOf(text: string): number {
  const at = written.test(text) ? Date.parse(text) : Number.NaN
  const day = Date.parse(text.slice(0, 10))
  return isInCalendar(at) && isInCalendar(day) && iso(day).slice(0, 10) === text.slice(0, 10) ? at : Number.NaN
}

const units: Record<string, number> = { s: second, m: minute, h: hour, d: day }

/** `'5m'` → 300000: lives and leases are written in the tables as an operator would say them. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`
export const ms = (duration: Duration): number =>
  Number(duration.slice(0, -1)) * (units[duration.slice(-1)] ?? Number.NaN)

export type CalendarUnit = 'hour' | 'day' | 'month'

/** When the hour, day or month of `at` began, in UTC. */
export function startOf(unit: CalendarUnit, at: number): number {
  if (unit === 'hour') return at - (at % hour)
  if (unit === 'day') return at - (at % day)
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

/** When the next one begins. */
export function nextOf(unit: CalendarUnit, start: number): number {
  if (unit === 'hour') return start + hour
  if (unit === 'day') return start + day
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}
