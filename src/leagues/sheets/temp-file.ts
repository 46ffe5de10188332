import { type FileHandle, open } from 'node:fs/promises'

const GATHER = 1 << 20
const SYNC = 16 << 20

/**
 * Chunks become a new file that is on disk when this is done. While a megabyte is gathered the one before is written, and
 * what was written is synced meanwhile, so that little is left to wait for at the end.
 */
export async function writeTempFile(chunks: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const file = await open(path, 'wx')
  let written = behind(Promise.resolve())
  let synced = behind(Promise.resolve())
  let pieces: Uint8Array[] = []
  let gathered = 0
  let unsynced = 0
  const write = async () => {
    await written
    written = behind(writeAll(file, pieces, gathered))
    unsynced += gathered
    if (unsynced >= SYNC) {
      synced = behind(Promise.all([synced, written.then(() => file.datasync())]))
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
    await write()
    await Promise.all([written, synced])
    await file.sync()
  } finally {
    await Promise.allSettled([written, synced])
    await file.close()
  }
}

/** What fails behind our back is thrown where it is waited for. */
function behind(work: Promise<unknown>): Promise<unknown> {
  work.catch(() => {})
  return work
}

/** A disk that is nearly full takes a part, and says so when the rest comes. */
async function writeAll(file: FileHandle, pieces: Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(pieces)
  if (bytesWritten < bytes) await writeAll(file, [Buffer.concat(pieces).subarray(bytesWritten)], bytes - bytesWritten)
}
