/** The task monitor about late and missed work, and its empty lists. */
import { expect, test } from 'bun:test'
import { scheduleSlots } from '../db/schema.ts'
import { job } from '../src/context.ts'
import { unfinishedUpdate } from '../src/leagues/tours/queries.ts'
import { ensureUpdates } from '../src/leagues/tours/supervisor.ts'
import { minute } from '../src/platform/clock.ts'
import { every } from '../src/platform/jobs/scheduler.ts'
import { start, until } from './start.ts'
import { feedFor, newTour, newTourLeague } from './tours.ts'

const monitor = '/admin/task-monitor'
type Named = { name: string }

/** The row of the page with this id, tags left out. */
const rowOf = (page: string, id: string) =>
  (page.match(new RegExp(`<tr id="${id}".*?</tr>`, 's'))?.[0] ?? '').replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')

test('a task that does not come is late, then missed, in words', async () => {
  const tick = job('test.tick', { run: async () => undefined })
  const tables = { jobs: [tick], schedule: [every('30 * * * *', tick)] }
  const { app, call, clock } = await start({ ROLE: 'web' }, undefined, tables)
  const next = app.schedule.state().find(({ name }) => name === 'test.tick')?.next ?? 0
  const taskIn = (state: string) =>
    until(async () => {
      const { schedule } = await call.get(`${monitor}/json`)
      const task = schedule.find(({ name }: Named) => name === 'test.tick')
      return task.state === state ? task : undefined
    })
  clock.forward(next - clock.now() + 2 * minute)
  expect((await taskIn('late')).late_s).toBeGreaterThanOrEqual(119)
  expect(rowOf(await call.get(monitor), 'task-test-tick')).toMatch(/late 2 min( \d+ s)? late/)
  clock.forward(60 * minute) // another full period
  expect((await taskIn('missed')).late_s).toBeGreaterThanOrEqual(62 * 60 - 1)
  const page = await call.get(monitor)
  expect(rowOf(page, 'task-test-tick')).toMatch(/missed 1 h [23] min late/)
  expect(page).toContain('class="lead bad"')
  expect(page).toContain('No worker runs')
})

test('missing score updates are reported with their tour and what the supervisor found', async () => {
  const { app, call, clock, runJob } = await start({ SUPERVISOR_RESTARTS: 'false' })
  await newTour(call, feedFor().url)
  await newTourLeague(call)
  const plannedUpdate = await until(() => {
    const run = unfinishedUpdate(app.db, 'pga')
    return run?.status === 'PENDING' && (run.notBefore ?? 0) > clock.now() ? run : undefined
  })
  expect((await call.get(`${monitor}/json`)).tours).toMatchObject([
    { tour: 'pga', state: 'on time', job_id: plannedUpdate.id },
  ])
  await call.post(`${monitor}/jobs/cancel`, { job_id: plannedUpdate.id })
  clock.forward(8 * minute)
  await runJob(ensureUpdates, {})
  const { tours, supervisor } = await until(async () => {
    const now = await call.get(`${monitor}/json`)
    return now.supervisor.looked_at ? now : undefined
  })
  expect(tours).toMatchObject([{ tour: 'pga', state: 'missed' }])
  expect(supervisor.findings).toMatchObject([{ tour: 'pga', state: 'missing', restarted: false }])
  const page = await call.get(monitor)
  expect(rowOf(page, 'tour-pga')).toMatch(/score updates for pga missed \d+ min/)
  expect(rowOf(page, 'finding-pga')).toMatch(/missing.*warned only/)
})

test('lists with nothing in them say what is usual', async () => {
  const { call } = await start()
  await until(async () => {
    const page = await call.get(monitor) // jobs of the schedule may run at this moment
    return (
      page.includes('Nothing runs at this moment. That is usual') && page.includes('No lock is held. That is usual')
    )
  })
  const emptyTexts: [page: string, words: string][] = [
    [monitor, 'Nothing failed in the last 24 hours. That is usual'],
    [`${monitor}/jobs?q=no+such+thing`, 'No job matches all filters'],
    ['/admin/monitoring/alerts', 'Nothing is wrong'],
    ['/admin/monitoring/risk-assessment', 'That is usual'],
    ['/admin/monitoring/trading-activity', 'There were no trades in this time'],
    ['/admin/monitoring/league-activity', 'Officers make the first one'],
    ['/admin/monitoring/active-users', 'Nobody signed in during this time'],
    ['/admin/monitoring/performance', 'Requests are counted each minute'],
    ['/admin/archives', 'A league is archived in its settings'],
    ['/admin/backups', 'The first one is made tonight'],
    ['/admin/audit/logs?q=no+such+thing', 'No entry matches these filters'],
    ['/admin/users', 'Make accounts for your members'],
  ]
  for (const [path, words] of emptyTexts) expect(await call.get(path)).toContain(words)
  const page = await call.get('/admin/monitoring/')
  expect(page).toContain('Nothing was counted in this time.')
  expect(page).toContain('<span class="none">–</span>')
})

test('the last outcomes are shown in words and shapes, not by colour alone', async () => {
  const broken = job('test.broken', {
    attempts: 1,
    run: async () => {
      throw new Error('It broke')
    },
  })
  const tables = { jobs: [broken], schedule: [every('0 5 1 1 *', broken)] }
  const { app, call, finished } = await start({}, undefined, tables)
  const { job_id } = await call.post(`${monitor}/schedule/run`, { name: 'test.broken' })
  await finished({ job_id })
  app.db.insert(scheduleSlots).values({ entry: 'test.broken', slot: minute, firedAt: minute, jobId: job_id }).run()
  const strip = await until(async () => {
    const [, drawn] =
      (await call.get(monitor)).match(/<tr id="task-test-broken".*?(<svg class="strip".*?<\/svg>)/s) ?? []
    return drawn?.includes('rect') ? drawn : undefined
  })
  expect(strip).toContain('aria-label="Last 1: 0 done, 1 failed"')
  expect(strip).toContain('<path ') // a cross over what failed
  expect(strip).toMatch(/<title>1970-01-01 00:01 UTC: failed, \d/)
})
