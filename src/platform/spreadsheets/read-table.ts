/** A small table as people keep it in a spreadsheet: CSV of any delimiter and encoding, or a workbook. All cells are text. */

import Papa from 'papaparse'
import { invalid } from '../../errors.ts'
import { abridged } from '../truncate.ts'
import { toUtf8 } from './encoding.ts'
import { SheetRefusal } from './refusal.ts'
import { encodingOf, fileKindOf, HEAD_BYTES } from './sniff.ts'
import { bytesSource } from './source.ts'
import { firstRows, openWorkbook, type PreviewRow } from './workbook.ts'
import { Zip } from './zip.ts'

/** `line` is counted as spreadsheets do, the headings included. */
export type TableRow = { line: number; cells: Record<string, string> }
/** `fields`: the headings in lower case, `Max. hours` as `max_hours`, or what they are other words for. */
export type TextTable = { fields: string[]; rows: TableRow[] }
/** Fields by other words for them. */
export type OtherHeadings = Readonly<Record<string, string>>

const maxRows = 10_000

export async function readTable(bytes: Uint8Array<ArrayBuffer>, others: OtherHeadings = {}): Promise<TextTable> {
  try {
    const isWorkbook = fileKindOf(bytes.subarray(0, HEAD_BYTES)) === 'zip'
    return tableOf(isWorkbook ? await rowsOfWorkbook(bytes) : rowsOfText(bytes), others)
  } catch (error) {
    if (error instanceof SheetRefusal) return invalid('file', error.message)
    throw error
  }
}

function rowsOfText(bytes: Uint8Array): PreviewRow[] {
  const { encoding, bomBytes } = encodingOf(bytes)
  const text = new TextDecoder().decode(toUtf8(bytes.subarray(bomBytes), encoding, true))
  return Papa.parse<string[]>(text).data.map((cells, i) => ({ line: i + 1, cells }))
}

/** The rows of the first visible worksheet that holds anything. */
async function rowsOfWorkbook(bytes: Uint8Array): Promise<PreviewRow[]> {
  const workbook = await openWorkbook(new Zip(bytesSource(bytes)))
  for (const worksheet of workbook.worksheets.filter(({ hidden }) => !hidden)) {
    const rows = await firstRows(workbook, worksheet, maxRows + 2)
    if (rows.length) return rows.map(({ line, cells }) => ({ line, cells: cells.map(clockTime) }))
  }
  return []
}

/** A time of day without a date is stored as a time on the day that spreadsheets count from, in 1899: only the time is kept. */
const clockTime = (cell: string) => cell.replace(/^1899-12-3\d (\d\d:\d\d)(:\d\d)?$/, '$1')

function tableOf(all: PreviewRow[], others: OtherHeadings): TextTable {
  const [head, ...rows] = all.filter(({ cells }) => cells.some(cell => cell.trim()))
  if (rows.length > maxRows) invalid('file', `The file has over ${maxRows} rows.`)
  const fields = (head?.cells ?? []).map(cell => fieldOf(cell, others))
  const twice = fields.find((field, i) => field && fields.indexOf(field) < i)
  if (twice) invalid('file', `Two columns are read as ${cellForMessage(twice)}; leave one of them out.`)
  for (const { line, cells } of rows) {
    const beyond = cells.slice(fields.length).find(cell => cell.trim())
    if (beyond)
      invalid(
        'file',
        `Line ${line} goes on beyond the last heading: ${cellForMessage(beyond)}. Is a separator in a cell?`,
      )
  }
  return {
    fields: fields.filter(Boolean),
    rows: rows.map(({ line, cells }) => ({
      line,
      cells: Object.fromEntries(fields.flatMap((field, i) => (field ? [[field, cells[i]?.trim() ?? '']] : []))),
    })),
  }
}

function fieldOf(heading: string, others: OtherHeadings): string {
  const field = heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_|_$/g, '')
  return Object.hasOwn(others, field) ? (others[field] ?? field) : field
}

/** The text of a cell, short enough for a message. */
export const cellForMessage = (text = '') => abridged(text, 60) || 'nothing'
