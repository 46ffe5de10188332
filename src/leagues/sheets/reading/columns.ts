/**
 * Rows in, typed columns out. Both scanners write here: numbers into a batch of some thousand rows that stays in the
 * processor's cache, ids and names as bytes. A row is in the columns once `end` has kept it; until then it can be begun again.
 */

import { idOrder } from '../../../leaderboard/sort.ts'
import { isSameText, rowCount, type TextColumn, takeTexts, textAt, textsOf } from '../../../leaderboard/text.ts'
import { counted } from '../../../platform/number-text.ts'
import { firstMergedRows, type MergedCell } from '../../../platform/spreadsheets/layout.ts'
import { sheetLimits } from '../../../platform/spreadsheets/limits.ts'
import { refuseSheet } from '../../../platform/spreadsheets/refusal.ts'
import { decodeCell, decodeUtf8, shortened, TextBuilder } from '../../../platform/spreadsheets/text.ts'
import { labelOfColumn } from '../../columns.ts'
import { computedHeadings } from '../../export-table.ts'
import type { NumberColumn } from '../number-column.ts'
import { type HeaderColumn, isNoPlayer } from './headers.ts'
import { misreadKillPoints } from './kill-points.ts'
import { isCumulative } from './known-metrics.ts'
import { MetricReader } from './metric-reader.ts'
import * as numbers from './numbers.ts'
import { type Finding, SheetFindings } from './report.ts'
import {
  decimalsNote,
  endsInZero,
  isAmount,
  isCellError,
  isEscapedFormula,
  isLongWithDecimals,
  isMarkedAsText,
  isNoId,
  keptDecimalsNote,
  withoutDecimals,
} from './text-cells.ts'

export const BATCH_ROWS = 2048

/** Values of `slots` for columns that are not metrics. */
export const NONE = -1
export const ID = -2
export const NAME = -3
/** The first label; the second is one below, and so on. */
export const LABEL = -5

interface MetricColumn {
  name: string
  heading?: string
  /** One value a row. */
  values: NumberColumn
  /** Only ever rises, so that a fall since the baseline is suspicious. */
  cumulative: boolean
}

export interface FinishedColumns {
  ids: TextColumn
  /** Row numbers in id order; null if the rows are in that order already. */
  order: Uint32Array | null
  names: TextColumn
  /** False if the sheet has no names: `names` then holds the ids. */
  hasNames: boolean
  metrics: MetricColumn[]
  labels: { name: string; heading?: string; texts: TextColumn }[]
  /** The line of each row in the file. */
  lines: Uint32Array
  rowsTotal: number
  rowsOk: number
  rowsBad: number
  rowsSkipped: number
  /** The first of them. */
  skipped: string[]
  /** The first row of words below a blank line, where a second table seems to begin, and how many rows below it are kept. */
  secondTable: (Pick<Finding, 'line' | 'value'> & { rows: number }) | undefined
  /** What the uploader should know about how columns were read. */
  notes: string[]
  errors: SheetFindings
  duplicates: SheetFindings
  suspicious: SheetFindings
}

const MAX_SPARE_METRICS = 64 // a megabyte
const MAX_NAMED_SKIPPED = 3

const notAnId =
  'an id that was shortened or written as an amount in a spreadsheet: show its column as whole numbers without separators and save again'

/** The batch of the last sheet, for the next one: new memory costs a small sheet as much as its rows. */
let spareCells: Float64Array = new Float64Array(0)

function cellsFor(metrics: number): Float64Array {
  const cells = spareCells.length === metrics * BATCH_ROWS ? spareCells : new Float64Array(metrics * BATCH_ROWS)
  spareCells = new Float64Array(0)
  return cells
}

export class ColumnWriter {
  /** Metrics × BATCH_ROWS values: the rows that are not in the columns yet. */
  readonly cells: Float64Array
  /** Role of each column of the sheet: a metric's index, ID, NAME, from LABEL downwards, or NONE. */
  readonly slots: Int32Array
  readonly metrics: MetricReader[] = []
  readonly ids = new TextBuilder()
  readonly names = new TextBuilder()
  readonly labels: { name: string; header: string; texts: TextBuilder }[] = []
  readonly errors = new SheetFindings()
  /** The current row, counted within the batch. */
  row = 0
  rowsBad = 0
  rowsSkipped = 0
  private readonly skipped: string[] = []
  private secondTable: Pick<Finding, 'line' | 'value'> | undefined
  /** The line of the last row that is not in the columns. */
  private lastLeftOut = 0

  /** Cells of names and labels that were errors of the spreadsheet, by heading. */
  private readonly cellErrors = new Map<string, { count: number; firstLine: number }>()
  /** Some ids may be 12345.0. */
  private mayHaveDecimals = false
  private isReserved = false
  /** The sheet is a board that was exported. */
  private readonly isExport: boolean
  private flushed = 0
  private line = 0
  private lines = new Uint32Array(4096)
  private readonly cell = numbers.newNumberCell()
  /** Problems of the current row; beyond the limit of findings they are only counted. */
  private readonly problems: Finding[] = []
  private uncollectedProblems = 0
  /** Slot, kind and evidence, one after another, of the row's cells that show how their column writes numbers. */
  private readonly clues: number[] = []

  constructor(private readonly headerColumns: HeaderColumn[]) {
    this.isExport = computedHeadings(headerColumns.map(({ header }) => header)).length > 0
    this.slots = Int32Array.from(headerColumns, ({ as, header, tentative }) => {
      if (as === null) return NONE
      if (as === 'id') return ID
      if (as === 'name') return NAME
      const label = labelOfColumn(as)
      if (label === undefined) return this.metrics.push(new MetricReader(as, header, tentative)) - 1
      return LABEL + 1 - this.labels.push({ name: label, header, texts: new TextBuilder() })
    })
    this.cells = cellsFor(this.metrics.length)
  }

  /** Rows kept so far. */
  get rows(): number {
    return this.flushed + this.row
  }

  /** Starts a row, and drops what an unfinished attempt at it wrote. */
  begin(line: number): void {
    this.line = line
    this.ids.clear()
    this.names.clear()
    for (const { texts } of this.labels) texts.clear()
    this.clearProblems()
    if (this.clues.length > 0) this.clues.length = 0
  }

  /** Sets every metric of the row to unknown, for sheets that leave empty cells out. */
  clearMetrics(): void {
    for (let at = this.row; at < this.cells.length; at += BATCH_ROWS) this.cells[at] = Number.NaN
  }

  /** A metric written as text. */
  number(slot: number, bytes: Uint8Array, start: number, stop: number): void {
    const cell = this.cell
    numbers.readNumber(bytes, start, stop, cell)
    if (cell.kind === numbers.BAD) this.notNumber(slot, cell.value, bytes, start, stop)
    else this.value(slot, cell.kind === numbers.BLANK ? Number.NaN : cell.value)
    if (cell.kind >= numbers.ONE_DOT || cell.evidence !== 0) this.clues.push(slot, cell.kind, cell.evidence)
  }

  /**
   * Not in the loop that reads cells, where a closure would put the loop's variables on the heap for every cell. `value`: beyond
   * `MAX_VALUE` if it is a number.
   */
  notNumber(slot: number, value: number, bytes: Uint8Array, start: number, stop: number): void {
    const reason = Math.abs(value) > numbers.MAX_VALUE ? 'larger than 1e30, so it cannot be scored' : 'not a number'
    this.unreadable(slot, reason, () => decodeCell(bytes, start, stop))
  }

  value(slot: number, value: number): void {
    if (value < 0 && value >= -3 && this.metrics[slot]!.isCount && Number.isInteger(value)) value = Number.NaN
    this.cells[slot * BATCH_ROWS + this.row] = value
  }

  unreadable(slot: number, reason: string, value: () => string): void {
    const metric = this.metrics[slot]!
    this.cells[slot * BATCH_ROWS + this.row] = Number.NaN
    if (metric.tentative) metric.refuted = true
    else this.problem(metric.header, reason, value)
  }

  /** Makes the row a bad one. */
  problem(column: string, reason: string, value: () => string): void {
    if (this.errors.count + this.problems.length >= sheetLimits.findings) this.uncollectedProblems++
    else this.problems.push({ line: this.line, column, value: value(), reason })
  }

  tooLong(column: number): void {
    this.problem(this.headerColumns[column]?.header ?? '', `longer than ${sheetLimits.field >> 20} MB`, () => '')
  }

  /** Ends a row that cannot be split into columns. */
  rejectRow(reason: string, value: () => string): void {
    this.clearProblems()
    this.problem('', reason, value)
    this.rejectWithProblems()
  }

  /** Ends the row: keeps it, counts it as bad, or ignores it if it is blank. */
  end(): void {
    const { ids } = this
    if (ids.to === ids.from) {
      if (!this.isBad() && this.isBlank()) return
      if (this.skipNoPlayer(this.names)) return
      const column = this.headerOf('id')
      if (!this.problems.some(problem => problem.column === column)) this.problem(column, 'no id', () => '')
    } else if (ids.bytes[ids.from]! > 64 && (this.skipNoPlayer(ids) || this.skipRemark())) return
    if (isNoId(ids)) this.textProblem(ID, 'no id', ids)
    if (isAmount(ids)) this.textProblem(ID, notAnId, ids)
    else if (endsInZero(ids)) this.mayHaveDecimals = true
    if (isCellError(ids)) this.textProblem(ID, 'an error of the spreadsheet', ids)
    this.checkText(ID, ids)
    this.checkText(NAME, this.names)
    for (let i = 0; i < this.labels.length; i++) this.checkText(LABEL - i, this.labels[i]!.texts)
    if (this.isBad()) this.rejectWithProblems()
    else this.keep()
  }

  /** Leaves the row out if the text says that it is an example or a sum. */
  private skipNoPlayer({ bytes, from, to }: TextBuilder): boolean {
    if (!mayBeNoPlayer(bytes[from]!, bytes[from + 1]!)) return false
    const text = decodeUtf8(bytes, from, to)
    const isSkipped = isNoPlayer(text)
    if (isSkipped) this.skip(text)
    return isSkipped
  }

  /** Leaves out words in place of an id with nothing beside them, unless the id above is words too: a remark, or the title of some rows. */
  private skipRemark(): boolean {
    if (this.isBad() || !this.isBlank() || this.labels.some(({ texts }) => texts.to > texts.from)) return false
    const { bytes, offsets, count, from, to } = this.ids
    const text = decodeUtf8(bytes, from, to)
    const isRemark = /\s/.test(text) || (this.slots.includes(NAME) && isWord(text))
    const isSkipped = isRemark && !(count > 0 && isWord(decodeUtf8(bytes, offsets[count - 1]!, from)))
    if (isSkipped) this.skip(text)
    return isSkipped
  }

  private skip(id: string): void {
    this.rowsSkipped++
    this.lastLeftOut = this.line
    if (this.skipped.length < MAX_NAMED_SKIPPED) this.skipped.push(`“${shortened(id)}” on line ${this.line}`)
  }

  private checkText(slot: number, texts: TextBuilder): void {
    if (texts.isLongerThan(sheetLimits.text))
      this.textProblem(slot, `longer than ${sheetLimits.text} characters`, texts)
  }

  /** A lookup that found no name or label takes nobody's numbers. */
  private dropCellError(slot: number, texts: TextBuilder): void {
    if (!isCellError(texts)) return
    const header = this.headingAt(slot)
    const errors = this.cellErrors.get(header) ?? { count: 0, firstLine: this.line }
    errors.count++
    this.cellErrors.set(header, errors)
    texts.clear()
  }

  private cellErrorNotes(): string[] {
    return Array.from(
      this.cellErrors,
      ([header, { count, firstLine }]) =>
        `“${header}” is read as empty in ${counted(count, 'row')}, where it has an error such as #N/A or a formula without its result; the first is line ${firstLine}.`,
    )
  }

  private textProblem(slot: number, reason: string, { bytes, from, to }: TextBuilder): void {
    this.problem(this.headingAt(slot), reason, () => decodeCell(bytes, from, to))
  }

  private keep(): void {
    const row = this.rows
    if (row === this.lines.length) this.widenLines(row * 2)
    this.lines[row] = this.line
    this.dropCellError(NAME, this.names)
    for (let i = 0; i < this.labels.length; i++) this.dropCellError(LABEL - i, this.labels[i]!.texts)
    this.ids.keep()
    this.names.keep()
    for (const { texts } of this.labels) texts.keep()
    for (let i = 0; i < this.clues.length; i += 3)
      this.metrics[this.clues[i]!]!.clue(row, this.clues[i + 1]!, this.clues[i + 2]!)
    if (++this.row === BATCH_ROWS) this.flush()
  }

  /** Makes room in one step for as many rows as the file should have: growing step by step would copy the columns. `shareRead`: the part of the file that is read, 0 to 1. */
  reserveRows(shareRead: number): void {
    if (this.isReserved || this.rows < BATCH_ROWS) return
    this.isReserved = true
    const maxRows = Math.min(sheetLimits.rows, Math.floor(sheetLimits.cells / this.metrics.length))
    const rows = Math.min(Math.ceil((this.rows / shareRead) * 1.03) + BATCH_ROWS, maxRows)
    if (rows <= this.lines.length) return
    this.widenLines(rows)
    this.ids.reserve(rows)
    this.names.reserve(rows)
    for (const { texts } of this.labels) texts.reserve(rows)
    for (const metric of this.metrics) metric.reserve(rows)
  }

  /** Gives a label whose cell is merged over several rows to each of them. To be called after the last row. */
  fillMergedLabels(cells: readonly MergedCell[]): void {
    for (const [column, merged] of Map.groupBy(cells, ({ column }) => column)) {
      const label = this.labels[LABEL - (this.slots[column] ?? NONE)]
      if (!label) continue
      const rows = firstMergedRows(merged, this.lines.subarray(0, this.rows))
      label.texts.replace(takeTexts(label.texts.column(), rows))
    }
  }

  /** The columns, once all rows are in: settles ambiguous numbers and keeps only the last row of a repeated id. */
  finish(): FinishedColumns {
    this.flush()
    const { secondTable } = this
    if (this.metrics.length <= MAX_SPARE_METRICS) spareCells = this.cells
    const notes = [...this.dropDecimals(), ...this.cellErrorNotes()]
    this.settle()
    const rowsBelow = secondTable ? this.lines.subarray(0, this.rows).filter(line => line > secondTable.line).length : 0
    const order = idOrder(this.ids.column())
    const duplicates = this.dropRepeated(order)
    const lines = this.lines.subarray(0, this.rows)
    const ids = this.ids.column()
    const metrics = this.metrics
      .filter(metric => metric.isReal)
      .map(({ name, values }) => ({ name, values: values.subarray(0, this.rows), cumulative: isCumulative(name) }))
    const valuesOf = (metric: string) => metrics.find(({ name }) => name === metric)?.values
    const killPoints = this.metrics.find(({ name }) => name === 'kill_points')?.header ?? ''
    const rowsOk = this.rows + duplicates.count
    return {
      ids,
      order: (duplicates.count > 0 ? idOrder(ids) : order) ?? null,
      names: this.slots.includes(NAME) ? this.names.column() : ids,
      hasNames: this.slots.includes(NAME),
      metrics,
      labels: this.labels.map(({ name, texts }) => ({ name, texts: texts.column() })),
      lines,
      rowsTotal: rowsOk + this.rowsBad,
      rowsOk,
      rowsBad: this.rowsBad,
      rowsSkipped: this.rowsSkipped,
      skipped: this.skipped,
      secondTable: secondTable && rowsBelow > 0 ? { ...secondTable, rows: rowsBelow } : undefined,
      notes,
      errors: this.errors,
      duplicates,
      suspicious: misreadKillPoints(valuesOf, lines, killPoints),
    }
  }

  /** Sets the text of a column that is not a metric. */
  text(slot: number, source: Uint8Array, start: number, stop: number): void {
    if (numbers.isQuotedFormula(source, start, stop)) {
      start += 2
      stop--
    }
    if (this.isExport && isEscapedFormula(source, start)) start++
    if (slot === ID) this.ids.set(source, isMarkedAsText(source, start, stop) ? start + 1 : start, stop)
    else if (slot === NAME) this.names.set(source, start, stop)
    else if (slot <= LABEL) this.labels[LABEL - slot]!.texts.set(source, start, stop)
  }

  /** The heading of a column that is not a metric. */
  headingAt(slot: number): string {
    return slot <= LABEL ? this.labels[LABEL - slot]!.header : this.headerOf(slot === ID ? 'id' : 'name')
  }

  headerOf(role: 'id' | 'name'): string {
    return this.headerColumns.find(({ as }) => as === role)?.header ?? ''
  }

  private isBad(): boolean {
    return this.problems.length > 0 || this.uncollectedProblems > 0
  }

  private clearProblems(): void {
    if (this.problems.length > 0) this.problems.length = 0
    this.uncollectedProblems = 0
  }

  private rejectWithProblems(): void {
    this.secondTable ??= this.headingOfSecondTable()
    this.rowsBad++
    this.lastLeftOut = this.line
    for (const problem of this.problems) this.errors.add(() => problem)
    this.errors.count += this.uncollectedProblems
  }

  /** Words where ids and numbers should be, below a blank line, and not the headings again. */
  private headingOfSecondTable(): ColumnWriter['secondTable'] {
    const above = Math.max(this.lastLeftOut, this.lines[this.rows - 1] ?? this.line)
    if (this.line <= above + 1) return undefined
    const value = decodeCell(this.ids.bytes, this.ids.from, this.ids.to)
    const cells = [value, ...this.problems.map(problem => problem.value)]
    return cells.every(isWord) && value !== this.headerOf('id') ? { line: this.line, value } : undefined
  }

  private isBlank(): boolean {
    if (this.names.to > this.names.from) return false
    for (let at = this.row; at < this.cells.length; at += BATCH_ROWS) if (!Number.isNaN(this.cells[at]!)) return false
    return true
  }

  private widenLines(rows: number): void {
    const wider = new Uint32Array(rows)
    wider.set(this.lines)
    this.lines = wider
  }

  private flush(): void {
    const rows = this.rows
    if (rows > sheetLimits.rows) refuseSheet('too_large', `The sheet has more than ${sheetLimits.rows} rows`)
    if (rows * this.metrics.length > sheetLimits.cells)
      refuseSheet('too_large', `The sheet has more than ${sheetLimits.cells} numbers`)
    for (const [slot, metric] of this.metrics.entries())
      metric.put(this.cells.subarray(slot * BATCH_ROWS, slot * BATCH_ROWS + this.row), this.flushed)
    this.flushed = rows
    this.row = 0
  }

  /** Reads 12345.0 as 12345, in columns that are written so in every row. */
  private dropDecimals(): string[] {
    const columns = [{ header: this.headerOf('id'), texts: this.ids }, ...this.labels]
    return columns.flatMap(({ header, texts }) => {
      const note = decimalsNote(header, textsOf(texts.column()))
      if (note.length > 0) texts.shorten(text => withoutDecimals(text).length)
      else if (texts === this.ids && this.mayHaveDecimals) return keptDecimalsNote(header, textsOf(texts.column()))
      return note
    })
  }

  private settle(): void {
    const unclear = new Map<number, Finding>()
    if (this.mayHaveDecimals) {
      const column = this.headerOf('id')
      for (let row = 0; row < this.rows; row++) {
        const value = textAt(this.ids.column(), row)
        if (isLongWithDecimals(value)) unclear.set(row, { line: this.lines[row]!, column, value, reason: notAnId })
      }
    }
    for (const metric of this.metrics)
      metric.settle((row, finding) => unclear.set(row, { line: this.lines[row]!, ...finding }))
    if (unclear.size === 0) return
    for (const finding of unclear.values()) this.errors.add(() => finding)
    this.errors.items.sort((a, b) => a.line - b.line)
    this.rowsBad += unclear.size
    this.filter(row => !unclear.has(row))
  }

  private dropRepeated(order: Uint32Array | undefined): SheetFindings {
    const found = new SheetFindings()
    const ids = this.ids.column()
    const earlier = earlierRows(ids, order)
    if (!earlier) return found
    const dropped = new Uint8Array(this.rows)
    const column = this.headerOf('id')
    earlier.forEach((row, later) => {
      if (row < 0) return
      dropped[row] = 1
      found.add(() => ({
        line: this.lines[row]!,
        column,
        value: decodeCell(ids.bytes, ids.offsets[row]!, ids.offsets[row + 1]!),
        reason: `the same id stands again on line ${this.lines[later]}, which wins`,
      }))
    })
    this.filter(row => dropped[row] === 0)
    return found
  }

  private filter(keep: (row: number) => boolean): void {
    const kept = new Uint8Array(this.flushed)
    let rows = 0
    for (let row = 0; row < kept.length; row++) {
      if (!keep(row)) continue
      kept[row] = 1
      this.lines[rows++] = this.lines[row]!
    }
    for (const metric of this.metrics) metric.filter(kept)
    this.ids.filter(kept)
    this.names.filter(kept)
    for (const { texts } of this.labels) texts.filter(kept)
    this.flushed = rows
  }
}

const isWord = (cell: string): boolean => /^\P{Nd}*\p{L}\P{Nd}*$/u.test(cell)

/** `Example`, `Total`, `Gesamt`, `Sum`, `Moyenne` and their like begin so, and few ids do. Those of other scripts begin above 127. */
const firstTwoLetters = new Set(
  ['ex', 'to', 'gr', 'su', 'av', 'so', 'ge', 'in', 'du', 'mi', 'mo', 'pr', 'me', 'zw', 'te'].map(
    ([a, b]) => a!.charCodeAt(0) * 256 + b!.charCodeAt(0),
  ),
)
const mayBeNoPlayer = (first: number, second: number) =>
  first > 127 || (first > 64 && firstTwoLetters.has((first | 32) * 256 + (second | 32)))

/**
 * For each row the nearest row above it with the same id, or -1; undefined if no id is repeated. `order`: row numbers in id
 * order, equal ids by row; undefined if the rows are in that order already.
 */
function earlierRows(ids: TextColumn, order: Uint32Array | undefined): Int32Array | undefined {
  const count = rowCount(ids)
  let earlier: Int32Array | undefined
  for (let place = 1; place < count; place++) {
    const row = order ? order[place]! : place
    const before = order ? order[place - 1]! : place - 1
    if (!isSameText(ids, before, row)) continue
    earlier ??= new Int32Array(count).fill(-1)
    earlier[row] = before
  }
  return earlier
}
