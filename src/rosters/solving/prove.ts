import { type Effort, type Proof, relaxation, settle } from './exact.ts'
import { settleWeeks } from './weeks.ts'

/** Of the whole proof, what the weeks take. */
const WEEKS = 0.6

/** A quick bound first, then week by week, then over all weeks whatever that left unsettled. */
export async function prove({ roster, bound, settled }: Proof, effort: Effort): Promise<Proof> {
  const start = { roster, bound: Math.max(bound, await relaxation(roster)), settled }
  effort.onStep(start, 0)
  if (roster.plan.weeks < 2) return settle(start, effort)
  const weekly = await settleWeeks(start, { ...effort, onStep: (proof, part) => effort.onStep(proof, part * WEEKS) })
  return settle(weekly, { ...effort, onStep: (proof, part) => effort.onStep(proof, WEEKS + part * (1 - WEEKS)) })
}
