import { expect, test } from 'bun:test'
import { t } from 'elysia'
import { runLog, runs } from '../db/schema.ts'
import { atomically } from '../db/transactions.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import type { App } from '../src/context.ts'
import { job } from '../src/context.ts'
import { refuse } from '../src/errors.ts'
import { day, hour } from '../src/platform/clock.ts'
import type { JobContext, JobDefinition } from '../src/platform/jobs/job.ts'
import { lock } from '../src/platform/jobs/task-locks.ts'
import { newTrader } from './market.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { refusalOf, start, until } from './start.ts'

const noInput = t.Object({})
const startedJob = ({ jobId }: { jobId: string }) => ({ job_id: jobId })

/** A job whose runs last until the test ends them. */
function heldJob(name: string, options: Partial<Parameters<typeof job>[1]> = {}) {
  const begun: { work: JobContext; end: (result?: unknown) => void; fail: (error: Error) => void }[] = []
  const definition = job(name, {
    input: noInput,
    ...options,
    run: (_input, _app, work) =>
      new Promise((resolve, reject) => {
        begun.push({ work, end: resolve, fail: reject })
        work.signal.addEventListener('abort', () => reject(work.signal.reason))
      }),
  }) as JobDefinition<App>
  return { definition, begun, first: () => until(() => begun[0]) }
}

async function startWith(...jobs: JobDefinition<App>[]) {
  return start({}, undefined, { jobs })
}

test('a job goes from accepted to its result, telling its progress on the way', async () => {
  const { definition, first } = heldJob('test.walk')
  const { app, call, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  const run = await first()
  run.work.progress(40, 'walking', 'two of five')
  const status = () => call.get(`/api/v1/jobs/status/${jobId}`)
  await until(async () => (await status()).progress === 40)
  expect(await status()).toMatchObject({
    status: 'PROGRESS',
    stage: 'walking',
    status_message: 'two of five',
    attempts: 1,
    result: null,
  })
  run.end({ steps: 5 })
  expect(await finished({ job_id: jobId })).toMatchObject({
    status: 'SUCCESS',
    progress: 100,
    result: { steps: 5 },
    error: null,
  })
})

test('a run ends with the transaction that finishes it, whatever happens afterwards', async () => {
  const early = lock('test_early', '10s', 'wait')
  const { definition, first } = heldJob('test.early', { lock: () => early() })
  const { app, call, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  const { work, fail } = await first()
  const undone = atomically(app.db, (tx): void => {
    work.succeed(tx, 'undone')
    throw new Error('rolled back')
  })
  expect(await outcome(undone)).toThrow('rolled back')
  expect(await call.get(`/api/v1/jobs/status/${jobId}`)).toMatchObject({ status: 'PROGRESS', result: null })
  await atomically(app.db, tx => work.succeed(tx, 'done'))
  expect(app.locks.holder(early().key)).toBeUndefined()
  fail(new Error('what still followed'))
  expect(await finished({ job_id: jobId })).toMatchObject({
    status: 'SUCCESS',
    result: 'done',
    attempts: 1,
    error: null,
  })
})

test('an unknown job is a problem', async () => {
  const { call } = await start()
  expect((await refusalOf(call.get('/api/v1/jobs/status/nothing'))).problem).toMatchObject({
    status: 404,
    code: 'not_found',
  })
})

test('a second start of the same work gets the id of the first', async () => {
  const { definition, first } = heldJob('test.once', { once: () => 'all' })
  const { app, finished } = await startWith(definition)
  const one = await app.jobs.start(definition, {})
  const two = await app.jobs.start(definition, {})
  expect(two).toEqual({ jobId: one.jobId, deduplicated: true })
  ;(await first()).end()
  await finished(startedJob(one))
  expect((await app.jobs.start(definition, {})).deduplicated).toBe(false)
})

test('a user who gets the id of a run under way may follow it, but not stop it', async () => {
  const { definition, first } = heldJob('test.shared', { once: () => 'all' })
  const fieldhouse = await startWith(definition)
  const { app } = fieldhouse
  const [ann, bob, cy] = [
    await newTrader(fieldhouse, 'ann'),
    await newTrader(fieldhouse, 'bob'),
    await newTrader(fieldhouse, 'cy'),
  ]
  const one = await app.jobs.start(definition, {}, { by: ann.id })
  const two = await app.jobs.start(definition, {}, { by: bob.id })
  expect(two.jobId).toBe(one.jobId)
  for (const { get } of [ann, bob]) expect((await get(`/api/v1/jobs/status/${two.jobId}`)).job_id).toBe(one.jobId)
  expect((await refusalOf(cy.get(`/api/v1/jobs/status/${two.jobId}`))).status).toBe(404)
  expect((await refusalOf(bob.delete(`/api/v1/jobs/cancel/${two.jobId}`))).status).toBe(403)
  expect((await bob.raw(`/api/v1/jobs/${two.jobId}/events`, { signal: AbortSignal.timeout(20_000) })).status).toBe(200)
  ;(await first()).end()
})

test('a failing job is tried again with growing pauses and then fails with its error and an alert', async () => {
  let tries = 0
  const flaky = job('test.flaky', {
    input: noInput,
    attempts: 3,
    backoff: '1s',
    run: async () => {
      tries++
      throw new Error(`try ${tries} stalled`) // BullMQ says this of jobs whose process died
    },
  }) as JobDefinition<App>
  const { app, runJob } = await startWith(flaky)
  const run = await runJob(flaky, {})
  expect(run).toMatchObject({ status: 'FAILURE', attempts: 3, error: 'try 3 stalled' })
  const alerts = () => app.db.query.systemAlerts.findMany().sync()
  await until(() => alerts().length > 0) // raised after the job has ended
  expect(alerts()).toMatchObject([{ type: 'job_failed', state: 'active' }])
})

test('a run counts the attempts it has made before the queue was given it anew', async () => {
  const { definition, begun } = heldJob('test.counted', { attempts: 3, backoff: '10m' })
  const { app, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  for (const attempt of [1, 2, 3]) {
    const { work, fail } = await until(() => begun[attempt - 1])
    expect(work.attempt).toBe(attempt)
    fail(new Error('no'))
    if (attempt === 3) break
    await until(async () => (await app.queues.counts(definition.queue)).delayed === 1)
    await app.jobs.startNow(jobId)
  }
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'FAILURE', attempts: 3 })
})

test('a run of a job that this version no longer has can be cancelled', async () => {
  const { definition } = heldJob('test.former')
  const { app, call } = await start()
  const { jobId } = app.jobs.accept(app.db, definition, {})
  expect(await call.delete(`/api/v1/jobs/cancel/${jobId}`)).toMatchObject({ status: 'CANCELLED' })
})

test('a run of a job that this version no longer has fails with a sentence and an alert', async () => {
  const { definition } = heldJob('test.former')
  const { app, finished, clock } = await start()
  const { jobId } = app.jobs.accept(app.db, definition, {}) // by an earlier version
  clock.forward(60_000)
  expect(await app.jobs.sweep(30_000)).toBe(1)
  const error = 'No job is called test.former any more'
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'FAILURE', error })
  await until(() =>
    app.db.query.systemAlerts
      .findMany()
      .sync()
      .find(({ data }) => data.job_id === jobId),
  )
})

test('a refusal inside a job is final at once, raises no alert and is no error in the log', async () => {
  const refusing = job('test.refusing', {
    input: noInput,
    run: async () => refuse('conflict', 'No'),
  }) as JobDefinition<App>
  const { call, runJob, lines } = await startWith(refusing)
  expect(await runJob(refusing, {})).toMatchObject({
    status: 'FAILURE',
    attempts: 1,
    error: 'No',
  })
  expect((await call.get('/admin/monitoring/alerts/json')).alerts).toEqual([])
  expect(await until(() => lines.find(({ message }) => message === 'Job failed'))).toMatchObject({ level: 'warn' })
})

test('a waiting job that is cancelled never runs', async () => {
  const { definition, begun } = heldJob('test.later')
  const { app, call } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {}, { at: Date.now() + 3_600_000 })
  expect(await call.delete(`/api/v1/jobs/cancel/${jobId}`)).toMatchObject({ status: 'CANCELLED' })
  expect((await refusalOf(call.delete(`/api/v1/jobs/cancel/${jobId}`))).status).toBe(409)
  expect(begun).toEqual([])
})

test('a running job that is cancelled is aborted', async () => {
  const { definition, first } = heldJob('test.long')
  const { app, call, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  await first()
  await call.delete(`/api/v1/jobs/cancel/${jobId}`)
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'CANCELLED' })
})

test('a cancelled or failed job can be tried again under its own id', async () => {
  const { definition, begun, first } = heldJob('test.again')
  const { app, call, clock, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  await first()
  await call.delete(`/api/v1/jobs/cancel/${jobId}`)
  await finished({ job_id: jobId })
  clock.forward(2 * day)
  expect(await call.post(`/api/v1/jobs/${jobId}/retry`)).toMatchObject({ job_id: jobId })
  const { not_before, started_at } = await until(async () => {
    const run = await call.get(`/admin/task-monitor/jobs/${jobId}/json`)
    return run.started_at && run
  })
  expect(Date.parse(started_at) - Date.parse(not_before)).toBeLessThan(hour) // it waited since the retry
  ;(await until(() => begun[1])).end('done')
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS', result: 'done' })
  expect((await refusalOf(call.post(`/api/v1/jobs/${jobId}/retry`))).status).toBe(409)
})

test('a cancelled job is not tried again while the one that took its place runs', async () => {
  const { definition, begun } = heldJob('test.successor', { once: () => 'all' })
  const { app, call, finished } = await startWith(definition)
  const one = await app.jobs.start(definition, {})
  await until(() => begun[0])
  await call.delete(`/api/v1/jobs/cancel/${one.jobId}`)
  await finished(startedJob(one))
  const two = await app.jobs.start(definition, {})
  expect((await refusalOf(call.post(`/api/v1/jobs/${one.jobId}/retry`))).status).toBe(409)
  ;(await until(() => begun[1])).end()
  await finished(startedJob(two))
})

test('work that expires before it starts is dropped', async () => {
  const { definition, begun } = heldJob('test.expired')
  const { app, finished } = await startWith(definition)
  const run = await finished(startedJob(await app.jobs.start(definition, {}, { expiresAt: Date.now() - 1 })))
  expect(run).toMatchObject({ status: 'CANCELLED', status_message: expect.stringContaining('time had passed') })
  expect(begun).toEqual([])
})

test('a job whose lock is held skips with the id of the holder, or waits, as the table of locks says', async () => {
  const skipping = heldJob('test.skip', { lock: () => lock('skip', '10s', 'skip')() })
  const waiting = heldJob('test.wait', { lock: () => lock('wait', '10s', 'wait')() })
  const { app, finished, runJob } = await startWith(skipping.definition, waiting.definition)
  const holder = await app.jobs.start(skipping.definition, {})
  await skipping.first()
  const late = await runJob(skipping.definition, {})
  expect(late).toMatchObject({ status: 'SUCCESS', result: { skipped: 'already running', job_id: holder.jobId } })

  const one = await app.jobs.start(waiting.definition, {})
  const first = await waiting.first()
  const two = await app.jobs.start(waiting.definition, {})
  first.end()
  await finished(startedJob(one))
  ;(await until(() => waiting.begun[1])).end()
  expect(await finished(startedJob(two))).toMatchObject({ status: 'SUCCESS' })
})

test('waiting for a lock uses no attempt', async () => {
  const { definition, first, begun } = heldJob('test.wait', { attempts: 1, lock: () => lock('wait', '10s', 'wait')() })
  const { app, finished } = await startWith(definition)
  await app.jobs.start(definition, {})
  const holder = await first()
  const late = await app.jobs.start(definition, {})
  await until(async () => (await app.queues.counts('quick')).delayed === 1)
  holder.end()
  ;(await until(() => begun[1])).end()
  expect(await finished(startedJob(late))).toMatchObject({ status: 'SUCCESS', attempts: 1 })
})

test('the heavy queue does one thing at a time and never holds up the quick one', async () => {
  const heavy = heldJob('test.heavy', { queue: 'heavy' })
  const quick = heldJob('test.quick')
  const { app, finished } = await startWith(heavy.definition, quick.definition)
  const one = await app.jobs.start(heavy.definition, {})
  const two = await app.jobs.start(heavy.definition, {})
  await heavy.first()
  const small = await app.jobs.start(quick.definition, {})
  ;(await quick.first()).end()
  await finished(startedJob(small))
  expect(heavy.begun).toHaveLength(1)
  heavy.begun[0]?.end()
  await finished(startedJob(one))
  ;(await until(() => heavy.begun[1])).end()
  await finished(startedJob(two))
})

test('a job the queue has lost is added again by the sweep', async () => {
  const { definition, first } = heldJob('test.lost')
  const { app, finished, clock } = await startWith(definition)
  const { jobId } = app.jobs.accept(app.db, definition, {}) // as if the process had died before it reached the queue
  clock.forward(60_000)
  expect(await app.jobs.sweep(30_000)).toBe(1)
  ;(await first()).end()
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS' })
})

redisTest('a run that is at work while Redis loses it is not begun beside itself once Redis is back', async () => {
  const redis = await startRedis()
  const { definition, begun, first } = heldJob('test.at_work')
  const { app, finished, clock } = await start({ REDIS_URL: redis.url }, undefined, { jobs: [definition] })
  const { jobId } = await app.jobs.start(definition, {})
  const { end } = await first()
  await app.redis?.flushall()
  const { jobId: waiting } = app.jobs.accept(app.db, definition, {})
  clock.forward(1)
  await app.jobs.sweep(0)
  ;(await until(() => begun[1])).end()
  expect(await finished({ job_id: waiting })).toMatchObject({ status: 'SUCCESS' })
  clock.forward(90_000)
  await app.jobs.sweep(60_000)
  expect(await app.queues.stateOf('quick', jobId)).toBeUndefined()
  end()
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS', attempts: 1 })
})

test('a run that was to wait while the clock was ahead does not wait until it is that time again', async () => {
  const { definition, begun, first } = heldJob('test.ahead')
  const { app, finished, clock } = await startWith(definition)
  clock.forward(7_200_000)
  const { jobId } = await app.jobs.start(definition, {}, { at: clock.now() + 60_000 })
  clock.forward(-7_200_000)
  expect(await app.jobs.sweep(0)).toBe(1)
  ;(await first()).end()
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS' })
  expect(await app.jobs.sweep(0)).toBe(0)
  expect(begun).toHaveLength(1)
})

test('a run whose failure could not be written down, as the disk was full, is not left waiting for its next attempt', async () => {
  const { definition, begun, first } = heldJob('test.full', { attempts: 3, backoff: '10m' })
  const { app, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  const { fail } = await first()
  app.db.$client.run('PRAGMA query_only = ON')
  fail(new Error('the disk is full'))
  await until(async () => (await app.queues.counts(definition.queue)).delayed === 1)
  app.db.$client.run('PRAGMA query_only = OFF')
  expect(await app.jobs.sweep(0)).toBe(1)
  ;(await until(() => begun[1])).end()
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'SUCCESS' })
})

test('the last failure of a run is written once the disk has room again', async () => {
  const { definition, begun, first } = heldJob('test.full_at_the_end', { attempts: 1 })
  const { app, finished, clock } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  const { fail } = await first()
  app.db.$client.run('PRAGMA query_only = ON')
  fail(new Error('out of luck'))
  await until(async () => (await app.queues.stateOf('quick', jobId)) !== 'active')
  app.db.$client.run('PRAGMA query_only = OFF')
  clock.forward(90_000)
  await app.jobs.sweep(60_000)
  ;(await until(() => begun[1])).fail(new Error('out of luck'))
  expect(await finished({ job_id: jobId })).toMatchObject({ status: 'FAILURE' })
})

test('a run that goes on after its end and its deletion logs nothing more, and the service goes on', async () => {
  const { definition, begun, first } = heldJob('test.lingering')
  const { app, finished } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  const { work, end } = await first()
  end()
  await finished({ job_id: jobId })
  await until(async () => (await app.queues.counts(definition.queue)).active === 0)
  app.db.delete(runs).run()
  work.log.info('still at it')
  await app.jobs.start(definition, {})
  const next = await until(() => begun[1])
  next.work.log.info('stored after the line before it')
  await until(() => app.db.select().from(runLog).get())
  next.end()
})

test('the event stream of a deleted job ends, and the service goes on', async () => {
  const { definition, first } = heldJob('test.gone')
  const { app, call } = await startWith(definition)
  const { jobId } = await app.jobs.start(definition, {})
  await first()
  const events = await call.raw(`/api/v1/jobs/${jobId}/events`)
  const reader = events.body!.getReader()
  await reader.read()
  app.db.delete(runs).run()
  while (!(await reader.read()).done);
  expect(await call.get('/api/v1/jobs')).toMatchObject({ jobs: [] })
})
