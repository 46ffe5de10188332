/** What a worksheet says of its columns and rows besides their cells. */
import { counted } from '../number-text.ts'

/** A cell that is merged over several rows: it lies in the first of them, and the others are empty. */
export interface MergedCell {
  column: number
  fromLine: number
  toLine: number
}

/** A cell that is merged over several columns of a row: it lies in the first of them. */
export interface WideCell {
  line: number
  column: number
  toColumn: number
}

export interface Layout {
  isHiddenColumn(column: number): boolean
  mergedCells: readonly MergedCell[]
  /** Of a large worksheet only the first. */
  wideCells: readonly WideCell[]
}

/** For each row the one whose cell is merged with its own: itself, where none is or that one is not among the rows. `cells`: of one column. */
export function firstMergedRows(cells: readonly MergedCell[], lines: Uint32Array): Uint32Array {
  const firstRows = lines.map((_, row) => row)
  let row = 0
  for (const { fromLine, toLine } of cells.toSorted((a, b) => a.fromLine - b.fromLine)) {
    while (row < lines.length && lines[row]! < fromLine) row++
    const first = row
    if (lines[first] === fromLine) while (row < lines.length && lines[row]! <= toLine) firstRows[row++] = first
  }
  return firstRows
}

type LayoutColumn = { heading: string; takesMerged: boolean }

/** What is read though whoever looks at the worksheet may not see it. `columns`: those that are read, and null for others. */
export function layoutNotes(
  columns: readonly (LayoutColumn | null)[],
  headerLine: number,
  layout: Layout,
  hiddenRows: number,
): string[] {
  const merged = new Set(layout.mergedCells.filter(({ toLine }) => toLine > headerLine + 1).map(({ column }) => column))
  const hidden = columns.flatMap((column, i) => (column && layout.isHiddenColumn(i) ? `“${column.heading}”` : []))
  return [
    ...(hiddenRows > 0
      ? [`${counted(hiddenRows, 'hidden row of the workbook was', 'hidden rows of the workbook were')} read too.`]
      : []),
    ...(hidden.length > 0 ? [`Hidden columns of the workbook were read too: ${hidden.join(', ')}.`] : []),
    ...columns.flatMap((column, i) =>
      column && merged.has(i)
        ? `Cells of “${column.heading}” are merged over several rows: ${column.takesMerged ? 'each row has the value of the first, unless that row is left out' : 'only the first row has the value'}.`
        : [],
    ),
  ]
}
