/** The same numbers for the same seed, so that every demo tells the same story. */
export function random(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    whole: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    pick: <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T,
    chance: (share: number) => next() < share,
    /** Many small, few large: how strength is spread among people. */
    skewed: (scale: number, steepness = 1.1) => scale * (1 / (1 - next()) ** (1 / steepness) - 1),
  }
}
export type Random = ReturnType<typeof random>
