/** A zip file: its directory, and its entries inflated piece by piece from where they lie, within limits. */
import { pipeline, Readable, type TransformOptions } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { crc32, createInflateRaw, type ZlibOptions } from 'node:zlib'
import { freePiece } from '../free-piece.ts'
import { sheetLimits } from './limits.ts'
import { refuseSheet } from './refusal.ts'
import { type ByteSource, readPiece } from './source.ts'

/** Inflated bytes after which other tasks on this thread get a turn. */
const TURN_BYTES = 1 << 20

export interface ZipEntry {
  name: string
  method: number
  crc: number
  packed: number
  size: number
  /** Where its local header starts. */
  offset: number
}

const corrupt = (what: string) => refuseSheet('corrupt', `The workbook is damaged: ${what}`)

const STORED = 0
const DEFLATED = 8
/** Bytes handed to inflate at once; they can become a thousand times as many before it can be stopped. */
const SLICE_BYTES = 16 << 10
/** Packed bytes from which an entry is inflated in another thread: that costs a few milliseconds more, and saves a quarter of the time. */
const BESIDE_FROM_BYTES = 2 << 20
const BESIDE_SLICE_BYTES = 1 << 20
/** Inflated bytes in a piece, and how many are ready at most before their reader takes some. */
const beside: ZlibOptions & TransformOptions = { chunkSize: 256 << 10, readableHighWaterMark: 768 << 10 }

export class Zip {
  /** By name in lower case, because part names are case-insensitive. */
  readonly entries: Map<string, ZipEntry>
  private remainingBytes = sheetLimits.inflated

  constructor(
    private readonly source: ByteSource,
    private readonly signal?: AbortSignal,
  ) {
    this.entries = directoryOf(source)
  }

  entry(path: string): ZipEntry | undefined {
    return this.entries.get(path.toLowerCase())
  }

  /**
   * The entry's content in pieces, each of which is freed once the next is asked for. Checked against its size and checksum at
   * the end, and against the limits all along. `readToEnd`: false if only its beginning is wanted.
   */
  async *content(
    { name, method, crc, packed, size, offset }: ZipEntry,
    { readToEnd = true } = {},
  ): AsyncGenerator<Uint8Array> {
    if (method !== STORED && method !== DEFLATED)
      refuseSheet('corrupt', `${name} is packed in a way Excel does not use`)
    if (size > this.remainingBytes) refuseSheet('too_large', `${name} would unpack to ${Math.round(size / 2 ** 20)} MB`)
    const header = readPiece(this.source, offset, 30)
    const view = new DataView(header.buffer)
    if (header.length < 30 || view.getUint32(0, true) !== 0x04034b50) corrupt(`${name} is not where the directory says`)
    const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true)

    let total = 0
    let checksum = 0
    const inflate = readToEnd && packed >= BESIDE_FROM_BYTES ? inflateBeside : inflatePieces
    const read = method === STORED ? readPieces : inflate
    for await (const piece of read(this.source, start, packed)) {
      const turn = Math.floor(total / TURN_BYTES)
      total += piece.length
      this.remainingBytes -= piece.length
      if (total > size) corrupt(`${name} is larger than the directory says`)
      if (this.remainingBytes < 0)
        refuseSheet('too_large', `The workbook unpacks to over ${sheetLimits.inflated / 2 ** 30} GB`)
      if (total > sheetLimits.inflatedFree && total > packed * sheetLimits.inflatedRatio)
        refuseSheet(
          'too_large',
          `${name} unpacks to over ${sheetLimits.inflatedRatio} times its size, as no sheet does`,
        )
      checksum = crc32(piece, checksum)
      yield piece
      if (Math.floor(total / TURN_BYTES) === turn) continue
      await setImmediate()
      this.signal?.throwIfAborted()
    }
    if (total !== size || checksum !== crc) corrupt(`${name} does not match its checksum`)
  }
}

function directoryOf(source: ByteSource): Map<string, ZipEntry> {
  const { start, size, count } = findDirectory(source)
  if (count > sheetLimits.zipEntries) refuseSheet('too_large', `The workbook holds ${count} parts`)
  const bytes = readPiece(source, start, size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) corrupt('its directory is cut off')
    const flags = view.getUint16(at + 8, true)
    const nameEnd = at + 46 + view.getUint16(at + 28, true)
    const extraEnd = nameEnd + view.getUint16(at + 30, true)
    const next = extraEnd + view.getUint16(at + 32, true)
    if (next > bytes.length) corrupt('its directory is cut off')
    if (flags & 1) refuseSheet('encrypted', 'The workbook has a password; save it without one')
    const entry: ZipEntry = {
      name: new TextDecoder()
        .decode(bytes.subarray(at + 46, nameEnd))
        .replaceAll('\\', '/')
        .replace(/^\//, ''),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    }
    readZip64Extra(entry, new DataView(bytes.buffer, bytes.byteOffset + nameEnd, extraEnd - nameEnd))
    const key = entry.name.toLowerCase()
    if (entries.has(key)) corrupt(`it holds ${entry.name} twice`)
    entries.set(key, entry)
    at = next
  }
  // Entries must not share bytes: a small file could claim to hold petabytes.
  let nextFree = 0
  for (const { name, offset, packed } of [...entries.values()].sort((a, b) => a.offset - b.offset)) {
    if (offset < nextFree || offset + 30 + packed > start) corrupt(`${name} lies across other parts`)
    nextFree = offset + 30 + packed
  }
  return entries
}

/** The end record is the last thing in the file, but for a comment of up to 64 kB. */
function findDirectory(source: ByteSource): { start: number; size: number; count: number } {
  const tailAt = Math.max(0, source.size - 22 - 0xffff)
  const tail = readPiece(source, tailAt, 22 + 0xffff)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length)
  for (let at = tail.length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x06054b50 || at + 22 + view.getUint16(at + 20, true) > tail.length) continue
    const disks = view.getUint16(at + 4, true) | view.getUint16(at + 6, true)
    let count = view.getUint16(at + 10, true)
    let size = view.getUint32(at + 12, true)
    let start = view.getUint32(at + 16, true)
    if (at >= 20 && view.getUint32(at - 20, true) === 0x07064b50) {
      const wide = readPiece(source, Number(view.getBigUint64(at - 12, true)), 56)
      const record = new DataView(wide.buffer, wide.byteOffset, wide.length)
      if (wide.length < 56 || record.getUint32(0, true) !== 0x06064b50) corrupt('its zip64 directory is not there')
      count = Number(record.getBigUint64(32, true))
      size = Number(record.getBigUint64(40, true))
      start = Number(record.getBigUint64(48, true))
    } else if (disks !== 0) refuseSheet('corrupt', 'The workbook is one part of a zip split over several files')
    if (start + size > tailAt + at) corrupt('its directory does not fit the file')
    return { start, size, count }
  }
  return corrupt('the end of the zip is missing; the file was probably cut off')
}

/** Zip64 moves what does not fit 32 bits to an extra field, in this order. */
function readZip64Extra(entry: ZipEntry, extra: DataView): void {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue
    const stop = Math.min(extra.byteLength, at + 4 + extra.getUint16(at + 2, true))
    let p = at + 4
    for (const field of ['size', 'packed', 'offset'] as const) {
      if (entry[field] !== 0xffffffff) continue
      if (p + 8 > stop) corrupt(`the size of ${entry.name} is missing`)
      entry[field] = Number(extra.getBigUint64(p, true))
      p += 8
    }
    return
  }
}

function* readPieces(source: ByteSource, start: number, length: number, sliceBytes = SLICE_BYTES) {
  for (let at = 0; at < length; at += sliceBytes) {
    const piece = readPiece(source, start + at, Math.min(sliceBytes, length - at))
    if (piece.length === 0) corrupt('it is cut off')
    yield piece
  }
}

async function* inflatePieces(source: ByteSource, start: number, length: number) {
  const stream = new DecompressionStream('deflate-raw')
  const writer = stream.writable.getWriter()
  const reader = stream.readable.getReader()
  let isReadingFailed = false
  function* packedPieces() {
    try {
      yield* readPieces(source, start, length)
    } catch (error) {
      isReadingFailed = true
      throw error
    }
  }
  const feed = async () => {
    for (const piece of packedPieces()) await writer.write(piece)
    await writer.close()
  }
  // What fails while writing is thrown where it is read.
  feed().catch(error => writer.abort(error).catch(() => {}))
  writer.closed.catch(() => {})
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } catch (error) {
    if (error instanceof TypeError && !isReadingFailed) corrupt('it does not unpack')
    throw error
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** While the caller reads a piece, the next ones are inflated in another thread. */
async function* inflateBeside(source: ByteSource, start: number, length: number) {
  const packed = Readable.from(readPieces(source, start, length, BESIDE_SLICE_BYTES), { highWaterMark: 2 })
  const inflated = createInflateRaw(beside)
  pipeline(packed, inflated, () => {}) // what fails is thrown where it is read
  try {
    for await (const piece of inflated) {
      yield piece
      freePiece(piece) // left to the garbage collector, the pieces of a sheet would be tens of megabytes
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) corrupt('it does not unpack')
    throw error
  }
}
