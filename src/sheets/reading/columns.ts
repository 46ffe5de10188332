/**
 * Rows in, typed columns out. Both scanners write here: numbers into a batch of some thousand rows that stays in the
 * processor's cache, ids and names as bytes. A row counts when it is kept; until then it can be begun anew.
 */
import { repeated } from './duplicates.ts'
import { type Finding, Findings } from './findings.ts'
import { type Column, isNoPlayer } from './headers.ts'
import { limits } from './limits.ts'
import { isCount, isCumulative, killPointsOf } from './metrics.ts'
import * as numbers from './numbers.ts'
import { refuseSheet } from './refusal.ts'
import { decodeUtf8, TextBuilder, type TextColumn } from './text.ts'

export const BATCH = 2048

/** What `slots` says of a column that is no metric. */
export const NONE = -1
export const ID = -2
export const NAME = -3

export interface MetricColumn {
  name: string
  /** One value a row; NaN is unknown. */
  values: Float64Array
  /** Only ever rises, so that a fall since the baseline is suspicious. */
  cumulative: boolean
}

export interface Columnar {
  ids: TextColumn
  names: TextColumn
  metrics: MetricColumn[]
  /** Where in the file each row stands. */
  lines: Uint32Array
  rowsTotal: number
  rowsOk: number
  rowsBad: number
  rowsSkipped: number
  errors: Findings
  duplicates: Findings
  suspicious: Findings
}

/** A metric while it is read. */
class Metric {
  values = new Float64Array(4096)
  seen = false
  /** Bits of numbers.DOT_GROUPS and so on, from the rows that were kept. */
  evidence = 0
  /** Rows with a single dot or comma before three digits: which it is shows at the end. One bit a row, made when needed. */
  oneDot: Uint32Array | null = null
  oneComma: Uint32Array | null = null
  /** A tentative metric turned out to hold text. */
  refuted = false
  readonly count: boolean

  constructor(
    readonly name: string,
    readonly header: string,
    readonly tentative: boolean,
  ) {
    this.count = isCount(name)
  }
}

export class Columns {
  /** Metrics × BATCH values: the rows that are not in the columns yet. */
  readonly cells: Float64Array
  /** Role of each column of the sheet: a metric's index, ID, NAME or NONE. */
  readonly slots: Int32Array
  readonly metrics: Metric[]
  readonly ids = new TextBuilder()
  readonly names = new TextBuilder()
  readonly errors = new Findings()
  /** Row in hand, counted within the batch. */
  row = 0
  rowsBad = 0
  rowsSkipped = 0

  private expected = false
  private flushed = 0
  private line = 0
  private lines = new Uint32Array(4096)
  private readonly cell = numbers.reading()
  /** What is wrong with the row in hand; beyond what is listed anyway, only how much. */
  private readonly problems: Finding[] = []
  private unlisted = 0
  /** Column, kind and evidence of the row's cells that say something about their column. */
  private readonly clues: number[] = []

  constructor(private readonly plan: Column[]) {
    const metrics = plan.filter(column => column.role === 'metric')
    this.metrics = metrics.map(({ metric, header, tentative }) => new Metric(metric, header, tentative))
    this.slots = Int32Array.from(plan, column =>
      column.role === 'id' ? ID : column.role === 'name' ? NAME : metrics.indexOf(column),
    )
    this.cells = new Float64Array(metrics.length * BATCH)
  }

  /** Rows kept so far. */
  get rows(): number {
    return this.flushed + this.row
  }

  /** Starts a row; whatever an unfinished attempt at it left behind is forgotten. */
  begin(line: number): void {
    this.line = line
    this.ids.clear()
    this.names.clear()
    this.forgive()
    if (this.clues.length > 0) this.clues.length = 0
  }

  /** Sets every metric of the row to unknown, for sheets that leave empty cells out. */
  blank(): void {
    for (let at = this.row; at < this.cells.length; at += BATCH) this.cells[at] = Number.NaN
  }

  /** A metric written as text. */
  number(slot: number, bytes: Uint8Array, start: number, stop: number): void {
    const cell = this.cell
    numbers.readNumber(bytes, start, stop, cell)
    if (cell.kind === numbers.BAD) this.unreadable(slot, 'not a number', () => decodeCell(bytes, start, stop))
    else this.value(slot, cell.kind === numbers.BLANK ? Number.NaN : cell.value)
    if (cell.kind >= numbers.ONE_DOT || cell.evidence !== 0) this.clues.push(slot, cell.kind, cell.evidence)
  }

  value(slot: number, value: number): void {
    if (value < 0 && value >= -3 && this.metrics[slot]!.count && Number.isInteger(value)) value = Number.NaN
    this.cells[slot * BATCH + this.row] = value
  }

  unreadable(slot: number, reason: string, value: () => string): void {
    const metric = this.metrics[slot]!
    this.cells[slot * BATCH + this.row] = Number.NaN
    if (metric.tentative) metric.refuted = true
    else this.problem(metric.header, reason, value)
  }

  /** Makes the row a bad one. */
  problem(column: string, reason: string, value: () => string): void {
    if (this.errors.count + this.problems.length >= limits.findings) this.unlisted++
    else this.problems.push({ line: this.line, column, value: value(), reason })
  }

  tooLong(column: number): void {
    this.problem(this.plan[column]?.header ?? '', `longer than ${limits.field >> 20} MB`, () => '')
  }

  /** Ends a row whose columns cannot be told apart. */
  misshapen(reason: string, value: () => string): void {
    this.forgive()
    this.problem('', reason, value)
    this.reject()
  }

  /** Ends the row: kept, bad, or nothing at all. */
  end(): void {
    const { ids } = this
    if (ids.to === ids.from) {
      if (!this.isBad() && this.isBlank()) return
      this.problem(this.headerOf('id'), 'no id', () => '')
    } else if (
      mayBeNoPlayer(ids.bytes[ids.from]!, ids.bytes[ids.from + 1]!) &&
      isNoPlayer(decodeUtf8(ids.bytes, ids.from, ids.to))
    ) {
      this.rowsSkipped++
      return
    }
    if (this.isBad()) this.reject()
    else this.keep()
  }

  private keep(): void {
    const row = this.rows
    if (row === this.lines.length) this.lines = widened(this.lines, row)
    this.lines[row] = this.line
    this.ids.keep()
    this.names.keep()
    if (this.clues.length > 0) this.takeClues(row)
    if (++this.row === BATCH) this.flush()
  }

  /** Told which part of the file is read, makes room for all rows in one step: growing would copy and leave garbage. */
  expect(part: number): void {
    if (this.expected || this.rows < BATCH) return
    this.expected = true
    const most = Math.min(limits.rows, Math.floor(limits.cells / this.metrics.length))
    const rows = Math.min(Math.ceil((this.rows / part) * 1.03) + BATCH, most)
    if (rows <= this.lines.length) return
    this.lines = widened(this.lines, rows)
    this.ids.reserve(rows)
    this.names.reserve(rows)
    for (const metric of this.metrics) metric.values = widened(metric.values, rows)
  }

  /** The columns, once all rows are in: ambiguous numbers settled, repeated ids down to their last row. */
  finish(): Columnar {
    this.flush()
    this.settle()
    const duplicates = this.dropRepeated()
    const lines = this.lines.subarray(0, this.rows)
    const ids = this.ids.column()
    const metrics = this.metrics.filter(({ tentative, refuted, seen }) => !tentative || (seen && !refuted))
    const columns = metrics.map(({ name, values }) => ({
      name,
      values: values.subarray(0, this.rows),
      cumulative: isCumulative(name),
    }))
    const rowsOk = this.rows + duplicates.count
    return {
      ids,
      names: this.slots.includes(NAME) ? this.names.column() : ids,
      metrics: columns,
      lines,
      rowsTotal: rowsOk + this.rowsBad,
      rowsOk,
      rowsBad: this.rowsBad,
      rowsSkipped: this.rowsSkipped,
      errors: this.errors,
      duplicates,
      suspicious: this.misread(columns),
    }
  }

  headerOf(role: 'id' | 'name'): string {
    return this.plan.find(column => column.role === role)?.header ?? ''
  }

  private isBad(): boolean {
    return this.problems.length > 0 || this.unlisted > 0
  }

  private forgive(): void {
    if (this.problems.length > 0) this.problems.length = 0
    this.unlisted = 0
  }

  private reject(): void {
    this.rowsBad++
    for (const problem of this.problems) this.errors.add(() => problem)
    this.errors.count += this.unlisted
  }

  private isBlank(): boolean {
    if (this.names.to > this.names.from) return false
    for (let at = this.row; at < this.cells.length; at += BATCH) if (!Number.isNaN(this.cells[at]!)) return false
    return true
  }

  private takeClues(row: number): void {
    for (let i = 0; i < this.clues.length; i += 3) {
      const metric = this.metrics[this.clues[i]!]!
      const kind = this.clues[i + 1]!
      metric.evidence |= this.clues[i + 2]!
      if (kind === numbers.ONE_DOT) metric.oneDot = marked(metric.oneDot, row)
      if (kind === numbers.ONE_COMMA) metric.oneComma = marked(metric.oneComma, row)
    }
  }

  private flush(): void {
    const rows = this.rows
    if (rows > limits.rows) refuseSheet('too_large', `The sheet has more than ${limits.rows} rows`)
    if (rows * this.metrics.length > limits.cells)
      refuseSheet('too_large', `The sheet has more than ${limits.cells} numbers`)
    this.metrics.forEach((metric, slot) => {
      if (rows > metric.values.length) metric.values = widened(metric.values, rows)
      const batch = this.cells.subarray(slot * BATCH, slot * BATCH + this.row)
      metric.values.set(batch, this.flushed)
      metric.seen ||= batch.some(value => !Number.isNaN(value))
    })
    this.flushed = rows
    this.row = 0
  }

  /** `1.234` is a thousand unless its column has a dot that cannot group thousands. With both kinds of dots, nobody knows. */
  private settle(): void {
    const unclear = new Map<number, Finding>()
    for (const { evidence, header, values, oneDot, oneComma } of this.metrics) {
      const both = [
        [oneDot, numbers.DOT_FRACTION, numbers.DOT_GROUPS, '.'],
        [oneComma, numbers.COMMA_FRACTION, numbers.COMMA_GROUPS, ','],
      ] as const
      for (const [rows, fraction, groups, mark] of both) {
        if (!rows || (evidence & fraction) === 0) continue
        for (const row of marks(rows)) {
          values[row]! /= 1000
          if ((evidence & groups) === 0) continue
          const reason = 'could be a thousand or a fraction: the column has both'
          const value = values[row]!.toFixed(3).replace('.', mark)
          unclear.set(row, { line: this.lines[row]!, column: header, value, reason })
        }
      }
    }
    if (unclear.size === 0) return
    for (const finding of unclear.values()) this.errors.add(() => finding)
    this.rowsBad += unclear.size
    this.filter(row => !unclear.has(row))
  }

  private dropRepeated(): Findings {
    const found = new Findings()
    const ids = this.ids.column()
    const { rows, next } = repeated(ids)
    if (rows.length === 0) return found
    const dropped = new Uint8Array(this.rows)
    const column = this.headerOf('id')
    rows.forEach((row, i) => {
      dropped[row] = 1
      found.add(() => ({
        line: this.lines[row]!,
        column,
        value: decodeCell(ids.bytes, ids.offsets[row]!, ids.offsets[row + 1]!),
        reason: `the same id stands again on line ${this.lines[next[i]!]}, which wins`,
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
    for (const { values } of this.metrics)
      for (let row = 0, to = 0; row < kept.length; row++) if (kept[row] === 1) values[to++] = values[row]!
    this.ids.filter(kept)
    this.names.filter(kept)
    this.flushed = rows
  }

  /** Rows whose kill points are not what their kills add up to. */
  private misread(columns: MetricColumn[]): Findings {
    const found = new Findings()
    const named = (name: string) => columns.find(column => column.name === name)?.values
    const killPoints = named('kill_points')
    const [t1, t2, t3, t4, t5] = [1, 2, 3, 4, 5].map(tier => named(`kills_t${tier}`))
    if (!killPoints || !t1 || !t2 || !t3 || !t4 || !t5) return found
    const column = this.metrics.find(metric => metric.name === 'kill_points')!.header
    for (let row = 0; row < killPoints.length; row++) {
      const expected = killPointsOf(t1[row]!, t2[row]!, t3[row]!, t4[row]!, t5[row]!)
      const said = killPoints[row]!
      if (said === expected || Number.isNaN(expected) || Number.isNaN(said)) continue
      const reason = `the kills add up to ${expected} kill points`
      found.add(() => ({ line: this.lines[row]!, column, value: String(said), reason }))
    }
    return found
  }
}

/** `Example`, `Total`, `Grand total`, `Sum` and `Average` begin like this, and few ids do. */
const beginnings = new Set(['ex', 'to', 'gr', 'su', 'av'].map(([a, b]) => a!.charCodeAt(0) * 256 + b!.charCodeAt(0)))
const mayBeNoPlayer = (first: number, second: number) =>
  first > 64 && beginnings.has((first | 32) * 256 + (second | 32))

export const decodeCell = (bytes: Uint8Array, start: number, stop: number): string => {
  const text = decodeUtf8(bytes, start, Math.min(stop, start + 400)).trim()
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

function widened<T extends Float64Array | Uint32Array>(column: T, rows: number): T
function widened(column: Float64Array | Uint32Array, rows: number): Float64Array | Uint32Array {
  const wider = new (column instanceof Float64Array ? Float64Array : Uint32Array)(
    Math.max(rows, column.length * 1.5) | 0,
  )
  wider.set(column)
  return wider
}

/** Sets a row's bit, in a set that grows. */
function marked(set: Uint32Array | null, row: number): Uint32Array {
  const word = row >>> 5
  if (!set || word >= set.length) {
    const wider = new Uint32Array(Math.max(word + 1, (set?.length ?? 64) * 2))
    if (set) wider.set(set)
    set = wider
  }
  set[word]! |= 1 << (row & 31)
  return set
}

function* marks(set: Uint32Array): Generator<number> {
  for (let word = 0; word < set.length; word++)
    for (let bit = 0; set[word]! >>> bit > 0 && bit < 32; bit++) if ((set[word]! >>> bit) & 1) yield word * 32 + bit
}
