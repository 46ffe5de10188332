/**
 * Reading sheets, compared with papaparse and exceljs. Every reading is a new process; it prints medians and peak memory.
 *
 *   bun scripts/bench/scan.ts [rows of CSV = 1000000] [rows of XLSX = 100000] [times = 3]
 */
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { helpFirst } from '../script-help.ts'
import { COLUMNS, makeCsv, makeXlsx } from './scan-files.ts'

helpFirst(import.meta.path, { options: ['--once'], words: 100 })

const readers: Record<string, (path: string) => Promise<number>> = {
  async fieldhouse(path) {
    const { readSheet } = await import('../../src/leagues/sheets/reading/sheet.ts')
    return (await readSheet(path)).rows
  },
  async papaparse(path) {
    const { default: Papa } = await import('papaparse')
    const columns = Array.from({ length: COLUMNS - 2 }, (): number[] => [])
    const ids: string[] = []
    const names: string[] = []
    const collect = (row: string[]) => {
      ids.push(row[0]!)
      names.push(row[1]!)
      for (let i = 2; i < COLUMNS; i++) columns[i - 2]!.push(Number(row[i]))
    }
    await new Promise<void>((resolve, reject) => {
      Papa.parse<string[]>(createReadStream(path, 'utf8'), {
        chunk: ({ data }) => data.forEach(collect),
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

interface Run {
  ms: number
  /** Processor time in ms, which is fairer on a busy machine. */
  cpu: number
  /** Peak memory of the process, in MB. */
  mb: number
  rows: number
}

/** Reads once in a separate process, which prints the result. */
async function readOnce(reader: string, path: string): Promise<Run> {
  const child = Bun.spawn([process.execPath, import.meta.path, '--once', reader, path], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  return JSON.parse(await new Response(child.stdout).text())
}

/** Peak memory of this process, in MB. */
const peak = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024

async function answerOnce(reader: string, path: string): Promise<void> {
  const before = process.cpuUsage()
  const start = performance.now()
  const rows = await readers[reader]!(path)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(before)
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
    for (let i = 0; i < times; i++) runs.push(await readOnce(name, path))
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
