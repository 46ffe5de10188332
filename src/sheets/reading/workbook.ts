/** A workbook: its worksheets, what their cells refer to, and which of them holds the table. */
import { checkHeader, findHeader, type Header, type Mapping, type PreviewRow } from './headers.ts'
import { limits } from './limits.ts'
import { refuseSheet } from './refusal.ts'
import type { Source } from './source.ts'
import { StringScanner } from './strings.ts'
import { decodeUtf8, type TextColumn } from './text.ts'
import { type CellSink, type Styles, WorksheetScanner } from './worksheet.ts'
import { type Tag, tagsOf } from './xml.ts'
import { contentOf, type ZipEntry, zipEntries } from './zip.ts'

export interface Worksheet {
  name: string
  hidden: boolean
  entry: ZipEntry
}

export interface Workbook {
  source: Source
  worksheets: Worksheet[]
  strings: TextColumn
  styles: Styles
}

export interface Table {
  worksheet: Worksheet
  header: Header
  /** Rows above the table and on other worksheets. */
  around: PreviewRow[]
}

const PREVIEW_ROWS = 200
const PREVIEW_SHEETS = 30
/** Rows of other worksheets in which the time of the scan may stand. */
const AROUND_ROWS = 20
/** Of a worksheet, between two turns of others on this thread. */
const BYTES_A_TURN = 1 << 20

export async function openWorkbook(source: Source): Promise<Workbook> {
  const entries = zipEntries(source)
  const part = (path: string) => entries.get(path.toLowerCase())
  const tags = (path: string) => tagsIn(source, part(path))

  const main = relations(await tags('_rels/.rels'), '').find(({ type }) => type === 'officeDocument')?.path
  const path = main ?? 'xl/workbook.xml'
  const workbook = await tags(path)
  if (workbook[0]?.name !== 'workbook')
    refuseSheet('wrong_type', `Expected CSV, TSV or XLSX, but this is ${other(entries)}`)

  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const related = relations(await tags(`${folder}_rels/${path.slice(folder.length)}.rels`), folder)
  const worksheets = workbook
    .filter(({ name, closing }) => name === 'sheet' && !closing)
    .flatMap(({ attributes }): Worksheet[] => {
      const relation = related.find(({ id, type }) => id === attributes.get('id') && type === 'worksheet')
      const entry = relation && part(relation.path)
      return entry
        ? [{ name: attributes.get('name') ?? '', hidden: /hidden/i.test(attributes.get('state') ?? ''), entry }]
        : []
    })
  if (worksheets.length === 0) refuseSheet('no_worksheet', 'The workbook holds no worksheet')

  const pathOf = (type: string) => related.find(relation => relation.type === type)?.path ?? ''
  const properties = workbook.find(({ name }) => name === 'workbookPr')
  return {
    source,
    worksheets,
    strings: await stringsIn(source, part(pathOf('sharedStrings'))),
    styles: {
      dates: datesIn(await tags(pathOf('styles'))),
      from1904: /^(1|true)$/.test(properties?.attributes.get('date1904') ?? ''),
    },
  }
}

/** The worksheet under whose headings the most is recognised; the first of equals, and rather a long one than a summary. */
export async function tableIn(workbook: Workbook, mapping?: Mapping): Promise<Table> {
  const worksheets = workbook.worksheets.slice(0, PREVIEW_SHEETS)
  const previews: PreviewRow[][] = []
  let best: { worksheet: Worksheet; header: Header; score: number } | null = null
  for (const worksheet of worksheets) {
    const rows = await firstRows(workbook, worksheet)
    previews.push(rows)
    const header = findHeader(rows, mapping)
    if (!header) continue
    const metrics = header.columns.filter(({ role }) => role === 'metric').length
    const aside = worksheet.hidden ? 100_000 : /summary|top|rolled|pivot|total/i.test(worksheet.name) ? 300 : 0
    const score = header.known * 1000 + metrics * 10 + rows.length - aside - (metrics === 0 ? 200_000 : 0)
    if (!best || score > best.score) best = { worksheet, header, score }
  }
  const likely = best ? worksheets.indexOf(best.worksheet) : previews.findIndex(rows => rows.length > 0)
  checkHeader(best?.header ?? null, previews[likely] ?? [], mapping)
  const { worksheet, header } = best!
  const around = previews.flatMap((rows, i) => rows.slice(0, i === likely ? header.row : AROUND_ROWS))
  return { worksheet, header, around }
}

/** Feeds all cells of the worksheet to `sink`, with a break now and then that is told how many bytes of XML are read. */
export async function scanWorksheet(
  { source, strings, styles }: Workbook,
  { name, entry }: Worksheet,
  sink: CellSink,
  turn: (bytes: number) => Promise<void>,
): Promise<void> {
  const scanner = new WorksheetScanner(name, strings, styles, sink)
  let bytes = 0
  let next = BYTES_A_TURN
  for await (const piece of contentOf(source, entry)) {
    if (!scanner.done) scanner.push(piece)
    bytes += piece.length
    if (bytes < next) continue
    next = bytes + BYTES_A_TURN
    await turn(bytes)
  }
  scanner.finish()
}

async function firstRows({ source, strings, styles }: Workbook, { name, entry }: Worksheet): Promise<PreviewRow[]> {
  const rows: PreviewRow[] = []
  const set = (column: number, text: string) => {
    const { cells } = rows[rows.length - 1]!
    if (column >= limits.columns) return
    while (cells.length < column) cells.push('')
    cells[column] = text
  }
  const scanner = new WorksheetScanner(name, strings, styles, {
    row: line => rows.push({ line, cells: [] }),
    number: (column, _value, bytes, start, stop) => set(column, decodeUtf8(bytes, start, stop)),
    text: (column, bytes, start, stop) => set(column, decodeUtf8(bytes, start, stop)),
    other: (column, kind, text) => set(column, kind === 'error' ? '' : text),
    rowEnd() {},
  })
  for await (const piece of contentOf(source, entry)) {
    scanner.push(piece)
    if (scanner.done || rows.length > PREVIEW_ROWS) return rows.slice(0, PREVIEW_ROWS)
  }
  scanner.finish()
  return rows
}

async function tagsIn(source: Source, entry: ZipEntry | undefined): Promise<Tag[]> {
  if (!entry) return []
  if (entry.size > limits.part) refuseSheet('too_large', `${entry.name} is over ${limits.part >> 20} MB long`)
  const whole = new Uint8Array(entry.size)
  let at = 0
  for await (const piece of contentOf(source, entry)) {
    whole.set(piece, at)
    at += piece.length
  }
  return tagsOf(entry.name, whole)
}

async function stringsIn(source: Source, entry: ZipEntry | undefined): Promise<TextColumn> {
  const scanner = new StringScanner()
  if (entry) for await (const piece of contentOf(source, entry)) scanner.push(piece)
  return scanner.column()
}

/** What a part refers to, with paths from the root of the zip. */
function relations(tags: Tag[], folder: string): { id: string; type: string; path: string }[] {
  return tags
    .filter(({ name }) => name === 'Relationship')
    .map(({ attributes }) => ({
      id: attributes.get('Id') ?? '',
      type: /[^/]*$/.exec(attributes.get('Type') ?? '')![0],
      path: new URL(attributes.get('Target') ?? '', `zip:/${folder}`).pathname.slice(1),
    }))
}

/** By style: does its number format show a date? */
function datesIn(tags: Tag[]): boolean[] {
  const custom = new Map<string, string>()
  const dates: boolean[] = []
  let inStyles = false
  for (const { name, closing, attributes } of tags) {
    if (name === 'numFmt') custom.set(attributes.get('numFmtId') ?? '', attributes.get('formatCode') ?? '')
    else if (name === 'cellXfs') inStyles = !closing
    else if (name === 'xf' && inStyles && !closing) {
      const format = attributes.get('numFmtId') ?? '0'
      dates.push(custom.has(format) ? showsDate(custom.get(format)!) : isBuiltInDate(Number(format)))
    }
  }
  return dates
}

/** Outside of quotes, colours and conditions, a format with y, m, d, h or s. */
const showsDate = (format: string): boolean =>
  /[ymdhs]/i.test(format.replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]|"[^"]*"|\\./gi, ''))

const isBuiltInDate = (format: number): boolean =>
  (format >= 14 && format <= 22) ||
  (format >= 27 && format <= 36) ||
  (format >= 45 && format <= 47) ||
  (format >= 50 && format <= 58)

function other(entries: Map<string, ZipEntry>): string {
  const has = (pattern: RegExp) => [...entries.keys()].some(name => pattern.test(name))
  if (has(/^xl\/workbook\.bin$/)) return 'a binary .xlsb workbook; save it as .xlsx'
  if (has(/^word\//)) return 'a Word document'
  if (has(/^ppt\//)) return 'a PowerPoint presentation'
  if (has(/^index\/document\.iwa$/) || has(/^index\.zip$/)) return 'a Numbers document; export it as .xlsx'
  if (has(/^mimetype$/) && has(/^content\.xml$/)) return 'an OpenDocument file; save it as .xlsx'
  return 'a zip archive without a workbook'
}
