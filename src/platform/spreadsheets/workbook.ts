/** A workbook: its worksheets and what their cells refer to. */

import type { Layout } from './layout.ts'
import { sheetLimits } from './limits.ts'
import { refuseSheet } from './refusal.ts'
import { StringScanner } from './shared-strings.ts'
import { type CellTexts, decodeUtf8 } from './text.ts'
import { type CellSink, type Styles, WorksheetScanner } from './worksheet.ts'
import { type Tag, tagsOf } from './xml.ts'
import type { Zip, ZipEntry } from './zip.ts'

/** One of the first rows of a sheet, as text. */
export interface PreviewRow {
  line: number
  cells: string[]
  hidden?: boolean
}

export interface Worksheet {
  name: string
  hidden: boolean
  entry: ZipEntry
}

export interface Workbook {
  zip: Zip
  worksheets: Worksheet[]
  strings: CellTexts
  styles: Styles
}

const PREVIEW_ROWS = 200
/** Bytes of a worksheet between two calls of `onRead`. */
const REPORT_EVERY_BYTES = 1 << 20

export async function openWorkbook(zip: Zip): Promise<Workbook> {
  const root = relations(await tagsIn(zip, '_rels/.rels', ['Relationship']), '')
  const path = root.find(({ type }) => type === 'officeDocument')?.path ?? 'xl/workbook.xml'
  const workbook = await tagsIn(zip, path, ['workbook', 'workbookPr', 'sheet'])
  if (workbook[0]?.name !== 'workbook')
    refuseSheet('wrong_type', `Expected CSV, TSV or XLSX, but this is ${describeZip(zip)}`)

  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const related = relations(
    await tagsIn(zip, `${folder}_rels/${path.slice(folder.length)}.rels`, ['Relationship']),
    folder,
  )
  const worksheets = workbook
    .filter(({ name, closing }) => name === 'sheet' && !closing)
    .flatMap(({ attributes }): Worksheet[] => {
      const relation = related.find(({ id, type }) => id === attributes.get('id') && type === 'worksheet')
      const entry = relation && zip.entry(relation.path)
      return entry
        ? [{ name: attributes.get('name') ?? '', hidden: /hidden/i.test(attributes.get('state') ?? ''), entry }]
        : []
    })
  if (worksheets.length === 0) refuseSheet('no_worksheet', 'The workbook holds no worksheet')

  const pathOf = (type: string) => related.find(relation => relation.type === type)?.path ?? ''
  const properties = workbook.find(({ name }) => name === 'workbookPr')
  return {
    zip,
    worksheets,
    strings: await stringsIn(zip, pathOf('sharedStrings')),
    styles: {
      shows: stylesIn(await tagsIn(zip, pathOf('styles'), ['numFmt', 'cellXfs', 'xf'])),
      from1904: /^(1|true)$/.test(properties?.attributes.get('date1904') ?? ''),
    },
  }
}

/** Feeds all cells of the worksheet to `sink`, and reports now and then how many bytes of XML are read. */
export async function scanWorksheet(
  { zip, strings, styles }: Workbook,
  { name, entry }: Worksheet,
  sink: CellSink,
  onRead: (bytes: number) => void,
): Promise<Layout> {
  const scanner = new WorksheetScanner(name, strings, styles, sink)
  let bytes = 0
  let next = REPORT_EVERY_BYTES
  for await (const piece of zip.content(entry)) {
    if (!scanner.done) scanner.push(piece)
    bytes += piece.length
    if (bytes < next) continue
    next = bytes + REPORT_EVERY_BYTES
    onRead(bytes)
  }
  scanner.finish()
  return scanner
}

/** The first `max` rows of a worksheet that hold anything, with their cells as text. Of a longer one, merged cells are not known. */
export async function firstRows(
  { zip, strings, styles }: Workbook,
  { name, entry }: Worksheet,
  max = PREVIEW_ROWS,
): Promise<{ rows: PreviewRow[]; layout: Layout }> {
  const rows: PreviewRow[] = []
  let length = 0
  const setCell = (column: number, text: string) => {
    const { cells } = rows[rows.length - 1]!
    if (column >= sheetLimits.columns) return
    length += text.length
    if (length > sheetLimits.firstRows)
      refuseSheet('too_large', `The worksheet "${name}" begins with over ${sheetLimits.firstRows >> 20} MB of text`)
    while (cells.length < column) cells.push('')
    cells[column] = text
  }
  const scanner = new WorksheetScanner(name, strings, styles, {
    row: (line, hidden) => rows.push({ line, cells: [], hidden }),
    number: (column, _value, bytes, start, stop) => setCell(column, decodeUtf8(bytes, start, stop)),
    text: (column, bytes, start, stop) => setCell(column, decodeUtf8(bytes, start, stop)),
    other: (column, kind, text) => setCell(column, kind === 'error' ? '' : text),
    rowEnd() {
      if (rows.at(-1)?.cells.every(cell => !cell.trim())) rows.pop()
    },
  })
  for await (const piece of zip.content(entry, { readToEnd: false })) {
    scanner.push(piece)
    if (scanner.done || rows.length > max) return { rows: rows.slice(0, max), layout: scanner }
  }
  scanner.finish()
  return { rows, layout: scanner }
}

async function tagsIn(zip: Zip, path: string, names: string[]): Promise<Tag[]> {
  const entry = zip.entry(path)
  if (!entry) return []
  if (entry.size > sheetLimits.part) refuseSheet('too_large', `${entry.name} is over ${sheetLimits.part >> 20} MB long`)
  const content = new Uint8Array(entry.size)
  let at = 0
  for await (const piece of zip.content(entry)) {
    content.set(piece, at)
    at += piece.length
  }
  return tagsOf(entry.name, content, names)
}

async function stringsIn(zip: Zip, path: string): Promise<CellTexts> {
  const scanner = new StringScanner()
  const entry = zip.entry(path)
  if (entry) for await (const piece of zip.content(entry)) scanner.push(piece)
  scanner.finish()
  return scanner.column()
}

/** What a part refers to, with paths from the root of the zip. */
function relations(tags: Tag[], folder: string): { id: string; type: string; path: string }[] {
  return tags.map(({ attributes }) => ({
    id: attributes.get('Id') ?? '',
    type: lastSegment(attributes.get('Type') ?? ''),
    path: resolvePath(attributes.get('Target') ?? '', folder),
  }))
}

const lastSegment = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** A path as one part gives it for another: from the root, or from its own folder. */
function resolvePath(target: string, folder: string): string {
  const path: string[] = []
  for (const step of (target.startsWith('/') ? target : folder + target).split('/'))
    if (step === '..') path.pop()
    else if (step !== '' && step !== '.') path.push(step)
  return path.join('/')
}

/** For each style, what its number format shows. */
function stylesIn(tags: Tag[]): Styles['shows'] {
  const custom = new Map<string, string>()
  const shows: Styles['shows'] = []
  let inStyles = false
  for (const { name, closing, attributes } of tags) {
    if (name === 'numFmt') custom.set(attributes.get('numFmtId') ?? '', attributes.get('formatCode') ?? '')
    else if (name === 'cellXfs') inStyles = !closing
    else if (name === 'xf' && inStyles && !closing) {
      const format = attributes.get('numFmtId') ?? '0'
      shows.push(custom.has(format) ? shownBy(custom.get(format)!.slice(0, 255)) : shownByBuiltIn(Number(format)))
    }
  }
  return shows
}

/** Outside of quotes, colours and conditions, y, m, d, h or s show a date. */
function shownBy(format: string): Styles['shows'][number] {
  const plain = format.replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]|"[^"]*"|\\./gi, '')
  return /[ymdhs]/i.test(plain) ? 'date' : plain.includes('%') ? 'percent' : undefined
}

function shownByBuiltIn(format: number): Styles['shows'][number] {
  if (format === 9 || format === 10) return 'percent'
  const isDate =
    (format >= 14 && format <= 22) ||
    (format >= 27 && format <= 36) ||
    (format >= 45 && format <= 47) ||
    (format >= 50 && format <= 58)
  return isDate ? 'date' : undefined
}

function describeZip({ entries }: Zip): string {
  const has = (pattern: RegExp) => [...entries.keys()].some(name => pattern.test(name))
  if (has(/^xl\/workbook\.bin$/)) return 'a binary .xlsb workbook; save it as .xlsx'
  if (has(/^word\//)) return 'a Word document'
  if (has(/^ppt\//)) return 'a PowerPoint presentation'
  if (has(/^index\/document\.iwa$/) || has(/^index\.zip$/)) return 'a Numbers document; export it as .xlsx'
  if (has(/^mimetype$/) && has(/^content\.xml$/)) return 'an OpenDocument file; save it as .xlsx'
  return 'a zip archive without a workbook; unpack it first'
}
