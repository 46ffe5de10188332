/** The reader thread: a read-only connection per folder, and the table of queries it can run. */
import { type Db, openReader } from '../db/open.ts'
import { closeWriterBeside } from './platform/files/wal-checkpoints.ts'
import type { ReaderTasks } from './platform/process/reader-thread.ts'
import { answerTasks } from './platform/process/threads.ts'
import { readerQueries } from './reader-queries.ts'

const queries = new Map(
  Object.values(readerQueries).map(query => {
    const ask: (db: Db, input: never) => unknown = query
    return [query.name, ask]
  }),
)
const opened = new Map<string, Db>()

const tasks: ReaderTasks = {
  read({ dataDir, query, input }) {
    const ask = queries.get(query)
    if (!ask) throw new Error(`There is no query ${query}`)
    const db = opened.get(dataDir) ?? openReader(dataDir)
    opened.set(dataDir, db)
    return ask(db, input as never) as never
  },
  close({ dataDir }) {
    const db = opened.get(dataDir)
    if (!db) return
    opened.delete(dataDir)
    closeWriterBeside(db)
    db.$client.close()
  },
}

answerTasks(tasks, work => work)
