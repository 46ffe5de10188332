import type { CellTexts } from '../../../platform/spreadsheets/text.ts'

/** Room for limits.rows. */
const ROW_BITS = 2 ** 23 - 1

/**
 * Rows whose id stands again further down, in order; `next[i]` is the row that follows `rows[i]` under the same id.
 * A hash table with open addressing over the bytes: no string and no object per id.
 */
export function repeated({ bytes, offsets }: CellTexts): { rows: number[]; next: number[] } {
  const count = offsets.length - 1
  let size = 16
  while (size < count * 2) size *= 2
  const mask = size - 1
  const slots = new Int32Array(size) // row + 1, and above it bits of the hash that spare most looks at the bytes
  const rows: number[] = []
  const next: number[] = []
  const seed = crypto.getRandomValues(new Int32Array(1))[0]! // nobody can choose ids that all fall into one place

  for (let row = 0; row < count; row++) {
    const start = offsets[row]!
    const stop = offsets[row + 1]!
    let hash = seed
    for (let i = start; i < stop; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    hash ^= hash >>> 15 // FNV-1a leaves the low bits of digits too much alike
    hash = Math.imul(hash, 0x2c1b3c6d)

    const tag = hash & ~ROW_BITS
    let slot = (hash ^ (hash >>> 17)) & mask
    for (let held = slots[slot]!; held !== 0; held = slots[slot]!) {
      const holder = (held & ROW_BITS) - 1
      if ((held & ~ROW_BITS) === tag && same(bytes, offsets[holder]!, offsets[holder + 1]!, start, stop)) {
        rows.push(holder)
        next.push(row)
        break
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = tag | (row + 1)
  }
  return { rows, next }
}

function same(bytes: Uint8Array, a: number, aStop: number, b: number, bStop: number): boolean {
  if (aStop - a !== bStop - b) return false
  while (a < aStop) if (bytes[a++] !== bytes[b++]) return false
  return true
}
