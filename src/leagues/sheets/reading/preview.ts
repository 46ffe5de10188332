/**
 * What a sheet looks like, read from its beginning only: the worksheet chosen, its headings with what each was recognised as,
 * and the first rows. A sheet that cannot be imported as it is, for example without an id, is shown too, with the reason.
 */

import { toUtf8 } from '../../../platform/spreadsheets/encoding.ts'
import { SheetRefusal } from '../../../platform/spreadsheets/refusal.ts'
import { encodingOf, fileKindOf, HEAD_BYTES } from '../../../platform/spreadsheets/sniff.ts'
import { type ByteSource, fileSource, readPiece } from '../../../platform/spreadsheets/source.ts'
import { shortened } from '../../../platform/spreadsheets/text.ts'
import { openWorkbook, type PreviewRow } from '../../../platform/spreadsheets/workbook.ts'
import { Zip } from '../../../platform/spreadsheets/zip.ts'
import { isLabel } from '../../columns.ts'
import { likelyDialect } from './dialect.ts'
import { checkHeader, type Header, type HeaderColumn, headingDoubts, headingNotes, type Mapping } from './headers.ts'
import type { SheetFormat } from './report.ts'
import { takenAtIn } from './taken-at.ts'
import { decimalsNote } from './text-cells.ts'
import {
  layoutNotesOf,
  likelyTable,
  refuseWorksheetOfText,
  type TableChoice,
  type WorksheetOption,
} from './workbook-table.ts'

/** `samples`: the first values, as they are written. */
type PreviewColumn = Pick<HeaderColumn, 'header' | 'as'> & { samples: string[] }

export type SheetPreview = {
  format: SheetFormat
  worksheet: string | null
  /** Those of a workbook that could be read. */
  worksheets: WorksheetOption[]
  header_line: number
  /** A time in ISO 8601, or a day alone. */
  takenAt: string | null
  columns: PreviewColumn[]
  /** What the uploader should know about how it is read. */
  notes: string[]
  /** Why it cannot be imported like this. */
  problem: { code: string; message: string } | null
}

export type PreviewInput = TableChoice & {
  path: string
  filename: string
  /** The file is only the beginning of one. */
  isCut: boolean
}

const SAMPLES = 5

export async function previewSheet({ path, filename, isCut, ...choice }: PreviewInput, signal?: AbortSignal) {
  const source = fileSource(path)
  try {
    const head = readPiece(source, 0, HEAD_BYTES)
    return fileKindOf(head, filename) === 'zip'
      ? await previewWorkbook(source, choice, signal)
      : previewText(head, !isCut && head.length === source.size, choice)
  } finally {
    source.close()
  }
}

function previewText(head: Uint8Array, isWhole: boolean, choice: TableChoice): SheetPreview {
  refuseWorksheetOfText(choice)
  const { mapping } = choice
  const { encoding, bomBytes } = encodingOf(head)
  const { delimiter, header, rows } = likelyDialect(
    toUtf8(head.subarray(bomBytes), encoding, isWhole),
    isWhole,
    mapping,
  )
  const takenAt = takenAtIn(rows.slice(0, header.row))
  const format = delimiter === '\t' ? 'tsv' : 'csv'
  return previewOf({ format, worksheet: null, worksheets: [], takenAt, notes: [] }, header, rows, mapping)
}

async function previewWorkbook(source: ByteSource, choice: TableChoice, signal: AbortSignal | undefined) {
  const workbook = await openWorkbook(new Zip(source, signal))
  const { worksheet, header, rows, layout, ...facts } = await likelyTable(workbook, choice)
  const preview = previewOf({ format: 'xlsx', worksheet: worksheet.name, ...facts }, header, rows, choice.mapping)
  return { ...preview, notes: [...preview.notes, ...layoutNotesOf(header, layout, ({ as }) => as !== null)] }
}

function previewOf(
  facts: Pick<SheetPreview, 'format' | 'worksheet' | 'worksheets' | 'takenAt' | 'notes'>,
  header: Header,
  rows: PreviewRow[],
  mapping: Mapping | undefined,
): SheetPreview {
  const below = rows.slice(header.row + 1, header.row + 1 + SAMPLES)
  const columns = header.columns.map(({ header, as }, i) => ({
    header,
    as,
    samples: below.map(({ cells }) => shortened((cells[i] ?? '').trim())),
  }))
  return {
    ...facts,
    header_line: header.line,
    notes: [
      ...headingNotes(header),
      ...headingDoubts(header).map(({ message }) => `${message}.`),
      ...facts.notes,
      ...rowNotes(header, rows),
    ],
    columns: columns.filter(({ header, samples }) => header !== '' || samples.some(Boolean)),
    problem: problemOf(header, rows, mapping),
  }
}

/** What the rows below the headings show besides numbers. */
function rowNotes({ row, columns }: Header, rows: PreviewRow[]): string[] {
  const below = rows.slice(row + 1)
  const hidden = below.find(row => row.hidden)
  const decimals = columns.flatMap(({ header, as }, i) =>
    as === 'id' || isLabel(as ?? '')
      ? decimalsNote(
          header,
          below.map(({ cells }) => (cells[i] ?? '').trim()),
        )
      : [],
  )
  return hidden ? [...decimals, `Hidden rows of the workbook, such as row ${hidden.line}, are read too.`] : decimals
}

function problemOf(header: Header, rows: PreviewRow[], mapping: Mapping | undefined): SheetPreview['problem'] {
  try {
    checkHeader(header.columns.some(({ as }) => as === 'id') ? header : null, rows, mapping)
    return null
  } catch (error) {
    if (error instanceof SheetRefusal) return { code: error.code, message: error.message }
    throw error
  }
}
