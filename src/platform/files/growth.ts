/** A file that one thread writes while another reads it: what the two share. The writer tells each growth and the end. */
export type Growth = Int32Array<SharedArrayBuffer>

const WHOLE = -1
const GONE = -2

export const newGrowth = (): Growth => new Int32Array(new SharedArrayBuffer(4))

export const grown = (growth: Growth) => tell(growth, Math.max(0, growth[0]! + 1))
export const whole = (growth: Growth) => tell(growth, WHOLE)
/** Nobody wants it any more. */
export const gone = (growth: Growth) => tell(growth, GONE)

function tell(growth: Growth, state: number): void {
  Atomics.store(growth, 0, state)
  Atomics.notify(growth, 0)
}

/** To be asked for before reading, so that no growth is missed after it. */
export const stateOf = (growth: Growth): number => Atomics.load(growth, 0)
export const isWhole = (state: number): boolean => state === WHOLE
export const isGone = (state: number): boolean => state === GONE

/** Resolves once it is no longer as it was, or after so many milliseconds. */
export async function changeOf(growth: Growth, state: number, most: number): Promise<void> {
  await Atomics.waitAsync(growth, 0, state, most).value
}
