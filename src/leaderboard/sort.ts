import { freeBuffers } from './free-buffers.ts'
import { compareTexts, rowCount, type TextColumn } from './text.ts'

const DIGIT_BITS = 11 // bits: a count table of 2048 stays in the nearest cache, and 32 bits take three passes
const BUCKETS = 1 << DIGIT_BITS
const MASK = BUCKETS - 1

/**
 * Stably sorts `rows` by `keys` (`keys[i]` belongs to `rows[i]`), and writes over both. A digit all keys share costs no pass.
 */
function sortByKey(keys: Uint32Array, rows: Uint32Array): Uint32Array {
  const count = rows.length
  const counts = new Uint32Array(3 * BUCKETS)
  for (let i = 0; i < count; i++) {
    const key = keys[i]!
    counts[key & MASK]!++
    counts[BUCKETS + ((key >>> DIGIT_BITS) & MASK)]!++
    counts[2 * BUCKETS + (key >>> (2 * DIGIT_BITS))]!++
  }
  let from: Keyed = { keys, rows }
  let spare: Keyed | undefined
  for (let digit = 0; digit < 3; digit++) {
    const places = counts.subarray(digit * BUCKETS, (digit + 1) * BUCKETS)
    if (!countsToPlaces(places, count)) continue
    const to = spare ?? { keys: new Uint32Array(count), rows: new Uint32Array(count) }
    distribute(from, to, places, digit * DIGIT_BITS)
    spare = from
    from = to
  }
  freeLarge(from.keys)
  if (spare) freeLarge(spare.keys, spare.rows)
  return from.rows
}

const freeFromBytes = 1 << 20

/** Left to the garbage collector, the buffers of a million rows would stay for the rest of an import. */
const freeLarge = (...arrays: Uint32Array[]): void =>
  freeBuffers(...arrays.filter(({ byteLength }) => byteLength >= freeFromBytes))

type Keyed = { keys: Uint32Array; rows: Uint32Array }

function distribute({ keys, rows }: Keyed, to: Keyed, places: Uint32Array, shift: number): void {
  const { keys: toKeys, rows: toRows } = to
  for (let i = 0; i < rows.length; i++) {
    const key = keys[i]!
    const bucket = (key >>> shift) & MASK
    const place = places[bucket]!
    places[bucket] = place + 1
    toKeys[place] = key
    toRows[place] = rows[i]!
  }
}

/** Turns counts into the first place of each bucket; false when all keys share the digit. */
function countsToPlaces(counts: Uint32Array, total: number): boolean {
  let place = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket]!
    if (count === total) return false
    counts[bucket] = place
    place += count
  }
  return true
}

type SortedRows = { order: Uint32Array; known: number }

/**
 * Rows by value, unknown (NaN) ones last; equal values, and the unknown, stay in row order, or in that of `within`. -0 equals 0.
 */
export function sortByValue(values: Float64Array, descending: boolean, within?: Uint32Array): SortedRows {
  const count = values.length
  let known = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let isWhole = true
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    known++
    if (value < min) min = value
    if (value > max) max = value
    if (value !== Math.floor(value)) isWhole = false
  }
  const rows = new Uint32Array(known)
  const unknown = new Uint32Array(count - known)
  for (let i = 0, k = 0, u = 0; i < count; i++) {
    const row = within ? within[i]! : i
    if (Number.isNaN(values[row]!)) unknown[u++] = row
    else rows[k++] = row
  }
  const sorted =
    isWhole && max - min <= 0xffffffff
      ? sortWhole(values, rows, descending ? max : min, descending ? -1 : 1)
      : sortReal(values, rows, descending)
  if (known === count) return { order: sorted, known }
  const order = new Uint32Array(count)
  order.set(sorted)
  order.set(unknown, known)
  return { order, known }
}

/** Whole numbers within 32 bits of each other need only their distance from the best one as key: half the passes. */
function sortWhole(values: Float64Array, rows: Uint32Array, first: number, sign: 1 | -1): Uint32Array {
  const keys = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) keys[i] = (values[rows[i]!]! - first) * sign
  return sortByKey(keys, rows)
}

/** Doubles sort as 64-bit integers once negatives are inverted and the sign bit of the others is set. */
function sortReal(values: Float64Array, rows: Uint32Array, descending: boolean): Uint32Array {
  const count = rows.length
  const flip = descending ? 0xffffffff : 0
  const high = new Uint32Array(values.length)
  const low = new Uint32Array(count)
  const double = new Float64Array(1)
  const words = new Uint32Array(double.buffer) // little-endian, as every machine Bun runs on
  for (let i = 0; i < count; i++) {
    double[0] = values[rows[i]!]! + 0 // -0 + 0 is 0
    const sign = words[1]! >>> 31 ? 0xffffffff : 0
    low[i] = words[0]! ^ sign ^ flip
    high[rows[i]!] = words[1]! ^ (sign | 0x80000000) ^ flip
  }
  const byLowWord = sortByKey(low, rows)
  return sortByKey(gather(high, byLowWord), byLowWord)
}

const CHUNK_BYTES = 8 // bytes of an id compared at once
const INSERTION_SORT_ROWS = 24 // below this, insertion beats another radix round
const MAX_RADIX_DEPTH = 64 // bytes after which a plain comparison takes over, so that hostile ids cannot make the recursion deep

/** The rows of `ids` in id order, or undefined when they already are. Equal ids stay in row order. */
export function idOrder(ids: TextColumn): Uint32Array | undefined {
  if (isInOrder(ids)) return undefined
  const order = rowNumbers(rowCount(ids))
  sortTexts(ids, order, 0)
  return order
}

function isInOrder(ids: TextColumn): boolean {
  for (let row = 1; row < rowCount(ids); row++) if (compareTexts(ids, row - 1, ids, row) > 0) return false
  return true
}

function sortTexts(ids: TextColumn, rows: Uint32Array, depth: number): void {
  const count = rows.length
  if (count <= INSERTION_SORT_ROWS) insertionSortTexts(ids, rows)
  else if (depth >= MAX_RADIX_DEPTH) rows.sort((a, b) => compareTexts(ids, a, ids, b) || a - b)
  else sortByChunk(ids, rows, depth)
}

function sortByChunk(ids: TextColumn, rows: Uint32Array, depth: number): void {
  const count = rows.length
  const high = new Uint32Array(count)
  const low = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    high[i] = wordAt(ids, rows[i]!, depth)
    low[i] = wordAt(ids, rows[i]!, depth + 4)
  }
  const byLowWord = sortByKey(low.slice(), rowNumbers(count))
  const places = sortByKey(gather(high, byLowWord), byLowWord)
  rows.set(gather(rows, places))
  for (let from = 0, to = 1; from < count; from = to++) {
    const place = places[from]!
    while (to < count && high[places[to]!] === high[place] && low[places[to]!] === low[place]) to++
    if (to - from > 1) sortTexts(ids, rows.subarray(from, to), depth + CHUNK_BYTES)
  }
}

/** Four bytes from `depth` on, big-endian, zeros past the end: texts that are equal so far are compared further. */
function wordAt({ bytes, offsets }: TextColumn, row: number, depth: number): number {
  const at = offsets[row]! + depth
  const remaining = offsets[row + 1]! - at
  if (remaining >= 4)
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  let word = 0
  for (let k = 0; k < 4; k++) word = (word << 8) | (k < remaining ? bytes[at + k]! : 0)
  return word >>> 0
}

function insertionSortTexts(ids: TextColumn, rows: Uint32Array): void {
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i]!
    let place = i
    while (place > 0 && compareTexts(ids, rows[place - 1]!, ids, row) > 0) {
      rows[place] = rows[place - 1]!
      place--
    }
    rows[place] = row
  }
}

export function rowNumbers(count: number): Uint32Array {
  const rows = new Uint32Array(count)
  for (let i = 0; i < count; i++) rows[i] = i
  return rows
}

function gather(values: Uint32Array, places: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(places.length)
  for (let i = 0; i < places.length; i++) gathered[i] = values[places[i]!]!
  return gathered
}
