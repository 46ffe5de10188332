/** The one long-lived thread of sheet leagues: writes snapshots and builds boards. */
import { programFile } from '../../installation.ts'
import { type AskOptions, openThread, type Thread, ThreadError } from '../../platform/process/threads.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import type { SheetTasks, TaskAnswer, TaskInput, TaskName } from './thread-tasks.ts'

export type SheetThread = Pick<Thread<SheetTasks>, 'start'> & {
  /** Starts it ahead of a sheet that is to be expected, once the request that announces it is answered. */
  startLater(): void
  run<Name extends TaskName>(task: Name, input: TaskInput<Name>, options?: AskOptions): Promise<TaskAnswer<Name>>
  stop(): Promise<void>
}

const script = programFile('src/leagues/sheets/sheet-thread-worker.ts')

const untilStart = 1_000 // ms

export function startSheetThread(dataDir: string, now: () => number = Date.now, checkpoints = true): SheetThread {
  const thread = openThread<SheetTasks>({ name: 'sheets', script, data: { dataDir, checkpoints }, now })
  return {
    start: thread.start,
    startLater: () => void setTimeout(thread.start, untilStart).unref(),
    run: (task, input, options) =>
      thread.ask(task, input, options).catch(error => {
        if (error instanceof ThreadError && error.kind === 'SnapshotGone')
          throw new SnapshotGone(Number(error.facts.id))
        throw error
      }),
    stop: () => thread.stop(2_000),
  }
}
