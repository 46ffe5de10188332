import { expect, test } from 'bun:test'
import { auditLog, processes, requestStats, runs, scheduleSlots, sessions, systemAlerts, users } from '../db/schema.ts'
import type { App } from '../src/context.ts'
import { day } from '../src/platform/clock.ts'
import { holdProcessLock } from '../src/platform/process/process-lock.ts'
import { deleteRunsBeyond, nextStepSize } from '../src/retention.ts'
import { start, until } from './start.ts'

const run = (id: string, createdAt: number, status: 'SUCCESS' | 'PENDING' = 'SUCCESS') => ({
  id,
  name: 'test.old',
  queue: 'quick',
  input: {},
  status,
  maxAttempts: 1,
  createdAt,
})

const deleteOldRecords = ({ runScheduled }: Awaited<ReturnType<typeof start>>) => runScheduled('retention.delete_old')

test('rows older than their retention are deleted, the rest stays', async () => {
  const fieldhouse = await start()
  const { app, clock } = fieldhouse
  const { db } = app
  const ago = (days: number) => clock.now() - days * day
  const old = { runs: 91, audit: 366, alerts: 91, statistics: 31, slots: 91 }
  db.insert(runs)
    .values([run('old', ago(old.runs)), run('young', ago(89)), run('unfinished', ago(200), 'PENDING')])
    .run()
  const entry = { username: 'ann', action: 'x.y', target: '', detail: {}, result: 'ok' }
  db.insert(auditLog)
    .values([
      { ...entry, at: ago(old.audit) },
      { ...entry, at: ago(364), target: 'young' },
    ])
    .run()
  const alert = { type: 'security', severity: 'info', title: '', message: '', data: {}, state: 'resolved' } as const
  const alertSeenAt = (key: string, at: number) => ({ ...alert, key, firstSeen: at, lastSeen: at })
  db.insert(systemAlerts)
    .values([alertSeenAt('old', ago(old.alerts)), alertSeenAt('young', ago(89))])
    .run()
  const requestCount = { route: 'GET /', requests: 1, errors: 0, totalMs: 1, histogram: Buffer.alloc(0) }
  db.insert(requestStats)
    .values([
      { ...requestCount, minute: ago(old.statistics) },
      { ...requestCount, minute: ago(29) },
    ])
    .run()
  const slot = { entry: 'test.old', firedAt: 0 }
  db.insert(scheduleSlots)
    .values([
      { ...slot, slot: ago(old.slots) },
      { ...slot, slot: ago(89) },
    ])
    .run()
  const user = { email: 'a@b.c', username: 'ann', passwordHash: '', role: 'member' as const, createdAt: 0 }
  const { id: userId } = db.insert(users).values(user).returning().get()
  const session = { userId, csrfToken: '', createdAt: 0 }
  db.insert(sessions)
    .values([
      { ...session, tokenHash: 'ended', expiresAt: ago(1) },
      { ...session, tokenHash: 'open', expiresAt: ago(-1) },
    ])
    .run()

  expect(await deleteOldRecords(fieldhouse)).toMatchObject({
    status: 'SUCCESS',
    result: {
      runs: 1,
      'runs beyond a million': 0,
      'audit log': 1,
      alerts: 1,
      'request statistics': 1,
      'schedule slots': 1,
      'ended sessions': 1,
    },
  })
  const names = db
    .select()
    .from(runs)
    .all()
    .map(({ id }) => id)
  expect(names).toEqual(expect.arrayContaining(['young', 'unfinished']))
  expect(names).not.toContain('old')
  expect(db.select().from(auditLog).all()).toMatchObject([{ target: 'young' }])
  expect(db.select().from(systemAlerts).all()).toMatchObject([{ key: 'young' }])
  expect(db.select().from(sessions).all()).toMatchObject([{ tokenHash: 'open' }])
})

test('thousands of rows are deleted in steps, and requests are answered meanwhile', async () => {
  const fieldhouse = await start()
  const { app, as, clock } = fieldhouse
  const longAgo = clock.now() - 400 * day
  app.db.$client.run(
    `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 3000)
     insert into runs (id, name, queue, input, status, max_attempts, created_at)
     select 'old-' || n, 'test.old', 'quick', '{}', 'SUCCESS', 1, ? + n from numbers`,
    [longAgo],
  )
  let isOver = false
  const deletion = deleteOldRecords(fieldhouse).finally(() => {
    isOver = true
  })
  let answers = 0
  for (; !isOver; answers++) await as().get('/livez')
  expect((await deletion).result).toMatchObject({ runs: 3_000 })
  expect(answers).toBeGreaterThan(5)
})

test('the next step is smaller after a slow one, and larger after a fast one', () => {
  expect(nextStepSize(100, 10)).toBe(50)
  expect(nextStepSize(100, 1_000)).toBe(20)
  expect(nextStepSize(20, 0)).toBe(40)
  expect(nextStepSize(400, 0.1)).toBe(500)
})

test('of more runs than are kept the oldest finished ones are deleted', async () => {
  const { app } = await start({ ROLE: 'web' })
  const rows = Array.from({ length: 20 }, (_, i) =>
    run(`r${String(i).padStart(2, '0')}`, i, i === 3 ? 'PENDING' : 'SUCCESS'),
  )
  app.db.insert(runs).values(rows).run()
  expect(deleteRunsBeyond(app.db, 10, 4)).toBe(4)
  expect(deleteRunsBeyond(app.db, 10, 100)).toBe(5)
  expect(deleteRunsBeyond(app.db, 10, 100)).toBe(0)
  const remaining = app.db
    .select()
    .from(runs)
    .all()
    .map(({ id }) => id)
  expect(remaining).toEqual(['r03', ...rows.slice(10).map(({ id }) => id)])
})

test('dead processes are removed from the table, live ones stay', async () => {
  const fieldhouse = await start()
  const { app, dataDir } = fieldhouse
  const row = { role: 'all', host: 'here', pid: 1, version: '0', startedAt: 0 }
  const stop = holdProcessLock(dataDir, 'alive')
  app.db
    .insert(processes)
    .values([
      { ...row, id: 'dead' },
      { ...row, id: 'alive' },
    ])
    .run()
  await deleteOldRecords(fieldhouse)
  const ids = () =>
    app.db
      .select()
      .from(processes)
      .all()
      .map(({ id }) => id)
  expect(ids().sort()).toEqual(['alive', app.processId].sort())
  stop()
})

test('a run that the queue has lost is added again', async () => {
  const fieldhouse = await start()
  const { app, clock } = fieldhouse
  const lost = { ...run('lost', clock.now() - 10 * 60_000, 'PENDING'), name: 'retention.delete_old', dedupeKey: null }
  app.db.insert(runs).values(lost).run()
  await app.schedule.runNow('jobs.sweep', null)
  const row = () =>
    app.db
      .select()
      .from(runs)
      .all()
      .find(({ id }) => id === 'lost')
  await until(() => row()?.status === 'SUCCESS')
})

test('a start adds runs to the queue that were accepted and never reached it', async () => {
  const first = await start({ ROLE: 'web' })
  first.app.db
    .insert(runs)
    .values({ ...run('accepted', first.clock.now(), 'PENDING'), name: 'retention.delete_old' })
    .run()
  await first.stop()
  const { app } = await start({}, first.dataDir)
  const statusOf = (db: App['db']) =>
    db
      .select()
      .from(runs)
      .all()
      .find(({ id }) => id === 'accepted')?.status
  await until(() => statusOf(app.db) === 'SUCCESS')
})
