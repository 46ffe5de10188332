/** Backups in a real S3 store. */

import { afterEach, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../scripts/trials/free-port.ts'
import { sendBackupAway } from '../src/monitor/backups/backup-jobs.ts'
import { namesToKeep, openS3Store, sendBackup } from '../src/monitor/backups/s3-backup.ts'
import { day } from '../src/platform/clock.ts'
import { fetchedTest } from './needs.ts'
import { runScript } from './operator.ts'
import { startS3 } from './s3.ts'
import { newLeague, upload } from './sheets.ts'
import { board, start, stopEverything, temporaryFolder } from './start.ts'

afterEach(stopEverything)

const storeOf = (env: Record<string, string>) =>
  openS3Store({
    backupS3Url: env.BACKUP_S3_URL,
    backupS3AccessKey: env.BACKUP_S3_ACCESS_KEY,
    backupS3SecretKey: env.BACKUP_S3_SECRET_KEY,
    backupS3Region: 'us-east-1',
  })

async function startWithS3() {
  const { env: s3 } = await startS3()
  const fieldhouse = await start(s3)
  const { call, finished } = fieldhouse
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Name,Power\n1,ann,5\n2,bob,7\n'))
  const send = async () => {
    const ended = await fieldhouse.runScheduled('backups.send')
    expect(ended).toMatchObject({ status: 'SUCCESS' })
    return ended.result
  }
  return { ...fieldhouse, s3, id, send, store: storeOf(s3) }
}

fetchedTest('a backup in the store is restored into an empty folder, byte for byte', async () => {
  const { s3, id, call, send, stop, store } = await startWithS3()
  const before = await board(call, id)
  const ahead = { format: 1, fieldhouse: '1', schema: 1, made_at: '2099-01-01T00:00:00.000Z', files: [] }
  await store.write('backups/2099-01-01T00-00-00.000Z.json', JSON.stringify(ahead))
  const { name } = await send()
  await stop()

  const empty = temporaryFolder()
  const restored = await runScript('restore.ts', ['s3'], { DATA_DIR: empty, ...s3 })
  expect(restored).toMatchObject({ code: 0, err: '' })
  const fieldhouse = await start({}, empty)
  expect((await board(fieldhouse.call, id)).rows).toEqual(before.rows)
  expect(await runScript('restore.ts', [`s3:${name}`], { DATA_DIR: temporaryFolder(), ...s3 })).toMatchObject({
    code: 0,
  })
  const missing = await runScript('restore.ts', ['s3:2020-01-01T00-00-00.000Z'], { DATA_DIR: temporaryFolder(), ...s3 })
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining(name) })
})

fetchedTest('only new pieces are sent to the store', async () => {
  const { dataDir, send, call, id, finished, store } = await startWithS3()
  mkdirSync(join(dataDir, 'uploads'), { recursive: true })
  writeFileSync(join(dataDir, 'uploads', 'large.csv'), crypto.getRandomValues(new Uint8Array(65_536)))
  const first = await send()
  expect(first.pieces_sent).toBeGreaterThan(2)
  const sheet = Array.from({ length: 50 }, (_, i) => `${i + 1},player ${i},${i}`).join('\n')
  await finished(upload(call, id, `ID,Name,Power\n${sheet}\n`))
  const second = await send()
  expect(second.files).toBe(first.files + 1)
  expect(second.pieces_sent).toBeLessThan(first.pieces_sent)
  await store.write(`backups/${second.name}.json`, '{ "format": 1, ') // as after a write that was cut off
  const third = await send()
  expect(third).toMatchObject({
    files: second.files,
    not_deleted: [`The manifest of backup ${second.name} is damaged`],
  })
  expect(third.pieces_sent).toBeLessThan(first.pieces_sent)
})

fetchedTest('a piece that the store lost is sent again a day later, and pieces of no backup are removed', async () => {
  const { store, send, clock, s3 } = await startWithS3()
  await send()
  const [lost] = await store.list('pieces/')
  await store.remove(lost?.key ?? '')
  expect(await runScript('restore.ts', ['s3'], { DATA_DIR: temporaryFolder(), ...s3 })).toMatchObject({
    code: 1,
    err: expect.stringContaining('NoSuchKey'),
  })
  await store.write('pieces/00/of-no-backup', 'left over')
  clock.forward(0)
  const [manifest] = await store.list('backups/')
  // As if it had been made yesterday: the next one is the first of its day.
  const text = new TextDecoder().decode(await store.read(manifest?.key ?? ''))
  await store.write(
    'backups/2026-01-01T00-00-00.000Z.json',
    text.replace(/"made_at":"[^"]+"/, '"made_at":"2026-01-01T00:00:00.000Z"'),
  )
  await store.remove(manifest?.key ?? '')
  await send()
  expect(await runScript('restore.ts', ['s3'], { DATA_DIR: temporaryFolder(), ...s3 })).toMatchObject({
    code: 0,
    err: '',
  })
})

fetchedTest('the error about an unreachable store names it, and no key is logged', async () => {
  const port = freePort()
  const env = {
    BACKUP_S3_URL: `http://127.0.0.1:${port}/backups`,
    BACKUP_S3_ACCESS_KEY: 'AKIA-NOT-TO-BE-SEEN',
    BACKUP_S3_SECRET_KEY: 'secret-not-to-be-seen',
  }
  const { dataDir, lines, call } = await start(env)
  const { code, err } = await runScript('backup.ts', ['s3'], { DATA_DIR: dataDir, ...env })
  expect([code, err]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)])
  const page = await call.get('/admin/backups/')
  expect(page).toContain(`127.0.0.1:${port}/backups`)
  expect(
    JSON.stringify(lines) + page + err + readFileSync(join(dataDir, 'fieldhouse.db')).toString('latin1'),
  ).not.toMatch(/not-to-be-seen/i)
  rmSync(join(dataDir, 'backups', '.sending'), { recursive: true, force: true })
})

test('the page of backups says how the last one to the store ended', async () => {
  const keys = { BACKUP_S3_ACCESS_KEY: 'k', BACKUP_S3_SECRET_KEY: 's' }
  const { app, call } = await start({ BACKUP_S3_URL: 'http://127.0.0.1:1/bucket', ...keys })
  const { jobId } = await app.jobs.start(sendBackupAway, {}, { at: Date.now() + day })
  const link = async () => (await call.get('/admin/backups')).match(new RegExp(`${jobId}">([^<]+)</a>`))?.[1]
  expect(await link()).toBe('under way')
  await app.jobs.cancel(jobId)
  expect(await link()).toBe('cancelled')
})

test('an upload that is deleted while a backup is sent is left out of it', async () => {
  const { dataDir } = await start()
  const uploads = join(dataDir, 'uploads')
  mkdirSync(uploads, { recursive: true })
  for (const name of ['a', 'b']) writeFileSync(join(uploads, name), `sheet ${name}`)
  let manifest = ''
  const store: Parameters<typeof sendBackup>[0] = {
    list: async () => [],
    read: async () => new TextEncoder().encode(manifest),
    remove: async () => {},
    async write(_, content) {
      if (typeof content === 'string') manifest = content
      else if (Bun.zstdDecompressSync(content).toString() === 'sheet a') rmSync(join(uploads, 'b'))
      return 0
    },
  }
  const { signal } = new AbortController()
  await sendBackup(store, { dataDir, version: '1', at: Date.now(), keepDays: 1, signal, report: () => {} })
  const paths = JSON.parse(manifest).files.map(({ path }: { path: string }) => path)
  expect(paths).toEqual(['fieldhouse.db', 'scores.db', 'uploads/a'])
})

test('old backups that the store does not delete do not fail the new one', async () => {
  const { dataDir } = await start()
  const old = { format: 1, fieldhouse: '1', schema: 1, made_at: '2020-01-01T00:00:00.000Z', files: [] }
  const store: Parameters<typeof sendBackup>[0] = {
    list: async folder => (folder === 'backups/' ? [{ key: 'backups/2020-01-01T00-00-00.000Z.json', at: 0 }] : []),
    read: async () => new TextEncoder().encode(JSON.stringify(old)),
    write: async () => 0,
    async remove() {
      throw new Error('AccessDenied')
    },
  }
  const { signal } = new AbortController()
  const options = { dataDir, version: '1', at: Date.now(), keepDays: 1, signal, report: () => {} }
  expect(await sendBackup(store, options)).toMatchObject({ deleted: 0, not_deleted: ['AccessDenied'] })
})

test('all backups of the last day are kept, one of each day before, and always the newest', () => {
  const at = Date.parse('2026-03-10T12:00:00Z')
  const name = (time: string) => `2026-${time}-00-00.000Z`
  const names = ['03-10T11', '03-10T10', '03-09T13', '03-09T11', '03-08T23', '03-08T22', '02-01T10'].map(name)
  expect([...namesToKeep(names, at, 30)]).toEqual(['03-10T11', '03-10T10', '03-09T13', '03-08T23'].map(name))
  expect([...namesToKeep([name('02-01T10')], at, 30)]).toEqual([name('02-01T10')])
})
