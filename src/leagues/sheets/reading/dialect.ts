/** Finds out how a text file separates its fields and where its headings are, by trying dialects on the first part of the file. */

import { decodeUtf8 } from '../../../platform/spreadsheets/text.ts'
import type { PreviewRow } from '../../../platform/spreadsheets/workbook.ts'
import { checkHeader, findHeader, type Header, isMetric, likelyHeader, type Mapping } from './headers.ts'

interface Dialect {
  delimiter: ',' | ';' | '\t' | '|'
  quote: '"' | "'"
  header: Header
  /** UTF-8 bytes up to the first row below the headings, and its line. */
  start: number
  startLine: number
  /** The first rows of the file, including the headings and what is above them. */
  rows: PreviewRow[]
}

interface CsvRecord extends PreviewRow {
  end: number
  nextLine: number
}

const DELIMITERS = [',', ';', '\t', '|'] as const
const QUOTES = ["'", '"'] as const // the first wins a tie
const PREVIEW_ROWS = 200

/** The dialect under which most headings are recognised. Refuses the file where none gives an id and a metric. */
export function dialectOf(sample: Uint8Array, isWhole: boolean, mapping?: Mapping): Dialect {
  const { best, widest } = bestDialect(sample, isWhole, mapping, findHeader)
  checkHeader(best?.header ?? null, widest, mapping)
  return best!
}

/** Like `dialectOf`, but needs no id. Refuses only a file without any row of headings. */
export function likelyDialect(sample: Uint8Array, isWhole: boolean, mapping?: Mapping): Dialect {
  const withId = bestDialect(sample, isWhole, mapping, findHeader).best
  const { best, widest } = withId ? { best: withId, widest: [] } : bestDialect(sample, isWhole, mapping, likelyHeader)
  if (!best) checkHeader(null, widest, mapping)
  return best!
}

function bestDialect(sample: Uint8Array, isWhole: boolean, mapping: Mapping | undefined, find: typeof findHeader) {
  const declared = /^\uFEFF?sep=([,;\t|])\r?\n?/i.exec(decodeUtf8(sample, 0, 16))?.[1] // Excel's own hint
  let best: Dialect | null = null
  let widest: PreviewRow[] = []
  for (const delimiter of DELIMITERS) {
    if (declared && declared !== delimiter) continue
    if (delimiter !== ',' && !sample.includes(delimiter.charCodeAt(0))) continue
    for (const quote of QUOTES) {
      if (quote === "'" && !sample.includes(quote.charCodeAt(0))) continue
      const records = firstRecords(sample, delimiter, quote, isWhole)
      if (widthOf(records) > widthOf(widest)) widest = records
      const header = find(records, mapping)
      if (!header || (quote === "'" && !isQuotedBy(sample, records, header))) continue
      if (best && headerScore(best.header) >= headerScore(header)) continue
      const { end, nextLine } = records[header.row]!
      best = { delimiter, quote, header, start: end, startLine: nextLine, rows: records }
    }
  }
  return { best, widest }
}

/** Recognised headings first, then metrics found by their numbers. */
const headerScore = ({ known, columns }: Header) => known * 1000 + columns.filter(({ as }) => isMetric(as)).length
const widthOf = (rows: PreviewRow[]) => rows.reduce((max, { cells }) => Math.max(max, cells.length), 0)

/** An apostrophe quotes only where every heading is wrapped in it. */
function isQuotedBy(sample: Uint8Array, records: CsvRecord[], header: Header): boolean {
  const start = header.row === 0 ? 0 : records[header.row - 1]!.end
  const line = decodeUtf8(sample, start, records[header.row]!.end).trim()
  return line.split("'").length - 1 === header.columns.length * 2
}

/** The records a CsvScanner would find, as strings. An unfinished last one is left out unless the sample is the whole file. */
function firstRecords(bytes: Uint8Array, delimiter: string, quoteChar: string, isWhole: boolean): CsvRecord[] {
  const separator = delimiter.charCodeAt(0)
  const quote = quoteChar.charCodeAt(0)
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') // one character a byte, so slices are cheap
  const records: CsvRecord[] = []
  let p = 0
  let line = 1
  while (p < bytes.length && records.length < PREVIEW_ROWS) {
    const record: CsvRecord = { line, cells: [], end: 0, nextLine: line + 1 }
    const isBreak = (byte: number | undefined) => byte === 10 || byte === 13 || byte === undefined
    for (;;) {
      let start = p
      let stop = -1
      if (bytes[p] === quote) {
        let close = p + 1
        for (; close < bytes.length; close++) {
          if (bytes[close] !== quote) continue
          if (bytes[close + 1] !== quote) break
          close++
        }
        if (close >= bytes.length && !isWhole && records.length > 0) return records
        const after = bytes[close + 1]
        if (close < bytes.length && (after === separator || isBreak(after))) {
          stop = close
          start = p + 1
          p = close + 1
        }
      }
      if (stop < 0) {
        while (bytes[p] !== separator && !isBreak(bytes[p])) p++
        stop = p
      }
      let cell = plain.slice(start, stop)
      if (/[\x80-\xff]/.test(cell)) cell = decodeUtf8(bytes, start, stop)
      const isQuoted = p > stop
      if (isQuoted) record.nextLine += cell.match(/\r\n|\r|\n/g)?.length ?? 0
      record.cells.push(isQuoted ? cell.replaceAll(quoteChar + quoteChar, quoteChar) : cell)
      if (bytes[p] !== separator) break
      p++
    }
    if (p >= bytes.length && !isWhole) break
    p += bytes[p] === 13 && bytes[p + 1] === 10 ? 2 : 1
    record.end = Math.min(p, bytes.length)
    line = record.nextLine
    records.push(record)
  }
  return records
}
