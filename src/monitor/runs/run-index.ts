/**
 * The search index over finished runs: trigrams of name, input and error, in a file of its own that may be thrown away. It
 * only proposes; whoever asks looks at the run itself, so an entry that is out of date does no harm. Merging a large index takes
 * a second now and then, which is why it is neither in `fieldhouse.db` nor written on the main thread.
 */
import { Database } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunState } from '../../../db/schema.ts'

export const indexFile = (dataDir: string) => join(dataDir, 'search.db')

export type Indexed = { rowid: number; id: string; name: string; input: string; error: string | null; status: RunState }

/** Three characters that tell a finished state, so that it is looked up like any text. */
export const indexMarkOf = (status: RunState) => `/${status.charAt(0)}/`

/** Every three characters in a row, once, as an FTS5 expression; undefined for a text that is shorter. */
export function trigramsOf(text: string): string | undefined {
  const letters = [...text.toLowerCase()]
  const all = new Set(letters.slice(2).map((_, i) => letters.slice(i, i + 3).join('')))
  return all.size ? [...all].map(three => `"${three.replaceAll('"', '""')}"`).join(' AND ') : undefined
}

export type RunIndex = ReturnType<typeof openRunIndex>

/** For the one thread that writes it. A file that is damaged or of another database is begun anew. */
export function openRunIndex(dataDir: string, isOurs: (rowid: number, id: string) => boolean) {
  const path = indexFile(dataDir)
  let db = open(path)
  const last = db && lastOf(db)
  if (!db || (last && !isOurs(last.rowid, last.id))) {
    db?.close()
    forget(path)
    db = open(path)
  }
  if (!db) throw new Error('The search index cannot be made')
  const index = db
  const put = index.query<unknown, [number, string]>('insert or replace into run_text (rowid, text) values (?, ?)')
  const drop = index.query<unknown, [number]>('delete from run_text where rowid = ?')
  const note = index.query<unknown, [string, string]>('insert or replace into about (name, value) values (?, ?)')

  return {
    /** Runs up to this rowid are in it; 0 in a new one. */
    through: lastOf(index)?.rowid ?? 0,
    /** In one transaction: runs that are new or another, and rowids that are gone. */
    write(runs: readonly Indexed[], gone: readonly number[] = [], through?: Indexed): void {
      index.transaction(() => {
        for (const rowid of gone) drop.run(rowid)
        for (const { rowid, name, input, error, status } of runs)
          put.run(rowid, `${indexMarkOf(status)} ${name}\n${input}\n${error ?? ''}`)
        if (through) note.run('last', JSON.stringify({ rowid: through.rowid, id: through.id }))
      })()
    },
    close: () => index.close(),
  }
}

function open(path: string): Database | undefined {
  try {
    const db = new Database(path, { create: true })
    db.run('PRAGMA journal_mode = WAL')
    db.run('PRAGMA synchronous = NORMAL')
    db.run('PRAGMA busy_timeout = 5000')
    db.run('CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
    db.run(
      `CREATE VIRTUAL TABLE IF NOT EXISTS run_text USING fts5(text, content = '', contentless_delete = 1, tokenize = 'trigram', detail = 'none')`,
    )
    return db
  } catch {
    return undefined
  }
}

type Last = { rowid: number; id: string }
const lastOf = (db: Database): Last | undefined => {
  const row = db.query<{ value: string }, []>(`select value from about where name = 'last'`).get()
  return row ? JSON.parse(row.value) : undefined
}

function forget(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

/** Makes the index readable as `search` through a read-only connection; how far it goes, 0 where there is none. */
export function attachIndex(client: Database, dataDir: string): number {
  try {
    const isAttached = client
      .query<{ name: string }, []>('pragma database_list')
      .all()
      .some(({ name }) => name === 'search')
    if (!isAttached) {
      if (!existsSync(indexFile(dataDir))) return 0
      client.query('attach ? as search').run(indexFile(dataDir))
    }
    const row = client.query<{ value: string }, []>(`select value from search.about where name = 'last'`).get()
    return row ? JSON.parse(row.value).rowid : 0
  } catch {
    return 0 // being made at this very moment, or damaged: the runs themselves are looked through
  }
}
