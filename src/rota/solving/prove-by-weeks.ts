import { annealToEnd, polishRoster } from './annealing.ts'
import { MilpSolver } from './milp-solver.ts'
import { preparePlan, type SolverPlan } from './plan.ts'
import type { Duty, RosterProblem } from './problem.ts'
import { initialProof, type Proof, type ProofOptions, proveOptimal } from './prove-optimal.ts'
import { compareScores, Roster } from './roster.ts'

/** The share of the progress of the proof that belongs to the weeks. */
const WEEKS_SHARE = 0.6

/** Proves a quick bound first, then solves week by week, then over all weeks what is still unproved. */
export async function proveRoster({ roster, bound, openBound, settled }: Proof, effort: ProofOptions): Promise<Proof> {
  const start = { roster, bound: Math.max(bound, await quickBound(roster, effort)), openBound, settled }
  effort.onStep(start, 0, 'proving week by week')
  if (roster.plan.weeks < 2 || roster.plan.hasRules) return proveOptimal(start, effort)
  const weekly = await proveByWeeks(start, {
    ...effort,
    onStep: (proof, part, doing) => effort.onStep(proof, part * WEEKS_SHARE, doing),
  })
  return proveOptimal(weekly, {
    ...effort,
    onStep: (proof, part, doing) => effort.onStep(proof, WEEKS_SHARE + part * (1 - WEEKS_SHARE), doing),
  })
}

async function quickBound({ plan, open, broken }: Roster, { seed, secondsLeft }: ProofOptions): Promise<number> {
  if (!plan.openings.some(opening => opening.candidates.length)) return 0
  using solver = await MilpSolver.of(plan, seed)
  if (plan.hasRules) solver.limitObjective('broken', broken)
  solver.limitObjective('coverage', open)
  return solver.relaxedOptimum('cost', secondsLeft() / 2)
}

const MOVES = 100_000

/**
 * Hours are limited by the week, so only the rest between a Sunday and a Monday connects one week to the next. Weeks are solved one
 * by one, which is far easier than all at once. The sum of their costs is a lower bound for every roster; if the rest between
 * weeks allows all of them together, they are the optimal roster except for its balance.
 */
async function proveByWeeks(start: Proof, { seed, secondsLeft, onStep }: ProofOptions): Promise<Proof> {
  const { plan } = start.roster
  const proof = { ...start }
  const places = plan.openings.map(() => [] as number[])
  const totals = { open: 0, bound: 0, openBound: 0, covered: true }

  for (let week = 0; week < plan.weeks; week++) {
    if (secondsLeft() <= 0) return proof
    const openings = [...plan.openings.keys()].filter(opening => plan.openings[opening]!.week === week)
    const named = `week ${week + 1} of ${plan.weeks}`
    const rest = plan.weeks - week + 1
    const effort: ProofOptions = {
      seed,
      secondsLeft: () => secondsLeft() / rest,
      onStep: (_, part, doing) => onStep(proof, (week + part) / plan.weeks, `${doing} in ${named}`),
    }
    const planOfWeek = preparePlan(problemOfWeek(plan, week, []))
    const startOfWeek = Roster.from(
      planOfWeek,
      openings.map(opening => start.roster.peopleAt[opening]!),
    )
    const proofOfWeek = await proveOptimal(initialProof(annealToEnd(startOfWeek, { seed, moves: MOVES })), effort)
    totals.open += proofOfWeek.roster.open
    totals.bound += proofOfWeek.bound
    totals.openBound += proofOfWeek.openBound
    totals.covered &&= proofOfWeek.settled > 0

    const besideOthers = await fitBesideOtherWeeks(
      proofOfWeek,
      preparePlan(problemOfWeek(plan, week, dutiesOf(plan, places))),
      effort,
    )
    for (const [index, opening] of openings.entries()) places[opening] = besideOthers.peopleAt[index]!
    const combined = Roster.fromWhatFits(
      plan,
      places.map((people, opening) => (plan.openings[opening]!.week > week ? start.roster.peopleAt[opening]! : people)),
    )
    if (compareScores({ ...combined, balance: 0 }, { ...proof.roster, balance: 0 }) < 0) proof.roster = combined
    onStep(proof, (week + 1) / plan.weeks, `proving ${named}`)
  }

  if (proof.roster !== start.roster && secondsLeft() > 0) proof.roster = polishRoster(proof.roster, seed)
  proof.openBound = Math.max(proof.openBound, totals.openBound)
  if (totals.covered && totals.open === proof.roster.open) {
    proof.bound = Math.max(proof.bound, totals.bound)
    proof.settled = proof.bound === proof.roster.cost ? 2 : 1
  }
  return proof
}

/** The roster of the week that fits the weeks before it: often one of the same cost is found without a solver. */
async function fitBesideOtherWeeks(own: Proof, plan: SolverPlan, effort: ProofOptions): Promise<Roster> {
  const fitted = Roster.fromWhatFits(plan, own.roster.peopleAt)
  if (fitted.open === own.roster.open) return fitted
  const improved = annealToEnd(fitted, { seed: effort.seed, moves: MOVES })
  if (improved.open === own.roster.open && improved.cost === own.roster.cost) return improved
  return (await proveOptimal(initialProof(improved), effort)).roster
}

/** The shifts of one week as a problem of their own; all other work is existing work in it. */
function problemOfWeek({ problem, openings, pins }: SolverPlan, week: number, duties: Duty[]): RosterProblem {
  const shifts = openings.filter(opening => opening.week === week).map(opening => opening.shift)
  const ids = new Set(shifts.map(shift => shift.id))
  const pinned = pins.assignments.filter(pin => ids.has(pin.shift_id))
  const elsewhere = pins.assignments.filter(pin => !ids.has(pin.shift_id))
  const byId = new Map(problem.shifts.map(shift => [shift.id, shift]))
  const existing = [
    ...problem.existing,
    ...elsewhere.map(({ shift_id, staff_id }) => ({ ...byId.get(shift_id)!, staff_id })),
    ...duties,
  ]
  return { ...problem, shifts, pinned, existing, weights: { fairness: 0, preferences: 0 } }
}

const dutiesOf = ({ problem, openings }: SolverPlan, places: number[][]): Duty[] =>
  places.flatMap((people, opening) =>
    people.map(person => ({ ...openings[opening]!.shift, staff_id: problem.staff[person]!.id })),
  )
