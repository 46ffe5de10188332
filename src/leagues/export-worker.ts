/** Writes a whole board as a file, in a thread of its own for each export, as fast as its bytes are taken. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Row } from '../leaderboard/page.ts'
import { bom, csvLines } from '../platform/files/csv.ts'
import { type Cell, workbookOf } from '../platform/files/workbook.ts'
import { exportCells } from './export-table.ts'
import type { ExportInput, ToExport } from './exports.ts'

const { title, format, columns, source }: ExportInput = workerData

let given: (rows: Row[] | undefined) => void = () => {}
let taken: () => void = () => {}
parentPort?.on('message', (message: ToExport) => ('rows' in message ? given(message.rows) : taken()))

/** Rows that the HTTP thread reads, asked for slice by slice. */
async function* readThere(): AsyncGenerator<Row[]> {
  for (;;) {
    const answer = new Promise<Row[] | undefined>(resolve => {
      given = resolve
    })
    parentPort?.postMessage('rows')
    const rows = await answer
    if (!rows) return
    yield rows
  }
}

async function* readHere(module: string, input: unknown): AsyncGenerator<Row[]> {
  const { slices }: { slices(input: unknown): Iterable<Row[]> } = await import(module)
  yield* slices(input)
}

async function* cells(): AsyncGenerator<Cell[][]> {
  for await (const rows of source ? readHere(source.module, source.input) : readThere()) yield rows.map(exportCells)
}

async function* csv(): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode(bom + csvLines([columns]))
  for await (const rows of cells()) if (rows.length) yield encoder.encode(csvLines(rows))
}

for await (const bytes of format === 'csv' ? csv() : workbookOf(title, columns, cells())) {
  const isTaken = new Promise<void>(resolve => {
    taken = resolve
  })
  parentPort?.postMessage(bytes)
  await isTaken
}
parentPort?.postMessage('end')
