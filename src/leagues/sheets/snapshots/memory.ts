/**
 * Large columns and blobs. The collector weighs little more than their heads, and left to itself lets some hundred megabytes
 * of them stand.
 */

/** Gives their memory back at once; nobody may look at them again. */
export function release(...views: { buffer: ArrayBufferLike }[]): void {
  for (const { buffer } of views) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

const MOST = 16 * 2 ** 20
let left = 0

/** Told of what was left lying about: now and then that is collected, which costs some milliseconds. */
export function collectGarbage(bytes: number): void {
  left += bytes
  if (left < MOST) return
  left = 0
  Bun.gc(true)
}
