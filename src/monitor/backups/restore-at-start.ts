/**
 * A backup that an admin chose on the page replaces everything at the next start, before anything is opened. The existing files
 * are moved to `replaced-…` in `backups`, not deleted. However often a start dies on the way, the next one continues.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Db, databaseFile } from '../../../db/open.ts'
import { isBusy } from '../../../db/open-errors.ts'
import { syncToDisk } from '../../../db/sync.ts'
import { atomically } from '../../../db/transactions.ts'
import { raiseAlert } from '../../alerts.ts'
import { holdProcessLock, isProcessDead, otherProcessesAlive } from '../../platform/process/process-lock.ts'
import { existingFiles, fromPath, restoreBackup, stagingFolder } from './restore.ts'
import {
  backupsFolder,
  type RestoreRequest,
  readRequest,
  requestFile,
  requestPath,
  withdrawRestoreRequest,
} from './stored-backups.ts'

const restoring = 'restore' // the id under which a restore holds its process lock

/**
 * Keeps other processes of the folder from starting and restoring until the returned function is called. They wait for some
 * seconds, then refuse.
 */
export function lockRestore(dataDir: string): () => void {
  try {
    return holdProcessLock(dataDir, restoring)
  } catch (error) {
    if (!isBusy(error)) throw error
    throw new Error(`A backup is being restored into ${dataDir} by another process. Start this one once it has ended.`)
  }
}

/** Returns what was done, for the log; or why the backup could not be restored: then nothing has changed. */
export async function restoreAtStart(
  dataDir: string,
  at: number,
): Promise<{ restored: string; aside: string } | { failed: string } | undefined> {
  if (!existsSync(requestPath(dataDir)) && isProcessDead(dataDir, restoring)) {
    // Killed right after the last file had taken its place.
    if (existsSync(databaseFile(dataDir))) rmSync(stagingFolder(dataDir), { recursive: true, force: true })
    return undefined
  }
  const release = lockRestore(dataDir)
  try {
    const request = readRequest(dataDir)
    return request && (await restoreRequested(request, dataDir, at)) // else another process has just restored it
  } finally {
    release()
  }
}

async function restoreRequested(request: RestoreRequest, dataDir: string, at: number) {
  if (otherProcessesAlive(dataDir, restoring))
    throw new Error(
      `The backup ${request.backup} is to be restored at this start, but another process is running in ${dataDir}. Stop it first, or remove ${requestFile} there.`,
    )
  const [inBackups, here] = [join(backupsFolder(dataDir), request.aside), join(dataDir, request.aside)]
  let aside = existsSync(here) ? here : inBackups
  try {
    if (!isRestored(dataDir, aside)) {
      const moveAside = () => {
        aside = folderForReplaced(inBackups, here)
        moveFilesAside(dataDir, aside)
      }
      await restoreBackup(fromPath(join(backupsFolder(dataDir), request.backup)), dataDir, at, moveAside)
    } else rmSync(stagingFolder(dataDir), { recursive: true, force: true })
    return { restored: request.backup, aside }
  } catch (error) {
    return { failed: `The backup ${request.backup} was not restored: ${(error as Error).message}` }
  } finally {
    withdrawRestoreRequest(dataDir)
  }
}

/** `backups` may be another disk, or the same one mounted a second time: nothing can be moved there then. */
function folderForReplaced(inBackups: string, here: string): string {
  if (existsSync(inBackups)) return inBackups // made by a start that died
  mkdirSync(here, { recursive: true, mode: 0o700 })
  try {
    renameSync(here, inBackups)
    return inBackups
  } catch {
    return here
  }
}

/** The old fieldhouse.db is moved first, the new one comes last. */
const isRestored = (dataDir: string, aside: string) =>
  existsSync(join(aside, 'fieldhouse.db')) && existsSync(join(dataDir, 'fieldhouse.db'))

/** A file that is already in `aside` is the old one: the one in its place came from the backup, before a start that died. */
function moveFilesAside(dataDir: string, aside: string): void {
  const moved = new Set(readdirSync(aside))
  const names = existingFiles(dataDir).sort((a, b) => Number(b === 'fieldhouse.db') - Number(a === 'fieldhouse.db'))
  for (const name of names) {
    if (moved.has(name)) rmSync(join(dataDir, name), { recursive: true })
    else renameSync(join(dataDir, name), join(aside, name))
  }
  syncToDisk(aside)
  syncToDisk(dataDir)
}

/** It stays until an admin acknowledges it. */
export const raiseRestoreFailure = (db: Db, at: number, message: string) =>
  atomically(db, tx =>
    raiseAlert(tx, at, {
      key: 'job_failed:restore:start',
      type: 'job_failed',
      severity: 'error',
      title: 'A backup was not restored',
      message,
    }),
  )
