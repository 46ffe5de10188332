import { Worker } from 'node:worker_threads'
import { clock } from './clock.ts'
import type { Database } from './driver.ts'

export const checkpointInterval = 1000 // ms between copies of the log into the file; often enough to keep each copy short
export const shortLogPages = 512 // pages, a megabyte
/**
 * SQLite restarts the log only when all of it has been copied, and a process that writes without a pause never lets the thread
 * catch up. When the log has more pages (2 KB each) than this, the main thread copies the rest.
 */
const maxLogPages = 32_768
const endTimeout = 2000 // ms the thread gets to end by itself; terminating it in the middle of a copy loses nothing

/** Keeps the write-ahead log short: once anything is written, a thread copies it back into the file, every second if it is long. */
export class Checkpoints {
  readonly #checkpoint: () => number
  readonly #path: string
  readonly #processId: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #thread: Worker | undefined

  constructor(db: Database, path: string, processId: string) {
    this.#checkpoint = checkpointer(db)
    this.#path = path
    this.#processId = processId
  }

  noteWrite(): void {
    this.#timer ??= clock.setTimeout(this.#start, checkpointInterval).unref()
  }

  async close(): Promise<void> {
    clock.clearTimeout(this.#timer)
    const thread = this.#thread
    if (!thread) return
    const exited = new Promise(resolve => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage('end')
    await Promise.race([exited, new Promise(resolve => clock.setTimeout(resolve, endTimeout))])
    await thread.terminate()
  }

  #start = (): void => {
    const thread = new Worker(threadFile, { workerData: { path: this.#path, processId: this.#processId } })
    this.#thread = thread
    thread.unref()
    thread.on('message', (pages: number) => {
      if (pages > maxLogPages) this.#checkpoint()
    })
    // The thread's file is missing in an application bundled into one file; there the main thread copies.
    thread.on('error', () => {
      this.#thread = undefined
      this.#timer = clock.setInterval(this.#checkpoint, checkpointInterval).unref()
    })
  }
}

/** Next to this file, in the source and in the build. */
const threadFile = new URL(
  import.meta.url.endsWith('.ts') ? './checkpoint-thread.ts' : './checkpoint-thread.js',
  import.meta.url,
)

/**
 * Returns a function that copies the log into the file, unless fewer than `fewPages` are new, and returns how many pages the log
 * has. The commit after a copy starts the log from its beginning and waits for the disk, which a few pages are not worth. SQLite before 3.51
 * copies them at once.
 */
export function checkpointer(db: Database, fewPages = 0): () => number {
  const state = db.prepare<{ log: number; checkpointed: number }>('PRAGMA wal_checkpoint(NOOP)')
  const copy = db.prepare<{ log: number }>('PRAGMA wal_checkpoint(PASSIVE)')
  return () => {
    try {
      const { log = 0, checkpointed = 0 } = state.get() ?? {}
      return log - checkpointed < fewPages ? log : (copy.get()?.log ?? 0)
    } catch {
      return 0 // Another process is copying, or the disk is full: the log keeps everything until a later copy succeeds.
    }
  }
}
