/** A whole board as a file. Read page by page, so that neither memory nor other requests feel its length. */
import Papa from 'papaparse'
import type { App } from '../context.ts'
import type { Row } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import { boardPage } from './board.ts'
import type { League } from './league.ts'

const slice = 250 // rows ranked and written at a time, a few milliseconds

async function* rowsOf(app: App, league: League, query: BoardQuery): AsyncGenerator<Row[]> {
  for (let page = 1, pages = 1; page <= pages; page++) {
    const board = await boardPage(app, league, { ...query, page, limit: slice })
    pages = board.pagination.pages
    yield board.rows
    await Bun.sleep(0)
  }
}

const columnsOf = (row: Row | undefined) => [
  'rank',
  'change',
  'player_id',
  'name',
  'score',
  ...(row && 'tier' in row ? ['tier'] : []),
  ...Object.keys(row?.metrics ?? {}),
  ...Object.keys(row?.gains ?? {}).map(metric => `${metric}_gain`),
]
type Cell = string | number | null
const cellsOf = (row: Row): Cell[] => [
  row.rank,
  row.change,
  row.player_id,
  row.name,
  row.score,
  ...('tier' in row ? [row.tier ?? null] : []),
  ...Object.values(row.metrics),
  ...Object.values(row.gains ?? {}),
]

const fileName = ({ id, name }: League, extension: string) =>
  `${
    name
      .normalize('NFKD')
      .replace(/[^\w-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase()
      .slice(0, 60) || 'league'
  }-${id}.${extension}`

const download = (league: League, extension: string, type: string) => ({
  'content-type': type,
  'content-disposition': `attachment; filename="${fileName(league, extension)}"`,
  'cache-control': 'no-cache',
})

/** Cells that a spreadsheet would take for a formula are written as text. */
export async function csvOf(app: App, league: League, query: BoardQuery): Promise<Response> {
  const slices = rowsOf(app, league, query)
  const first = (await slices.next()).value ?? []
  const encoder = new TextEncoder()
  const lines = (rows: Cell[][]) =>
    encoder.encode(`${Papa.unparse(rows, { escapeFormulae: true, newline: '\r\n' })}\r\n`)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode('\uFEFF')) // else Excel takes it for another encoding
      controller.enqueue(lines([columnsOf(first[0]), ...first.map(cellsOf)]))
    },
    async pull(controller) {
      const { value, done } = await slices.next()
      if (done) controller.close()
      else if (value.length) controller.enqueue(lines(value.map(cellsOf)))
    },
    cancel: () => void slices.return(undefined),
  })
  return new Response(body, { headers: download(league, 'csv', 'text/csv; charset=utf-8') })
}

/** Written by exceljs in a thread of its own: it takes seconds for a large board. Text cells are never formulas. */
export async function xlsxOf(app: App, league: League, query: BoardQuery, signal: AbortSignal): Promise<Response> {
  const worker = new Worker(new URL('./xlsx-worker.ts', import.meta.url).href)
  try {
    const file = Promise.withResolvers<ArrayBuffer>()
    worker.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => file.resolve(data)
    worker.onerror = event => file.reject(new Error(event.message))
    let isFirst = true
    for await (const rows of rowsOf(app, league, query)) {
      signal.throwIfAborted()
      if (isFirst) worker.postMessage({ title: league.name, columns: columnsOf(rows[0]) })
      isFirst = false
      worker.postMessage({ rows: rows.map(cellsOf) })
    }
    worker.postMessage({ end: true })
    const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
    return new Response(await file.promise, { headers: download(league, 'xlsx', type) })
  } finally {
    worker.terminate()
  }
}
