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

const threads = new Map<string, Thread<ReaderTasks>>()

/** How long what is being read may hold up the closing, in ms. */
const patience = 1_000

/** `script` is the thread's own file. */
export function openReaderThread(script: URL, dataDir: string): Reader {
  const thread = threads.get(script.href) ?? openThread<ReaderTasks>({ name: 'reading', script })
  threads.set(script.href, thread)
  let isUsed = false
  let isClosed = false
  return {
    async read({ name }, input) {
      if (isClosed) throw new ThreadDied('The reading thread is stopped')
      isUsed = true
      return thread.ask('read', { dataDir, query: name, input })
    },
    async close() {
      isClosed = true
      if (!isUsed) return
      await withTimeout(thread.ask('close', { dataDir }), patience, () => {
        threads.delete(script.href)
        return thread.stop()
      }).catch(() => {}) // a thread that died has nothing open
    },
  }
}
