import { t } from 'elysia'
import { type CalendarUnit, day, hour, iso, nextOf, startOf } from '../../platform/clock.ts'

export const periods = ['last_day', 'last_week', 'last_month', 'all'] as const
export type StatsPeriod = (typeof periods)[number]
export const periodSchema = t.Union(periods.map(period => t.Literal(period)))

export const groupings = ['hour', 'day', 'month'] as const satisfies CalendarUnit[]
export const groupingSchema = t.Union(groupings.map(unit => t.Literal(unit)))

const lengths: Record<Exclude<StatsPeriod, 'all'>, number> = { last_day: day, last_week: 7 * day, last_month: 30 * day }

/** Most buckets in one answer: two months by hour. Older ones are left out, never newer. */
const mostBuckets = 1_500

/** Where a period begins, on a bucket's edge. `first` is when there was anything at all. */
export function periodStart(period: StatsPeriod, unit: CalendarUnit, now: number, first: number | null): number {
  const begin = period === 'all' ? (first ?? now) : now - lengths[period]
  const step = unit === 'hour' ? hour : unit === 'day' ? day : 28 * day
  return startOf(unit, Math.max(begin, now - (mostBuckets - 1) * step))
}

/** Every bucket from `begin` to now, those without anything too: a gap in a chart would hide that nothing happened. */
export function* bucketsFrom(begin: number, unit: CalendarUnit, now: number): Generator<number> {
  for (let start = begin; start <= now; start = nextOf(unit, start)) yield start
}

export const dateOf = (start: number) => iso(start).slice(0, 10)
