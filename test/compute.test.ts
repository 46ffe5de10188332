/** `ROLE=compute`: rosters solved by processes that share only Redis with the service. */
import { expect } from 'bun:test'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { queueNames } from '../src/platform/jobs/job.ts'
import { solveRoster } from '../src/rota/solving/solve.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { createPerson, createSite, week } from './rosters.ts'
import { shared, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

async function startWithRedis() {
  const redis = await startRedis()
  const fieldhouse = await start({ REDIS_URL: redis.url })
  const { call } = fieldhouse
  const site = await createSite(call)
  for (let i = 0; i < 12; i++) await createPerson(call, `Person ${i}`, { hourly_cents: 1500 + i })
  const end_date = '2026-05-17'
  await call.post('/api/v1/roster/shifts/pattern', {
    site_id: site.id,
    start_date: week.start_date,
    end_date,
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '18:00',
    to: '23:00',
    skill: 'bar',
    headcount: 3,
  })
  const generate = (more: object = {}) =>
    call.post('/api/v1/jobs/roster/generate', { ...week, end_date, site_ids: [site.id], algorithm: 'optimal', ...more })
  return { ...fieldhouse, redis, generate }
}

/** Each test starts its own machines, which are gone after it, and leaves no work. */
const service = shared(startWithRedis)

/** A compute process as on another machine: it shares no folder and makes none. */
async function newMachine(REDIS_URL: string) {
  const machine = await spawnFieldhouse({ ROLE: 'compute', REDIS_URL }, join(temporaryFolder(), 'none'))
  const isWorking = () => machine.lines.some(({ message }) => message === 'A task begins')
  return { ...machine, isWorking }
}

redisTest('a roster is solved on another machine, which keeps nothing', async () => {
  const { redis, generate, finished, call } = await service()
  const machine = await newMachine(redis.url)
  const { connections } = await call.get('/admin/redis-stats/json')
  expect(connections.blocked_by_workers).toBe(queueNames.length + 1) // the machine waits for work too
  const job = await finished(generate({ budget_s: 1, algorithm: 'production' }))
  expect(job).toMatchObject({ status: 'SUCCESS', result: { summary: { coverage: 1 } } })
  expect(machine.isWorking()).toBe(true)
  expect(existsSync(machine.dataDir)).toBe(false)
  expect(await (await fetch(`${machine.url}/readyz`)).text()).toBe('ok')
})

redisTest('the machine that solves is killed: another one does the work, and its roster arrives', async () => {
  const { redis, generate, finished } = await service()
  const machines = [await newMachine(redis.url), await newMachine(redis.url)]
  const started = await generate({ budget_s: 1 })
  const first = await until(() => machines.find(machine => machine.isWorking()))
  const second = machines.find(machine => machine !== first)
  await first.kill9()
  expect(await finished(started)).toMatchObject({ status: 'SUCCESS', result: { summary: { coverage: 1 } } })
  expect(second?.isWorking()).toBe(true)
})

redisTest('the only machine is killed: the work is done at home', async () => {
  const { redis, generate, finished } = await startWithRedis() // the next machine would do this work again
  const machine = await newMachine(redis.url)
  const started = await generate({ budget_s: 1 })
  await until(() => machine.isWorking())
  await machine.kill9()
  expect(await finished(started)).toMatchObject({ status: 'SUCCESS', result: { summary: { coverage: 1 } } })
})

redisTest('a cancel reaches the machine, and the best so far is a draft', async () => {
  const { redis, generate, finished, call } = await service()
  const machine = await newMachine(redis.url)
  const started = await generate({ budget_s: 300 })
  await until(() => machine.isWorking())
  await until(async () => (await call.get(started.poll_url)).status_message?.includes('best'))
  const { machines } = await call.get('/admin/task-monitor/json')
  expect(machines).toEqual([
    {
      name: expect.stringContaining(hostname()),
      host: hostname(),
      doing: [{ task: solveRoster.name, since: expect.any(String) }],
    },
  ])
  expect(await call.get('/admin/task-monitor')).toContain(
    `<tr id="machine-${machines[0].name.replaceAll(/\W/g, '-')}">`,
  )
  await call.delete(`/api/v1/jobs/cancel/${started.job_id}`)
  const job = await finished(started)
  expect(job).toMatchObject({ status: 'CANCELLED', result: { summary: { ended: 'cancelled' } } })
  const draft = await call.get(`/api/v1/roster/drafts/${job.job_id}`)
  expect(draft.assignments).toEqual(job.result.assignments)
  await until(() => machine.lines.some(({ message }) => message === 'A task ends'))
})

redisTest('Redis dies under the work: it is done at home once, and no machine is needed', async () => {
  const { redis, generate, call } = await startWithRedis()
  const machine = await newMachine(redis.url)
  const started = await generate({ budget_s: 1 })
  await until(() => machine.isWorking())
  await redis.stop()
  await until(async () => (await call.get(started.poll_url)).status === 'SUCCESS', 60_000)
})
