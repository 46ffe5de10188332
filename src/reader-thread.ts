/** The reader thread: a read-only connection and the table of what can be asked of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../db/open.ts'
import type { ReaderQuery } from './platform/process/reader-thread.ts'
import { readerQueries } from './reader-queries.ts'

const db = openReader(workerData.dataDir)
const queries = new Map(
  Object.values(readerQueries).map(query => [query.name, query as (on: typeof db, input: never) => unknown]),
)

parentPort?.on('message', ({ id, name, input }: ReaderQuery & { id: number }) => {
  try {
    const query = queries.get(name)
    if (!query) throw new Error(`${name} is missing in src/reader-queries.ts`)
    parentPort?.postMessage({ id, answer: query(db, input as never) })
  } catch (error) {
    parentPort?.postMessage({ id, error })
  }
})
