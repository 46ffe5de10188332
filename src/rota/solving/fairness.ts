/**
 * What a load weighs: allowed hours times the square of their used share, in straight steps so that a linear solver
 * can count it too. The sum over people is smallest when everyone carries the same share of what they may work.
 */
const STEPS = 16

/** Weight of one more hour within each step. */
export const slopes = Array.from({ length: STEPS }, (_, step) => (2 * step + 1) / STEPS)

export const STEEPEST = 2

export function burden(load: number, allowed: number): number {
  if (load <= 0 || allowed <= 0) return 0
  const share = (load / allowed) * STEPS
  const step = Math.min(Math.floor(share), STEPS - 1)
  return (allowed / STEPS) * ((step * step) / STEPS + slopes[step]! * (share - step))
}
