/**
 * Reading sheets: a file's bytes in, typed columns out.
 *
 *   const sheet = await readSheet(path, { filename, mapping, mode, signal, onProgress })
 *
 * The path: `sniff` detects text or zip, and the encoding · `dialect` (text) or `workbook` (XLSX) finds the headings among the
 * first rows · `headers` gives each column its role · a scanner (`csv`, `worksheet`) pushes the bytes of every cell into
 * `columns` · `columns` decides what `1.234` means in each column, drops repeated ids, and checks kill points.
 *
 * There is no string and no object per row. Memory is the columns (four or eight bytes a number, plus the texts) and a few megabytes;
 * for XLSX also the workbook's shared strings. The columns are views of buffers that may be larger than they are: untouched
 * pages cost nothing.
 *
 * A file that cannot be read throws a SheetRefusal. So does one without a single good row, and in strict mode one with any
 * bad row; those two refusals carry the report. Lines are lines of the file or rows of the worksheet, counted from 1.
 */
import { setImmediate } from 'node:timers/promises'
import type { UploadDoubt } from '../../../../db/schema.ts'
import { counted, countText, firstOfText } from '../../../platform/number-text.ts'
import { toUtf8, transcoder } from '../../../platform/spreadsheets/encoding.ts'
import { encodingOf, fileKindOf, HEAD_BYTES } from '../../../platform/spreadsheets/sniff.ts'
import { type ByteSource, bytesSource, fileSource, readPiece } from '../../../platform/spreadsheets/source.ts'
import { shortened } from '../../../platform/spreadsheets/text.ts'
import { openWorkbook, scanWorksheet } from '../../../platform/spreadsheets/workbook.ts'
import { Zip } from '../../../platform/spreadsheets/zip.ts'
import { labelColumn } from '../../columns.ts'
import { ColumnWriter, type FinishedColumns } from './columns.ts'
import { CsvScanner } from './csv.ts'
import { dialectOf } from './dialect.ts'
import { type Header, type HeaderColumn, headingDoubts, headingNotes, isMetric, writtenHeadings } from './headers.ts'
import { RowsRefused, type SheetReport } from './report.ts'
import { takenAtIn } from './taken-at.ts'
import { layoutNotesOf, refuseWorksheetOfText, type TableChoice, tableIn } from './workbook-table.ts'
import { WorksheetCells } from './worksheet-cells.ts'

export interface ReadOptions extends TableChoice {
  /** The name the file came with; refused if its extension contradicts the content. */
  filename?: string
  /** In `strict` any bad row refuses the sheet; the default is `partial`. */
  mode?: 'partial' | 'strict'
  signal?: AbortSignal
  onProgress?(progress: ReadProgress): void
}

export interface ReadProgress {
  stage: 'checking file type' | 'reading' | 'checking'
  /** Of the file, or of a workbook's unpacked worksheet: read so far, and in all. */
  bytes: number
  totalBytes: number
  rows: number
}

export interface Sheet
  extends SheetReport,
    Pick<FinishedColumns, 'ids' | 'order' | 'names' | 'hasNames' | 'metrics' | 'labels' | 'lines'> {
  /** How many rows the columns have. */
  rows: number
}

/** Bytes read at a time, few enough to stay in the processor's cache; between pieces other tasks on this thread get their turn. */
const PIECE_BYTES = 1 << 17

export async function readSheet(file: string | Uint8Array | ByteSource, options: ReadOptions = {}): Promise<Sheet> {
  const source = typeof file === 'string' ? fileSource(file) : file instanceof Uint8Array ? bytesSource(file) : file
  try {
    options.signal?.throwIfAborted()
    options.onProgress?.({ stage: 'checking file type', bytes: 0, totalBytes: source.size, rows: 0 })
    const head = readPiece(source, 0, HEAD_BYTES)
    const isZip = fileKindOf(head, options.filename) === 'zip'
    return requireImportable(
      await (isZip ? readWorkbook(source, options) : readText(source, head, options)),
      options.mode,
    )
  } finally {
    source.close()
  }
}

async function readText(source: ByteSource, head: Uint8Array, options: ReadOptions): Promise<Sheet> {
  refuseWorksheetOfText(options)
  const { encoding, bomBytes } = encodingOf(head)
  const isWhole = head.length === source.size
  const { delimiter, quote, header, start, startLine, rows } = dialectOf(
    toUtf8(head.subarray(bomBytes), encoding, isWhole),
    isWhole,
    options.mapping,
  )
  const columns = new ColumnWriter(header.columns)
  const scanner = new CsvScanner(columns, delimiter.charCodeAt(0), quote.charCodeAt(0), start, startLine)
  const transcode = transcoder(encoding)
  const piece = Math.min(PIECE_BYTES, source.size + 1) // a small file costs no large buffer
  const raw = new Uint8Array(transcode ? piece : 0)
  for (let at = bomBytes, bytesRead = 1; bytesRead > 0; at += bytesRead) {
    const room = scanner.room(transcode ? piece * 3 + 6 : piece)
    do bytesRead = source.read(transcode ? raw : room, at)
    while (bytesRead === 0 && (await source.grown?.()))
    scanner.filled(transcode ? transcode(raw.subarray(0, bytesRead), room, bytesRead === 0) : bytesRead)
    reportProgress(columns, at + bytesRead, source.size, options)
    await setImmediate()
    options.signal?.throwIfAborted()
  }
  scanner.finish()
  options.onProgress?.({ stage: 'checking', bytes: source.size, totalBytes: source.size, rows: columns.rows })
  const format = delimiter === '\t' ? 'tsv' : 'csv'
  return sheetOf(columns.finish(), header, options, {
    format,
    encoding,
    delimiter,
    worksheet: null,
    takenAt: takenAtIn(rows.slice(0, header.row)),
    notes: headingNotes(header),
  })
}

async function readWorkbook(source: ByteSource, options: ReadOptions): Promise<Sheet> {
  const workbook = await openWorkbook(new Zip(source, options.signal))
  const { worksheet, header, takenAt, notes } = await tableIn(workbook, options)
  const columns = new ColumnWriter(header.columns)
  const total = worksheet.entry.size
  const cells = new WorksheetCells(columns, header.line)
  const layout = await scanWorksheet(workbook, worksheet, cells, bytes =>
    reportProgress(columns, bytes, total, options),
  )
  options.onProgress?.({ stage: 'checking', bytes: total, totalBytes: total, rows: columns.rows })
  columns.fillMergedLabels(layout.mergedCells.filter(({ fromLine }) => fromLine > header.line))
  const sheet = sheetOf(columns.finish(), header, options, {
    format: 'xlsx',
    encoding: 'utf-8',
    delimiter: null,
    worksheet: worksheet.name,
    takenAt,
    notes: [...headingNotes(header), ...notes],
  })
  const isRead = (column: HeaderColumn) => Object.hasOwn(sheet.mapping, column.header)
  return { ...sheet, notes: [...sheet.notes, ...layoutNotesOf(header, layout, isRead, cells.hiddenRows)] }
}

function reportProgress(columns: ColumnWriter, bytes: number, totalBytes: number, options: ReadOptions): void {
  columns.reserveRows(bytes / totalBytes)
  options.onProgress?.({ stage: 'reading', bytes, totalBytes, rows: columns.rows })
}

type ReadFacts = Pick<Sheet, 'format' | 'encoding' | 'delimiter' | 'worksheet' | 'takenAt' | 'notes'>

function sheetOf(finished: FinishedColumns, header: Header, { mapping }: ReadOptions, facts: ReadFacts): Sheet {
  const { errors, duplicates, suspicious, skipped, secondTable, ...columns } = finished
  const headings = writtenHeadings(header, mapping)
  for (const metric of columns.metrics) metric.heading = headings.get(metric.name)
  for (const label of columns.labels) label.heading = headings.get(labelColumn(label.name))
  const isUsed = (column: HeaderColumn): column is HeaderColumn & { as: string } =>
    column.as !== null && (!isMetric(column.as) || columns.metrics.some(({ name }) => name === column.as))
  return {
    ...facts,
    ...columns,
    notes: [...facts.notes, ...columns.notes, ...skippedNotes(columns.rowsSkipped, skipped)],
    doubts: [...headingDoubts(header), ...secondTableDoubts(secondTable, columns.rowsOk)],
    rows: columns.lines.length,
    headerLine: header.line,
    mapping: Object.fromEntries(header.columns.filter(isUsed).map(({ header, as }) => [header, as])),
    ignored: header.columns.filter(column => column.header && !isUsed(column)).map(({ header }) => header),
    errors: errors.items,
    errorCount: errors.count,
    duplicates: duplicates.items,
    duplicateCount: duplicates.count,
    suspicious: suspicious.items,
    suspiciousCount: suspicious.count,
  }
}

/** A community may have players with such ids. */
const skippedNotes = (count: number, named: readonly string[]): string[] =>
  count > 0 ? [`Left out as an example, a sum or a remark, not a player: ${firstOfText(named, count)}`] : []

const secondTableDoubts = (begin: FinishedColumns['secondTable'], of: number): UploadDoubt[] =>
  begin
    ? [
        {
          reason: 'second_table',
          count: begin.rows,
          of,
          message: `Line ${begin.line}, “${shortened(begin.value)}”, looks like the headings of a second table: ${counted(begin.rows, 'row')} below it would be read as players too`,
        },
      ]
    : []

/** Refuses a sheet that cannot be imported in this mode, and returns it otherwise. */
export function requireImportable(sheet: Sheet, mode: ReadOptions['mode']): Sheet {
  const { ids, order: _, names, hasNames, metrics, labels, lines, rows, ...report } = sheet
  const first = report.errors[0]
  const firstError = first ? `: line ${first.line}, ${first.column || 'the row'}: ${first.reason}` : ''
  if (rows === 0)
    throw new RowsRefused(
      'no_rows',
      report.rowsTotal
        ? `No row of ${countText(report.rowsTotal)} could be read${firstError}`
        : 'No rows below the headings',
      report,
    )
  if (mode === 'strict' && report.rowsBad > 0)
    throw new RowsRefused(
      'bad_rows',
      `${countText(report.rowsBad)} of ${counted(report.rowsTotal, 'row')} cannot be read${firstError}`,
      report,
    )
  return sheet
}
