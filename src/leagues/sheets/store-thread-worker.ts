/** The thread beside the worker thread: it stores the rows of a large sheet while the other compares them with those before. */
import { workerData } from 'node:worker_threads'
import { leaveCheckpoints } from '../../platform/files/wal-checkpoints.ts'
import { yieldProcessor } from '../../platform/process/thread-priority.ts'
import { answerTasks } from '../../platform/process/threads.ts'
import { openScores } from './snapshots/open.ts'
import { storeRows } from './store-rows.ts'

yieldProcessor()
const scores = openScores(workerData.dataDir)
if (!workerData.checkpoints) leaveCheckpoints(scores)
answerTasks(
  { storeRows },
  work => ({ ...work, scores }),
  () => scores.close(),
)
