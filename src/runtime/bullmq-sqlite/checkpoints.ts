import type { Database } from 'bun:sqlite'
import { Worker } from 'node:worker_threads'
import { clock } from './clock.ts'

/** The log is copied back into the file this often, in ms, if anything was written: no one copy is long. */
const every = 1000
/**
 * SQLite begins the log anew only when all of it has been copied, and whoever writes without a pause never lets the thread
 * catch up. When the log has more pages (2 KB each) than this, the rest is copied here.
 */
const longestLog = 32_768

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
    await exited
  }

  #start = (): void => {
    const workerData = { path: this.db.filename, every }
    const thread = (this.#thread = new Worker(new URL('./checkpointer.ts', import.meta.url), { workerData }))
    thread.unref()
    thread.on('message', (pages: number) => {
      if (pages > longestLog) this.#copyHere()
    })
    // Without a thread to do it, this one does.
    thread.on('error', () => {
      this.#thread = undefined
      this.#timer = clock.setInterval(this.#copyHere, every).unref()
    })
  }

  #copyHere = (): void => {
    try {
      this.db.run('PRAGMA wal_checkpoint(PASSIVE)')
    } catch {
      // Another process is at it, or the disk is full: the log keeps everything until a later copy succeeds.
    }
  }
}
