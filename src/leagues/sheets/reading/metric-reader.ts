/** One metric while a sheet is read: its values, and what its cells show about the way its numbers are written. */

import { columnMemory } from '../../../platform/spreadsheets/text.ts'
import { type NumberColumn, putNarrow, readNumbers } from '../number-column.ts'
import { isCount } from './known-metrics.ts'
import { COMMA_FRACTION, COMMA_GROUPS, DOT_FRACTION, DOT_GROUPS, ONE_COMMA, ONE_DOT } from './numbers.ts'
import type { Finding } from './report.ts'

const wideColumn = (rows: number) => new Float64Array(columnMemory(rows, rows * 8))
const narrowColumn = (rows: number) => new Uint32Array(columnMemory(rows, rows * 4))

export class MetricReader {
  values: NumberColumn = new Uint32Array(0)
  /** A tentative metric that turned out to hold text. */
  refuted = false
  readonly isCount: boolean
  private hasValue = false
  private evidence = 0
  /** Rows with one dot, or one comma, before three digits. */
  private readonly oneDot = new RowSet()
  private readonly oneComma = new RowSet()

  constructor(
    readonly name: string,
    readonly header: string,
    readonly tentative: boolean,
  ) {
    this.isCount = isCount(name)
  }

  get isReal(): boolean {
    return !this.tentative || (this.hasValue && !this.refuted)
  }

  reserve(rows: number): void {
    if (rows <= this.values.length) return
    const longer = this.values instanceof Float64Array ? wideColumn(rows) : narrowColumn(rows)
    longer.set(this.values)
    this.values = longer
  }

  put(batch: Float64Array, row: number): void {
    if (row + batch.length > this.values.length) this.reserve(Math.ceil((row + batch.length) * 1.5))
    if (this.values instanceof Float64Array || !putNarrow(this.values, batch, row)) this.widen(row).set(batch, row)
    this.hasValue ||= !batch.every(Number.isNaN)
  }

  /** The column, with eight bytes a number from now on; so far it has `rows`. */
  private widen(rows: number): Float64Array {
    if (this.values instanceof Float64Array) return this.values
    const wider = wideColumn(this.values.length)
    readNumbers(this.values, 0, rows, wider)
    this.values = wider
    return wider
  }

  /** Notes the kind of a kept row's cell, and its evidence about the column. */
  clue(row: number, kind: number, evidence: number): void {
    this.evidence |= evidence
    if (kind === ONE_DOT) this.oneDot.add(row)
    if (kind === ONE_COMMA) this.oneComma.add(row)
  }

  /** `1.234` is read as 1234 unless its column has a dot that cannot group thousands. Where the column has both kinds of dots, the row is unclear. */
  settle(unclear: (row: number, finding: Omit<Finding, 'line'>) => void): void {
    for (const [rows, fraction, groups, mark] of [
      [this.oneDot, DOT_FRACTION, DOT_GROUPS, '.'],
      [this.oneComma, COMMA_FRACTION, COMMA_GROUPS, ','],
    ] as const) {
      if ((this.evidence & fraction) === 0) continue
      const values = this.widen(this.values.length)
      for (const row of rows.all()) {
        const value = values[row]! / 1000
        values[row] = value
        if ((this.evidence & groups) === 0) continue
        const reason = 'could be a thousand or a fraction: the column has both'
        unclear(row, { column: this.header, value: value.toFixed(3).replace('.', mark), reason })
      }
    }
  }

  filter(kept: Uint8Array): void {
    for (let row = 0, to = 0; row < kept.length; row++) if (kept[row] === 1) this.values[to++] = this.values[row]!
  }
}

/** Rows as bits, which take no room until there is one. */
class RowSet {
  private words = new Uint32Array(0)

  add(row: number): void {
    const word = row >>> 5
    if (word >= this.words.length) {
      const wider = new Uint32Array(Math.max(64, word * 2))
      wider.set(this.words)
      this.words = wider
    }
    this.words[word]! |= 1 << (row & 31)
  }

  *all(): Generator<number> {
    for (let word = 0; word < this.words.length; word++)
      for (let bits = this.words[word]!, bit = 0; bits !== 0; bits >>>= 1, bit++) if (bits & 1) yield word * 32 + bit
  }
}
