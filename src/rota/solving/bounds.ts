import type { SolverPlan } from './plan.ts'

/** Hours of a week are rounded to at most this many steps, in favour of filling places. */
const MAX_STEPS = 400

/** The openings one person could take in a week, in order of their end. */
type PersonWeek = {
  openings: Int32Array
  /** [opening]: how many of the openings that end before it leave enough rest */
  before: Int32Array
  /** hours, in steps */
  lengths: Int32Array
  capacity: number
}

/**
 * A lower bound of the open places in one week, by Lagrangian relaxation: instead of a limited number of places each opening has a
 * price, and everyone chooses their best week independently, within their hours and rest. For any prices, the value of all choices
 * plus the prices of all places is an upper bound of the places that can be filled; the prices are adjusted to make it small.
 * Other rules can only leave more places open, so the bound holds with them too. Yields the bound after every adjustment.
 */
export function* openPlacesLowerBound(plan: SolverPlan, week: number, reached: number): Generator<number> {
  const all = [...plan.openings.keys()].filter(opening => {
    const one = plan.openings[opening]!
    return one.week === week && one.underPrice === undefined
  })
  const places = all.reduce((sum, opening) => sum + plan.openings[opening]!.places, 0)
  const weeks = personWeeks(plan, week, all)
  // If hours are scarce, the longest shifts stay open first, so shorter shifts start with higher prices.
  const longestShift = Math.max(...all.map(opening => plan.openings[opening]!.length))
  const prices = Float64Array.from(plan.openings, ({ length }) => Math.max(0, 1 - length / longestShift))
  const taken = new Float64Array(plan.openings.length)
  const direction = new Float64Array(plan.openings.length)
  const longest = Math.max(0, ...weeks.map(one => one.openings.length))
  const table = new Float64Array((longest + 1) * (Math.max(0, ...weeks.map(one => one.capacity)) + 1))

  let [fewest, step, stale] = [Number.POSITIVE_INFINITY, 0.1, 0]
  while (step > 0.002) {
    taken.fill(0)
    let most = all.reduce((sum, opening) => sum + prices[opening]! * plan.openings[opening]!.places, 0)
    for (const one of weeks) most += chooseBestWeek(one, prices, taken, table)
    if (most < fewest - 1e-6) [fewest, stale] = [most, 0]
    else if (++stale === 8) [step, stale] = [step * 0.7, 0]

    let norm = 0
    for (const opening of all) {
      const over = taken[opening]! - plan.openings[opening]!.places
      direction[opening] = (over < 0 && prices[opening] === 0 ? 0 : over) + 0.3 * direction[opening]!
      norm += direction[opening]! ** 2
    }
    const bound = Math.max(0, Math.ceil(places - fewest - 1e-6))
    yield bound
    if (norm === 0 || bound >= reached) return
    const stride = (step * Math.max(1, most - (places - reached))) / norm
    for (const opening of all)
      prices[opening] = Math.max(0, Math.min(1, prices[opening]! + stride * direction[opening]!))
  }
}

function personWeeks(
  { openings, people, weeks, freeMs, restByClass, restClass }: SolverPlan,
  week: number,
  all: number[],
): PersonWeek[] {
  const step = Math.max(
    all.reduce((divisor, opening) => commonDivisor(openings[opening]!.length, divisor), 0),
    Math.max(...Array.from({ length: people }, (_, person) => freeMs[person * weeks + week]!)) / MAX_STEPS,
  )
  const taking: number[][] = Array.from({ length: people }, () => [])
  for (const opening of all.toSorted((a, b) => openings[a]!.end - openings[b]!.end))
    for (const person of openings[opening]!.candidates) taking[person]!.push(opening)
  const shortestRest = Math.min(...all.map(opening => openings[opening]!.rest))
  return taking.flatMap((mine, person) => {
    if (!mine.length) return []
    const before = mine.map(opening => {
      const from = openings[opening]!.start - (restByClass[restClass[person]!] ?? shortestRest)
      const first = mine.findIndex(other => openings[other]!.end > from)
      return first
    })
    return [
      {
        openings: Int32Array.from(mine),
        before: Int32Array.from(before),
        lengths: Int32Array.from(mine, opening => Math.floor(openings[opening]!.length / step + 1e-9)),
        capacity: Math.floor(freeMs[person * weeks + week]! / step + 1e-9),
      },
    ]
  })
}

/** The value of the person's best choice at these prices; adds the choice to `taken`. */
function chooseBestWeek(
  { openings, before, lengths, capacity }: PersonWeek,
  prices: Float64Array,
  taken: Float64Array,
  table: Float64Array,
) {
  const width = capacity + 1
  table.fill(0, 0, width)
  for (let index = 0; index < openings.length; index++) {
    const worth = 1 - prices[openings[index]!]!
    const length = lengths[index]!
    const without = index * width
    const row = without + width
    const along = before[index]! * width - length
    const isWorth = worth > 0 && length <= capacity
    const shortest = isWorth ? length : width
    for (let hours = 0; hours < shortest; hours++) table[row + hours] = table[without + hours]!
    for (let hours = shortest; hours < width; hours++) {
      const leave = table[without + hours]!
      const take = worth + table[along + hours]!
      table[row + hours] = Math.max(take, leave)
    }
  }
  let index = openings.length
  let hours = capacity
  while (index > 0) {
    if (table[index * width + hours] === table[(index - 1) * width + hours]) index--
    else {
      taken[openings[index - 1]!]!++
      hours -= lengths[index - 1]!
      index = before[index - 1]!
    }
  }
  return table[openings.length * width + capacity]!
}

export const commonDivisor = (a: number, b: number): number => (b ? commonDivisor(b, a % b) : a)
