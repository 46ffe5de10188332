import loadHighs, { type HighsCallbackMap, type Model } from 'highs'
import { slopes } from './fairness.ts'
import { type Milp, milp } from './milp.ts'
import type { Plan } from './plan.ts'
import { HOUR } from './problem.ts'
import { better, Roster } from './roster.ts'
import { cheapestConceivable } from './solution.ts'

/** `part` of the proof is done, 0 to 1; `bound` is what any roster that covers as much costs at least. */
export type Proof = { roster: Roster; bound: number; part: number; proved: boolean }

export type Proving = { seed: number; seconds?: number; onStep: (proof: Proof) => void }

/**
 * Starts from a roster and works until it is proved that none is better: first in places filled, then, covering as
 * much, in cost, then, for that cost, in balance. What an earlier tier reached is a row of the later ones. Blocks its thread.
 */
export async function prove(
  plan: Plan,
  start: { roster: Roster; bound: number },
  { seed, seconds, onStep }: Proving,
): Promise<Proof> {
  const highs = await loadHighs()
  const program = milp(plan)
  const proof: Proof = { ...start, part: 0, proved: false }
  if (!program.data.numCols) return { ...proof, part: 1, proved: true }
  const unit = program.unit
  const model = highs.createModel(program.data)
  model.options.set({
    log_to_console: false,
    random_seed: seed & 0x7fffffff,
    mip_min_logging_interval: 0.2,
    mip_pool_soft_limit: 500, // cuts kept: ten times fewer than the default, for half the memory
    ...(seconds === undefined ? {} : { time_limit: seconds }),
  })

  /** Minimises one measure; answers whether it got to the end. */
  const tier = (
    costs: Float64Array,
    tolerance: { mip_rel_gap: number; mip_abs_gap: number },
    from: number,
    to: number,
    onBound?: (bound: number) => void,
  ) => {
    const step = (bound: number | undefined, gap: number | undefined) => {
      if (bound !== undefined && Number.isFinite(bound)) onBound?.(bound)
      if (gap !== undefined && gap <= 1) proof.part = Math.max(proof.part, from + (to - from) * (1 - gap))
      onStep(proof)
    }
    const { mipImprovingSolution, mipLogging } = highs.constants.callbackType
    const callbacks: HighsCallbackMap = {
      [mipImprovingSolution]: ({ data }) => {
        if (data.mip_solution) proof.roster = the(proof.roster, rosterOf(plan, program, data.mip_solution))
        return undefined
      },
      [mipLogging]: ({ data }) => {
        step(data.mip_dual_bound, data.mip_gap)
        return undefined
      },
    }
    model.options.set(tolerance)
    model.changeColsCost({ kind: 'range', from: 0, to: program.data.numCols - 1 }, costs)
    model.setSolution({ colValue: columnsOf(proof.roster, program) })
    const { modelStatus } = model.run(callbacks)
    const done = modelStatus === highs.constants.modelStatus.optimal
    if (done) proof.roster = the(proof.roster, rosterOf(plan, program, model.getSolution().colValue))
    step(Number(model.info.get('mip_dual_bound')), done ? 0 : undefined)
    return done
  }
  const exactly = { mip_rel_gap: 0, mip_abs_gap: 0.5 }
  try {
    const hopeless = plan.openings.reduce((all, { places, takers }) => all + Math.max(0, places - takers.length), 0)
    if (proof.roster.open > hopeless && !tier(program.coverage, exactly, 0, 0.3)) return proof
    proof.bound = Math.max(proof.bound, cheapestConceivable(plan, proof.roster.open))
    hold(model, program.coverage, proof.roster.open)
    const raise = (bound: number) => {
      proof.bound = Math.max(proof.bound, Math.ceil(bound - 1e-6) * unit)
    }
    if (!tier(program.cost, exactly, 0.3, 0.7, raise)) return proof
    proof.bound = proof.roster.cost
    hold(model, program.cost, proof.roster.cost / unit)
    proof.proved = tier(program.balance, { mip_rel_gap: 1e-4, mip_abs_gap: 0.01 }, 0.7, 1)
    return proof
  } finally {
    model.dispose()
  }
}

const the = (one: Roster, other: Roster) => (better(other, one) < 0 ? other : one)

/** From now on this measure may not get worse. */
function hold(model: Model, costs: Float64Array, most: number) {
  const indices = [...costs.keys()].filter(column => costs[column] !== 0)
  model.addRow(Number.NEGATIVE_INFINITY, most, { indices, values: indices.map(column => costs[column]!) })
}

function rosterOf(plan: Plan, { pairs }: Milp, columns: Float64Array): Roster {
  const roster = new Roster(plan)
  for (const [column, { opening, person }] of pairs.entries()) if (columns[column]! > 0.5) roster.take(opening, person)
  return roster
}

function columnsOf(roster: Roster, { pairs, open, loads, data }: Milp): Float64Array {
  const { openings, allowed } = roster.plan
  const columns = new Float64Array(data.numCols)
  for (const [column, { opening, person }] of pairs.entries())
    if (roster.at[opening]!.includes(person)) columns[column] = 1
  for (const [opening, { places }] of openings.entries()) columns[open + opening] = places - roster.at[opening]!.length
  for (const { person, first } of loads) {
    const size = allowed[person]! / HOUR / slopes.length
    let left = roster.load[person]! / HOUR
    for (const step of slopes.keys()) {
      const last = step === slopes.length - 1
      columns[first + step] = last ? left : Math.min(left, size)
      left -= columns[first + step]!
    }
  }
  return columns
}
