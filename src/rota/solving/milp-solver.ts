import loadHighs, { type Highs, type HighsCallbackMap, type Model } from 'highs'
import { hour } from '../../platform/clock.ts'
import { stepWeights } from './balance.ts'
import { buildMilp, type Milp } from './milp.ts'
import type { SolverPlan } from './plan.ts'
import { Roster } from './roster.ts'

let loading: Promise<Highs> | undefined

/** Its declared `wasmModule` does nothing in this version; this hook is that of Emscripten. */
type LoadOptions = Parameters<typeof loadHighs>[0] & {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): void
}

/** Compiling takes longer than solving most rosters, so a thread is given what its process has compiled. */
export function loadSolver(compiled?: WebAssembly.Module): Promise<Highs> {
  const options: LoadOptions | undefined = compiled && {
    instantiateWasm: (imports, done) => done(new WebAssembly.Instance(compiled, imports)),
  }
  return (loading ??= loadHighs(options))
}

export type Objective = 'broken' | 'coverage' | 'cost' | 'balance'

type Minimising = {
  start: Roster
  seconds: number
  /** how near to the optimum the solver may stop */
  tolerance: { mip_rel_gap: number; mip_abs_gap: number }
  onFound: (roster: Roster) => void
  /** `gap` is relative and can be more than 1 */
  onBound: (bound: number, gap: number) => void
}

/** A plan as a model in HiGHS. The model is in WASM memory, which only `using` (or a dispose) frees. */
export class MilpSolver {
  readonly #highs: Highs
  readonly #model: Model
  readonly #milp: Milp

  private constructor(highs: Highs, plan: SolverPlan, seed: number) {
    this.#highs = highs
    this.#milp = buildMilp(plan)
    this.#model = highs.createModel(this.#milp.data)
    this.#model.options.set({
      log_to_console: false,
      random_seed: seed & 0x7fffffff,
      mip_min_logging_interval: 0.2,
      mip_pool_soft_limit: 500, // cuts kept, a twentieth of the default: half the memory for the same speed
    })
  }

  static async of(plan: SolverPlan, seed: number): Promise<MilpSolver> {
    return new MilpSolver(await loadSolver(), plan, seed)
  }

  [Symbol.dispose]() {
    this.#model.dispose()
  }

  /** Adds a row that keeps an objective at or below `most`. Returns a function that changes this limit. */
  limitObjective(objective: Objective, most: number): (most: number) => void {
    const costs = this.#milp[objective]
    const indices = [...costs.keys()].filter(column => costs[column] !== 0)
    this.#model.addRow(0, most / this.#unitOf(objective), { indices, values: indices.map(column => costs[column]!) })
    const row = this.#model.getDimensions().numRows - 1
    return lower => this.#model.changeRowBounds(row, 0, lower / this.#unitOf(objective))
  }

  /** The optimum of the linear relaxation: quick, and a lower bound for every roster. -Infinity if the time runs out first. */
  relaxedOptimum(objective: Objective, seconds: number): number {
    this.#setObjective(objective)
    this.#model.options.set({ solve_relaxation: true, presolve: 'off' }) // a relaxation takes half the time without presolve
    this.#limitTime(seconds)
    this.#model.run()
    this.#model.options.set({ solve_relaxation: false, presolve: 'choose' })
    const finished = this.#model.getModelStatus() === this.#highs.constants.modelStatus.optimal
    return finished ? this.#roundedBound(objective, this.#model.getObjectiveValue()) : Number.NEGATIVE_INFINITY
  }

  /** Minimises an objective; false if the time ran out before the optimum was proved. */
  minimise(objective: Objective, { start, seconds, tolerance, onFound, onBound }: Minimising): boolean {
    const { modelStatus, callbackType } = this.#highs.constants
    const model = this.#model
    const callbacks: HighsCallbackMap = {
      [callbackType.mipImprovingSolution]: ({ data }) =>
        void (data.mip_solution && onFound(rosterOf(this.#milp, data.mip_solution))),
      [callbackType.mipLogging]: ({ data }) =>
        void onBound(this.#roundedBound(objective, data.mip_dual_bound ?? Number.NEGATIVE_INFINITY), data.mip_gap ?? 1),
    }
    model.options.set(tolerance)
    this.#limitTime(seconds)
    this.#setObjective(objective)
    model.setSolution({ colValue: columnsOf(start, this.#milp) })
    const finished = model.run(callbacks).modelStatus === modelStatus.optimal
    if (finished) onFound(rosterOf(this.#milp, model.getSolution().colValue))
    onBound(this.#roundedBound(objective, Number(model.info.get('mip_dual_bound'))), finished ? 0 : 1)
    return finished
  }

  /** HiGHS counts the time of all runs of a model together. It accepts neither infinity nor a negative number. */
  #limitTime(seconds: number) {
    this.#model.options.set('time_limit', this.#model.getRunTime() + Math.max(0, Math.min(1e9, seconds)))
  }

  #setObjective(objective: Objective) {
    const costs = this.#milp[objective]
    this.#model.changeColsCost({ kind: 'range', from: 0, to: costs.length - 1 }, costs)
  }

  #unitOf(objective: Objective): number {
    return objective === 'cost' ? this.#milp.costUnit : 1
  }

  /** Places and wages are whole numbers of units, so a lower bound of them can be rounded up. */
  #roundedBound(objective: Objective, bound: number): number {
    return objective === 'balance' ? bound : Math.ceil(bound - 1e-6) * this.#unitOf(objective)
  }
}

function rosterOf({ plan, pairs }: Milp, columns: Float64Array): Roster {
  const roster = new Roster(plan)
  for (const [column, { opening, person }] of pairs.entries())
    if (columns[column]! > 0.5) roster.assign(opening, person)
  return roster
}

function columnsOf(
  roster: Roster,
  { plan, pairs, firstOpenColumn, firstSurplusColumn, loadColumns, hoursColumns, data }: Milp,
): Float64Array {
  const columns = new Float64Array(data.numCols)
  for (const [column, { opening, person }] of pairs.entries())
    if (roster.peopleAt[opening]!.includes(person)) columns[column] = 1
  for (const [opening, { places }] of plan.openings.entries()) {
    columns[firstOpenColumn + opening] = Math.max(0, places - roster.peopleAt[opening]!.length)
    columns[firstSurplusColumn + opening] = Math.max(0, roster.peopleAt[opening]!.length - places)
  }
  for (const { column, person, deviation: off } of hoursColumns) columns[column] = off(roster.openingsOf[person]!)
  for (const { person, first } of loadColumns) {
    let left = roster.loadMs[person]! / hour
    for (const step of stepWeights.keys()) {
      const taken = Math.min(left, data.colUpper[first + step]!)
      columns[first + step] = taken
      left -= taken
    }
  }
  return columns
}
