/** A list as a file, page by page, so that neither memory nor other requests feel its length. */
import { bom, csvLines } from '../../platform/files/csv.ts'

const most = 100_000 // rows
const slice = 500

type Cell = string | number | boolean | null
type Rows = (page: { limit: number; offset: number }) => Promise<readonly object[]> | readonly object[]

/** `exported('alerts', 'csv', alertSchema, page => listAlerts(db, filter, page).alerts)`. The schema's fields are the columns. */
export async function listExport(
  name: string,
  format: 'csv' | 'json',
  schema: { properties: object },
  rows: Rows,
): Promise<Response> {
  const slices = slicesOf(rows)
  const first = (await slices.next()).value ?? []
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

async function* slicesOf(rows: Rows): AsyncGenerator<readonly object[], undefined> {
  for (let offset = 0; offset < most; offset += slice) {
    const some = await rows({ limit: slice, offset })
    if (some.length) yield some
    if (some.length < slice) return
    await Bun.sleep(0)
  }
}

function csvOf(columns: readonly string[]) {
  return {
    head: bom + csvLines([columns]),
    rows: (rows: readonly object[]) => (rows.length ? csvLines(rows.map(row => cellsOf(row, columns))) : ''),
    foot: '',
  }
}

const cellsOf = (row: object, columns: readonly string[]): Cell[] => {
  const values = new Map<string, unknown>(Object.entries(row))
  return columns.map(column => cellOf(values.get(column)))
}

const cellOf = (value: unknown): Cell =>
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
