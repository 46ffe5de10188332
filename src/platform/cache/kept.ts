import { isAhead } from '../clock.ts'

/** A cached value and its JSON, which is made once. `http/responses.ts` keeps the compressed forms. */
export type Kept<T = unknown> = {
  readonly value: T
  readonly json: string
  readonly at: number
  readonly freshUntil: number
  /** Until then a stale value is served while a refresh runs. */
  readonly usableUntil: number
}

/** A value stored while the clock was ahead is not fresh: it would outlive its lifetime. */
export const isFresh = ({ at, freshUntil }: Kept, now: number): boolean => now < freshUntil && !isAhead(at, now)
