/** A list as a file, page by page, so that its length costs neither memory nor time of other requests. */
import { refuse } from '../../errors.ts'
import { bom, csvLines } from '../../platform/files/csv.ts'
import { countText } from '../../platform/number-text.ts'

const maxRows = 100_000 // rows
const rowsAtOnce = 500

type ExportCell = string | number | boolean | null
type Rows = (page: { limit: number; offset: number }) => Promise<readonly object[]> | readonly object[]

/** The schema's fields are the columns. */
export async function listExport(
  name: string,
  format: 'csv' | 'json',
  schema: { properties: object },
  rows: Rows,
): Promise<Response> {
  const slices = slicesFrom(rows)
  const first = (await slices.next()).value ?? []
  if (first.length === rowsAtOnce && (await rows({ limit: 1, offset: maxRows })).length)
    refuse('too_large', `A file holds ${countText(maxRows)} rows at most: narrow the list with its filters`)
  const write = format === 'csv' ? csvOf(Object.keys(schema.properties)) : jsonOf()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(encoder.encode(write.head + write.rows(first))),
    async pull(controller) {
      const { value, done } = await slices.next()
      if (value) return controller.enqueue(encoder.encode(write.rows(value)))
      if (write.foot) controller.enqueue(encoder.encode(write.foot))
      if (done) controller.close()
    },
    cancel: () => void slices.return(undefined),
  })
  return new Response(body, {
    headers: {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json',
      'content-disposition': `attachment; filename="fieldhouse-${name}.${format}"`,
      'cache-control': 'no-store',
    },
  })
}

async function* slicesFrom(rows: Rows): AsyncGenerator<readonly object[], undefined> {
  for (let offset = 0; offset < maxRows; offset += rowsAtOnce) {
    const slice = await rows({ limit: rowsAtOnce, offset })
    if (slice.length) yield slice
    if (slice.length < rowsAtOnce) return
    await Bun.sleep(0)
  }
}

function csvOf(columns: readonly string[]) {
  return {
    head: bom + csvLines([columns]),
    rows: (rows: readonly object[]) => (rows.length ? csvLines(rows.map(row => rowCells(row, columns))) : ''),
    foot: '',
  }
}

const rowCells = (row: object, columns: readonly string[]): ExportCell[] => {
  const values = new Map<string, unknown>(Object.entries(row))
  return columns.map(column => cellOf(values.get(column)))
}

const cellOf = (value: unknown): ExportCell =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
    ? value
    : value === null || value === undefined
      ? null
      : JSON.stringify(value)

function jsonOf() {
  let written = 0
  return {
    head: '[',
    rows: (rows: readonly object[]) => rows.map(row => `${written++ ? ',' : ''}\n${JSON.stringify(row)}`).join(''),
    foot: '\n]\n',
  }
}
