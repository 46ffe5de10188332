import { closeSync, fdatasync, fsync, openSync, writev, writevSync } from 'node:fs'
import { promisify } from 'node:util'
import { throwWhenAwaited } from '../../platform/process/with-timeout.ts'

const WRITE_BYTES = 1 << 20
const SYNC_BYTES = 16 << 20

/** A file that is written to its end and still open: either has to be called. Syncs of its beginning may be under way. */
export type WrittenFile = { syncAndClose(): Promise<void>; close(): Promise<void> }

/**
 * Writes chunks to a new file. While one megabyte is gathered, the one
 * before is written, and earlier ones are synced, so that little is left to wait for at the end. The rest of less than a
 * megabyte is written synchronously: for a small file that costs less than handing it to another thread. `onWritten` is called
 * with the number of bytes whenever there is more to read.
 */
export async function writeTempFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  onWritten: (bytes: number) => void = () => {},
): Promise<WrittenFile> {
  const file = openSync(path, 'wx')
  let written: Promise<unknown> = Promise.resolve()
  let synced: Promise<unknown> = Promise.resolve()
  let pieces: Uint8Array[] = []
  let gatheredBytes = 0
  let unsyncedBytes = 0
  const write = async () => {
    await written
    const bytes = gatheredBytes
    written = throwWhenAwaited(writeAll(file, pieces, bytes).then(() => onWritten(bytes)))
    unsyncedBytes += bytes
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
    writeRest(file, pieces, gatheredBytes)
    return writtenFile(file, synced)
  } catch (error) {
    await Promise.allSettled([written, synced])
    closeSync(file)
    throw error
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

/** A nearly full disk writes a part, and reports the error for the rest. */
async function writeAll(file: number, pieces: Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await promisify(writev)(file, pieces)
  if (bytesWritten < bytes) await writeAll(file, [Buffer.concat(pieces).subarray(bytesWritten)], bytes - bytesWritten)
}

function writeRest(file: number, pieces: Uint8Array[], bytes: number): void {
  if (bytes === 0) return
  const written = writevSync(file, pieces)
  if (written < bytes) writeRest(file, [Buffer.concat(pieces).subarray(written)], bytes - written)
}
