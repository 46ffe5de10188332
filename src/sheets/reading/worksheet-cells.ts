import { type Columns, decodeCell, ID, NAME } from './columns.ts'
import { decodeUtf8 } from './text.ts'
import type { CellSink, OtherKind } from './worksheet.ts'

const reasons: Record<OtherKind, string> = {
  date: 'a date, not a number',
  boolean: 'a yes or no, not a number',
  error: 'an error of the spreadsheet',
  formula: 'a formula whose result is not stored',
}

/** Puts a worksheet's cells below its headings into columns. */
export class WorksheetCells implements CellSink {
  private skip = false

  constructor(
    private readonly columns: Columns,
    private readonly headerLine: number,
  ) {}

  row(line: number): void {
    this.skip = line <= this.headerLine
    this.columns.begin(line)
    this.columns.blank()
  }

  rowEnd(): void {
    if (!this.skip) this.columns.end()
  }

  number(column: number, bytes: Uint8Array, start: number, stop: number): void {
    if (this.skip || column >= this.columns.slots.length) return
    const slot = this.columns.slots[column]!
    if (slot >= 0) {
      let value = 0
      let i = start
      if (stop - start <= 15)
        for (; i < stop && bytes[i]! >= 48 && bytes[i]! <= 57; i++) value = value * 10 + bytes[i]! - 48
      if (i < stop) value = Number(decodeUtf8(bytes, start, stop))
      if (Number.isFinite(value)) this.columns.value(slot, value)
      else this.columns.unreadable(slot, decodeCell(bytes, start, stop), 'not a number')
    } else if (slot === ID || slot === NAME) {
      // Large whole numbers may be written as 1.72867508E8.
      const text = decodeUtf8(bytes, start, stop)
      if (/^\d+$/.test(text)) this.text(column, bytes, start, stop)
      else this.words(column, String(Number(text)))
    }
  }

  text(column: number, bytes: Uint8Array, start: number, stop: number): void {
    if (this.skip || column >= this.columns.slots.length) return
    const slot = this.columns.slots[column]!
    if (slot >= 0) this.columns.number(slot, bytes, start, stop)
    else if (slot === ID) this.columns.ids.set(bytes, start, stop)
    else if (slot === NAME) this.columns.names.set(bytes, start, stop)
  }

  other(column: number, kind: OtherKind, text: string): void {
    if (this.skip || column >= this.columns.slots.length) return
    const slot = this.columns.slots[column]!
    if (slot >= 0) this.columns.unreadable(slot, text, reasons[kind])
    else if (slot !== ID && slot !== NAME) return
    else if (kind === 'error' || kind === 'formula')
      this.columns.problem(this.columns.headerOf(slot === ID ? 'id' : 'name'), text, reasons[kind])
    else this.words(column, text)
  }

  private words(column: number, words: string): void {
    const bytes = new TextEncoder().encode(words)
    this.text(column, bytes, 0, bytes.length)
  }
}
