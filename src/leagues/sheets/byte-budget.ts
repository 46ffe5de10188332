/**
 * A cache for parts of boards within one byte budget: parts that were not used for the longest time go first. A part that several
 * requests need at once is computed once.
 */
type ByteBudget = { bytes(): number; shelf<T>(size: (part: T) => number): BudgetedCache<T> }
type BudgetedCache<T> = { get(key: string, make: () => Promise<T>): Promise<T>; drop(key: string): void }

export function byteBudget(most: number): ByteBudget {
  type Held = { bytes: number; drop(): void }
  const held = new Map<object, Held>() // least recently used first
  let bytes = 0

  function keep(part: object, one: Held) {
    held.set(part, one)
    bytes += one.bytes
    for (const [oldest, { bytes: size, drop }] of held) {
      if (bytes <= most || oldest === part) break
      held.delete(oldest)
      bytes -= size
      drop()
    }
  }

  return {
    bytes: () => bytes,
    shelf<T>(size: (part: T) => number): BudgetedCache<T> {
      const parts = new Map<string, Promise<T>>()
      return {
        get(key: string, make: () => Promise<T>) {
          const there = parts.get(key)
          const one = there && held.get(there)
          if (there && one) {
            held.delete(there)
            held.set(there, one)
          }
          if (there) return there
          const making = make()
          parts.set(key, making)
          const drop = () => {
            if (parts.get(key) === making) parts.delete(key)
          }
          making.then(part => keep(making, { bytes: size(part), drop }), drop)
          return making
        },
        drop(key: string) {
          const there = parts.get(key)
          const one = there && held.get(there)
          if (!there || !one) return // absent, or somebody waits for it
          held.delete(there)
          bytes -= one.bytes
          one.drop()
        },
      }
    },
  }
}
