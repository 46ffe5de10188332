/** The shared state of a file that one thread writes while another reads it. The writer signals each growth and the end. */
export type Growth = Int32Array<SharedArrayBuffer>

const WHOLE = -1
const GONE = -2

export const newGrowth = (): Growth => new Int32Array(new SharedArrayBuffer(4))

export const grown = (growth: Growth) => setState(growth, Math.max(0, growth[0]! + 1))
export const whole = (growth: Growth) => setState(growth, WHOLE)
/** The file is not wanted any more: its reader stops. */
export const gone = (growth: Growth) => setState(growth, GONE)

function setState(growth: Growth, state: number): void {
  Atomics.store(growth, 0, state)
  Atomics.notify(growth, 0)
}

/** Ask for it before reading, so that no growth in between is missed. */
export const stateOf = (growth: Growth): number => Atomics.load(growth, 0)
export const isWhole = (state: number): boolean => state === WHOLE
export const isGone = (state: number): boolean => state === GONE

/** Resolves once the state differs from `state`, or after `timeoutMs`. */
export async function changeOf(growth: Growth, state: number, timeoutMs: number): Promise<void> {
  await Atomics.waitAsync(growth, 0, state, timeoutMs).value
}
