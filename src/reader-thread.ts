/** The reader thread: a read-only connection per folder, and the table of queries it can run. */
import { type Db, openReader } from '../db/open.ts'
import { closeCheckpointWriter } from './platform/files/wal-checkpoints.ts'
import type { ReaderTasks } from './platform/process/reader-thread.ts'
import { answerTasks } from './platform/process/threads.ts'
import { readerQueries } from './reader-queries.ts'

const queries = new Map(readerQueries.map(query => [query.name, query]))
const openDatabases = new Map<string, Db>()

const tasks: ReaderTasks = {
  read({ dataDir, query, input }) {
    const runQuery = queries.get(query)
    if (!runQuery) throw new Error(`There is no query ${query}`)
    const db = openDatabases.get(dataDir) ?? openReader(dataDir)
    openDatabases.set(dataDir, db)
    return runQuery(db, input as never) as never
  },
  close({ dataDir }) {
    const db = openDatabases.get(dataDir)
    if (!db) return
    openDatabases.delete(dataDir)
    closeCheckpointWriter(db)
    db.$client.close()
  },
}

answerTasks(tasks, work => work)
