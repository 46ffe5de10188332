import { parentPort, workerData } from 'node:worker_threads'
import { checkpointer, checkpointInterval, shortLogPages } from './checkpoints.ts'
import { openSqliteFile } from './driver.ts'

/*
 * The thread that copies the log back into the file, so that the main thread never waits for the disk. It also answers when
 * another process asks whether this one lives (see processes.ts), because the main thread may be busy with a long computation.
 * A message ends it.
 */
const { path, processId }: { path: string; processId: string } = workerData
const db = openSqliteFile(path, { mustExist: true })
db.exec('PRAGMA busy_timeout = 0')
db.exec('PRAGMA wal_autocheckpoint = 0')
const checkpoint = checkpointer(db, shortLogPages)
const findQuestion = db.prepare('SELECT 1 FROM process WHERE id = ? AND asked_at IS NOT NULL')
const answer = db.prepare('UPDATE process SET asked_at = NULL WHERE id = ?')

setInterval(() => {
  try {
    if (findQuestion.get(processId)) answer.run(processId)
  } catch {
    // Another process holds the file; the next check is soon enough.
  }
  parentPort?.postMessage(checkpoint())
}, checkpointInterval)

parentPort?.once('message', () => {
  db.close()
  process.exit()
})
