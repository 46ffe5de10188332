/** The measure after cost: even hours and wishes. */
import type { LocalTime } from './local-time.ts'
import type { ProblemShift, Wish } from './problem.ts'

/**
 * The penalty of a load is the allowed hours times the square of the used share, in linear pieces so that a linear solver can
 * compute it too. The sum over people is smallest if everyone works the same share of their allowed hours.
 */
const STEPS = 16

/** The penalty of one more hour within each piece. */
export const stepWeights = Array.from({ length: STEPS }, (_, step) => (2 * step + 1) / STEPS)

export const MAX_STEP_WEIGHT = 2

export function loadPenalty(load: number, allowed: number): number {
  if (load <= 0 || allowed <= 0) return 0
  const share = (load / allowed) * STEPS
  const step = Math.min(Math.floor(share), STEPS - 1)
  return (allowed / STEPS) * ((step * step) / STEPS + stepWeights[step]! * (share - step))
}

/** The weights of wishes that a shift meets minus those it refuses. */
export function wishScore(preferences: Wish[], shift: ProblemShift, moment: LocalTime): number {
  let met = 0
  for (const wish of preferences)
    if (appliesTo(wish, shift, moment)) met += (wish.want === 'prefer' ? 1 : -1) * (wish.weight ?? 1)
  return met
}

const appliesTo = (wish: Wish, shift: ProblemShift, { weekday, date, minute }: LocalTime) =>
  (wish.site_id ?? shift.site_id) === shift.site_id &&
  (wish.weekday ?? weekday) === weekday &&
  (wish.date ?? date) === date &&
  isWithin(minute, minuteOf(wish.from ?? '00:00'), minuteOf(wish.to ?? '24:00'))

/** `from` after `to` means past midnight, such as 22:00 to 06:00. */
const isWithin = (minute: number, from: number, to: number) =>
  from <= to ? from <= minute && minute < to : from <= minute || minute < to

const minuteOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
