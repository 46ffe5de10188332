/**
 * As much XML as workbooks need, over bytes that arrive in pieces. No document types, no entities but the five and numbers,
 * no CDATA: what spreadsheet programs never write is refused, not guessed at.
 */
import { writeCodePoint } from './encoding.ts'
import { sheetLimits } from './limits.ts'
import { refuseSheet } from './refusal.ts'
import { decodeUtf8 } from './text.ts'

export const LT = 60
export const GT = 62
export const SLASH = 47
export const EQUALS = 61
const QUOTE = 34
const APOSTROPHE = 39
const COLON = 58
const AMPERSAND = 38

/** Stops every loop that looks for one of these at the end of the buffer. */
const sentinel = Uint8Array.of(QUOTE, APOSTROPHE, GT, LT, GT, LT, GT, LT, GT, LT, GT, LT)

/** A scanner reads complete constructs from the buffer, and leaves one that is cut off for the next piece. */
export abstract class XmlScanner {
  protected buffer = new Uint8Array(1 << 17)
  protected at = 0
  protected end = 0
  /** What `readTag` read last: where its local name and its attributes lie. */
  protected closing = false
  protected selfClosing = false
  private nameFrom = 0
  private nameTo = 0
  private tagTo = 0
  private retryAt = 0

  constructor(protected readonly part: string) {
    this.buffer.set(sentinel)
  }

  push(piece: Uint8Array): void {
    if (this.at > 0) {
      this.buffer.copyWithin(0, this.at, this.end)
      this.end -= this.at
      this.at = 0
    }
    const needed = this.end + piece.length + sentinel.length
    if (needed > this.buffer.length) {
      const wider = new Uint8Array(Math.max(needed, this.buffer.length * 2))
      wider.set(this.buffer.subarray(0, this.end))
      this.buffer = wider
    }
    this.buffer.set(piece, this.end)
    this.end += piece.length
    this.buffer.set(sentinel, this.end)
    if (this.end < this.retryAt) return // a long construct is tried again when it has doubled
    this.scan()
    const pendingBytes = this.end - this.at
    if (pendingBytes > sheetLimits.field)
      this.refuse('too_large', `has a single cell of over ${sheetLimits.field >> 20} MB`)
    this.retryAt = pendingBytes < 4096 ? 0 : Math.min(pendingBytes * 2, sheetLimits.field + 1)
  }

  /** To be called after the last piece. */
  finish(): void {
    this.scan()
  }

  /** Reads from `at`, and leaves `at` where the first incomplete construct begins. */
  protected abstract scan(): void

  protected refuse(code: 'corrupt' | 'too_large', what: string): never {
    return refuseSheet(code, `${this.part} ${what}`)
  }

  /** Reads the tag at `p`, comments and instructions too (without a name). Returns the position after it, or -1 if it is cut off. */
  protected readTag(p: number): number {
    const { buffer, end } = this
    this.closing = this.selfClosing = false
    this.nameFrom = this.nameTo = 0
    let q = p + 1
    if (buffer[q] === 63) {
      while (buffer[q] !== GT || buffer[q - 1] !== 63) if (q++ >= end) return -1
      return q < end ? q + 1 : -1
    }
    if (buffer[q] === 33) {
      if (p + 9 > end) return -1
      const opening = decodeUtf8(buffer, p, p + 9)
      if (!opening.startsWith('<!--'))
        this.refuse('corrupt', opening === '<![CDATA[' ? 'has CDATA sections' : 'declares a document type')
      for (q = p + 6; buffer[q] !== GT || buffer[q - 1] !== 45 || buffer[q - 2] !== 45; ) if (q++ >= end) return -1
      return q < end ? q + 1 : -1
    }
    if (buffer[q] === SLASH) {
      this.closing = true
      q++
    }
    let from = q
    for (let byte = buffer[q]!; byte > 32 && byte !== GT && byte !== SLASH; byte = buffer[++q]!)
      if (byte === COLON) from = q + 1
    const to = q
    for (let byte = buffer[q]!; byte !== GT; byte = buffer[++q]!) {
      if (byte !== QUOTE && byte !== APOSTROPHE) continue
      do q++
      while (buffer[q] !== byte && q < end)
    }
    if (q >= end) return -1
    this.nameFrom = from
    this.nameTo = to
    this.tagTo = q
    this.selfClosing = buffer[q - 1] === SLASH
    return q + 1
  }

  /** Whether the last tag has this local name. */
  protected isNamed(name: string): boolean {
    if (this.nameTo - this.nameFrom !== name.length) return false
    for (let i = 0; i < name.length; i++) if (this.buffer[this.nameFrom + i] !== name.charCodeAt(i)) return false
    return true
  }

  /** Attributes of the last tag, by local name. */
  protected attributes(): Map<string, string> {
    const text = decodeUtf8(this.buffer, this.nameTo, this.tagTo)
    const attributes = new Map<string, string>()
    for (const [, name, double, single] of text.matchAll(/\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
      attributes.set(name!.slice(name!.indexOf(':') + 1), unescaped(double ?? single ?? ''))
    return attributes
  }
}

const entities = new Map([
  ['lt', 60],
  ['gt', 62],
  ['amp', 38],
  ['quot', 34],
  ['apos', 39],
])

function codePointOf(entity: string): number {
  const hex = /^#x([0-9a-f]{1,6})$/i.exec(entity)?.[1]
  const decimal = /^#([0-9]{1,7})$/.exec(entity)?.[1]
  const point = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : (entities.get(entity) ?? -1)
  if (point <= 0 || point > 0x10ffff) refuseSheet('corrupt', `The workbook uses the entity &${entity.slice(0, 20)};`)
  return point
}

const unescaped = (text: string): string =>
  text.includes('&') ? text.replace(/&([^;&]*);?/g, (_, entity) => String.fromCodePoint(codePointOf(entity))) : text

/** The text at [start, stop) without its escapes, appended to `into`, which must have room. Returns where it ends. */
export function writeUnescaped(bytes: Uint8Array, start: number, stop: number, into: Uint8Array, at: number): number {
  for (let i = start; i < stop; i++) {
    const byte = bytes[i]!
    if (byte === AMPERSAND) {
      let semicolon = i + 1
      while (semicolon < stop && semicolon - i < 12 && bytes[semicolon] !== 59) semicolon++
      if (semicolon === stop) refuseSheet('corrupt', 'The workbook has a bare & in its text')
      at = writeCodePoint(codePointOf(decodeUtf8(bytes, i + 1, semicolon)), into, at)
      i = semicolon
    } else if (byte === 95 && bytes[i + 1] === 120 && bytes[i + 6] === 95 && i + 6 < stop) {
      // Excel writes what XML cannot hold as _x000D_.
      const code = decodeUtf8(bytes, i + 2, i + 6)
      if (/^[0-9A-F]{4}$/.test(code)) {
        at = writeCodePoint(Number.parseInt(code, 16), into, at)
        i += 6
      } else into[at++] = byte
    } else into[at++] = byte
  }
  return at
}

export interface Tag {
  name: string
  closing: boolean
  attributes: Map<string, string>
}

class TagScanner extends XmlScanner {
  readonly tags: Tag[] = []

  constructor(
    part: string,
    private readonly names: string[],
  ) {
    super(part)
  }

  protected scan(): void {
    for (let p = this.at; ; this.at = p) {
      while (this.buffer[p] !== LT) p++
      p = p < this.end ? this.readTag(p) : -1
      if (p < 0) return
      const name = this.names.find(name => this.isNamed(name))
      if (!name) continue
      this.tags.push({ name, closing: this.closing, attributes: this.attributes() })
      if (this.tags.length > sheetLimits.tags) this.refuse('too_large', `has over ${sheetLimits.tags} entries`)
    }
  }
}

/** The tags of these names in a complete part. */
export function tagsOf(part: string, bytes: Uint8Array, names: string[]): Tag[] {
  const scanner = new TagScanner(part, names)
  scanner.push(bytes)
  return scanner.tags
}
