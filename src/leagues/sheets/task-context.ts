import type { Database } from 'bun:sqlite'
import type { ThreadWork } from '../../platform/process/threads.ts'

/** What a task of the worker thread is handed. */
export type TaskContext = ThreadWork & { scores: Database }
