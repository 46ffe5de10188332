/**
 * The worker thread: the only writer of `scores.db`, and where boards are built. Tasks take turns at their pauses, so a
 * board is built while an import goes on.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadRequest, ToThread } from './sheet-thread.ts'
import { openScores } from './snapshots/open.ts'
import { performTask, type TaskName } from './thread-tasks.ts'

const scores = openScores(workerData.dataDir)
const running = new Map<number, AbortController>()

/** What was written goes from the log into the file once nothing was asked for a while: no reader of a new board waits for it. */
let idle: Timer | undefined
function checkpointWhenIdle() {
  clearTimeout(idle)
  if (running.size === 0) idle = setTimeout(() => scores.run('PRAGMA wal_checkpoint(PASSIVE)'), 1_000)
}

async function run(request: ThreadRequest<TaskName>) {
  const { id, now } = request
  const stop = new AbortController()
  running.set(id, stop)
  clearTimeout(idle)
  const { signal } = stop
  const pause = async () => {
    await new Promise(resolve => setImmediate(resolve))
    signal.throwIfAborted()
  }
  const progress = (done: unknown) => parentPort?.postMessage({ id, progress: done })
  try {
    parentPort?.postMessage({ id, answer: await performTask(request, { scores, now, pause, progress, signal }) })
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
    parentPort?.postMessage({ id, failure: { name, message, stack, facts: plain(error) } })
  } finally {
    running.delete(id)
    checkpointWhenIdle()
  }
}

/** What of an error's own fields can be told across threads. */
const plain = (error: unknown): unknown => JSON.parse(JSON.stringify({ ...Object(error) }))

parentPort?.on('message', (message: ToThread) => {
  if ('task' in message) run(message)
  else if ('cancel' in message) running.get(message.cancel)?.abort()
  else {
    scores.close()
    process.exit(0)
  }
})
