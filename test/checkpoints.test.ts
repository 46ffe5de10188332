import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { copyFileSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { factOf } from '../db/facts.ts'
import { databaseFile } from '../db/open.ts'
import { facts } from '../db/schema.ts'
import { atomically, duringBulkWrite } from '../db/transactions.ts'
import { start, until } from './start.ts'

/** The content of the file itself, without its log. */
function valueInFile(dataDir: string, name: string): string | undefined {
  const copy = join(dataDir, 'alone.db')
  copyFileSync(databaseFile(dataDir), copy)
  const db = new Database(copy)
  try {
    return db.query<{ value: string }, [string]>('select value from facts where name = ?').get(name)?.value
  } catch {
    return undefined // the tables are still in the log, or the file was copied while it changed
  } finally {
    db.close()
  }
}

const writeFact = (db: Parameters<typeof atomically>[0], name: string, value: string) =>
  atomically(db, tx => {
    tx.insert(facts).values({ name, value }).onConflictDoUpdate({ target: facts.name, set: { value } }).run()
  })

/** More than a log that is left as it is. */
const [longValue, otherLongValue] = ['1'.repeat(1_200_000), '2'.repeat(1_200_000)]

test('writes soon reach the file itself, even if the log is not full', async () => {
  const { app, dataDir } = await start()
  await writeFact(app.db, 'first', longValue)
  await until(() => valueInFile(dataDir, 'first') === longValue)
  await writeFact(app.db, 'first', otherLongValue)
  await until(() => valueInFile(dataDir, 'first') === otherLongValue)
  await until(() => factOf(app.db, 'logs begun') !== undefined) // so that no request has to
})

test('two processes on one folder both copy their log into the file, and nothing is lost', async () => {
  const { app, dataDir } = await start()
  const other = await start({}, dataDir)
  await Promise.all([writeFact(app.db, 'mine', longValue), writeFact(other.app.db, 'theirs', otherLongValue)])
  await until(() => valueInFile(dataDir, 'mine') === longValue && valueInFile(dataDir, 'theirs') === otherLongValue)
})

test('the log stays short however much is written, and is empty once all is closed', async () => {
  const { app, dataDir, stop } = await start()
  const log = `${databaseFile(dataDir)}-wal`
  let longest = 0
  for (let i = 0; i < 400; i++) {
    await writeFact(app.db, `long ${i % 50}`, String(i % 10).repeat(200_000))
    longest = Math.max(longest, statSync(log).size)
    await Bun.sleep(0)
  }
  expect(longest).toBeLessThan(32 * 2 ** 20) // of 80 MB written
  expect(longest).toBeGreaterThan(0)
  await stop()
  expect(existsSync(log) ? statSync(log).size : 0).toBe(0)
  expect(valueInFile(dataDir, 'long 49')).toBe('9'.repeat(200_000))
})

test('with LITESTREAM only Litestream copies the log into the file, and the service reads and writes as usual', async () => {
  const { app, dataDir } = await start({ LITESTREAM: 'true' })
  const size = () => statSync(databaseFile(dataDir)).size
  const before = size()
  for (let i = 0; i < 30; i++) await writeFact(app.db, `long ${i}`, String(i % 10).repeat(200_000)) // 6 MB: SQLite's own turn comes at 4
  expect(size()).toBe(before)
  expect(app.db.select().from(facts).where(eq(facts.name, 'long 29')).get()?.value).toBe('9'.repeat(200_000))
  const litestream = new Database(databaseFile(dataDir)) // what Litestream does once it has copied the log away
  expect(litestream.query('PRAGMA wal_checkpoint(PASSIVE)').get()).toMatchObject({ busy: 0 })
  litestream.close()
  expect(size()).toBeGreaterThan(before + 5_000_000)
})

test('bulk writes of several callers run one at a time, and other writes wait for their end', async () => {
  const { app } = await start()
  const order: string[] = []
  const bulkWrite = (name: string) =>
    duringBulkWrite(app.db, async () => {
      order.push(`${name} begins`)
      await Bun.sleep(1)
      order.push(`${name} ends`)
    })
  await Promise.all([
    ...['first', 'second', 'third'].map(bulkWrite),
    writeFact(app.db, 'other', '1').then(() => order.push('other')),
  ])
  expect(order).toEqual([...['first', 'second', 'third'].flatMap(name => [`${name} begins`, `${name} ends`]), 'other'])
})
