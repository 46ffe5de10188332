import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withBackend } from 'bullmq'
import { openSqliteFile } from '../src/driver.ts'
import { createSqliteBackend } from '../src/index.ts'
import { outcome } from './outcome.ts'
import { afterTest, expect, sleep, temporaryFolder, test, until } from './support.ts'

const { Queue, QueueEvents, Worker } = withBackend(createSqliteBackend)

test('options that name no file are refused with a sentence that says what is needed', () => {
  const withOptions = (options: object | undefined) => () => {
    new Queue('jobs', Object.assign({ connection: { path: '' } }, options))
  }
  const needed = "bullmq-sqlite: path is needed, as in { connection: { path: 'queue.db' } }"
  expect(withOptions({ connection: undefined })).toThrow(needed)
  expect(withOptions({ connection: {} })).toThrow(needed)
  expect(withOptions({ connection: { host: '127.0.0.1', port: 6379 } })).toThrow(needed)
  expect(withOptions({ connection: 'redis://127.0.0.1:6379' })).toThrow(needed)
  expect(withOptions({ connection: { path: '' } })).toThrow(needed)
  expect(withOptions({ connection: { path: ':memory:', durability: 'always' } })).toThrow(
    `durability is 'process' or 'power', not "always"`,
  )
  expect(withOptions({ connection: { path: ':memory:', busyTimeout: -1 } })).toThrow('busyTimeout is a number')
  expect(withOptions({ connection: { path: ':memory:', durabilty: 'power', host: 'x' } })).toThrow(
    'bullmq-sqlite: connection has no option durabilty, host; it has path, durability, busyTimeout',
  )
})

test('a queue in memory works like one in a file, and is gone when its last user closes it', async () => {
  const connection = { path: ':memory:' }
  const queue = new Queue('jobs', { connection })
  const events = new QueueEvents('jobs', { connection })
  const worker = new Worker('jobs', async job => job.data.n * 2, { connection })
  await events.waitUntilReady()
  const jobs = await queue.addBulk([1, 2, 3].map(n => ({ name: 'double', data: { n } })))
  expect(await Promise.all(jobs.map(job => job.waitUntilFinished(events)))).toEqual([2, 4, 6])
  expect((await queue.getWorkers()).length).toBe(1)
  for (const it of [worker, events, queue]) await it.close()

  const reopenedQueue = new Queue('jobs', { connection })
  afterTest(() => reopenedQueue.close())
  expect(await reopenedQueue.getJobCounts('completed')).toEqual({ completed: 0 })
})

test('a failing call on a queue in memory is rolled back', async () => {
  const connection = { path: ':memory:' }
  const queue = new Queue('jobs', { connection })
  afterTest(() => queue.close())
  const refused = queue.updateJobProgress('none', 1)
  const [refusal] = await Promise.all([outcome(refused), queue.add('a', {})])
  expect(refusal).toThrow(expect.objectContaining({ code: -1 }))
  expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 })
})

test('a new file is waited for while another process reads it', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const other = openSqliteFile(path)
  other.exec('BEGIN')
  other.prepare('SELECT count(*) FROM sqlite_schema').get()
  const queue = new Queue('jobs', { connection: { path } })
  afterTest(() => queue.close())
  const added = queue.add('kept', {})
  await sleep(20)
  other.exec('ROLLBACK')
  other.close()
  await added
  expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 })
})

test('calls fail once the file was deleted or replaced, rather than be acknowledged and lost', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const queue = new Queue('jobs', { connection: { path } })
  afterTest(() => queue.close())
  await queue.add('kept', {})
  rmSync(path)
  expect(await outcome(queue.add('lost', {}))).toThrow(`${path} was deleted or replaced while it was open`)
  expect(await outcome(queue.getJobCounts())).toThrow('deleted or replaced')
  openSqliteFile(path).close()
  expect(await outcome(queue.add('lost', {}))).toThrow('deleted or replaced')
})

test('a file that was moved away and back goes on as before', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const queue = new Queue('jobs', { connection: { path } })
  afterTest(() => queue.close())
  await queue.add('first', {})
  renameSync(path, `${path}.away`)
  expect(await outcome(queue.add('lost', {}))).toThrow('deleted or replaced')
  renameSync(`${path}.away`, path)
  await queue.add('second', {})
  expect((await queue.getWaiting()).map(job => job.name)).toEqual(['first', 'second'])
})

test('a file of the first version is brought up to date, its delayed jobs in their order', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const open = () => new Queue('jobs', { connection: { path } })
  const first = open()
  const at = Date.now()
  for (const name of ['a', 'b', 'c']) await first.add(name, {}, { timestamp: at, delay: name === 'c' ? 50 : 1000 })
  await first.close()
  const db = openSqliteFile(path)
  db.exec(`UPDATE job SET score = (score / 256) * 4096 + score % 256 WHERE state = 2;
    ALTER TABLE process DROP COLUMN host; ALTER TABLE process DROP COLUMN asked_at; PRAGMA user_version = 1`)
  db.close()

  const queue = open()
  afterTest(() => queue.close())
  expect((await queue.getDelayed()).map(job => job.name)).toEqual(['c', 'a', 'b'])
  const done: string[] = []
  const worker = new Worker('jobs', async job => done.push(job.name), { connection: { path } })
  afterTest(() => worker.close())
  await until(() => done.length === 3)
  expect(done).toEqual(['c', 'a', 'b'])
})
