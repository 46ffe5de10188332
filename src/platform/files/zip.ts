/** Archives as every system opens them, made as they are read: nothing is held but what is just being packed. */
import { pipeline, Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'

type ZipFile = { name: string; content: Iterable<Uint8Array> | AsyncIterable<Uint8Array> }

const mostBytes = 0xffff_ffff // of one file; more would take a form that not every program reads
const version = 20
const flags = 0x0808 // sizes follow the file, names are UTF-8
const deflated = 8
const date = 0x0021 // 1980-01-01: the same content is the same archive

export async function* zipOf(files: Iterable<ZipFile>): AsyncGenerator<Uint8Array> {
  const listed: Uint8Array[] = []
  let at = 0
  for (const { name, content } of files) {
    const start = at
    const label = new TextEncoder().encode(name)
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
      [2, label.length],
    )
    yield joined(head, label)
    at += head.length + label.length
    const packing = createDeflateRaw({ level: 3 })
    pipeline(Readable.from(counted(content, written)), packing, () => {}) // whoever reads `packing` is told of what goes wrong
    for await (const bytes of packing) {
      written.packed += bytes.length
      yield bytes
    }
    if (written.size > mostBytes || start > mostBytes) throw new Error(`${name} is too long for an archive`)
    const sizes: Field[] = [
      [4, written.crc],
      [4, written.packed],
      [4, written.size],
    ]
    yield record(16, [4, 0x08074b50], ...sizes)
    at += written.packed + 16
    listed.push(
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
          [2, label.length],
          [12, 0],
          [4, start],
        ),
        label,
      ),
    )
  }
  const list = joined(...listed)
  yield joined(
    list,
    record(22, [4, 0x06054b50], [4, 0], [2, listed.length], [2, listed.length], [4, list.length], [4, at]),
  )
}

async function* counted(content: ZipFile['content'], written: { crc: number; size: number }) {
  for await (const bytes of content) {
    written.crc = crc32(bytes, written.crc)
    written.size += bytes.length
    yield bytes
  }
}

type Field = [bytes: number, value: number]

/** Little-endian numbers one after the other, zeros behind them; a field of more than four bytes is all zeros. */
function record(length: number, ...fields: Field[]): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true)
    else if (width === 4) view.setUint32(at, value, true)
    at += width
  }
  return bytes
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
