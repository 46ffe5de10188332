/**
 * Large columns and blobs. The garbage collector counts little more than their headers: left alone it
 * keeps some hundred megabytes of them.
 */

/** Frees their memory at once; nobody may read them again. */
export function release(...views: { buffer: ArrayBufferLike }[]): void {
  for (const { buffer } of views) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

const MOST = 16 * 2 ** 20
let left = 0

/** Counts garbage of so many bytes; now and then it is collected, which takes some milliseconds. */
export function collectGarbage(bytes: number): void {
  left += bytes
  if (left < MOST) return
  left = 0
  Bun.gc(true)
}
