/** Once a file or folder is synced it survives a power cut. Of a folder that means the names of its files. */
import { closeSync, fdatasync, fsync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
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

/** Writes a file that is whole or not there at all, whenever the process is killed or the power cut. */
export function writeDurably(path: string, text: string): void {
  const part = `${path}.part`
  writeFileSync(part, text, { mode: 0o600 })
  syncToDisk(part)
  renameSync(part, path)
  syncToDisk(dirname(path))
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
