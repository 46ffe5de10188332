const MOST = 32 * 2 ** 20

let spent = 0

/**
 * Told of blobs that were read or written and are done with. The collector weighs little more than their heads, so left to
 * itself it lets some hundred megabytes of them stand; asked now and then it costs a few milliseconds.
 */
export function discard(bytes: number): void {
  spent += bytes
  if (spent < MOST) return
  spent = 0
  Bun.gc(true)
}
