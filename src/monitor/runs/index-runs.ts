import { lte, max, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { runChanges, runs } from '../../../db/schema.ts'
import { tryWrite } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { inThread } from '../../platform/process/threads.ts'
import type { IndexTasks } from './index-worker.ts'
import { indexFile } from './run-index.ts'

const script = new URL('./index-worker.ts', import.meta.url)

/** So few are looked through as fast; the index is brought up to date in gulps of at least this many. */
const gulp = 2_000
const mostChanges = 50_000 // in one gulp

/** Keeps the search index over runs. Where there is little to find, there is none. */
export const indexRuns = job('runs.index', {
  input: t.Object({}),
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
      if ((isNew ? most : changes.length) < gulp) break
      const changed = [...new Set(changes.map(({ run }) => run))]
      const order = { dataDir: config.dataDir, changed }
      indexed += await inThread<IndexTasks, 'index'>({ name: 'indexing', script }, 'index', order, {
        signal,
        progress: (through: number) => progress((100 * through) / most, 'indexing'),
      })
      await forget(app, last)
      isBehind = changes.length === mostChanges
    }
    return { indexed }
  },
})

const oldestChanges = (db: Db) => db.select().from(runChanges).orderBy(runChanges.id).limit(mostChanges).all()
const newestChange = (db: Db): number =>
  db
    .select({ id: max(runChanges.id) })
    .from(runChanges)
    .get()?.id ?? 0

const newestRow = (db: Db): number =>
  db
    .select({ rowid: sql<number | null>`max(${runs}.rowid)` })
    .from(runs)
    .get()?.rowid ?? 0

/** In steps: nobody waits long for the write lock. */
async function forget({ db }: App, last: number): Promise<void> {
  const some = db.select({ id: runChanges.id }).from(runChanges).where(lte(runChanges.id, last)).limit(gulp)
  for (let gone: number | undefined = gulp; gone === undefined || gone >= gulp; await Bun.sleep(5))
    gone = tryWrite(
      db,
      tx => tx.delete(runChanges).where(sql`${runChanges.id} in ${some}`).returning({ id: runChanges.id }).all().length,
    )
}
