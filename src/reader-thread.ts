/** The reading thread: a read-only connection and the table of what can be asked of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../db/open.ts'
import type { ReaderQuery } from './platform/process/reader-thread.ts'
import { readings } from './reader-queries.ts'

const db = openReader(workerData.dataDir)
const table = readings as Record<string, (on: typeof db, input: never) => unknown>

parentPort?.on('message', ({ id, name, input }: ReaderQuery & { id: number }) => {
  try {
    parentPort?.postMessage({ id, answer: table[name]?.(db, input as never) })
  } catch (error) {
    parentPort?.postMessage({ id, error })
  }
})
