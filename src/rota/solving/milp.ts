import type { ModelData } from 'highs'
import { slopes } from './balance.ts'
import { commonDivisor } from './bounds.ts'
import { type HoursOff, keepRules } from './milp-rules.ts'
import { type AssignmentColumn, MilpTable } from './milp-table.ts'
import type { Plan } from './plan.ts'
import { HOUR } from './problem.ts'
import { clash } from './rules.ts'

/** The plan as a linear program, and how to read its columns: who stands where, places left open, then steps of loads. */
export type Milp = {
  plan: Plan
  data: ModelData
  /** opening and person of each of the first columns */
  pairs: { opening: number; person: number }[]
  /** the column of the first opening's places left open, and of its people beyond those wanted; the others' follow */
  open: number
  over: number
  /** the column of the first step of a person's load; the others follow */
  loads: { person: number; first: number }[]
  /** columns that count hours too few or too many, and what the start has in them */
  hours: HoursOff[]
  /** What each column adds to the measures. Cost is in units of so many cents, the largest that divides all wages. */
  broken: Float64Array
  coverage: Float64Array
  cost: Float64Array
  unit: number
  balance: Float64Array
}

export function milp(plan: Plan): Milp {
  const { openings, people, problem, wish } = plan
  const { fairness, preferences } = problem.weights
  const table = new MilpTable()
  const pairs = openings.flatMap(({ takers }, opening) => takers.map(person => ({ opening, person })))
  for (const { opening, person } of pairs)
    table.column(1, {
      balance: -preferences * wish[opening * people + person]!,
      cost: plan.cost[opening * people + person]!,
    })
  const open = pairs.length
  for (const { places, under = 0 } of openings) table.column(places, { cost: under })
  const over = table.columns
  for (const { places, room, over: price } of openings) table.column(room - places, { cost: price })

  const takers: number[][] = openings.map((_, opening) => [over + opening, open + opening])
  const pairsOf: AssignmentColumn[][] = problem.staff.map(() => [])
  for (const [column, { opening, person }] of pairs.entries()) {
    takers[opening]!.push(column)
    pairsOf[person]!.push({ column, opening: openings[opening]! })
  }
  for (const [opening, { places }] of openings.entries())
    table.row(places, places, takers[opening]!, [-1, ...takers[opening]!.slice(1).map(() => 1)])
  for (const [person, taken] of pairsOf.entries()) {
    for (const conflicting of conflictSets(taken, plan.rests[plan.restClass[person]!]))
      table.row(0, 1, columnsOf(conflicting))
    limitHours(table, plan, person, taken)
  }
  const hours = pairsOf.flatMap((taken, person) => keepRules(table, plan, person, taken))
  if (plan.base) table.constant(plan.base)
  const loads = fairness ? problem.staff.flatMap((_, person) => loadSteps(table, plan, person, pairsOf[person]!)) : []

  const unit = Math.abs(table.cost.reduce(commonDivisor, 0)) || 1
  const cost = Float64Array.from(table.cost, cents => cents / unit)
  const coverage = new Float64Array(table.columns)
  for (const [opening, { under }] of openings.entries()) if (under === undefined) coverage[open + opening] = 1
  const [balance, broken] = [Float64Array.from(table.balance), Float64Array.from(table.broken)]
  return { plan, data: table.data(open), pairs, open, over, loads, hours, broken, coverage, cost, unit, balance }
}

const columnsOf = (pairs: AssignmentColumn[]) => pairs.map(pair => pair.column)

/**
 * Rest and overlap together make an interval graph of one person's openings. So one row for each largest set that is under
 * way, rest included, at one moment says all there is to say, and as tightly as a relaxation can. Pairs are in order of start.
 */
function conflictSets(pairs: AssignmentColumn[], own: number | undefined): AssignmentColumn[][] {
  const sets: AssignmentColumn[][] = []
  let conflicting: AssignmentColumn[] = []
  for (const pair of pairs) {
    const still = conflicting.filter(earlier => clash(earlier.opening, pair.opening, own))
    if (still.length < conflicting.length && conflicting.length > 1) sets.push(conflicting)
    conflicting = [...still, pair]
  }
  if (conflicting.length > 1) sets.push(conflicting)
  return [...sets, ...conflictsBetweenSites(pairs, own)]
}

/** Where sites ask for different rest, some pairs clash that are in no set: the stricter site's rest reaches over what lies between. */
function conflictsBetweenSites(pairs: AssignmentColumn[], own: number | undefined): AssignmentColumn[][] {
  if (own !== undefined || pairs.every(({ opening }) => opening.rest === pairs[0]!.opening.rest)) return []
  return pairs.flatMap((late, index) =>
    pairs
      .slice(0, index)
      .filter(early => clash(early.opening, late.opening))
      .map(early => [early, late]),
  )
}

function limitHours(table: MilpTable, plan: Plan, person: number, pairs: AssignmentColumn[]) {
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
function loadSteps(table: MilpTable, { allowed, pins, problem }: Plan, person: number, pairs: AssignmentColumn[]) {
  if (!pairs.length) return []
  const step = allowed[person]! / HOUR / slopes.length
  const steps = slopes.map((slope, index) => {
    const isLast = index === slopes.length - 1
    return table.column(isLast ? Number.POSITIVE_INFINITY : step, { balance: problem.weights.fairness * slope })
  })
  const hours = pairs.map(pair => pair.opening.length / HOUR)
  const columns = [...columnsOf(pairs), ...steps]
  table.row(Number.NEGATIVE_INFINITY, -pins.load[person]! / HOUR, columns, [...hours, ...steps.map(() => -1)])
  return [{ person, first: steps[0]! }]
}
