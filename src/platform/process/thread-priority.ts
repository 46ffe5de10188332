import { readlinkSync } from 'node:fs'
import os from 'node:os'

/**
 * Lowers the priority of this thread, so that with more threads than processors the HTTP thread runs first.
 * Only on Linux, where threads have priorities of their own.
 */
export function lowerThreadPriority(niceness = 5): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    os.setPriority(thread, niceness)
  } catch {} // without /proc the priority stays as it is
}
