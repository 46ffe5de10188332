/** The one long-lived thread of sheet leagues: writes snapshots and builds boards. */
import { programFile } from '../../installation.ts'
import { type AskOptions, openThread, ThreadError } from '../../platform/process/threads.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import type { SheetTasks, TaskAnswer, TaskInput, TaskName } from './thread-tasks.ts'

export type SheetThread = {
  run<Name extends TaskName>(task: Name, input: TaskInput<Name>, options?: AskOptions): Promise<TaskAnswer<Name>>
  stop(): Promise<void>
}

const script = programFile('src/leagues/sheets/sheet-thread-worker.ts')

export function startSheetThread(dataDir: string, now: () => number = Date.now, checkpoints = true): SheetThread {
  const thread = openThread<SheetTasks>({ name: 'sheets', script, data: { dataDir, checkpoints }, now })
  return {
    run: (task, input, options) =>
      thread.ask(task, input, options).catch(error => {
        if (error instanceof ThreadError && error.kind === 'SnapshotGone')
          throw new SnapshotGone(Number(error.facts.id))
        throw error
      }),
    stop: () => thread.stop(2_000),
  }
}
