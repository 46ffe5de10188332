import { isAhead } from '../clock.ts'

/** What the store holds: a value, its JSON, which is made once, and how long it is good. `http/responses.ts` keeps the compressed forms. */
export type StoredAnswer<T = unknown> = {
  readonly value: T
  readonly json: string
  readonly at: number
  readonly freshUntil: number
  /** Until then a stale value is served while a refresh runs. */
  readonly usableUntil: number
}

/** A value stored while the clock was ahead is not fresh: it would outlive its lifetime. */
export const isFresh = ({ at, freshUntil }: StoredAnswer, now: number): boolean => now < freshUntil && !isAhead(at, now)

/** Where answers are stored: the memory of this process, or Redis behind it. */
export interface CacheStore {
  readonly mode: 'memory' | 'redis'
  /** From this process's memory. */
  local(key: string): StoredAnswer | undefined
  /** From the store shared with other processes; undefined if there is none or it is down. */
  remote?(key: string): Promise<StoredAnswer | undefined> | undefined
  set(key: string, answer: StoredAnswer): void
  connected(): boolean
  usage(): { keys: number; bytes: number }
}
