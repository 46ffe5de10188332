/** Which backup the next start restores. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export const requestFile = 'restore-at-start.json'

export type RestoreRequest = { backup: string; aside: string }
export const requestPath = (dataDir: string) => join(dataDir, requestFile)

/** The name of the backup that the next start restores. */
export const requestedBackup = (dataDir: string): string | undefined => readRequest(dataDir)?.backup

export function readRequest(dataDir: string): RestoreRequest | undefined {
  const path = requestPath(dataDir)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

export const withdrawRestoreRequest = (dataDir: string): void => rmSync(requestPath(dataDir), { force: true })
