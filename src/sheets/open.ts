import { usable } from '../../db/usable.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Boards, openBoards } from './boards.ts'
import { scoresFile } from './snapshots/open.ts'
import { startThread, type Thread } from './thread.ts'

/** What sheet leagues keep open: the worker thread, and the boards in memory. */
export type Sheets = { thread: Thread; boards: Boards; close(): Promise<void> }

export function openSheets(dataDir: string, clock: Clock): Sheets {
  const thread = startThread(dataDir, clock.now)
  const boards = usable(scoresFile(dataDir), () => openBoards(dataDir, thread))
  return {
    thread,
    boards,
    async close() {
      await thread.stop()
      boards.close()
    },
  }
}
