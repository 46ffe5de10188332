/** The reader thread: a read-only connection and the table of what can be asked of it. */
import { workerData } from 'node:worker_threads'
import { type Db, openReader } from '../db/open.ts'
import { answerTasks } from './platform/process/threads.ts'
import { readerQueries } from './reader-queries.ts'

const db = openReader(workerData.dataDir)
const tasks = Object.values(readerQueries).map(query => {
  const ask: (db: Db, input: never) => unknown = query
  return [query.name, (input: never) => ask(db, input)] as const
})

answerTasks(Object.fromEntries(tasks), work => work)
