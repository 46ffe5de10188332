import { fullGC } from 'bun:jsc'

const collectAfterMs = 250 // by then nobody reads what was dropped
const collectAboveBytes = 12 << 20 // a board of a million players is a little larger

/**
 * A cache for parts of boards within one byte budget: parts that were not used for the longest time go first. A part that several
 * requests need at once is computed once.
 */
type ByteBudget = { bytes(): number; newCache<T>(size: (part: T) => number): BudgetedCache<T> }
type BudgetedCache<T> = { get(key: string, make: () => Promise<T>): Promise<T>; drop(key: string): void }

export function byteBudget(maxBytes: number): ByteBudget {
  type Entry = { bytes: number; drop(): void }
  const entries = new Map<object, Entry>() // least recently used first
  let bytes = 0
  let droppedBytes = 0
  let hasDroppedLarge = false
  let collecting: Timer | undefined

  /**
   * Left to the garbage collector by itself, dropped boards of a million players would be a hundred megabytes. It works beside this
   * thread, but then several such boards stay; so for one of them this thread waits some ten milliseconds.
   */
  function forget(part: object, { bytes: size, drop }: Entry) {
    entries.delete(part)
    bytes -= size
    droppedBytes += size
    drop()
    hasDroppedLarge ||= size >= collectAboveBytes
    if (droppedBytes < collectAboveBytes || collecting) return
    collecting = setTimeout(() => {
      if (hasDroppedLarge) fullGC()
      else Bun.gc(false)
      droppedBytes = 0
      hasDroppedLarge = false
      collecting = undefined
    }, collectAfterMs)
    collecting.unref()
  }

  function add(part: object, entry: Entry) {
    entries.set(part, entry)
    bytes += entry.bytes
    for (const [oldest, entry] of entries) {
      if (bytes <= maxBytes || oldest === part) break
      forget(oldest, entry)
    }
  }

  return {
    bytes: () => bytes,
    newCache<T>(size: (part: T) => number): BudgetedCache<T> {
      const parts = new Map<string, Promise<T>>()
      return {
        get(key: string, make: () => Promise<T>) {
          const existing = parts.get(key)
          const entry = existing && entries.get(existing)
          if (existing && entry) {
            entries.delete(existing)
            entries.set(existing, entry)
          }
          if (existing) return existing
          const promise = make()
          parts.set(key, promise)
          const drop = () => {
            if (parts.get(key) === promise) parts.delete(key)
          }
          promise.then(part => add(promise, { bytes: size(part), drop }), drop)
          return promise
        },
        drop(key: string) {
          const existing = parts.get(key)
          const entry = existing && entries.get(existing)
          if (!existing || !entry) return // absent, or somebody waits for it
          forget(existing, entry)
        },
      }
    },
  }
}
