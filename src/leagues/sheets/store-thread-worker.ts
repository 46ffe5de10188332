/** A second worker thread: it stores the rows of a large sheet while the first one scores them, then helps it to compare them with the scan before. */
import { workerData } from 'node:worker_threads'
import { leaveCheckpoints } from '../../platform/files/wal-checkpoints.ts'
import { answerTasks, lowerThreadPriority } from '../../platform/process/threads.ts'
import { openScores } from './snapshots/open.ts'
import { storeTasks } from './store-rows.ts'

lowerThreadPriority()
const scores = openScores(workerData.dataDir)
if (!workerData.checkpoints) leaveCheckpoints(scores)
answerTasks(
  storeTasks,
  work => ({ ...work, scores }),
  () => scores.close(),
)
