import { HOUR, type Limit, type WorkRules } from './problem.ts'

/** Days are told apart so far beyond the range: work that stands there makes stretches longer. */
const EDGE = 10

export type Days = { first: number; count: number }

type Work = { day: number; length: number; kind?: string }

/** A person's rules, with the work that is theirs already and the Saturdays of weekends that touch the range. */
export type PersonDuties = { rules: WorkRules; fixed: Work[]; saturdays: number[] }

/**
 * How one person's work keeps their rules. `price` is in cents, for those that have one. Of the others `excess` counts units
 * above limits to the most, which nothing here ever adds to; `short` counts hours too few, and `shape` days too few in a row.
 */
export type Judgement = { price: number; excess: number; short: number; shape: number }

/** Shapes can always be kept by working less, so they come before hours. */
export const SHAPE = 100_000

export const brokenBy = ({ short, shape }: Judgement) => SHAPE * shape + short

/** Days since 1970. */
export const dayNumber = (date: string) => Date.parse(date) / 86_400_000

export function workDaysOf(dates: string[]): Days {
  if (!dates.length) return { first: 0, count: 0 }
  const [first, last] = [dates.toSorted()[0]!, dates.toSorted().at(-1)!]
  return { first: dayNumber(first), count: dayNumber(last) - dayNumber(first) + 1 }
}

export function dutiesOf(rules: WorkRules, days: Days, fixed: Work[]): PersonDuties {
  const every = Array.from({ length: days.count + 1 }, (_, index) => index - 1)
  return {
    rules,
    fixed: fixed.filter(({ day }) => day >= -EDGE && day < days.count + EDGE),
    saturdays: every.filter(day => (((days.first + day - 2) % 7) + 7) % 7 === 0),
  }
}

/** The person's work, and one more opening if told. This runs at every step of a search: it makes nothing new but its answer. */
export function judge(
  duties: PersonDuties,
  { openings, days }: { openings: Work[]; days: Days },
  taken: number[],
  more?: number,
): Judgement {
  const { rules, fixed } = duties
  const found: Judgement = { price: 0, excess: 0, short: 0, shape: 0 }
  works.length = 0
  for (const opening of taken) works.push(openings[opening]!)
  if (more !== undefined) works.push(openings[more]!)
  for (const work of fixed) works.push(work)
  const size = days.count + 2 * EDGE
  if (latest.length < size) [latest, worked] = [new Int32Array(size), new Uint8Array(size)]
  latest.fill(-1, 0, size)
  worked.fill(0, 0, size)
  let length = 0
  for (let index = 0; index < works.length; index++) {
    const { day, length: more } = works[index]!
    earlier[index] = latest[day + EDGE]!
    latest[day + EDGE] = index
    worked[day + EDGE] = 1
    if (day >= 0 && day < days.count) length += more
  }

  const hours = length / HOUR
  if (rules.least_hours) add(found, rules.least_hours, Math.ceil(rules.least_hours.limit - hours - 1e-9), 'short')
  if (rules.most_hours) add(found, rules.most_hours, Math.ceil(hours - rules.most_hours.limit - 1e-9), 'excess')
  judgeStretches(rules, worked, days.count, found)
  if (rules.most_weekends) {
    let weekends = 0
    for (const saturday of duties.saturdays) if (worked[saturday + EDGE] || worked[saturday + 1 + EDGE]) weekends++
    add(found, rules.most_weekends, weekends - rules.most_weekends.limit, 'excess')
  }
  for (const most of rules.most_of_kind ?? []) {
    let many = 0
    for (const { kind, day } of works) if (kind === most.kind && day >= 0 && day < days.count) many++
    add(found, most, many - most.limit, 'excess')
  }
  if (rules.successions)
    for (const { day, kind } of works)
      for (let next = latest[day + 1 + EDGE] ?? -1; next >= 0; next = earlier[next]!)
        for (const one of rules.successions)
          if (one.kind === kind && one.next === works[next]!.kind)
            add(found, { limit: 0, price: one.price }, 1, 'excess')
  return found
}

const works: Work[] = []
/** [day]: the last of the works on it; [work]: the one before it on its day */
let latest = new Int32Array(0)
const earlier: number[] = []
let worked = new Uint8Array(0)

function add(found: Judgement, { price }: Limit, units: number, kind: 'excess' | 'short' | 'shape') {
  if (units <= 0) return
  if (price === undefined) found[kind] += units
  else found.price += units * price
}

function judgeStretches(
  { most_days_in_row: most, least_days_in_row: least, least_days_off_in_row: leastOff }: WorkRules,
  worked: Uint8Array,
  count: number,
  found: Judgement,
) {
  if (!most && !least && !leastOff) return
  let begun = 0
  const size = count + 2 * EDGE
  for (let at = 1; at <= size; at++) {
    if (at < size && worked[at] === worked[begun]) continue
    const days = at - begun
    // A stretch is judged as too short only where the days before and after it are of the range.
    const isInside = begun > EDGE && at < EDGE + count
    if (worked[begun]) {
      if (most) {
        // Each day beyond the limit that has a day of the range among it and the days that led to it.
        const [from, to] = [Math.max(begun, EDGE - most.limit), Math.min(at, EDGE + count + most.limit)]
        add(found, most, to - from - most.limit, 'excess')
      }
      if (least && isInside) add(found, least, least.limit - days, 'shape')
    } else if (leastOff && isInside) add(found, leastOff, leastOff.limit - days, 'shape')
    begun = at
  }
}
