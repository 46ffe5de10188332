import { expect, test } from 'bun:test'
import { base, type Call, createPerson, createSite } from './rosters.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, start, until } from './start.ts'
import { visitor } from './visitor.ts'

const status = (call: Call, { job_id }: { job_id: string }) => call.get(`/api/v1/jobs/status/${job_id}`)
const cancel = (call: Pick<Call, 'delete'>, { job_id }: { job_id: string }) =>
  call.delete(`/api/v1/jobs/cancel/${job_id}`)

/** Two sites whose rosters take the solver long, and functions to request them. */
async function startWithLongRosters() {
  const fieldhouse = await start()
  const { call } = fieldhouse
  for (let n = 0; n < 40; n++) await createPerson(call, `Person ${n}`, { hourly_cents: 1200 + 37 * (n % 11) })
  const sites = [await createSite(call, 'Hall', 'UTC'), await createSite(call, 'Pool', 'UTC')]
  for (const site of sites)
    for (const [from, to] of [
      ['06:00', '13:00'],
      ['09:30', '17:00'],
      ['12:00', '20:00'],
      ['19:00', '23:30'],
    ])
      await call.post(`${base}/shifts/pattern`, {
        site_id: site.id,
        start_date: '2026-03-23',
        end_date: '2026-05-03',
        weekdays: [1, 2, 3, 4, 5, 6, 7],
        from,
        to,
        headcount: 3,
      })
  const [hall, pool] = sites.map(({ id }) => id as number)
  const generate = (site_ids: number[], caller: Pick<Call, 'post'> = call) =>
    caller.post('/api/v1/jobs/roster/generate', {
      start_date: '2026-03-23',
      end_date: '2026-05-03',
      site_ids,
      algorithm: 'optimal',
      budget_s: 300,
    })
  /** It has a first roster, which is kept as a draft when it is cancelled. */
  const isRunning = (job: { job_id: string }) =>
    until(async () => (await status(call, job)).status_message?.includes('; best '))
  return { ...fieldhouse, hall: hall ?? 0, pool: pool ?? 0, generate, isRunning }
}

async function newOfficer({ call, url }: Awaited<ReturnType<typeof start>>, username: string, role = 'officer') {
  const email = `${username}@example.com`
  await call.post('/api/v1/users', { email, username, password: 'a-long-password-1', role })
  const browser = visitor(url)
  await browser.signIn(email, 'a-long-password-1')
  return browser
}

test('an upload does not wait for solvers, rosters of different sites run in parallel, and a waiting one says for what', async () => {
  const fieldhouse = await startWithLongRosters()
  const { call, hall, pool, generate, isRunning, finished } = fieldhouse
  const ann = await newOfficer(fieldhouse, 'ann')
  const first = await generate([hall], ann)
  await isRunning(first)
  const second = await generate([pool])
  await isRunning(second)
  expect((await status(call, first)).status).toBe('PROGRESS')

  const third = await generate([hall, pool])
  const message = await until(async () => (await status(call, third)).status_message)
  expect(message).toMatch(
    /^Waits for the roster of 23 Mar – 3 May 2026 at Hall, which ann started and 1 more .*: about \d min at most$/,
  )
  const { jobs } = await call.get('/api/v1/jobs?name=roster.generate')
  expect(jobs[0]).toMatchObject({ job_id: third.job_id, status: 'PENDING', status_message: message })
  const page = async () => (await ann.visit(`/rota/drafts/${third.job_id}`)).text()
  expect(await page()).toContain('Waits for the roster of 23 Mar – 3 May 2026 at Hall')
  await call.post('/admin/task-monitor/queues/pause', { name: 'rosters', reason: 'The machine is hot' })
  expect(await page()).toContain('Waits until an admin resumes its queue')
  await call.post('/admin/task-monitor/queues/resume', { name: 'rosters' })

  const { id } = await newLeague(call)
  const imported = await finished(upload(call, id, 'id,name,power\n1,ann,5\n'))
  expect(imported.status).toBe('SUCCESS')
  for (const job of [first, second]) expect((await status(call, job)).status).toBe('PROGRESS')

  for (const job of [first, second]) await cancel(call, job)
  await isRunning(third)
  await cancel(call, third)
  for (const job of [first, second, third]) expect((await finished(job)).status).toBe('CANCELLED')
  const { drafts } = await call.get(`${base}/drafts`)
  expect(drafts).toHaveLength(3)
}, 120_000)

test('officers see and stop each other’s rosters, members do not', async () => {
  const fieldhouse = await startWithLongRosters()
  const { call, hall, generate, isRunning, finished } = fieldhouse
  const [ann, bea] = [await newOfficer(fieldhouse, 'ann'), await newOfficer(fieldhouse, 'bea')]
  const mel = await newOfficer(fieldhouse, 'mel', 'member')
  const job = await generate([hall], ann)
  await isRunning(job)
  const listed = async (who: typeof ann) =>
    (await who.get('/api/v1/jobs?limit=50')).jobs.map(({ job_id }: { job_id: string }) => job_id)
  expect(await listed(bea)).toContain(job.job_id)
  expect(await listed(mel)).toEqual([])
  expect((await refusalOf(mel.get(`/api/v1/jobs/status/${job.job_id}`))).status).toBe(404)
  expect((await refusalOf(cancel(mel, job))).status).toBe(404)
  expect((await bea.get(`/api/v1/jobs/status/${job.job_id}`)).status).toBe('PROGRESS')
  await cancel(bea, job)
  expect((await finished(job)).status).toBe('CANCELLED')
  const { id } = await newLeague(call)
  const other = await upload(call, id, 'id,name,power\n1,ann,5\n')
  expect((await refusalOf(bea.get(`/api/v1/jobs/status/${other.job_id}`))).status).toBe(404)
}, 120_000)

test('a roster that is stopped early is the best found so far, if there is one', async () => {
  const { call, hall, generate, finished } = await startWithLongRosters()
  const job = await generate([hall])
  await until(async () => (await status(call, job)).status === 'PROGRESS')
  await cancel(call, job)
  const ended = await finished(job)
  expect(ended.status).toBe('CANCELLED')
  const { drafts } = await call.get(`${base}/drafts`)
  expect(drafts).toHaveLength(ended.result ? 1 : 0)
  const page = await call.get(`/rota/drafts/${job.job_id}`)
  expect(page).toContain(ended.result ? 'Publish this roster' : 'It was cancelled before there was a roster.')
}, 120_000)
