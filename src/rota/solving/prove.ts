import { type ExactEffort, type Proof, proveOptimal } from './exact.ts'
import { Program } from './program.ts'
import type { Roster } from './roster.ts'
import { proveByWeeks } from './weeks.ts'

/** Of the whole proof, what the weeks take. */
const WEEKS = 0.6

/** A quick bound first, then week by week, then over all weeks whatever that left unsettled. */
export async function prove({ roster, bound, openBound, settled }: Proof, effort: ExactEffort): Promise<Proof> {
  const start = { roster, bound: Math.max(bound, await quickBound(roster, effort)), openBound, settled }
  effort.onStep(start, 0, 'proving week by week')
  if (roster.plan.weeks < 2 || roster.plan.hasRules) return proveOptimal(start, effort)
  const weekly = await proveByWeeks(start, {
    ...effort,
    onStep: (proof, part, doing) => effort.onStep(proof, part * WEEKS, doing),
  })
  return proveOptimal(weekly, {
    ...effort,
    onStep: (proof, part, doing) => effort.onStep(proof, WEEKS + part * (1 - WEEKS), doing),
  })
}

async function quickBound({ plan, open, broken }: Roster, { seed, left }: ExactEffort): Promise<number> {
  if (!plan.openings.some(opening => opening.takers.length)) return 0
  using program = await Program.of(plan, seed)
  if (plan.hasRules) program.hold('broken', broken)
  program.hold('coverage', open)
  return program.relaxed('cost', left() / 2)
}
