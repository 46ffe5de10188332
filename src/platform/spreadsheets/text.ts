import { abridged } from '../truncate.ts'
import { isUtf8, writeWindows1252 } from './encoding.ts'
import { refuseSheet } from './refusal.ts'

/** A column of texts as UTF-8: text i lies in bytes[offsets[i], offsets[i + 1]). To the leaderboard it is a `TextColumn`. */
export interface CellTexts {
  bytes: Uint8Array
  offsets: Uint32Array
}

const utf8 = new TextDecoder()

export const decodeUtf8 = (bytes: Uint8Array, from: number, to: number): string => utf8.decode(bytes.subarray(from, to))

/** Without those of Latin letters: the marks of other scripts are part of their letters, `パ` is no `ハ`. */
export const withoutAccents = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')

/** A text as it is shown in a finding. */
export const shortened = (text: string): string => abridged(text, 100)
export const decodeCell = (bytes: Uint8Array, start: number, stop: number): string =>
  shortened(decodeUtf8(bytes, start, Math.min(stop, start + 400)).trim())

const MAX_BYTES = 2 ** 31 // of one column
const SHARED_FROM_ROWS = 1 << 15

/** Memory of a column. Threads share that of a large one without a copy. */
export const columnMemory = (rows: number, bytes: number): ArrayBufferLike =>
  rows >= SHARED_FROM_ROWS ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)

/** Bytes of the white space, or of the invisible mark (of text direction, say), at `i`; 0 for anything else. Joiners are part of emoji. */
export function blankAt(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!
  if (first <= 32) return 1
  if (first === 0xc2) return bytes[i + 1] === 0xa0 ? 2 : 0
  if (first !== 0xe2 && first !== 0xef) return 0
  const second = bytes[i + 1]! - 0x80
  const third = bytes[i + 2]! - 0x80
  if (!(second >= 0 && second < 64 && third >= 0 && third < 64)) return 0
  const point = ((first & 15) << 12) | (second << 6) | third
  const isBlank =
    (point >= 0x2000 && point <= 0x200b) || // spaces of all widths, the last of none
    (point >= 0x200e && point <= 0x200f) ||
    (point >= 0x2028 && point <= 0x202f) ||
    (point >= 0x2060 && point <= 0x2069) ||
    point === 0xfeff
  return isBlank ? 3 : 0
}

/** The same for what ends before `i`. */
export function blankBefore(bytes: Uint8Array, i: number): number {
  const last = bytes[i - 1]!
  if (last <= 32) return 1
  if (last < 0x80 || last > 0xbf) return 0
  return bytes[i - 2] === 0xc2 ? blankAt(bytes, i - 2) : blankAt(bytes, i - 3) === 3 ? 3 : 0
}

/** Grows a text column row by row. A row's text may be set again until the row is kept. */
export class TextBuilder {
  bytes: Uint8Array = new Uint8Array(1 << 16)
  offsets: Uint32Array = new Uint32Array(4096)
  count = 0
  /** Where the text of the current row starts and ends. */
  from = 0
  to = 0

  /** Copies the text without what is blank around it. Bytes that are not UTF-8 are read as Windows-1252. */
  set(source: Uint8Array, start: number, stop: number): void {
    for (let width = 1; start < stop && width > 0; start += width) width = blankAt(source, start)
    for (let width = 1; start < stop && width > 0; stop -= width) width = blankBefore(source, stop)
    let to = this.from
    if (to + stop - start > this.bytes.length) this.grow(to + stop - start)
    const bytes = this.bytes
    let high = 0
    for (let i = start; i < stop; i++) {
      const byte = source[i]!
      high |= byte
      bytes[to++] = byte
    }
    if (high < 128 || isUtf8(source, start, stop)) this.to = to
    else {
      this.grow(this.from + 3 * (stop - start))
      this.to = this.from + writeWindows1252(source, start, stop, this.bytes, this.from)
    }
  }

  clear(): void {
    this.to = this.from
  }

  /** Whether the current row's text is longer than `max` characters as JavaScript counts them: those of four bytes are two. */
  isLongerThan(max: number): boolean {
    if (this.to - this.from <= max) return false
    let length = 0
    for (let i = this.from; i < this.to && length <= max; i++) {
      const byte = this.bytes[i]!
      if (byte < 0x80 || byte > 0xbf) length += byte < 0xf0 ? 1 : 2
    }
    return length > max
  }

  /** Keeps the row's text, even if it is empty, and starts the next row. */
  keep(): void {
    if (++this.count === this.offsets.length) this.offsets = widen(this.offsets, this.count * 2)
    this.offsets[this.count] = this.from = this.to
  }

  /** Makes room for `rows` rows, in one step. Memory pages that stay untouched cost nothing, so texts may well become longer than so far. */
  reserve(rows: number): void {
    if (rows <= this.count) return
    const length = Math.min(Math.ceil((this.from / Math.max(1, this.count)) * rows * 1.5), MAX_BYTES)
    if (rows + 1 > this.offsets.length) this.offsets = widen(this.offsets, rows + 1, columnMemory(rows, (rows + 1) * 4))
    if (length > this.bytes.length) this.moveTo(columnMemory(rows, length))
  }

  /** Keeps only the rows that `kept` marks. */
  filter(kept: Uint8Array): void {
    const { bytes, offsets } = this
    let rows = 0
    let to = 0
    for (let row = 0; row < this.count; row++) {
      if (kept[row] === 0) continue
      const start = offsets[row]!
      const stop = offsets[row + 1]!
      bytes.copyWithin(to, start, stop)
      to += stop - start
      offsets[++rows] = to
    }
    this.count = rows
    this.from = this.to = to
  }

  /** Keeps of each text as many bytes, from its start, as `length` says. */
  shorten(length: (text: string) => number): void {
    const { bytes, offsets } = this
    let start = 0
    let to = 0
    for (let row = 1; row <= this.count; row++) {
      const stop = offsets[row]!
      const kept = length(decodeUtf8(bytes, start, stop))
      bytes.copyWithin(to, start, start + kept)
      offsets[row] = to += kept
      start = stop
    }
    this.from = this.to = to
  }

  /** Takes other texts for all rows. */
  replace({ bytes, offsets }: CellTexts): void {
    this.bytes = bytes
    this.offsets = offsets
    this.from = this.to = bytes.length
  }

  column(): CellTexts {
    return { bytes: this.bytes.subarray(0, this.from), offsets: this.offsets.subarray(0, this.count + 1) }
  }

  private grow(needed: number): void {
    if (needed <= this.bytes.length) return
    if (needed > MAX_BYTES) refuseSheet('too_large', 'The texts of one column take over 2 GB')
    this.moveTo(new ArrayBuffer(Math.ceil(Math.max(needed, this.bytes.length * 1.5))))
  }

  private moveTo(memory: ArrayBufferLike): void {
    const wider = new Uint8Array(memory)
    wider.set(this.bytes.subarray(0, this.to))
    this.bytes = wider
  }
}

function widen(
  offsets: Uint32Array,
  length: number,
  memory: ArrayBufferLike = new ArrayBuffer(length * 4),
): Uint32Array {
  const wider = new Uint32Array(memory)
  wider.set(offsets)
  return wider
}
