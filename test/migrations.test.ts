import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { migrate, NewerSchema, type SchemaFiles, schemaFiles } from '../db/migrate.ts'
import { databaseFile, openDatabase } from '../db/open.ts'
import * as schema from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { auditLedger } from '../src/leagues/market/ledger-audit.ts'
import { registerProcess } from '../src/monitor/processes.ts'
import { holdProcessLock } from '../src/platform/process/process-lock.ts'
import { rounds } from './needs.ts'
import { runToExit } from './operator.ts'
import { afterTest, spawnFieldhouse, start, temporaryFolder } from './start.ts'

const files = schemaFiles()
const { migrations: allMigrations } = files
const noTriggers = 'select 1'

const emptyDatabase = (dataDir: string) => {
  const client = new Database(databaseFile(dataDir), { create: true })
  afterTest(() => client.close())
  return client
}

/** A new database of this version, or with these migrations and triggers. */
function database({ migrations = allMigrations, triggers = files.triggers }: Partial<SchemaFiles> = {}) {
  const dataDir = temporaryFolder()
  const client = emptyDatabase(dataDir)
  migrate(client, dataDir, undefined, { migrations, triggers })
  return { client, dataDir }
}

/** An empty database after the first `count` migrations, without triggers, because only the current ones exist. */
function databaseAt(count: number) {
  if (count > 0) return database({ migrations: allMigrations.slice(0, count), triggers: noTriggers })
  const dataDir = temporaryFolder()
  return { client: emptyDatabase(dataDir), dataDir }
}

/** A folder with the data of an earlier release. */
const folder = join(import.meta.dir, 'fixtures', 'databases')
function databaseOf(release: string) {
  const dataDir = temporaryFolder()
  const client = emptyDatabase(dataDir)
  client.run('begin')
  client.run(readFileSync(join(folder, release), 'utf8'))
  client.run('commit')
  return { client, dataDir }
}

const withMigration = (sql: string[]): SchemaFiles => ({
  ...files,
  migrations: [...allMigrations, { ...allMigrations[0]!, sql }],
})

/** Tables, columns, indexes, references, views and triggers, in an order that does not depend on how they came to be. */
function shapeOf(client: Database) {
  const rows = (sql: string) => client.query<Record<string, unknown>, []>(sql).all()
  const tables = rows(
    `select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%' order by name`,
  )
  const shapes = tables.map(({ name }) => ({
    name,
    columns: rows(`select name, type, "notnull", dflt_value, pk from pragma_table_xinfo('${name}') order by name`),
    references: rows(
      `select "table", "from", "to", on_update, on_delete from pragma_foreign_key_list('${name}') order by "from"`,
    ),
    indexes: rows(`select name, sql from sqlite_schema where type = 'index' and tbl_name = '${name}' order by name`),
  }))
  const others = rows(
    `select name, sql from sqlite_schema where type in ('trigger', 'view') or sql like 'create virtual %' order by name`,
  )
  return { tables: shapes, others }
}

test('from every earlier state the migrations lead to the same schema as from nothing', () => {
  const expected = shapeOf(database().client)
  expect(expected.others.length).toBeGreaterThan(20)
  for (let count = 0; count <= allMigrations.length; count++) {
    const { client, dataDir } = databaseAt(count)
    migrate(client, dataDir)
    expect(shapeOf(client)).toEqual(expected)
  }
})

/** Fails when a released migration is edited: it never changes, a change is a new migration. */
test('the database of every release is brought to this schema, and what was in it stays', async () => {
  const expected = shapeOf(database().client)
  const releases = readdirSync(folder)
  expect(releases).toContain('1.0.0.sql')
  for (const release of releases) {
    const { client, dataDir } = databaseOf(release)
    const ledgerRows = () => client.query<Record<string, unknown>, []>('select * from ledger').all()
    const ledger = ledgerRows()
    expect(ledger.length).toBeGreaterThan(0)
    const { call, stop } = await start({ ROLE: 'web' }, dataDir)
    expect(shapeOf(client)).toEqual(expected)
    expect(ledgerRows()).toMatchObject(ledger)
    const { id, name } = client.query('select id, name from leagues').get() as { id: number; name: string }
    const idsFound = async (q: string) =>
      (await call.get(`/api/v1/search?q=${encodeURIComponent(q)}&category=leagues`)).leagues.map(
        (league: { id: number }) => league.id,
      )
    expect(await idsFound(name)).toContain(id)
    await call.patch(`/api/v1/leagues/${id}`, { name: 'Southern war' })
    expect(await idsFound('south')).toContain(id)
    const portfolios = new Set(ledger.map(({ league_id, user_id }) => `${league_id} ${user_id}`)).size
    expect(auditLedger(dataDir)).toMatchObject({ portfolios, lines: ledger.length, differences: [] })
    await stop()
  }
})

test('approved leave is no absence twice', () => {
  const { client, dataDir } = databaseAt(23)
  client.run(`insert into staff (id, name, skills, max_hours_week, hourly_cents, preferences, created_at)
    values (1, 'Ann', '[]', 40, 0, '[]', 0);
    insert into leave_requests (staff_id, "from", "to", state, created_at)
    values (1, '2026-07-01', '2026-07-03', 'approved', 0), (1, '2026-08-01', '2026-08-03', 'withdrawn', 0);
    insert into unavailability (id, staff_id, "from", "to")
    values (1, 1, '2026-07-01', '2026-07-03'), (2, 1, '2026-07-01', '2026-07-03'), (3, 1, '2026-08-01', '2026-08-03');`)
  migrate(client, dataDir)
  expect(client.query('select id from unavailability').values()).toEqual([[1], [3]])
})

test('changed triggers are recreated at the start, all together, without a copy', () => {
  const triggers = `create trigger old_one after insert on facts begin delete from facts; end;
    create view old_view as select 1;`
  const { client, dataDir } = database({ triggers })
  migrate(client, dataDir)
  expect(shapeOf(client)).toEqual(shapeOf(database().client))
  expect(existsSync(join(dataDir, 'backups'))).toBe(false)

  const before = shapeOf(client)
  const broken = {
    ...files,
    triggers: `${files.triggers}\ncreate trigger b after insert on missing begin select 1; end;`,
  }
  expect(() => migrate(client, dataDir, undefined, broken)).toThrow('no such table')
  expect(shapeOf(client)).toEqual(before)
})

test('the migrations make the tables and indexes that schema.ts describes', () => {
  const { client } = database()
  const described = Object.values(schema)
    .filter(value => is(value, SQLiteTable))
    .map(table => ({
      name: getTableConfig(table).name,
      columns: Object.values(getTableColumns(table))
        .map(({ name, notNull }) => ({ name, notNull }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      indexes: [
        ...getTableConfig(table).indexes.map(({ config }) => config.name),
        ...Object.values(getTableColumns(table)).flatMap(({ isUnique, uniqueName }) => (isUnique ? [uniqueName] : [])),
      ].sort(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const created = shapeOf(client).tables.map(({ name, columns, indexes }) => ({
    name,
    columns: columns.map(column => ({ name: column.name, notNull: column.notnull === 1 || column.pk !== 0 })),
    indexes: indexes.filter(({ sql }) => sql !== null).map(index => index.name),
  }))
  expect(created).toEqual(described as typeof created)
})

test('a migration that SQLite rolls back by itself, as on a full disk, fails with its own error', () => {
  const { client, dataDir } = database()
  const rolledBack = withMigration([
    'create table later (id integer primary key)',
    'insert into later values (1)',
    'insert or rollback into later values (1)',
  ])
  expect(() => migrate(client, dataDir, undefined, rolledBack)).toThrow('UNIQUE constraint failed')
})

test('a database is opened with a write-ahead log that `atomically` syncs, and foreign keys on', () => {
  const db = openDatabase(temporaryFolder())
  afterTest(() => db.$client.close())
  const pragma = (name: string) => Object.values(db.$client.query<object, []>(`pragma ${name}`).get() ?? {})[0]
  expect(['journal_mode', 'synchronous', 'foreign_keys'].map(pragma)).toEqual(['wal', 1, 1])
  expect(() => db.$client.run(`insert into members (league_id, user_id, joined_at) values (1, 1, 0)`)).toThrow(
    'FOREIGN KEY',
  )
})

const copyName = `before-schema-${allMigrations.length + 1}.db`
const factsOf = (client: Database) =>
  Object.fromEntries(client.query(`select name, value from facts where name <> 'triggers'`).values())

test('a migration takes a copy first, and what was in the database stays', async () => {
  const { client, dataDir } = database()
  client.run(`insert into facts (name, value) values ('kept', 'yes')`)
  migrate(client, dataDir, undefined, withMigration(['create table later (id integer)']))
  expect(factsOf(client)).toEqual({ kept: 'yes' })

  const copy = new Database(join(dataDir, 'backups', copyName), { readonly: true })
  afterTest(() => copy.close())
  expect(copy.query('pragma user_version').get()).toEqual({ user_version: allMigrations.length })
  expect(factsOf(copy)).toEqual({ kept: 'yes' })
})

test('a copy is always made right before the migration, not left from an earlier try', () => {
  const { client, dataDir } = database()
  const failing = withMigration(['create table later (id integer)', 'no sql at all'])
  expect(() => migrate(client, dataDir, undefined, failing)).toThrow()
  client.run(`insert into facts (name, value) values ('written', 'since')`)
  migrate(client, dataDir, undefined, withMigration(['create table later (id integer)']))

  expect(readdirSync(join(dataDir, 'backups'))).toEqual([copyName])
  const copy = new Database(join(dataDir, 'backups', copyName), { readonly: true })
  afterTest(() => copy.close())
  expect(factsOf(copy)).toEqual({ written: 'since' })
})

test('an incomplete copy of a killed start is deleted by the migration', () => {
  const { client, dataDir } = database()
  mkdirSync(join(dataDir, 'backups'))
  for (const suffix of ['', '-journal'])
    writeFileSync(
      join(dataDir, 'backups', `.${copyName.replace('.db', '')}.${crypto.randomUUID()}.db${suffix}`),
      'half',
    )
  migrate(client, dataDir, undefined, withMigration(['create table later (id integer)']))
  expect(readdirSync(join(dataDir, 'backups'))).toEqual([copyName])
})

test('the unfinished copy of another start is not deleted before the migration that makes it needless is committed', () => {
  const { client, dataDir } = database()
  const other = join(dataDir, 'backups', `.${copyName.replace('.db', '')}.${crypto.randomUUID()}.db`)
  const run = client.run.bind(client)
  let isThereAtCommit: boolean | undefined
  client.run = (sql: string, ...values: unknown[]) => {
    if (sql === 'COMMIT') isThereAtCommit = existsSync(other)
    return run(sql, ...(values as []))
  }
  mkdirSync(join(dataDir, 'backups'))
  writeFileSync(other, 'half')
  migrate(client, dataDir, undefined, withMigration(['create table later (id integer)']))
  expect([isThereAtCommit, existsSync(other)]).toEqual([true, false])
})

test('a copy that cannot be completed is deleted', () => {
  const { client, dataDir } = database()
  const path = databaseFile(dataDir)
  client.run(`insert into facts (name, value) values ('long', hex(zeroblob(100000)))`)
  client.close()
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xff, bytes.length - 8_192, bytes.length - 4_096))
  const damaged = emptyDatabase(dataDir)
  expect(() => migrate(damaged, dataDir, undefined, withMigration(['create table later (id integer)']))).toThrow()
  expect(readdirSync(join(dataDir, 'backups'))).toEqual([])
})

test('a database that a newer version migrates during the start is refused', () => {
  const { client, dataDir } = database({ triggers: noTriggers })
  const newer = `pragma user_version = ${allMigrations.length + 1}`
  const othersRun = () => client.run(newer).changes > 0
  expect(() => migrate(client, dataDir, othersRun)).toThrow(NewerSchema)
  expect(client.query('pragma user_version').get()).toEqual({ user_version: allMigrations.length + 1 })
})

test('a migration that fails leaves everything as it was', () => {
  const { client, dataDir } = database()
  const before = shapeOf(client)
  const failing = withMigration(['create table later (id integer)', 'create table later (id integer)'])
  expect(() => migrate(client, dataDir, undefined, failing)).toThrow('already exists')
  expect(shapeOf(client)).toEqual(before)
  expect(client.query('pragma user_version').get()).toEqual({ user_version: allMigrations.length })
})

test.each([0, 14])(
  'a database of an earlier trial or of another program (schema %d) is named and left as it was',
  version => {
    const dataDir = temporaryFolder()
    const client = new Database(databaseFile(dataDir))
    client.run('create table users (id integer)')
    client.run(`pragma user_version = ${version}`)
    const before = shapeOf(client)
    expect(() => openDatabase(dataDir)).toThrow(
      /fieldhouse\.db was not made by Fieldhouse 1\.0\.0 or later.*empty folder/,
    )
    expect(shapeOf(client)).toEqual(before)
  },
)

test('a newer schema is refused, untouched, and says what to do', async () => {
  const { client, dataDir } = database()
  client.run(`pragma user_version = ${allMigrations.length + 1}`)
  expect(() => openDatabase(dataDir)).toThrow(NewerSchema)
  expect(await outcome(spawnFieldhouse({}, dataDir))).toThrow(
    `fieldhouse.db has schema ${allMigrations.length + 1}, but this version of Fieldhouse only knows ${allMigrations.length}. Start the newer version, or restore a backup.`,
  )
  expect(client.query('pragma user_version').get()).toEqual({ user_version: allMigrations.length + 1 })
  expect(existsSync(join(dataDir, 'backups'))).toBe(false)
})

test('nothing is migrated while another version is running', async () => {
  const { client, dataDir } = database({ triggers: noTriggers })
  const leave = holdProcessLock(dataDir, 'of-another-version')
  expect(await runToExit({ DATA_DIR: dataDir })).toEqual({
    code: 1,
    out: '',
    err: `Another version of Fieldhouse is still running in ${dataDir}. Stop all its processes, then start this one.\n`,
  })
  expect(shapeOf(client).others).toHaveLength(1)
  leave()
  const { kill9 } = await spawnFieldhouse({}, dataDir)
  expect(shapeOf(client)).toEqual(shapeOf(database().client))
  await start({}, dataDir) // next to one of the same version, and after one that was killed
  await kill9()
})

test('nothing is migrated when another version starts at the same moment, and a version that is migrated away does not start', async () => {
  const { client, dataDir } = database({ triggers: noTriggers })
  let asked = 0
  expect(() => migrate(client, dataDir, () => asked++ > 0)).toThrow('Another version of Fieldhouse is still running')
  expect(shapeOf(client).others).toHaveLength(1)

  const db = openDatabase(dataDir)
  afterTest(() => db.$client.close())
  client.run(`pragma user_version = ${allMigrations.length + 1}`)
  const late = registerProcess(db, { id: 'late', role: 'all', version: '1.0.0', startedAt: 0 })
  expect(await outcome(late)).toThrow(NewerSchema)
})

test('several processes of a new version may be started at once', async () => {
  const { dataDir } = database({ triggers: noTriggers })
  const services = await Promise.all(
    Array.from({ length: rounds(2, 3) }, () => spawnFieldhouse({ ROLE: 'web' }, dataDir)),
  )
  for (const { call } of services) expect(await call.get('/api/v1/leagues')).toMatchObject({ leagues: [] })
})

test('several processes that open a new folder at once all find a complete database', async () => {
  const dataDir = temporaryFolder()
  const open = `import { openDatabase } from '${join(import.meta.dir, '../db/open.ts')}'
    const db = openDatabase('${dataDir}')
    console.log(db.$client.query('select count(*) as tallies from tallies').get().tallies)`
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, '-e', open], { stdout: 'pipe', stderr: 'pipe' }),
  )
  for (const child of children)
    expect([await new Response(child.stdout).text(), await new Response(child.stderr).text()]).toEqual(['0\n', ''])
})

test('a transaction is all or nothing', async () => {
  const db = openDatabase(temporaryFolder())
  afterTest(() => db.$client.close())
  const halfDone = atomically(db, tx => {
    tx.insert(schema.facts).values({ name: 'half', value: 'done' }).run()
    throw new Error('in between')
  })
  expect(await outcome(halfDone)).toThrow('in between')
  expect(factsOf(db.$client)).toEqual({})
})
