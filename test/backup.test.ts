import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { migrate, migrations } from '../db/migrate.ts'
import { databaseFile } from '../db/open.ts'
import { facts, leagues, passwordLinks, runs, sessions, systemAlerts, users } from '../db/schema.ts'
import packageJson from '../package.json' with { type: 'json' }
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { startSilentServer } from '../scripts/trials/silent-server.ts'
import { job } from '../src/context.ts'
import { makeBackup } from '../src/monitor/backups/backup.ts'
import { fromPath, restoreBackup } from '../src/monitor/backups/restore.ts'
import { backupNames } from '../src/monitor/backups/stored-backups.ts'
import { packTar, unpackTar } from '../src/platform/files/tar.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { newCup, sendQuotes } from './market.ts'
import { browserTest, redisTest, rounds } from './needs.ts'
import { runScript } from './operator.ts'
import { startRedis } from './redis.ts'
import { upload } from './sheets.ts'
import { afterTest, refusalOf, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

const runBackup = async (dataDir: string, env = {}) => {
  const result = await runScript('backup.ts', [], { DATA_DIR: dataDir, ...env })
  expect(result).toMatchObject({ code: 0, err: '' })
  return join(dataDir, 'backups', result.out.split(':')[0] ?? '')
}
const runRestore = (source: string, dataDir: string) => runScript('restore.ts', [source], { DATA_DIR: dataDir })

// The same as the scripts, but in this process: starting a process takes longer than a backup.
const backup = async (dataDir: string, keep = 7) => {
  const { signal } = new AbortController()
  const { name } = await makeBackup({
    dataDir,
    version: packageJson.version,
    at: Date.now(),
    keep,
    signal,
    report() {},
  })
  return join(dataDir, 'backups', name)
}
const restore = async (source: string, dataDir: string) => restoreBackup(fromPath(source), dataDir, Date.now())

const season = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
const league = { name: 'Northern', kind: 'sheet', ...season }

/** A running installation with a league and an uploaded file. */
async function installation() {
  const dataDir = temporaryFolder()
  const { call, stop, app } = await start({}, dataDir)
  const { id } = await call.post('/api/v1/leagues', league)
  mkdirSync(join(dataDir, 'uploads'), { recursive: true })
  writeFileSync(join(dataDir, 'uploads', 'scan.csv'), 'id,power\n1,100\n')
  return { dataDir, id, stop, app, call }
}

test('a backup made next to a running server is restored into an empty folder', async () => {
  const { dataDir, id, stop } = await installation()
  const folder = await runBackup(dataDir)
  await stop()
  const empty = temporaryFolder()
  const restored = await runRestore(folder, empty)
  expect(restored).toMatchObject({ code: 0, err: '' })
  expect(restored.out).toMatch(/^Restored \d+ files \(.* MB\) of 20.*Z into /)

  expect(readFileSync(join(empty, 'uploads', 'scan.csv'), 'utf8')).toBe('id,power\n1,100\n')
  const { call } = await start({}, empty)
  expect(await call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
})

test('a backup needs no running server', async () => {
  const { dataDir, stop } = await installation()
  await stop()
  const folder = await runBackup(dataDir)
  expect(readdirSync(folder)).toContain('fieldhouse.db')
})

test('a backup holds the databases, the uploaded files and a manifest with their checksums', async () => {
  const { dataDir } = await installation()
  const scores = new Database(join(dataDir, 'scores.db'), { create: true })
  scores.run('create table if not exists blobs (id integer primary key, bytes blob)')
  scores.close()
  writeFileSync(join(dataDir, 'uploads', 'unfinished.csv.part'), 'id,po')
  const folder = await backup(dataDir)

  const manifest = await Bun.file(join(folder, 'manifest.json')).json()
  expect(manifest).toMatchObject({ format: 1, schema: migrations().length, fieldhouse: expect.any(String) })
  expect(manifest.files.map(({ path }: { path: string }) => path).sort()).toEqual([
    'fieldhouse.db',
    'scores.db',
    'uploads/scan.csv',
  ])
  for (const { path, bytes, sha256 } of manifest.files) {
    const content = readFileSync(join(folder, path))
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256])
  }
  const copy = new Database(join(folder, 'fieldhouse.db'), { readonly: true })
  expect(copy.query('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  copy.close()
})

test('uploaded files use no additional space, and stay in the backup when they are deleted', async () => {
  const { dataDir } = await installation()
  const folder = await backup(dataDir)
  const original = join(dataDir, 'uploads', 'scan.csv')
  expect(statSync(original).ino).toBe(statSync(join(folder, 'uploads', 'scan.csv')).ino)
  rmSync(original)
  expect(readFileSync(join(folder, 'uploads', 'scan.csv'), 'utf8')).toBe('id,power\n1,100\n')
})

test('the newest BACKUP_KEEP backups stay, and what a killed backup left behind is removed', async () => {
  const { dataDir } = await installation()
  mkdirSync(join(dataDir, 'backups', '.2020-01-01T00-00-00.000Z'), { recursive: true })
  mkdirSync(join(dataDir, 'backups', 'my own notes'))
  const names = []
  for (const ahead of ['2098', '2099'])
    renameSync(await backup(dataDir), join(dataDir, 'backups', `${ahead}-01-01T00-00-00.000Z`))
  for (let i = 0; i < 3; i++) names.push(basename(await backup(dataDir)))
  names.push(basename(await runBackup(dataDir, { BACKUP_KEEP: '2' })))
  expect(readdirSync(join(dataDir, 'backups')).sort()).toEqual([...names.slice(2), 'my own notes'].sort())
})

test('an old backup that cannot be deleted does not fail the new one, but raises an alert', async () => {
  const { dataDir, app } = await installation()
  const [old, killed] = [await backup(dataDir), join(dataDir, 'backups', '.2020-01-01T00-00-00.000Z')]
  cpSync(old, killed, { recursive: true })
  for (const folder of [old, killed]) chmodSync(folder, 0o555)
  const withoutRoot = process.getuid?.() === 0 ? `set -- setpriv --bounding-set=-dac_override "$@"` : undefined
  const run = () => runScript('backup.ts', [], { DATA_DIR: dataDir, BACKUP_KEEP: '1' }, withoutRoot)
  const { code, out, err } = await run()
  expect([code, out, err]).toEqual([0, expect.stringContaining('files'), expect.stringContaining(basename(old))])
  expect(backupNames(dataDir)).toEqual([out.split(':')[0] ?? ''])
  const alerts = () => app.db.select().from(systemAlerts).all()
  expect(alerts()).toMatchObject([
    { title: 'Old backups cannot be deleted', message: expect.stringContaining(killed), state: 'active' },
  ])
  await run()
  for (const name of [basename(killed), `.${basename(old)}`]) chmodSync(join(dataDir, 'backups', name), 0o755)
  expect(await run()).toMatchObject({ code: 0, err: '' })
  expect(alerts()).toMatchObject([{ count: 2, state: 'resolved' }])
  expect(readdirSync(join(dataDir, 'backups'))).toHaveLength(1)
})

test('the copy made before a migration is deleted when every remaining backup is newer', async () => {
  const { dataDir } = await installation()
  const copy = join(dataDir, 'backups', 'before-schema-2.db')
  mkdirSync(join(dataDir, 'backups'))
  writeFileSync(copy, '')
  await backup(dataDir, 2)
  expect(existsSync(copy)).toBe(true)
  await backup(dataDir, 2)
  expect(existsSync(copy)).toBe(false)
})

test('two backups at once run one after the other', async () => {
  const { dataDir } = await installation()
  const folders = await Promise.all([runBackup(dataDir), runBackup(dataDir)])
  expect(new Set(folders).size).toBe(2)
})

test('a backup to a store that hangs ends with its process, and blocks no other backup', async () => {
  const store = startSilentServer()
  afterTest(store.stop)
  const keys = { BACKUP_S3_ACCESS_KEY: 'access', BACKUP_S3_SECRET_KEY: 'secret' }
  const killed = await spawnFieldhouse({ BACKUP_S3_URL: `http://127.0.0.1:${store.port}/backups`, ...keys })
  const processLocks = () => readdirSync(join(killed.dataDir, 'run')).length
  const { poll_url } = await killed.call.post('/admin/backups/s3')
  await until(async () => (await killed.call.get(poll_url)).stage === 'asking the store')
  expect(processLocks()).toBe(2)
  await killed.kill9()
  const { call, finished } = await start({}, killed.dataDir)
  expect(await finished(call.post('/admin/backups'))).toMatchObject({ status: 'SUCCESS' })
  await until(() => processLocks() === 1)
})

test('a restore refuses a folder that is not empty', async () => {
  const { dataDir, stop } = await installation()
  const folder = await backup(dataDir)
  await stop()
  expect(await runRestore(folder, dataDir)).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') })
})

test('a folder with nothing but backups in it counts as empty', async () => {
  const { dataDir, id, stop } = await installation()
  const folder = await backup(dataDir)
  await stop()
  for (const name of readdirSync(dataDir)) if (name !== 'backups') rmSync(join(dataDir, name), { recursive: true })
  await restore(folder, dataDir)
  const { call } = await start({}, dataDir)
  expect(await call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
})

test('a restore that was killed while it moved files into place is finished by running it again', async () => {
  const { dataDir, id, stop } = await installation()
  const folder = await backup(dataDir)
  await stop()
  const target = temporaryFolder()
  cpSync(folder, join(target, '.restoring'), { recursive: true })
  rmSync(join(target, '.restoring', 'manifest.json'))
  writeFileSync(join(target, '.restoring', 'taking-their-place.json'), '["uploads", "scores.db", "fieldhouse.db"]')
  renameSync(join(target, '.restoring', 'uploads'), join(target, 'uploads')) // the only one moved before the kill
  writeFileSync(join(target, 'scores.db'), 'not from the backup')
  expect(await outcome(restore(folder, target))).toThrow('not empty (scores.db)')
  rmSync(join(target, 'scores.db'))
  await restore(folder, target)
  mkdirSync(join(target, '.restoring')) // as if it had been killed right after the last move
  const { call } = await start({}, target)
  expect(await call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
  expect(existsSync(join(target, '.restoring'))).toBe(false)
})

test('a damaged, incomplete, foreign or newer backup is refused and leaves the folder empty', async () => {
  const { dataDir, stop } = await installation()
  await stop()
  const intact = await backup(dataDir)
  const refusalAfter = async (damage: (folder: string) => unknown) => {
    const folder = join(temporaryFolder(), basename(intact))
    cpSync(intact, folder, { recursive: true })
    await damage(folder)
    const empty = temporaryFolder()
    const refusal = await outcome(restore(folder, empty))
    expect(readdirSync(empty)).toEqual([])
    return refusal
  }
  const manifestWith = async (folder: string, change: object) => {
    const file = Bun.file(join(folder, 'manifest.json'))
    await Bun.write(file, JSON.stringify({ ...(await file.json()), ...change }))
  }
  const flipOneBit = (path: string) => {
    const bytes = readFileSync(path)
    bytes[bytes.length - 7] = (bytes[bytes.length - 7] ?? 0) ^ 1
    rmSync(path)
    writeFileSync(path, bytes)
  }
  expect(await refusalAfter(folder => flipOneBit(join(folder, 'fieldhouse.db')))).toThrow(
    'fieldhouse.db is damaged: its checksum differs from the manifest',
  )
  expect(await refusalAfter(folder => rmSync(join(folder, 'uploads', 'scan.csv')))).toThrow(
    'uploads/scan.csv is missing from this backup',
  )
  expect(await refusalAfter(folder => rmSync(join(folder, 'manifest.json')))).toThrow(
    'This is not a backup: it has no manifest.json',
  )
  expect(await refusalAfter(folder => writeFileSync(join(folder, 'manifest.json'), '{"format":1}'))).toThrow(
    'The manifest of this backup cannot be read',
  )
  expect(await refusalAfter(folder => writeFileSync(join(folder, 'more.db'), ''))).toThrow(
    'The backup holds more.db, which its manifest does not name',
  )
  expect(await refusalAfter(folder => manifestWith(folder, { schema: 999, fieldhouse: '9.9.9' }))).toThrow(
    `This backup has schema 999 (Fieldhouse 9.9.9), this version knows ${migrations().length}. Restore it with the newer version.`,
  )
  const manifestNames = async (folder: string, path: string) => {
    const { files } = await Bun.file(join(folder, 'manifest.json')).json()
    await manifestWith(folder, { files: [...files, { path, bytes: 0, sha256: '0'.repeat(64) }] })
  }
  for (const path of ['uploads', 'uploads/scan.csv/row'])
    expect(await refusalAfter(folder => manifestNames(folder, path))).toThrow(`${path} is missing from this backup`)
  expect(await refusalAfter(folder => Bun.$`mkfifo ${join(folder, 'uploads', 'pipe')}`)).toThrow(
    'The backup holds uploads/pipe, which is not a file',
  )
  expect(await refusalAfter(folder => symlinkSync('/dev/zero', join(folder, 'uploads', 'zero')))).toThrow(
    'The backup holds uploads/zero, which is not a file',
  )
  for (const path of ['../outside', '/outside', 'uploads/../../outside', '..'])
    expect(await refusalAfter(folder => manifestNames(folder, path))).toThrow(
      'The manifest of this backup cannot be read',
    )
  expect(() => fromPath(temporaryFolder())).toThrow('This is not a backup: it has no manifest.json') // nothing is copied
  expect(() => fromPath('/dev/zero')).toThrow('/dev/zero is neither a folder nor an archive')
  expect((await runRestore('/nowhere', temporaryFolder())).err).toBe('There is nothing at /nowhere\n')
})

test('an archive of a whole folder, or a compressed one, is refused with what to do', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'monday'))
  writeFileSync(join(folder, 'monday', 'manifest.json'), crypto.getRandomValues(new Uint8Array(2_000)))
  const archive = join(folder, 'archive.tar')
  await Bun.write(archive, new Response(packTar(folder, ['monday/manifest.json'])))
  expect(await outcome(restoreBackup(fromPath(archive), temporaryFolder(), 0))).toThrow(
    'This is not a backup: it has no manifest.json. Unpack it and restore its folder monday, which is one',
  )
  writeFileSync(archive, Bun.gzipSync(await Bun.file(archive).bytes()))
  expect(await outcome(restoreBackup(fromPath(archive), temporaryFolder(), 0))).toThrow('unpack it with gunzip first')
})

test('a restore that finds no room says so, and leaves the folder empty', async () => {
  const dataDir = temporaryFolder()
  const fetchFiles = () => Promise.reject(Object.assign(new Error('ENOSPC: …, copyfile'), { code: 'ENOSPC' }))
  expect(await outcome(restoreBackup(fetchFiles, dataDir, 0))).toThrow(
    `The disk of ${dataDir} is full: make room for the backup, then try again`,
  )
  expect(readdirSync(dataDir)).toEqual([])
})

test('an archive that would write outside its folder writes nothing there', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'inside'))
  writeFileSync(join(folder, 'outside'), 'x')
  const archive = join(folder, 'archive.tar')
  await Bun.write(archive, new Response(packTar(join(folder, 'inside'), ['../outside'])))
  rmSync(join(folder, 'outside'))
  expect(() => unpackTar(archive, join(folder, 'inside'))).toThrow('The archive holds ../outside')
  expect(existsSync(join(folder, 'outside'))).toBe(false)
})

test('a backup of every earlier schema is restored and brought up to date', async () => {
  const newest = migrations().length
  for (let count = 1; count <= newest; count += rounds(Math.max(1, Math.ceil((newest - 1) / 2)), 1)) {
    const dataDir = temporaryFolder()
    const client = new Database(databaseFile(dataDir), { create: true })
    migrate(client, dataDir, undefined, { migrations: migrations().slice(0, count), triggers: 'select 1' })
    client.close()
    const empty = temporaryFolder()
    await restore(await runBackup(dataDir), empty)
    const fieldhouse = await start({}, empty)
    expect(fieldhouse.app.db.select().from(leagues).all()).toEqual([])
    await fieldhouse.stop()
  }
})

test('a restored installation has a new id for shared stores, nobody is signed in, and no link to a password works', async () => {
  const { dataDir, app, stop } = await installation()
  const idOf = (db: typeof app.db) =>
    db
      .select()
      .from(facts)
      .all()
      .find(({ name }) => name === 'installation')?.value
  const before = idOf(app.db)
  const user = { email: 'a@b.c', username: 'ann', passwordHash: '', role: 'member' as const, createdAt: 0 }
  const { id: userId } = app.db.insert(users).values(user).returning().get()
  app.db.insert(sessions).values({ tokenHash: 'x', userId, csrfToken: '', createdAt: 0, expiresAt: 1e15 }).run()
  app.db.insert(passwordLinks).values({ tokenHash: 'y', userId, createdAt: 0, expiresAt: 1e15 }).run()
  const folder = await backup(dataDir)
  await stop()

  const empty = temporaryFolder()
  await restore(folder, empty)
  const fieldhouse = await start({}, empty)
  expect(before).toBeString()
  expect(idOf(fieldhouse.app.db)).not.toBe(before)
  expect(fieldhouse.app.db.select().from(sessions).all()).toEqual([])
  expect(fieldhouse.app.db.select().from(passwordLinks).all()).toEqual([])
  expect(fieldhouse.app.db.select().from(users).all()).toMatchObject([{ username: 'ann' }])
})

redisTest('answers cached in Redis before a restore are not served after it', async () => {
  const { url: REDIS_URL } = await startRedis()
  const { dataDir, call, as, app, stop } = await start({ REDIS_URL })
  const { id } = await call.post('/api/v1/leagues', league)
  const folder = await backup(dataDir)
  await call.patch(`/api/v1/leagues/${id}`, { name: 'Renamed since' })
  expect(await as().get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Renamed since' })
  await until(async () => (await app.redis?.keys(`*:cache:${packageJson.version}:*`))?.length)
  await stop()

  const empty = temporaryFolder()
  await restore(folder, empty)
  const restored = await start({ REDIS_URL }, empty)
  expect(await restored.as().get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
  // As many changes as before the restore: their version stamps are equal, but must not lead to the answers cached then.
  await restored.call.patch(`/api/v1/leagues/${id}`, { name: 'Renamed again' })
  expect(await restored.as().get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Renamed again' })
})

test('a job that was queued before the backup runs after the restore', async () => {
  const waitingJob = job('test.waiting', { run: async () => 'done' })
  const { dataDir, app, stop } = await start({ ROLE: 'web' }, undefined, { jobs: [waitingJob] })
  const { jobId } = await app.jobs.start(waitingJob, {})
  const folder = await backup(dataDir)
  await stop()
  const empty = temporaryFolder()
  await restore(folder, empty)
  const { finished } = await start({}, empty, { jobs: [waitingJob] })
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS', result: 'done' })
})

test('an admin makes, lists and downloads backups; a download can be restored', async () => {
  const { call, as, finished, dataDir } = await start()
  expect(await call.get('/admin/backups/json')).toEqual({ backups: [], keep: 7, restore_at_start: null, s3: null })
  const job = await finished(call.post('/admin/backups'))
  expect(job).toMatchObject({ status: 'SUCCESS', result: { deleted: 0 } })
  const { backups } = await call.get('/admin/backups/json')
  expect(backups).toMatchObject([{ name: job.result.name, bytes: job.result.bytes, schema: migrations().length }])
  expect(await call.get('/admin/backups')).toContain(`/admin/backups/${job.result.name}/download`)

  const archive = await call.raw(`/admin/backups/${job.result.name}/download`)
  expect(archive.headers.get('content-disposition')).toContain(`fieldhouse-${job.result.name}.tar`)
  const file = join(temporaryFolder(), 'downloaded.tar')
  await Bun.write(file, await archive.arrayBuffer())
  const empty = temporaryFolder()
  await restore(file, empty)
  expect(existsSync(join(empty, 'fieldhouse.db'))).toBe(true)
  const filesInArchive = Bun.spawnSync(['tar', 'tf', file]).stdout.toString().trim().split('\n')
  expect(filesInArchive).toEqual(expect.arrayContaining(['manifest.json', 'fieldhouse.db']))

  const truncated = join(dataDir, 'truncated.tar')
  writeFileSync(truncated, readFileSync(file).subarray(0, 50_000))
  expect(await outcome(restore(truncated, temporaryFolder()))).toThrow('ends in the middle')

  expect((await refusalOf(call.get('/admin/backups/nothing/download'))).status).toBe(404)
  expect((await refusalOf(call.get('/admin/backups/..%2f..%2fetc/download'))).status).toBe(404)
  for (const request of [refusalOf(as().get('/admin/backups/json')), refusalOf(as().post('/admin/backups'))])
    expect((await request).status).toBe(401)
})

test('a failed backup raises an alert and leaves no files; the next one that succeeds resolves it', async () => {
  const { dataDir, app } = await installation()
  writeFileSync(join(dataDir, 'backups'), 'a file in the way')
  const alerts = () => app.db.select().from(systemAlerts).all()
  expect(await runScript('backup.ts', [], { DATA_DIR: dataDir })).toMatchObject({ code: 1 })
  expect(alerts()).toMatchObject([
    { type: 'job_failed', severity: 'error', title: 'The backup failed', state: 'active' },
  ])

  rmSync(join(dataDir, 'backups'))
  await runBackup(dataDir)
  expect(alerts()).toMatchObject([{ state: 'resolved' }])
})

test('a full disk fails the backup, not the service', async () => {
  const { dataDir, app, call } = await installation()
  app.db.$client.run('create table ballast (bytes blob)')
  app.db.$client.run('insert into ballast values (randomblob(4000000))')
  await until(() => {
    app.db.$client.run('pragma wal_checkpoint(truncate)') // does nothing while another thread copies the log
    return statSync(join(dataDir, 'fieldhouse.db-wal')).size === 0 // so only the backup is too large
  })
  // No file may grow beyond 1 MB: writes fail as they do on a full disk.
  const { code, err } = await runScript('backup.ts', [], { DATA_DIR: dataDir }, `trap '' XFSZ; ulimit -f 1000`)
  expect([code, err]).toEqual([1, expect.stringMatching(/full|disk I\/O|too large/i)])
  expect(readdirSync(join(dataDir, 'backups'))).toEqual([])
  expect(app.db.select().from(systemAlerts).all()).toMatchObject([{ title: 'The backup failed' }])
  expect(await call.get('/api/v1/leagues')).toMatchObject({ leagues: [{ name: 'Northern' }] })
})

test('a nightly backup that fails is retried, and its run names the error', async () => {
  const { app, dataDir, call, finished } = await start()
  writeFileSync(join(dataDir, 'backups'), 'a file in the way')
  const { jobId } = (await app.schedule.runNow('backups.make', null)) ?? { jobId: '' }
  const row = () =>
    app.db
      .select()
      .from(runs)
      .all()
      .find(({ id }) => id === jobId)
  await until(() => row()?.attempts === 1 && row()?.status === 'PENDING') // it waits for its next attempt
  expect(row()?.error).toContain('backups')
  rmSync(join(dataDir, 'backups'))
  await call.delete(`/api/v1/jobs/cancel/${jobId}`)
  expect(await finished(call.post(`/api/v1/jobs/${jobId}/retry`))).toMatchObject({ status: 'SUCCESS' })
})

test('a backup made during writes is complete, and its boards are the same byte for byte', async () => {
  const { dataDir, call, finished } = await start()
  const scan = (power: number) =>
    `id,name,power\n${Array.from({ length: 20 }, (_, i) => `${i},p${i},${power}`).join('\n')}`
  const { id: sheets } = await call.post('/api/v1/leagues', league)
  await finished(upload(call, sheets, scan(7)))
  const { id: busy } = await call.post('/api/v1/leagues', { ...league, name: 'Busy' })
  await finished(upload(call, busy, scan(1)))
  const { id: market } = await newCup(call)
  await sendQuotes(call, { ACME: 100 })
  const ann = { email: 'ann@example.org', username: 'Ann', password: 'long enough for all', role: 'member' }
  const { id: user_id } = await call.post('/api/v1/users', ann)
  await call.post(`/api/v1/leagues/${market}/join`, { user_id })
  const paths = [sheets, market].map(id => `/api/v1/leagues/${id}/leaderboard`)
  const boardsOf = (from: typeof call) => Promise.all(paths.map(async path => (await from.raw(path)).text()))
  const before = await boardsOf(call)

  let isWriting = true
  let written = 1
  const writer = (async () => {
    for (; isWriting; written++) {
      await call.post('/api/v1/leagues', { ...league, name: `League ${written}` })
      await upload(call, busy, scan(written + 1), { force: 'true' })
    }
  })()
  await until(() => written > 10)
  const folder = await runBackup(dataDir)
  isWriting = false
  await writer

  const empty = temporaryFolder()
  await restore(folder, empty)
  const restored = await start({}, empty)
  expect(await boardsOf(restored.call)).toEqual(before)
  const { pagination } = await restored.call.get('/api/v1/leagues?limit=1')
  expect(pagination.total).toBeGreaterThan(10)
  expect(pagination.total).toBeLessThanOrEqual(written + 3)
  const { rows } = await restored.call.get(`/api/v1/leagues/${busy}/leaderboard?sort_by=power`)
  const powers = new Set(rows.map(({ metrics }: { metrics: { power: number } }) => metrics.power))
  expect([rows.length, powers.size]).toEqual([20, 1]) // all rows from one upload
})

browserTest('an admin makes a backup on the page and downloads it', async () => {
  const ADMIN_EMAIL = 'ann@example.org'
  const ADMIN_PASSWORD = 'long enough for all'
  const { url } = await start({ ADMIN_EMAIL, ADMIN_PASSWORD })
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, ADMIN_EMAIL, ADMIN_PASSWORD)
  await page.goto(`${url}/admin/backups`)
  await page.getByText('No backup yet').waitFor()
  await page.getByRole('button', { name: 'Make a backup' }).click()
  const link = page.getByRole('link', { name: 'Download' })
  await link.waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
  expect(download.suggestedFilename()).toMatch(/^fieldhouse-20.*\.tar$/)
  expect(consoleErrors).toEqual([])
})

test('a backup chosen on the page replaces all data at the next start, and the old data is kept in a folder', async () => {
  const { dataDir, id, call, stop } = await installation()
  const name = basename(await backup(dataDir))
  await call.patch(`/api/v1/leagues/${id}`, { name: 'Southern' })
  expect(await call.post(`/admin/backups/${name}/restore`)).toEqual({ restore_at_start: name })
  expect(await call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Southern' })
  expect(await call.get('/admin/backups/')).toContain('replaces everything')

  expect(await outcome(start({}, dataDir))).toThrow('another process is running in')
  await stop()
  const again = await start({}, dataDir)
  expect(await again.call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
  expect(await again.call.get('/admin/backups/json')).toMatchObject({ restore_at_start: null })
  const aside = readdirSync(join(dataDir, 'backups')).find(name => name.startsWith('replaced-')) ?? ''
  expect(readdirSync(join(dataDir, 'backups', aside))).toContain('fieldhouse.db')
  const { logs } = await again.call.get('/admin/audit/logs/json?action=backup.restore')
  expect(logs).toMatchObject([{ action: 'backup.restore' }])
})

const otherDisk = ['/dev/shm', '/var/tmp'].find(
  path => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev,
)
test.skipIf(!otherDisk)('a backup on another disk is restored at the next start, too', async () => {
  const { dataDir, id, call, stop } = await installation()
  const folder = mkdtempSync(`${otherDisk}/fieldhouse-`)
  afterTest(() => rmSync(folder, { recursive: true }))
  symlinkSync(folder, join(dataDir, 'backups'))
  const name = basename(await backup(dataDir))
  await call.patch(`/api/v1/leagues/${id}`, { name: 'Southern' })
  await call.post(`/admin/backups/${name}/restore`)
  await stop()
  const again = await start({}, dataDir)
  expect(await again.call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
  const [aside = ''] = readdirSync(dataDir).filter(name => name.startsWith('replaced-'))
  expect(readdirSync(join(dataDir, aside))).toContain('queue.db')
})

test('the next start continues a restore that was interrupted', async () => {
  const { dataDir, id, call, stop } = await installation()
  const name = basename(await backup(dataDir))
  await call.patch(`/api/v1/leagues/${id}`, { name: 'Southern' })
  await call.post(`/admin/backups/${name}/restore`)
  await stop()
  const { aside } = await Bun.file(join(dataDir, 'restore-at-start.json')).json()
  mkdirSync(join(dataDir, 'backups', aside))
  renameSync(databaseFile(dataDir), join(dataDir, 'backups', aside, 'fieldhouse.db')) // the only one moved so far
  const again = await start({}, dataDir)
  expect(await again.call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Northern' })
})

test('a damaged backup is not restored at the start: the data stays, and an alert says why', async () => {
  const { dataDir, id, call, stop } = await installation()
  const folder = await backup(dataDir)
  await call.patch(`/api/v1/leagues/${id}`, { name: 'Southern' })
  await call.post(`/admin/backups/${folder.split('/').at(-1)}/restore`)
  await stop()
  writeFileSync(join(folder, 'uploads', 'scan.csv'), 'id,power\n1,999\n')
  const again = await start({}, dataDir)
  expect(await again.call.get(`/api/v1/leagues/${id}`)).toMatchObject({ name: 'Southern' })
  expect(again.app.db.select().from(systemAlerts).all()).toMatchObject([
    { title: 'A backup was not restored', message: expect.stringContaining('scan.csv') },
  ])
})

test('a requested restore can be cancelled before the next start, until when its backup stays', async () => {
  const { dataDir, call } = await installation()
  const name = basename(await backup(dataDir))
  await call.post(`/admin/backups/${name}/restore`)
  await backup(dataDir, 1)
  expect(readdirSync(join(dataDir, 'backups'))).toContain(name) // the nightly ones do not push it out
  expect(await call.delete('/admin/backups/restore')).toEqual({ restore_at_start: null })
  expect(existsSync(join(dataDir, 'restore-at-start.json'))).toBe(false)
  expect((await refusalOf(call.post('/admin/backups/2020-01-01T00-00-00.000Z/restore'))).status).toBe(404)
})

test('the page of settings shows the values in force, and no secrets', async () => {
  const { call } = await start({ ADMIN_PASSWORD: 'never shown to anybody', ADMIN_EMAIL: 'ada@x.test' })
  const page = await call.get('/admin/settings')
  expect(page).toContain('BACKUP_KEEP')
  expect(page).not.toContain('never shown')
  const { settings } = await call.get('/admin/settings/json')
  expect(settings).toContainEqual(expect.objectContaining({ env: 'ADMIN_PASSWORD', value: '… (22 characters)' }))
})
