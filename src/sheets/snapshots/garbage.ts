const MOST = 32 * 2 ** 20

let spent = 0

/**
 * Told of blobs and columns that are done with. Left to itself the collector lets some hundred megabytes of them stand, as
 * it weighs little more than their heads; asked now and then it costs a few milliseconds.
 */
export function discard(bytes: number): void {
  spent += bytes
  if (spent < MOST) return
  spent = 0
  Bun.gc(true)
}

/** Gives a large column's memory back at once. Nobody may look at it again. */
export function letGo({ buffer }: Float64Array): void {
  discard(buffer.byteLength)
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}
