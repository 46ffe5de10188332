/** The texts of one group: one byte telling how wide lengths are (1, 2 or 4), the lengths, then the texts end to end. */
import type { TextColumn } from '../../leaderboard/text.ts'

export function packTexts({ bytes, offsets }: TextColumn, rows: Uint32Array): Uint8Array {
  let longest = 0
  let total = 0
  for (let i = 0; i < rows.length; i++) {
    const length = offsets[rows[i]! + 1]! - offsets[rows[i]!]!
    if (length > longest) longest = length
    total += length
  }
  const width = longest < 2 ** 8 ? 1 : longest < 2 ** 16 ? 2 : 4
  const packed = new Uint8Array(1 + rows.length * width + total)
  packed[0] = width
  let at = 1 + rows.length * width
  for (let i = 0; i < rows.length; i++) {
    const from = offsets[rows[i]!]!
    const length = offsets[rows[i]! + 1]! - from
    for (let byte = 0; byte < width; byte++) packed[1 + i * width + byte] = length >>> (8 * byte)
    for (let k = 0; k < length; k++) packed[at + k] = bytes[from + k]!
    at += length
  }
  return packed
}

function lengthAt(packed: Uint8Array, i: number): number {
  const width = packed[0]!
  let length = 0
  for (let byte = width - 1; byte >= 0; byte--) length = (length << 8) | packed[1 + i * width + byte]!
  return length
}

/** Appends the texts of a group of `n` rows to `into` from row `first` on; the offsets before are already there. */
export function unpackTexts(packed: Uint8Array, n: number, { bytes, offsets }: TextColumn, first: number): void {
  let at = offsets[first]!
  bytes.set(packed.subarray(1 + n * packed[0]!), at)
  for (let i = 0; i < n; i++) {
    at += lengthAt(packed, i)
    offsets[first + i + 1] = at
  }
}

/** One text of a group of `n`. */
export function textIn(packed: Uint8Array, n: number, row: number): Uint8Array {
  let at = 1 + n * packed[0]!
  for (let i = 0; i < row; i++) at += lengthAt(packed, i)
  return packed.subarray(at, at + lengthAt(packed, row))
}

/** The row in a group of `n` that holds exactly these bytes, or -1. */
export function rowIn(packed: Uint8Array, n: number, wanted: Uint8Array): number {
  let at = 1 + n * packed[0]!
  for (let row = 0; row < n; row++) {
    const length = lengthAt(packed, row)
    let k = length === wanted.length ? 0 : -1
    while (k >= 0 && k < length && packed[at + k] === wanted[k]) k++
    if (k === length) return row
    at += length
  }
  return -1
}
