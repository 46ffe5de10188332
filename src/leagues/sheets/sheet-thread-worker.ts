/**
 * The worker thread: with the store thread it writes `scores.db`, and it builds boards. Tasks take turns at their pauses, so a
 * board is built while an import goes on.
 */
import { workerData } from 'node:worker_threads'
import { programFile } from '../../installation.ts'
import { copyLog, leaveCheckpoints, startCheckpoints } from '../../platform/files/wal-checkpoints.ts'
import { answerTasks, lowerThreadPriority, openThread } from '../../platform/process/threads.ts'
import { openScores } from './snapshots/open.ts'
import type { StoreThread } from './store-rows.ts'
import { sheetTasks } from './thread-tasks.ts'

lowerThreadPriority()
const scores = openScores(workerData.dataDir)
const script = programFile('src/leagues/sheets/store-thread-worker.ts')
const beside: StoreThread = openThread({ name: 'storing', script, data: workerData })
const thread = answerTasks(
  sheetTasks,
  work => ({ ...work, scores, beside }),
  () => scores.close(),
)
if (workerData.checkpoints)
  startCheckpoints(
    scores,
    async () => copyLog(scores),
    () => thread.wasBusy(),
  )
else leaveCheckpoints(scores)
