/** Converts character encodings to UTF-8 bytes, without strings in between. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** Code points of 0x80–0x9F; the five bytes that Windows-1252 leaves undefined stand for themselves, as in every browser. */
const windows1252 = Uint16Array.of(
  ...[0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d],
  ...[0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a],
  ...[0x0153, 0x9d, 0x017e, 0x0178],
)

/** Writes the code point as UTF-8 and returns where it ends. Unpaired surrogates become U+FFFD. */
export function writeCodePoint(point: number, into: Uint8Array, at: number): number {
  if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
  if (point < 0x80) {
    into[at++] = point
  } else if (point < 0x800) {
    into[at++] = 0xc0 | (point >> 6)
    into[at++] = 0x80 | (point & 63)
  } else if (point < 0x10000) {
    into[at++] = 0xe0 | (point >> 12)
    into[at++] = 0x80 | ((point >> 6) & 63)
    into[at++] = 0x80 | (point & 63)
  } else {
    into[at++] = 0xf0 | (point >> 18)
    into[at++] = 0x80 | ((point >> 12) & 63)
    into[at++] = 0x80 | ((point >> 6) & 63)
    into[at++] = 0x80 | (point & 63)
  }
  return at
}

/** Returns how many bytes were written: at most three for each byte read. */
export function writeWindows1252(from: Uint8Array, start: number, stop: number, into: Uint8Array, at: number): number {
  const first = at
  for (let i = start; i < stop; i++) {
    const byte = from[i]!
    if (byte < 0x80) into[at++] = byte
    else at = writeCodePoint(byte < 0xa0 ? windows1252[byte - 0x80]! : byte, into, at)
  }
  return at - first
}

/** Length of the UTF-8 sequence at `i`, or 0 if there is none (overlong, surrogate, cut off by `stop`, stray). */
export function sequenceLength(bytes: Uint8Array, i: number, stop: number): number {
  const lead = bytes[i]!
  if (lead < 0x80) return 1
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  if (length === 0 || i + length > stop) return 0
  const second = bytes[i + 1]!
  if (lead === 0xe0 && second < 0xa0) return 0
  if (lead === 0xed && second > 0x9f) return 0
  if (lead === 0xf0 && second < 0x90) return 0
  if (lead === 0xf4 && second > 0x8f) return 0
  for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0
  return length
}

export function isUtf8(bytes: Uint8Array, start: number, stop: number): boolean {
  for (let i = start; i < stop; ) {
    const length = sequenceLength(bytes, i, stop)
    if (length === 0) return false
    i += length
  }
  return true
}

/** Converts pieces of encoded text to UTF-8; a character that is split is kept for the next piece. `into` needs room for 3 × input + 6 bytes. */
type Transcode = (piece: Uint8Array, into: Uint8Array, final: boolean) => number

export function transcoder(encoding: Encoding): Transcode | null {
  if (encoding === 'utf-8') return null
  if (encoding === 'windows-1252') return (piece, into) => writeWindows1252(piece, 0, piece.length, into, 0)
  const isLittleEndian = encoding === 'utf-16le'
  let splitByte = -1 // first byte of a code unit that the last piece has split
  let highSurrogate = 0 // first half of a surrogate pair that the last piece has split
  return (piece, into, final) => {
    let at = 0
    for (let i = 0; i < piece.length; ) {
      const first = splitByte >= 0 ? splitByte : piece[i++]!
      if (i === piece.length) {
        splitByte = first
        break
      }
      splitByte = -1
      const second = piece[i++]!
      const unit = isLittleEndian ? first | (second << 8) : (first << 8) | second
      if (highSurrogate !== 0) {
        if (unit >= 0xdc00 && unit <= 0xdfff) {
          at = writeCodePoint(0x10000 + ((highSurrogate - 0xd800) << 10) + (unit - 0xdc00), into, at)
          highSurrogate = 0
          continue
        }
        at = writeCodePoint(highSurrogate, into, at)
        highSurrogate = 0
      }
      if (unit >= 0xd800 && unit <= 0xdbff) highSurrogate = unit
      else at = writeCodePoint(unit, into, at)
    }
    if (final && (splitByte >= 0 || highSurrogate !== 0)) at = writeCodePoint(0xfffd, into, at)
    return at
  }
}

/** A sample, converted to UTF-8. */
export function toUtf8(sample: Uint8Array, encoding: Encoding, final: boolean): Uint8Array {
  const transcode = transcoder(encoding)
  if (!transcode) return sample
  const text = new Uint8Array(sample.length * 3 + 6)
  return text.subarray(0, transcode(sample, text, final))
}
