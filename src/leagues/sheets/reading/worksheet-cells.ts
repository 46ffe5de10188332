import { shortened } from '../../../platform/spreadsheets/text.ts'
import type { CellSink, OtherKind } from '../../../platform/spreadsheets/worksheet.ts'
import { BATCH_ROWS, type ColumnWriter, ID, NONE } from './columns.ts'
import { MAX_VALUE } from './numbers.ts'
import { formulaWithoutResult } from './text-cells.ts'

const reasons: Record<OtherKind, string> = {
  date: 'a date, not a number',
  boolean: 'a yes or no, not a number',
  error: 'an error of the spreadsheet',
  formula: 'a formula whose result is not stored',
}

/** Spreadsheets keep fifteen digits of a number. */
const maxWholeId = 1e15
const lostDigits = 'a number of which a spreadsheet has lost digits, not an id: keep its column as text and save again'

const noSlots = new Int32Array(0)

/** Puts a worksheet's cells below its headings into columns. */
export class WorksheetCells implements CellSink {
  /** Roles of the columns; empty above the table. */
  private slots: Int32Array = noSlots
  private at = 0
  private isHidden = false
  private rowsBefore = 0
  /** Rows with a player that are hidden or filtered out. */
  hiddenRows = 0

  constructor(
    private readonly columns: ColumnWriter,
    private readonly headerLine: number,
  ) {}

  row(line: number, hidden: boolean): void {
    if (line <= this.headerLine) return
    this.isHidden = hidden
    this.rowsBefore = this.columns.rows + this.columns.rowsBad
    this.slots = this.columns.slots
    this.at = this.columns.row
    this.columns.begin(line)
    this.columns.clearMetrics()
  }

  rowEnd(): void {
    if (this.slots === noSlots) return
    this.columns.end()
    if (this.isHidden && this.columns.rows + this.columns.rowsBad > this.rowsBefore) this.hiddenRows++
  }

  number(column: number, value: number, bytes: Uint8Array, start: number, stop: number): void {
    const slot = this.slots[column] ?? NONE
    if (slot >= 0) {
      if (value >= 0 && value <= MAX_VALUE) this.columns.cells[slot * BATCH_ROWS + this.at] = value
      else if (value < 0 && value >= -MAX_VALUE) this.columns.value(slot, value)
      else this.columns.notNumber(slot, value, bytes, start, stop)
    } else if (slot !== NONE) {
      let i = start
      while (i < stop && bytes[i]! >= 48 && bytes[i]! <= 57) i++
      if (i === stop) this.text(column, bytes, start, stop)
      else if (slot === ID && !(Number.isInteger(value) && value < maxWholeId)) this.badId(lostDigits, String(value))
      else this.addText(column, String(value)) // large ones may be written as 1.72867508E8
    }
  }

  text(column: number, bytes: Uint8Array, start: number, stop: number): void {
    const slot = this.slots[column] ?? NONE
    if (slot >= 0) this.columns.number(slot, bytes, start, stop)
    else this.columns.text(slot, bytes, start, stop)
  }

  other(column: number, kind: OtherKind, text: string): void {
    const slot = this.slots[column] ?? NONE
    if (slot === NONE) return
    if (slot >= 0) this.columns.unreadable(slot, reasons[kind], () => shortened(text))
    else if (slot === ID && kind === 'date') this.badId('a date, not an id', text)
    else if (slot === ID && kind === 'formula') this.badId(reasons.formula, text)
    else this.addText(column, kind === 'formula' ? formulaWithoutResult : text)
  }

  private badId(reason: string, text: string): void {
    this.columns.problem(this.columns.headerOf('id'), reason, () => text)
  }

  private addText(column: number, text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.text(column, bytes, 0, bytes.length)
  }
}
