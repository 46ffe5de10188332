import { type OpenFile, openFile } from '../../../db/file.ts'
import { explainOpenErrors } from '../../../db/open-errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { openSheetBoards, type SheetBoards } from './boards.ts'
import { type SheetThread, startSheetThread } from './sheet-thread.ts'
import { scoresFile } from './snapshots/open.ts'

/** What sheet leagues keep open: the worker thread, the boards in memory, and their file. */
export type Sheets = { thread: SheetThread; boards: SheetBoards; file: OpenFile; close(): Promise<void> }

/** `checkpoints`: whether we checkpoint the WAL of `scores.db` ourselves. */
export function openSheets(dataDir: string, clock: Clock, checkpoints = true): Sheets {
  const thread = startSheetThread(dataDir, clock.now, checkpoints)
  const boards = explainOpenErrors(scoresFile(dataDir), () => openSheetBoards(dataDir, thread))
  return {
    thread,
    boards,
    file: openFile(scoresFile(dataDir)),
    async close() {
      await thread.stop()
      boards.close()
    },
  }
}

declare module '../../context.ts' {
  interface App {
    readonly sheets: Sheets
  }
}
