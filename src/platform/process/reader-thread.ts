/** A read-only thread for queries that are too slow for the HTTP thread: those of the table `src/reader-queries.ts`. */
import type { Db } from '../../../db/open.ts'
import { programFile } from '../../installation.ts'
import { databaseThread } from './database-thread.ts'

/** A query that runs in the thread: plain data in, plain data out. */
export type ThreadQuery<Input, Answer> = (db: Db, input: Input) => Answer
export type Reader = {
  read<Input, Answer>(query: ThreadQuery<Input, Answer>, input: Input): Promise<Answer>
  close(): Promise<void>
}

const open = databaseThread('reader', programFile('src/reader-thread.ts'))

export function openReaderThread(dataDir: string): Reader {
  const thread = open(dataDir)
  return { read: ({ name }, input) => thread.run(name, input), close: thread.close }
}
