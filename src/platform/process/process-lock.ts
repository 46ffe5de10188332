/**
 * Tells at once that a process is dead: each holds an exclusive lock on a small file of its own while it lives. The kernel
 * releases it at death, however sudden, also across containers that share the folder, where a pid means nothing.
 */
import { Database } from 'bun:sqlite'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { explainOpenErrors } from '../../../db/open-errors.ts'

const suffix = '.alive'
const fileOf = (dataDir: string, id: string) => join(dataDir, 'run', `${id}${suffix}`)

/** Referenced here, because the garbage collector closes a database that nothing refers to, and so releases its lock. */
const held = new Set<Database>()

/** Returns a function that releases the lock. Deletes the files of dead processes, as nobody else may ever look at them. */
export function holdProcessLock(dataDir: string, id: string): () => void {
  mkdirSync(join(dataDir, 'run'), { recursive: true })
  otherProcessesAlive(dataDir)
  const path = fileOf(dataDir, id)
  const file = lockedFile(path)
  held.add(file)
  return () => {
    held.delete(file)
    rmSync(path, { force: true }) // while the lock is held, as in `isProcessDead`
    file.close()
  }
}

/**
 * Another process may check the file between its making and its locking, take it for that of a dead process and delete it: then it
 * is made again.
 */
function lockedFile(path: string): Database {
  for (;;) {
    const file = explainOpenErrors(path, () => new Database(path, { create: true }))
    try {
      file.run('PRAGMA busy_timeout = 10000') // the check of another process holds the lock for a moment, longer if the machine is busy
      file.run('PRAGMA journal_mode = MEMORY') // or there would be a journal file too
      file.run('BEGIN EXCLUSIVE')
    } catch (error) {
      file.close()
      throw error
    }
    if (existsSync(path)) return file
    file.close()
  }
}

/** Whether any process is alive in the folder besides the one with the lock `own`. Deletes the files of dead ones. */
export function otherProcessesAlive(dataDir: string, own?: string): boolean {
  const folder = join(dataDir, 'run')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const ids = names.filter(name => name.endsWith(suffix)).map(name => name.slice(0, -suffix.length))
  return ids.filter(id => id !== own && !isProcessDead(dataDir, id)).length > 0
}

/** True once nobody holds the file of that process. */
export function isProcessDead(dataDir: string, id: string): boolean {
  const path = fileOf(dataDir, id)
  let probe: Database | undefined
  try {
    probe = new Database(path, { readwrite: true, create: false })
    probe.run('PRAGMA busy_timeout = 0')
    // A read lock, which others who ask at the same moment can hold as well.
    probe.run('BEGIN')
    probe.query('SELECT count(*) FROM sqlite_schema').get()
    rmSync(path, { force: true }) // while the lock is held, so that the next to lock it sees that the file is gone
    return true
  } catch {
    return !existsSync(path) // it has no file, or has just ended and removed it
  } finally {
    probe?.close()
  }
}
