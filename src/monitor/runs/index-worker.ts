/** The thread that brings the search index up to date. */
import { openReader } from '../../../db/open.ts'
import { answerTasks, type ThreadWork } from '../../platform/process/threads.ts'
import { type Indexed, openRunIndex } from './run-index.ts'

export type IndexTasks = typeof tasks
/** `changed`: runs that were indexed before, perhaps, and are others now. */
type IndexRequest = { dataDir: string; changed: readonly number[] }

const step = 2_000 // runs in one transaction
const columns = 'rowid, id, name, input, error, status'
const isFinished = ({ status }: Indexed) => status !== 'PENDING' && status !== 'PROGRESS'

const tasks = { index: indexRuns }
answerTasks(tasks, work => work)

/** Tells through which row it is, and answers how many runs it has indexed. */
function indexRuns({ dataDir, changed }: IndexRequest, { progress }: ThreadWork): number {
  const { $client: db } = openReader(dataDir)
  const at = db.query<Indexed, [number]>(`select ${columns} from runs where rowid = ?`)
  const after = db.query<Indexed, [number, number]>(
    `select ${columns} from runs where rowid > ? order by rowid limit ?`,
  )
  const index = openRunIndex(dataDir, (rowid, id) => (at.get(rowid)?.id ?? id) === id)
  let indexed = 0

  /** What was indexed before and has changed since. */
  const known = changed.filter(rowid => rowid <= index.through)
  for (let i = 0; i < known.length; i += step) {
    const some = known.slice(i, i + step)
    const runs = some.flatMap(rowid => at.get(rowid) ?? []).filter(isFinished)
    const there = new Set(runs.map(({ rowid }) => rowid))
    const gone = some.filter(rowid => !there.has(rowid))
    index.write(runs, gone)
    indexed += runs.length
  }

  /** What is new. A run that is not finished yet comes again as a change. */
  for (let rowid = index.through, runs = after.all(rowid, step); runs.length; runs = after.all(rowid, step)) {
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
