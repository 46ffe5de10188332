/** The shared state of a file that one thread writes while another reads it. The writer signals each growth and the end. */
export type Growth = Int32Array<SharedArrayBuffer>

const COMPLETE = -1
const UNWANTED = -2

export const newGrowth = (): Growth => new Int32Array(new SharedArrayBuffer(4))

export function signalGrowth(growth: Growth): void {
  const state = growthState(growth)
  if (!isUnwanted(state)) setState(growth, Math.max(0, state + 1))
}
export const signalComplete = (growth: Growth) => setState(growth, COMPLETE)
/** The file is not wanted any more: its reader stops. */
export const signalUnwanted = (growth: Growth) => setState(growth, UNWANTED)

function setState(growth: Growth, state: number): void {
  Atomics.store(growth, 0, state)
  Atomics.notify(growth, 0)
}

/** Take it before reading, so that no growth in between is missed. */
export const growthState = (growth: Growth): number => Atomics.load(growth, 0)
export const isComplete = (state: number): boolean => state === COMPLETE
export const isUnwanted = (state: number): boolean => state === UNWANTED

/** Resolves once the state differs from `state`, or after `timeoutMs`. */
export async function nextGrowth(growth: Growth, state: number, timeoutMs: number): Promise<void> {
  await Atomics.waitAsync(growth, 0, state, timeoutMs).value
}
