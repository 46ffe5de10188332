import { Database } from 'bun:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { copy, every } from './checkpoints.ts'

/*
 * The thread that copies the log back into the file. Here the disk may take its time; on the main thread everything would
 * wait for it. A message ends it.
 */
const db = new Database(workerData, { readwrite: true, create: false })
db.run('PRAGMA busy_timeout = 0')
db.run('PRAGMA wal_autocheckpoint = 0')
setInterval(() => parentPort?.postMessage(copy(db)), every)
parentPort?.once('message', () => {
  db.close()
  process.exit()
})
