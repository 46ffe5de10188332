/**
 * The thread that updates the search index over finished runs: trigrams of name, input and error, in a file of its own that
 * can be deleted. It only finds candidates that are then checked, so an outdated entry does no harm.
 * Merging a large index takes a second now and then, so it is neither in `fieldhouse.db` nor written on the main thread.
 */
import { Database } from 'bun:sqlite'
import { rmSync } from 'node:fs'
import { openReader } from '../../db/open.ts'
import { isDamage } from '../../db/open-errors.ts'
import type { RunState } from '../../db/schema.ts'
import { useWriteAheadLog } from '../../db/write-ahead-log.ts'
import { batchesOf } from '../platform/batches.ts'
import { isFinished } from '../platform/jobs/runs.ts'
import { answerTasks, type ThreadWork } from '../platform/process/threads.ts'
import { indexFile, indexMarkOf } from './find-runs.ts'

export type IndexTasks = typeof tasks
/** `changed`: runs that may have been indexed before and have changed. */
type IndexRequest = { dataDir: string; changed: readonly number[] }

const step = 2_000 // runs in one transaction
const columns = 'rowid, id, name, input, error, status'

const tasks = { index: indexChangedRuns }
answerTasks(tasks, work => work)

/** Reports up to which row it is, and returns how many runs it has indexed. A damaged index is made again. */
function indexChangedRuns(request: IndexRequest, work: ThreadWork): number {
  try {
    return updateIndex(request, work)
  } catch (error) {
    if (!isDamage(error)) throw error
    deleteIndex(indexFile(request.dataDir))
    return updateIndex(request, work)
  }
}

function updateIndex({ dataDir, changed }: IndexRequest, { progress }: ThreadWork): number {
  const { $client: db } = openReader(dataDir)
  const byRowid = db.query<IndexedRun, [number]>(`select ${columns} from runs where rowid = ?`)
  const nextRows = db.query<IndexedRun, [number, number]>(
    `select ${columns} from runs where rowid > ? order by rowid limit ?`,
  )
  const index = openRunIndex(dataDir, (rowid, id) => (byRowid.get(rowid)?.id ?? id) === id)
  let indexed = 0

  /** Indexed runs that have changed since. */
  const changedIndexed = changed.filter(rowid => rowid <= index.through)
  for (const batch of batchesOf(changedIndexed, step)) {
    const runs = batch.flatMap(rowid => byRowid.get(rowid) ?? []).filter(isFinished)
    const found = new Set(runs.map(({ rowid }) => rowid))
    const deleted = batch.filter(rowid => !found.has(rowid))
    index.write(runs, deleted)
    indexed += runs.length
  }

  /** New runs. An unfinished run comes again as a change. */
  for (let rowid = index.through, runs = nextRows.all(rowid, step); runs.length; runs = nextRows.all(rowid, step)) {
    const last = runs.at(-1)
    if (!last) break
    const finished = runs.filter(isFinished)
    index.write(finished, [], last)
    indexed += finished.length
    rowid = last.rowid
    progress(rowid)
  }

  index.close()
  db.close()
  return indexed
}

type IndexedRun = { rowid: number; id: string; name: string; input: string; error: string | null; status: RunState }

/** For the one thread that writes it. An index of another database is made again. */
function openRunIndex(dataDir: string, isOurs: (rowid: number, id: string) => boolean) {
  const path = indexFile(dataDir)
  let index = open(path)
  const last = lastOf(index)
  if (last && !isOurs(last.rowid, last.id)) {
    index.close()
    deleteIndex(path)
    index = open(path)
  }
  const insertText = index.query<unknown, [number, string]>(
    'insert or replace into run_text (rowid, text) values (?, ?)',
  )
  const deleteText = index.query<unknown, [number]>('delete from run_text where rowid = ?')
  const writeAbout = index.query<unknown, [string, string]>('insert or replace into about (name, value) values (?, ?)')

  return {
    /** Indexed up to this rowid; 0 in a new one. */
    through: lastOf(index)?.rowid ?? 0,
    /** In one transaction: new or changed runs, and deleted rowids. */
    write(runs: readonly IndexedRun[], deleted: readonly number[] = [], through?: IndexedRun): void {
      index.transaction(() => {
        for (const rowid of deleted) deleteText.run(rowid)
        for (const { rowid, name, input, error, status } of runs)
          insertText.run(rowid, `${indexMarkOf(status)} ${name}\n${input}\n${error ?? ''}`)
        if (through) writeAbout.run('last', JSON.stringify({ rowid: through.rowid, id: through.id }))
      })()
    },
    close: () => index.close(),
  }
}

function open(path: string): Database {
  const db = new Database(path, { create: true })
  db.run('PRAGMA busy_timeout = 5000')
  useWriteAheadLog(db)
  db.run('PRAGMA synchronous = NORMAL')
  db.run('CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
  db.run(
    `CREATE VIRTUAL TABLE IF NOT EXISTS run_text USING fts5(text, content = '', contentless_delete = 1, tokenize = 'trigram', detail = 'none')`,
  )
  return db
}

type Last = { rowid: number; id: string }
const lastOf = (db: Database): Last | undefined => {
  const row = db.query<{ value: string }, []>(`select value from about where name = 'last'`).get()
  return row ? JSON.parse(row.value) : undefined
}

function deleteIndex(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}
