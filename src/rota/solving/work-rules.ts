import { hour } from '../../platform/clock.ts'
import { FIRST_MONDAY, type Limit, type PeriodLimit, type WorkRules } from './problem.ts'

/** Days before and after the range that are looked at: work there makes days in a row more. */
const MARGIN_DAYS = 15

export type DayRange = { first: number; count: number }

type Work = { day: number; length: number; kind?: string; site: number }

/** A limit counted over stretches of weeks. */
type StretchLimits = {
  limit: Limit
  /** [day of the range]: its stretch. [stretch]: what fixed work adds to it, and its limit */
  stretchOf: Int32Array
  known: Float64Array
  limitOf: Float64Array
}

/** Rules of a person or of a site, prepared for one person with the fixed work that they count. */
export type PreparedRules = {
  rules: WorkRules
  /** if set, only work at this site counts */
  site?: number
  fixed: Work[]
  /** in milliseconds; `kinds` in shifts */
  leastHours?: StretchLimits
  mostHours?: StretchLimits
  kinds: (StretchLimits & { kind: string })[]
  weekends?: StretchLimits & { saturdays: { day: number; stretch: number }[] }
}

/**
 * How well one person's work keeps their rules. `price`: cents for broken rules with a price. For hard rules, `excess` counts units
 * above a maximum, which solvers never increase; `short` counts hours too few, `shortDays` days too few in a row.
 */
export type RuleEvaluation = { price: number; excess: number; short: number; shortDays: number }

/** Too few days in a row can always be avoided by working less, so they weigh more than too few hours. */
export const SHORT_STRETCH_WEIGHT = 100_000

export const brokenScore = ({ short, shortDays }: RuleEvaluation) => SHORT_STRETCH_WEIGHT * shortDays + short

/** Days since 1970. */
export const dayNumber = (date: string) => Date.parse(date) / 86_400_000

export function dayRangeOf(dates: string[]): DayRange {
  if (!dates.length) return { first: 0, count: 0 }
  const [first, last] = [dates.toSorted()[0]!, dates.toSorted().at(-1)!]
  return { first: dayNumber(first), count: dayNumber(last) - dayNumber(first) + 1 }
}

export function prepareRules(rules: WorkRules, days: DayRange, work: Work[], site?: number): PreparedRules {
  const fixed = site === undefined ? work : work.filter(one => one.site === site)
  const fixedNearby = fixed.filter(({ day }) => day >= -MARGIN_DAYS && day < days.count + MARGIN_DAYS)
  const firstMonday = dayNumber(rules.counted_from ?? FIRST_MONDAY)
  const isIn = (day: number) => day >= 0 && day < days.count

  const counts = (limit: PeriodLimit, amount: (work: Work) => number, isProportional = false): StretchLimits => {
    const { weeks } = limit
    const stretchOfDay = stretchesOf(limit, days, firstMonday)
    const stretchOf = Int32Array.from({ length: days.count }, (_, day) => stretchOfDay(day))
    const size = (stretchOf.at(-1) ?? 0) + 1
    const known = new Float64Array(size)
    for (const one of fixed) {
      const stretch = stretchOfDay(one.day)
      const isCounted = weeks === undefined || isProportional ? isIn(one.day) : stretch >= 0 && stretch < size
      if (isCounted) known[stretch]! += amount(one)
    }
    const limits = new Float64Array(size)
    if (weeks !== undefined && isProportional)
      for (const stretch of stretchOf) limits[stretch]! += limit.limit / (7 * weeks)
    else limits.fill(limit.limit)
    return { limit, stretchOf, known, limitOf: limits }
  }
  const { least_hours, most_hours, most_weekends, most_of_kind = [] } = rules
  const length = (one: Work) => one.length
  return {
    rules,
    ...(site === undefined ? {} : { site }),
    fixed: fixedNearby,
    ...(least_hours && { leastHours: counts(least_hours, length, true) }),
    ...(most_hours && { mostHours: counts(most_hours, length) }),
    kinds: most_of_kind.map(most => ({ ...counts(most, one => (one.kind === most.kind ? 1 : 0)), kind: most.kind })),
    ...(most_weekends && {
      weekends: weekendsOf(
        most_weekends,
        counts(most_weekends, () => 0),
        days,
        fixed,
        firstMonday,
      ),
    }),
  }
}

/** Numbers stretches of weeks from that of the first day of the range; without weeks there is one. */
function stretchesOf({ weeks }: PeriodLimit, days: DayRange, firstMonday: number): (day: number) => number {
  if (weeks === undefined) return () => 0
  const number = (day: number) => Math.floor((days.first + day - firstMonday) / (7 * weeks))
  return day => number(day) - number(0)
}

/** Weekends that touch the range depend on the roster. Others in the same stretch have only fixed work, which is counted here. */
function weekendsOf(limit: PeriodLimit, counted: StretchLimits, days: DayRange, fixed: Work[], firstMonday: number) {
  const stretchOfDay = stretchesOf(limit, days, firstMonday)
  const saturdayOf = (day: number) => day - ((((days.first + day - 2) % 7) + 7) % 7)
  const saturdays = Array.from({ length: days.count + 1 }, (_, index) => index - 1)
    .filter(day => saturdayOf(day) === day)
    .map(day => ({ day, stretch: stretchOfDay(day) }))
  const others = new Set<number>()
  for (const { day } of fixed) if (day - saturdayOf(day) < 2) others.add(saturdayOf(day))
  for (const { day } of saturdays) others.delete(day)
  if (limit.weeks !== undefined)
    for (const saturday of others) {
      const stretch = stretchOfDay(saturday)
      if (stretch >= 0 && stretch < counted.known.length) counted.known[stretch]!++
    }
  return { ...counted, saturdays }
}

type RuleContext = { openings: Work[]; days: DayRange }

/** Evaluates all rules for a person's openings, plus one more if given. It runs at every step of a search, so it reuses its buffers. */
export function evaluateRules(
  duties: PreparedRules[],
  choice: RuleContext,
  taken: number[],
  more?: number,
): RuleEvaluation {
  const evaluation: RuleEvaluation = { price: 0, excess: 0, short: 0, shortDays: 0 }
  for (const one of duties) evaluateBy(one, choice, taken, more, evaluation)
  return evaluation
}

function evaluateBy(
  duties: PreparedRules,
  { openings, days }: RuleContext,
  taken: number[],
  more: number | undefined,
  evaluation: RuleEvaluation,
) {
  const { rules, fixed, site } = duties
  allWork.length = 0
  for (const opening of taken) {
    const work = openings[opening]!
    if (site === undefined || work.site === site) allWork.push(work)
  }
  if (more !== undefined && (site === undefined || openings[more]!.site === site)) allWork.push(openings[more]!)
  const chosen = allWork.length
  for (const work of fixed) allWork.push(work)
  const size = days.count + 2 * MARGIN_DAYS
  if (lastWorkOnDay.length < size) [lastWorkOnDay, worked] = [new Int32Array(size), new Uint8Array(size)]
  lastWorkOnDay.fill(-1, 0, size)
  worked.fill(0, 0, size)
  for (let index = 0; index < allWork.length; index++) {
    const { day } = allWork[index]!
    previousWorkOnDay[index] = lastWorkOnDay[day + MARGIN_DAYS]!
    lastWorkOnDay[day + MARGIN_DAYS] = index
    worked[day + MARGIN_DAYS] = 1
  }

  const { leastHours: least, mostHours: most, weekends } = duties
  if (least) {
    const sums = knownSums(least)
    for (let index = 0; index < chosen; index++) sums[least.stretchOf[allWork[index]!.day]!]! += allWork[index]!.length
    for (let at = 0; at < least.limitOf.length; at++)
      addUnits(evaluation, least.limit, Math.ceil(least.limitOf[at]! - sums[at]! / hour - 1e-9), 'short')
  }
  if (most) {
    const sums = knownSums(most)
    for (let index = 0; index < chosen; index++) sums[most.stretchOf[allWork[index]!.day]!]! += allWork[index]!.length
    for (let at = 0; at < most.limitOf.length; at++)
      addUnits(evaluation, most.limit, Math.ceil(sums[at]! / hour - most.limitOf[at]! - 1e-9), 'excess')
  }
  evaluateStretches(rules, worked, days.count, evaluation)
  if (weekends) {
    const sums = knownSums(weekends)
    for (const { day, stretch } of weekends.saturdays)
      if (worked[day + MARGIN_DAYS] || worked[day + 1 + MARGIN_DAYS]) sums[stretch]!++
    for (let at = 0; at < weekends.limitOf.length; at++)
      addUnits(evaluation, weekends.limit, sums[at]! - weekends.limitOf[at]!, 'excess')
  }
  for (const one of duties.kinds) {
    const sums = knownSums(one)
    for (let index = 0; index < chosen; index++)
      if (allWork[index]!.kind === one.kind) sums[one.stretchOf[allWork[index]!.day]!]!++
    for (let at = 0; at < one.limitOf.length; at++)
      addUnits(evaluation, one.limit, sums[at]! - one.limitOf[at]!, 'excess')
  }
  if (rules.successions)
    for (const { day, kind } of allWork)
      for (let next = lastWorkOnDay[day + 1 + MARGIN_DAYS] ?? -1; next >= 0; next = previousWorkOnDay[next]!)
        for (const one of rules.successions)
          if (one.kind === kind && one.next === allWork[next]!.kind)
            addUnits(evaluation, { limit: 0, price_cents: one.price_cents }, 1, 'excess')
}

/** A buffer with what fixed work adds to each stretch, for the caller to add to. */
function knownSums({ known }: StretchLimits): Float64Array {
  if (sums.length < known.length) sums = new Float64Array(known.length)
  sums.set(known)
  return sums
}

let sums = new Float64Array(1)
const allWork: Work[] = []
/** [day]: the index of its last work, or -1. [work]: the index of the work before it on the same day, or -1 */
let lastWorkOnDay = new Int32Array(0)
const previousWorkOnDay: number[] = []
let worked = new Uint8Array(0)

function addUnits(
  evaluation: RuleEvaluation,
  { price_cents: price }: Limit,
  units: number,
  kind: 'excess' | 'short' | 'shortDays',
) {
  if (units <= 0) return
  if (price === undefined) evaluation[kind] += units
  else evaluation.price += units * price
}

function evaluateStretches(
  { most_days_in_row: most, least_days_in_row: least, least_days_off_in_row: leastOff }: WorkRules,
  worked: Uint8Array,
  count: number,
  evaluation: RuleEvaluation,
) {
  if (!most && !least && !leastOff) return
  let stretchStart = 0
  const size = count + 2 * MARGIN_DAYS
  for (let at = 1; at <= size; at++) {
    if (at < size && worked[at] === worked[stretchStart]) continue
    const days = at - stretchStart
    // Days of work count as too few only if the days before and after are in the range, as work may go on beyond it.
    // Days off between days of work count as too few wherever they touch the range.
    const isInside = stretchStart > MARGIN_DAYS && at < MARGIN_DAYS + count
    const isBetween = stretchStart > 0 && at < size && stretchStart <= MARGIN_DAYS + count && at >= MARGIN_DAYS
    if (worked[stretchStart]) {
      if (most) {
        // Only days beyond the limit whose run of `limit + 1` days touches the range.
        const [from, to] = [
          Math.max(stretchStart, MARGIN_DAYS - most.limit),
          Math.min(at, MARGIN_DAYS + count + most.limit),
        ]
        addUnits(evaluation, most, to - from - most.limit, 'excess')
      }
      if (least && isInside) addUnits(evaluation, least, least.limit - days, 'shortDays')
    } else if (leastOff && isBetween) addUnits(evaluation, leastOff, leastOff.limit - days, 'shortDays')
    stretchStart = at
  }
}
