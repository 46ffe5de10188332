import { closeSync, constants, fdatasync, fsync, openSync, writev, writevSync } from 'node:fs'
import { promisify } from 'node:util'
import { BLOCK_BYTES } from '../../platform/files/growth.ts'
import { throwWhenAwaited } from '../../platform/process/with-timeout.ts'

const WRITE_BYTES = BLOCK_BYTES
const SYNC_BYTES = 16 << 20

/** A file that is written to its end and still open: either has to be called. Syncs of its beginning may be under way. */
export type WrittenFile = { syncAndClose(): Promise<void>; close(): Promise<void> }

/**
 * Writes chunks to a new file. While one megabyte is gathered, the one before is written, and earlier ones are synced, so that little
 * is left to wait for at the end. Blocks that a reader takes from memory go past the system's cache: to copy them there was an eighth of
 * the processor time of a large import. The rest of less than a megabyte is written synchronously: for a small file that costs less than
 * handing it to another thread. `onWritten` is called with the number of bytes.
 */
export async function writeTempFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  onWritten: (bytes: number) => void = () => {},
): Promise<WrittenFile> {
  const file = openSync(path, 'wx')
  let uncached: number | undefined
  let written: Promise<unknown> = Promise.resolve()
  let synced: Promise<unknown> = Promise.resolve()
  let pieces: Uint8Array[] = []
  let at = 0
  let gatheredBytes = 0
  let unsyncedBytes = 0
  const write = async () => {
    await written
    const bytes = gatheredBytes
    if (pieces[0]!.buffer instanceof SharedArrayBuffer) uncached ??= openUncached(path)
    if (uncached === undefined) unsyncedBytes += bytes
    written = throwWhenAwaited(writeAll(file, pieces, bytes, at, uncached).then(() => onWritten(bytes)))
    at += bytes
    if (unsyncedBytes >= SYNC_BYTES) {
      synced = throwWhenAwaited<unknown>(Promise.all([synced, written.then(() => promisify(fdatasync)(file))]))
      unsyncedBytes = 0
    }
    pieces = []
    gatheredBytes = 0
  }
  try {
    for await (const chunk of chunks) {
      pieces.push(chunk)
      gatheredBytes += chunk.length
      if (gatheredBytes >= WRITE_BYTES) await write()
    }
    await written
    writeRest(file, pieces, gatheredBytes, at)
    return writtenFile(file, synced)
  } catch (error) {
    await Promise.allSettled([written, synced])
    closeSync(file)
    throw error
  } finally {
    if (uncached !== undefined) closeSync(uncached)
  }
}

/** Undefined where the system has no such files. */
function openUncached(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_DIRECT)
  } catch {
    return undefined
  }
}

const writtenFile = (file: number, synced: Promise<unknown>): WrittenFile => ({
  async syncAndClose() {
    try {
      await synced
      await promisify(fsync)(file)
    } finally {
      closeSync(file)
    }
  },
  async close() {
    await synced.catch(() => {})
    closeSync(file)
  },
})

/**
 * A nearly full disk writes a part, and reports the error for the rest. What cannot be written past the cache, as the disk wants other
 * lengths or memory, is written as usual.
 */
async function writeAll(file: number, pieces: Uint8Array[], bytes: number, at: number, uncached = file): Promise<void> {
  const { bytesWritten } = await promisify(writev)(uncached, pieces, at).catch(error => {
    if (uncached === file) throw error
    return { bytesWritten: 0 }
  })
  if (bytesWritten < bytes) await writeAll(file, restOf(pieces, bytesWritten), bytes - bytesWritten, at + bytesWritten)
}

function writeRest(file: number, pieces: Uint8Array[], bytes: number, at: number): void {
  if (bytes === 0) return
  const written = writevSync(file, pieces, at)
  if (written < bytes) writeRest(file, restOf(pieces, written), bytes - written, at + written)
}

const restOf = (pieces: Uint8Array[], written: number): Uint8Array[] => [Buffer.concat(pieces).subarray(written)]
