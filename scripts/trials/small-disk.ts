/** A small file system in memory, to be filled up. Mounting it needs root, and not every container allows it. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtEnd } from './end-with-us.ts'

export type SmallDisk = { folder: string; fill(): void; empty(): void }

/** Undefined if it cannot be mounted. */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-disk-'))
  const run = (...command: string[]) =>
    Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore', timeout: 10_000 }).exitCode === 0
  const isMounted = Bun.which('mount') && run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder)
  undoAtEnd(() => {
    if (isMounted) run('umount', '-l', folder)
    rmSync(folder, { recursive: true, force: true })
  })
  if (!isMounted) return undefined
  const filler = join(folder, 'filler')
  return {
    folder,
    /** Fills it to the last byte. */
    fill() {
      const file = openSync(filler, 'w')
      try {
        for (let size = 1 << 20; size >= 1; size >>= 1)
          try {
            for (const bytes = Buffer.alloc(size); writeSync(file, bytes) > 0; );
          } catch {
            // No room for this many bytes: tries half as many.
          }
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler, { force: true }),
  }
}
