import type { ModelData } from 'highs'
import { slopes } from './fairness.ts'
import type { Opening, Plan } from './plan.ts'
import { HOUR } from './problem.ts'
import { clash } from './rules.ts'

/** The plan as a linear program, and how to read its columns: who stands where, places left open, then steps of loads. */
export type Milp = {
  plan: Plan
  data: ModelData
  /** opening and person of each of the first columns */
  pairs: { opening: number; person: number }[]
  /** the column of the first opening's open places; the others' follow */
  open: number
  /** the column of the first step of a person's load; the others follow */
  loads: { person: number; first: number }[]
  /** What each column adds to the three measures. Cost is in units of so many cents, the largest that divides all wages. */
  coverage: Float64Array
  cost: Float64Array
  unit: number
  balance: Float64Array
}

type Pair = { column: number; opening: Opening }

export function milp(plan: Plan): Milp {
  const { openings, people, problem, wish } = plan
  const { fairness, preferences } = problem.weights
  const table = new Table()
  const pairs = openings.flatMap(({ takers }, opening) => takers.map(person => ({ opening, person })))
  for (const { opening, person } of pairs) table.column(1, -preferences * wish[opening * people + person]!)
  const open = pairs.length
  for (const { places } of openings) table.column(places, 0)

  const takers: number[][] = openings.map((_, opening) => [open + opening])
  const pairsOf: Pair[][] = problem.staff.map(() => [])
  for (const [column, { opening, person }] of pairs.entries()) {
    takers[opening]!.push(column)
    pairsOf[person]!.push({ column, opening: openings[opening]! })
  }
  for (const [opening, { places }] of openings.entries()) table.row(places, places, takers[opening]!)
  for (const [person, taken] of pairsOf.entries()) {
    for (const together of meetings(taken)) table.row(0, 1, columnsOf(together))
    limitHours(table, plan, person, taken)
  }
  const loads = fairness ? problem.staff.flatMap((_, person) => stepsOf(table, plan, person, pairsOf[person]!)) : []

  const wages = pairs.map(({ opening, person }) => plan.cost[opening * people + person]!)
  const unit = wages.reduce(commonDivisor, 0) || 1
  const cost = new Float64Array(table.columns)
  cost.set(wages.map(wage => wage / unit))
  const coverage = new Float64Array(table.columns).fill(1, open, open + openings.length)
  const balance = Float64Array.from(table.balance)
  return { plan, data: table.data(open), pairs, open, loads, coverage, cost, unit, balance }
}

class Table {
  readonly balance: number[] = []
  readonly #most: number[] = []
  readonly #lower: number[] = []
  readonly #upper: number[] = []
  readonly #starts = [0]
  readonly #indices: number[] = []
  readonly #values: number[] = []

  get columns(): number {
    return this.#most.length
  }

  column(most: number, balance: number): number {
    this.balance.push(balance)
    return this.#most.push(most) - 1
  }

  row(lower: number, upper: number, columns: number[], values?: number[]) {
    this.#lower.push(lower)
    this.#upper.push(upper)
    for (const [index, column] of columns.entries()) {
      this.#indices.push(column)
      this.#values.push(values ? values[index]! : 1)
    }
    this.#starts.push(this.#indices.length)
  }

  /** The first columns are yes or no. */
  data(binaries: number): ModelData {
    const [numCols, numRows] = [this.columns, this.#lower.length]
    return {
      numCols,
      numRows,
      colCost: new Float64Array(numCols),
      colLower: new Float64Array(numCols),
      colUpper: Float64Array.from(this.#most),
      rowLower: Float64Array.from(this.#lower),
      rowUpper: Float64Array.from(this.#upper),
      integrality: new Int32Array(numCols).fill(1, 0, binaries),
      matrix: {
        format: 'csr',
        numRows,
        numCols,
        starts: Int32Array.from(this.#starts),
        indices: Int32Array.from(this.#indices),
        values: Float64Array.from(this.#values),
      },
    }
  }
}

const columnsOf = (pairs: Pair[]) => pairs.map(pair => pair.column)

/**
 * Rest and overlap together make an interval graph of one person's openings. So one row for each largest set that is under
 * way, rest included, at one moment says all there is to say, and as tightly as a relaxation can. Pairs are in order of start.
 */
function meetings(pairs: Pair[]): Pair[][] {
  const sets: Pair[][] = []
  let together: Pair[] = []
  for (const pair of pairs) {
    const still = together.filter(earlier => clash(earlier.opening, pair.opening))
    if (still.length < together.length && together.length > 1) sets.push(together)
    together = [...still, pair]
  }
  return together.length > 1 ? [...sets, together] : sets
}

function limitHours(table: Table, plan: Plan, person: number, pairs: Pair[]) {
  for (const [week, taken] of Map.groupBy(pairs, pair => pair.opening.week)) {
    const lengths = taken.map(pair => pair.opening.length)
    const free = plan.free[person * plan.weeks + week]!
    if (lengths.reduce((all, one) => all + one, 0) <= free) continue
    const share = lengths.reduce(commonDivisor) // every sum is a multiple of it, so the limit may be rounded down to one
    const parts = lengths.map(length => length / share)
    table.row(0, Math.floor(free / share), columnsOf(taken), parts)
  }
}

/** Columns that fill up one after the other as the load grows, each step weighing more than the one before. */
function stepsOf(table: Table, { allowed, pins, problem }: Plan, person: number, pairs: Pair[]) {
  if (!pairs.length) return []
  const step = allowed[person]! / HOUR / slopes.length
  const steps = slopes.map((slope, index) => {
    const isLast = index === slopes.length - 1
    return table.column(isLast ? Number.POSITIVE_INFINITY : step, problem.weights.fairness * slope)
  })
  const hours = pairs.map(pair => pair.opening.length / HOUR)
  const columns = [...columnsOf(pairs), ...steps]
  table.row(Number.NEGATIVE_INFINITY, -pins.load[person]! / HOUR, columns, [...hours, ...steps.map(() => -1)])
  return [{ person, first: steps[0]! }]
}

const commonDivisor = (a: number, b: number): number => (b ? commonDivisor(b, a % b) : a)
