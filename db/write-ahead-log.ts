import type { Database } from 'bun:sqlite'
import { isBusy } from './open-errors.ts'

/**
 * Gives the file a write-ahead log. SQLite ignores the busy timeout here: it fails at once while another process writes to a file
 * without a log, for example because it is making it.
 */
export function useWriteAheadLog(client: Database): void {
  for (const deadline = performance.now() + 10_000; ; Bun.sleepSync(10)) {
    try {
      return void client.run('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
  }
}
