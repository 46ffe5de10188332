/**
 * Knowing that a process is dead the moment it is: each holds an exclusive lock on a small file of its own for as long
 * as it lives. The kernel drops it at death, however sudden, also across containers that share the folder, where a pid
 * means nothing.
 */
import { Database } from 'bun:sqlite'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { explainOpenErrors } from '../../../db/open-errors.ts'

const suffix = '.alive'
const fileOf = (dataDir: string, id: string) => join(dataDir, 'run', `${id}${suffix}`)

/** A database that nothing refers to is closed, and its lock dropped, by the garbage collector. */
const held = new Set<Database>()

/** Call the answer to stop being alive. The files that dead processes have left go: nobody else may ever ask for them. */
export function holdProcessLock(dataDir: string, id: string): () => void {
  mkdirSync(join(dataDir, 'run'), { recursive: true })
  otherProcessesAlive(dataDir)
  const path = fileOf(dataDir, id)
  const file = lockedFile(path)
  held.add(file)
  return () => {
    held.delete(file)
    file.close()
    rmSync(path, { force: true })
  }
}

/** Whoever looked between the making of the file and its lock took it for that of a dead process and deleted it: once more then. */
function lockedFile(path: string): Database {
  for (;;) {
    const file = explainOpenErrors(path, () => new Database(path, { create: true }))
    file.run('PRAGMA busy_timeout = 1000') // who looks holds the lock for a moment
    file.run('PRAGMA journal_mode = MEMORY') // else a journal would lie beside it
    file.run('BEGIN EXCLUSIVE')
    if (existsSync(path)) return file
    file.close()
  }
}

/** Whether any process is alive in the folder: asked before one comes alive oneself. Removes the files of dead ones. */
export function otherProcessesAlive(dataDir: string): boolean {
  const folder = join(dataDir, 'run')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const ids = names.filter(name => name.endsWith(suffix)).map(name => name.slice(0, -suffix.length))
  return ids.filter(id => !isProcessDead(dataDir, id)).length > 0
}

/** True where nobody holds the file of that process any more. */
export function isProcessDead(dataDir: string, id: string): boolean {
  const path = fileOf(dataDir, id)
  if (!existsSync(path)) return true
  const probe = new Database(path, { readwrite: true, create: false })
  try {
    probe.run('PRAGMA busy_timeout = 0')
    probe.run('BEGIN EXCLUSIVE')
    rmSync(path, { force: true }) // while the lock is held, so that who takes it next sees that the file is gone
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}
