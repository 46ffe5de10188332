/**
 * A thread that only reads: queries that may take longer than a request should wait for anything. It finds the query by its
 * name in the table `src/reader-queries.ts`. One thread serves whatever folders the process opens, one after the other or
 * beside each other: loading its modules takes longer than most queries.
 */
import type { Db } from '../../../db/open.ts'
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

/** By their script, with how many read there at the moment. */
const threads = new Map<string, { thread: Thread<ReaderTasks>; readers: number }>()

/** How long what is being read may hold up the closing, in ms. */
const patience = 1_000

/** `script` is the thread's own file. */
export function openReaderThread(script: URL, dataDir: string): Reader {
  const shared = threads.get(script.href) ?? {
    thread: openThread<ReaderTasks>({ name: 'reading', script }),
    readers: 0,
  }
  threads.set(script.href, shared)
  shared.readers++
  const { thread } = shared
  let isUsed = false
  let isClosed = false
  return {
    async read({ name }, input) {
      if (isClosed) throw new ThreadDied('The reading thread is stopped')
      isUsed = true
      return thread.ask('read', { dataDir, query: name, input })
    },
    async close() {
      if (isClosed) return
      isClosed = true
      shared.readers--
      if (!isUsed) return
      const closed = thread.ask('close', { dataDir }).catch(() => {}) // a thread that died has nothing open
      await withTimeout(closed, patience, () => {
        if (shared.readers > 0) return undefined // others read there: it is closed in its turn
        threads.delete(script.href)
        return thread.stop()
      })
    },
  }
}
