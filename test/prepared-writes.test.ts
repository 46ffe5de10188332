import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { closeDatabase, openDatabase } from '../db/open.ts'
import { type Given, preparedFor } from '../db/prepared-writes.ts'
import { leagues, uploads } from '../db/schema.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-prepared-'))
const db = openDatabase(dataDir)
afterAll(() => {
  closeDatabase(db)
  rmSync(dataDir, { recursive: true, force: true })
})

type Change = Partial<typeof leagues.$inferInsert>
let prepared = 0
const changeLeague = preparedFor(leagues, (db, change: Given<Change>) => {
  prepared++
  return db
    .update(leagues)
    .set(change)
    .where(eq(leagues.id, sql.placeholder('league')))
    .returning()
})
const change = (values: Change) => changeLeague(db, values).all({ ...values, league: 1 })[0]

test('a write is prepared once for each set of columns, and leaves all other columns as they are', () => {
  const started = { name: 'North', kind: 'sheet', startsAt: 1, endsAt: 2, config: { sort: 'power' } } as const
  db.insert(leagues)
    .values({ id: 1, ...started, createdAt: 0 })
    .run()
  expect(change({ name: 'South' })).toMatchObject({ ...started, name: 'South' })
  expect(change({ name: 'East', endsAt: undefined })).toMatchObject({ ...started, name: 'East' })
  expect(prepared).toBe(1)
  expect(change({ name: 'West', config: { sort: 'deads' } })).toMatchObject({ name: 'West', config: { sort: 'deads' } })
  expect(prepared).toBe(2)
})

test('null in a JSON column is null, and no text that says so', () => {
  const insertUpload = preparedFor(uploads, (db, upload: Given<typeof uploads.$inferInsert>) =>
    db.insert(uploads).values(upload).returning(),
  )
  const sent = {
    leagueId: 1,
    kind: 'current',
    mode: 'partial',
    filename: 'scan.csv',
    bytes: 1,
    status: 'failed',
  } as const
  const upload = { ...sent, sha256: 'abc', jobId: 'a', takenAt: 1, createdAt: 1, givenMapping: null }
  expect(insertUpload(db, upload).get(upload)).toMatchObject({ ...upload, summary: null })
  const withMapping = { ...upload, jobId: 'b', givenMapping: { ID: 'id' } }
  expect(insertUpload(db, withMapping).get(withMapping)).toMatchObject(withMapping)
  const stored = db.$client.query('select given_mapping from uploads order by id').values()
  expect(stored).toEqual([[null], ['{"ID":"id"}']])
})
