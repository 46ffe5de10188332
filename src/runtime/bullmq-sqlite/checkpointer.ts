import { Database } from 'bun:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/*
 * The thread that copies the log back into the file, and tells how many pages the log has. Here the disk may take its
 * time; on the main thread everything would wait for it. A message ends it.
 */

const { path, every } = workerData
const db = new Database(path, { readwrite: true, create: false })
db.run('PRAGMA busy_timeout = 0')
db.run('PRAGMA wal_autocheckpoint = 0')
const dataVersion = db.prepare<{ data_version: number }, []>('PRAGMA data_version')
const checkpoint = db.prepare<{ log: number }, []>('PRAGMA wal_checkpoint(PASSIVE)')
let copied: number | undefined

copy()
setInterval(copy, every)
parentPort?.once('message', () => {
  for (const open of [dataVersion, checkpoint]) open.finalize()
  db.close()
  process.exit()
})

/** If anybody has written since the last time. */
function copy(): void {
  try {
    const { data_version } = dataVersion.get()!
    if (data_version === copied) return
    parentPort?.postMessage(checkpoint.get()!.log)
    copied = data_version
  } catch {
    // Another process is at it, or the disk is full: the log keeps everything until a later copy succeeds.
  }
}
