/** The one source of time. Tests pass a clock they can set. Milliseconds since 1970 UTC. */
export type Clock = { now(): number }

export const systemClock: Clock = { now: () => Date.now() }

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** Clocks of several machines differ a little; a time further ahead than this came from a wrong clock. */
export const maxAheadMs = minute
export const isAhead = (at: number, now: number): boolean => at > now + maxAheadMs
export const tooFarAhead = 'This is more than a minute ahead of this clock.'

export const iso = (at: number) => new Date(at).toISOString()
/** `2026-03-01 18:00 UTC` */
export const minuteText = (at: number): string => `${iso(at).slice(0, 16).replace('T', ' ')} UTC`
/** Null where there is no time yet. */
export const isoOrNull = (at: number | null | undefined) => (at == null ? null : iso(at))

/** Dates outside these years are typing errors. The bound also keeps a request from making us loop over millions of days. */
export const firstYear = 1970
export const lastYear = 2100
const [earliest, end] = [Date.UTC(firstYear), Date.UTC(lastYear + 1)]
export const isInCalendar = (at: number): boolean => at >= earliest && at < end

const datePattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/

/**
 * Milliseconds of a date (its start in UTC) or of a time with an offset. NaN for anything else, for dates that do not exist
 * and for years out of range.
 */
export function parseTime(text: string): number {
  const at = datePattern.test(text) ? Date.parse(text) : Number.NaN
  const day = Date.parse(text.slice(0, 10))
  return isInCalendar(at) && isInCalendar(day) && iso(day).slice(0, 10) === text.slice(0, 10) ? at : Number.NaN
}

/**
 * `01.03.2026` or `1.3.2026`, as it is written in Germany and its neighbours, with the year first. In `v1.2.2026-03-01` a version
 * stands before the date.
 */
export const yearFirst = (text: string): string =>
  text.replace(
    /(?<!\d)([0-3]?\d)\.([01]?\d)\.(20\d\d)(?!\d|(?<!\d\d\.\d\d\.\d{4})[-_]\d\d[-_]\d\d)/g,
    (_, day: string, month: string, year: string) => `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
  )

/** A time without a zone, such as that of a form, is in UTC. */
export const inUtc = (text: string): string =>
  text.trim().replace(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(:\d\d(\.\d+)?)?)$/, '$1T$2Z')

const units: Record<string, number> = { s: second, m: minute, h: hour, d: day }

/** `'5m'` → 300000, so that the tables of lifetimes and leases are easy to read. */
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

/** When the hour, day or month after the one that starts at `start` begins. */
export function nextOf(unit: CalendarUnit, start: number): number {
  if (unit === 'hour') return start + hour
  if (unit === 'day') return start + day
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}
