/** Jobs in the monitor: what they are about, search, bulk actions, and when a retry helps. */
import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import { auditLog, queueMinutes, runs } from '../db/schema.ts'
import { job } from '../src/context.ts'
import { refuse } from '../src/errors.ts'
import { importUpload } from '../src/leagues/sheets/import-job.ts'
import { openDepthRecorder } from '../src/monitor/process-monitor.ts'
import { subjectsOf } from '../src/monitor/tasks/run-subjects.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, shared, start } from './start.ts'
import { visitor } from './visitor.ts'

const monitor = '/admin/task-monitor'
const jobs = `${monitor}/jobs`

const broken = job('test.broken', {
  input: t.Object({ n: t.Integer() }),
  attempts: 1,
  run: async () => {
    throw new Error('It broke')
  },
})
const refused = job('test.refused', {
  attempts: 1,
  run: async () => refuse('invalid', 'There is no id column'),
})
const full = job('test.full', {
  attempts: 1,
  run: async () => refuse('storage_full', 'The disk is full'),
})
const mail = job('test.mail', { input: t.Object({ userId: t.Integer(), tour: t.String() }), run: async () => 'sent' })

const olga = { email: 'olga@x.test', username: 'Olga', password: 'long enough for all', role: 'officer' }

const link = (path: string, name: string) => `<a href="${path}"><bdi class="name">${name}</bdi></a>`

/** A league whose officer Olga has sent a file, and jobs that fail in different ways. */
const startedJobs = shared(async () => {
  const fieldhouse = await start({}, undefined, { jobs: [broken, refused, full, mail] })
  const { call, app, finished, runJob, url } = fieldhouse
  const { id: olgaId } = await call.post('/api/v1/users', olga)
  const browser = visitor(url)
  await browser.post('/api/v1/auth/login', olga)
  const { key } = await browser.post('/api/v1/keys', { name: 'sheets', role: 'officer' })
  const asOlga = fieldhouse.as(key)
  const { id: league } = await newLeague(call, {}, 'Northern Alliance')
  const imported = await finished(upload(asOlga, league, 'ID,Name,Power\n1,ann,5\n', {}, 'march-5.csv'))
  const { jobId: refusedId } = await app.jobs.start(refused, {}, { by: olgaId })
  await finished({ job_id: refusedId })
  const ids: Record<'sheet' | 'broken' | 'refused' | 'full' | 'mail', string> = {
    sheet: imported.job_id,
    broken: (await runJob(broken, { n: 1 })).job_id,
    refused: refusedId,
    full: (await runJob(full, {})).job_id,
    mail: (await runJob(mail, { userId: olgaId, tour: 'gone' })).job_id,
  }
  return { ...fieldhouse, ids, league, olgaId, asOlga }
})

test('the counts of a person open the jobs they started, those that failed, and their keys', async () => {
  const { call, olgaId } = await startedJobs()
  const page = await call.get(`/admin/users/${olgaId}`)
  const { jobs_started, jobs_failed } = await call.get(`/api/v1/users/${olgaId}/stats`)
  for (const [query, count, text] of [
    ['user=Olga', jobs_started, jobs_started],
    ['user=Olga&status=FAILURE', jobs_failed, `${jobs_failed} failed`],
  ]) {
    expect(page).toContain(`<a href="${jobs}?${query.replace('&', '&amp;')}">${text}</a>`)
    expect((await call.get(`${jobs}/json?${query}`)).pagination.total).toBe(count)
  }
  expect(page).toContain('<a href="#keys">1</a>')
  expect(page).toContain('Revoke the key sheets?')
})

test('a job says what it is about and by whom, each with its page', async () => {
  const { app, call, ids, league, olgaId } = await startedJobs()
  const sheet = await call.get(`${jobs}/${ids.sheet}/json`)
  expect(sheet).toMatchObject({
    started_by_name: 'Olga',
    about: [
      { kind: 'file', name: 'march-5.csv', path: `/leagues/${league}/uploads/1` },
      { kind: 'league', name: 'Northern Alliance', path: `/leagues/${league}` },
    ],
  })
  for (const { path } of sheet.about) expect((await call.raw(path)).status).toBe(200)
  const list = await call.get(`${jobs}?name=sheets.import`)
  expect(list).toContain(link(`/leagues/${league}/uploads/1`, 'march-5.csv'))
  expect(list).toContain(link(`/admin/users/${olgaId}`, 'Olga'))
  const page = await call.get(`${jobs}/${ids.sheet}`)
  expect(page).toContain(
    `<dt>About</dt><dd>${link(`/leagues/${league}/uploads/1`, 'march-5.csv')}, ${link(`/leagues/${league}`, 'Northern Alliance')}</dd>`,
  )
  expect(page).toContain(`<dt>Started by</dt><dd>${link(`/admin/users/${olgaId}`, 'Olga')}</dd>`)
  // Deleted things are not named; a job that no user started says so.
  expect((await call.get(`${jobs}/${ids.mail}/json`)).about).toEqual([
    { kind: 'person', name: 'Olga', path: `/admin/users/${olgaId}` },
  ])
  const { id: pat } = await call.post('/api/v1/users', { ...olga, email: 'pat@x.test', username: 'Pat' })
  const aboutPat = app.db.select().from(runs).limit(1).all()
  for (const run of aboutPat) run.input = { userId: pat }
  expect([...subjectsOf(app.db, aboutPat).values()].flat()).toMatchObject([{ name: 'Pat' }])
  await call.delete(`/api/v1/users/${pat}`)
  expect([...subjectsOf(app.db, aboutPat).values()].flat()).toEqual([])
  expect((await call.get(`${jobs}/${ids.broken}/json`)).started_by_name).toBeNull()
})

test('jobs are found by who started them, by the file they took, and by when', async () => {
  const { call, ids, clock } = await startedJobs()
  const found = async (query: string) =>
    (await call.get(`${jobs}/json?${query}`)).jobs.map(({ job_id }: { job_id: string }) => job_id)
  expect(await found('user=olga')).toEqual([ids.refused, ids.sheet])
  expect(await found('user=olga&q=march')).toEqual([ids.sheet])
  expect(await found('user=olga&q=no-march')).toEqual([])
  expect(await found('file=ch-5')).toEqual([ids.sheet])
  expect(await found('file=ch_5')).toEqual([])
  const today = new Date(clock.now()).toISOString().slice(0, 10)
  expect(await found(`from=${today}&to=${today}&file=march`)).toEqual([ids.sheet])
  const before = new Date(clock.now() - day).toISOString()
  expect(await found(`to=${before.slice(0, 16)}`)).toEqual([])
  expect(await found(`from=${before.slice(0, 19)}Z&name=test.full`)).toEqual([ids.full])
  const east = new Date(clock.now() + 5 * hour).toISOString().slice(0, 16)
  expect(await found(`from=${encodeURIComponent(`${east}+14:00`)}&name=test.full`)).toEqual([ids.full])
  expect(await found(`from=${encodeURIComponent(`${east}-01:00`)}&name=test.full`)).toEqual([])
  const page = await call.get(`${jobs}?user=olga&from=${today}`)
  expect(page).toContain('<label class="datetime-local">From, in UTC')
  expect(page).toContain(`value="${today}T00:00"`)
  expect(await call.get(`${jobs}?to=${today}`)).toContain(`name="to" value="${today}T23:59"`)
  for (const query of ['from=yesterday', `from=${today}T25:00`, 'to=2026-02-31'])
    expect((await refusalOf(call.get(`${jobs}/json?${query}`))).status).toBe(422)
})

test('a retry is offered where it can help; elsewhere the reason against it is shown', async () => {
  const { call, ids, as, asOlga, finished } = await startedJobs()
  const view = (id: string) => call.get(`/api/v1/jobs/status/${id}`)
  expect(await view(ids.broken)).toMatchObject({ can_retry: true, no_retry_reason: null })
  expect(await view(ids.full)).toMatchObject({ can_retry: true, no_retry_reason: null })
  expect(await view(ids.sheet)).toMatchObject({ can_retry: false, no_retry_reason: null })
  const reason = 'It was refused for what it was given: tried again, it would be refused again'
  expect(await view(ids.refused)).toMatchObject({ can_retry: false, no_retry_reason: reason })
  for (const refused of [
    refusalOf(call.post(`${jobs}/retry`, { job_id: ids.refused })),
    refusalOf(asOlga.post(`/api/v1/jobs/${ids.refused}/retry`)),
  ])
    expect(await refused).toMatchObject({ status: 409, problem: { detail: reason } })
  expect(await refusalOf(as().post(`/api/v1/jobs/${ids.refused}/retry`))).toMatchObject({ status: 401 })
  const selection = { action: 'retry', ids: [ids.refused, ids.sheet] }
  const notFailed = 'Only a failed or cancelled job can be tried again'
  expect((await finished(await call.post(`${jobs}/bulk`, selection))).result).toMatchObject({
    done: 0,
    skipped: 2,
    skipped_because: { [reason]: 1, [notFailed]: 1 },
  })
  const page = await call.get(`${jobs}/${ids.refused}`)
  expect(page).toContain(`No retry is offered: ${reason}.`)
  expect(page).not.toContain('>Retry<span')
  expect(await call.get(`${jobs}/${ids.broken}`)).toContain('>Retry<span')
  const tasks = await call.get(monitor)
  const groupOf = (name: string) => tasks.match(new RegExp(`<tr id="failure-${name}-.*?</tr>`, 's'))?.[0]
  expect(groupOf('test-refused')).toContain('refused: a retry would be refused again')
  expect(groupOf('test-refused')).not.toContain('<button')
  expect(groupOf('test-full')).toContain('>Retry<span')
})

test('a deleted file is not imported again; the page says to upload it again', async () => {
  const { call, app, league, runJob } = await startedJobs()
  const { job_id, status } = await runJob(importUpload, { uploadId: 99, leagueId: league })
  expect(status).toBe('SUCCESS')
  app.db.update(runs).set({ status: 'CANCELLED' }).where(eq(runs.id, job_id)).run()
  expect((await call.get(`/api/v1/jobs/status/${job_id}`)).no_retry_reason).toBe(
    'Its file was removed when it ended; upload it again',
  )
})

test('an action on selected jobs is confirmed on a page that names and counts them, works without script, and is audited', async () => {
  const { call, app, ids, as, finished, runJob } = await startedJobs()
  const { job_id: other, status } = await runJob(broken, { n: 2 })
  expect(status).toBe('FAILURE')
  expect(await call.get(jobs)).toContain(`<input type="checkbox" name="id" value="${other}" form="ticked"`)
  const send = (by: ReturnType<typeof as>, fields: string[][]) =>
    by.raw(`${jobs}/selected`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) })
  const removedSince = Array.from({ length: 400 }, () => Bun.randomUUIDv7()) // too many for an address
  const all = [ids.broken, other, ids.refused, ...removedSince].map(id => ['id', id])
  const page = await (await send(call, [['action', 'retry'], ...all])).text()
  expect(page).toContain('<h1>Retry 3 jobs?</h1>')
  expect(page).toContain('<button type="submit" class="">Retry 2 jobs</button>')
  expect(page).toContain('it would be refused again')
  expect([...page.matchAll(/<input type="hidden" name="id" value="([^"]+)"/g)].map(([, id]) => id)).toEqual([
    ids.broken,
    other,
  ])
  const confirmed = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]+)"/g)].map(([, ...pair]) => pair)
  expect((await send(as(), confirmed)).status).toBe(401)
  const answer = await send(call, confirmed)
  expect(answer.status).toBe(303)
  const report = answer.headers.get('location')?.split('/').at(-1) ?? ''
  expect(await finished({ job_id: report })).toMatchObject({
    status: 'SUCCESS',
    result: { action: 'retry', matched: 2, done: 2, skipped: 0, failed: 0 },
  })
  const audited = app.db.select().from(auditLog).where(eq(auditLog.action, 'jobs.retry')).all()
  expect(audited.at(-1)).toMatchObject({ target: '2 jobs', detail: { ids: [ids.broken, other], done: 2 } })
  const nothing = await send(call, [
    ['action', 'cancel'],
    ['id', ids.sheet],
  ])
  expect(await nothing.text()).toContain('Nothing to cancel')
  expect((await refusalOf(call.post(`${jobs}/bulk`, { action: 'remove', ids: [] }))).status).toBe(422)
})

test('Jobs shows how many ended in each hour, and how much waited and ran', async () => {
  const { call, app, clock } = await startedJobs()
  const now = clock.now()
  const at = now - (now % (30 * minute)) - hour
  for (const [i, waiting] of [3, 9, 4].entries())
    app.db
      .insert(queueMinutes)
      .values({ minute: at + i * minute, waiting, running: i })
      .run()
  await app.jobs.start(mail, { userId: 0, tour: '' }, { at: now + day })
  await openDepthRecorder(app)()
  const { over_time } = await call.get(`${jobs}/json?name=test.full`)
  expect(over_time.hours).toHaveLength(24)
  expect(over_time.hours.reduce((sum: number, { failed }: { failed: number }) => sum + failed, 0)).toBe(1)
  expect(over_time.depth).toContainEqual({ at: new Date(at).toISOString(), waiting: 9, running: 2 })
  expect(over_time.depth.at(-1)).toMatchObject({ waiting: 0 })
  expect((await call.get(`${jobs}/json?user=olga`)).over_time).toBeNull()
  const page = await call.get(jobs)
  expect(page).toContain('Runs that ended in an hour')
  expect(page).toContain('The most that waited and ran at a time')
})
