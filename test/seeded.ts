/** Seeded randomness for property tests. `SEED=…` repeats a run; every failure prints its seed. */
export type Chance = {
  seed: number
  real(): number // [0, 1)
  below(n: number): number
  one<T>(choices: readonly T[]): T
  some(odds: number): boolean
}

export function chance(seed = Number(process.env.SEED ?? 1)): Chance {
  let state = seed >>> 0
  const real = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(real() * n)
  return { seed, real, below, one: choices => choices[below(choices.length)]!, some: odds => real() < odds }
}

/** Runs `check` with many seeds and names the one that failed. */
export function forSeeds(count: number, check: (chance: Chance) => void): void {
  const first = Number(process.env.SEED ?? 1)
  const runs = process.env.SEED ? 1 : count
  for (let seed = first; seed < first + runs; seed++) {
    try {
      check(chance(seed))
    } catch (error) {
      throw new Error(`failed with SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}
