/** Which backup the next start restores: a file in the data folder, so that it is known before any database is opened. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../../../db/sync.ts'
import { backupName } from './stored-backups.ts'

/** Names of folders for what a backup has replaced start like this. */
export const replacedPrefix = 'replaced-'

export const requestFile = 'restore-at-start.json'

export type RestoreRequest = { backup: string; aside: string }
export const requestPath = (dataDir: string) => join(dataDir, requestFile)

export const requestedBackup = (dataDir: string): string | undefined => readRequest(dataDir)?.backup

export function readRequest(dataDir: string): RestoreRequest | undefined {
  const path = requestPath(dataDir)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

export const withdrawRestoreRequest = (dataDir: string): void => rmSync(requestPath(dataDir), { force: true })

export function requestRestore(dataDir: string, backup: string, at: number): void {
  const request: RestoreRequest = { backup, aside: `${replacedPrefix}${backupName(at)}` }
  writeDurably(requestPath(dataDir), JSON.stringify(request))
}
