/** Reads a worksheet's cells straight from the bytes of its XML. */
import type { Layout, MergedCell, WideCell } from './layout.ts'
import { sheetLimits } from './limits.ts'
import { type CellTexts, decodeUtf8 } from './text.ts'
import { EQUALS, GT, LT, SLASH, writeUnescaped, XmlScanner } from './xml.ts'

/** What a cell is that is neither a number nor a text. */
export type OtherKind = 'date' | 'boolean' | 'error' | 'formula'

export interface CellSink {
  row(line: number, hidden: boolean): void
  /** A number, and how the XML writes it. */
  number(column: number, value: number, bytes: Uint8Array, start: number, stop: number): void
  text(column: number, bytes: Uint8Array, start: number, stop: number): void
  /** `formula` is one whose result is not stored. */
  other(column: number, kind: OtherKind, text: string): void
  rowEnd(): void
}

export interface Styles {
  /** By style: what its number format shows besides plain numbers. */
  shows: ('date' | 'percent' | undefined)[]
  /** Days are counted from 1904, as old Macs did. */
  from1904: boolean
}

/** Types of cells by their `t`. */
const NUMBER = 0
const SHARED_TEXT = 115 // s
const TEXT = 116 // str
const INLINE_TEXT = 105 // inlineStr
const BOOLEAN = 98 // b
const ERROR = 101 // e
const DATE = 100 // d

const LAST_ROW = 1_048_576
const LAST_COLUMN = 16_384

const columnOfLetters = (letters: string) =>
  [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1

export class WorksheetScanner extends XmlScanner implements Layout {
  /** What follows says nothing of cells. */
  done = false
  readonly mergedCells: MergedCell[] = []
  readonly wideCells: WideCell[] = []
  private readonly hiddenColumns: { from: number; to: number }[] = []
  private isInData = false
  private hasAllRows = false
  private isRowOpen = false
  private line = 0
  /** Digits of the row's number from `rowFrom` on: the addresses of its cells repeat them. */
  private readonly rowDigits = new Uint8Array(7)
  private rowFrom = 0
  private column = -1
  /** The column of the address read last. */
  private addressColumn = 0
  private text = new Uint8Array(1 << 12)

  constructor(
    name: string,
    private readonly strings: CellTexts,
    private readonly styles: Styles,
    private readonly sink: CellSink,
  ) {
    super(`The worksheet "${name}"`)
  }

  override finish(): void {
    super.finish()
    if (!this.hasAllRows) this.refuse('corrupt', 'is cut off')
  }

  isHiddenColumn(column: number): boolean {
    return this.hiddenColumns.some(({ from, to }) => column >= from && column <= to)
  }

  protected scan(): void {
    const { buffer, end } = this
    let p = this.at
    while (!this.done) {
      while (buffer[p] !== LT) p++
      this.at = Math.min(p, end)
      if (p >= end) return
      // <c …> without a prefix, as nearly all cells are written.
      const third = buffer[p + 2]!
      if (buffer[p + 1] === 99 && this.isRowOpen && (third === 32 || third === GT || third === SLASH)) {
        p = this.readCell(p)
        if (p < 0) return
        continue
      }
      const next = this.readTag(p)
      if (next < 0) return
      if (this.isRowOpen && !this.closing && this.isNamed('c')) {
        p = this.readCell(p)
        if (p < 0) return
        continue
      }
      if (this.isInData && this.isNamed('row')) this.rowTag(p, next)
      else if (this.isNamed('sheetData')) {
        this.isInData = !this.closing && !this.selfClosing
        this.hasAllRows = !this.isInData
      } else if (!this.isInData) this.layoutTag()
      p = next
    }
    this.at = end
  }

  private layoutTag(): void {
    if (this.closing) this.done = this.hasAllRows && (this.isNamed('mergeCells') || this.isNamed('worksheet'))
    else if (this.isNamed('col')) {
      const attributes = this.attributes()
      if (/^(1|true)$/.test(attributes.get('hidden') ?? ''))
        this.keep(
          this.hiddenColumns,
          { from: Number(attributes.get('min')) - 1, to: Number(attributes.get('max')) - 1 },
          'hidden columns',
        )
    } else if (this.isNamed('mergeCell')) {
      const [, letters = '', from, toLetters = '', to] =
        /^([A-Z]+)(\d+):([A-Z]+)(\d+)$/.exec(this.attributes().get('ref') ?? '') ?? []
      const column = columnOfLetters(letters)
      if (from !== to)
        this.keep(this.mergedCells, { column, fromLine: Number(from), toLine: Number(to) }, 'merged cells')
      else if (this.wideCells.length < sheetLimits.tags)
        this.wideCells.push({ line: Number(from), column, toColumn: columnOfLetters(toLetters) })
    }
  }

  private keep<Part>(parts: Part[], part: Part, what: string): void {
    if (parts.length === sheetLimits.tags) this.refuse('too_large', `has over ${sheetLimits.tags} ${what}`)
    parts.push(part)
  }

  private rowTag(p: number, next: number): void {
    if (!this.closing) {
      const line = this.rowNumber(p)
      if (this.isRowOpen) this.refuse('corrupt', `has no end of row ${this.line}`)
      if (!(line > this.line && line <= LAST_ROW))
        this.refuse('corrupt', `has rows out of order after row ${this.line}`)
      this.line = line
      this.setRowDigits(line)
      this.column = -1
      this.isRowOpen = true
      this.sink.row(line, this.isHidden(p, next))
    }
    if ((this.closing || this.selfClosing) && this.isRowOpen) {
      this.isRowOpen = false
      this.sink.rowEnd()
    }
  }

  /** Whether the tag says hidden="1" or "true"; LibreOffice writes hidden="false" into every row. */
  private isHidden(p: number, next: number): boolean {
    const { buffer } = this
    for (let q = p + 5; q < next; q++)
      if (buffer[q] === 104 && buffer[q + 1] === 105 && buffer[q + 2] === 100)
        return buffer[q + 8] === 49 || buffer[q + 8] === 116
    return false
  }

  private setRowDigits(line: number): void {
    this.rowFrom = this.rowDigits.length
    for (; line > 0; line = Math.floor(line / 10)) this.rowDigits[--this.rowFrom] = 48 + (line % 10)
  }

  /** <row r="12" …> is the usual form, so it is read quickly; others are parsed in full. */
  private rowNumber(p: number): number {
    const { buffer } = this
    if (buffer[p + 5] !== 114 || buffer[p + 6] !== EQUALS) return Number(this.attributes().get('r') ?? this.line + 1)
    let line = 0
    for (let q = p + 8; buffer[q] !== buffer[p + 7]; q++) {
      const digit = buffer[q]! - 48
      if (!(digit >= 0 && digit <= 9)) return Number.NaN
      line = line * 10 + digit
    }
    return line
  }

  /** Reads the cell at `p` and returns the position after it, or -1 if it is cut off. */
  private readCell(p: number): number {
    const { buffer, end } = this
    let column = this.column + 1
    let type = NUMBER
    let style = 0
    let q = p + 2
    if (buffer[q] === 32 && buffer[q + 1] === 114 && buffer[q + 2] === EQUALS && buffer[q + 3] === 34) {
      q = this.readAddress(q + 4)
      if (q < 0) return -1
      column = this.addressColumn
      q++
    } else while (buffer[q]! > 32 && buffer[q] !== GT && buffer[q] !== SLASH) q++ // the rest of a prefixed name
    for (;;) {
      let byte = buffer[q]!
      while (byte <= 32) byte = buffer[++q]!
      if (byte === GT) break
      if (byte === SLASH) {
        if (q + 2 > end) return -1
        this.column = column
        return q + 2
      }
      if (q >= end) return -1
      const name = buffer[q + 1] === EQUALS ? byte : 0
      while (buffer[q] !== EQUALS && q < end) q++
      q++
      while (buffer[q]! <= 32) q++
      const quote = buffer[q++]!
      byte = buffer[q]!
      if (name === 114) {
        q = this.readAddress(q)
        if (q < 0) return -1
        column = this.addressColumn
      } else if (name === 115) {
        for (style = 0; byte >= 48 && byte <= 57 && style < 1e6; byte = buffer[++q]!) style = style * 10 + byte - 48
      } else if (name === 116) {
        // n, s, str, inlineStr, b, e or d
        type = byte === 110 ? NUMBER : byte === SHARED_TEXT && buffer[q + 1] === 116 ? TEXT : byte
      }
      while (buffer[q] !== quote && q < end) q++
      q++
    }
    q++
    if (q > end) return -1

    // Only <v>…</v></c>, as in nearly all cells.
    if (buffer[q] === LT && buffer[q + 1] === 118 && buffer[q + 2] === GT && type !== TEXT) {
      const start = q + 3
      let stop = start
      let integer = 0
      let digit = buffer[stop]! - 48
      while (digit >= 0 && digit <= 9 && stop < start + 9) {
        integer = (Math.imul(integer, 10) + digit) | 0
        digit = buffer[++stop]! - 48
      }
      let value = integer
      while (digit >= 0 && digit <= 9 && stop < start + 15) {
        value = value * 10 + digit
        digit = buffer[++stop]! - 48
      }
      const isWholeNumber = buffer[stop] === LT
      while (buffer[stop] !== LT) stop++
      if (
        stop + 8 <= end &&
        buffer[stop + 1] === SLASH &&
        buffer[stop + 3] === GT &&
        buffer[stop + 4] === LT &&
        buffer[stop + 5] === SLASH &&
        buffer[stop + 6] === 99 &&
        buffer[stop + 7] === GT
      ) {
        this.column = column
        if (isWholeNumber && stop > start && type === NUMBER && !this.styles.shows[style])
          this.sink.number(column, value, buffer, start, stop)
        else if (isWholeNumber && stop > start && type === SHARED_TEXT) this.emitSharedText(column, value)
        else this.emit(column, type, style, buffer, start, stop, false)
        return stop + 8
      }
    }
    return this.richCell(q, column, type, style)
  }

  /** Reads the address of a cell, as in r="AB12", up to the closing quote. */
  private readAddress(q: number): number {
    const { buffer, rowDigits } = this
    let letters = 0
    let byte = buffer[q]!
    while (byte >= 65 && byte <= 90 && letters <= LAST_COLUMN) {
      letters = letters * 26 + byte - 64
      byte = buffer[++q]!
    }
    let digit = this.rowFrom
    while (digit < rowDigits.length && buffer[q] === rowDigits[digit]) {
      digit++
      q++
    }
    if (q >= this.end) return -1
    byte = buffer[q]!
    if (digit < rowDigits.length || (byte !== 34 && byte !== 39) || letters < 1 || letters > LAST_COLUMN)
      this.refuse('corrupt', `has a cell in row ${this.line} that says it is elsewhere`)
    this.addressColumn = letters - 1
    return q
  }

  /** A cell with a formula, inline text, a prefix, or white space between its tags. */
  private richCell(p: number, column: number, type: number, style: number): number {
    const { buffer, end } = this
    let hasFormula = false
    let hintDepth = 0
    let isInText = false
    let length = 0
    for (let start = p; ; start = p) {
      while (buffer[p] !== LT) p++
      const stop = p
      p = p < end ? this.readTag(p) : -1
      if (p < 0) return -1
      if (isInText && hintDepth === 0) {
        if (length + stop - start > this.text.length) {
          const wider = new Uint8Array((length + stop - start) * 2)
          wider.set(this.text.subarray(0, length))
          this.text = wider
        }
        length = writeUnescaped(buffer, start, stop, this.text, length)
      }
      const { closing, selfClosing } = this
      if (closing && this.isNamed('c')) break
      if (this.isNamed('v') || this.isNamed('t')) isInText = !closing && !selfClosing
      else if (this.isNamed('f')) hasFormula = true
      else if (this.isNamed('rPh') && !selfClosing) hintDepth += closing ? -1 : 1
      else if (this.isNamed('row') || this.isNamed('c'))
        this.refuse('corrupt', `has a cell in row ${this.line} that never ends`)
    }
    this.column = column
    this.emit(column, type, style, this.text, 0, length, hasFormula)
    return p
  }

  private emit(
    column: number,
    type: number,
    style: number,
    bytes: Uint8Array,
    start: number,
    stop: number,
    formula: boolean,
  ): void {
    const { sink } = this
    if (start === stop) {
      if (formula && type !== TEXT) sink.other(column, 'formula', '')
    } else if (type === NUMBER) {
      const shows = this.styles.shows[style]
      if (shows === 'date') sink.other(column, 'date', this.dateText(bytes, start, stop))
      else if (shows === 'percent') this.emitPercent(column, Number(decodeUtf8(bytes, start, stop)))
      else sink.number(column, Number(decodeUtf8(bytes, start, stop)), bytes, start, stop)
    } else if (type === SHARED_TEXT) this.emitSharedText(column, Number(decodeUtf8(bytes, start, stop)))
    else if (type === TEXT || type === INLINE_TEXT) sink.text(column, bytes, start, stop)
    else {
      const text = decodeUtf8(bytes, start, stop)
      if (type === BOOLEAN) sink.other(column, 'boolean', text === '0' ? 'FALSE' : 'TRUE')
      else if (type === ERROR) sink.other(column, 'error', text)
      else if (type === DATE) sink.other(column, 'date', text)
      else this.refuse('corrupt', `has a cell of an unknown type in row ${this.line}`)
    }
  }

  /** 0.125 that is shown as 12.5% is 12.5, as in a text. */
  private emitPercent(column: number, share: number): void {
    const percent = Number((share * 100).toPrecision(15))
    const written = new TextEncoder().encode(String(percent))
    this.sink.number(column, percent, written, 0, written.length)
  }

  private emitSharedText(column: number, index: number): void {
    const { bytes, offsets } = this.strings
    if (!(index >= 0 && index + 1 < offsets.length && Number.isInteger(index)))
      this.refuse('corrupt', `uses a text in row ${this.line} that the workbook does not have`)
    this.sink.text(column, bytes, offsets[index]!, offsets[index + 1]!)
  }

  private dateText(bytes: Uint8Array, start: number, stop: number): string {
    const days = Number(decodeUtf8(bytes, start, stop)) - 25_569 + (this.styles.from1904 ? 1462 : 0)
    const date = new Date(Math.round(days * 86_400_000))
    if (Number.isNaN(date.getTime())) return decodeUtf8(bytes, start, stop)
    const [day, time] = date.toISOString().split(/[T.]/)
    return time === '00:00:00' ? day! : `${day} ${time}`
  }
}
