import { polishRoster } from './annealing.ts'
import { MilpSolver, type Objective } from './milp-solver.ts'
import type { SolverPlan } from './plan.ts'
import { compareScores, type Roster } from './roster.ts'
import { costLowerBound } from './solution.ts'

/** A roster and what has been proved about it so far. */
export type Proof = {
  roster: Roster
  /** every roster that fills as many places costs at least this, in cents, without the pinned work */
  bound: number
  /** every roster leaves at least this many places open */
  openBound: number
  /** how many of the measures are proved optimal, in this order: places filled, cost, balance */
  settled: 0 | 1 | 2 | 3
}

export type ProofOptions = {
  seed: number
  /** can be Infinity */
  secondsLeft: () => number
  /** Called often; `part` says how much of the proof is done, 0 to 1. */
  onStep: (proof: Proof, part: number, doing: string) => void
}

const provingMessages = {
  broken: 'keeping the rules of work',
  coverage: 'proving that no more can be filled',
  cost: 'proving that nothing is cheaper',
  balance: 'sharing out hours and wishes',
}

const exactTolerance = { mip_rel_gap: 0, mip_abs_gap: 0.5 }
const looseTolerance = { mip_rel_gap: 1e-4, mip_abs_gap: 0.01 }

/**
 * Solves until it is proved that no roster is better: first in places filled, then in cost with as many places filled, then in
 * balance at that cost. Each step keeps what the step before it reached. Blocks its thread.
 */
export async function proveOptimal(start: Proof, { seed, secondsLeft, onStep }: ProofOptions): Promise<Proof> {
  const { plan } = start.roster
  const proof = { ...start }
  if (secondsLeft() <= 0 || proof.settled === 3) return proof
  if (!plan.openings.some(opening => opening.candidates.length))
    return { ...proof, openBound: proof.roster.open, settled: 3 }
  using solver = await MilpSolver.of(plan, seed)
  const minimise = (objective: Objective): boolean =>
    solver.minimise(objective, {
      start: proof.roster,
      seconds: secondsLeft(),
      tolerance: objective === 'balance' ? looseTolerance : exactTolerance,
      onFound(roster) {
        if (compareScores(roster, proof.roster) < 0) proof.roster = roster
      },
      onBound(bound, gap) {
        if (objective === 'coverage' && Number.isFinite(bound)) proof.openBound = Math.max(proof.openBound, bound)
        if (objective === 'cost' && Number.isFinite(bound)) proof.bound = Math.max(proof.bound, bound)
        onStep(proof, (proof.settled + 1 - Math.min(1, gap)) / 3, provingMessages[objective])
      },
    })

  if (plan.hasRules) {
    if (proof.roster.broken > 0 && !minimise('broken')) return proof
    solver.limitObjective('broken', proof.roster.broken)
  }
  const limitOpen = solver.limitObjective('coverage', proof.roster.open)
  if (proof.settled < 1) {
    if (proof.roster.open > proof.openBound && !minimise('coverage')) return proof
    if (proof.roster.open < start.roster.open) proof.roster = polishRoster(proof.roster, seed)
    limitOpen(proof.roster.open)
    proof.openBound = proof.roster.open
    proof.settled = 1
  }
  if (proof.settled < 2) {
    if (proof.bound < proof.roster.cost && !minimise('cost')) return proof
    proof.bound = proof.roster.cost
    proof.settled = 2
  }
  solver.limitObjective('cost', proof.roster.cost)
  const { fairness, preferences } = plan.problem.weights
  if ((fairness || preferences) && !minimise('balance')) return proof
  return { ...proof, settled: 3 }
}

/** A roster with the bounds that need no solver. */
export const initialProof = (roster: Roster): Proof => ({
  roster,
  bound: costLowerBound(roster.plan, roster.open),
  openBound: unfillablePlaces(roster.plan),
  settled: 0,
})

/** Places that stay open in every roster because a shift has fewer candidates than places. */
const unfillablePlaces = ({ openings }: SolverPlan) =>
  openings.reduce(
    (all, { places, candidates, underPrice }) =>
      all + (underPrice === undefined ? Math.max(0, places - candidates.length) : 0),
    0,
  )
