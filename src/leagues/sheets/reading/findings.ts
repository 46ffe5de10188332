import { limits } from './limits.ts'

/** What is wrong with a cell or a row, for the uploader to look up in the file. */
export interface Finding {
  /** Line of the file, or row of the worksheet, from 1. */
  line: number
  /** Heading of the column; empty where the row itself is meant. */
  column: string
  value: string
  reason: string
}

/** Counts all, keeps the first, and makes no others. */
export class SheetFindings {
  readonly items: Finding[] = []
  count = 0

  add(finding: () => Finding): void {
    if (this.count++ < limits.findings) this.items.push(finding())
  }
}
