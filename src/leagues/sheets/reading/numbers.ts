/**
 * Numbers as people and scanners write them: 1234 · 1,234,567 · 1.234.567 · 1 234 567 · 1'234 · 1,234.5 · 1.234,5 ·
 * 1.2M · 3.4B · 12k · 5 Mio · 5万 · -5 · (5) for -5 · 12% · $5 · 5 € · 1.2E+08, with plain, no-break and thin spaces. Read from
 * bytes; a string is made only for more than fifteen digits, for exponents and for words.
 */

import { blankAt, blankBefore } from '../../../platform/spreadsheets/text.ts'

/** What a cell turned out to be. Two need their whole column to be understood: `1.234` and `1,234`. */
export const BLANK = 0
export const NUMBER = 1
export const BAD = 2
export const ONE_DOT = 3
export const ONE_COMMA = 4

/** What a cell shows about its column, as bits. */
export const DOT_GROUPS = 1
export const DOT_FRACTION = 2
export const COMMA_GROUPS = 4
export const COMMA_FRACTION = 8

/** Weighted and summed, larger ones could become infinite. */
export const MAX_VALUE = 1e30

/**
 * The result of `readNumber`, reused so that no object is made for each cell. ONE_DOT and ONE_COMMA give the value as a thousand, and
 * a BAD cell gives Infinity if it is a number that is too large.
 */
interface NumberCell {
  kind: number
  value: number
  evidence: number
}

export const newNumberCell = (): NumberCell => ({ kind: BLANK, value: 0, evidence: 0 })

/** What scanners and people write for an unknown value. */
const unknownWords = new Set([
  '-',
  '--',
  '–',
  '—',
  '?',
  'n/a',
  'na',
  'nan',
  'null',
  'none',
  'unknown',
  'skipped',
  'not checked',
])

/** Powers of ten that are written as words, without a dot behind them. */
const multipliers = new Map([
  ...['tsd', 'тыс', '千', '천'].map(word => [word, 3] as const),
  ...['万', '萬', '만'].map(word => [word, 4] as const),
  ...['mio', 'mln', 'million', 'millions', 'млн'].map(word => [word, 6] as const),
  ...['亿', '億', '억'].map(word => [word, 8] as const),
  ...['mrd', 'bn', 'млрд'].map(word => [word, 9] as const),
])
/** In these languages a comma is the decimal separator: 1,234 Mio is 1.234 million. */
const wordsAfterDecimalComma = new Set(['tsd', 'mio', 'mln', 'mrd', 'тыс', 'млн', 'млрд'])
const MAX_WORD_BYTES = 12

const DOT = 46
const COMMA = 44
const SPACE = 32
const APOSTROPHE = 39
const MAX_GROUPS = 15

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const separators = new Uint8Array(MAX_GROUPS)
const lengths = new Uint32Array(MAX_GROUPS + 1)
const utf8 = new TextDecoder()

/** Width of the space (of whatever kind) at `i`, or 0. */
function spaceWidthAt(bytes: Uint8Array, i: number): number {
  const byte = bytes[i]!
  if (byte === 32 || (byte >= 9 && byte <= 13)) return 1
  if (byte === 0xc2 && bytes[i + 1] === 0xa0) return 2
  return byte === 0xe2 && bytes[i + 1] === 0x80 && (bytes[i + 2] === 0x89 || bytes[i + 2] === 0xaf) ? 3 : 0
}

/** `="007"`: written so that a spreadsheet takes it for a text. */
export const isQuotedFormula = (bytes: Uint8Array, start: number, stop: number): boolean =>
  bytes[start] === 61 && bytes[start + 1] === 34 && stop - start > 2 && bytes[stop - 1] === 34

/** Bytes of the sign of a currency at `i`, or 0. */
function currencyAt(bytes: Uint8Array, i: number): number {
  const byte = bytes[i]!
  if (byte === 36) return 1
  if (byte === 0xc2) return bytes[i + 1]! >= 0xa3 && bytes[i + 1]! <= 0xa5 ? 2 : 0 // £ to ¥
  return byte === 0xe2 && bytes[i + 1] === 0x82 && bytes[i + 2]! >= 0xa0 ? 3 : 0 // U+20A0 to U+20BF, € among them
}

/** Where the number before it and its spaces end. */
function withoutCurrency(bytes: Uint8Array, stop: number): number {
  if (bytes[stop - 1] !== 36 && bytes[stop - 1]! < 0x80) return stop
  const width = [1, 2, 3].find(width => currencyAt(bytes, stop - width) === width)
  if (width === undefined) return stop
  stop -= width
  for (let blank = 1; blank > 0; stop -= blank) blank = blankBefore(bytes, stop)
  return stop
}

function afterSpaces(bytes: Uint8Array, i: number, stop: number): number {
  while (i < stop && spaceWidthAt(bytes, i) > 0) i += spaceWidthAt(bytes, i)
  return i
}

const wordAt = (bytes: Uint8Array, start: number, stop: number): string =>
  stop - start > MAX_WORD_BYTES ? '' : utf8.decode(bytes.subarray(start, stop)).toLowerCase().replace(/\.$/, '')

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 48 && byte <= 57

export function readNumber(bytes: Uint8Array, start: number, stop: number, out: NumberCell): void {
  let from = start
  for (let width = 1; from < stop && width > 0; from += width) width = blankAt(bytes, from)
  for (let width = 1; from < stop && width > 0; stop -= width) width = blankBefore(bytes, stop)
  if (isQuotedFormula(bytes, from, stop)) {
    from += 2
    stop--
  }
  out.evidence = 0
  out.value = 0
  out.kind = from >= stop ? BLANK : BAD
  if (from >= stop) return

  if (bytes[from] === APOSTROPHE && from + 1 < stop) from++ // it only tells a spreadsheet that this is text
  let i = from
  const isInBrackets = bytes[from] === 40 && bytes[stop - 1] === 41 // (5), as accountants write -5
  let negative = isInBrackets
  if (isInBrackets) {
    i++
    stop--
  }
  stop = withoutCurrency(bytes, stop)
  const currency = currencyAt(bytes, i)
  i = afterSpaces(bytes, i + currency, stop)
  const begin = i
  if (bytes[i] === 45 || bytes[i] === 43) negative = bytes[i++] === 45
  else if (bytes[i] === 0xe2 && bytes[i + 1] === 0x88 && bytes[i + 2] === 0x92) {
    negative = true // U+2212, the minus sign
    i += 3
  }
  if (isInBrackets && i > begin) return // (-5)
  if (currency === 0) i += currencyAt(bytes, i)

  // Groups of digits and what is between them.
  let mantissa = 0
  let digits = 0
  let groups = 0
  let length = 0
  const first = i
  while (i < stop) {
    const byte = bytes[i]!
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48)
      digits++
      length++
      i++
      continue
    }
    let width = 1
    let separator = byte
    if (byte === 0xe2 && bytes[i + 1] === 0x80 && bytes[i + 2] === 0x99) {
      separator = APOSTROPHE
      width = 3
    } else if (byte !== DOT && byte !== COMMA && byte !== APOSTROPHE) {
      width = spaceWidthAt(bytes, i)
      if (width === 0 || i + width >= stop || !isDigit(bytes[i + width])) break
      separator = SPACE
    }
    if (groups === MAX_GROUPS) return
    separators[groups] = separator
    lengths[groups++] = length
    length = 0
    i += width
  }
  lengths[groups] = length
  const last = i

  if (digits === 0) {
    if (unknownWords.has(wordAt(bytes, begin, stop))) out.kind = BLANK
    return
  }
  if (length === 0) return // "12." and "1,"

  let exponent = 0
  let isCommaDecimal = false
  i = afterSpaces(bytes, i, stop)
  if (i < stop) {
    const letter = bytes[i]! | 32
    if (letter === 101) {
      scientific(bytes, from, stop, groups, out)
      return
    }
    if (stop - i > 1) {
      const word = wordAt(bytes, i, stop)
      exponent = multipliers.get(word) ?? 0
      isCommaDecimal = wordsAfterDecimalComma.has(word)
    } else exponent = letter === 107 ? 3 : letter === 109 ? 6 : letter === 98 ? 9 : letter === 116 ? 12 : 0
    if (exponent === 0 && !(bytes[i] === 37 && stop - i === 1)) return // 12% is read as 12
  }

  // Which separator, if any, is the decimal one?
  let fraction = 0
  let kind = NUMBER
  let evidence = 0
  if (groups > 0) {
    const lastSeparator = separators[groups - 1]!
    const firstSeparator = separators[0]!
    const mayBeDecimal = lastSeparator === DOT || lastSeparator === COMMA
    const isOnlySeparator = groups === 1
    let groupingSeparators = groups // how many separators must set apart groups of three
    if (isOnlySeparator && mayBeDecimal) {
      const digitsBefore = lengths[0]!
      const looksGrouped = length === 3 && digitsBefore >= 1 && digitsBefore <= 3 && bytes[first] !== 48
      if (!looksGrouped || (exponent > 0 && (lastSeparator === DOT || isCommaDecimal))) {
        groupingSeparators = 0
        fraction = length
        if (exponent === 0) evidence = lastSeparator === DOT ? DOT_FRACTION : COMMA_FRACTION
      } else kind = lastSeparator === DOT ? ONE_DOT : ONE_COMMA
    } else if (lastSeparator !== firstSeparator) {
      if (!mayBeDecimal) return
      groupingSeparators = groups - 1
      fraction = length
      evidence = lastSeparator === DOT ? DOT_FRACTION : COMMA_FRACTION
    }
    if (groupingSeparators > 0) {
      if (lengths[0]! < 1 || lengths[0]! > 3) return
      for (let k = 1; k <= groupingSeparators; k++) if (separators[k - 1] !== firstSeparator || lengths[k] !== 3) return
      if (kind === NUMBER) evidence |= firstSeparator === DOT ? DOT_GROUPS : firstSeparator === COMMA ? COMMA_GROUPS : 0
    }
  }

  exponent -= fraction
  let value: number
  if (digits <= 15 && exponent >= -22)
    value = exponent < 0 ? mantissa / powersOfTen[-exponent]! : mantissa * powersOfTen[exponent]!
  else {
    let text = ''
    for (let k = first; k < last; k++) if (isDigit(bytes[k])) text += String.fromCharCode(bytes[k]!)
    value = Number(`${text}e${exponent}`)
  }
  if (value > MAX_VALUE) {
    out.value = Number.POSITIVE_INFINITY
    return
  }
  out.kind = kind
  out.evidence = evidence
  out.value = negative && value !== 0 ? -value : value
}

/** 1.2E+08, as spreadsheets write what does not fit a column; a comma may stand for the dot. */
function scientific(bytes: Uint8Array, start: number, stop: number, groups: number, out: NumberCell): void {
  if (groups > 1 || stop - start > 400) return
  const text = utf8.decode(bytes.subarray(start, stop)).replace(',', '.')
  if (!/^[-+]?(\d+(\.\d+)?|\.\d+)e[-+]?\d+$/i.test(text)) return
  const value = Number(text)
  if (Math.abs(value) > MAX_VALUE) {
    out.value = Number.POSITIVE_INFINITY
    return
  }
  out.kind = NUMBER
  out.value = value === 0 ? 0 : value
}
