import { hour } from '../../platform/clock.ts'
import { FIRST_MONDAY, type Limit, type PeriodLimit, type WorkRules } from './problem.ts'

/** Days are told apart so far beyond the range: work that stands there makes stretches longer. */
const MARGIN_DAYS = 15

export type DayRange = { first: number; count: number }

type Work = { day: number; length: number; kind?: string; site: number }

/** What is counted over stretches of weeks. */
type StretchLimits = {
  limit: Limit
  /** [day of the range]: the stretch it is in; [stretch]: what is known there already, and how much is the limit */
  stretchOf: Int32Array
  known: Float64Array
  limits: Float64Array
}

/** Rules of a person or of a site, with the work of that person that stands already and that they count. */
export type PreparedRules = {
  rules: WorkRules
  /** only work there counts */
  site?: number
  fixed: Work[]
  /** milliseconds too few and too many, and shifts of a kind too many */
  leastHours?: StretchLimits
  mostHours?: StretchLimits
  kinds: (StretchLimits & { kind: string })[]
  weekends?: StretchLimits & { saturdays: { day: number; stretch: number }[] }
}

/**
 * How one person's work keeps their rules. `price` is in cents, for those that have one. Of the others `excess` counts units
 * above limits to the most, which nothing here ever adds to; `short` counts hours too few, and `shortDays` days too few in a row.
 */
export type RuleEvaluation = { price: number; excess: number; short: number; shortDays: number }

/** Stretches can always be kept by working less, so they come before hours. */
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
  const near = fixed.filter(({ day }) => day >= -MARGIN_DAYS && day < days.count + MARGIN_DAYS)
  const begun = dayNumber(rules.counted_from ?? FIRST_MONDAY)
  const isIn = (day: number) => day >= 0 && day < days.count

  const counts = (limit: PeriodLimit, amount: (work: Work) => number, isProportional = false): StretchLimits => {
    const { weeks } = limit
    const stretchNumber = (day: number) =>
      weeks === undefined ? 0 : Math.floor((days.first + day - begun) / (7 * weeks))
    const stretchOf = Int32Array.from({ length: days.count }, (_, day) => stretchNumber(day) - stretchNumber(0))
    const size = (stretchOf.at(-1) ?? 0) + 1
    const known = new Float64Array(size)
    for (const one of fixed) {
      const stretch = stretchNumber(one.day) - stretchNumber(0)
      const isCounted = weeks === undefined || isProportional ? isIn(one.day) : stretch >= 0 && stretch < size
      if (isCounted) known[stretch]! += amount(one)
    }
    const limits = new Float64Array(size)
    if (weeks !== undefined && isProportional)
      for (const stretch of stretchOf) limits[stretch]! += limit.limit / (7 * weeks)
    else limits.fill(limit.limit)
    return { limit, stretchOf, known, limits }
  }
  const { least_hours, most_hours, most_weekends, most_of_kind = [] } = rules
  const length = (one: Work) => one.length
  return {
    rules,
    ...(site === undefined ? {} : { site }),
    fixed: near,
    ...(least_hours && { leastHours: counts(least_hours, length, true) }),
    ...(most_hours && { mostHours: counts(most_hours, length) }),
    kinds: most_of_kind.map(most => ({ ...counts(most, one => (one.kind === most.kind ? 1 : 0)), kind: most.kind })),
    ...(most_weekends && {
      weekends: weekendsOf(
        most_weekends,
        counts(most_weekends, () => 0),
        days,
        fixed,
        begun,
      ),
    }),
  }
}

/** Weekends that touch the range are looked at day by day; the others of its stretches are known. */
function weekendsOf({ weeks }: PeriodLimit, counted: StretchLimits, days: DayRange, fixed: Work[], begun: number) {
  const stretchNumber = (day: number) =>
    weeks === undefined ? 0 : Math.floor((days.first + day - begun) / (7 * weeks))
  const saturdayOf = (day: number) => day - ((((days.first + day - 2) % 7) + 7) % 7)
  const saturdays = Array.from({ length: days.count + 1 }, (_, index) => index - 1)
    .filter(day => saturdayOf(day) === day)
    .map(day => ({ day, stretch: stretchNumber(day) - stretchNumber(0) }))
  const others = new Set<number>()
  for (const { day } of fixed) if (day - saturdayOf(day) < 2) others.add(saturdayOf(day))
  for (const { day } of saturdays) others.delete(day)
  if (weeks !== undefined)
    for (const saturday of others) {
      const stretch = stretchNumber(saturday) - stretchNumber(0)
      if (stretch >= 0 && stretch < counted.known.length) counted.known[stretch]!++
    }
  return { ...counted, saturdays }
}

type RuleContext = { openings: Work[]; days: DayRange }

/** The person's work by all the rules that count it, and one more opening if told. This runs at every step of a search: it makes nothing new but its answer. */
export function evaluateRules(
  duties: PreparedRules[],
  choice: RuleContext,
  taken: number[],
  more?: number,
): RuleEvaluation {
  const found: RuleEvaluation = { price: 0, excess: 0, short: 0, shortDays: 0 }
  for (const one of duties) evaluateBy(one, choice, taken, more, found)
  return found
}

function evaluateBy(
  duties: PreparedRules,
  { openings, days }: RuleContext,
  taken: number[],
  more: number | undefined,
  found: RuleEvaluation,
) {
  const { rules, fixed, site } = duties
  works.length = 0
  for (const opening of taken) {
    const work = openings[opening]!
    if (site === undefined || work.site === site) works.push(work)
  }
  if (more !== undefined && (site === undefined || openings[more]!.site === site)) works.push(openings[more]!)
  const chosen = works.length
  for (const work of fixed) works.push(work)
  const size = days.count + 2 * MARGIN_DAYS
  if (lastWorkOnDay.length < size) [lastWorkOnDay, worked] = [new Int32Array(size), new Uint8Array(size)]
  lastWorkOnDay.fill(-1, 0, size)
  worked.fill(0, 0, size)
  for (let index = 0; index < works.length; index++) {
    const { day } = works[index]!
    previousWorkOnDay[index] = lastWorkOnDay[day + MARGIN_DAYS]!
    lastWorkOnDay[day + MARGIN_DAYS] = index
    worked[day + MARGIN_DAYS] = 1
  }

  const { leastHours: least, mostHours: most, weekends } = duties
  if (least) {
    const sums = knownSums(least)
    for (let index = 0; index < chosen; index++) sums[least.stretchOf[works[index]!.day]!]! += works[index]!.length
    for (let at = 0; at < least.limits.length; at++)
      addUnits(found, least.limit, Math.ceil(least.limits[at]! - sums[at]! / hour - 1e-9), 'short')
  }
  if (most) {
    const sums = knownSums(most)
    for (let index = 0; index < chosen; index++) sums[most.stretchOf[works[index]!.day]!]! += works[index]!.length
    for (let at = 0; at < most.limits.length; at++)
      addUnits(found, most.limit, Math.ceil(sums[at]! / hour - most.limits[at]! - 1e-9), 'excess')
  }
  evaluateStretches(rules, worked, days.count, found)
  if (weekends) {
    const sums = knownSums(weekends)
    for (const { day, stretch } of weekends.saturdays)
      if (worked[day + MARGIN_DAYS] || worked[day + 1 + MARGIN_DAYS]) sums[stretch]!++
    for (let at = 0; at < weekends.limits.length; at++)
      addUnits(found, weekends.limit, sums[at]! - weekends.limits[at]!, 'excess')
  }
  for (const one of duties.kinds) {
    const sums = knownSums(one)
    for (let index = 0; index < chosen; index++)
      if (works[index]!.kind === one.kind) sums[one.stretchOf[works[index]!.day]!]!++
    for (let at = 0; at < one.limits.length; at++) addUnits(found, one.limit, sums[at]! - one.limits[at]!, 'excess')
  }
  if (rules.successions)
    for (const { day, kind } of works)
      for (let next = lastWorkOnDay[day + 1 + MARGIN_DAYS] ?? -1; next >= 0; next = previousWorkOnDay[next]!)
        for (const one of rules.successions)
          if (one.kind === kind && one.next === works[next]!.kind)
            addUnits(found, { limit: 0, price_cents: one.price_cents }, 1, 'excess')
}

/** What is known of each stretch, to be added to. */
function knownSums({ known }: StretchLimits): Float64Array {
  if (sums.length < known.length) sums = new Float64Array(known.length)
  sums.set(known)
  return sums
}

let sums = new Float64Array(1)
const works: Work[] = []
/** [day]: the last of the works on it; [work]: the one before it on its day */
let lastWorkOnDay = new Int32Array(0)
const previousWorkOnDay: number[] = []
let worked = new Uint8Array(0)

function addUnits(
  found: RuleEvaluation,
  { price_cents: price }: Limit,
  units: number,
  kind: 'excess' | 'short' | 'shortDays',
) {
  if (units <= 0) return
  if (price === undefined) found[kind] += units
  else found.price += units * price
}

function evaluateStretches(
  { most_days_in_row: most, least_days_in_row: least, least_days_off_in_row: leastOff }: WorkRules,
  worked: Uint8Array,
  count: number,
  found: RuleEvaluation,
) {
  if (!most && !least && !leastOff) return
  let begun = 0
  const size = count + 2 * MARGIN_DAYS
  for (let at = 1; at <= size; at++) {
    if (at < size && worked[at] === worked[begun]) continue
    const days = at - begun
    // Days of work are too few only where those before and after are of the range: more may be put there. Days off between
    // work that stands are too few wherever they touch the range.
    const isInside = begun > MARGIN_DAYS && at < MARGIN_DAYS + count
    const isBetween = begun > 0 && at < size && begun <= MARGIN_DAYS + count && at >= MARGIN_DAYS
    if (worked[begun]) {
      if (most) {
        // Each day beyond the limit that has a day of the range among it and the days that led to it.
        const [from, to] = [Math.max(begun, MARGIN_DAYS - most.limit), Math.min(at, MARGIN_DAYS + count + most.limit)]
        addUnits(found, most, to - from - most.limit, 'excess')
      }
      if (least && isInside) addUnits(found, least, least.limit - days, 'shortDays')
    } else if (leastOff && isBetween) addUnits(found, leastOff, leastOff.limit - days, 'shortDays')
    begun = at
  }
}
