import { expect, test } from 'bun:test'
import { checkConditions } from '../src/monitor/alerts/check-conditions.ts'
import { openLoadRecorder } from '../src/monitor/processes.ts'
import { openLoadShedding } from '../src/platform/http/load-shedding.ts'
import type { Who } from '../src/platform/http/request-context.ts'
import { newLeague } from './sheets.ts'
import { afterTest, start, until } from './start.ts'

const member: Who = { id: 1, username: 'ann', role: 'member', via: 'key' }
const officer: Who = { ...member, role: 'officer' }

/** Load shedding whose event-loop turns are given by the test. */
function simulatedShedding() {
  const shedding = openLoadShedding()
  let now = performance.now()
  return {
    turns(lags: readonly number[]) {
      for (const lag of lags) shedding.turn(lag, (now += lag + 10))
    },
    /** Begins reads. None is answered until the returned function is called. */
    beginReads(count: number) {
      const reads = Array.from({ length: count }, () => ({ who: officer, began: now }))
      for (const read of reads) shedding.admit(read)
      return () => reads.forEach(shedding.answered)
    },
    /** How many of a hundred requests at once are let in. */
    admitted(who?: Who) {
      let admitted = 0
      for (let i = 0; i < 100; i++) {
        const read = { who, began: now }
        try {
          shedding.admit(read)
          shedding.answered(read)
          admitted++
        } catch {}
      }
      return admitted
    },
  }
}
const turnsOf = (lag: number, ms: number) => Array<number>(Math.ceil(ms / (lag + 10))).fill(lag)

test('one long pause, or a few, or occasional late turns refuse nobody', () => {
  const { turns, admitted } = simulatedShedding()
  turns([30_000, 0, 9_000, 9_000, 9_000, 9_000, 0])
  expect(admitted()).toBe(100)
  for (let i = 0; i < 100; i++) turns([...turnsOf(900, 4_000), 20])
  expect(admitted()).toBe(100)
})

test('under lasting load strangers are refused by share, then members, officers never; quiet lets all in again', () => {
  const { turns, admitted } = simulatedShedding()
  turns(turnsOf(800, 6_500))
  expect(admitted()).toBeLessThan(90)
  expect(admitted()).toBeGreaterThan(10)
  expect(admitted(member)).toBe(100)
  turns(turnsOf(800, 2_500))
  expect(admitted()).toBeLessThan(10)
  turns(turnsOf(800, 60_000))
  expect([admitted(), admitted(officer)]).toEqual([0, 100])
  expect(admitted(member)).toBe(10)
  turns(turnsOf(5, 9_750))
  expect(admitted(member)).toBe(100)
  expect(admitted()).toBeLessThan(10)
  turns(turnsOf(5, 9_750))
  expect(admitted()).toBe(100)
})

test('reads that queue for a thread are an overload too, a few that take long are none', () => {
  const { turns, beginReads, admitted } = simulatedShedding()
  const few = beginReads(40)
  turns(turnsOf(5, 60_000))
  expect(admitted()).toBe(100)
  const many = beginReads(40)
  turns(turnsOf(5, 5_000))
  expect(admitted()).toBe(100)
  turns(turnsOf(5, 4_000))
  expect(admitted()).toBeLessThan(10)
  many()
  turns(turnsOf(5, 20_000))
  expect(admitted()).toBe(100)
  few()
})

test('an overloaded process answers 503 to strangers, and stops once it has caught up', async () => {
  const overloadLimits = { lateLag: 30, overloadAfter: 100, sheddingTime: 100, recoveryTime: 500 }
  const { app, call, as, url } = await start({}, undefined, { overloadLimits })
  const stranger = as()
  const board = `/api/v1/leagues/${(await newLeague(call, { score_on: 'current' })).id}/leaderboard`
  const firstAnswers = [await stranger.raw(board), await stranger.raw(board)]
  expect(firstAnswers.map(({ status }) => status)).toEqual([200, 200])
  const noteLoad = openLoadRecorder(app)

  const overload = setInterval(() => Bun.sleepSync(60), 1)
  afterTest(() => clearInterval(overload))
  const refused = await until(async () => {
    const response = await stranger.raw('/api/v1/leagues')
    return response.status === 503 ? response : undefined
  })
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(await refused.json()).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('in 5 s') })
  const page = await until(async () => {
    const response = await fetch(`${url}/leagues`, { headers: { accept: 'text/html' } })
    return response.status === 503 ? response : undefined
  })
  expect(page.headers.get('content-type')).toStartWith('text/html')
  expect(await page.text()).toContain('try again in 5 s')
  for (const path of ['/livez', '/readyz', '/sign-in', board]) expect((await stranger.raw(path)).status).toBe(200)
  expect((await stranger.raw('/api/v1/auth/login', { method: 'POST' })).status).not.toBe(503)
  expect((await call.raw('/admin/task-monitor')).status).toBe(200)

  clearInterval(overload)
  await until(async () => (await stranger.raw('/api/v1/leagues')).status === 200 && app.loadShedding.share() === 0)
  expect(await call.get('/metrics')).toMatch(/^fieldhouse_http_shed_total [1-9]/m)
  noteLoad()
  await checkConditions(app)
  expect((await call.get('/admin/monitoring/alerts/json?type=high_load')).alerts).toMatchObject([
    { severity: 'error', title: 'A process (all) refuses readers' },
  ])
})
