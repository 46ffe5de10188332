/** Storing a sheet: in this thread, or, if it is large, in another one while this one scores it. */
import type { Database } from 'bun:sqlite'
import { syncLogOf } from '../../../db/file.ts'
import type { Thread, ThreadWork } from '../../platform/process/threads.ts'
import { throwWhenAwaited } from '../../platform/process/with-timeout.ts'
import { type ChangesSince, changesSince, type SheetComparison } from './changes-since.ts'
import { collectGarbageLater, dropColumns, shareColumns } from './snapshots/memory.ts'
import { type SheetColumns, type Snapshot, snapshotOf } from './snapshots/snapshot.ts'
import {
  beginSnapshot,
  bringToIdOrder,
  fitsOneBatch,
  type WriteOptions,
  writeRows,
  writeSnapshot,
} from './snapshots/write.ts'

type SnapshotRows = { snapshot: Snapshot; sheet: SheetColumns }
type StoreWork = ThreadWork & { scores: Database }

let lastWritten: Promise<unknown> = Promise.resolve()

/** What the other thread does with a sheet that both share. */
export const storeTasks = {
  storeRows: ({ snapshot, sheet }: SnapshotRows, { scores, now, signal, pause, progress }: StoreWork): Promise<void> =>
    whileShared(sheet, async () => {
      const written = writeRows(scores, snapshot, sheet, {
        now,
        signal,
        async pause(written) {
          progress(written)
          await pause()
        },
      })
      lastWritten = written.catch(() => {})
      await written
      await syncLogOf(scores)
    }),
  /** Waits until the rows are written: only this thread does that, and the other one counts meanwhile. */
  changesSince: (input: SheetComparison, work: StoreWork): Promise<ChangesSince> =>
    whileShared(input.sheet, async () => {
      await lastWritten
      return changesSince(work.scores, input, work)
    }),
}
export type StoreThread = Thread<typeof storeTasks>

let sharedTasks = 0

/** Runs a task on a shared sheet. After the last one the sheet's memory is collected. */
async function whileShared<T>(sheet: SheetColumns, task: () => Promise<T>): Promise<T> {
  sharedTasks++
  try {
    return await task()
  } finally {
    const bytes = dropColumns(sheet)
    if (--sharedTasks === 0) collectGarbageLater(bytes)
  }
}

/** A snapshot whose rows are being stored: `stored` resolves when all of them are on the disk. `beside`: the thread that shares the sheet, in id order. */
export type StartedStore = { snapshot: Snapshot; stored: Promise<void>; beside?: StoreThread }

/** A sheet that another thread stores is shared from then on, and still in id order. */
export async function storeSheet(
  scores: Database,
  sheet: SheetColumns,
  options: WriteOptions & { signal: AbortSignal; beside?: StoreThread },
): Promise<StartedStore> {
  const { beside, signal, pause } = options
  if (!beside || fitsOneBatch(sheet)) {
    const id = await writeSnapshot(scores, sheet, options)
    return { snapshot: snapshotOf(scores, id), stored: throwWhenAwaited(syncLogOf(scores)) }
  }
  bringToIdOrder(sheet)
  shareColumns(sheet)
  const snapshot = beginSnapshot(scores, sheet, options)
  const progress = (written: number) => void pause?.(written).catch(() => {}) // `signal` ends it
  const stored = throwWhenAwaited(beside.ask('storeRows', { snapshot, sheet }, { signal, progress }))
  return { snapshot, stored, beside }
}
