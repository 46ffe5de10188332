import { join } from 'node:path'
import { withBackend } from 'bullmq'
import { createSqliteBackend } from '../src/index.ts'
import { outcome } from './outcome.ts'
import { afterTest, expect, sleep, temporaryFolder, test, until } from './support.ts'

const { Queue, QueueEvents, Worker } = withBackend(createSqliteBackend)

function open(concurrency = 1) {
  const connection = { path: join(temporaryFolder(), 'queue.db') }
  const queue = new Queue('jobs', { connection })
  const events = new QueueEvents('jobs', { connection })
  for (const it of [queue, events]) afterTest(() => it.close())
  /** A worker whose jobs end when they are cancelled. */
  const workUntilCancelled = () => {
    const cancelled: string[] = []
    const worker = new Worker(
      'jobs',
      (job, _token, signal) =>
        new Promise<void>(resolve => {
          signal?.addEventListener('abort', () => {
            cancelled.push(job.name)
            resolve()
          })
        }),
      { connection, concurrency },
    )
    afterTest(() => worker.close(true))
    return { worker, cancelled }
  }
  return { connection, queue, events, workUntilCancelled }
}

test('an expired lock that nobody has taken can be extended, and the job finished', async () => {
  const { connection, queue } = open()
  await queue.add('slept through', {})
  await queue.add('slept through', {})
  const worker = new Worker('jobs', null, { connection, lockDuration: 20 })
  afterTest(() => worker.close())
  const first = (await worker.getNextJob('one', { block: false }))!
  const second = (await worker.getNextJob('two', { block: false }))!
  await sleep(60) // so that both locks have expired
  expect(await first.extendLock('one', 10_000)).toBe(1)
  expect(await outcome(first.moveToCompleted('done', 'another', false))).toThrow(expect.objectContaining({ code: -6 }))
  await first.moveToCompleted('done', 'one', false)
  await second.moveToCompleted('done', 'two', false)
  expect(await queue.getJobCounts('completed', 'active')).toEqual({ completed: 2, active: 0 })
})

test('an expired lock is lost once another worker has been given the job', async () => {
  const { connection, queue } = open()
  await queue.add('slept through', {})
  const worker = new Worker('jobs', null, { connection, lockDuration: 20, stalledInterval: 10 })
  afterTest(() => worker.close())
  const mine = (await worker.getNextJob('one', { block: false }))!
  await until(async () => {
    await worker.startStalledCheckTimer()
    return (await queue.getWaitingCount()) === 1
  })
  expect(await mine.extendLock('one', 10_000)).toBe(0)
  expect(await worker.getNextJob('two', { block: false })).toMatchObject({ id: mine.id })
  expect(await mine.extendLock('one', 10_000)).toBe(0)
  expect(await outcome(mine.moveToCompleted('done', 'one', false))).toThrow(expect.objectContaining({ code: -6 }))
})

test('a job can be cancelled as soon as its event says that it is active', async () => {
  const { queue, events, workUntilCancelled } = open(10)
  await events.waitUntilReady()
  const { worker, cancelled } = workUntilCancelled()
  await worker.waitUntilReady()
  const results: boolean[] = []
  events.on('active', ({ jobId }) => results.push(worker.cancelJob(jobId)))
  for (let n = 0; n < 10; n++) await queue.add(`one ${n}`, {})
  await queue.addBulk(Array.from({ length: 40 }, (_, n) => ({ name: `many ${n}`, data: {} })))
  await until(() => results.length === 50)
  expect(results).toEqual(Array(50).fill(true))
  await until(() => cancelled.length === 50)
})

test('a job can be cancelled as soon as a call says that it is active', async () => {
  const { queue, workUntilCancelled } = open()
  const { worker, cancelled } = workUntilCancelled()
  await worker.waitUntilReady()
  for (let n = 0; n < 20; n++) {
    const job = await queue.add(`job ${n}`, {})
    while (!(await job.isActive())); // asks in every turn of the event loop
    expect([n, worker.cancelJob(job.id!)]).toEqual([n, true])
    await until(() => cancelled.includes(job.name))
  }
})
