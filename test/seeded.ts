/** Property tests with random choices. `SEED=…` repeats a run; every failure prints its seed. */
import { type Random, randomFrom } from '../scripts/random.ts'

/** The seed of a test that runs once, and the first of a test with many. */
export const firstSeed = Number(process.env.SEED ?? 1)

/** Runs `check` with many seeds and names the one that failed. */
export function forSeeds(count: number, check: (random: Random) => void): void {
  const runs = process.env.SEED ? 1 : count
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    try {
      check(randomFrom(seed))
    } catch (error) {
      throw new Error(`failed with SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}
