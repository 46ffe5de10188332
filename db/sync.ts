/** Once a file or folder is synced it survives a power cut. Of a folder that means the names of its files. */
import { closeSync, fdatasync, fsync, fsyncSync, openSync } from 'node:fs'
import { promisify } from 'node:util'

/** Waits for the disk: not for the thread that answers requests. */
export function syncToDisk(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Opens the log of a database for this sync only. Closing it drops no lock of SQLite's, as SQLite holds none on the log. */
export const syncLogFile = (path: string): Promise<void> => syncInBackground(path, fdatasync)
export const syncFolder = (path: string): Promise<void> => syncInBackground(path, fsync)

async function syncInBackground(path: string, how: typeof fsync): Promise<void> {
  const file = openSync(path, 'r')
  try {
    await promisify(how)(file)
  } finally {
    closeSync(file)
  }
}
