import { readlinkSync } from 'node:fs'
import os from 'node:os'

/**
 * Lets every other thread go first where there are more of them than processors: whoever waits for a page is served before this
 * one computes on. On Linux threads have priorities of their own; elsewhere nothing is done.
 */
export function yieldProcessor(niceness = 5): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    os.setPriority(thread, niceness)
  } catch {} // without /proc it computes on as before
}
