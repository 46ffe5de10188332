import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import {
  type Growth,
  growthState,
  isComplete,
  isUnwanted,
  nextGrowth,
  readBlock,
  signalNoReader,
} from '../files/growth.ts'

/** Bytes that can be read at any offset. `read` may return fewer than asked for; 0 is the end, or the end for now (see `grown`). */
export interface ByteSource {
  readonly size: number
  read(into: Uint8Array, at: number): number
  /** For a file that is still written: resolves when it may have grown since it was last read, with false once it is complete. */
  grown?(): Promise<boolean>
  close(): void
}

export function fileSource(path: string): ByteSource {
  const file = openSync(path, 'r')
  return {
    size: fstatSync(file).size,
    read: (into, at) => readSync(file, into, 0, into.length, at),
    close: () => closeSync(file),
  }
}

const growthTimeoutMs = 10_000 // after that the state is checked again

/** A file that another thread still writes, for one reader from start to end. Until it is complete its size is `expectedBytes`. */
export function growingSource(path: string, expectedBytes: number, growth: Growth): ByteSource {
  const file = openSync(path, 'r')
  let lastState = growthState(growth)
  return {
    get size() {
      return isComplete(growthState(growth)) ? fstatSync(file).size : expectedBytes
    },
    read(into, at) {
      lastState = growthState(growth)
      return readBlock(growth, into, at) || readSync(file, into, 0, into.length, at)
    },
    async grown() {
      if (isComplete(lastState)) return false
      if (!isUnwanted(lastState)) await nextGrowth(growth, lastState, growthTimeoutMs)
      if (isUnwanted(growthState(growth))) throw new Error('The file is not wanted any more')
      return true
    },
    close() {
      signalNoReader(growth)
      closeSync(file)
    },
  }
}

export function bytesSource(bytes: Uint8Array): ByteSource {
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
export function readPiece(source: ByteSource, at: number, length: number): Uint8Array<ArrayBuffer> {
  const piece = new Uint8Array(Math.max(0, Math.min(length, source.size - at)))
  let filled = 0
  while (filled < piece.length) {
    const bytesRead = source.read(piece.subarray(filled), at + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return piece.subarray(0, filled)
}
