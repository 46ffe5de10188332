import { type NumberColumn, UNKNOWN_COUNT } from '../number-column.ts'

/**
 * How the rows of one group are packed into bytes: some dozen players, all their metrics, in one blob, so that one small
 * read answers one player and a whole column is still a straight run through the groups.
 *
 * A column in a group is a base and offsets from it, of as few bytes as the widest needs; all ones is unknown. Fractions,
 * infinities and whole numbers too far apart stay as they are, 8 bytes each. Little-endian: one width byte per column
 * (padded to 8), one float64 base per column, then each column padded to 8. Offsets of 3, 5 and 6 bytes are split: first all
 * lower parts, then all upper parts.
 */
export const maxCellsOfGroup = 1 << 14 // rows × columns of one group
const maxColumns = 1024

const padded = (bytes: number): number => (bytes + 7) & ~7
const headBytes = (columns: number): number => padded(columns) + columns * 8

/** Groups are packed and unpacked in these buffers, made once: to make one costs more than unpacking the eight rows it may show. */
const scratch = new ArrayBuffer(headBytes(maxColumns) + maxCellsOfGroup * 8 + maxColumns * 8)
const u8 = new Uint8Array(scratch)
const u16 = new Uint16Array(scratch)
const u32 = new Uint32Array(scratch)
const f64 = new Float64Array(scratch)

/** Packs the rows `from` to `to`. The bytes are good until the next call. */
export function packGroup(columns: readonly NumberColumn[], from: number, to: number): Uint8Array {
  const rows = to - from
  let at = headBytes(columns.length)
  u8.fill(0, 0, at)
  for (let c = 0; c < columns.length; c++) {
    const column = columns[c]!
    const baseAt = padded(columns.length) / 8 + c
    const isWide = column instanceof Float64Array
    const width = isWide ? packNumbers(column.subarray(from, to), at, baseAt) : packCounts(column, from, to, at, baseAt)
    u8[c] = width
    at += padded(rows * width)
  }
  return u8.subarray(0, at)
}

/** Packs to byte `at`, and the base to the double `baseAt`, and returns the width. */
function packCounts(column: Uint32Array, from: number, to: number, at: number, baseAt: number): number {
  let min = UNKNOWN_COUNT
  let max = 0
  let unknown = 0
  for (let row = from; row < to; row++) {
    const count = column[row]!
    if (count === UNKNOWN_COUNT) unknown++
    else {
      if (count < min) min = count
      if (count > max) max = count
    }
  }
  if (unknown === to - from) {
    f64[baseAt] = Number.NaN
    return 0
  }
  const span = max - min
  f64[baseAt] = min
  if (span === 0 && unknown === 0) return 0
  if (span < 0xff) {
    for (let row = from, i = at; row < to; row++, i++) u8[i] = offsetOf(column[row]!, min)
    return 1
  }
  if (span < 0xffff) {
    for (let row = from, i = at / 2; row < to; row++, i++) u16[i] = offsetOf(column[row]!, min)
    return 2
  }
  if (span < 0xffffff) {
    for (let row = from, low = at / 2, high = at + 2 * (to - from); row < to; row++) {
      const offset = offsetOf(column[row]!, min)
      u16[low++] = offset
      u8[high++] = offset >>> 16
    }
    return 3
  }
  for (let row = from, i = at / 4; row < to; row++, i++) u32[i] = offsetOf(column[row]!, min)
  return 4
}

/** If the count is unknown: all ones, cut to the width of the column when they are written. */
const offsetOf = (count: number, base: number): number => (count === UNKNOWN_COUNT ? -1 : (count - base) | 0)

/** As `packCounts`, for numbers of any kind. */
function packNumbers(current: Float64Array, at: number, baseAt: number): number {
  const rows = current.length
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let unknown = 0
  let fractions = 0
  for (let i = 0; i < rows; i++) {
    const value = current[i]!
    if (value < min) min = value
    if (value > max) max = value
    if (Number.isNaN(value)) unknown++
    else if (value !== Math.floor(value)) fractions++
  }
  if (unknown === rows) {
    f64[baseAt] = Number.NaN
    return 0
  }
  const span = max - min
  f64[baseAt] = min
  if (span === 0 && unknown === 0) return 0
  const exact = fractions === 0 && min >= Number.MIN_SAFE_INTEGER && max <= Number.MAX_SAFE_INTEGER
  if (!exact || span >= UNKNOWN6) {
    f64.set(current, at / 8)
    return 8
  }
  if (span < 0xff) {
    for (let i = 0; i < rows; i++) u8[at + i] = offsetFrom(current[i]!, min, 0xff)
    return 1
  }
  if (span < 0xffff) {
    for (let i = 0, to = at / 2; i < rows; i++) u16[to + i] = offsetFrom(current[i]!, min, 0xffff)
    return 2
  }
  if (span < 0xffffff) {
    for (let i = 0, low = at / 2, high = at + 2 * rows; i < rows; i++) {
      const offset = offsetFrom(current[i]!, min, 0xffffff)
      u16[low + i] = offset
      u8[high + i] = offset >>> 16
    }
    return 3
  }
  if (span < 0xffffffff) {
    for (let i = 0, to = at / 4; i < rows; i++) u32[to + i] = offsetFrom(current[i]!, min, 0xffffffff)
    return 4
  }
  const width = span < UNKNOWN5 ? 5 : 6
  const unknownOffset = width === 5 ? UNKNOWN5 : UNKNOWN6
  for (let i = 0, low = at / 4; i < rows; i++) {
    const offset = offsetFrom(current[i]!, min, unknownOffset)
    const top = Math.floor(offset / 2 ** 32)
    u32[low + i] = offset - top * 2 ** 32
    if (width === 5) u8[at + 4 * rows + i] = top
    else u16[at / 2 + 2 * rows + i] = top
  }
  return width
}

const UNKNOWN5 = 2 ** 40 - 1
const UNKNOWN6 = 2 ** 48 - 1
const offsetFrom = (value: number, base: number, unknown: number): number =>
  Number.isNaN(value) ? unknown : value - base

/** Writes the chosen columns of a group of `rows` rows into `into[i]`, from row `first` on. */
export function unpackGroup(
  packed: Uint8Array,
  rows: number,
  columns: number,
  chosen: readonly number[],
  into: readonly Float64Array[],
  first: number,
): void {
  u8.set(packed)
  const bases = padded(columns) / 8
  let at = headBytes(columns)
  for (let c = 0; c < columns; c++) {
    const width = u8[c]!
    for (let place = 0; place < chosen.length; place++) {
      if (chosen[place] === c) unpackColumn(width, f64[bases + c]!, at, rows, into[place]!, first)
    }
    at += padded(rows * width)
  }
}

function unpackColumn(width: number, base: number, at: number, rows: number, into: Float64Array, first: number): void {
  const half = at / 2
  const quarter = at / 4
  if (width === 0) into.fill(base, first, first + rows)
  else if (width === 8) into.set(f64.subarray(at / 8, at / 8 + rows), first)
  else if (width === 1) for (let i = 0; i < rows; i++) into[first + i] = unpacked(u8[at + i]!, base, 0xff)
  else if (width === 2) for (let i = 0; i < rows; i++) into[first + i] = unpacked(u16[half + i]!, base, 0xffff)
  else if (width === 3)
    for (let i = 0; i < rows; i++) {
      into[first + i] = unpacked(u16[half + i]! | (u8[at + 2 * rows + i]! << 16), base, 0xffffff)
    }
  else if (width === 4) for (let i = 0; i < rows; i++) into[first + i] = unpacked(u32[quarter + i]!, base, 0xffffffff)
  else if (width === 5)
    for (let i = 0; i < rows; i++) {
      into[first + i] = unpacked(u32[quarter + i]! + u8[at + 4 * rows + i]! * 2 ** 32, base, UNKNOWN5)
    }
  else
    for (let i = 0; i < rows; i++) {
      into[first + i] = unpacked(u32[quarter + i]! + u16[half + 2 * rows + i]! * 2 ** 32, base, UNKNOWN6)
    }
}

const unpacked = (offset: number, base: number, unknown: number): number =>
  offset === unknown ? Number.NaN : base + offset

/** The value of one row in a packed column. */
function unpackValue(width: number, base: number, at: number, rows: number, row: number): number {
  if (width === 8) return f64[at / 8 + row]!
  if (width === 1) return unpacked(u8[at + row]!, base, 0xff)
  if (width === 2) return unpacked(u16[at / 2 + row]!, base, 0xffff)
  if (width === 3) return unpacked(u16[at / 2 + row]! | (u8[at + 2 * rows + row]! << 16), base, 0xffffff)
  if (width === 4) return unpacked(u32[at / 4 + row]!, base, 0xffffffff)
  if (width === 5) return unpacked(u32[at / 4 + row]! + u8[at + 4 * rows + row]! * 2 ** 32, base, UNKNOWN5)
  if (width === 6) return unpacked(u32[at / 4 + row]! + u16[at / 2 + 2 * rows + row]! * 2 ** 32, base, UNKNOWN6)
  return base
}

/** Writes all columns of one row of a group of `rows` into `into`, from place `first` on. */
export function unpackRow(
  packed: Uint8Array,
  rows: number,
  columns: number,
  row: number,
  into: Float64Array,
  first: number,
): void {
  u8.set(packed)
  const bases = padded(columns) / 8
  let at = headBytes(columns)
  for (let c = 0; c < columns; c++) {
    const width = u8[c]!
    into[first + c] = unpackValue(width, f64[bases + c]!, at, rows, row)
    at += padded(rows * width)
  }
}
