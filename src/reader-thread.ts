/** The reading thread: a read-only connection and the table of what can be asked of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../db/open.ts'
import { readings } from './readings.ts'
import type { Reading } from './runtime/reader.ts'

const db = openReader(workerData.dataDir)
const table = readings as Record<string, (on: typeof db, input: never) => unknown>

parentPort?.on('message', ({ id, name, input }: Reading & { id: number }) => {
  try {
    parentPort?.postMessage({ id, answer: table[name]?.(db, input as never) })
  } catch (error) {
    parentPort?.postMessage({ id, error })
  }
})
