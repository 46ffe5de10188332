/** A process that uses a queue until it is killed: `adds` jobs and prints each id once it is acknowledged, `works`, … */

import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withBackend } from 'bullmq'
import { createSqliteBackend } from '../../src/index.ts'

const [path = '', task = '', log = ''] = process.argv.slice(2)
const connection = { path }
const { Queue, Worker } = withBackend(createSqliteBackend)
const print = (line: string) => writeSync(1, `${line}\n`)
/** One write to a file opened for appending is atomic, and lines of all processes are in one order. */
const appendToLog = (line: string) => appendFileSync(log, `${line}\n`)

if (task === 'adds') {
  const queue = new Queue('jobs', { connection })
  await queue.waitUntilReady()
  print('ready')
  for (;;) {
    const one = queue.add('one', { pad: 'x'.repeat(200) }).then(job => print(`${job.id}`))
    const many = queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'many', data: {} })))
    await Promise.all([one, many.then(jobs => jobs.forEach(job => void print(`${job.id}`)))])
  }
}

if (task === 'works') {
  const work = async ({ id }: { id?: string }) => {
    appendToLog(`start ${id} ${process.pid}`)
    await sleep(Math.random() * 20)
    appendToLog(`end ${id} ${process.pid}`)
  }
  // Locks and idle waits of ten minutes: a job that is picked up (again) during a test was not found by a timeout.
  const longTimeouts = { lockDuration: 600_000, drainDelay: 600 }
  const opts = { connection, concurrency: 4, maxStalledCount: 1000, runRetryDelay: 10, ...longTimeouts }
  const worker = new Worker('jobs', work, opts)
  await worker.waitUntilReady()
  print('ready')
}

/** A job that is to be taken over has `holdMs`: its first process must not end it before it is killed. */
if (task === 'holds') {
  const worker = new Worker<{ holdMs?: number }>(
    'jobs',
    async ({ data: { holdMs = 600 }, stalledCounter }) => {
      print('working')
      await sleep(stalledCounter > 0 ? 0 : holdMs)
      return process.pid
    },
    { connection, lockDuration: 600_000 },
  )
  await worker.waitUntilReady()
  print('ready')
}

/** On request it copies the folder of its queue, then blocks its event loop for six seconds. */
if (task === 'copies') {
  const work = async () => {
    print('working')
    await once(process.stdin, 'data')
    const folder = dirname(path)
    for (const name of readdirSync(folder)) readFileSync(join(folder, name))
    print('copied')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000)
    return process.pid
  }
  const worker = new Worker('jobs', work, { connection, lockDuration: 600_000 })
  await worker.waitUntilReady()
  print('ready')
}

if (task === 'leaves') {
  const started = Promise.withResolvers<void>()
  const work = async () => {
    started.resolve()
    await sleep(600_000)
  }
  const worker = new Worker('jobs', work, { connection, lockDuration: 600_000 })
  await worker.waitUntilReady()
  print('ready')
  await started.promise
  await worker.close(true)
  print('left')
  await once(process.stdin, 'data')
  process.exit()
}

if (task === 'fills') {
  const queue = new Queue('jobs', { connection })
  const data = { pad: 'x'.repeat(5000) }
  for (let refused = 0; refused < 3; )
    await queue.add('one', data).then(
      job => print(`${job.id}`),
      error => print(`refused ${++refused} ${error.message}`),
    )
  await queue.close()
}
