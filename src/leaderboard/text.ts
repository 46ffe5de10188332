/** Many short texts in one run of UTF-8 bytes. Text `i` is `bytes[offsets[i]..offsets[i + 1])`; there are rows + 1 offsets. */
export type TextColumn = { bytes: Uint8Array; offsets: Uint32Array }

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true }) // every byte is part of the text

export const rowCount = (column: TextColumn): number => column.offsets.length - 1

export function textColumn(texts: readonly string[]): TextColumn {
  const offsets = new Uint32Array(texts.length + 1)
  for (let i = 0; i < texts.length; i++) offsets[i + 1] = offsets[i]! + Buffer.byteLength(texts[i]!)
  const bytes = new Uint8Array(offsets[texts.length]!)
  for (let i = 0; i < texts.length; i++) encoder.encodeInto(texts[i]!, bytes.subarray(offsets[i]!))
  return { bytes, offsets }
}

export const textAt = ({ bytes, offsets }: TextColumn, row: number): string =>
  decoder.decode(bytes.subarray(offsets[row]!, offsets[row + 1]!))

export function* textsOf(column: TextColumn): Generator<string> {
  for (let row = 0; row < rowCount(column); row++) yield textAt(column, row)
}

/** Byte order, which for UTF-8 is the order of code points: the one order of player ids everywhere. */
export function compareTexts(a: TextColumn, i: number, b: TextColumn, j: number): number {
  const start = a.offsets[i]!
  const otherStart = b.offsets[j]!
  const length = a.offsets[i + 1]! - start
  const otherLength = b.offsets[j + 1]! - otherStart
  const shared = Math.min(length, otherLength)
  const bytes = a.bytes
  const otherBytes = b.bytes
  for (let byte = 0; byte < shared; byte++) {
    const difference = bytes[start + byte]! - otherBytes[otherStart + byte]!
    if (difference !== 0) return difference
  }
  return length - otherLength
}

/** Compares two rows of one column, from the last byte: neighbours in id order differ there first. */
export function isSameText({ bytes, offsets }: TextColumn, a: number, b: number): boolean {
  const start = offsets[a]!
  const other = offsets[b]!
  const length = offsets[a + 1]! - start
  if (offsets[b + 1]! - other !== length) return false
  let i = length - 1
  while (i >= 0 && bytes[start + i] === bytes[other + i]) i--
  return i < 0
}

const compareBytes = Buffer.prototype.compare

/** Whether the `count` texts from row `i` of one column and row `j` of the other on are the same: faster than row by row. */
export function areSameTexts(a: TextColumn, i: number, b: TextColumn, j: number, count: number): boolean {
  if (i + count > rowCount(a) || j + count > rowCount(b)) return false
  const start = a.offsets[i]!
  const otherStart = b.offsets[j]!
  for (let row = 1; row <= count; row++)
    if (a.offsets[i + row]! - start !== b.offsets[j + row]! - otherStart) return false
  const [end, otherEnd] = [a.offsets[i + count]!, b.offsets[j + count]!]
  return compareBytes.call(a.bytes, b.bytes, otherStart, otherEnd, start, end) === 0
}

/** The row that holds `id` in a column in id order, or -1. */
export function rowOfId(ids: TextColumn, id: string): number {
  const wanted = textColumn([id])
  let low = 0
  let high = rowCount(ids)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareTexts(ids, middle, wanted, 0) < 0) low = middle + 1
    else high = middle
  }
  return low < rowCount(ids) && compareTexts(ids, low, wanted, 0) === 0 ? low : -1
}

/** The texts of `rows`, in that order. */
export function takeTexts(column: TextColumn, rows: Uint32Array): TextColumn {
  const offsets = new Uint32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    offsets[i + 1] = offsets[i]! + column.offsets[row + 1]! - column.offsets[row]!
  }
  const bytes = new Uint8Array(offsets[rows.length]!)
  for (let i = 0; i < rows.length; i++) {
    const from = column.offsets[rows[i]!]!
    const to = offsets[i]!
    const length = offsets[i + 1]! - to
    for (let k = 0; k < length; k++) bytes[to + k] = column.bytes[from + k]!
  }
  return { bytes, offsets }
}

export function joinTexts(a: TextColumn, b: TextColumn): TextColumn {
  const [first, second] = [a, b].map(({ bytes, offsets }) => bytes.subarray(offsets[0]!, offsets.at(-1)!))
  const bytes = new Uint8Array(first!.length + second!.length)
  bytes.set(first!)
  bytes.set(second!, first!.length)
  const offsets = new Uint32Array(rowCount(a) + rowCount(b) + 1)
  for (let row = 0; row < rowCount(a); row++) offsets[row + 1] = a.offsets[row + 1]! - a.offsets[0]!
  const shift = first!.length - b.offsets[0]!
  for (let row = 0; row < rowCount(b); row++) offsets[rowCount(a) + row + 1] = b.offsets[row + 1]! + shift
  return { bytes, offsets }
}
