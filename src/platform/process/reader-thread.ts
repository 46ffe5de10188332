/**
 * A thread that only reads: queries that may take longer than a request should wait for anything. It finds the query by its
 * name in the table `src/reader-queries.ts`.
 */
import type { Db } from '../../../db/open.ts'
import { openThread } from './threads.ts'

/** A query that runs in the thread: plain data in, plain data out. */
export type ThreadQuery<Input, Answer> = (db: Db, input: Input) => Answer
export type Reader = {
  read<Input, Answer>(query: ThreadQuery<Input, Answer>, input: Input): Promise<Answer>
  close(): Promise<void>
}

/** `script` is the thread's own file. */
export function openReaderThread(script: URL, dataDir: string): Reader {
  const thread = openThread<{ [query: string]: (input: unknown) => never }>({
    name: 'reading',
    script,
    data: { dataDir },
  })
  return {
    read: ({ name }, input) => thread.ask(name, input),
    close: () => thread.stop(),
  }
}
