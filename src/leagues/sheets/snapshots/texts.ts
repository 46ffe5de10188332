/** The texts of one group: one byte for the width of the lengths (1, 2 or 4), the lengths, then the texts end to end. */
import type { TextColumn } from '../../../leaderboard/text.ts'

/** Packs the rows `from` to `to` of a column. The bytes are good until the next call of the same packer. */
export function textPacker() {
  let scratch = new Uint8Array(1 << 14)
  return ({ bytes, offsets }: TextColumn, from: number, to: number): Uint8Array => {
    let longest = 0
    for (let row = from; row < to; row++) longest = Math.max(longest, offsets[row + 1]! - offsets[row]!)
    const width = longest < 2 ** 8 ? 1 : longest < 2 ** 16 ? 2 : 4
    const head = 1 + (to - from) * width
    const size = head + offsets[to]! - offsets[from]!
    if (size > scratch.length) scratch = new Uint8Array(2 * size)
    scratch[0] = width
    for (let row = from, at = 1; row < to; row++) {
      const length = offsets[row + 1]! - offsets[row]!
      for (let byte = 0; byte < width; byte++) scratch[at++] = length >>> (8 * byte)
    }
    scratch.set(bytes.subarray(offsets[from], offsets[to]), head)
    return scratch.subarray(0, size)
  }
}

function lengthAt(packed: Uint8Array, i: number): number {
  const width = packed[0]!
  let length = 0
  for (let byte = width - 1; byte >= 0; byte--) length = (length << 8) | packed[1 + i * width + byte]!
  return length
}

/** Appends the texts of a group of `rows` rows to `into` from row `first` on; the offsets before are already there. */
export function unpackTexts(packed: Uint8Array, rows: number, { bytes, offsets }: TextColumn, first: number): void {
  let at = offsets[first]!
  bytes.set(packed.subarray(1 + rows * packed[0]!), at)
  for (let i = 0; i < rows; i++) {
    at += lengthAt(packed, i)
    offsets[first + i + 1] = at
  }
}

/** One text of a group of `rows`. */
export function textIn(packed: Uint8Array, rows: number, row: number): Uint8Array {
  let at = 1 + rows * packed[0]!
  for (let i = 0; i < row; i++) at += lengthAt(packed, i)
  return packed.subarray(at, at + lengthAt(packed, row))
}

/** The row in a group of `rows` that holds exactly these bytes, or -1. */
export function findText(packed: Uint8Array, rows: number, wanted: Uint8Array): number {
  let at = 1 + rows * packed[0]!
  for (let row = 0; row < rows; row++) {
    const length = lengthAt(packed, row)
    let matching = length === wanted.length ? 0 : -1
    while (matching >= 0 && matching < length && packed[at + matching] === wanted[matching]) matching++
    if (matching === length) return row
    at += length
  }
  return -1
}
