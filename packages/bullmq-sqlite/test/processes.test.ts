import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { withBackend } from 'bullmq'
import { openSqliteFile } from '../src/driver.ts'
import { createSqliteBackend } from '../src/index.ts'
import { outcome } from './outcome.ts'
import { afterTest, expect, rounds, sleep, startChild, temporaryFolder, test, until } from './support.ts'

const { Queue, QueueEvents } = withBackend(createSqliteBackend)

function open(path = join(temporaryFolder(), 'queue.db')) {
  const queue = new Queue('jobs', { connection: { path } })
  afterTest(() => queue.close())
  return { path, queue }
}

/** Reads the file through a separate connection. */
function inspect(path: string) {
  const db = openSqliteFile(path, { mustExist: true })
  const counters = db.prepare<{ state: string }>("SELECT state FROM queue WHERE key = 'bull:jobs'").get()
  const count = db.prepare<{ n: number }>('SELECT count(*) AS n FROM job WHERE state = ?')
  const counted = Array.from({ length: 7 }, (_, state) => count.get(state)?.n)
  const integrity = db.prepare<{ integrity_check: string }>('PRAGMA integrity_check').get()?.integrity_check
  db.close()
  return { counters: JSON.parse(counters?.state ?? '{}').counts, counted, integrity }
}

test('every job acknowledged to a process is there after it was killed', async () => {
  const { path, queue } = open()
  const acknowledged: string[] = []
  for (let round = 0; round < rounds(2, 12); round++) {
    const child = startChild('queue-user.ts', path, 'adds')
    expect(await child.nextLine()).toBe('ready')
    for (let added = 0; added < 20 + 9 * round; added++) acknowledged.push(await child.nextLine())
    await child.kill9()
    const restOfLines = (async () => {
      for (;;) acknowledged.push(await child.nextLine())
    })()
    await restOfLines.catch(() => {}) // what it printed before it was killed
  }
  const storedIds = new Set((await queue.getWaiting()).map(job => job.id))
  expect(acknowledged.filter(id => !storedIds.has(id))).toEqual([])
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  const { counters, counted, integrity } = inspect(path)
  expect([counters, integrity]).toEqual([counted, 'ok'])
})

test('workers killed at work lose no job, and no job is worked on by two living processes', async () => {
  const { path, queue } = open()
  const log = `${path}.log`
  writeFileSync(log, '')
  const jobs = 600 // enough that workers are killed while they work
  const maxKills = rounds(4, 15)
  await queue.addBulk(Array.from({ length: jobs }, (_, n) => ({ name: 'job', data: n })))
  const startWorker = async () => {
    const child = startChild('queue-user.ts', path, 'works', log)
    expect(await child.nextLine()).toBe('ready')
    return child
  }
  const isAtWork = (pid: number) => {
    const lines = readFileSync(log, 'utf8').split('\n')
    const countLines = (what: string) => lines.filter(line => line.startsWith(what) && line.endsWith(` ${pid}`)).length
    return countLines('start') > countLines('end')
  }
  const workers = [await startWorker(), await startWorker()]
  let kills = 0
  while ((await queue.getCompletedCount()) < jobs && kills < maxKills) {
    await sleep(60 + Math.random() * 60) // any moment will do: it is killed only if it is at work
    const victim = workers.shift()!
    process.kill(victim.pid, 'SIGSTOP') // a job it works on now is still active when it is killed
    if (!isAtWork(victim.pid)) {
      process.kill(victim.pid, 'SIGCONT')
      workers.push(victim)
      continue
    }
    appendFileSync(log, `kill - ${victim.pid}\n`)
    await victim.kill9()
    kills++
    workers.push(await startWorker())
  }
  await until(async () => (await queue.getCompletedCount()) === jobs, 30_000)
  for (const child of workers) await child.kill9()

  const workerOfJob = new Map<string, string>()
  const done = new Set<string>()
  const killed = new Set<string>()
  const workedOnTwice: string[] = []
  let resumed = 0
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    const [what, id = '', pid = ''] = line.split(' ')
    if (what === 'kill') killed.add(pid) // a job it starts between this line and its death counts as one of a dead process
    if (what === 'end') {
      workerOfJob.delete(id)
      done.add(id)
    }
    if (what === 'start') {
      const worker = workerOfJob.get(id)
      if (worker !== undefined && killed.has(worker)) resumed++
      else if (worker !== undefined) workedOnTwice.push(line)
      workerOfJob.set(id, pid)
    }
  }
  expect(workedOnTwice).toEqual([])
  expect(done.size).toBe(jobs)
  expect(resumed).toBeGreaterThan(0)
  const { counters, counted, integrity } = inspect(path)
  expect([counters, integrity]).toEqual([counted, 'ok'])
})

test('a job of a process that hangs stays its own; one of a process that died is taken over at once', async () => {
  const { path, queue } = open()
  const events = new QueueEvents('jobs', { connection: { path } })
  afterTest(() => events.close())
  await events.waitUntilReady()
  const first = startChild('queue-user.ts', path, 'holds')
  expect(await first.nextLine()).toBe('ready')
  const job = await queue.add('job', {})
  expect(await first.nextLine()).toBe('working')
  first.freeze()
  const second = startChild('queue-user.ts', path, 'holds')
  expect(await second.nextLine()).toBe('ready')
  await sleep(1500) // three checks of the second one for dead processes, which must leave the job alone
  expect(await job.isActive()).toBe(true)
  first.thaw()
  expect(await job.waitUntilFinished(events)).toBe(first.pid)

  const next = await queue.add('job', { holdMs: 60_000 })
  const holder = await Promise.race([first.nextLine().then(() => first), second.nextLine().then(() => second)])
  const other = holder === first ? second : first
  await holder.kill9()
  expect(await next.waitUntilFinished(events, 30_000)).toBe(other.pid)
  expect((await queue.getJob(next.id!))!.stalledCounter).toBe(1)
})

test('the job of a living process is never given away while its lock runs, even if it copies its own folder', async () => {
  const { path, queue } = open()
  const events = new QueueEvents('jobs', { connection: { path } })
  afterTest(() => events.close())
  await events.waitUntilReady()
  const first = startChild('queue-user.ts', path, 'copies')
  expect(await first.nextLine()).toBe('ready')
  const job = await queue.add('job', {})
  expect(await first.nextLine()).toBe('working')
  const second = startChild('queue-user.ts', path, 'holds')
  expect(await second.nextLine()).toBe('ready')
  await sleep(1500) // the thread that answers for a busy process starts a second after its first write
  first.send('copy')
  expect(await first.nextLine()).toBe('copied')
  expect(await job.waitUntilFinished(events, 30_000)).toBe(first.pid)
  expect((await queue.getJob(job.id!))!.stalledCounter).toBe(0)

  // It holds its lock again: its next job is not given away either, but recovered once it is dead.
  await sleep(1500) // it takes the lock at its next check, of two a second
  const next = await queue.add('job', { holdMs: 60_000 })
  const [lineOfFirst, lineOfSecond] = [first.nextLine(), second.nextLine()]
  const holder = await Promise.race([lineOfFirst.then(() => first), lineOfSecond.then(() => second)])
  for (const pending of [lineOfFirst, lineOfSecond]) pending.catch(() => {}) // a killed process prints nothing more
  const other = holder === first ? second : first
  await holder.kill9()
  if (other === first) {
    expect(await lineOfFirst).toBe('working')
    other.send('copy')
  }
  expect(await next.waitUntilFinished(events, 30_000)).toBe(other.pid)
})

test('the lock files of killed processes are removed', async () => {
  const { path, queue } = open()
  const lockFiles = () => readdirSync(dirname(path)).filter(name => name.includes('.alive'))
  const child = startChild('queue-user.ts', path, 'holds')
  expect(await child.nextLine()).toBe('ready')
  await queue.add('job', {})
  expect(await child.nextLine()).toBe('working')
  await child.kill9()
  const [leftLockFile] = lockFiles()
  expect(leftLockFile).toEqual(expect.any(String))
  const unregisteredLockFile = `${path}-3f2d9a44-0d3a-4b57-9c53-7f2d63a1b0cd.alive`
  for (const file of [unregisteredLockFile, `${unregisteredLockFile}-journal`]) writeFileSync(file, '')
  const { Worker } = withBackend(createSqliteBackend)
  const worker = new Worker('jobs', async () => {}, { connection: { path } })
  await until(async () => (await queue.getCompletedCount()) === 1)
  await until(
    () => !lockFiles().includes(leftLockFile!) && !lockFiles().some(name => unregisteredLockFile.endsWith(name)),
  )
  await worker.close()
  await queue.close()
  expect(lockFiles()).toEqual([])
})

test('an idle worker of another process is woken by an add', async () => {
  const { path, queue } = open()
  const events = new QueueEvents('jobs', { connection: { path } })
  afterTest(() => events.close())
  await events.waitUntilReady()
  const child = startChild('queue-user.ts', path, 'works', `${path}.log`)
  expect(await child.nextLine()).toBe('ready')
  for (let n = 0; n < 5; n++) {
    await sleep(300) // so that it has found no job and waits for ten minutes, unless it is woken
    const job = await queue.add('job', {})
    await job.waitUntilFinished(events, 30_000)
    expect(await job.isCompleted()).toBe(true)
  }
  await sleep(300) // the same
  const delayed = await queue.add('job', {}, { delay: 200 })
  await delayed.waitUntilFinished(events, 30_000)
  expect(await delayed.isCompleted()).toBe(true)
})

test('while another process holds the file, calls wait without blocking the event loop, and then fail', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const queue = new Queue('jobs', { connection: { path, busyTimeout: 3000 } })
  afterTest(() => queue.close())
  await queue.waitUntilReady()
  const other = openSqliteFile(path)
  other.exec('BEGIN IMMEDIATE')
  let ticks = 0
  const ticking = setInterval(() => ticks++, 10)
  const waiting = queue.add('a', {})
  await until(() => ticks > 5)
  other.exec('ROLLBACK')
  expect((await waiting).id).toBe('1')
  other.exec('BEGIN IMMEDIATE')
  expect(await outcome(queue.add('b', {}))).toThrow(`${path} is locked by another process`)
  expect(await queue.getWaitingCount()).toBe(1)
  other.exec('ROLLBACK')
  expect((await queue.add('c', {})).id).toBe('2')
  clearInterval(ticking)
  other.close()
})

test('a full disk is reported to the caller, and what was acknowledged before is there', async () => {
  const { path } = open()
  const script = `trap '' XFSZ; ulimit -f 2000; exec "$0" "$1" "$2" fills`
  const file = join(import.meta.dirname, 'children/queue-user.ts')
  const child = spawn('sh', ['-c', script, process.execPath, file, path], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  afterTest(() => child.kill('SIGKILL'))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(errors).toBe('')
  expect(await exited).toEqual([0, null])
  const lines = output.trim().split('\n')
  const refused = lines.filter(line => line.startsWith('refused'))
  expect(refused.length).toBeGreaterThan(0)
  const acknowledged = lines.filter(line => !line.startsWith('refused'))
  const { queue } = open(path)
  const storedIds = new Set((await queue.getWaiting()).map(job => job.id))
  expect(acknowledged.filter(id => !storedIds.has(id))).toEqual([])
  expect((await queue.add('room again', {})).id).toEqual(expect.any(String))
  expect(inspect(path).integrity).toBe('ok')
})

test('a file of a newer version, or one that cannot be opened, is refused with a clear error', async () => {
  const { path, queue } = open()
  await queue.waitUntilReady()
  await queue.close()
  const db = openSqliteFile(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  const newerQueue = new Queue('jobs', { connection: { path } })
  afterTest(() => newerQueue.close())
  expect(await outcome(newerQueue.add('a', {}))).toThrow('written by a newer version')
  expect(() => new Queue('jobs', { connection: { path: join(path, 'no-such-folder', 'queue.db') } })).toThrow(
    'no-such-folder',
  )
})

test('jobs that a worker closed by force leaves behind are taken over as soon as its process ends', async () => {
  const { path, queue } = open()
  const child = startChild('queue-user.ts', path, 'leaves')
  expect(await child.nextLine()).toBe('ready')
  const job = await queue.add('job', {})
  expect(await child.nextLine()).toBe('left')
  const other = startChild('queue-user.ts', path, 'holds')
  expect(await other.nextLine()).toBe('ready')
  await sleep(1200) // two checks of the other one for dead processes, which must leave the job alone
  expect(await job.isActive()).toBe(true)
  child.send('end')
  expect(await other.nextLine()).toBe('working')
  await until(() => job.isCompleted())
})

test('a refused call on a new queue leaves nothing in memory', async () => {
  const { path } = open()
  const newQueue = new Queue('fresh', { connection: { path }, skipMetasUpdate: true })
  afterTest(() => newQueue.close())
  const refused = newQueue.updateJobProgress('none', 1)
  const [job, refusal] = await Promise.all([newQueue.add('a', {}), outcome(refused)])
  expect(refusal).toThrow(expect.objectContaining({ code: -1 }))
  expect(job.id).toBe('1')
  expect(await newQueue.getJobCounts('waiting')).toEqual({ waiting: 1 })
  const reopenedQueue = new Queue('fresh', { connection: { path }, skipMetasUpdate: true })
  afterTest(() => reopenedQueue.close())
  expect((await reopenedQueue.add('b', {})).id).toBe('2')
})

test('a refused call is rolled back in the file and in memory, without the calls next to it', async () => {
  const { path, queue } = open()
  await queue.add('due', {}, { delay: 1 })
  await sleep(5) // so that it is due
  // This puts the due job in line before it finds that the other job does not exist.
  const refused = queue.getBackend().retryJob('none', false, 'token')
  const calls = [queue.add('before', {}), outcome(refused), queue.add('after', {})] as const
  const [, refusal] = await Promise.all(calls)
  expect(refusal).toThrow(expect.objectContaining({ code: -1 }))
  expect(await queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 2, delayed: 1 })
  expect((await queue.getWaiting()).map(job => job.name)).toEqual(['before', 'after'])
  await queue.add('later', {})
  const { counters, counted } = inspect(path)
  expect(counters).toEqual(counted)
})

test('with power-cut durability everything works the same', async () => {
  const path = join(temporaryFolder(), 'queue.db')
  const queue = new Queue('jobs', { connection: { path, durability: 'power' } })
  afterTest(() => queue.close())
  const jobs = await Promise.all(Array.from({ length: 50 }, (_, n) => queue.add('a', n)))
  expect(jobs.map(job => job.id)).toEqual(Array.from({ length: 50 }, (_, n) => String(n + 1)))
})
