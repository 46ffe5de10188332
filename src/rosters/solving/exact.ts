import loadHighs, { type Highs, type HighsCallbackMap, type Model } from 'highs'
import { slopes } from './fairness.ts'
import { type Milp, milp } from './milp.ts'
import { HOUR } from './problem.ts'
import { better, Roster } from './roster.ts'
import { tidied } from './search.ts'
import { cheapestConceivable } from './solution.ts'

/** What is proved of a roster. */
export type Proof = {
  roster: Roster
  /** any roster that fills as many places costs at least this, in cents, pins aside */
  bound: number
  /** how many measures are known to be the best there is: places filled, then cost, then balance */
  settled: 0 | 1 | 2 | 3
}

export type Effort = {
  seed: number
  /** seconds left, which may be Infinity */
  left: () => number
  /** Called often, with how much of the proof is done, 0 to 1. */
  onStep: (proof: Proof, part: number) => void
}

type Tier = {
  costs: Float64Array
  /** stop when the bound comes this near */
  within: { mip_rel_gap: number; mip_abs_gap: number }
  onBound?: (bound: number) => void
}

const exactly = { mip_rel_gap: 0, mip_abs_gap: 0.5 }
const nearly = { mip_rel_gap: 1e-4, mip_abs_gap: 0.01 }

let loading: Promise<Highs> | undefined
const solver = () => (loading ??= loadHighs())

/**
 * Works until it is proved that no roster is better: first in places filled, then, filling as many, in cost, then, at that
 * cost, in balance. What one tier reached is a row of the next. Blocks its thread.
 */
export async function settle(start: Proof, { seed, left, onStep }: Effort): Promise<Proof> {
  const { plan } = start.roster
  const proof: Proof = { ...start }
  const program = milp(plan)
  if (!program.pairs.length) return { ...proof, settled: 3 }
  const highs = await solver()
  const { modelStatus, callbackType } = highs.constants
  const model = highs.createModel(program.data)
  model.options.set({
    log_to_console: false,
    random_seed: seed & 0x7fffffff,
    mip_min_logging_interval: 0.2,
    mip_pool_soft_limit: 500, // cuts kept, a twentieth of the default: half the memory for the same speed
  })
  const accept = (columns: Float64Array) => {
    const found = rosterOf(program, columns)
    if (better(found, proof.roster) < 0) proof.roster = found
  }

  /** Brings one measure down as far as it goes; false when the time was over before. */
  const minimise = ({ costs, within, onBound }: Tier): boolean => {
    const step = (bound: number, gap: number) => {
      if (Number.isFinite(bound)) onBound?.(bound)
      onStep(proof, (proof.settled + 1 - Math.min(1, gap)) / 3)
    }
    const callbacks: HighsCallbackMap = {
      [callbackType.mipImprovingSolution]: ({ data }) => void (data.mip_solution && accept(data.mip_solution)),
      [callbackType.mipLogging]: ({ data }) => void step(data.mip_dual_bound ?? Number.NaN, data.mip_gap ?? 1),
    }
    model.options.set({ ...within, time_limit: model.getRunTime() + Math.min(1e9, Math.max(0, left())) })
    price(model, costs)
    model.setSolution({ colValue: columnsOf(proof.roster, program) })
    const finished = model.run(callbacks).modelStatus === modelStatus.optimal
    if (finished) accept(model.getSolution().colValue)
    step(Number(model.info.get('mip_dual_bound')), finished ? 0 : 1)
    return finished
  }

  try {
    const { coverage, cost, unit, balance } = program
    const onBound = (bound: number) => {
      proof.bound = Math.max(proof.bound, inCents(bound, program))
    }
    const covered = hold(model, coverage, proof.roster.open)
    if (proof.settled < 1) {
      const hopeless = plan.openings.reduce((all, { places, takers }) => all + Math.max(0, places - takers.length), 0)
      if (proof.roster.open > hopeless) {
        if (!minimise({ costs: coverage, within: exactly })) return proof
        if (proof.roster.open < start.roster.open) {
          proof.roster = tidied(proof.roster, seed)
          proof.bound = cheapestConceivable(plan, proof.roster.open)
          model.changeRowBounds(covered, 0, proof.roster.open)
        }
      }
      proof.settled = 1
    }
    if (proof.settled < 2) {
      if (proof.bound < proof.roster.cost && !minimise({ costs: cost, within: exactly, onBound })) return proof
      proof.bound = proof.roster.cost
      proof.settled = 2
    }
    hold(model, cost, proof.roster.cost / unit)
    if (!balance.some(weight => weight !== 0) || minimise({ costs: balance, within: nearly })) proof.settled = 3
    return proof
  } finally {
    model.dispose()
  }
}

/** What it would cost if people could be divided: soon known, and no roster that fills as many places costs less. */
export async function relaxation({ plan, open }: Roster): Promise<number> {
  const program = milp(plan)
  if (!program.pairs.length) return 0
  const model = (await solver()).createModel(program.data)
  try {
    model.options.set({ output_flag: false, solve_relaxation: true, presolve: 'off' }) // twice as fast here without
    hold(model, program.coverage, open)
    price(model, program.cost)
    model.run()
    return inCents(Number(model.info.get('objective_function_value')), program)
  } finally {
    model.dispose()
  }
}

/** Wages come in whole units, so a bound may be rounded up to the next. */
const inCents = (bound: number, { unit }: Milp) => Math.ceil(bound - 1e-6) * unit

const price = (model: Model, costs: Float64Array) =>
  model.changeColsCost({ kind: 'range', from: 0, to: costs.length - 1 }, costs)

/** From now on this measure may not exceed what it is. Answers the row that sees to it. */
function hold(model: Model, costs: Float64Array, most: number): number {
  const indices = [...costs.keys()].filter(column => costs[column] !== 0)
  model.addRow(0, most, { indices, values: indices.map(column => costs[column]!) })
  return model.getDimensions().numRows - 1
}

function rosterOf({ plan, pairs }: Milp, columns: Float64Array): Roster {
  const roster = new Roster(plan)
  for (const [column, { opening, person }] of pairs.entries()) if (columns[column]! > 0.5) roster.take(opening, person)
  return roster
}

function columnsOf(roster: Roster, { plan, pairs, open, loads, data }: Milp): Float64Array {
  const columns = new Float64Array(data.numCols)
  for (const [column, { opening, person }] of pairs.entries())
    if (roster.at[opening]!.includes(person)) columns[column] = 1
  for (const [opening, { places }] of plan.openings.entries())
    columns[open + opening] = places - roster.at[opening]!.length
  for (const { person, first } of loads) {
    let left = roster.load[person]! / HOUR
    for (const step of slopes.keys()) {
      const taken = Math.min(left, data.colUpper[first + step]!)
      columns[first + step] = taken
      left -= taken
    }
  }
  return columns
}
