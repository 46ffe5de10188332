/** Files for benches: scans of any length in fifteen columns, of which all but the first two hold numbers. */
import { join } from 'node:path'
import { governors, grown, rokTrackerHeaders, rokTrackerRow } from '../../test/fixtures/sheets/scans.ts'
import { columnLetters, workbookParts, xmlEscaped } from '../../test/fixtures/sheets/workbook.ts'
import { zip } from '../../test/fixtures/sheets/zip.ts'
import { randomFrom } from '../random.ts'

export const COLUMNS = 15
const BATCH = 10_000

/** The smallest style sheet that other readers accept. */
const plainStyles = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts><font/></fonts><fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/></cellXfs></styleSheet>`

type Row = (string | number)[]

/** `growth`: how many times every player has gained since the first scan. */
function* batches(rows: number, columns = COLUMNS, growth = 0): Generator<Row[]> {
  const random = randomFrom(1)
  for (let from = 0; from < rows; from += BATCH)
    yield governors(Math.min(BATCH, rows - from), random).map((governor, i) => {
      const gain = (column: number) => growth * (1 + (((from + i) * 7_919 + column) % 9_973))
      const row = rokTrackerRow(growth ? grown(governor, gain) : governor).slice(0, columns)
      row[0] = 10_000_000 + (from + i) * 7
      row[1] = `Governor ${from + i}${i % 3 === 0 ? ' 白鸟' : ''}`
      return row
    })
}

/** With `isLabelled`, the last column is the alliance. */
export async function makeCsv(path: string, rows: number, { isLabelled = false, growth = 0 } = {}): Promise<void> {
  const columns = isLabelled ? rokTrackerHeaders.length : COLUMNS
  const file = Bun.file(path).writer()
  file.write(`${rokTrackerHeaders.slice(0, columns).join(',')}\n`)
  for (const batch of batches(rows, columns, growth)) {
    file.write(batch.map(row => `${row.join(',')}\n`).join(''))
    await file.flush()
  }
  await file.end()
}

export async function makeXlsx(path: string, rows: number, growth = 0): Promise<void> {
  const cells = (row: Row, line: number) =>
    row.map((value, column) => {
      const address = columnLetters(column) + line
      return typeof value === 'string'
        ? `<c r="${address}" t="s"><v>${text(value)}</v></c>`
        : `<c r="${address}"><v>${value}</v></c>`
    })
  const texts: string[] = []
  const text = (value: string) => texts.push(`<si><t>${xmlEscaped(value)}</t></si>`) - 1
  const row = (values: Row, line: number) => `<row r="${line}" spans="1:15">${cells(values, line).join('')}</row>`
  const xml = [
    Buffer.from(
      `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${row(rokTrackerHeaders.slice(0, COLUMNS), 1)}`,
    ),
  ]
  let line = 1
  for (const batch of batches(rows, COLUMNS, growth))
    xml.push(Buffer.from(batch.map(values => row(values, ++line)).join('')))
  xml.push(Buffer.from('</sheetData></worksheet>'))
  const parts = workbookParts([{ name: 'Scan', rows: [] }], plainStyles).map(part => {
    if (part.name === 'xl/worksheets/sheet1.xml') return { ...part, content: Buffer.concat(xml) }
    return part.name === 'xl/sharedStrings.xml'
      ? {
          ...part,
          content: `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">${texts.join('')}</sst>`,
        }
      : part
  })
  await Bun.write(path, zip(parts))
}

export type Scans = ReturnType<typeof scansIn>

/** A series of scans of the same players, each made on first use; number 0 is the baseline. */
export function scansIn(folder: string, rows: number, extension: 'csv' | 'xlsx') {
  const files = new Map<number, Promise<string>>()
  async function makeScan(n: number) {
    const path = join(folder, `scan-${rows}-${n}.${extension}`)
    await (extension === 'csv' ? makeCsv(path, rows, { growth: n }) : makeXlsx(path, rows, n))
    return path
  }
  return (n: number): Promise<string> => {
    const path = files.get(n) ?? makeScan(n)
    files.set(n, path)
    return path
  }
}
