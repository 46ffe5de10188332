import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../db/open.ts'
import { facts, taskLocks } from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { locks as lockTable } from '../src/locks.ts'
import { fenced, type Lease, LostLease, lock, lockOfSeveral, openLocks } from '../src/platform/jobs/task-locks.ts'
import { holdProcessLock, isProcessDead } from '../src/platform/process/process-lock.ts'
import { startChild } from './children/child.ts'
import { rounds } from './needs.ts'
import { afterTest, temporaryFolder, turnableClock, until } from './start.ts'

const work = lock('work', '10m', 'wait')

function open() {
  const dataDir = temporaryFolder()
  const db = openDatabase(dataDir)
  const clock = turnableClock()
  const locks = openLocks(db, clock, 'me', owner => isProcessDead(dataDir, owner))
  afterTest(() => {
    locks.close()
    db.$client.close()
  })
  const take = async (jobId?: string, kind = work): Promise<Lease> => {
    const taken = await locks.take(kind(1), jobId)
    if ('heldBy' in taken) throw new Error(`held by ${taken.heldBy.owner}`)
    return taken
  }
  return { dataDir, db, clock, locks, take }
}

test('a second taker learns who holds the lock, and gets it once it is released', async () => {
  const { locks, take } = open()
  const lease = await take('job-1')
  expect(await locks.take(work(1))).toMatchObject({ heldBy: { owner: 'me', jobId: 'job-1' } })
  expect(await locks.take(work(2))).not.toHaveProperty('heldBy')
  await lease.release()
  expect((await take()).fence).toBeGreaterThan(lease.fence)
})

test('locks of several things exclude each other where they have one in common', async () => {
  const { locks } = open()
  const rosters = lockOfSeveral('rosters', '10m', 'wait')
  const tryTake = async (...ids: number[]) => {
    const taken = await locks.take(rosters(...ids))
    return 'heldBy' in taken ? undefined : taken
  }
  const [one, two] = [await tryTake(1, 2), await tryTake(3)]
  for (const ids of [[2], [3, 4], [2, 1], []]) expect(await tryTake(...ids)).toBeUndefined()
  await one?.release()
  expect(await tryTake(1, 12)).toBeDefined()
  expect(await tryTake(2)).toBeDefined()
  await two?.release()
  expect(await tryTake(3)).toBeDefined()
})

test('a lock that could not be released on a full disk is released as soon as possible', async () => {
  const { db, locks } = open()
  const long = lock('long', '10m', 'wait')()
  const lease = await locks.take(long)
  if ('heldBy' in lease) throw new Error('held')
  db.$client.run('PRAGMA query_only = ON')
  await lease.release()
  expect(locks.holder(lease.key)).toMatchObject({ fence: lease.fence })
  db.$client.run('PRAGMA query_only = OFF')
  await until(() => !locks.holder(lease.key))
})

test('a lease that ran out is free, and what its holder still writes is refused', async () => {
  const { db, clock, take } = open()
  const old = await take()
  clock.forward(10 * 60_000 + 1)
  const young = await take()
  expect(young.fence).toBeGreaterThan(old.fence)
  expect(await outcome(atomically(db, tx => fenced(tx, old)))).toThrow(LostLease)
  await atomically(db, tx => fenced(tx, young))
  await old.release()
  await atomically(db, tx => fenced(tx, young))
})

test('an admin takes a lock from its holder, whose work is aborted', async () => {
  const { locks, take } = open()
  const lease = await take()
  expect(await locks.breakLock(lease.key)).toMatchObject({ owner: 'me' })
  expect(lease.signal.reason).toBeInstanceOf(LostLease)
  expect(locks.holder(lease.key)).toBeUndefined()
})

test('a holder notices by itself that its lease was taken away', async () => {
  const { db, take } = open()
  const lease = await take(undefined, lock('work', '2s', 'wait')) // checked every half second
  await atomically(db, tx => void tx.delete(taskLocks).run())
  await until(() => lease.signal.aborted)
  expect(lease.signal.reason).toBeInstanceOf(LostLease)
})

test('a lock is held against another process and is free the moment that process is killed', async () => {
  const { dataDir, locks, take } = open()
  const holder = startChild('holder.ts', dataDir, 'other')
  expect(await holder.answer()).toMatch(/^taken \d+$/)
  expect(await locks.take(work(1))).toMatchObject({ heldBy: { owner: 'other' } })
  await holder.kill9()
  expect(locks.all()).toMatchObject([{ owner: 'other', ownerDead: true }])
  await take()
})

test('a process counts as alive while it runs, even if what holds its lock could be garbage-collected', () => {
  const dataDir = temporaryFolder()
  const hold = () => void holdProcessLock(dataDir, 'forgetful')
  hold()
  for (let i = 0; i < 5; i++) Bun.gc(true)
  expect(isProcessDead(dataDir, 'forgetful')).toBe(false)
})

test('a dead process is found dead while another process asks about it too', () => {
  const dataDir = temporaryFolder()
  mkdirSync(join(dataDir, 'run'))
  const path = join(dataDir, 'run', 'gone.alive')
  const asker = new Database(path)
  afterTest(() => asker.close())
  asker.run('BEGIN')
  asker.query('SELECT count(*) FROM sqlite_schema').get()
  expect(isProcessDead(dataDir, 'gone')).toBe(true)
  expect(existsSync(path)).toBe(false)
})

test('a process that ends while it is asked about is either alive or dead', async () => {
  const dataDir = temporaryFolder()
  const child = startChild('brief-holder.ts', dataDir, 'brief')
  await child.answer()
  const seen = { true: 0, false: 0 }
  const deadline = performance.now() + 30_000
  const [dead, alive] = [rounds(1_000, 5_000), rounds(100, 500)]
  while ((seen.true < dead || seen.false < alive) && performance.now() < deadline)
    seen[`${isProcessDead(dataDir, 'brief')}`]++
  expect(seen.true).toBeGreaterThanOrEqual(dead)
  expect(seen.false).toBeGreaterThanOrEqual(alive)
})

test('an old holder that wakes up late is refused its writes', async () => {
  const { dataDir, db, clock, take } = open()
  const holder = startChild('holder.ts', dataDir, 'sleeper')
  await holder.answer()
  holder.send('first')
  expect(await holder.answer()).toBe('written')
  holder.freeze()
  clock.forward(60_000)
  await take()
  holder.thaw()
  holder.send('late')
  const answers = [await holder.answer(), await holder.answer()].sort()
  expect(answers).toEqual(['lost', 'refused LostLease'])
  expect(
    db
      .select()
      .from(facts)
      .all()
      .map(({ name }) => name),
  ).not.toContain('late')
})

test('of many processes that take a lock at once, one gets it', async () => {
  const { dataDir } = open()
  const children = ['a', 'b', 'c', 'd'].map(id => startChild('holder.ts', dataDir, id))
  const answers = await Promise.all(children.map(child => child.answer()))
  expect(answers.filter(line => line.startsWith('taken'))).toHaveLength(1)
  expect(answers.filter(line => line.startsWith('held by'))).toHaveLength(3)
})

test('locks have the names that operators know', () => {
  expect(lockTable.supervisor().key).toBe('supervisor_lock:ensure_updates')
  expect(lockTable.updateScores('pga').key).toMatch(/^task_lock:update_player_scores:[0-9a-f]{16}$/)
  expect(lockTable.updateScores('pga').key).not.toBe(lockTable.updateScores('euro').key)
})
