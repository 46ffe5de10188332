/** The periods that the monitor looks back over, and the change since the period before. */

import { type Static, t } from 'elysia'
import { type CalendarUnit, day, hour, iso, nextOf, startOf } from '../platform/clock.ts'
import { oneOfWords } from '../platform/http/shared-schemas.ts'

export const shortPeriods = ['last_hour', 'last_day', 'last_week'] as const
export const longPeriods = ['last_day', 'last_week', 'last_month'] as const
export const shortPeriodSchema = oneOfWords(shortPeriods)
export const longPeriodSchema = oneOfWords(longPeriods)
export type ShortPeriod = Static<typeof shortPeriodSchema>
export type LongPeriod = Static<typeof longPeriodSchema>
export type MonitorPeriod = ShortPeriod | LongPeriod

const lengths: Record<MonitorPeriod, number> = {
  last_hour: hour,
  last_day: day,
  last_week: 7 * day,
  last_month: 30 * day,
}
export const lengthOf = (period: MonitorPeriod): number => lengths[period]

/** As links to them are called. */
export const periodNames: Record<MonitorPeriod, string> = {
  last_hour: '1 h',
  last_day: '24 h',
  last_week: '7 d',
  last_month: '30 d',
}

/** The period before: `▲ 3 % on the week before`. */
export const periodWords: Record<MonitorPeriod, string> = {
  last_hour: 'the hour before',
  last_day: 'the day before',
  last_week: 'the week before',
  last_month: 'the 30 days before',
}

/** Beginnings of the buckets from `begin` to `now`, each `step` ms long. */
export const bucketsOf = (begin: number, now: number, step: number): number[] =>
  Array.from({ length: Math.floor((now - begin) / step) + 1 }, (_, i) => begin + i * step)

/** In percent of the earlier value; null if there is none. */
export const percentChange = (now: number | null, before: number | null): number | null =>
  now === null || !before ? null : Math.round((1_000 * (now - before)) / before) / 10

export const longQuery = { period: t.Optional(longPeriodSchema) }

/** The periods and groupings of statistics. */

export const periods = [...longPeriods, 'all'] as const
export type StatsPeriod = (typeof periods)[number]
export const periodSchema = oneOfWords(periods)

const groupings = ['hour', 'day', 'month'] as const satisfies CalendarUnit[]
export const groupingSchema = oneOfWords(groupings)

/** The maximum number of buckets in an answer: two months by hour. Older ones are left out, never newer ones. */
const maxBuckets = 1_500

/** The start of a period, on a bucket's edge. `first` is when the data starts. */
export function periodStart(period: StatsPeriod, unit: CalendarUnit, now: number, first: number | null): number {
  const begin = period === 'all' ? (first ?? now) : now - lengthOf(period)
  const step = unit === 'hour' ? hour : unit === 'day' ? day : 28 * day
  return startOf(unit, Math.max(begin, now - (maxBuckets - 1) * step))
}

/** Every bucket from `begin` to now, including empty ones: a gap in a chart would hide that nothing happened. */
export function* bucketsFrom(begin: number, unit: CalendarUnit, now: number): Generator<number> {
  for (let start = begin; start <= now; start = nextOf(unit, start)) yield start
}

export const dateOf = (start: number) => iso(start).slice(0, 10)
