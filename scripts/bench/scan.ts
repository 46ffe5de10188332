/**
 * Reading sheets beside papaparse and exceljs. Every reading has a fresh process; shown are medians and the peak of memory.
 *
 *   bun scripts/bench/scan.ts [rows of CSV = 1000000] [rows of XLSX = 100000] [times = 3]
 */
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../test/fixtures/sheets/random.ts'
import { governors, rokTrackerHeaders, rokTrackerRow } from '../../test/fixtures/sheets/scans.ts'
import { columnLetters, escaped, workbookParts } from '../../test/fixtures/sheets/workbook.ts'
import { zip } from '../../test/fixtures/sheets/zip.ts'

/** Fifteen columns, all but the first two of numbers. */
const COLUMNS = 15
const BATCH = 10_000

type Row = (string | number)[]

const readers: Record<string, (path: string) => Promise<number>> = {
  async fieldhouse(path) {
    const { readSheet } = await import('../../src/sheets/reading/sheet.ts')
    return (await readSheet(path)).rows
  },
  async papaparse(path) {
    const { default: Papa } = await import('papaparse')
    const columns = Array.from({ length: COLUMNS - 2 }, (): number[] => [])
    const ids: string[] = []
    const names: string[] = []
    const take = (row: string[]) => {
      ids.push(row[0]!)
      names.push(row[1]!)
      for (let i = 2; i < COLUMNS; i++) columns[i - 2]!.push(Number(row[i]))
    }
    await new Promise<void>((resolve, reject) => {
      Papa.parse<string[]>(createReadStream(path, 'utf8'), {
        chunk: ({ data }) => data.forEach(take),
        complete: () => resolve(),
        error: reject,
        skipEmptyLines: true,
      })
    })
    return ids.length - 1
  },
  async exceljs(path) {
    const { default: ExcelJS } = await import('exceljs')
    const columns = Array.from({ length: COLUMNS - 2 }, (): number[] => [])
    const ids: string[] = []
    for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader(path, {}))
      for await (const row of sheet) {
        ids.push(row.getCell(1).text)
        for (let i = 2; i < COLUMNS; i++) columns[i - 2]!.push(Number(row.getCell(i + 1).value))
      }
    return ids.length - 1
  },
}

function* batches(rows: number): Generator<Row[]> {
  const r = random(1)
  for (let from = 0; from < rows; from += BATCH)
    yield governors(Math.min(BATCH, rows - from), r).map((governor, i) => {
      const row = rokTrackerRow(governor).slice(0, COLUMNS)
      row[0] = 10_000_000 + (from + i) * 7
      row[1] = `Governor ${from + i}${i % 3 === 0 ? ' 白鸟' : ''}`
      return row
    })
}

async function makeCsv(path: string, rows: number): Promise<void> {
  const file = Bun.file(path).writer()
  file.write(`${rokTrackerHeaders.slice(0, COLUMNS).join(',')}\n`)
  for (const batch of batches(rows)) {
    file.write(batch.map(row => `${row.join(',')}\n`).join(''))
    await file.flush()
  }
  await file.end()
}

async function makeXlsx(path: string, rows: number): Promise<void> {
  const cells = (row: Row, line: number) =>
    row.map((value, column) => {
      const address = columnLetters(column) + line
      return typeof value === 'string'
        ? `<c r="${address}" t="s"><v>${text(value)}</v></c>`
        : `<c r="${address}"><v>${value}</v></c>`
    })
  const texts: string[] = []
  const text = (value: string) => texts.push(`<si><t>${escaped(value)}</t></si>`) - 1
  const row = (values: Row, line: number) => `<row r="${line}" spans="1:15">${cells(values, line).join('')}</row>`
  const xml = [Buffer.from(`<worksheet><sheetData>${row(rokTrackerHeaders.slice(0, COLUMNS), 1)}`)]
  let line = 1
  for (const batch of batches(rows)) xml.push(Buffer.from(batch.map(values => row(values, ++line)).join('')))
  xml.push(Buffer.from('</sheetData></worksheet>'))
  const parts = workbookParts([{ name: 'Scan', rows: [] }]).map(part => {
    if (part.name === 'xl/worksheets/sheet1.xml') return { ...part, content: Buffer.concat(xml) }
    return part.name === 'xl/sharedStrings.xml' ? { ...part, content: `<sst>${texts.join('')}</sst>` } : part
  })
  await Bun.write(path, zip(parts))
}

interface Run {
  ms: number
  /** Milliseconds of all processors; on a busy machine the fairer number. */
  cpu: number
  /** The most memory the process ever held. */
  mb: number
  rows: number
}

/** One reading in a process of its own, which answers on its standard output. */
async function once(reader: string, path: string): Promise<Run> {
  const child = Bun.spawn([process.execPath, import.meta.path, '--once', reader, path], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  return JSON.parse(await new Response(child.stdout).text())
}

/** The most memory this process ever held, in MB. */
const peak = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024

async function answerOnce(reader: string, path: string): Promise<void> {
  const used = process.cpuUsage()
  const start = performance.now()
  const rows = await readers[reader]!(path)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, rows, mb: peak() }))
}

async function compare(path: string, rows: number, names: string[], times: number): Promise<void> {
  const size = statSync(path).size / 1e6
  console.log(
    `\n${rows.toLocaleString('en')} rows × ${COLUMNS} columns, ${path.split('.').at(-1)}, ${size.toFixed(0)} MB`,
  )
  let ours: { ms: number; cpu: number } | null = null
  console.log(' '.repeat(12), ...['time', 'processor', 'memory', 'time', 'processor'].map(cell => cell.padStart(10)))
  for (const name of names) {
    const runs: Run[] = []
    for (let i = 0; i < times; i++) runs.push(await once(name, path))
    if (runs.some(run => run.rows !== rows)) throw new Error(`${name} read ${runs[0]!.rows} rows of ${rows}`)
    const median = (pick: 'ms' | 'cpu' | 'mb') => runs.map(run => run[pick]).sort((a, b) => a - b)[times >> 1]!
    const [ms, cpu] = [median('ms'), median('cpu')]
    ours ??= { ms, cpu }
    const cells = [`${ms.toFixed(0)} ms`, `${cpu.toFixed(0)} ms`, `${median('mb').toFixed(0)} MB`]
    const ratios = name === names[0] ? [] : [`${(ms / ours.ms).toFixed(1)} ×`, `${(cpu / ours.cpu).toFixed(1)} ×`]
    console.log(name.padEnd(12), ...[...cells, ...ratios].map(cell => cell.padStart(10)))
  }
}

async function main(csvRows: number, xlsxRows: number, times: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
  try {
    const csv = join(folder, 'scan.csv')
    await makeCsv(csv, csvRows)
    await compare(csv, csvRows, ['fieldhouse', 'papaparse'], times)
    const xlsx = join(folder, 'scan.xlsx')
    await makeXlsx(xlsx, xlsxRows)
    await compare(xlsx, xlsxRows, xlsxRows > 300_000 ? ['fieldhouse'] : ['fieldhouse', 'exceljs'], times)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [first = '', second = '', third = ''] = process.argv.slice(2)
if (first === '--once') await answerOnce(second, third)
else await main(Number(first || 1_000_000), Number(second || 100_000), Number(third || 3))
