import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import { runs, runTotals, scheduleSlots, taskLocks } from '../db/schema.ts'
import { job } from '../src/context.ts'
import { sentenceOf } from '../src/monitor/tasks/sentence.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { every } from '../src/platform/jobs/scheduler.ts'
import { lock } from '../src/platform/jobs/task-locks.ts'
import { pagesOf } from './monitor-app.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { refusalOf, start, until } from './start.ts'

const monitor = '/admin/task-monitor'
const quietService = {
  rate: { lastHour: 0, usualPerHour: 0.2 },
  hasWorker: true,
  queueWorks: true,
  redisWorks: true,
  pausedQueues: [],
  waiting: { runs: 0, longestMs: 0 },
  alerts: [],
  orphanedLocks: 0,
}
const onTime = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ title: `task ${i}`, state: 'on time' as const, lateMs: 0 }))

test('the sentence at the top says how the service is, and names what is wrong', () => {
  const late = { title: 'score updates for pga', state: 'late', lateMs: 6 * minute } as const
  expect(sentenceOf({ ...quietService, tasks: [...onTime(13), late], rate: { lastHour: 9, usualPerHour: 3 } })).toEqual(
    {
      text: '13 of 14 tasks on time; score updates for pga 6 min late; failures 3 × usual.',
      tone: 'warn',
    },
  )
  expect(sentenceOf({ ...quietService, tasks: onTime(14) })).toEqual({
    text: 'All 14 tasks on time; nothing failed in the last hour.',
    tone: 'good',
  })
  expect(sentenceOf({ ...quietService, tasks: onTime(2), hasWorker: false, queueWorks: false }).text).toStartWith(
    'No worker runs; the queue cannot be reached; all 2 tasks on time',
  )
  expect(sentenceOf({ ...quietService, tasks: onTime(3), rate: { lastHour: 2, usualPerHour: null } }).text).toContain(
    '2 failures in the last hour',
  )
  expect(sentenceOf({ ...quietService, tasks: [...onTime(1), { ...late, state: 'paused' }] }).text).toContain(
    '; 1 paused.',
  )
})

test('the sentence is not green while something is wrong: alerts, waiting runs, a failing feed, an unreachable Redis', () => {
  const alert = { title: 'PGA is not being updated', severity: 'error' } as const
  expect(sentenceOf({ ...quietService, tasks: onTime(3), alerts: [alert, alert, alert] })).toEqual({
    text: '3 open errors: PGA is not being updated, PGA is not being updated and 1 more; all 3 tasks on time; nothing failed in the last hour.',
    tone: 'bad',
  })
  expect(sentenceOf({ ...quietService, tasks: onTime(3), alerts: [{ ...alert, severity: 'warning' }] })).toMatchObject({
    text: expect.stringMatching(/^1 open warning: /),
    tone: 'warn',
  })
  const waiting = { runs: 9, longestMs: 4 * minute }
  expect(sentenceOf({ ...quietService, tasks: onTime(3), queueWorks: false, waiting })).toMatchObject({
    text: expect.stringMatching(/^The queue cannot be reached; 9 runs wait, the longest for 4 min; /),
    tone: 'bad',
  })
  const failing = { title: 'score updates for pga', state: 'failing', lateMs: 12 * minute } as const
  expect(sentenceOf({ ...quietService, tasks: [...onTime(3), failing] })).toEqual({
    text: '3 of 4 tasks on time; score updates for pga have failed for 12 min; nothing failed in the last hour.',
    tone: 'warn',
  })
  expect(sentenceOf({ ...quietService, tasks: onTime(1), redisWorks: false })).toMatchObject({
    text: expect.stringContaining('Redis cannot be reached'),
    tone: 'warn',
  })
})

test('a task that fired while its run waits is late', async () => {
  const tick = job('test.tick', { once: () => 'tick', run: async () => null })
  const { app, call, clock } = await start({ ROLE: 'web' }, undefined, {
    jobs: [tick],
    schedule: [every('* * * * *', tick)],
  })
  const { jobId } = await app.jobs.start(tick, {})
  const now = clock.now()
  const firedAt = now - (now % minute)
  app.db
    .insert(scheduleSlots)
    .values({ entry: 'test.tick', slot: firedAt - 2 * minute, firedAt, jobId })
    .run()
  app.db.insert(scheduleSlots).values({ entry: 'test.tick', slot: firedAt, firedAt, jobId }).run()
  const { schedule } = await call.get(`${monitor}/json`)
  expect(schedule.find(({ name }: { name: string }) => name === 'test.tick')).toMatchObject({ state: 'late' })
})

/** A job that fails until the test lets it work, one that waits, and one in the schedule. */
function newTestJobs() {
  const state = { broken: true, release: () => {} }
  const released = new Promise<void>(resolve => {
    state.release = resolve
  })
  const brittle = job('test.brittle', {
    input: t.Object({ of: t.Integer(), token: t.Optional(t.String()) }),
    attempts: 1,
    async run({ of }, _, { log, progress }) {
      progress(50, 'half way')
      log.warn('It creaks', { of })
      if (state.broken) throw new Error(`It broke at ${of}`)
      return { of }
    },
  })
  const slow = job('test.slow', {
    queue: 'heavy',
    async run(_, __, { progress, signal }) {
      progress(37, 'reading', '12 rows')
      await Promise.race([released, new Promise(resolve => signal.addEventListener('abort', resolve))])
    },
  })
  const tick = job('test.tick', { run: async () => ({ ticked: true }) })
  return { state, brittle, slow, tick, jobs: [brittle, slow, tick], schedule: [every('0 5 1 1 *', tick)] }
}

async function startWithJobs(env = {}) {
  const { jobs, schedule, ...defined } = newTestJobs()
  const fieldhouse = await start(env, undefined, { jobs, schedule })
  const { call, runJob } = fieldhouse
  const now = () => call.get(`${monitor}/json`)
  const fail = async (count: number) => {
    for (let i = 0; i < count; i++) await runJob(defined.brittle, { of: i, token: 'abc123' })
  }
  const lastAudited = async () => (await call.get('/admin/audit/logs/json')).logs[0]
  return { ...fieldhouse, ...defined, now, fail, lastAudited }
}

test('the monitor shows the schedule with its last outcomes; entries are run now, paused with a reason and resumed', async () => {
  const { call, app, now, finished, lastAudited } = await startWithJobs()
  const tickTask = async () => (await now()).schedule.find(({ name }: { name: string }) => name === 'test.tick')
  expect(await tickTask()).toMatchObject({ state: 'on time', pattern: '0 5 1 1 *', outcomes: [], paused: null })
  const started = await call.post(`${monitor}/schedule/run`, { name: 'test.tick' })
  expect((await finished(started)).result).toEqual({ ticked: true })
  expect(await lastAudited()).toMatchObject({
    action: 'schedule.run',
    target: 'test.tick',
    user: 'operator',
    result: 'ok',
  })
  for (let i = 0; i < 25; i++)
    app.db
      .insert(scheduleSlots)
      .values({ entry: 'test.tick', slot: i * minute, firedAt: i, jobId: i === 24 ? started.job_id : null })
      .run()
  const { outcomes } = await until(async () => {
    const task = await tickTask() // the first answer may be a moment old
    return task.outcomes.length > 1 ? task : undefined
  })
  expect(outcomes).toHaveLength(20)
  expect(outcomes.at(-1)).toMatchObject({ status: 'SUCCESS', job_id: started.job_id, duration_ms: expect.any(Number) })
  expect(outcomes[0].status).toBe('SKIPPED')

  expect((await refusalOf(call.post(`${monitor}/schedule/pause`, { name: 'test.tick' }))).status).toBe(422)
  const pause = () =>
    call.post(`${monitor}/schedule/pause`, { name: 'test.tick', reason: 'The disk is being replaced' })
  await pause()
  expect((await refusalOf(pause())).problem.detail).toBe('test.tick is paused already')
  expect(await tickTask()).toMatchObject({
    state: 'paused',
    paused: { reason: 'The disk is being replaced', by: 'operator' },
  })
  expect((await now()).sentence).toContain('1 paused')
  await call.post(`${monitor}/schedule/resume`, { name: 'test.tick' })
  expect(await tickTask()).toMatchObject({ state: 'on time', paused: null })
  expect((await refusalOf(call.post(`${monitor}/schedule/resume`, { name: 'test.tick' }))).status).toBe(409)
  expect(await lastAudited()).toMatchObject({ action: 'schedule.resume', result: 'refused' })
  expect((await refusalOf(call.post(`${monitor}/schedule/run`, { name: 'nobody' }))).status).toBe(404)
})

test('a paused queue begins no job until it is resumed, and the monitor says that it is paused', async () => {
  const { call, app, now, slow, fail, lastAudited } = await startWithJobs()
  expect((await refusalOf(call.post(`${monitor}/queues/pause`, { name: 'nobody', reason: 'x' }))).status).toBe(422)
  await call.post(`${monitor}/queues/pause`, { name: 'heavy', reason: 'The disk is slow' })
  expect(await lastAudited()).toMatchObject({
    action: 'queue.pause',
    target: 'heavy',
    detail: { reason: 'The disk is slow' },
  })
  const again = call.post(`${monitor}/queues/pause`, { name: 'heavy', reason: 'Still slow' })
  expect((await refusalOf(again)).problem.detail).toBe('The queue heavy is paused already')
  const { jobId } = await app.jobs.start(slow, {})
  const { status_message } = await call.get(`/api/v1/jobs/status/${jobId}`)
  expect(status_message).toBe('Waits until an admin resumes its queue')
  await fail(1) // other queues go on
  const { sentence, queue } = await now()
  expect(sentence).toStartWith('The queue heavy is paused; ')
  expect(queue.queues.filter(({ paused }: { paused: boolean }) => paused)).toMatchObject([
    { name: 'heavy', waiting: 1, active: 0 },
  ])
  const page = await call.get('/admin/queue-inspect/part')
  const [, whoAndWhy] = page.match(/heavy <a href="([^"]*)"><span class="[^"]*">paused</) ?? []
  expect(await call.get(String(whoAndWhy).replace('&amp;', '&'))).toContain('The disk is slow')
  expect(page).toContain('/queues/resume')
  expect(page).toContain('Mails that have waited for 12 hours are not sent any more.')
  expect(await call.get('/metrics')).toContain('fieldhouse_queue_paused{queue="heavy"} 1')

  await call.post(`${monitor}/queues/resume`, { name: 'heavy' })
  const started = await until(async () => {
    const job = await call.get(`/api/v1/jobs/status/${jobId}`)
    return job.status === 'PROGRESS' && job
  })
  expect(started.status_message).not.toBe(status_message)
  expect((await call.get('/admin/queue-inspect/json')).paused).toEqual([])
  expect((await refusalOf(call.post(`${monitor}/queues/resume`, { name: 'heavy' }))).status).toBe(409)
  await call.delete(`/api/v1/jobs/cancel/${jobId}`)
})

test('running jobs are shown with their progress, and can be cancelled, which removes them from the list', async () => {
  const { call, app, now, slow, lastAudited, finished } = await startWithJobs()
  const { jobId } = await app.jobs.start(slow, {})
  const runningRow = async () => (await now()).running.find(({ job_id: id }: { job_id: string }) => id === jobId)
  const running = await until(async () => {
    const run = await runningRow()
    return run?.progress === 37 ? run : undefined
  })
  await app.jobs.start(slow, {}, { at: Date.now() + hour })
  const list = await call.get(`${monitor}/jobs?name=test.slow`)
  expect(list).toContain('data-elapsed') // how long it has been under way, ticking
  expect(list).toMatch(/due <time [^>]*data-relative/)
  expect(running).toMatchObject({ stage: 'reading', status_message: '12 rows', queue: 'heavy', status: 'PROGRESS' })
  const { queue } = await now()
  expect(queue).toMatchObject({ reachable: true, backend: 'sqlite' })
  expect(queue.runs.PROGRESS).toBeGreaterThanOrEqual(1) // jobs of the minute may run beside it
  expect(await call.post(`${monitor}/jobs/cancel`, { job_id: jobId })).toEqual({ job_id: jobId, done: 'cancel' })
  expect((await finished({ job_id: jobId })).status).toBe('CANCELLED')
  expect(await lastAudited()).toMatchObject({
    action: 'job.cancel',
    target: `job ${jobId}`,
    detail: { name: 'test.slow' },
  })
  await until(async () => !(await runningRow()))
  expect((await refusalOf(call.post(`${monitor}/jobs/cancel`, { job_id: jobId }))).status).toBe(409)
  expect(await lastAudited()).toMatchObject({ action: 'job.cancel', result: 'refused' })
})

test('failures that are the same are one group, tried again together with a report', async () => {
  const { app, call, clock, now, fail, state, finished, lastAudited } = await startWithJobs()
  await fail(3)
  app.db // one was booked two days ahead
    .update(runs)
    .set({ createdAt: clock.now() - 2 * day })
    .where(eq(runs.id, (await call.get('/api/v1/jobs?name=test.brittle')).jobs[0].job_id))
    .run()
  const [group] = (await now()).failures.groups
  expect(group).toMatchObject({ name: 'test.brittle', runs: 3, error: expect.stringMatching(/^It broke at \d$/) })
  state.broken = false
  const bulk = await call.post(`${monitor}/jobs/bulk`, {
    action: 'retry',
    status: 'FAILURE',
    name: group.name,
    fingerprint: group.fingerprint,
  })
  expect((await finished(bulk)).result).toEqual({
    action: 'retry',
    matched: 3,
    done: 3,
    skipped: 0,
    skipped_because: {},
    failed: 0,
    errors: [],
  })
  expect(await lastAudited()).toMatchObject({ action: 'jobs.retry', target: '3 jobs', user: 'operator', result: 'ok' })
  await until(async () => (await call.get('/api/v1/jobs?name=test.brittle&status=SUCCESS')).pagination.total === 3)
  expect((await refusalOf(call.post(`${monitor}/jobs/bulk`, { action: 'cancel', status: 'FAILURE' }))).status).toBe(422)
})

test('a job page shows its timeline, log, error and stack, and no secret', async () => {
  const { call, fail, state, finished } = await startWithJobs()
  await fail(1)
  const [{ job_id: id }] = (await call.get('/api/v1/jobs?name=test.brittle')).jobs
  const detail = await call.get(`${monitor}/jobs/${id}/json`)
  expect(detail).toMatchObject({
    status: 'FAILURE',
    input: { of: 0, token: '…' },
    error: 'It broke at 0',
    stack: expect.stringContaining('It broke at 0'),
    fingerprint: expect.any(String),
    log: [
      { level: 'info', message: 'half way', attempt: 1 },
      { level: 'warn', message: 'It creaks', facts: { of: 0 } },
      { level: 'error', message: 'It broke at 0' },
    ],
  })
  const page = await call.get(`${monitor}/jobs/${id}`)
  for (const part of ['half way', 'It creaks', 'Accepted', 'Began', 'Failed', 'Stack']) expect(page).toContain(part)
  expect(page).not.toContain('abc123')
  state.broken = false
  await call.post(`${monitor}/jobs/retry`, { job_id: id })
  expect((await finished({ job_id: id })).status).toBe('SUCCESS')
  expect(await call.get(`${monitor}/jobs/${id}`)).toMatch(/took [^<]+, usually /)
  expect((await refusalOf(call.post(`${monitor}/jobs/retry`, { job_id: id }))).status).toBe(409)
  await call.post(`${monitor}/jobs/remove`, { job_id: id })
  expect((await refusalOf(call.get(`${monitor}/jobs/${id}/json`))).status).toBe(404)
  expect((await refusalOf(call.post(`${monitor}/jobs/remove`, { job_id: id }))).status).toBe(404)
})

test('a job page counts the runs that failed for good like it, and its events end once it is removed', async () => {
  const { app, call, fail } = await startWithJobs()
  await fail(3)
  const [{ job_id: id }, { job_id: repaired }] = (await call.get('/api/v1/jobs?name=test.brittle')).jobs
  app.db.update(runs).set({ status: 'SUCCESS' }).where(eq(runs.id, repaired)).run() // as at a second attempt
  expect(await call.get(`${monitor}/jobs/${id}`)).toContain('2 runs failed the same way')
  const events = await call.raw(`${monitor}/jobs/${id}/events`)
  await call.post(`${monitor}/jobs/remove`, { job_id: id })
  expect(await events.text()).toContain('event: changed')
  expect((await call.raw(`${monitor}/jobs/${id}/events`)).status).toBe(404)
})

test('locks are shown with owner, age and time left, dead owners flagged; an admin releases them', async () => {
  const { call, app, now, clock, lastAudited } = await startWithJobs()
  const taken = await app.locks.take(lock('import', '10m', 'wait')(7))
  expect('fence' in taken).toBe(true)
  const at = clock.now()
  app.db
    .insert(taskLocks)
    .values({
      key: 'task_lock:import:dead',
      task: 'import',
      arguments: '8',
      owner: 'a-process-that-died',
      jobId: null,
      fence: 1,
      acquiredAt: at - hour,
      renewedAt: at,
      expiresAt: at + hour,
    })
    .run()
  const { locks, sentence } = await now()
  expect(locks).toMatchObject({ expired: 0, orphaned: 1 })
  expect(locks.active).toBeGreaterThanOrEqual(1) // the schedule may hold some too
  const [dead, mine] = locks.locks.filter(({ task }: { task: string }) => task === 'import')
  expect(dead).toMatchObject({ key: 'task_lock:import:dead', state: 'orphaned', owner_dead: true, arguments: '8' })
  expect(mine).toMatchObject({
    task: 'import',
    arguments: '7',
    state: 'held',
    owner_role: 'all',
    owner_pid: process.pid,
  })
  expect(mine.ttl_s).toBeGreaterThan(500)
  expect(sentence).toContain('a lock of a dead owner')
  await call.post(`${monitor}/locks/release`, { key: dead.key })
  expect(await lastAudited()).toMatchObject({ action: 'lock.release', target: dead.key, result: 'ok' })
  const left = (await now()).locks
  expect(left.orphaned).toBe(0)
  expect(left.locks).not.toContainEqual(expect.objectContaining({ key: dead.key }))
  expect(left.locks).toContainEqual(expect.objectContaining({ key: mine.key }))
  expect((await refusalOf(call.post(`${monitor}/locks/release`, { key: dead.key }))).status).toBe(404)
})

test('far more failures than usual raise an alert, but not in a new service', async () => {
  const { app, clock, now, fail } = await startWithJobs()
  await fail(6)
  expect((await now()).failures).toMatchObject({ last_hour: 6, usual_per_hour: null, times_usual: null })
  const start = clock.now() - (clock.now() % hour)
  for (let ago = 3; ago <= 160; ago++)
    app.db
      .insert(runTotals)
      .values({ unit: 'hour', start: start - ago * hour, status: 'FAILURE', runs: 2, totalMs: 1 })
      .run()
  const { failures, sentence } = await until(async () => {
    const view = await now()
    return view.failures.times_usual ? view : undefined
  })
  expect(failures.times_usual).toBeGreaterThan(2.9)
  expect(sentence).toContain('failures 3 × usual')
})

test('a run that takes far longer than usual raises an alert', async () => {
  const { app, clock, now } = await startWithJobs()
  const at = clock.now()
  const old = { queue: 'quick', input: {}, maxAttempts: 1, attempts: 1, name: 'test.tick' }
  for (let i = 0; i < 3; i++) {
    const [id, createdAt] = [`old-${i}`, at - day]
    app.db
      .insert(runs)
      .values({ ...old, id, status: 'PROGRESS', createdAt, startedAt: createdAt })
      .run()
    app.db
      .update(runs)
      .set({ status: 'SUCCESS', completedAt: createdAt + 50 })
      .where(eq(runs.id, id))
      .run()
  }
  app.db
    .insert(runs)
    .values({ ...old, id: 'long', status: 'PROGRESS', createdAt: at, startedAt: at - 2 * minute })
    .run()
  const { schedule, sentence } = await now()
  expect(schedule.find(({ name }: { name: string }) => name === 'test.tick')).toMatchObject({
    state: 'too long',
    running_job_id: 'long',
    usual_ms: 50,
  })
  expect(sentence).toContain('test tick takes longer than usual')
})

test('lists are exported as they are filtered, cells that look like formulas as text', async () => {
  const { call, app, fail } = await startWithJobs()
  await fail(2)
  app.db.update(runs).set({ error: '=HYPERLINK("http://x")' }).where(eq(runs.name, 'test.brittle')).run()
  const csv = await call.raw(`${monitor}/jobs.csv?name=test.brittle&status=FAILURE`)
  expect(csv.headers.get('content-disposition')).toContain('fieldhouse-jobs.csv')
  const lines = (await csv.text()).trim().split('\r\n')
  expect(lines).toHaveLength(3)
  expect(lines[0]).toContain('job_id,name,status')
  expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"")"`)
  expect(await call.get(`${monitor}/jobs.json?name=test.brittle`)).toHaveLength(2)
  expect(await call.get(`${monitor}/jobs.json?name=nothing`)).toEqual([])
  expect((await call.get('/admin/audit/logs.csv')).split('\r\n')[0]).toContain('action')
})

redisTest('with Redis dead the monitor still renders, and says so', async () => {
  const redis = await startRedis()
  const { call, now } = await startWithJobs({ REDIS_URL: redis.url })
  const queue = await until(async () => {
    const { queue } = await now()
    return queue.reachable && queue
  })
  expect(queue.backend).toBe('redis')
  await redis.stop()
  const unreachable = await until(async () => {
    const seen = await now()
    return seen.queue.reachable ? undefined : seen
  })
  expect(unreachable).toMatchObject({ status: 'bad', sentence: expect.stringContaining('The queue cannot be reached') })
  const page = await call.get(monitor)
  expect(page).toContain('The queue (redis) does not answer')
  expect(page).toContain('Scheduled tasks')
  const headers = { accept: 'text/html' }
  for (const path of pagesOf({ user: '', job: '' })) expect((await call.raw(path, { headers })).status).toBe(200)
  expect((await refusalOf(call.get('/admin/queue-inspect'))).problem.detail).toStartWith(
    'The queue (redis) does not answer',
  )
  for (const action of ['pause', 'resume']) {
    const refusal = await refusalOf(call.post(`${monitor}/queues/${action}`, { name: 'heavy', reason: 'x' }))
    expect(refusal).toMatchObject({ status: 503, problem: { detail: 'The queue cannot be reached' } })
  }
  expect(await call.get('/admin/monitoring/cache')).toContain('Redis does not answer')
  expect(await call.get('/admin/monitoring/')).toContain('the service is degraded')
  await redis.restart()
  await until(async () => (await now()).queue.reachable)
})
