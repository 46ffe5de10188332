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

  function add(part: object, entry: Entry) {
    entries.set(part, entry)
    bytes += entry.bytes
    for (const [oldest, { bytes: size, drop }] of entries) {
      if (bytes <= maxBytes || oldest === part) break
      entries.delete(oldest)
      bytes -= size
      drop()
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
          entries.delete(existing)
          bytes -= entry.bytes
          entry.drop()
        },
      }
    },
  }
}
