/** Which worksheet of a workbook holds the table. */
import { firstRows, type PreviewRow, type Workbook, type Worksheet } from '../../../platform/spreadsheets/workbook.ts'
import { checkHeader, findHeader, type Header, isMetric, likelyHeader, type Mapping } from './headers.ts'

interface WorkbookTable {
  worksheet: Worksheet
  header: Header
  /** The first rows of the worksheet. */
  rows: PreviewRow[]
  /** Rows above the table and on other worksheets. */
  rowsAround: PreviewRow[]
  /** What the uploader should know about the choice. */
  notes: string[]
}

type Candidate = { worksheet: Worksheet; header: Header; score: number }

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
  let best: Candidate | null = null
  const candidates: Candidate[] = []
  for (const worksheet of worksheets) {
    const rows = await firstRows(workbook, worksheet)
    previews.push(rows)
    const header = find(rows, mapping)
    if (!header) continue
    const metrics = header.columns.filter(({ as }) => isMetric(as)).length
    const penalty = worksheet.hidden ? 100_000 : /summary|top|rolled|pivot|total/i.test(worksheet.name) ? 300 : 0
    const score = header.known * 1000 + metrics * 10 + rows.length - penalty - (metrics === 0 ? 200_000 : 0)
    const candidate = { worksheet, header, score }
    candidates.push(candidate)
    if (!best || score > best.score) best = candidate
  }
  const likely = best ? worksheets.indexOf(best.worksheet) : previews.findIndex(rows => rows.length > 0)
  const rows = previews[likely] ?? []
  if (!best) return { table: null, rows }
  const { worksheet, header } = best
  const rowsAround = previews.flatMap((rows, i) => rows.slice(0, i === likely ? header.row : AROUND_ROWS))
  const notes = worksheetNotes(best, candidates)
  return { table: { worksheet, header, rows, rowsAround, notes }, rows }
}

/** Names the worksheets that look the same, as in a workbook with one for each week. */
function worksheetNotes(best: Candidate, candidates: readonly Candidate[]): string[] {
  const headings = ({ header }: Candidate) => JSON.stringify(header.columns.map(({ header }) => header))
  const same = candidates.filter(each => each !== best && !each.worksheet.hidden && headings(each) === headings(best))
  if (same.length === 0) return []
  const names = same.slice(0, 3).map(({ worksheet }) => `“${worksheet.name}”`)
  const more = same.length > 3 ? ` and ${same.length - 3} more` : ''
  return [
    `Only the worksheet “${best.worksheet.name}” is read. Others have the same headings: ${names.join(', ')}${more}. Save each as a file of its own to import it.`,
  ]
}
