import { closeSync, fdatasync, openSync, writev, writevSync } from 'node:fs'
import { promisify } from 'node:util'

const GATHER = 1 << 20
const SYNC = 16 << 20

/**
 * Chunks become a new file, written to its end and open: the caller syncs and closes it. While a megabyte is gathered the one
 * before is written, and what was written is synced in the meantime, so that little is left to wait for at the end. What is less
 * than that goes to the system at once: for a small file it costs less than to hand it to another thread. `onWritten` is
 * called whenever there is more to read.
 */
export async function writeTempFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  onWritten = () => {},
): Promise<number> {
  const file = openSync(path, 'wx')
  let written = handled(Promise.resolve())
  let synced = handled(Promise.resolve())
  let pieces: Uint8Array[] = []
  let gathered = 0
  let unsynced = 0
  const write = async () => {
    await written
    written = handled(writeAll(file, pieces, gathered).then(onWritten))
    unsynced += gathered
    if (unsynced >= SYNC) {
      synced = handled(Promise.all([synced, written.then(() => promisify(fdatasync)(file))]))
      unsynced = 0
    }
    pieces = []
    gathered = 0
  }
  try {
    for await (const chunk of chunks) {
      pieces.push(chunk)
      gathered += chunk.length
      if (gathered >= GATHER) await write()
    }
    await Promise.all([written, synced])
    writeRest(file, pieces, gathered)
    return file
  } catch (error) {
    await Promise.allSettled([written, synced])
    closeSync(file)
    throw error
  }
}

/** Prevents an unhandled rejection: a failure is thrown where the promise is awaited. */
function handled(work: Promise<unknown>): Promise<unknown> {
  work.catch(() => {})
  return work
}

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
