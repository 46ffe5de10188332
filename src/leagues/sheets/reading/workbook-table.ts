/** Which worksheet of a workbook holds the table. */
import { firstRows, type PreviewRow, type Workbook, type Worksheet } from '../../../platform/spreadsheets/workbook.ts'
import { checkHeader, findHeader, type Header, likelyHeader, type Mapping } from './headers.ts'

interface WorkbookTable {
  worksheet: Worksheet
  header: Header
  /** The first rows of the worksheet. */
  rows: PreviewRow[]
  /** Rows above the table and on other worksheets. */
  rowsAround: PreviewRow[]
}

const PREVIEW_SHEETS = 30
/** Rows of other worksheets that may hold the time of the scan. */
const AROUND_ROWS = 20

/** The worksheet with the most recognised headings; prefers long ones to summaries, and the first of equals. */
export async function tableIn(workbook: Workbook, mapping?: Mapping): Promise<WorkbookTable> {
  const { table, rows } = await bestTable(workbook, mapping, findHeader)
  checkHeader(table?.header ?? null, rows, mapping)
  return table!
}

/** Like `tableIn`, but needs no id. Refuses only a workbook without any row of headings. */
export async function likelyTable(workbook: Workbook, mapping?: Mapping): Promise<WorkbookTable> {
  const found = (await bestTable(workbook, mapping, findHeader)).table
  if (found) return found
  const { table, rows } = await bestTable(workbook, mapping, likelyHeader)
  if (!table) checkHeader(null, rows, mapping)
  return table!
}

/** Without a table, the rows of the first worksheet that has any. */
async function bestTable(
  workbook: Workbook,
  mapping: Mapping | undefined,
  find: typeof findHeader,
): Promise<{ table: WorkbookTable | null; rows: PreviewRow[] }> {
  const worksheets = workbook.worksheets.slice(0, PREVIEW_SHEETS)
  const previews: PreviewRow[][] = []
  let best: { worksheet: Worksheet; header: Header; score: number } | null = null
  for (const worksheet of worksheets) {
    const rows = await firstRows(workbook, worksheet)
    previews.push(rows)
    const header = find(rows, mapping)
    if (!header) continue
    const metrics = header.columns.filter(({ role }) => role === 'metric').length
    const penalty = worksheet.hidden ? 100_000 : /summary|top|rolled|pivot|total/i.test(worksheet.name) ? 300 : 0
    const score = header.known * 1000 + metrics * 10 + rows.length - penalty - (metrics === 0 ? 200_000 : 0)
    if (!best || score > best.score) best = { worksheet, header, score }
  }
  const likely = best ? worksheets.indexOf(best.worksheet) : previews.findIndex(rows => rows.length > 0)
  const rows = previews[likely] ?? []
  if (!best) return { table: null, rows }
  const { worksheet, header } = best
  const rowsAround = previews.flatMap((rows, i) => rows.slice(0, i === likely ? header.row : AROUND_ROWS))
  return { table: { worksheet, header, rows, rowsAround }, rows }
}
