/** What spreadsheets and programs write where an id, a name or a label should be. */

import { decodeUtf8, shortened, type TextBuilder } from '../../../platform/spreadsheets/text.ts'

/**
 * As spreadsheets save a long number: 1.23457E+11, by which different ids become the same; 12,345,678. The same player would
 * have another id in other sheets. Plain spaces, as in 123 456 789, are written by people.
 */
const amount = /^(\d([.,]\d+)?E\+\d\d|[1-9]\d{0,2}([.,'’\u00a0\u202f])\d{3}(\3\d{3})+)$/i

export function isAmount({ bytes, from, to }: TextBuilder): boolean {
  const beforeThree = bytes[to - 4]!
  const mayBe = bytes[to - 3] === 43 || beforeThree < 48 || beforeThree > 127
  return mayBe && amount.test(decodeUtf8(bytes, from, to))
}

/** 12345.0, as pandas writes the ids of a column that has an empty cell, and 12345,00, as a spreadsheet that shows two decimals. */
const wholeWithDecimals = /^\d+[.,]0{1,2}$/
export const isLongWithDecimals = (text: string): boolean => text.length > 5 && wholeWithDecimals.test(text)

const isPoint = (byte: number | undefined) => byte === 46 || byte === 44
export const endsInZero = ({ bytes, to }: TextBuilder): boolean =>
  bytes[to - 1] === 48 && (isPoint(bytes[to - 2]) || isPoint(bytes[to - 3]))

export const withoutDecimals = (text: string): string => text.replace(/[.,]0+$/, '')

/** A note if all texts of a column that are not empty are whole numbers with decimals, which are then left out. */
export function decimalsNote(header: string, texts: Iterable<string>): string[] {
  let first = ''
  for (const text of texts) {
    if (text !== '' && !wholeWithDecimals.test(text)) return []
    first ||= text
  }
  return first ? [`“${header}” is written with decimals: ${first} is read as ${withoutDecimals(first)}.`] : []
}

/** A note if some ids are whole numbers with decimals, which are kept, as others are no whole numbers. */
export function keptDecimalsNote(header: string, texts: Iterable<string>): string[] {
  let whole = ''
  let other = ''
  for (const text of texts) {
    if (text === '' || isLongWithDecimals(text)) continue
    if (wholeWithDecimals.test(text)) whole ||= text
    else other ||= text
  }
  return whole && other
    ? [
        `“${header}” has ids with decimals, such as ${whole}, which are kept, as others such as ${shortened(other)} are no whole numbers. A player who is ${withoutDecimals(whole)} in another sheet is taken for somebody else.`,
      ]
    : []
}

/** Stands for the text of a formula whose result is not stored. */
export const formulaWithoutResult = '#?'

/** What spreadsheets show for a formula that failed, in some languages. */
const cellErrors = new Set([
  formulaWithoutResult,
  ...(
    '#N/A #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #ERROR! #SPILL! #CALC! #NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #N/D #VALEUR! ' +
    '#NOM? #NOMBRE! #¡REF! #¡VALOR! #¡DIV/0! #¿NOMBRE? #¡NUM!'
  ).split(' '),
])
export const isCellError = ({ bytes, from, to }: TextBuilder): boolean =>
  bytes[from] === 35 && to > from && cellErrors.has(decodeUtf8(bytes, from, to))

/** What programs write for a missing id. */
const noIds = new Set('- -- – — ? nan NaN NULL null None N/A n/a NA <NA>'.split(' '))
const isDigit = (byte: number) => byte >= 48 && byte <= 57
export const isNoId = ({ bytes, from, to }: TextBuilder): boolean =>
  to > from && to - from <= 4 && !isDigit(bytes[from]!) && noIds.has(decodeUtf8(bytes, from, to))

/** An apostrophe before digits, and none behind them, only tells a spreadsheet that they are text. */
export const isMarkedAsText = (bytes: Uint8Array, start: number, stop: number): boolean =>
  bytes[start] === 39 && isDigit(bytes[start + 1]!) && bytes[stop - 1] !== 39

/** Whether it begins as an exported name that a spreadsheet would take for a formula: `'=Ann`. */
export const isEscapedFormula = (bytes: Uint8Array, start: number): boolean =>
  bytes[start] === 39 && '=+-@\t\r'.includes(String.fromCharCode(bytes[start + 1]!))
