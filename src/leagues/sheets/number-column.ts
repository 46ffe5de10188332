/**
 * The numbers of one metric while a sheet is in memory: four bytes each as long as all are whole and below 2^32, eight from the first
 * on that is not. Thirteen columns of a million rows take 60 MB less.
 */
export type NumberColumn = Float64Array | Uint32Array

/** In a narrow column what NaN is in a wide one: unknown. */
export const UNKNOWN_COUNT = 0xffffffff

/** False if a value does not fit; some may be written then. */
export function putNarrow(column: Uint32Array, values: Float64Array, first: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const count = value >>> 0
    if (count === value && count !== UNKNOWN_COUNT) column[first + i] = count
    else if (Number.isNaN(value)) column[first + i] = UNKNOWN_COUNT
    else return false
  }
  return true
}

/** Reads the rows `from` to `to`, unknown ones as NaN. Two native passes take half the time of a loop. */
export function readNumbers(column: NumberColumn, from: number, to: number, into: Float64Array, at = 0): void {
  const numbers = column.subarray(from, to)
  into.set(numbers, at)
  if (numbers instanceof Float64Array || !numbers.includes(UNKNOWN_COUNT)) return
  for (let i = 0; i < numbers.length; i++) if (numbers[i] === UNKNOWN_COUNT) into[at + i] = Number.NaN
}

/** The same numbers in other memory, of the same width. */
export function copyNumbers(column: NumberColumn, memoryOf: (bytes: number) => ArrayBufferLike): NumberColumn {
  const memory = memoryOf(column.byteLength)
  const copy = column instanceof Float64Array ? new Float64Array(memory) : new Uint32Array(memory)
  copy.set(column)
  return copy
}

/** In place; `spare` has room for eight bytes a row. Each width has its own loop, which the compiler makes fast. */
export function reorderNumbers(column: NumberColumn, order: Uint32Array, spare: ArrayBuffer): void {
  if (column instanceof Float64Array) {
    const ordered = new Float64Array(spare, 0, order.length)
    for (let place = 0; place < order.length; place++) ordered[place] = column[order[place]!]!
    column.set(ordered)
  } else {
    const ordered = new Uint32Array(spare, 0, order.length)
    for (let place = 0; place < order.length; place++) ordered[place] = column[order[place]!]!
    column.set(ordered)
  }
}
