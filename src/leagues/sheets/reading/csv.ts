/**
 * Separated values by RFC 4180, straight from UTF-8 bytes into columns. Records end in LF, CRLF or a lone CR; fields may be
 * quoted; a quote inside quotes is doubled. Bytes come in pieces cut anywhere: a record that is cut waits for its rest.
 *
 * A malformed record (a quote that never closes, or text after a closing quote) loses its first line only: reading goes on at
 * the next line. The time stays linear: bytes are read twice only up to the next odd run of quotes.
 */

import { sheetLimits } from '../../../platform/spreadsheets/limits.ts'
import { refuseSheet } from '../../../platform/spreadsheets/refusal.ts'
import { decodeCell } from '../../../platform/spreadsheets/text.ts'
import { BATCH_ROWS, type ColumnWriter, LABEL, NAME, NONE } from './columns.ts'

const LF = 10
const CR = 13

/** A field beyond the headings. */
const EXTRA = NAME - 1

/** Results of `scanQuoted` that are not positions in the buffer. */
const UNCLOSED = -1
const MALFORMED = -2

export class CsvScanner {
  private buffer = new Uint8Array(1 << 16)
  private at = 0
  private end = 0
  /** With an incomplete record the next attempt waits for twice its bytes, so that tiny pieces cost no more than large ones. */
  private retryAt = 0
  /** What `scanQuoted` found: the text between the quotes, and the line breaks in it. */
  private text = this.buffer
  private from = 0
  private to = 0
  private breaks = 0

  constructor(
    private readonly columns: ColumnWriter,
    private readonly delimiter: number,
    private readonly quote: number,
    /** Bytes to skip at the start: titles and headings. */
    private skip: number,
    /** Line of the first byte after those. */
    private line: number,
  ) {}

  /** Where the next bytes go; at least `length` of them fit. */
  room(length: number): Uint8Array {
    if (this.at > 0) {
      this.buffer.copyWithin(0, this.at, this.end)
      this.retryAt -= this.at
      this.end -= this.at
      this.at = 0
    }
    if (this.end + length >= this.buffer.length) {
      const wider = new Uint8Array(Math.max(this.end + length + 1, this.buffer.length * 2))
      wider.set(this.buffer.subarray(0, this.end))
      this.buffer = wider
    }
    return this.buffer.subarray(this.end, this.buffer.length - 1) // one byte stays free for the sentinel
  }

  /** Call it once `length` bytes are written there. */
  filled(length: number): void {
    const skipped = Math.min(this.skip, length)
    this.skip -= skipped
    if (skipped > 0) this.at = this.end + skipped
    this.end += length
    if (this.end >= this.retryAt) this.scan(false)
  }

  finish(): void {
    this.scan(true)
  }

  private scan(final: boolean): void {
    const { columns, delimiter, quote, buffer, end } = this
    const { cells, slots } = columns
    const width = slots.length
    buffer[end] = LF // stops every loop below
    let p = this.at
    while (p < end) {
      if (buffer[p] === LF) {
        p++
        this.line++
        continue
      }
      if (buffer[p] === 0xef && buffer[p + 1] === 0xbb && buffer[p + 2] === 0xbf) p += 3 // the mark of a file that was appended
      const first = p
      const row = columns.row
      let byte = 0
      let column = 0
      let extra = false
      columns.begin(this.line)
      this.breaks = 0
      for (; ; column++, p++) {
        const slot = column < width ? slots[column]! : EXTRA
        const start = p
        if (slot >= 0) {
          // Most numbers have up to nine digits: int arithmetic does those, and up to six more go on top.
          const isQuoted = buffer[p] === quote
          if (isQuoted) p++
          const from = p
          let integer = 0
          let digit = buffer[p]! - 48
          while (digit >= 0 && digit <= 9 && p < from + 9) {
            integer = (Math.imul(integer, 10) + digit) | 0
            digit = buffer[++p]! - 48
          }
          let value = integer
          while (digit >= 0 && digit <= 9 && p < from + 15) {
            value = value * 10 + digit
            digit = buffer[++p]! - 48
          }
          const to = p
          byte = buffer[p]!
          if (isQuoted && byte === quote) byte = buffer[++p]!
          const isWhole = !isQuoted || p > to
          if (isWhole && (byte === delimiter || byte === LF || byte === CR)) {
            cells[slot * BATCH_ROWS + row] = to > from ? value : Number.NaN
            if (byte === delimiter) continue
            break
          }
          p = to
        }
        if (buffer[start] === quote) {
          p = this.scanQuoted(start)
          if (p < 0) break
          byte = buffer[p]!
          this.addCell(column, slot, this.text, this.from, this.to)
          extra ||= slot === EXTRA && this.to > this.from
        } else {
          byte = buffer[p]!
          while (byte !== delimiter && byte !== LF && byte !== CR) byte = buffer[++p]!
          this.addCell(column, slot, buffer, start, p)
          extra ||= slot === EXTRA && p > start
        }
        if (byte !== delimiter) break
      }

      let malformation = ''
      if (p === UNCLOSED && !final && end - first <= sheetLimits.line) p = end
      else if (p < 0) {
        malformation = p === UNCLOSED ? 'a quote that never closes' : 'text after a closing quote'
        p = first
        while (buffer[p] !== LF && buffer[p] !== CR) p++
        this.breaks = 0
      }
      if (!final && (p >= end || (buffer[p] === CR && p + 1 === end))) {
        this.waitForMore(first)
        return
      }

      const length = column + 1
      if (malformation === '' && (extra || (length < width && this.lacksRequired(length))))
        malformation = `expected ${width} columns, found ${length}`
      if (malformation === '') columns.end()
      else if (!this.isEmpty(first, p)) this.rejectRecord(malformation, first, p)
      p += buffer[p] === CR && buffer[p + 1] === LF && p + 1 < end ? 2 : 1
      this.line += 1 + this.breaks
    }
    this.at = p
    this.retryAt = 0
  }

  /** Not in the loop above, where a closure would put the loop's variables on the heap for every row. */
  private rejectRecord(malformation: string, start: number, stop: number): void {
    this.columns.rejectRow(malformation, () => decodeCell(this.buffer, start, stop))
  }

  private waitForMore(first: number): void {
    const pendingBytes = this.end - first
    if (pendingBytes > sheetLimits.line)
      refuseSheet('line_too_long', `Line ${this.line} is longer than ${sheetLimits.line >> 20} MB`)
    this.at = first
    this.retryAt = pendingBytes < 4096 ? 0 : first + Math.min(pendingBytes * 2, sheetLimits.line + 1)
  }

  private addCell(column: number, slot: number, source: Uint8Array, start: number, stop: number): void {
    if (stop - start > sheetLimits.field) this.columns.tooLong(column)
    else if (slot >= 0) this.columns.number(slot, source, start, stop)
    else this.columns.text(slot, source, start, stop)
  }

  /** Finds the end of a quoted field and returns the position after the closing quote. */
  private scanQuoted(start: number): number {
    const { buffer, delimiter, quote, end } = this
    let doubled = false
    for (let p = start + 1; ; p++) {
      const byte = buffer[p]!
      if (byte === quote) {
        const next = buffer[p + 1]!
        if (next === quote && p + 1 < end) {
          doubled = true
          p++
        } else if (next === delimiter || next === LF || next === CR) {
          this.text = buffer
          this.from = start + 1
          this.to = p
          if (doubled) this.unescapeQuotes()
          return p + 1
        } else return MALFORMED
      } else if (byte === LF) {
        if (p >= end) return UNCLOSED
        this.breaks++
      } else if (byte === CR && buffer[p + 1] !== LF) this.breaks++
    }
  }

  private unescapeQuotes(): void {
    const text = new Uint8Array(this.to - this.from)
    let to = 0
    for (let i = this.from; i < this.to; i++) {
      const byte = this.buffer[i]!
      text[to++] = byte
      if (byte === this.quote) i++
    }
    this.text = text
    this.from = 0
    this.to = to
  }

  /** Excel leaves out empty cells at the end of a line. Only labels, and columns that are not imported, may be missing. */
  private lacksRequired(length: number): boolean {
    return this.columns.slots.subarray(length).some(slot => slot !== NONE && slot > LABEL)
  }

  /** Nothing but delimiters and spaces. */
  private isEmpty(start: number, stop: number): boolean {
    for (let i = start; i < stop; i++) if (this.buffer[i] !== this.delimiter && this.buffer[i]! > 32) return false
    return true
  }
}
