import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import { type RunState, runLog, runs } from '../db/schema.ts'
import { raiseAlert } from '../src/alerts.ts'
import { type App, job } from '../src/context.ts'
import { rounds } from './needs.ts'
import { refusalOf, start, until } from './start.ts'

const monitor = '/admin/task-monitor'
const bulkCount = rounds(300, 3_000)

/** Finished runs of a job, all by one statement because they are many; every hundredth has another fingerprint. */
function manyRuns({ db }: App, name: string, status: RunState, count = bulkCount): void {
  const at = Date.now() - 1_000_000
  const given = JSON.stringify(
    Array.from({ length: count }, (_, i) => ({
      id: Bun.randomUUIDv7('hex', at + i),
      input: { of: i, token: 'abc123' },
      ...(status === 'FAILURE' && { error: `It broke at ${i}`, fingerprint: i % 100 === 7 ? 'odd' : 'usual' }),
    })),
  )
  db.$client.transaction(() => {
    db.$client.run(
      `insert into runs (id, name, queue, status, input, attempts, max_attempts, created_at, started_at, completed_at)
       select value->>'id', ?, 'quick', 'PROGRESS', value->'input', 1, 1, ? + key, ? + key, ? + key + 5 from json_each(?)`,
      [name, at, at, at, given],
    )
    db.$client.run(
      `update runs set status = ?, error = given.value->>'error', fingerprint = given.value->>'fingerprint'
       from json_each(?) given where runs.id = given.value->>'id'`,
      [status, given],
    )
    db.$client.run(
      `insert into run_log (run_id, at, attempt, level, message)
       select value->>'id', ?, 1, 'info', 'half way' from json_each(?) where key % 10 = 0`,
      [at, given],
    )
  })()
}

async function startWithBulk() {
  const done = new Set<number>()
  const brittle = job('test.brittle', {
    input: t.Object({ of: t.Integer(), token: t.String() }),
    attempts: 1,
    run: async ({ of }) => {
      done.add(of)
    },
  })
  const fieldhouse = await start({}, undefined, { jobs: [brittle] })
  const { call, finished } = fieldhouse
  const bulk = async (body: object) => finished(await call.post(`${monitor}/jobs/bulk`, body))
  const count = async (query: string) => (await call.get(`/api/v1/jobs?name=test.brittle&${query}`)).pagination.total
  const audited = async (action: string) => (await call.get(`/admin/audit/logs/json?action=${action}`)).logs
  return { ...fieldhouse, done, bulk, count, audited }
}

test('very many failed jobs are tried again by one request, with a report that is right', async () => {
  const { app, bulk, count, done, audited } = await startWithBulk()
  manyRuns(app, 'test.brittle', 'FAILURE')
  manyRuns(app, 'test.other', 'FAILURE', 40)
  const { status, result } = await bulk({ action: 'retry', status: 'FAILURE', name: 'test.brittle' })
  expect(status).toBe('SUCCESS')
  const nothingElse = { skipped: 0, skipped_because: {}, failed: 0, errors: [] }
  expect(result).toEqual({ action: 'retry', matched: bulkCount, done: bulkCount, ...nothingElse })
  await until(async () => (await count('status=SUCCESS')) === bulkCount, 60_000)
  expect(done.size).toBe(bulkCount)
  const others = app.db.select().from(runs).where(eq(runs.name, 'test.other')).all()
  expect(others.every(run => run.status === 'FAILURE')).toBe(true)

  const [requested] = await audited('jobs.bulk')
  expect(requested).toMatchObject({ user: 'operator', target: 'retry', result: 'ok', detail: { name: 'test.brittle' } })
  const [reported] = await audited('jobs.retry')
  expect(reported).toMatchObject({
    user: 'operator',
    target: `${bulkCount} jobs`,
    result: 'ok',
    detail: { done: bulkCount },
  })
  expect(JSON.stringify([requested, reported])).not.toContain('abc123')
})

test('all that match are removed with their logs, and nothing else', async () => {
  const { app, call, bulk, count, audited } = await startWithBulk()
  manyRuns(app, 'test.brittle', 'FAILURE')
  manyRuns(app, 'test.brittle', 'SUCCESS', 25)
  expect(await call.get(`${monitor}/jobs.csv?name=test.brittle`)).not.toContain('abc123')
  const odd = { action: 'remove', status: 'FAILURE', name: 'test.brittle', fingerprint: 'odd' }
  expect((await bulk(odd)).result).toMatchObject({ matched: bulkCount / 100, done: bulkCount / 100 })
  const searched = { action: 'remove', status: 'FAILURE', name: 'test.brittle', q: `broke ${bulkCount - 1}` }
  expect((await bulk(searched)).result).toMatchObject({ matched: 1, done: 1, failed: 0 })
  const remaining = bulkCount - bulkCount / 100 - 1
  expect(await count('status=FAILURE')).toBe(remaining)
  expect((await bulk({ action: 'remove', status: 'FAILURE' })).result).toMatchObject({
    matched: remaining,
    done: remaining,
  })
  expect([await count('status=FAILURE'), await count('status=SUCCESS')]).toEqual([0, 25])
  const logged = app.db.selectDistinct({ runId: runLog.runId }).from(runLog).all()
  const existing = new Set(
    app.db
      .select({ id: runs.id })
      .from(runs)
      .all()
      .map(({ id }) => id),
  )
  expect(logged.filter(({ runId }) => !existing.has(runId))).toEqual([])
  expect((await audited('jobs.remove')).map(({ target }: { target: string }) => target)).toEqual([
    `${remaining} jobs`,
    '1 job',
    `${bulkCount / 100} jobs`,
  ])
})

test('a bulk action is stopped half way: what was done stays done, and the report says how much', async () => {
  const { app, call, finished, count, audited } = await startWithBulk()
  const more = 3_000 // to be in the middle of when the cancel comes
  manyRuns(app, 'test.brittle', 'FAILURE', more)
  const { job_id } = await call.post(`${monitor}/jobs/bulk`, { action: 'retry', status: 'FAILURE' })
  await until(async () => (await call.get(`/api/v1/jobs/status/${job_id}`)).progress > 5)
  await call.post(`${monitor}/jobs/cancel`, { job_id })
  expect((await finished({ job_id })).status).toBe('CANCELLED')
  const [{ detail, result }] = await until(async () => {
    const found = await audited('jobs.retry')
    return found.length ? found : undefined
  })
  expect(result).toBe('failed')
  expect(detail.done).toBeGreaterThan(0)
  expect(detail.done).toBeLessThan(more)
  expect(await count('status=FAILURE')).toBe(more - detail.done)
})

test('runs of a job that no longer exists are listed in the report, and stay unchanged', async () => {
  const { app, call, bulk } = await startWithBulk()
  manyRuns(app, 'test.gone', 'FAILURE', 30)
  const { result, status_message } = await bulk({ action: 'retry', status: 'FAILURE', name: 'test.gone' })
  expect(status_message).toBe('0 of 30 jobs done, 30 failed')
  expect(result).toMatchObject({ matched: 30, done: 0, skipped: 0, failed: 30 })
  expect(result.errors).toHaveLength(20)
  expect(result.errors[0]).toContain('No job is called test.gone any more')
  const { jobs } = await call.get('/api/v1/jobs?name=test.gone&status=FAILURE')
  const { status } = await refusalOf(call.post(`${monitor}/jobs/retry`, { job_id: jobs[0].job_id }))
  expect(status).toBe(409)
  expect((await call.get('/api/v1/jobs?name=test.gone&status=FAILURE')).pagination.total).toBe(30)
})

test('an action on all jobs has to be confirmed with their count, and alerts of removed jobs are resolved', async () => {
  const { app, call, bulk, clock } = await startWithBulk()
  manyRuns(app, 'test.brittle', 'FAILURE', 3)
  const alert = { type: 'job_failed', severity: 'error', title: 'test.brittle failed', message: 'It broke' } as const
  raiseAlert(app.db, clock.now(), { ...alert, key: 'job_failed:test.brittle:usual' })
  const { problem } = await refusalOf(call.post(`${monitor}/jobs/bulk`, { action: 'remove' }))
  expect(problem.errors).toMatchObject([{ path: 'confirm', message: expect.stringMatching(/all \d+ jobs/) }])
  expect((await refusalOf(call.post(`${monitor}/jobs/bulk`, { action: 'remove', confirm: 1 }))).status).toBe(422)
  expect((await refusalOf(call.post(`${monitor}/jobs/bulk`, { action: 'remove', q: ' ' }))).status).toBe(422)
  for (const field of ['from', 'to']) {
    const noDay = await refusalOf(call.post(`${monitor}/jobs/bulk`, { action: 'remove', [field]: '2026-02-31' }))
    expect(noDay.problem.errors).toMatchObject([{ path: field }])
  }
  const { result } = await bulk({ action: 'remove', confirm: 1_000 })
  expect(result.done).toBeGreaterThanOrEqual(3)
  expect((await call.get('/admin/monitoring/alerts/json?type=job_failed')).alerts).toEqual([])
})
