/** Faults around Fieldhouse, and what the operator reads: one line that names the cause and what to do. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeDatabase, type Db, databaseFile, openDatabase } from '../db/open.ts'
import { explainOpenErrors } from '../db/open-errors.ts'
import { bestEffortWrite, transact } from '../db/transactions.ts'
import { refusedStart, runScript, runToExit, startOnSmallDisk, withoutRootRights } from './operator.ts'
import { filesOfUploads, newLeague, upload } from './sheets.ts'
import { adminToken, afterTest, caller, refusalOf, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

async function fillFolder(dataDir: string) {
  const fieldhouse = await start({}, dataDir)
  const { id } = await newLeague(fieldhouse.call)
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Power\n1,5\n2,4\n'))
  await fieldhouse.stop()
  return `/api/v1/leagues/${id}/leaderboard`
}

test('a folder that cannot be one is named', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(await runToExit({ DATA_DIR: file })).toEqual({ code: 1, out: '', err: `DATA_DIR ${file} is not a folder\n` })
  expect(await refusedStart({ DATA_DIR: join(file, 'in') })).toBe(`DATA_DIR ${file}/in is not a folder`)
  expect(await refusedStart({ DATA_DIR: '/proc/fieldhouse' })).toBe('DATA_DIR /proc/fieldhouse cannot be made (ENOENT)')
})

test('a folder of another user is named before anything is opened', async () => {
  const dataDir = temporaryFolder()
  const uploads = join(dataDir, 'uploads')
  mkdirSync(uploads)
  chmodSync(uploads, 0o500)
  expect(await runToExit({ DATA_DIR: dataDir }, { prefix: withoutRootRights })).toEqual({
    code: 1,
    out: '',
    err: `${uploads} cannot be written to (EACCES): this user needs to own it and all in it\n`,
  })
  expect(readdirSync(dataDir)).toEqual(['uploads'])
})

test('an address that is not of this machine is named', async () => {
  const DATA_DIR = temporaryFolder()
  expect(await refusedStart({ DATA_DIR, HOST: '192.0.2.1' })).toBe(
    'Cannot listen on 192.0.2.1 (EADDRNOTAVAIL); set HOST to an address of this machine, or to 0.0.0.0',
  )
})

test('a file that cannot be written to is named in the error', () => {
  const file = join(temporaryFolder(), 'some.db')
  new Database(file).close()
  const readable = new Database(file, { readonly: true })
  expect(() => explainOpenErrors(file, () => readable.run('CREATE TABLE some (thing)'))).toThrow(
    `${file} cannot be written to (attempt to write a readonly database): this user needs to own it and its folder`,
  )
  readable.close()
})

test('a file that another process holds is named in the error', () => {
  const file = join(temporaryFolder(), 'some.db')
  const [holder, waiter] = [new Database(file), new Database(file)]
  holder.run('BEGIN IMMEDIATE')
  expect(() => explainOpenErrors(file, () => waiter.run('BEGIN IMMEDIATE'))).toThrow(
    `${file} is in use (database is locked): another process has been writing to it for long. Try again once it has ended`,
  )
  for (const client of [holder, waiter]) client.close()
})

/** All writes are in the file itself, and no log is left next to it. */
function truncateLog(file: string) {
  const db = new Database(file)
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  for (const beside of ['-wal', '-shm']) rmSync(file + beside, { force: true })
}

const restore = 'With every process stopped, restore the newest backup into an empty folder: bun run restore'

test.each([
  ['fieldhouse.db', 'file is not a database', (file: string) => writeFileSync(file, 'x'.repeat(20_000)), restore],
  ['fieldhouse.db', 'database disk image is malformed', (file: string) => truncateSync(file, 5_000), restore],
  ['scores.db', 'file is not a database', (file: string) => writeFileSync(file, 'x'.repeat(20_000)), restore],
  [
    'queue.db',
    'file is not a database',
    (file: string) => writeFileSync(file, 'x'.repeat(20_000)),
    'rebuilt from fieldhouse.db',
  ],
  [
    'queue.db',
    'database disk image is malformed',
    (file: string) => truncateSync(file, 5_000),
    'rebuilt from fieldhouse.db',
  ],
])('a damaged %s (%s) is named, and no file is changed', async (name, fault, damage, cure) => {
  const dataDir = temporaryFolder()
  await fillFolder(dataDir)
  const file = join(dataDir, name)
  truncateLog(file)
  damage(file)
  const bytes = await Bun.file(file).bytes()
  const output = await refusedStart({ DATA_DIR: dataDir })
  expect(output.split('\n').length).toBe(1)
  expect(output).toStartWith(`${file} is damaged (${fault}). `)
  expect(output).toContain(cure)
  expect(await Bun.file(file).bytes()).toEqual(bytes)
})

test.each(['audit-ledger', 'backup'])('`bun run %s` says what is wrong with the folder, and no more', async script => {
  const dataDir = temporaryFolder()
  const run = (env = {}) => runScript(`${script}.ts`, [], { DATA_DIR: dataDir, ...env })
  const [empty, invalid] = [await run(), await run({ ROLE: 'king' })]
  expect(empty).toEqual({ code: 1, out: '', err: expect.stringMatching(/^There is nothing to .*\n$/) })
  expect(invalid).toEqual({
    code: 1,
    out: '',
    err: expect.stringContaining('ROLE=king: expected all or web or worker'),
  })
  writeFileSync(join(dataDir, 'fieldhouse.db'), 'x'.repeat(20_000))
  const damaged = `${join(dataDir, 'fieldhouse.db')} is damaged (file is not a database). ${restore}\n`
  expect(await run()).toEqual({ code: 1, out: '', err: damaged })
})

test.each([
  ['lost', (file: string) => rmSync(file)],
  ['replaced by nothing', (file: string) => writeFileSync(file, '')],
])('a database that was %s is not created again beside the files that belong to it', async (_, damage) => {
  const dataDir = temporaryFolder()
  await fillFolder(dataDir)
  truncateLog(join(dataDir, 'fieldhouse.db'))
  damage(join(dataDir, 'fieldhouse.db'))
  for (let i = 0; i < 2; i++) {
    const output = await refusedStart({ DATA_DIR: dataDir })
    expect(output.split('\n')).toEqual([expect.stringContaining('fieldhouse.db is missing or empty')])
  }
  expect(filesOfUploads({ dataDir })).toHaveLength(1)
})

test('a queue of a newer version is named', async () => {
  const dataDir = temporaryFolder()
  await fillFolder(dataDir)
  const queue = new Database(join(dataDir, 'queue.db'))
  queue.run('PRAGMA user_version = 99')
  queue.close()
  const output = await refusedStart({ DATA_DIR: dataDir })
  expect(output.split('\n').length).toBe(1)
  expect(output).toMatch(/queue\.db was written by a newer version .* move it away/)
})

test('a queue file that was moved away is created again', async () => {
  const dataDir = temporaryFolder()
  const board = await fillFolder(dataDir)
  for (const file of readdirSync(dataDir).filter(name => name.startsWith('queue.db'))) rmSync(join(dataDir, file))
  const { call, finished } = await start({}, dataDir)
  expect((await call.get(board)).rows).toHaveLength(2)
  expect(await finished(upload(call, 1, 'ID,Power\n1,9\n'))).toMatchObject({ status: 'SUCCESS' })
})

test.each([
  [
    'overwritten',
    (file: string) => writeFileSync(file, withDamagedTable(file, 'snapshots')),
    500,
    'scores.db is damaged (',
  ],
  ['lost', (file: string) => rmSync(file), 503, 'it is another file, or an older copy'],
])(
  'scores that were %s raise an alert that says what to do, and /health says it too',
  async (_, damage, status, fault) => {
    const dataDir = temporaryFolder()
    const board = await fillFolder(dataDir)
    const file = join(dataDir, 'scores.db')
    truncateLog(file)
    damage(file)
    const { call } = await start({}, dataDir)
    expect((await refusalOf(call.get(board))).status).toBe(status)
    const alert = await until(async () => {
      const { alerts } = await call.get('/admin/monitoring/alerts/json?severity=critical')
      return alerts[0]
    })
    expect(alert).toMatchObject({ alert_type: 'database_error', title: 'scores.db is damaged' })
    expect(alert.message).toContain(fault)
    expect(alert.message).toEndWith(`${restore}.`)
    const { status: health, checks } = await call.get('/health')
    expect([health, checks.database.error]).toEqual(['degraded', expect.stringContaining(fault)])
  },
)

/** Damages the database so that it still opens, but this table cannot be read. */
function withDamagedTable(file: string, table: string): Uint8Array {
  const db = new Database(file, { readonly: true })
  const { page_size } = db.query<{ page_size: number }, []>('PRAGMA page_size').get() ?? { page_size: 0 }
  const found = db.query<{ rootpage: number }, [string]>('select rootpage from sqlite_master where name = ?').get(table)
  db.close()
  const end = (found?.rootpage ?? 0) * page_size
  return readFileSync(file).fill(7, end - page_size, end)
}

test('a write that may be skipped is skipped where the file is damaged', () => {
  const dataDir = temporaryFolder()
  const file = databaseFile(dataDir)
  closeDatabase(openDatabase(dataDir))
  writeFileSync(file, withDamagedTable(file, 'run_log'))
  const db = openDatabase(dataDir)
  afterTest(() => closeDatabase(db))
  const write = (tx: Db) => tx.$client.run('delete from run_log').changes
  expect(() => transact(db, write)).toThrow('malformed')
  expect(bestEffortWrite(db, write)).toBeUndefined()
})

test('on a full disk writing is refused, and reading goes on, with keys never used before too', async () => {
  const DATA_DIR = temporaryFolder()
  closeDatabase(openDatabase(DATA_DIR)) // else the log of the first start takes most of the disk
  const settings = { DATA_DIR, ADMIN_TOKEN: adminToken, RATE_LIMIT: '0' }
  // As for Litestream logs are left to grow: what is full stays full, however slow the machine is.
  const url = await startOnSmallDisk({ ...settings, LITESTREAM: 'true' }, 1_500)
  const call = caller(url, adminToken)
  const { id } = await newLeague(call)
  await call.post('/api/v1/users', {
    email: 'ann@x.test',
    username: 'ann',
    password: 'long enough for all',
    role: 'admin',
  })
  const login = await call.raw('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ann@x.test', password: 'long enough for all' }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrf_token } = await login.json()
  const response = await fetch(`${url}/api/v1/keys`, {
    method: 'POST',
    headers: { cookie, 'x-csrf-token': csrf_token, origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'never used', role: 'admin' }),
  })
  const { key } = await response.json()

  /** The first refusal. Several writes at once, because work in the background frees some room each second. */
  const firstRefusal = (write: () => Promise<unknown>) =>
    until(async () => {
      const tries = Array.from({ length: 8 }, () =>
        write().then(
          () => undefined,
          (error: unknown) => error,
        ),
      )
      return (await Promise.all(tries)).find(failure => failure !== undefined)
    })
  const refused = await firstRefusal(() => newLeague(call))
  expect(refused).toMatchObject({ status: 507, problem: { code: 'storage_full' } })
  let users = 0
  // A backup that was accepted waits for room: asking again returns the same job and writes nothing.
  const backupWaits = { status: 507 }
  let backupJob: string | undefined
  const backup = async () => {
    const { job_id } = await call.post('/admin/backups')
    if (job_id === backupJob) throw backupWaits
    backupJob = job_id
  }
  for (const write of [
    () => upload(call, id, 'ID,Power\n1,5\n'),
    backup,
    () => {
      const username = `somebody ${++users}`
      return call.post('/api/v1/users', {
        email: `${users}@x.test`,
        username,
        password: 'long enough for all',
        role: 'member',
      })
    },
  ])
    expect(await firstRefusal(write)).toMatchObject({ status: 507 })

  await Bun.sleep(1_500) // periodic writes have been tried meanwhile
  for (const reader of [call, caller(url, key), caller(url)]) {
    expect(await reader.get(`/api/v1/leagues/${id}`)).toMatchObject({ id })
    expect((await reader.get(`/api/v1/leagues/${id}/leaderboard`)).rows).toEqual([])
  }
  expect((await fetch(`${url}/api/v1/auth/me`, { headers: { cookie } })).status).toBe(200)
  expect(readdirSync(join(DATA_DIR, 'uploads'))).toEqual([])
})

test('a removed file of an upload answers 410, not 500', async () => {
  const fieldhouse = await start()
  const { id } = await newLeague(fieldhouse.call)
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Power\n1,5\n'))
  const folder = join(fieldhouse.dataDir, 'uploads')
  for (const file of readdirSync(folder)) rmSync(join(folder, file))
  expect(await refusalOf(fieldhouse.call.get('/api/v1/uploads/1/file'))).toMatchObject({ status: 410 })
})

test('stored files are readable by their owner only', async () => {
  const { dataDir, call, finished } = await spawnFieldhouse({}, temporaryFolder()) // it makes its files itself
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Power\n1,9\n'))
  const readableByOthers = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter(
    file => statSync(join(dataDir, file)).mode & 0o077,
  )
  expect(readableByOthers).toEqual([])
})
