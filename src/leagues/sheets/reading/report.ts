import type { UploadDoubt } from '../../../../db/schema.ts'
import type { Encoding } from '../../../platform/spreadsheets/encoding.ts'
import { sheetLimits } from '../../../platform/spreadsheets/limits.ts'
import { SheetRefusal } from '../../../platform/spreadsheets/refusal.ts'

export type SheetFormat = 'csv' | 'tsv' | 'xlsx'

/** The report of a sheet, accepted or refused. */
export interface SheetReport {
  format: SheetFormat
  encoding: Encoding
  delimiter: string | null
  worksheet: string | null
  headerLine: number
  /** Header → `id`, `name`, `label:` and its name, or the metric's name. */
  mapping: Record<string, string>
  /** Headers of columns that were left out. */
  ignored: string[]
  /** rowsTotal = rowsOk + rowsBad. Example rows, sums and blank lines are not counted; repeated ids are in rowsOk. */
  rowsTotal: number
  rowsOk: number
  rowsBad: number
  rowsSkipped: number
  /** What made rows bad, one for each cell: the first of them, and how many there are. */
  errors: Finding[]
  errorCount: number
  /** Rows whose id is repeated further down: the later row is in the columns, the earlier one is not. */
  duplicates: Finding[]
  duplicateCount: number
  /** Rows whose kill points are not what their kills add up to. They stay in the columns. */
  suspicious: Finding[]
  suspiciousCount: number
  /** When the sheet says it was taken, in ISO 8601; a hint for the default. */
  takenAt: string | null
  /** What the uploader should know about how it was read. */
  notes: string[]
  /** Why somebody should confirm how it was read before it is published. */
  doubts: UploadDoubt[]
}

/** A sheet that was read to its end, and is refused for its rows. */
export class RowsRefused extends SheetRefusal {
  constructor(
    code: 'bad_rows' | 'no_rows',
    message: string,
    readonly report: SheetReport,
  ) {
    super(code, message)
  }
}

/** What is wrong with a cell or a row, for the uploader to look up in the file. */
export interface Finding {
  /** Line of the file, or row of the worksheet, from 1. */
  line: number
  /** Heading of the column; empty if the row itself is meant. */
  column: string
  value: string
  reason: string
}

/** Findings are stored as JSON texts, with this many in each. */
export const findingsPerText = 250

/** Counts all findings but keeps only the first ones; the others are not built. */
export class SheetFindings {
  readonly items: Finding[] = []
  count = 0

  /** Whether one more is kept. Check it first where there may be a million, so that none is built for nothing. */
  get hasRoom(): boolean {
    return this.count < sheetLimits.findings
  }

  add(finding: () => Finding): void {
    if (this.hasRoom) this.items.push(finding())
    this.count++
  }
}
