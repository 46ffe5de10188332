import type { TextColumn } from '../../leaderboard/text.ts'

const MOST = 16 * 2 ** 20

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

/** Gives the memory of large columns back at once. Nobody may look at them again. */
export function letGo(...columns: (Float64Array | TextColumn)[]): void {
  for (const column of columns)
    for (const { buffer } of 'bytes' in column ? [column.bytes, column.offsets] : [column]) {
      discard(buffer.byteLength)
      if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
    }
}
