/** Exports a whole board to a file, in a thread, so that a long board costs neither memory nor time of other requests. */
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { programFile } from '../installation.ts'
import type { BoardRow } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import { fitsWorkbook } from '../platform/files/xlsx.ts'
import { openConcurrencyLimit } from '../platform/http/rate-limits.ts'
import { requestContext } from '../platform/http/request-context.ts'
import { openThread } from '../platform/process/threads.ts'
import { boardPage } from './board.ts'
import { columnsOfRow } from './columns.ts'
import { columnsToExport, exportHeading } from './export-table.ts'
import type { ExportInput, ExportTasks } from './export-worker.ts'
import { kindOf, type ReadPage } from './kinds.ts'
import type { League } from './league.ts'

type Format = ExportInput['format']

const types: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}
const script = programFile('src/leagues/export-worker.ts')
const rowsAtOnce = 250 // ranked at a time on this thread, a few milliseconds
const bytesAtOnce = 64 * 1024 // given at a time, so that a slow client that still reads is noticed

type Exports = ReturnType<typeof openExports>

/** `idleTimeoutMs`: how long a client may read nothing. Each export takes a thread, and up to a few hundred megabytes for a very large board. */
export const openExports = (idleTimeoutMs = 30_000) => ({
  idleTimeoutMs,
  concurrency: openConcurrencyLimit({ all: 4, each: 2, strangers: 3 }),
})

type Export = {
  asked: BoardQuery
  format: Format
  /** All columns without it. */
  chosen: readonly string[] | undefined
  /** Columns are headed as in the sheets, otherwise by their keys. */
  asSheet: boolean
}

export async function exportOf(
  app: App,
  league: League,
  { asked, format, chosen, asSheet }: Export,
  request: Request,
): Promise<Response> {
  const firstPage = { ...asked, around: undefined, page: 1 }
  const kind = kindOf(app, league)
  const readPage = await kind.pagesOfNow?.(app, league, firstPage)
  const first = await boardPage(app, league, { ...firstPage, limit: 1 }, readPage) // refuses an invalid query
  const { rows, headings, pagination, sort_by, order } = first
  const query = { ...firstPage, sort_by, order }
  if (chosen) requireColumns(chosen, columnsOfRow(rows[0]))
  const columns = columnsToExport(rows[0], chosen, kind.pages.isMoney)
  const heading = exportHeading(columns, rows[0], asSheet ? headings : undefined)
  if (format === 'xlsx' && !fitsWorkbook(pagination.total, heading.length))
    refuse('too_large', 'The board has more rows or columns than fit into a workbook. Use CSV instead')
  const source = await kind.exportSource?.(app, league, query)
  const release = app.exports.concurrency.take(requestContext(request), 'exports')
  const input = { title: league.name, format, heading, columns, source }
  return new Response(fileStream(input, slices(app, league, query, readPage), app.exports.idleTimeoutMs, release), {
    headers: {
      'content-type': types[format],
      'content-disposition': `attachment; filename="${exportFileName(league, format)}"`,
      'cache-control': 'no-cache',
    },
  })
}

function requireColumns(chosen: readonly string[], available: readonly string[]): void {
  const unknown = chosen.filter(column => !available.includes(column))
  if (unknown.length > 0 && available.length > 0)
    invalid('columns', `There is no column ${unknown.join(', ')}; the board has ${available.join(', ')}.`)
}

/**
 * The file as the thread writes it, at most one chunk ahead of the client, and not started before the client reads. A client that
 * reads nothing for too long is dropped. `onEnd` is called once.
 */
function fileStream(
  input: ExportInput,
  slices: AsyncGenerator<BoardRow[]>,
  idleTimeoutMs: number,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const thread = openThread<ExportTasks>({ name: 'export', script, data: input })
  let next: Promise<Uint8Array | undefined> | undefined
  let bytes: Uint8Array | undefined
  let at = 0 // position in `bytes`
  let isOver = false
  let timer: ReturnType<typeof setTimeout>

  function end() {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    thread.stop()
    slices.return(undefined)
    onEnd()
  }
  function giveUp(controller: ReadableStreamDefaultController, error: unknown) {
    if (!isOver) controller.error(error)
    end()
  }
  function waitFor(controller: ReadableStreamDefaultController) {
    timer = setTimeout(giveUp, idleTimeoutMs, controller, new Error('Nobody reads the export'))
  }
  function askForNext(controller: ReadableStreamDefaultController) {
    const failed = (error: unknown) => giveUp(controller, error)
    const giveRows = async () => thread.ask('rows', (await slices.next()).value ?? undefined)
    next = thread.ask('next', undefined, { progress: () => void giveRows().catch(failed) })
    next.catch(failed)
  }
  return new ReadableStream(
    {
      start: waitFor,
      async pull(controller) {
        clearTimeout(timer)
        if (!bytes) {
          if (!next) askForNext(controller)
          bytes = await next?.catch(() => undefined)
          if (isOver) return
          if (!bytes) {
            controller.close()
            return end()
          }
          askForNext(controller) // the next chunk is made while the client reads this one
        }
        controller.enqueue(bytes.subarray(at, at + bytesAtOnce))
        at += bytesAtOnce
        if (at >= bytes.length) {
          bytes = undefined
          at = 0
        }
        waitFor(controller)
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

async function* slices(
  app: App,
  league: League,
  query: BoardQuery,
  readPage: ReadPage | undefined,
): AsyncGenerator<BoardRow[]> {
  for (let page = 1, pages = 1; readPage && page <= pages; page++) {
    const board = await boardPage(app, league, { ...query, page, limit: rowsAtOnce }, readPage)
    pages = board.pagination.pages
    yield board.rows
    await Bun.sleep(0)
  }
}

export const exportFileName = ({ id, name }: League, extension: string) =>
  `${
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^\w-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase()
      .slice(0, 60) || 'league'
  }-${id}.${extension}`

declare module '../context.ts' {
  interface App {
    readonly exports: Exports
  }
}
