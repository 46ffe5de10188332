import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { runs, scheduleSlots } from '../db/schema.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type App, job } from '../src/context.ts'
import { BadSchedule, every } from '../src/platform/jobs/scheduler.ts'
import { start, temporaryFolder, until } from './start.ts'

const slotsIn = ({ db }: App) => db.select().from(scheduleSlots).where(eq(scheduleSlots.entry, 'test.tick')).all()
const runsIn = ({ db }: App, name = 'test.tick') => db.select().from(runs).where(eq(runs.name, name)).all()

const ticking = job('test.tick', { run: async () => 'ticked' })

test('a slot fires once, however many processes share the folder', async () => {
  const folder = temporaryFolder()
  const tables = { jobs: [ticking], schedule: [every('* * * * * *', ticking)], followsSchedule: true }
  const services = [await start({}, folder, tables), await start({}, folder, tables), await start({}, folder, tables)]
  const { app } = services[0]!
  await until(() => runsIn(app).filter(({ status }) => status === 'SUCCESS').length >= 3)
  expect(new Set(slotsIn(app).map(({ jobId }) => jobId))).toEqual(new Set(runsIn(app).map(({ id }) => id)))
  expect(slotsIn(app)).toHaveLength(runsIn(app).length)
})

test('a paused entry does not fire and can still be run now', async () => {
  const { app, finished } = await start({}, undefined, { jobs: [ticking], schedule: [every('0 0 1 1 *', ticking)] })
  expect(await app.schedule.pause('test.tick', 'maintenance', 'ann')).toBe(true)
  expect(app.schedule.state().find(({ name }) => name === 'test.tick')).toMatchObject({
    state: 'paused',
    pause: { reason: 'maintenance', by: 'ann' },
  })
  const run = await app.schedule.runNow('test.tick', null)
  expect(await finished({ job_id: run?.jobId ?? '' })).toMatchObject({ status: 'SUCCESS', result: 'ticked' })
  expect(await app.schedule.resume('test.tick')).toBe(true)
  expect(await app.schedule.pause('nothing', '', '')).toBe(false)
})

test('an entry knows its next slot in UTC, its last one, and whether it is late', async () => {
  const { app, clock } = await start({ ROLE: 'web' }, undefined, {
    jobs: [ticking],
    schedule: [every('30 6 * * *', ticking)],
  })
  const state = () => app.schedule.state().find(({ name }) => name === 'test.tick')
  expect(state()).toMatchObject({ state: 'on time', lastSlot: null, periodMs: 86_400_000 })
  expect(new Date(state()?.next ?? 0).toISOString()).toMatch(/T06:30:00.000Z$/)
  const next = state()?.next ?? 0
  clock.forward(next - clock.now() + 30_000)
  expect(state()?.state).toBe('on time')
  clock.forward(60_000)
  expect(state()).toMatchObject({ state: 'late' })
  clock.forward(86_400_000)
  expect(state()?.state === 'missed' || state()?.state === 'late').toBe(true)
})

test("no slot is skipped when the machine's clock is put forward", async () => {
  const zone = process.env.TZ
  process.env.TZ = 'Europe/Berlin'
  try {
    const { app, clock } = await start({ ROLE: 'web' }, undefined, {
      jobs: [ticking],
      schedule: [every('*/2 * * * *', ticking)],
    })
    const next = () => new Date(app.schedule.state().find(({ name }) => name === 'test.tick')?.next ?? 0).toISOString()
    clock.forward(Date.parse('2027-03-28T02:01:30Z') - clock.now()) // a time that the clocks in Berlin never show
    expect(next()).toBe('2027-03-28T02:02:00.000Z')
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('a nightly slot missed while stopped runs once at the next start', async () => {
  const folder = temporaryFolder()
  const tables = { jobs: [ticking], schedule: [every('0 3 * * *', ticking)] }
  const first = await start({}, folder, tables)
  expect(slotsIn(first.app)).toEqual([]) // a first start has missed nothing
  const long = Date.now() - 3 * 86_400_000
  first.app.db.insert(scheduleSlots).values({ entry: 'test.tick', slot: long, firedAt: long }).run()
  await first.stop()
  const again = await start({}, folder, tables)
  await until(() => runsIn(again.app).filter(({ status }) => status === 'SUCCESS').length === 1)
  await again.stop()
  const third = await start({}, folder, tables)
  expect(runsIn(third.app)).toHaveLength(1)
})

test('an entry that pauses for a weekend or a night gives no slot of the future away', async () => {
  const sunday = Date.parse('2026-11-29T12:00:00Z')
  const { app } = await start({ ROLE: 'web' }, undefined, {
    clock: { now: () => sunday },
    jobs: [ticking],
    schedule: [every('0 3 * * 1-5', ticking)],
  })
  const friday = Date.parse('2026-11-27T03:00:00Z')
  app.db.insert(scheduleSlots).values({ entry: 'test.tick', slot: friday, firedAt: friday }).run()
  await app.schedule.catchUp()
  await app.schedule.pause('test.tick', 'maintenance', 'ann')
  await app.schedule.resume('test.tick')
  expect(slotsIn(app).map(({ slot }) => slot)).toEqual([friday])
})

test('slots that fired while the clock was ahead fire again at their time', async () => {
  const noon = Date.parse('2026-11-29T12:00:00Z')
  const { app } = await start({ ROLE: 'web' }, undefined, {
    clock: { now: () => noon },
    jobs: [ticking],
    schedule: [every('0 3 * * *', ticking)],
  })
  const at3 = (day: string) => Date.parse(`${day}T03:00:00Z`)
  for (const slot of [at3('2026-11-28'), at3('2026-11-30'), at3('2026-12-01')])
    app.db.insert(scheduleSlots).values({ entry: 'test.tick', slot, firedAt: slot }).run()
  expect(app.schedule.state().find(({ name }) => name === 'test.tick')?.lastSlot).toBe(at3('2026-11-28'))
  await app.schedule.catchUp()
  expect(slotsIn(app).map(({ slot }) => slot)).toEqual([at3('2026-11-28'), at3('2026-11-29')])
})

test('a typo in the schedule is refused at boot with the name of the job', async () => {
  for (const pattern of ['61 * * * *', '* * *', 'every day', '0 0 31 2 *'])
    expect(await outcome(start({}, undefined, { jobs: [ticking], schedule: [every(pattern, ticking)] }))).toThrow(
      /test\.tick/,
    )
  expect(
    await outcome(
      start({}, undefined, { jobs: [ticking], schedule: [every('* * * * *', ticking), every('* * * * *', ticking)] }),
    ),
  ).toThrow(BadSchedule)
})

test('a job of the schedule that throws is a failed run and ends nothing', async () => {
  const failing = job('test.failing', {
    attempts: 1,
    run: async () => {
      throw new Error('no')
    },
  })
  const { app, call } = await start({}, undefined, {
    jobs: [failing],
    schedule: [every('* * * * * *', failing)],
    followsSchedule: true,
  })
  await until(() => runsIn(app, 'test.failing').filter(({ status }) => status === 'FAILURE').length >= 2)
  expect((await call.raw('/livez')).status).toBe(200)
})
