/** Which worksheet of a workbook holds the table. */
import { firstOfText } from '../../../platform/number-text.ts'
import { type Layout, layoutNotes } from '../../../platform/spreadsheets/layout.ts'
import { refuseSheet } from '../../../platform/spreadsheets/refusal.ts'
import { firstRows, type PreviewRow, type Workbook, type Worksheet } from '../../../platform/spreadsheets/workbook.ts'
import { isLabel } from '../../columns.ts'
import {
  checkHeader,
  findHeader,
  type Header,
  type HeaderColumn,
  isMetric,
  likelyHeader,
  type Mapping,
} from './headers.ts'
import { takenAtIn, takenAtInName } from './taken-at.ts'

export type TableChoice = {
  mapping?: Mapping
  /** The name of the worksheet to read; by default the one that fits best. */
  worksheet?: string
}

/** A worksheet that could be read; `alike`: its headings are those of the one that is read, as in a workbook with one for each week. */
export type WorksheetOption = { name: string; alike: boolean }

interface WorkbookTable {
  worksheet: Worksheet
  header: Header
  /** The first rows of the worksheet. */
  rows: PreviewRow[]
  layout: Layout
  takenAt: string | null
  /** All worksheets that could be read, with this one. */
  worksheets: WorksheetOption[]
  /** What the uploader should know about the choice. */
  notes: string[]
}

type TableCandidate = { worksheet: Worksheet; header: Header; rows: PreviewRow[]; layout: Layout; score: number }

/** Of a workbook that many are looked at; a further one can be named. */
const PREVIEW_SHEETS = 60
/** Rows of other worksheets that may hold the time of the scan. */
const AROUND_ROWS = 20

/** Of the named worksheet, or else of the one with the most recognised headings: prefers long ones to summaries, and the first of equals. */
export async function tableIn(workbook: Workbook, choice: TableChoice): Promise<WorkbookTable> {
  const { table, rows } = await bestTable(workbook, choice, findHeader)
  checkHeader(table?.header ?? null, rows, choice.mapping)
  return table!
}

/** Like `tableIn`, but needs no id. Refuses only a workbook without any row of headings. */
export async function likelyTable(workbook: Workbook, choice: TableChoice): Promise<WorkbookTable> {
  const found = (await bestTable(workbook, choice, findHeader)).table
  if (found) return found
  const { table, rows } = await bestTable(workbook, choice, likelyHeader)
  if (!table) checkHeader(null, rows, choice.mapping)
  return table!
}

/** Without a table, the rows of the named worksheet, or of the first that has any. */
async function bestTable(
  workbook: Workbook,
  choice: TableChoice,
  find: typeof findHeader,
): Promise<{ table: WorkbookTable | null; rows: PreviewRow[] }> {
  const named = choice.worksheet === undefined ? undefined : worksheetNamed(workbook, choice.worksheet)
  const worksheets = workbook.worksheets.filter((each, i) => i < PREVIEW_SHEETS || each === named)
  const previews = new Map<Worksheet, PreviewRow[]>()
  const candidates: TableCandidate[] = []
  for (const worksheet of worksheets) {
    const { rows, layout } = await firstRows(workbook, worksheet)
    previews.set(worksheet, rows)
    const header = find(rows, choice.mapping)
    if (header) candidates.push({ worksheet, header, rows, layout, score: candidateScore(worksheet, header, rows) })
  }
  const best = named
    ? candidates.find(({ worksheet }) => worksheet === named)
    : candidates.toSorted((a, b) => b.score - a.score)[0]
  if (!best) {
    const rows = named ? previews.get(named) : [...previews.values()].find(rows => rows.length > 0)
    return { table: null, rows: rows ?? [] }
  }
  const { worksheet, header, rows, layout } = best
  const options = candidates.filter(each => each === best || !each.worksheet.hidden)
  const alike = options.filter(each => headingsOf(each) === headingsOf(best))
  const scans = alike.map(({ worksheet }) => worksheet)
  const elsewhere = [...previews].flatMap(([each, rows]) => (scans.includes(each) ? [] : rows.slice(0, AROUND_ROWS)))
  const table = {
    worksheet,
    header,
    rows,
    layout,
    takenAt: takenAtIn(rows.slice(0, header.row)) ?? takenAtInName(worksheet.name) ?? takenAtIn(elsewhere),
    worksheets: options.map(each => ({ name: each.worksheet.name, alike: alike.includes(each) })),
    notes: named ? [] : worksheetNotes(workbook, best, alike),
  }
  return { table, rows }
}

function worksheetNamed({ worksheets }: Workbook, name: string): Worksheet {
  const found = worksheets.find(each => each.name === name)
  if (found) return found
  const names = worksheets.slice(0, PREVIEW_SHEETS).map(({ name }) => `“${name}”`)
  return refuseSheet('unknown_worksheet', `The workbook has no worksheet “${name}”. It has ${names.join(', ')}.`)
}

/** A worksheet that is asked for, but cannot be, is not passed over in silence. */
export function refuseWorksheetOfText({ worksheet }: TableChoice): void {
  if (worksheet !== undefined) refuseSheet('unknown_worksheet', 'Only a workbook has worksheets; this is a text file.')
}

function candidateScore(worksheet: Worksheet, header: Header, rows: PreviewRow[]): number {
  const metrics = header.columns.filter(({ as }) => isMetric(as)).length
  const penalty = worksheet.hidden ? 100_000 : /summary|top|rolled|pivot|total/i.test(worksheet.name) ? 300 : 0
  return header.known * 1000 + metrics * 10 + rows.length - penalty - (metrics === 0 ? 200_000 : 0)
}

const headingsOf = ({ header }: TableCandidate) => JSON.stringify(header.columns.map(({ header }) => header))

function worksheetNotes({ worksheets }: Workbook, best: TableCandidate, alike: readonly TableCandidate[]): string[] {
  const cut =
    worksheets.length > PREVIEW_SHEETS
      ? [`Only the first ${PREVIEW_SHEETS} of the ${worksheets.length} worksheets were looked at.`]
      : []
  const others = alike.filter(each => each !== best)
  if (others.length === 0) return cut
  const names = others.slice(0, 3).map(({ worksheet }) => `“${worksheet.name}”`)
  return [
    ...cut,
    `Only the worksheet “${best.worksheet.name}” is read. Others have the same headings: ${firstOfText(names, others.length)}. Choose another as the worksheet to import that one.`,
  ]
}

/** What is read of hidden rows, hidden columns and merged cells. */
export const layoutNotesOf = (
  { columns, line }: Header,
  layout: Layout,
  isRead: (column: HeaderColumn) => boolean,
  hiddenRows = 0,
): string[] =>
  layoutNotes(
    columns.map(column => (isRead(column) ? { heading: column.header, takesMerged: isLabel(column.as ?? '') } : null)),
    line,
    layout,
    hiddenRows,
  )
