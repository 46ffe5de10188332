/** A whole board as a file. Written in a thread, so that neither memory nor other requests feel its length. */
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import type { Row } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import { fitsWorkbook } from '../platform/files/workbook.ts'
import { openPlaces } from '../platform/http/rate-limits.ts'
import { requestContext } from '../platform/http/request-context.ts'
import { openThread } from '../platform/process/threads.ts'
import { boardPage } from './board.ts'
import { columnsOfRow } from './columns.ts'
import { columnsToExport, exportHeading } from './export-table.ts'
import type { ExportInput, ExportTasks } from './export-worker.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'

type Format = ExportInput['format']

const types: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}
const script = new URL('./export-worker.ts', import.meta.url)
const slice = 250 // rows ranked at a time on this thread, a few milliseconds
const piece = 64 * 1024 // bytes given at a time, so that a slow reader is seen to read

type Exports = ReturnType<typeof openExports>

/** `patience`: ms that a reader may take nothing. Each export takes a thread, and up to some hundred megabytes for a very large board. */
export const openExports = (patience = 30_000) => ({
  patience,
  places: openPlaces({ all: 4, each: 2, strangers: 3 }),
})

export async function exportOf(
  app: App,
  league: League,
  asked: BoardQuery,
  format: Format,
  request: Request,
  chosen?: readonly string[],
): Promise<Response> {
  const first = { ...asked, around: undefined, page: 1 }
  const { rows, pagination, sort_by, order } = await boardPage(app, league, { ...first, limit: 1 }) // refuses what is wrong
  const query = { ...first, sort_by, order }
  if (chosen) requireColumns(chosen, columnsOfRow(rows[0]))
  const columns = columnsToExport(rows[0], chosen, kindOf(app, league).pages.isMoney)
  const heading = exportHeading(columns, rows[0])
  if (format === 'xlsx' && !fitsWorkbook(pagination.total, heading.length))
    refuse('too_large', 'The board has more rows or columns than fit into a workbook. Take it as CSV')
  const source = await kindOf(app, league).exportSource?.(app, league, query)
  const leave = app.exports.places.take(requestContext(request), 'exports')
  const input = { title: league.name, format, heading, columns, source }
  return new Response(written(input, slices(app, league, query), app.exports.patience, leave), {
    headers: {
      'content-type': types[format],
      'content-disposition': `attachment; filename="${fileName(league, format)}"`,
      'cache-control': 'no-cache',
    },
  })
}

function requireColumns(chosen: readonly string[], there: readonly string[]): void {
  const unknown = chosen.filter(column => !there.includes(column))
  if (unknown.length > 0 && there.length > 0)
    invalid('columns', `There is no column ${unknown.join(', ')}; the board has ${there.join(', ')}.`)
}

/**
 * The file as the thread writes it: a little ahead of what is taken, no more, and not begun before somebody takes. Who
 * takes nothing for too long is given up. `ended` is called once.
 */
function written(
  input: ExportInput,
  slices: AsyncGenerator<Row[]>,
  patience: number,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const thread = openThread<ExportTasks>({ name: 'export', script, data: input })
  let next: Promise<Uint8Array | undefined> | undefined
  let bytes: Uint8Array | undefined
  let at = 0 // in them
  let isOver = false
  let timer: ReturnType<typeof setTimeout>

  function end() {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    thread.stop()
    slices.return(undefined)
    ended()
  }
  function giveUp(controller: ReadableStreamDefaultController, error: unknown) {
    if (!isOver) controller.error(error)
    end()
  }
  function waitFor(controller: ReadableStreamDefaultController) {
    timer = setTimeout(giveUp, patience, controller, new Error('Nobody reads the export'))
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
          askForNext(controller) // they are made while these are taken
        }
        controller.enqueue(bytes.subarray(at, at + piece))
        at += piece
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

async function* slices(app: App, league: League, query: BoardQuery): AsyncGenerator<Row[]> {
  for (let page = 1, pages = 1; page <= pages; page++) {
    const board = await boardPage(app, league, { ...query, page, limit: slice })
    pages = board.pagination.pages
    yield board.rows
    await Bun.sleep(0)
  }
}

export const fileName = ({ id, name }: League, extension: string) =>
  `${
    name
      .normalize('NFKD')
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
