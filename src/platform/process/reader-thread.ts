/**
 * A read-only thread for queries that are too slow for the HTTP thread. It finds a query by its name in the table
 * `src/reader-queries.ts`. One thread serves all folders that the process opens, because loading its modules takes longer
 * than most queries.
 */
import type { Db } from '../../../db/open.ts'
import { programFile } from '../../installation.ts'
import { openThread, type Thread, ThreadDied } from './threads.ts'
import { withTimeout } from './with-timeout.ts'

/** A query that runs in the thread: plain data in, plain data out. */
export type ThreadQuery<Input, Answer> = (db: Db, input: Input) => Answer
export type Reader = {
  read<Input, Answer>(query: ThreadQuery<Input, Answer>, input: Input): Promise<Answer>
  close(): Promise<void>
}

export type ReaderTasks = {
  read(asked: { dataDir: string; query: string; input: unknown }): never
  close(asked: { dataDir: string }): void
}

/** The shared thread, and how many readers are open. */
let sharedThread: { thread: Thread<ReaderTasks>; readers: number } | undefined

/** Milliseconds that a running query may delay closing. */
const closeTimeout = 1_000

const script = programFile('src/reader-thread.ts')

export function openReaderThread(dataDir: string): Reader {
  const shared = (sharedThread ??= { thread: openThread<ReaderTasks>({ name: 'reader', script }), readers: 0 })
  shared.readers++
  const { thread } = shared
  let isUsed = false
  let isClosed = false
  return {
    async read({ name }, input) {
      if (isClosed) throw new ThreadDied('The reader thread is stopped')
      isUsed = true
      return thread.ask('read', { dataDir, query: name, input })
    },
    async close() {
      if (isClosed) return
      isClosed = true
      shared.readers--
      if (!isUsed) return
      const closed = thread.ask('close', { dataDir }).catch(() => {}) // a thread that died has nothing open
      await withTimeout(closed, closeTimeout, () => {
        if (shared.readers > 0) return undefined // others read there: it closes after the running query
        if (sharedThread === shared) sharedThread = undefined
        return thread.stop()
      })
    },
  }
}
