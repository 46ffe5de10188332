/**
 * A backup that an admin chose on the page takes the place of everything at the next start, before anything is opened. What was
 * there is moved to `backups/replaced-…`, not deleted. However often a start dies on the way, the next one goes on with it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { holdProcessLock, otherProcessesAlive } from '../../platform/process/process-lock.ts'
import { backupName, backupsFolder, toDisk } from './backup.ts'
import { fromPath, inTheWay, restoreBackup, wishFile } from './restore.ts'

type Wish = { backup: string; aside: string }
const wishPath = (dataDir: string) => join(dataDir, wishFile)

/** The name of the backup that the next start restores. */
export const wishedBackup = (dataDir: string): string | undefined => readWish(dataDir)?.backup

function readWish(dataDir: string): Wish | undefined {
  const path = wishPath(dataDir)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

export function wishBackup(dataDir: string, backup: string, at: number): void {
  const wish: Wish = { backup, aside: `replaced-${backupName(at)}` }
  writeFileSync(`${wishPath(dataDir)}.part`, JSON.stringify(wish), { mode: 0o600 })
  toDisk(`${wishPath(dataDir)}.part`)
  renameSync(`${wishPath(dataDir)}.part`, wishPath(dataDir))
  toDisk(dataDir)
}

export const unwishBackup = (dataDir: string): void => rmSync(wishPath(dataDir), { force: true })

/** Answers what was done, for the log; why not, where the backup could not be restored: then everything is as it was. */
export async function restoreAtStart(
  dataDir: string,
  at: number,
): Promise<{ restored: string; aside: string } | { failed: string } | undefined> {
  const wish = readWish(dataDir)
  if (!wish) return undefined
  if (otherProcessesAlive(dataDir))
    throw new Error(
      `The backup ${wish.backup} is to be restored at this start, but another process is at work in ${dataDir}. Stop it first, or remove ${wishFile} there.`,
    )
  const release = holdProcessLock(dataDir, 'restore') // a second process that starts now finds it alive
  const aside = join(backupsFolder(dataDir), wish.aside)
  try {
    if (!isDone(dataDir, aside)) {
      const moveAside = () => moveAll(dataDir, aside)
      await restoreBackup(fromPath(join(backupsFolder(dataDir), wish.backup)), dataDir, at, moveAside)
    }
    return { restored: wish.backup, aside }
  } catch (error) {
    return { failed: `The backup ${wish.backup} was not restored: ${(error as Error).message}` }
  } finally {
    unwishBackup(dataDir)
    release()
  }
}

/** The old fieldhouse.db is moved first, the new one comes last. */
const isDone = (dataDir: string, aside: string) =>
  existsSync(join(aside, 'fieldhouse.db')) && existsSync(join(dataDir, 'fieldhouse.db'))

/** What is aside already is the old one: what stands in its place came out of the backup, before a start that died. */
function moveAll(dataDir: string, aside: string): void {
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  const moved = new Set(readdirSync(aside))
  const names = inTheWay(dataDir).sort((a, b) => Number(b === 'fieldhouse.db') - Number(a === 'fieldhouse.db'))
  for (const name of names) {
    if (moved.has(name)) rmSync(join(dataDir, name), { recursive: true })
    else renameSync(join(dataDir, name), join(aside, name))
  }
  toDisk(aside)
  toDisk(dataDir)
}
