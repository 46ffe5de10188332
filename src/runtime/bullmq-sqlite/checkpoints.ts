import { Worker } from 'node:worker_threads'
import { clock } from './clock.ts'

/** The log is copied back into the file this often, in ms, if anything was written: no one copy is long. */
const every = 1000
/**
 * SQLite begins the log anew only when all of it has been copied, and whoever writes without a pause never lets the thread
 * catch up. When the log has more pages (2 KB each) than this, the rest is copied here.
 */
const longestLog = 32_768

/** Sees to it that the log does not grow for ever. */
export class Checkpoints {
  #thread: Worker | undefined
  #busy = false
  #written = false
  readonly #timer: ReturnType<typeof setInterval>

  constructor(
    private readonly path: string,
    /** Copies what is left of the log on this thread. */
    private readonly copyHere: () => void,
  ) {
    this.#timer = clock.setInterval(() => this.#copy(), every)
    this.#timer.unref()
  }

  written(): void {
    this.#written = true
  }

  async close(): Promise<void> {
    clock.clearInterval(this.#timer)
    const thread = this.#thread
    if (!thread) return
    const exited = new Promise(resolve => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage(null)
    await exited
  }

  #copy(): void {
    if (!this.#written || this.#busy) return
    this.#written = false
    this.#busy = true
    this.#thread ??= this.#start()
    this.#thread.postMessage(this.path)
  }

  #start(): Worker {
    const thread = new Worker(new URL('./checkpointer.ts', import.meta.url))
    thread.unref()
    thread.on('message', (pages: number) => {
      this.#busy = false
      if (pages > longestLog) this.copyHere()
    })
    // Without a thread to do it, this one does.
    thread.on('error', () => {
      this.copyHere()
      this.#busy = false
      this.#thread = undefined
    })
    return thread
  }
}
