import { Database } from 'bun:sqlite'
import { parentPort } from 'node:worker_threads'

/*
 * The thread that copies the log back into the file. Each message names the file and asks for a copy, and is answered
 * with the pages the log has; null ends it. Here the disk may take its time; on the main thread everything
 * would wait for it.
 */

let db: Database | undefined

parentPort?.on('message', (path: string | null) => {
  if (path === null) {
    db?.close()
    process.exit()
  }
  db ??= open(path)
  parentPort?.postMessage(copy(db))
})

function open(path: string): Database {
  const db = new Database(path, { readwrite: true, create: false })
  db.run('PRAGMA busy_timeout = 0')
  db.run('PRAGMA wal_autocheckpoint = 0')
  return db
}

function copy(db: Database): number {
  try {
    return db.query<{ log: number }, []>('PRAGMA wal_checkpoint(PASSIVE)').get()!.log
  } catch {
    return 0 // Another process is at it, or the disk is full: the log keeps everything until a later copy succeeds.
  }
}
