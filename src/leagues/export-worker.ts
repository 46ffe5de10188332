/** Writes a whole board to a file, in one thread per export, as fast as the client reads. */
import { workerData } from 'node:worker_threads'
import type { BoardRow } from '../leaderboard/page.ts'
import { bom, csvLines } from '../platform/files/csv.ts'
import { type Cell, workbookOf } from '../platform/files/xlsx.ts'
import { answerTasks, type ThreadWork } from '../platform/process/threads.ts'
import { exportCells } from './export-table.ts'
import type { ExportSource } from './kinds.ts'

/** What the thread starts with; without a `source` it asks for rows. */
export type ExportInput = {
  title: string
  format: 'csv' | 'xlsx'
  heading: string[]
  columns: readonly string[]
  source: ExportSource | undefined
}
export type ExportTasks = typeof tasks

const { title, format, heading, columns, source }: ExportInput = workerData

/** While no call waits for bytes nobody can be asked: the next call does, as the archive reads ahead of them. */
let areRowsWanted = false
const wantRows = () => {
  areRowsWanted = true
}
let askForRows = wantRows
let receiveRows: (rows: BoardRow[] | undefined) => void = () => {}

const tasks = {
  /** The next bytes of the file, undefined after the last. Its progress event asks for rows. */
  async next(_: undefined, { progress }: ThreadWork): Promise<Uint8Array | undefined> {
    askForRows = () => progress('rows')
    if (areRowsWanted) askForRows()
    areRowsWanted = false
    const { value } = await fileBytes.next()
    askForRows = wantRows
    return value
  },
  /** The next rows, undefined after the last. */
  rows: (rows: BoardRow[] | undefined) => receiveRows(rows),
}
answerTasks(tasks, work => work)

/** Rows read by the HTTP thread, asked for slice by slice. */
async function* rowsFromHttpThread(): AsyncGenerator<BoardRow[]> {
  for (;;) {
    const answer = new Promise<BoardRow[] | undefined>(resolve => {
      receiveRows = resolve
    })
    askForRows()
    const rows = await answer
    if (!rows) return
    yield rows
  }
}

async function* rowsFromSource(module: string, input: unknown): AsyncGenerator<BoardRow[]> {
  const { slices }: { slices(input: unknown): Iterable<BoardRow[]> } = await import(module)
  yield* slices(input)
}

async function* cells(): AsyncGenerator<Cell[][]> {
  const cellsOf = exportCells(columns)
  for await (const rows of source ? rowsFromSource(source.module, source.input) : rowsFromHttpThread())
    yield rows.map(cellsOf)
}

async function* csv(): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder()
  yield encoder.encode(bom + csvLines([heading]))
  for await (const rows of cells()) if (rows.length) yield encoder.encode(csvLines(rows))
}

const fileBytes: AsyncGenerator<Uint8Array, undefined> = format === 'csv' ? csv() : workbookOf(title, heading, cells())
