import type { ModelData } from 'highs'
import { hour } from '../../platform/clock.ts'
import { stepWeights } from './balance.ts'
import { commonDivisor } from './bounds.ts'
import { addRuleRows, type HoursDeviation } from './milp-rules.ts'
import { type AssignmentColumn, MilpTable } from './milp-table.ts'
import type { SolverPlan } from './plan.ts'
import { conflicts } from './rules.ts'

/** The plan as a mixed-integer linear program, and what its columns mean. */
export type Milp = {
  plan: SolverPlan
  data: ModelData
  /** the first columns: opening and person of each possible assignment */
  pairs: { opening: number; person: number }[]
  /** the columns of open places and of surplus people, for the first opening; those of the other openings follow */
  firstOpenColumn: number
  firstSurplusColumn: number
  /** the column of the first piece of a person's load; the other pieces follow */
  loadColumns: { person: number; first: number }[]
  /** columns that count hours too few or too many */
  hoursColumns: HoursDeviation[]
  /** What each column adds to the measures. Cost is in units of `costUnit` cents, the greatest common divisor of all costs. */
  broken: Float64Array
  coverage: Float64Array
  cost: Float64Array
  costUnit: number
  balance: Float64Array
}

export function buildMilp(plan: SolverPlan): Milp {
  const { openings, people, problem, wishScores } = plan
  const { fairness, preferences } = problem.weights
  const table = new MilpTable()
  const pairs = openings.flatMap(({ candidates }, opening) => candidates.map(person => ({ opening, person })))
  for (const { opening, person } of pairs)
    table.addColumn(1, {
      balance: -preferences * wishScores[opening * people + person]!,
      cost: plan.cost[opening * people + person]!,
    })
  const firstOpenColumn = pairs.length
  for (const { places, underPrice = 0 } of openings) table.addColumn(places, { cost: underPrice })
  const firstSurplusColumn = table.columns
  for (const { places, room, overPrice } of openings) table.addColumn(room - places, { cost: overPrice })

  const takers: number[][] = openings.map((_, opening) => [firstSurplusColumn + opening, firstOpenColumn + opening])
  const pairsOf: AssignmentColumn[][] = problem.staff.map(() => [])
  for (const [column, { opening, person }] of pairs.entries()) {
    takers[opening]!.push(column)
    pairsOf[person]!.push({ column, opening: openings[opening]! })
  }
  for (const [opening, { places }] of openings.entries())
    table.addRow(places, places, takers[opening]!, [-1, ...takers[opening]!.slice(1).map(() => 1)])
  for (const [person, taken] of pairsOf.entries()) {
    for (const conflicting of conflictSets(taken, plan.restByClass[plan.restClass[person]!]))
      table.addRow(0, 1, columnNumbers(conflicting))
    limitHours(table, plan, person, taken)
  }
  const hoursColumns = pairsOf.flatMap((taken, person) => addRuleRows(table, plan, person, taken))
  if (plan.baseCost) table.addConstantCost(plan.baseCost)
  const loadColumns = fairness
    ? problem.staff.flatMap((_, person) => loadSteps(table, plan, person, pairsOf[person]!))
    : []

  const costUnit = Math.abs(table.cost.reduce(commonDivisor, 0)) || 1
  const cost = Float64Array.from(table.cost, cents => cents / costUnit)
  const coverage = new Float64Array(table.columns)
  for (const [opening, { underPrice }] of openings.entries())
    if (underPrice === undefined) coverage[firstOpenColumn + opening] = 1
  const [balance, broken] = [Float64Array.from(table.balance), Float64Array.from(table.broken)]
  return {
    plan,
    data: table.data(firstOpenColumn),
    pairs,
    firstOpenColumn,
    firstSurplusColumn,
    loadColumns,
    hoursColumns,
    broken,
    coverage,
    cost,
    costUnit,
    balance,
  }
}

const columnNumbers = (pairs: AssignmentColumn[]) => pairs.map(pair => pair.column)

/**
 * One person's openings, rest included, form an interval graph. One row for each maximal set of openings at the same moment
 * expresses all conflicts, with the tightest possible relaxation. Pairs are in order of start.
 */
function conflictSets(pairs: AssignmentColumn[], own: number | undefined): AssignmentColumn[][] {
  const sets: AssignmentColumn[][] = []
  let conflicting: AssignmentColumn[] = []
  for (const pair of pairs) {
    const still = conflicting.filter(earlier => conflicts(earlier.opening, pair.opening, own))
    if (still.length < conflicting.length && conflicting.length > 1) sets.push(conflicting)
    conflicting = [...still, pair]
  }
  if (conflicting.length > 1) sets.push(conflicting)
  return [...sets, ...conflictsBetweenSites(pairs, own)]
}

/** If sites ask for different rest, some conflicting pairs are in no set: the stricter site's rest reaches beyond the work in between. */
function conflictsBetweenSites(pairs: AssignmentColumn[], own: number | undefined): AssignmentColumn[][] {
  if (own !== undefined || pairs.every(({ opening }) => opening.rest === pairs[0]!.opening.rest)) return []
  return pairs.flatMap((late, index) =>
    pairs
      .slice(0, index)
      .filter(early => conflicts(early.opening, late.opening))
      .map(early => [early, late]),
  )
}

function limitHours(table: MilpTable, plan: SolverPlan, person: number, pairs: AssignmentColumn[]) {
  for (const [week, taken] of Map.groupBy(pairs, pair => pair.opening.week)) {
    const lengths = taken.map(pair => pair.opening.length)
    const free = plan.freeMs[person * plan.weeks + week]!
    if (lengths.reduce((all, one) => all + one, 0) <= free) continue
    const share = lengths.reduce(commonDivisor) // every sum is a multiple of it, so the limit can be rounded down to one
    const parts = lengths.map(length => length / share)
    table.addRow(0, Math.floor(free / share), columnNumbers(taken), parts)
  }
}

/** Columns for the pieces of the load penalty. Each costs more than the one before, so the solver fills them in order. */
function loadSteps(
  table: MilpTable,
  { allowedMs, pins, problem }: SolverPlan,
  person: number,
  pairs: AssignmentColumn[],
) {
  if (!pairs.length) return []
  const step = allowedMs[person]! / hour / stepWeights.length
  const steps = stepWeights.map((slope, index) => {
    const isLast = index === stepWeights.length - 1
    return table.addColumn(isLast ? Number.POSITIVE_INFINITY : step, { balance: problem.weights.fairness * slope })
  })
  const hours = pairs.map(pair => pair.opening.length / hour)
  const columns = [...columnNumbers(pairs), ...steps]
  table.addRow(Number.NEGATIVE_INFINITY, -pins.loadMs[person]! / hour, columns, [...hours, ...steps.map(() => -1)])
  return [{ person, first: steps[0]! }]
}
