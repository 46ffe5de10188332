import loadHighs, { type HighsCallbackMap, type Model } from 'highs'
import { slopes } from './fairness.ts'
import { type Milp, milp } from './milp.ts'
import { HOUR } from './problem.ts'
import { better, Roster } from './roster.ts'
import { improve } from './search.ts'
import { cheapestConceivable } from './solution.ts'

/** `bound` is what any roster that covers as much costs at least; `part`, 0 to 1, how far the proof has come. */
export type Proof = { roster: Roster; bound: number; part: number; proved: boolean }

type Tier = {
  costs: Float64Array
  /** stop when the bound comes this near */
  within: { mip_rel_gap: number; mip_abs_gap: number }
  /** of the whole proof, from where to where this tier goes */
  parts: [from: number, to: number]
  onBound?: (bound: number) => void
}

const exactly = { mip_rel_gap: 0, mip_abs_gap: 0.5 }
const nearly = { mip_rel_gap: 1e-4, mip_abs_gap: 0.01 }

/**
 * Starts from a roster and works until it is proved that none is better: first in places filled, then, filling as
 * many, in cost, then, at that cost, in balance. What one tier reached is a row of the next. Blocks its thread.
 */
export async function prove(
  start: { roster: Roster; bound: number },
  { seed, seconds, onStep }: { seed: number; seconds?: number; onStep: (proof: Proof) => void },
): Promise<Proof> {
  const { plan } = start.roster
  const proof: Proof = { ...start, part: 0, proved: false }
  const program = milp(plan)
  if (!program.pairs.length) return { ...proof, part: 1, proved: true }
  const highs = await loadHighs()
  const model = highs.createModel(program.data)
  const { modelStatus, callbackType } = highs.constants
  model.options.set({
    log_to_console: false,
    random_seed: seed & 0x7fffffff,
    mip_min_logging_interval: 0.2,
    mip_pool_soft_limit: 500, // cuts kept, a twentieth of the default: half the memory for the same speed
    ...(seconds === undefined ? {} : { time_limit: seconds }),
  })
  const accept = (columns: Float64Array) => {
    const found = rosterOf(program, columns)
    if (better(found, proof.roster) < 0) proof.roster = found
  }

  /** Brings one measure down as far as it goes, and holds it there; false when something stopped it before. */
  const minimise = ({ costs, within, parts: [from, to], onBound }: Tier): boolean => {
    const step = (bound = Number.NEGATIVE_INFINITY, gap = 1) => {
      if (Number.isFinite(bound)) onBound?.(bound)
      proof.part = Math.max(proof.part, from + (to - from) * (1 - Math.min(1, gap)))
      onStep(proof)
    }
    const callbacks: HighsCallbackMap = {
      [callbackType.mipImprovingSolution]: ({ data }) => void (data.mip_solution && accept(data.mip_solution)),
      [callbackType.mipLogging]: ({ data }) => void step(data.mip_dual_bound, data.mip_gap),
    }
    model.options.set(within)
    price(model, costs)
    model.setSolution({ colValue: columnsOf(proof.roster, program) })
    const finished = model.run(callbacks).modelStatus === modelStatus.optimal
    if (finished) accept(model.getSolution().colValue)
    step(Number(model.info.get('mip_dual_bound')), finished ? 0 : 1)
    return finished
  }

  try {
    const { coverage, cost, unit, balance } = program
    const raise = (bound: number) => {
      proof.bound = Math.max(proof.bound, Math.ceil(bound - 1e-6) * unit)
    }
    const covered = hold(model, coverage, proof.roster.open)
    const hopeless = plan.openings.reduce((all, { places, takers }) => all + Math.max(0, places - takers.length), 0)
    if (proof.roster.open > hopeless) {
      raise(relaxed(model, cost))
      onStep(proof)
      if (!minimise({ costs: coverage, within: exactly, parts: [0, 0.3] })) return proof
      if (proof.roster.open < start.roster.open) {
        proof.roster = tidied(proof.roster, seed)
        proof.bound = cheapestConceivable(plan, proof.roster.open)
        model.changeRowBounds(covered, 0, proof.roster.open)
      }
    }
    if (!minimise({ costs: cost, within: exactly, parts: [0.3, 0.7], onBound: raise })) return proof
    proof.bound = proof.roster.cost
    hold(model, cost, proof.roster.cost / unit)
    proof.proved = minimise({ costs: balance, within: nearly, parts: [0.7, 1] })
    return proof
  } finally {
    model.dispose()
  }
}

/** The least it can be when people may be divided: soon known, and no roster has less. */
function relaxed(model: Model, costs: Float64Array): number {
  price(model, costs)
  model.options.set({ solve_relaxation: true, presolve: 'off' }) // twice as fast here without
  model.run()
  model.options.set({ solve_relaxation: false, presolve: 'choose' })
  return Number(model.info.get('objective_function_value'))
}

const price = (model: Model, costs: Float64Array) =>
  model.changeColsCost({ kind: 'range', from: 0, to: costs.length - 1 }, costs)

/** Filling more than before leaves the wages in disorder; a cool search tidies them and leaves no place open again. */
function tidied(roster: Roster, seed: number): Roster {
  let tidy = roster
  for (const { best } of improve(roster, { seed, moves: 200_000, heat: 0.05 })) tidy = best
  return tidy
}

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
