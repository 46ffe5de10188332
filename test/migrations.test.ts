import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { databaseFile, migrate, migrations, NewerSchema, openDatabase } from '../db/open.ts'
import * as schema from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import { holdProcessLock } from '../src/platform/process/process-lock.ts'
import { main } from './operator.ts'
import { afterTest, spawnFieldhouse, temporaryFolder } from './start.ts'

const all = migrations()

/** A database with the first `count` migrations and nothing in it. */
function databaseAt(count: number, dataDir = temporaryFolder()) {
  const client = new Database(databaseFile(dataDir), { create: true })
  afterTest(() => client.close())
  migrate(client, dataDir, all.slice(0, count))
  return { client, dataDir }
}

/** Tables, their columns, indexes and references, in an order that does not depend on how they came to be. */
function shapeOf(client: Database) {
  const rows = (sql: string) => client.query<Record<string, unknown>, []>(sql).all()
  const tables = rows(
    `select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%' order by name`,
  )
  return tables.map(({ name }) => ({
    name,
    columns: rows(`select name, type, "notnull", dflt_value, pk from pragma_table_xinfo('${name}') order by name`),
    references: rows(
      `select "table", "from", "to", on_update, on_delete from pragma_foreign_key_list('${name}') order by "from"`,
    ),
    indexes: rows(`select name, sql from sqlite_master where type = 'index' and tbl_name = '${name}' order by name`),
  }))
}

test('from every earlier state the migrations lead to the same schema as from nothing', () => {
  const expected = shapeOf(databaseAt(all.length).client)
  for (let count = 0; count < all.length; count++) {
    const { client, dataDir } = databaseAt(count)
    migrate(client, dataDir)
    expect(shapeOf(client)).toEqual(expected)
  }
})

test('the migrations make the tables that schema.ts describes', () => {
  const { client } = databaseAt(all.length)
  const described = Object.values(schema)
    .filter(value => is(value, SQLiteTable))
    .map(table => ({
      name: getTableConfig(table).name,
      columns: Object.values(getTableColumns(table))
        .map(({ name, notNull }) => ({ name, notNull }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const made = shapeOf(client).map(({ name, columns }) => ({
    name,
    columns: columns.map(column => ({ name: column.name, notNull: column.notnull === 1 || column.pk !== 0 })),
  }))
  expect(made).toEqual(described as typeof made)
})

test('a database is opened with a write-ahead log, full safety and foreign keys on', () => {
  const db = openDatabase(temporaryFolder())
  afterTest(() => db.$client.close())
  const pragma = (name: string) => Object.values(db.$client.query<object, []>(`pragma ${name}`).get() ?? {})[0]
  expect(['journal_mode', 'synchronous', 'foreign_keys'].map(pragma)).toEqual(['wal', 2, 1])
  expect(() => db.$client.run(`insert into members (league_id, user_id, joined_at) values (1, 1, 0)`)).toThrow(
    'FOREIGN KEY',
  )
})

test('a migration takes a copy first, and what was in the database stays', async () => {
  const { client, dataDir } = databaseAt(1)
  client.run(`insert into facts (name, value) values ('kept', 'yes')`)
  migrate(client, dataDir, [...all.slice(0, 1), { ...all[0]!, sql: ['create table later (id integer)'] }])
  expect(client.query('select value from facts').get()).toEqual({ value: 'yes' })

  const copy = new Database(join(dataDir, 'backups', 'before-schema-2.db'), { readonly: true })
  afterTest(() => copy.close())
  expect(copy.query('pragma user_version').get()).toEqual({ user_version: 1 })
  expect(copy.query('select value from facts').get()).toEqual({ value: 'yes' })
})

test('a copy is always of the moment before, not one that an earlier try left', () => {
  const { client, dataDir } = databaseAt(1)
  const failing = { ...all[0]!, sql: ['create table later (id integer)', 'no sql at all'] }
  const next = { ...all[0]!, sql: ['create table later (id integer)'] }
  expect(() => migrate(client, dataDir, [...all.slice(0, 1), failing])).toThrow()
  client.run(`insert into facts (name, value) values ('written', 'since')`)
  migrate(client, dataDir, [...all.slice(0, 1), next])

  expect(readdirSync(join(dataDir, 'backups'))).toEqual(['before-schema-2.db'])
  const copy = new Database(join(dataDir, 'backups', 'before-schema-2.db'), { readonly: true })
  afterTest(() => copy.close())
  expect(copy.query('select value from facts').get()).toEqual({ value: 'since' })
})

test('a migration that fails leaves everything as it was', () => {
  const { client, dataDir } = databaseAt(1)
  const before = shapeOf(client)
  const failing = { ...all[0]!, sql: ['create table later (id integer)', 'create table later (id integer)'] }
  expect(() => migrate(client, dataDir, [...all.slice(0, 1), failing])).toThrow('already exists')
  expect(shapeOf(client)).toEqual(before)
  expect(client.query('pragma user_version').get()).toEqual({ user_version: 1 })
})

test('a newer schema is refused, untouched, and says what to do', async () => {
  const { client, dataDir } = databaseAt(all.length)
  client.run(`pragma user_version = ${all.length + 1}`)
  expect(() => openDatabase(dataDir)).toThrow(NewerSchema)
  await expect(spawnFieldhouse({}, dataDir)).rejects.toThrow(
    `fieldhouse.db has schema ${all.length + 1}, this version of Fieldhouse knows ${all.length}. Start the newer version, or restore a backup.`,
  )
  expect(client.query('pragma user_version').get()).toEqual({ user_version: all.length + 1 })
  expect(existsSync(join(dataDir, 'backups'))).toBe(false)
})

test('nothing is migrated under an older version that is still at work', async () => {
  const { client, dataDir } = databaseAt(all.length - 1)
  const leave = holdProcessLock(dataDir, 'of-an-older-version')
  expect(await main({ DATA_DIR: dataDir })).toEqual({
    code: 1,
    said: `An older version of Fieldhouse is still at work in ${dataDir}. Stop all its processes, then start this one.`,
  })
  expect(client.query('pragma user_version').get()).toEqual({ user_version: all.length - 1 })
  leave()
  const { kill9 } = await spawnFieldhouse({}, dataDir)
  expect(client.query('pragma user_version').get()).toEqual({ user_version: all.length })
  await spawnFieldhouse({}, dataDir) // beside one of its own version, and after one that was killed
  await kill9()
})

test('several processes of a new version may be started at once', async () => {
  const { dataDir } = databaseAt(all.length - 1)
  const houses = await Promise.all([1, 2, 3].map(() => spawnFieldhouse({ ROLE: 'web' }, dataDir)))
  for (const { call } of houses) expect(await call.get('/api/v1/leagues')).toMatchObject({ leagues: [] })
})

test('several processes that open a new folder at once all find it whole', async () => {
  const dataDir = temporaryFolder()
  const open = `import { openDatabase } from '${join(import.meta.dir, '../db/open.ts')}'
    const db = openDatabase('${dataDir}')
    console.log(db.$client.query('select count(*) as facts from facts').get().facts)`
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, '-e', open], { stdout: 'pipe', stderr: 'pipe' }),
  )
  for (const child of children)
    expect([await new Response(child.stdout).text(), await new Response(child.stderr).text()]).toEqual(['0\n', ''])
})

test('a transaction is all or nothing', async () => {
  const db = openDatabase(temporaryFolder())
  afterTest(() => db.$client.close())
  const half = atomically(db, tx => {
    tx.insert(schema.facts).values({ name: 'half', value: 'done' }).run()
    throw new Error('in between')
  })
  await expect(half).rejects.toThrow('in between')
  expect(db.select().from(schema.facts).all()).toEqual([])
})
