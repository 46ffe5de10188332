import type { ModelData } from 'highs'
import { slopes } from './fairness.ts'
import type { Opening, Plan } from './plan.ts'
import { HOUR, REST_HOURS } from './problem.ts'

/** Columns are: who stands where, then places left open at each opening, then the steps of each person's load. */
export type Milp = {
  plan: Plan
  data: ModelData
  /** opening and person of each of the first columns */
  pairs: { opening: number; person: number }[]
  /** the column of the first opening's open places */
  open: number
  /** the column of the first step of a person's load */
  loads: { person: number; first: number }[]
  /** What each column adds to the three measures. Cost is in units of so many cents, the largest that divides all wages. */
  coverage: Float64Array
  cost: Float64Array
  unit: number
  balance: Float64Array
}

type Row = { lower: number; upper: number; columns: number[]; values: number[] }

/**
 * The whole problem as rows and columns. Rest and overlap together make an interval graph over each person's openings, so one row for
 * each largest set of openings that meet in a moment says all of it, and its relaxation is as tight as it gets.
 */
export function milp(plan: Plan): Milp {
  const { openings, people } = plan
  const pairs = openings.flatMap((opening, index) => opening.takers.map(person => ({ opening: index, person })))
  const open = pairs.length
  const rows: Row[] = []
  const loads: Milp['loads'] = []
  const taking: number[][] = openings.map(() => [])
  const taken: number[][] = Array.from({ length: people }, () => [])
  for (const [column, { opening, person }] of pairs.entries()) {
    taking[opening]!.push(column)
    taken[person]!.push(column)
  }

  for (const [index, { places }] of openings.entries())
    rows.push(sum([...taking[index]!, open + index], places, places))
  const lower: number[] = Array(open + openings.length).fill(0)
  const upper: number[] = [...Array<number>(open).fill(1), ...openings.map(opening => opening.places)]
  const balance: number[] = [
    ...pairs.map(({ opening, person }) => -plan.problem.weights.preferences * plan.wish[opening * people + person]!),
    ...openings.map(() => 0),
  ]

  const openingOf = (column: number) => openings[pairs[column]!.opening]!
  for (const [person, columns] of taken.entries()) {
    for (const together of meetings(columns, openingOf)) rows.push(sum(together, 0, 1))
    for (const [week, inWeek] of Map.groupBy(columns, column => openingOf(column).week)) {
      const lengths = inWeek.map(column => openingOf(column).length)
      const free = plan.free[person * plan.weeks + week]!
      if (lengths.reduce((all, one) => all + one, 0) <= free) continue
      // No sum of these lengths lies between the limit and the multiple of what they share below it.
      const share = lengths.reduce(commonDivisor)
      rows.push({
        lower: 0,
        upper: Math.floor(free / share),
        columns: inWeek,
        values: lengths.map(length => length / share),
      })
    }
    if (!columns.length || !plan.problem.weights.fairness) continue
    const first = lower.length
    loads.push({ person, first })
    const step = plan.allowed[person]! / HOUR / slopes.length
    for (const [index, slope] of slopes.entries()) {
      lower.push(0)
      upper.push(index === slopes.length - 1 ? Number.POSITIVE_INFINITY : step)
      balance.push(plan.problem.weights.fairness * slope)
    }
    rows.push({
      lower: Number.NEGATIVE_INFINITY,
      upper: -plan.pinned[person]! / HOUR,
      columns: [...columns, ...slopes.map((_, index) => first + index)],
      values: [...columns.map(column => openingOf(column).length / HOUR), ...slopes.map(() => -1)],
    })
  }

  const count = lower.length
  const wages = pairs.map(({ opening, person }) => plan.cost[opening * people + person]!)
  const unit = wages.reduce(commonDivisor, 0) || 1
  const cost = new Float64Array(count)
  cost.set(wages.map(wage => wage / unit))
  const coverage = new Float64Array(count).fill(1, open, open + openings.length)
  const starts = [0]
  for (const row of rows) starts.push(starts.at(-1)! + row.columns.length)
  return {
    plan,
    pairs,
    open,
    loads,
    coverage,
    cost,
    unit,
    balance: Float64Array.from(balance),
    data: {
      numCols: count,
      numRows: rows.length,
      colCost: coverage,
      colLower: Float64Array.from(lower),
      colUpper: Float64Array.from(upper),
      rowLower: Float64Array.from(rows, row => row.lower),
      rowUpper: Float64Array.from(rows, row => row.upper),
      integrality: Int32Array.from({ length: count }, (_, column) => (column < open ? 1 : 0)),
      matrix: {
        format: 'csr',
        numRows: rows.length,
        numCols: count,
        starts: Int32Array.from(starts),
        indices: Int32Array.from(rows.flatMap(row => row.columns)),
        values: Float64Array.from(rows.flatMap(row => row.values)),
      },
    },
  }
}

const sum = (columns: number[], lower: number, upper: number): Row => ({
  lower,
  upper,
  columns,
  values: columns.map(() => 1),
})

/** The largest sets of openings under way, rest included, at one moment. */
function meetings(columns: number[], openingOf: (column: number) => Opening): number[][] {
  const sets: number[][] = []
  let together: number[] = []
  for (const column of columns) {
    const { start } = openingOf(column)
    const still = together.filter(earlier => start < openingOf(earlier).end + REST_HOURS * HOUR)
    if (still.length < together.length && together.length > 1) sets.push(together)
    together = [...still, column]
  }
  if (together.length > 1) sets.push(together)
  return sets
}

const commonDivisor = (a: number, b: number): number => (b ? commonDivisor(b, a % b) : a)
