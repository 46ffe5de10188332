/** A small table as people keep it in a spreadsheet: CSV of any delimiter and encoding, or a workbook. All cells are text. */

import Papa from 'papaparse'
import { invalid } from '../../errors.ts'
import { abridged } from '../truncate.ts'
import { toUtf8 } from './encoding.ts'
import { firstMergedRows, type Layout, layoutNotes, type MergedCell } from './layout.ts'
import { SheetRefusal } from './refusal.ts'
import { encodingOf, fileKindOf, HEAD_BYTES } from './sniff.ts'
import { bytesSource } from './source.ts'
import { withoutAccents } from './text.ts'
import { firstRows, openWorkbook, type PreviewRow } from './workbook.ts'
import { Zip } from './zip.ts'

/** `line` is counted as spreadsheets do, the headings included. */
export type TableRow = { line: number; cells: Record<string, string> }
/**
 * `fields`: the headings in lower case, `Max. hours` as `max_hours`, or what they are other words for. `notes`: what is read
 * though its reader may not see it.
 */
export type TextTable = { fields: string[]; rows: TableRow[]; notes: string[] }
type TableText = { rows: PreviewRow[]; layout?: Layout }
/** Columns by other words for them, which count where no heading is the column itself. */
export type OtherHeadings = ReadonlyMap<string, string>
/** `words`: for each column the other words for it, as people write them; case, punctuation and accents do not matter. */
export const otherHeadings = (words: Record<string, string>): OtherHeadings =>
  new Map(
    Object.entries(words).flatMap(([column, list]) =>
      list.split(', ').map(word => [withoutAccents(fieldOf(word)), column] as const),
    ),
  )

const maxRows = 10_000

/** `columns`: what its reader knows; two of the same are refused. */
export async function readTable(
  bytes: Uint8Array<ArrayBuffer>,
  columns: readonly string[],
  others: OtherHeadings,
): Promise<TextTable> {
  try {
    const isWorkbook = fileKindOf(bytes.subarray(0, HEAD_BYTES)) === 'zip'
    return tableOf(isWorkbook ? await rowsOfWorkbook(bytes) : rowsOfText(bytes), columns, others)
  } catch (error) {
    if (error instanceof SheetRefusal) return invalid('file', error.message)
    throw error
  }
}

function rowsOfText(bytes: Uint8Array): TableText {
  const { encoding, bomBytes } = encodingOf(bytes)
  const text = new TextDecoder().decode(toUtf8(bytes.subarray(bomBytes), encoding, true))
  // Told from lines that are not empty: to Papa one of those speaks against two columns.
  const { delimiter } = Papa.parse(text, { preview: 1, skipEmptyLines: true }).meta
  return { rows: Papa.parse<string[]>(text, { delimiter }).data.map((cells, i) => ({ line: i + 1, cells })) }
}

/** The rows of the first visible worksheet that holds anything. */
async function rowsOfWorkbook(bytes: Uint8Array): Promise<TableText> {
  const workbook = await openWorkbook(new Zip(bytesSource(bytes)))
  for (const worksheet of workbook.worksheets.filter(({ hidden }) => !hidden)) {
    const { rows, layout } = await firstRows(workbook, worksheet, maxRows + 2)
    if (rows.length) return { rows: rows.map(row => ({ ...row, cells: row.cells.map(clockTime) })), layout }
  }
  return { rows: [] }
}

/** A time of day without a date is stored as a time on the day that spreadsheets count from, in 1899: only the time is kept. */
const clockTime = (cell: string) => cell.replace(/^1899-12-3\d (\d\d:\d\d)(:\d\d)?$/, '$1')

const filled = (cells: readonly string[]) => cells.filter(cell => cell.trim()).length

/** Lines above the headings that have a single cell, such as the name of a month, are no headings. */
function withoutTitle(rows: PreviewRow[], isHeading: (cell: string) => boolean): PreviewRow[] {
  const [first, second, third] = rows
  const isTitle =
    first && third && filled(first.cells) === 1 && filled(second!.cells) > 2 && !first.cells.some(isHeading)
  return isTitle ? rows.slice(1) : rows
}

function tableOf({ rows: all, layout }: TableText, columns: readonly string[], others: OtherHeadings): TextTable {
  const [head, ...rows] = withoutTitle(
    all.filter(({ cells }) => filled(cells) > 0),
    cell => columns.includes(fieldOf(cell)) || others.has(withoutAccents(fieldOf(cell))),
  )
  if (rows.length > maxRows) invalid('file', `The file has over ${maxRows} rows.`)
  const headings = (head?.cells ?? []).map(fieldOf)
  const fields = headings.map(heading => {
    const meant = others.get(withoutAccents(heading))
    return meant && !headings.includes(meant) ? meant : heading
  })
  const twice = columns.find(column => fields.indexOf(column) < fields.lastIndexOf(column))
  if (twice) {
    const [one, other] = head!.cells.filter((_, i) => fields[i] === twice).map(cell => cellForMessage(cell))
    invalid('file', `Two columns are read as ${twice}: “${one}” and “${other}”. Leave one of them out.`)
  }
  for (const { line, cells } of rows) {
    const beyond = cells.slice(fields.length).find(cell => cell.trim())
    if (beyond)
      invalid(
        'file',
        `Line ${line} goes on beyond the last heading: ${cellForMessage(beyond)}. Is a separator in a cell?`,
      )
  }
  const known = fields.map((field, i) =>
    columns.includes(field) ? { heading: head!.cells[i]!, takesMerged: true } : null,
  )
  if (layout) {
    const merged = Map.groupBy(layout.mergedCells, ({ column }) => column)
    for (const [column, cells] of merged) if (fields[column]) fillMerged(rows, column, cells)
    fillWide(rows, known, layout)
  }
  const leftOut = fields.flatMap((field, i) => {
    const row = field ? undefined : rows.find(({ cells }) => cells[i]?.trim())
    return row
      ? `A column has no heading and is left out: line ${row.line} has ${cellForMessage(row.cells[i])} there.`
      : []
  })
  const hiddenRows = rows.filter(({ hidden }) => hidden).length
  return {
    fields: fields.filter(Boolean),
    notes: [...leftOut, ...(layout ? layoutNotes(known, head?.line ?? 0, layout, hiddenRows) : [])],
    rows: rows.map(({ line, cells }) => ({
      line,
      cells: Object.fromEntries(
        fields.flatMap((field, i) => (field ? [[field, cells[i]?.trim().normalize('NFC') ?? '']] : [])),
      ),
    })),
  }
}

/** Gives what is merged over several rows to each of them. */
function fillMerged(rows: readonly PreviewRow[], column: number, cells: readonly MergedCell[]): void {
  const firstRows = firstMergedRows(
    cells,
    Uint32Array.from(rows, ({ line }) => line),
  )
  firstRows.forEach((first, row) => {
    if (first !== row) rows[row]!.cells[column] = rows[first]!.cells[column] ?? ''
  })
}

/** Gives what is merged over several columns to each of them: days, say. Columns that the reader knows by name are apart. */
function fillWide(rows: readonly PreviewRow[], known: readonly unknown[], { wideCells }: Layout): void {
  const byLine = new Map(rows.map(({ line, cells }) => [line, cells]))
  for (const { line, column, toColumn } of wideCells) {
    const cells = byLine.get(line)
    if (!cells || known[column]) continue
    for (let i = column + 1; i <= toColumn && i < known.length && !known[i]; i++) cells[i] = cells[column] ?? ''
  }
}

/** `Max. hours` is `max_hours`. */
export const fieldOf = (heading: string): string =>
  heading
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_|_$/g, '')

/** The text of a cell, short enough for a message. */
export const cellForMessage = (text = '') => abridged(text, 60) || 'nothing'
