/** Finds runs: by state, name, time, file and user through the indexes of `runs`, by text through the search index. */
import type { Database, SQLQueryBindings } from 'bun:sqlite'
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { type RunState, runs } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { day, inUtc, minute, parseTime, second } from '../platform/clock.ts'
import type { Run } from '../platform/jobs/runs.ts'
import { namesTitled } from './job-titles.ts'

export type RunFilter = {
  status?: RunState
  name?: string
  /** Words that are all in the name, the title on pages, the name of the file, the input or the error; or the start of an id. */
  q?: string
  fingerprint?: string
  /** Part of the name of the uploaded file. */
  file?: string
  /** The name of the user who started them. */
  user?: string
  /** Accepted from and until: a date is the whole day in UTC, a time without an offset is UTC. */
  from?: string
  to?: string
  startedBy?: number
  /** In addition: all runs of these names. */
  orNamed?: string[]
}
type FoundRuns = { runs: Run[]; total: number; isExact: boolean }

/** Counting of matches stops here. */
const runCountLimit = 1_000
/** Words too short for the index are searched in so many of the newest runs. */
const newestRuns = 20_000

/** Newest first. For the reader thread. */
export function findRuns(
  db: Db,
  { limit, offset, ...filter }: RunFilter & { limit: number; offset: number },
): FoundRuns {
  if (!filter.q?.trim()) {
    const rows = rowidsOf(db, filter, limit, offset)
    return { runs: runsAt(db, rows), ...countOf(db, filter) }
  }
  const { rowids, isExact } = matching(db, filter, Math.max(runCountLimit, offset + limit))
  return { runs: runsAt(db, rowids.slice(offset, offset + limit)), total: rowids.length, isExact }
}

/** All matches, up to `limit`: a bulk action applies to these. */
export function idsOfRuns(db: Db, { limit, ...filter }: RunFilter & { limit: number }): string[] {
  const rowids = filter.q?.trim() ? matching(db, filter, limit).rowids : rowidsOf(db, filter, limit, 0)
  const id = db.$client.query<{ id: string }, [number]>('select id from runs where rowid = ?')
  return rowids.flatMap(rowid => id.get(rowid)?.id ?? [])
}

type Condition = { text: string; values: SQLQueryBindings[] }
const allOf = (...conditions: (Condition | undefined)[]): Condition => {
  const present = conditions.filter(condition => condition !== undefined)
  return {
    text: present.map(({ text }) => text).join(' and ') || 'true',
    values: present.flatMap(({ values }) => values),
  }
}
const equals = (column: string, value: string | number | undefined): Condition | undefined =>
  value === undefined || value === '' ? undefined : { text: `r.${column} = ?`, values: [value] }

const isOfFile = `r.id in (select job_id from uploads where filename like ? escape '\\')`
const conditionOf = ({ status, name, fingerprint, file, user, from, to, ...whose }: RunFilter): Condition =>
  allOf(
    equals('status', status),
    equals('name', name),
    equals('fingerprint', fingerprint),
    file ? { text: isOfFile, values: [likePattern(file)] } : undefined,
    user
      ? { text: 'r.started_by in (select id from users where username = ? collate nocase)', values: [user] }
      : undefined,
    from ? { text: 'r.created_at >= ?', values: [momentInUtc(from)] } : undefined,
    to ? { text: 'r.created_at <= ?', values: [lastInUtc(to)] } : undefined,
    visibleTo(whose),
  )

/** Whether more than the counted columns narrow the list. */
export const isNarrowed = ({ q, fingerprint, file, user, from, to }: RunFilter): boolean =>
  [q?.trim(), fingerprint, file, user, from, to].some(Boolean)

export function momentInUtc(text: string, field = 'from'): number {
  const at = parseTime(inUtc(text))
  return Number.isNaN(at) ? invalid(field, `This is not a time: ${text}`) : at
}
/** The last millisecond of the day, minute or second that it names. */
export function lastInUtc(text: string): number {
  const time = inUtc(text)
  return momentInUtc(time, 'to') + (time.length <= 10 ? day : /T\d\d:\d\d(Z|[+-])/.test(time) ? minute : second) - 1
}

function visibleTo({ startedBy, orNamed = [] }: RunFilter): Condition | undefined {
  if (startedBy === undefined || !orNamed.length) return equals('started_by', startedBy)
  const names = orNamed.map(() => '?').join(', ')
  return { text: `(r.started_by = ? or r.name in (${names}))`, values: [startedBy, ...orNamed] }
}

/** The same for runs that are already selected by other means: the plus stops SQLite from using these indexes instead. */
const withoutIndexes = ({ text, values }: Condition): Condition => ({
  text: text.replaceAll(/\br\.(status|name|fingerprint) =/g, '+r.$1 ='),
  values,
})

const wordsOf = (q: string) => q.trim().split(/\s+/).slice(0, 8)
/** For `like … escape '\\'`: texts that contain this one. */
export const likePattern = (word: string) => `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`
const containsWords = (q: string): Condition =>
  allOf(
    ...wordsOf(q).map(word => {
      const titled = namesTitled(word)
      return {
        text: `((r.name || char(10) || r.input || char(10) || coalesce(r.error, '')) like ? escape '\\' or r.name in (${titled.map(() => '?').join()}) or ${isOfFile})`,
        values: [likePattern(word), ...titled, likePattern(word)],
      }
    }),
  )

function rowidsOf(db: Db, filter: RunFilter, limit: number, offset: number): number[] {
  const { text, values } = conditionOf(filter)
  const query = `select r.rowid as rowid from runs r where ${text} order by r.created_at desc, r.rowid desc limit ? offset ?`
  return rowids(db, query, [...values, limit, offset])
}

const rowids = (db: Db, query: string, values: SQLQueryBindings[]): number[] =>
  db.$client
    .query<{ rowid: number }, SQLQueryBindings[]>(query)
    .all(...values)
    .map(({ rowid }) => rowid)

function runsAt(db: Db, ids: readonly number[]): Run[] {
  if (!ids.length) return []
  const rows = db.select({ rowid: sql<number>`rowid`, run: runs }).from(runs).where(sql`rowid in ${ids}`).all()
  const byRowid = new Map(rows.map(({ rowid, run }) => [rowid, run]))
  return ids.flatMap(rowid => byRowid.get(rowid) ?? [])
}

function countOf(db: Db, filter: RunFilter): Pick<FoundRuns, 'total' | 'isExact'> {
  const { status, name, startedBy } = filter
  const totalOf = (query: string, values: SQLQueryBindings[]) =>
    db.$client.query<{ total: number }, SQLQueryBindings[]>(query).get(...values)?.total ?? 0
  if (!isNarrowed({ ...filter, q: undefined }) && startedBy === undefined) {
    const { text, values } = allOf(equals('status', status), equals('name', name))
    const total = totalOf(`select coalesce(sum(r.runs), 0) as total from run_counts r where ${text}`, values)
    return { total, isExact: true }
  }
  const { text, values } = conditionOf(filter)
  const total = totalOf(`select count(*) as total from (select 1 from runs r where ${text} limit 10000)`, values)
  return { total, isExact: total < 10_000 }
}

/** Rowids of runs that contain all the words, newest first: candidates from the index are checked, the rest is scanned. */
function matching(db: Db, filter: RunFilter, limit: number): { rowids: number[]; isExact: boolean } {
  const q = filter.q ?? ''
  const conditions = allOf(withoutIndexes(conditionOf(filter)), containsWords(q))
  const rowsWhere = (where: string, ...values: SQLQueryBindings[]) =>
    rowids(
      db,
      `select r.rowid as rowid from runs r where ${where} and ${conditions.text} order by r.rowid desc limit ?`,
      [...values, ...conditions.values, limit],
    )
  const found = new Set(byId(db, filter, q.trim()))
  const add = (rows: readonly number[]) => {
    for (const rowid of rows) found.add(rowid)
  }
  const indexedTo = filter.startedBy === undefined ? attachIndex(db.$client, dirname(db.$client.filename)) : 0
  const trigrams = indexQuery(db, filter)
  let isComplete = true
  if (filter.startedBy !== undefined)
    add(rowsWhere('true')) // by its own index; nobody starts that many
  else if (indexedTo > 0 && !trigrams) {
    isComplete = false
    add(rowsWhere(`r.rowid > (select max(rowid) from runs) - ${newestRuns}`))
  } else {
    add(rowsWhere('r.rowid > ?', indexedTo))
    if (indexedTo > 0 && trigrams) {
      add(rowsWhere('r.rowid in (select run from run_changes) and r.rowid <= ?', indexedTo))
      add(rowsWhere(`r.status in ('PENDING', 'PROGRESS') and r.rowid <= ?`, indexedTo))
      for (const word of wordsOf(q)) add(rowsWhere(isOfFile, likePattern(word)))
      add(indexMatches(db, trigrams, conditions, limit) ?? rowsWhere('r.rowid <= ?', indexedTo))
    }
  }
  const sorted = [...found].sort((a, b) => b - a)
  return { rowids: sorted.slice(0, limit), isExact: isComplete && sorted.length < limit }
}

/** The start of an id, as seen in logs. */
function byId(db: Db, filter: RunFilter, q: string): number[] {
  if (!/^[0-9a-f][0-9a-f-]{3,35}$/i.test(q)) return []
  const id = q.toLowerCase()
  const { text, values } = withoutIndexes(conditionOf(filter))
  return rowids(db, `select r.rowid as rowid from runs r where r.id >= ? and r.id < ? and ${text} limit 500`, [
    id,
    `${id}g`,
    ...values,
  ])
}

/** The index query: all the words, and a rare state and name (for common ones the runs themselves are checked). */
function indexQuery(db: Db, { q = '', status, name }: RunFilter): string | undefined {
  const words = wordsOf(q).flatMap(word => {
    const trigrams = trigramsOf(word)
    return trigrams ? `(${[trigrams, ...namesTitled(word).map(trigramsOf)].map(each => `(${each})`).join(' OR ')})` : []
  })
  if (!words.length) return undefined
  const { total } = countOf(db, {})
  const isRare = (filter: RunFilter) => countOf(db, filter).total < total / 4
  const marks = [
    status && isRare({ status }) && trigramsOf(indexMarkOf(status)),
    name && isRare({ name }) && trigramsOf(name),
  ]
  return [...words, ...marks].filter(Boolean).join(' AND ')
}

function indexMatches(db: Db, trigrams: string, conditions: Condition, limit: number): number[] | undefined {
  try {
    const query = `select r.rowid as rowid from search.run_text t join runs r on r.rowid = t.rowid
      where t.run_text match ? and r.status not in ('PENDING', 'PROGRESS') and ${conditions.text} order by t.rowid desc limit ?`
    return rowids(db, query, [trigrams, ...conditions.values, limit])
  } catch {
    return undefined // a damaged index: the job that updates it will notice
  }
}

export const indexFile = (dataDir: string) => join(dataDir, 'search.db')

/** Three characters for a finished state, so that it can be searched like any text. */
export const indexMarkOf = (status: RunState) => `/${status.charAt(0)}/`

/** Every trigram once, as an FTS5 expression; undefined for a shorter text. */
function trigramsOf(text: string): string | undefined {
  const letters = [...text.toLowerCase()]
  const all = new Set(letters.slice(2).map((_, i) => letters.slice(i, i + 3).join('')))
  return all.size ? [...all].map(three => `"${three.replaceAll('"', '""')}"`).join(' AND ') : undefined
}

/** The file that a connection has attached as `search`, by inode: a damaged index is replaced by another file. */
const attachedFiles = new WeakMap<Database, number>()

/** Attaches the index as `search` to a read-only connection; returns how far it goes, 0 if there is none. */
function attachIndex(client: Database, dataDir: string): number {
  try {
    const path = indexFile(dataDir)
    const file = statSync(path, { throwIfNoEntry: false })?.ino
    if (attachedFiles.get(client) !== file) {
      if (attachedFiles.delete(client)) client.run('detach search')
      if (file === undefined) return 0
      client.query('attach ? as search').run(path)
      attachedFiles.set(client, file)
    }
    const row = client.query<{ value: string }, []>(`select value from search.about where name = 'last'`).get()
    return row ? JSON.parse(row.value).rowid : 0
  } catch {
    return 0 // being made right now, or damaged: the runs themselves are scanned
  }
}
