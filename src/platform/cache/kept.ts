import { isAhead } from '../clock.ts'

/** A value as it is kept: its JSON made once, its compressed forms by whoever serves it. */
export type Kept<T = unknown> = {
  readonly value: T
  readonly json: string
  readonly at: number
  readonly freshUntil: number
  /** Until then a stale value is served while a refresh runs. */
  readonly usableUntil: number
}

/** What was kept while the clock was ahead would be fresh for longer than its life. */
export const isFresh = ({ at, freshUntil }: Kept, now: number): boolean => now < freshUntil && !isAhead(at, now)
