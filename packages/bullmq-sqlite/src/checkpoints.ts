import type { Database } from 'bun:sqlite'
import { Worker } from 'node:worker_threads'
import { clock } from './clock.ts'

export const every = 1000 // ms between copies of the log into the file: no one copy is long
/**
 * SQLite begins the log anew only when all of it has been copied, and whoever writes without a pause never lets the thread
 * catch up. When the log has more pages (2 KB each) than this, the rest is copied here.
 */
const longestLog = 32_768
const patience = 2000 // ms a thread gets to end by itself: a copy it never ends is only a copy

/** Sees to it that the log does not grow for ever: once anything is written, a thread copies it back into the file. */
export class Checkpoints {
  #timer: ReturnType<typeof setTimeout> | undefined
  #thread: Worker | undefined

  constructor(private readonly db: Database) {}

  written(): void {
    this.#timer ??= clock.setTimeout(this.#start, every).unref()
  }

  async close(): Promise<void> {
    clock.clearTimeout(this.#timer)
    const thread = this.#thread
    if (!thread) return
    const exited = new Promise(resolve => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage('end')
    await Promise.race([exited, new Promise(resolve => clock.setTimeout(resolve, patience))])
    await thread.terminate()
  }

  #start = (): void => {
    const thread = new Worker(new URL('./checkpointer.ts', import.meta.url), { workerData: this.db.filename })
    this.#thread = thread
    thread.unref()
    thread.on('message', (pages: number) => pages > longestLog && copy(this.db))
    // Without a thread to do it, this one does.
    thread.on('error', () => {
      this.#thread = undefined
      this.#timer = clock.setInterval(() => copy(this.db), every).unref()
    })
  }
}

/** Returns how many pages the log has. */
export function copy(db: Database): number {
  try {
    return db.query<{ log: number }, []>('PRAGMA wal_checkpoint(PASSIVE)').get()!.log
  } catch {
    return 0 // Another process is at it, or the disk is full: the log keeps everything until a later copy succeeds.
  }
}
