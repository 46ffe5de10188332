import { seededRandom } from '../../src/rota/solving/seeded-random.ts'

/** The same numbers for the same seed, so that every demo is the same. */
export function random(seed: number) {
  const next = seededRandom(seed)
  return {
    next,
    whole: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    pick: <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T,
    chance: (share: number) => next() < share,
    /** Many small values and few large ones, like the strength of players. */
    skewed: (scale: number, steepness = 1.1) => scale * (1 / (1 - next()) ** (1 / steepness) - 1),
  }
}
export type Random = ReturnType<typeof random>
