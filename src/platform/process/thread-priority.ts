import { readlinkSync } from 'node:fs'
import os from 'node:os'

/**
 * Lowers the priority of this thread, so that where threads outnumber processors whoever waits for a page is served first.
 * Only on Linux, where threads have priorities of their own.
 */
export function yieldProcessor(niceness = 5): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    os.setPriority(thread, niceness)
  } catch {} // without /proc the priority stays as it is
}
