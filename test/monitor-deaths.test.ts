/** Reports about processes that died: on their runs, in alerts, after the restart. */
import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { type processes, runs, processes as table } from '../db/schema.ts'
import { type App, job } from '../src/context.ts'
import { checkConditions } from '../src/monitor/alerts/check-conditions.ts'
import { reportDeadProcesses } from '../src/monitor/processes.ts'
import { refusalOf, shared, start, temporaryFolder, until } from './start.ts'

const alerts = '/admin/monitoring/alerts'
const steady = job('test.steady', { run: async () => 'done' })

/** A process that died without being stopped. */
function insertDeadProcess({ db, clock }: App, id: string, more: Partial<typeof processes.$inferInsert> = {}) {
  db.insert(table)
    .values({ id, role: 'worker', host: 'barn', pid: 4711, version: '1.0.0', startedAt: clock.now(), ...more })
    .run()
}

/** A run that was under way in a process when it died. */
async function runUnderWay(app: App, process: string, deaths = 0): Promise<string> {
  const { jobId } = await app.jobs.start(steady, {}, { at: app.clock.now() + 3_600_000 })
  app.db
    .update(runs)
    .set({ status: 'PROGRESS', startedAt: app.clock.now(), attempts: deaths + 1, process, deaths, notBefore: null })
    .where(eq(runs.id, jobId))
    .run()
  return jobId
}

const web = shared(async () => {
  const { app, call, as } = await start({ ROLE: 'web' }, undefined, { jobs: [steady] })
  insertDeadProcess(app, 'dead')
  return { app, call, as }
})

test('a running job whose process died says so, and when it is run again', async () => {
  const { app, call } = await web()
  const id = await runUnderWay(app, 'dead')
  const waitingMessage = 'Its worker (worker, pid 4711 on barn) died; it is run again as soon as a worker runs'
  expect(await call.get(`/api/v1/jobs/status/${id}`)).toMatchObject({
    status: 'PROGRESS',
    status_message: waitingMessage,
  })
  expect(await call.get(`/admin/task-monitor/jobs/${id}`)).toContain(waitingMessage)
  expect((await call.get('/admin/task-monitor/json')).running).toMatchObject([
    { job_id: id, status_message: waitingMessage },
  ])
})

test('a job whose process died is cancelled at once', async () => {
  const { app, call } = await web()
  const id = await runUnderWay(app, 'dead')
  expect(await call.delete(`/api/v1/jobs/cancel/${id}`)).toMatchObject({ status: 'CANCELLED' })
  expect((await refusalOf(call.delete(`/api/v1/jobs/cancel/${id}`))).status).toBe(409)
})

test('a job that a live process runs says that it was asked to stop', async () => {
  const { app, call } = await web()
  const id = await runUnderWay(app, app.processId)
  expect(await call.delete(`/api/v1/jobs/cancel/${id}`)).toMatchObject({
    status: 'PROGRESS',
    status_message: 'It was asked to stop and will within 2 s',
  })
})

test('the deaths of its workers count as attempts; a job that kills them is not run for ever, and its error says why', async () => {
  const folder = temporaryFolder()
  const first = await start({ ROLE: 'web' }, folder, { jobs: [steady] })
  const [diedOnce, diedThrice] = [await runUnderWay(first.app, 'dead'), await runUnderWay(first.app, 'dead', 2)]
  await first.stop()
  const { app, call } = await start({}, folder, { jobs: [steady] })
  for (const id of [diedOnce, diedThrice]) await app.queues.remove('quick', id)
  await app.jobs.sweep(0)
  const untilEnded = (id: string) =>
    until(async () => {
      const view = await call.get(`/admin/task-monitor/jobs/${id}/json`)
      return view.completed_at ? view : undefined
    })
  expect(await untilEnded(diedOnce)).toMatchObject({ status: 'SUCCESS', attempts: 2, worker_deaths: 1 })
  const error = 'Its process died 3 times while it ran, so it is not retried automatically'
  expect(await untilEnded(diedThrice)).toMatchObject({
    status: 'FAILURE',
    attempts: 3,
    worker_deaths: 3,
    error,
    stack: null,
  })
  expect((await call.get(`${alerts}/json?type=job_failed`)).alerts).toMatchObject([{ message: error }])
  expect(await call.get(`/admin/task-monitor/jobs/${diedThrice}`)).toContain('its process died 3 times')
})

test('a crash raises one alert after the restart, which resolves itself', async () => {
  const folder = temporaryFolder()
  const first = await start({}, folder)
  insertDeadProcess(first.app, 'killed', { role: 'all' })
  await first.stop()
  const { app, call, clock } = await start({}, folder)
  const activeAlerts = async () => (await call.get(`${alerts}/json?type=process_died`)).alerts
  expect(await activeAlerts()).toMatchObject([
    { title: 'A process (all) ended without stopping', message: expect.stringContaining('Pid 4711 on barn'), count: 1 },
  ])
  await reportDeadProcesses(app)
  expect(await activeAlerts()).toMatchObject([{ count: 1 }])
  clock.forward(2 * 3_600_000)
  for (const _ of [1, 2]) await checkConditions(app)
  expect(await activeAlerts()).toEqual([])
})

test('people whom too many attempts lock out are named in the alert, and an admin lets them in', async () => {
  const { app, call, as } = await web()
  const [email, password] = ['ann@example.org', 'long enough for all']
  const ann = await call.post('/api/v1/users', { email, username: 'Ann', password, role: 'member' })
  const signIn = (password: string) => as().post('/api/v1/auth/login', { email, password })
  for (let i = 0; i < 11; i++) await refusalOf(signIn('wrong wrong wrong'))
  expect((await refusalOf(signIn(password))).status).toBe(429)
  const activeAlerts = async () => (await call.get(`${alerts}/json?type=security`)).alerts
  expect(await activeAlerts()).toMatchObject([
    { message: expect.stringContaining('Ann cannot sign in'), state: 'active' },
  ])
  await checkConditions(app)
  expect(await activeAlerts()).toHaveLength(1)
  expect(await call.get(alerts)).toContain('Unlock Ann')
  expect((await refusalOf(as().post(`/api/v1/users/${ann.id}/unlock`))).status).toBe(401)
  expect(await call.post(`/api/v1/users/${ann.id}/unlock`)).toEqual({ id: ann.id, was_locked: true })
  expect(await activeAlerts()).toEqual([])
  await signIn(password)
})
