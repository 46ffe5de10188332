import { rowCount, type TextColumn, textColumn } from './text.ts'

/**
 * Names are compared folded: without case, accents and typographic dress, so that `jose` finds José, `king` finds
 * 𝓚𝓲𝓷𝓰 and `strasse` finds Straße. Folding works code point by code point on the bytes; nothing is decoded to a string.
 */
const letterFolds: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
}
const accents = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]/g

function foldCharacter(character: string): string {
  const bare = character.normalize('NFKD').replace(accents, '').normalize('NFC').toLowerCase()
  return Array.from(bare, letter => letterFolds[letter] ?? letter).join('')
}

const FOLD_TABLE_SIZE = 0x20000 // code points beyond are rare Han characters and tags, which fold to themselves
const FOLDS_TO_NOTHING = -1
const FOLDS_TO_SEVERAL = -2
const folded = new Int32Array(FOLD_TABLE_SIZE) // 0: not asked for yet
const severalPoints = new Map<number, number[]>()

function foldPoint(point: number): number {
  if (point >= FOLD_TABLE_SIZE) return point
  const cached = folded[point]!
  if (cached !== 0) return cached
  const points = Array.from(foldCharacter(String.fromCodePoint(point)), part => part.codePointAt(0)!)
  if (points.length > 1) severalPoints.set(point, points)
  const fold = points.length === 0 ? FOLDS_TO_NOTHING : points.length > 1 ? FOLDS_TO_SEVERAL : points[0]!
  folded[point] = fold
  return fold
}

const MAX_POINTS_PER_BYTE = 6 // code points a byte can fold to: the three bytes of U+FDFA become eighteen

/** Writes the folded code points of bytes [from, to) into `into` and returns how many they are. */
function fold(bytes: Uint8Array, from: number, to: number, into: Int32Array): number {
  let count = 0
  for (let at = from; at < to; ) {
    let point = bytes[at++]!
    if (point < 0x80) {
      into[count++] = point >= 0x41 && point <= 0x5a ? point | 0x20 : point
      continue
    }
    let continuationBytes = point < 0xe0 ? 1 : point < 0xf0 ? 2 : 3
    point &= 0x3f >> continuationBytes
    while (continuationBytes-- > 0 && at < to) point = (point << 6) | (bytes[at++]! & 0x3f)
    const foldedPoint = foldPoint(point)
    if (foldedPoint >= 0) into[count++] = foldedPoint
    else if (foldedPoint === FOLDS_TO_SEVERAL) for (const part of severalPoints.get(point)!) into[count++] = part
  }
  return count
}

type FoldedText = Int32Array

function foldedQuery(q: string): FoldedText {
  const bytes = new TextEncoder().encode(q.trim().normalize('NFC'))
  const points = new Int32Array(bytes.length * MAX_POINTS_PER_BYTE)
  return points.slice(0, fold(bytes, 0, bytes.length, points))
}

/** Sets `hits[row]` to 1 for every row that holds `q` in any of the columns, and returns `hits`. */
export function markMatches(q: string, columns: readonly TextColumn[], hits: Uint8Array): Uint8Array {
  const needle = foldedQuery(q)
  for (const column of columns) markRows(needle, column, hits)
  return hits
}

/** The ids of those with `q` in their name. SQLite cannot tell: its lower() leaves letters such as Ö as they are. */
export function idsByName(q: string, all: readonly { id: number; name: string }[]): number[] {
  const hits = markMatches(q, [textColumn(all.map(({ name }) => name))], new Uint8Array(all.length))
  return all.flatMap(({ id }, i) => (hits[i] ? id : []))
}

function markRows(needle: FoldedText, column: TextColumn, hits: Uint8Array): void {
  const { bytes, offsets } = column
  const length = needle.length
  let buffer = new Int32Array(256)
  for (let row = 0; row < rowCount(column); row++) {
    const from = offsets[row]!
    const to = offsets[row + 1]!
    if ((to - from) * MAX_POINTS_PER_BYTE > buffer.length) buffer = new Int32Array((to - from) * MAX_POINTS_PER_BYTE)
    const lastStart = fold(bytes, from, to, buffer) - length
    for (let at = 0; at <= lastStart; at++) {
      let matching = 0
      while (matching < length && buffer[at + matching] === needle[matching]) matching++
      if (matching < length) continue
      hits[row] = 1
      break
    }
  }
}
