import type { Database } from 'bun:sqlite'

/** What a task of the worker thread is handed. */
export type TaskContext = {
  scores: Database
  now: number
  /** Lets others in and throws when the task was cancelled; called every few milliseconds of work. */
  pause(): Promise<void>
  progress(done: unknown): void
  signal: AbortSignal
}
