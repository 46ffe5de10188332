import { parentPort, workerData } from 'node:worker_threads'
import { checkpointer, checkpointInterval } from './checkpoints.ts'
import { openSqliteFile } from './driver.ts'

/*
 * The thread that copies the log back into the file. Here the disk may take its time; on the main thread everything would
 * wait for it. It also answers for this process when another one asks whether it lives (see processes.ts): the main thread
 * may be busy with one long computation. A message ends it.
 */
const { path, processId }: { path: string; processId: string } = workerData
const db = openSqliteFile(path, { mustExist: true })
db.exec('PRAGMA busy_timeout = 0')
db.exec('PRAGMA wal_autocheckpoint = 0')
const checkpoint = checkpointer(db)
const isAsked = db.prepare('SELECT 1 FROM process WHERE id = ? AND asked_at IS NOT NULL')
const answer = db.prepare('UPDATE process SET asked_at = NULL WHERE id = ?')

setInterval(() => {
  try {
    if (isAsked.get(processId)) answer.run(processId)
  } catch {
    // Another process holds the file: the next second is soon enough.
  }
  parentPort?.postMessage(checkpoint())
}, checkpointInterval)

parentPort?.once('message', () => {
  db.close()
  process.exit()
})
