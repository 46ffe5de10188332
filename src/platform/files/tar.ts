/** Tar archives of plain files with their paths, and nothing else. */
import { closeSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

const block = 512
const chunkSize = 1024 * 1024
const encoder = new TextEncoder()

export function packTar(folder: string, paths: readonly string[]): ReadableStream<Uint8Array> {
  const pieces = tarChunks(folder, paths)
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => void pieces.return(undefined),
  })
}

async function* tarChunks(folder: string, paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    const file = Bun.file(join(folder, path))
    yield header(path, file.size)
    yield* file.stream()
    yield new Uint8Array(padding(file.size))
  }
  yield new Uint8Array(2 * block)
}

const padding = (size: number) => (block - (size % block)) % block

function header(path: string, size: number): Uint8Array {
  const bytes = new Uint8Array(block)
  const writeText = (text: string, at: number, length: number) => {
    const encoded = encoder.encode(text)
    if (encoded.length > length) throw new Error(`The path is too long for an archive: ${path}`)
    bytes.set(encoded, at)
  }
  const writeOctal = (number: number, at: number, length: number) =>
    writeText(number.toString(8).padStart(length - 1, '0'), at, length)
  // A path over 100 bytes is split at a slash: name and prefix.
  const slash = encoder.encode(path).length <= 100 ? -1 : path.indexOf('/', path.length - 101)
  writeText(path.slice(slash + 1), 0, 100)
  if (slash > 0) writeText(path.slice(0, slash), 345, 155)
  writeOctal(0o600, 100, 8)
  writeOctal(0, 108, 8) // owner
  writeOctal(0, 116, 8) // group
  if (size < 8 ** 11) {
    writeOctal(size, 124, 12)
  } else {
    new DataView(bytes.buffer).setBigUint64(128, BigInt(size)) // more than 8 GiB
    bytes[124] = 0x80
  }
  writeOctal(0, 136, 12) // time
  writeText('0', 156, 1) // an ordinary file
  writeText('ustar\x0000', 257, 8)
  writeText('        ', 148, 8)
  writeOctal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return bytes
}

/** Unpacks an archive into a folder and returns the paths. Refuses paths that lead out of the folder. */
export function unpackTar(archive: string, folder: string): string[] {
  const paths: string[] = []
  const file = openSync(archive, 'r')
  const { size: length } = statSync(archive)
  const chunk = new Uint8Array(chunkSize)
  try {
    for (let at = 0; at < length; ) {
      const bytes = new Uint8Array(block)
      if (readSync(file, bytes, 0, block, at) < block) throw new Error('The archive ends in the middle of a file')
      at += block
      if (bytes.every(byte => byte === 0)) return paths
      const { path, size, kind } = readHeader(bytes)
      if (at + size > length) throw new Error('The archive ends in the middle of a file')
      if (kind === 'file') {
        copyOut(path, at, size)
        paths.push(path)
      }
      at += size + padding(size)
    }
  } finally {
    closeSync(file)
  }
  throw new Error('The archive has no end; it is incomplete')

  function copyOut(path: string, from: number, size: number) {
    if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`The archive holds ${path}`)
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    const out = openSync(target, 'wx', 0o600)
    try {
      for (let copied = 0; copied < size; ) {
        const read = readSync(file, chunk, 0, Math.min(chunkSize, size - copied), from + copied)
        if (read === 0) throw new Error('The archive ends in the middle of a file') // it was cut off meanwhile
        copied += writeSync(out, chunk, 0, read) // a nearly full disk writes a part, and reports the error for the rest
      }
    } finally {
      closeSync(out)
    }
  }
}

function readHeader(bytes: Uint8Array) {
  const text = (at: number, length: number) => {
    const end = bytes.indexOf(0, at)
    return new TextDecoder().decode(bytes.subarray(at, end < 0 || end > at + length ? at + length : end))
  }
  const sum = bytes.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0)
  if (Number.parseInt(text(148, 8), 8) !== sum)
    throw new Error('This is not a tar archive, or a damaged one; if it is compressed, unpack it with gunzip first')
  const isLarge = ((bytes[124] ?? 0) & 0x80) !== 0
  const size = isLarge ? Number(new DataView(bytes.buffer).getBigUint64(128)) : Number.parseInt(text(124, 12), 8) || 0
  const type = text(156, 1)
  if (!['', '0', '5', 'x', 'g'].includes(type)) throw new Error(`The archive holds something of type ${type}`)
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : ''
  const path = `${prefix && `${prefix}/`}${text(0, 100)}`.replace(/^(\.\/)+/, '')
  return { path, size, kind: type === '' || type === '0' ? 'file' : 'other' }
}
