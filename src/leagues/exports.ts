/** A whole board as a file. Written in a thread, so that neither memory nor other requests feel its length. */
import { Worker } from 'node:worker_threads'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Row } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import { fitsWorkbook } from '../platform/files/workbook.ts'
import { boardPage } from './board.ts'
import { exportColumns } from './export-table.ts'
import { type ExportSource, kindOf } from './kinds.ts'
import type { League } from './league.ts'

type Format = 'csv' | 'xlsx'

/** What the thread is begun with; without a `source` it asks for rows. */
export type ExportInput = { title: string; format: Format; columns: string[]; source: ExportSource | undefined }
/** The next rows, undefined after the last; or that the bytes sent were taken. */
export type ToExport = { rows: Row[] | undefined } | { taken: true }
/** Some bytes of the file, its end, or a question for rows. */
type FromExport = Uint8Array | 'end' | 'rows'

const types: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}
const mostAtOnce = 4 // each takes a thread, and up to some hundred megabytes for a very large board
const slice = 250 // rows ranked at a time on this thread, a few milliseconds
let running = 0

/** `request`: a question for the head alone is not worth the work. */
export async function exportOf(
  app: App,
  league: League,
  asked: BoardQuery,
  format: Format,
  { method }: Request,
): Promise<Response> {
  const first = { ...asked, around: undefined, page: 1 }
  const { rows, pagination, sort_by, order } = await boardPage(app, league, { ...first, limit: 1 }) // refuses what is wrong
  const query = { ...first, sort_by, order }
  const columns = exportColumns(rows[0])
  if (format === 'xlsx' && !fitsWorkbook(pagination.total, columns.length))
    refuse('too_large', 'The board has more rows or columns than fit into a workbook. Take it as CSV')
  const source = await kindOf(app, league).exportSource?.(app, league, query)
  if (running >= mostAtOnce) refuse('unavailable', 'Other boards are just being exported', { retryAfter: 10 })
  const input = { title: league.name, format, columns, source }
  return new Response(method === 'HEAD' ? null : written(input, slices(app, league, query)), {
    headers: {
      'content-type': types[format],
      'content-disposition': `attachment; filename="${fileName(league, format)}"`,
      'cache-control': 'no-cache',
    },
  })
}

/** The file as the thread writes it: a little ahead of what is taken, no more. */
function written(input: ExportInput, slices: AsyncGenerator<Row[]>): ReadableStream<Uint8Array> {
  const worker = new Worker(new URL('./export-worker.ts', import.meta.url), { workerData: input })
  const tell = (message: ToExport) => worker.postMessage(message)
  let sent = () => {}
  let isFirst = true
  let isOver = false
  running++
  function end() {
    if (isOver) return
    isOver = true
    running--
    worker.terminate()
    slices.return(undefined)
    sent()
  }
  return new ReadableStream({
    start(controller) {
      function failed(error: unknown) {
        if (!isOver) controller.error(error)
        end()
      }
      worker.on('error', failed)
      worker.on('exit', () => failed(new Error('The thread of an export died')))
      worker.on('message', (message: FromExport) => {
        if (isOver) return
        if (message === 'rows') {
          slices.next().then(({ value }) => tell({ rows: value ?? undefined }), failed)
        } else if (message === 'end') {
          controller.close()
          end()
        } else {
          controller.enqueue(message)
          sent()
        }
      })
    },
    pull: () =>
      new Promise<void>(resolve => {
        sent = resolve
        if (!isFirst) tell({ taken: true })
        isFirst = false
      }),
    cancel: end,
  })
}

async function* slices(app: App, league: League, query: BoardQuery): AsyncGenerator<Row[]> {
  for (let page = 1, pages = 1; page <= pages; page++) {
    const board = await boardPage(app, league, { ...query, page, limit: slice })
    pages = board.pagination.pages
    yield board.rows
    await Bun.sleep(0)
  }
}

const fileName = ({ id, name }: League, extension: string) =>
  `${
    name
      .normalize('NFKD')
      .replace(/[^\w-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase()
      .slice(0, 60) || 'league'
  }-${id}.${extension}`
