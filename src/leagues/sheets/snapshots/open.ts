import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { guardFile, openFile } from '../../../../db/file.ts'
import { TimedDatabase } from '../../../../db/statement-times.ts'
import { useWriteAheadLog } from '../../../../db/write-ahead-log.ts'

export const scoresFile = (dataDir: string): string => join(dataDir, 'scores.db')

/** One blob for each label of a group, packed as names are. */
const labels = `
  CREATE TABLE labels (
    key INTEGER NOT NULL,
    label INTEGER NOT NULL,
    texts BLOB NOT NULL,
    PRIMARY KEY (key, label)
  ) WITHOUT ROWID;`
/**
 * `texts`, `groups` and `labels` hold the rows: `key` is snapshot × 2^24 + group, rows in id order. `group_starts` leads from a player
 * id to the group that would hold it. Readers see a snapshot only while it is `complete`: not while it is written, and not while it is deleted.
 * `starts_for` names a derived snapshot (see README.md). Ids are never reused, because keys of cached answers contain them.
 */
const schema = `
  CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    complete INTEGER NOT NULL DEFAULT 0,
    players INTEGER NOT NULL,
    group_rows INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    id_bytes INTEGER NOT NULL,
    name_bytes INTEGER NOT NULL,
    starts_for TEXT,
    created_at INTEGER NOT NULL,
    labels TEXT NOT NULL DEFAULT '[]'
  );
  CREATE INDEX snapshots_starts ON snapshots (starts_for) WHERE starts_for IS NOT NULL;
  CREATE TABLE texts (
    key INTEGER PRIMARY KEY,
    ids BLOB NOT NULL,
    names BLOB NOT NULL
  );
  CREATE TABLE groups (
    key INTEGER PRIMARY KEY,
    checksum INTEGER NOT NULL,
    metrics BLOB NOT NULL
  );
  CREATE TABLE group_starts (
    snapshot INTEGER NOT NULL,
    first_id BLOB NOT NULL,
    group_number INTEGER NOT NULL,
    PRIMARY KEY (snapshot, first_id)
  ) WITHOUT ROWID;
  ${labels}
  PRAGMA user_version = 3;
`

const namesOfVersion3 = `
  ALTER TABLE snapshots RENAME COLUMN whole TO complete;
  ALTER TABLE doors RENAME TO group_starts;
  ALTER TABLE group_starts RENAME COLUMN place TO group_number;
  PRAGMA user_version = 3;
`

/** By the version they start from. */
const upgrades: Record<number, string> = {
  0: schema,
  1: `ALTER TABLE snapshots ADD COLUMN labels TEXT NOT NULL DEFAULT '[]'; ${labels} ${namesOfVersion3}`,
  2: namesOfVersion3,
}

/** For the worker thread, because waiting for a lock blocks the thread; elsewhere only to make the file at the start. */
export function openScores(dataDir: string): Database {
  const scores = new Database(scoresFile(dataDir), { create: true, readwrite: true })
  scores.run('PRAGMA busy_timeout = 10000')
  scores.run('PRAGMA page_size = 16384') // three groups in one; only has an effect on a new file
  scores.run('PRAGMA auto_vacuum = INCREMENTAL') // so does this
  useWriteAheadLog(scores)
  scores.run('PRAGMA synchronous = NORMAL')
  scores.run('PRAGMA wal_autocheckpoint = 8192') // pages: 128 MB; the thread does it sooner, when it has nothing else to do
  scores.run('PRAGMA journal_size_limit = 134217728') // as much: each large sheet would wait until a longer log is cut off
  scores.run('PRAGMA cache_size = -2000')
  scores
    .transaction(() => {
      const upgrade = upgrades[userVersion(scores)]
      if (upgrade) scores.run(upgrade)
    })
    .immediate()
  checkVersion(scores)
  guardFile(scores, openFile(scoresFile(dataDir)))
  return scores
}

/** For any thread: single rows and pages, some microseconds each. The file must exist. */
export function openScoresReader(dataDir: string): Database {
  const scores = new TimedDatabase(scoresFile(dataDir), { readonly: true })
  scores.run('PRAGMA busy_timeout = 10000') // while opening: another process may just be making or closing the file
  scores.run('PRAGMA cache_size = -2000')
  checkVersion(scores)
  scores.run('PRAGMA busy_timeout = 30')
  return scores
}

Database.MAX_QUERY_CACHE_SIZE = 500 // Bun keeps 20 prepared statements of a connection, which are too few here

const userVersion = (scores: Database): number =>
  scores.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0

function checkVersion(scores: Database): void {
  const version = userVersion(scores)
  if (version !== 3) throw new Error(`scores.db has schema ${version}, this version of Fieldhouse knows 3`)
}
