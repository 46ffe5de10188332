import { lte, max, sql } from 'drizzle-orm'
import { aggregate } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { runChanges, runs } from '../../db/schema.ts'
import { tryWrite } from '../../db/transactions.ts'
import { type App, job } from '../context.ts'
import { programFile } from '../installation.ts'
import { locks } from '../locks.ts'
import { inThread } from '../platform/process/threads.ts'
import { indexFile } from './find-runs.ts'
import type { IndexTasks } from './index-worker.ts'

const indexScript = programFile('src/runs/index-worker.ts')

/** So few runs can be scanned as fast; the index is updated with at least this many at a time. */
const minChanges = 2_000
const maxChanges = 50_000 // taken at once

/** Keeps the search index over runs up to date. With few runs there is none. */
export const indexRuns = job('runs.index', {
  attempts: 1,
  once: () => 'index',
  lock: () => locks.runIndex(),
  async run(_, app, { signal, progress }) {
    const { db, config } = app
    let indexed = 0
    for (let isBehind = true; isBehind; ) {
      const isNew = !(await Bun.file(indexFile(config.dataDir)).exists())
      const changes = isNew ? [] : oldestChanges(db)
      const [most, last] = [newestRow(db), isNew ? newestChange(db) : (changes.at(-1)?.id ?? 0)]
      if ((isNew ? most : changes.length) < minChanges) break
      const changed = [...new Set(changes.map(({ run }) => run))]
      const request = { dataDir: config.dataDir, changed }
      indexed += await inThread<IndexTasks, 'index'>({ name: 'indexing', script: indexScript }, 'index', request, {
        signal,
        progress: (row: number) => progress((100 * row) / most, 'indexing'),
      })
      await deleteChanges(app, last)
      isBehind = changes.length === maxChanges
    }
    return { indexed }
  },
})

const oldestChanges = (db: Db) => db.select().from(runChanges).orderBy(runChanges.id).limit(maxChanges).all()
const newestChange = (db: Db): number => aggregate(db, runChanges, max(runChanges.id)) ?? 0
const newestRow = (db: Db): number => aggregate(db, runs, sql<number>`max(${runs}.rowid)`) ?? 0

/** In steps, so that nobody waits long for the write lock. */
async function deleteChanges({ db }: App, last: number): Promise<void> {
  const batch = db.select({ id: runChanges.id }).from(runChanges).where(lte(runChanges.id, last)).limit(minChanges)
  for (let deleted: number | undefined = minChanges; deleted === undefined || deleted >= minChanges; await Bun.sleep(5))
    deleted = tryWrite(
      db,
      tx =>
        tx.delete(runChanges).where(sql`${runChanges.id} in ${batch}`).returning({ id: runChanges.id }).all().length,
    )
}
