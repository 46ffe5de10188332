import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Bytes that can be read from any place. `read` may give fewer than asked for; 0 is the end. */
export interface Source {
  size: number
  read(into: Uint8Array, at: number): number
  close(): void
}

export function fileSource(path: string): Source {
  const file = openSync(path, 'r')
  return {
    size: fstatSync(file).size,
    read: (into, at) => readSync(file, into, 0, into.length, at),
    close: () => closeSync(file),
  }
}

export function bytesSource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    read(into, at) {
      const piece = bytes.subarray(at, at + into.length)
      into.set(piece)
      return piece.length
    },
    close() {},
  }
}

/** Up to `length` bytes from `at`, fewer only where the source ends. */
export function readPiece(source: Source, at: number, length: number): Uint8Array<ArrayBuffer> {
  const piece = new Uint8Array(Math.max(0, Math.min(length, source.size - at)))
  let filled = 0
  while (filled < piece.length) {
    const got = source.read(piece.subarray(filled), at + filled)
    if (got === 0) break
    filled += got
  }
  return piece.subarray(0, filled)
}
