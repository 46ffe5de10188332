import { seededRandom } from '../src/rota/solving/seeded-random.ts'

/** Random choices, the same for the same seed. */
export function randomFrom(seed: number) {
  /** In [0, 1). */
  const next = seededRandom(seed)
  const below = (n: number) => Math.floor(next() * n)
  return {
    seed,
    next,
    below,
    whole: (least: number, most: number) => least + below(most - least + 1),
    pick: <T>(choices: readonly T[]): T => choices[below(choices.length)] as T,
    chance: (share: number) => next() < share,
    /** Many small values and few large ones, like the strength of players. */
    skewed: (scale: number, steepness = 1.1) => scale * (1 / (1 - next()) ** (1 / steepness) - 1),
    bytes: (n: number) => Uint8Array.from({ length: n }, () => below(256)),
  }
}
export type Random = ReturnType<typeof randomFrom>
