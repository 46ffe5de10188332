/** Writes zip archives as a stream: only the piece that is being compressed is in memory. */
import { pipeline, Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'

type ZipFile = { name: string; content: Iterable<Uint8Array> | AsyncIterable<Uint8Array> }

const maxBytes = 0xffff_ffff // of one file; more needs zip64, which not every program reads
const version = 20
const flags = 0x0808 // sizes follow the file, names are UTF-8
const deflated = 8
const date = 0x0021 // 1980-01-01, always: the same content gives the same archive

export async function* zipOf(files: Iterable<ZipFile>): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, content } of files) {
    const start = offset
    const nameBytes = new TextEncoder().encode(name)
    const written = { crc: 0, size: 0, packed: 0 }
    const head = record(
      30,
      [4, 0x04034b50],
      [2, version],
      [2, flags],
      [2, deflated],
      [2, 0],
      [2, date],
      [12, 0],
      [2, nameBytes.length],
    )
    yield joined(head, nameBytes)
    offset += head.length + nameBytes.length
    const deflating = createDeflateRaw({ level: 3 })
    pipeline(Readable.from(measured(content, written)), deflating, () => {}) // errors reach the reader of `deflating`
    for await (const bytes of deflating) {
      written.packed += bytes.length
      yield bytes
    }
    if (written.size > maxBytes || start > maxBytes) throw new Error(`${name} is too long for an archive`)
    const sizes: Field[] = [
      [4, written.crc],
      [4, written.packed],
      [4, written.size],
    ]
    yield record(16, [4, 0x08074b50], ...sizes)
    offset += written.packed + 16
    directory.push(
      joined(
        record(
          46,
          [4, 0x02014b50],
          [2, version],
          [2, version],
          [2, flags],
          [2, deflated],
          [2, 0],
          [2, date],
          ...sizes,
          [2, nameBytes.length],
          [12, 0],
          [4, start],
        ),
        nameBytes,
      ),
    )
  }
  const list = joined(...directory)
  yield joined(
    list,
    record(22, [4, 0x06054b50], [4, 0], [2, directory.length], [2, directory.length], [4, list.length], [4, offset]),
  )
}

async function* measured(content: ZipFile['content'], written: { crc: number; size: number }) {
  for await (const bytes of content) {
    written.crc = crc32(bytes, written.crc)
    written.size += bytes.length
    yield bytes
  }
}

type Field = [bytes: number, value: number]

/** Little-endian numbers in a row, padded with zeros; a field of more than four bytes is all zeros. */
function record(length: number, ...fields: Field[]): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(offset, value, true)
    else if (width === 4) view.setUint32(offset, value, true)
    offset += width
  }
  return bytes
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
