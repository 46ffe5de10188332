import { expect, test } from 'bun:test'
import { closeDatabase, openDatabase } from '../db/open.ts'
import { taskLocks } from '../db/schema.ts'
import type { App } from '../src/context.ts'
import { scheduleNextPoll } from '../src/leagues/feeds/poll-chain.ts'
import { unfinishedUpdate } from '../src/leagues/tours/queries.ts'
import { ensureUpdates, lastFindings, type SupervisorFindings } from '../src/leagues/tours/supervisor.ts'
import { locks } from '../src/locks.ts'
import { day, hour, minute, second } from '../src/platform/clock.ts'
import { runById } from '../src/platform/jobs/runs.ts'
import { redisTest, rounds } from './needs.ts'
import { startRedis } from './redis.ts'
import { type Env, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'
import { alerts, feedFor, newTour, newTourLeague, tour, update } from './tours.ts'

/** A service that follows a tour because a league waits for it: one update is booked. */
async function startFollowing(env: Env = {}) {
  const fieldhouse = await start(env)
  const { app, call, runJob } = fieldhouse
  const feed = feedFor()
  await newTour(call, feed.url)
  const league = await newTourLeague(call)
  const bookedUpdate = await untilBooked(app)
  const supervise = async (): Promise<SupervisorFindings> => (await runJob(ensureUpdates, {})).result
  return { ...fieldhouse, feed, league, bookedUpdate, supervise }
}

/** The update that waits for its time, in the queue as well. The one before it, which booked it, has released its lock by then. */
const untilBooked = (app: App, after?: string) =>
  until(async () => {
    const run = unfinishedUpdate(app.db, 'pga')
    const isWaiting = run?.status === 'PENDING' && (run.notBefore ?? 0) > app.clock.now() && run.id !== after
    return isWaiting && (await app.queues.stateOf('quick', run.id)) ? run : undefined
  }, 60_000)

const missingTaskAlerts = (app: App) => alerts(app).filter(({ type }) => type === 'task_missing')

test('an intact chain of updates is left alone, and a cancelled one is noticed, reported and started again', async () => {
  const { app, call, clock, feed, bookedUpdate, supervise, lines } = await startFollowing()
  expect((await supervise()).findings).toMatchObject([{ tour: 'pga', state: 'booked', job_id: bookedUpdate.id }])
  expect(missingTaskAlerts(app)).toEqual([])
  const lease = await app.locks.take(locks.updateScores('pga'))
  if ('heldBy' in lease) throw new Error('The run before has not released its lock')
  await scheduleNextPoll(app, { jobId: 'a run', lease }, () => undefined)
  expect(app.locks.holder(lease.key)).toBeUndefined() // or the next run would be skipped, and none would follow it

  clock.forward(2 * minute)
  await call.delete(`/api/v1/jobs/cancel/${bookedUpdate.id}`)
  const requestsBefore = feed.requests.length
  const result = await supervise()
  expect(result.findings).toMatchObject([{ state: 'missing', restarted: true }])
  expect(lastFindings(app.db)).toEqual(result)
  expect(missingTaskAlerts(app)).toMatchObject([
    { key: 'task_missing:update_player_scores:pga', state: 'active', count: 1 },
  ])
  expect(lines.some(({ level, tour, state }) => level === 'warn' && tour === 'pga' && state === 'missing')).toBe(true)
  await untilBooked(app)
  expect(feed.requests).toHaveLength(requestsBefore + 1)
  expect((await supervise()).findings).toMatchObject([{ state: 'booked' }])
  expect(missingTaskAlerts(app)).toMatchObject([{ state: 'resolved' }])
})

test('with SUPERVISOR_RESTARTS=false it only warns', async () => {
  const { app, call, bookedUpdate, supervise } = await startFollowing({ SUPERVISOR_RESTARTS: 'false' })
  await call.delete(`/api/v1/jobs/cancel/${bookedUpdate.id}`)
  for (const count of [1, 2]) {
    expect((await supervise()).findings).toMatchObject([{ state: 'missing', restarted: false }])
    expect(missingTaskAlerts(app)).toMatchObject([{ state: 'active', count }])
  }
  expect(await tour(call)).toMatchObject({ next_update_at: null })
})

test('a job the queue has lost is noticed and queued again', async () => {
  const { app, clock, bookedUpdate, supervise } = await startFollowing()
  await app.queues.remove('quick', bookedUpdate.id)
  clock.forward(2 * minute)
  expect((await supervise()).findings).toMatchObject([{ state: 'missing', job_id: bookedUpdate.id, restarted: true }])
  await untilBooked(app, bookedUpdate.id)
  expect((await supervise()).findings).toMatchObject([{ state: 'booked' }])
  expect(missingTaskAlerts(app)).toMatchObject([{ state: 'resolved' }])
})

test('a clock that jumps ahead or is set back does not leave a tour waiting', async () => {
  const { app, clock, bookedUpdate, supervise } = await startFollowing()
  clock.forward(day)
  expect((await supervise()).findings).toMatchObject([{ state: 'late', restarted: true }])
  const afterJump = await untilBooked(app, bookedUpdate.id)
  clock.forward(-12 * hour)
  expect((await supervise()).findings).toMatchObject([{ state: 'late', restarted: true }])
  const afterSetBack = await untilBooked(app, afterJump.id)
  expect(afterSetBack.notBefore).toBeLessThan(clock.now() + 2 * minute)
  expect((await supervise()).findings).toMatchObject([{ state: 'booked' }])
})

test('a run under way is left alone, and an update requested meanwhile gets its id', async () => {
  const { call, clock, feed, bookedUpdate, supervise, finished } = await startFollowing()
  feed.fault('slow', 1)
  clock.forward(2 * minute)
  const first = await call.post('/api/v1/tours/pga/update')
  expect(first).toMatchObject({ job_id: bookedUpdate.id, message: 'Accepted' })
  await until(async () => (await call.get(`/api/v1/jobs/status/${first.job_id}`)).status === 'PROGRESS')
  expect((await supervise()).findings).toMatchObject([{ state: 'running', job_id: bookedUpdate.id }])
  expect(await call.post('/api/v1/tours/pga/update')).toMatchObject({
    job_id: bookedUpdate.id,
    message: 'skipped: already running',
  })
  expect(await finished(first)).toMatchObject({ status: 'FAILURE', error: expect.stringContaining('No whole answer') })
})

test('a process killed while it holds the lock leaves nothing that the next one would wait for', async () => {
  const dataDir = temporaryFolder()
  const feed = feedFor()
  const killed = await spawnFieldhouse({}, dataDir)
  await newTour(killed.call, feed.url, { interval_s: 1 })
  await newTourLeague(killed.call)
  await until(async () => (await tour(killed.call)).checked_at !== null)
  feed.fault('slow')
  const requestsBefore = feed.requests.length
  const now = new Date().toISOString()
  await until(async () => {
    const { jobs } = await killed.call.get('/api/v1/jobs?status=PROGRESS&name=update_player_scores')
    return jobs[0]?.started_at > now && jobs[0].stage === 'asking the feed'
  })
  await killed.kill9()
  feed.fault(null)

  const left = openDatabase(dataDir)
  const heldLocks = left.select().from(taskLocks).all()
  closeDatabase(left)
  expect(heldLocks.map(({ task }) => task)).toContain('update_player_scores')
  const owners = heldLocks.map(({ owner }) => owner)

  const { app, call } = await start({}, dataDir)
  expect(app.locks.all().filter(({ owner, ownerDead }) => owners.includes(owner) && !ownerDead)).toEqual([])
  /** On a slow machine the time of an update may pass before it begins; the supervisor books another. */
  const untilSupervised = (condition: () => boolean | Promise<boolean>) =>
    until(async () => {
      await app.jobs.start(ensureUpdates, {})
      return condition()
    }, 60_000)
  await untilSupervised(async () => (await tour(call)).status === 'ok' && feed.requests.length > requestsBefore + 1)
  const before = feed.requests.length
  await untilSupervised(() => feed.requests.length > before) // and so on
}, 150_000)

test('missing updates are not reported for a tour without leagues, or one whose leagues are over', async () => {
  const { app, call, clock, league, supervise } = await startFollowing()
  await call.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  expect((await supervise()).findings).toMatchObject([{ state: 'idle' }])
  await newTourLeague(call, {}, { ends: clock.now() + hour })
  await untilBooked(app)
  clock.forward(day + 2 * hour)
  const run = await update({ call, finished: async started => app.jobs.startNow((await started).job_id) }, {})
  expect(run).toBeDefined()
  await until(() => unfinishedUpdate(app.db, 'pga') === undefined)
  expect((await supervise()).findings).toMatchObject([{ state: 'idle', job_id: null }])
  expect(missingTaskAlerts(app)).toEqual([])
})

test('the alert of a dead feed stays although no league needs it any more, until the feed is read again', async () => {
  const { app, call, clock, feed, league, supervise, ...fieldhouse } = await startFollowing()
  feed.fault('down')
  clock.forward(2 * minute)
  await update({ call, ...fieldhouse })
  expect(alerts(app)).toMatchObject([{ key: 'feed_held:pga', state: 'active' }])
  await call.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  await supervise()
  expect(alerts(app)).toMatchObject([{ key: 'feed_held:pga', state: 'active' }])
  const page = await call.get('/tours/pga')
  expect(page).toContain('it is not tried again by itself')
  expect(await tour(call)).toMatchObject({ status: 'failing', followed_until: null })
  feed.fault(null)
  clock.forward(minute)
  await update({ call, ...fieldhouse })
  expect(alerts(app)).toMatchObject([{ key: 'feed_held:pga', state: 'resolved' }])
})

test('a new tour with a dead feed says that it is not polled again', async () => {
  const { app, call } = await start()
  const feed = feedFor()
  feed.fault('down')
  await newTour(call, feed.url)
  await until(() => alerts(app).length > 0)
  expect(alerts(app)).toMatchObject([
    { state: 'active', message: expect.stringContaining('not tried again by itself') },
  ])
})

test('"update now" asks now and says what came of it, but not twice within 15 s', async () => {
  const { call, clock, feed, bookedUpdate, finished } = await startFollowing()
  const requestCount = () => feed.requests.length
  const countBefore = requestCount()
  const tooEarly = await call.post('/api/v1/tours/pga/update')
  expect(tooEarly).toMatchObject({
    status: 'skipped',
    message: expect.stringMatching(/^skipped: the feed was polled \d+ s ago$/),
  })
  expect(requestCount()).toBe(countBefore)
  clock.forward(16 * second) // of an interval of 60 s
  feed.advance(90)
  const started = await call.post('/api/v1/tours/pga/update')
  expect(started).toMatchObject({ job_id: bookedUpdate.id, message: 'Accepted', status: 'pending' })
  expect((await finished(started)).result).toMatchObject({
    outcome: 'changed',
    message: expect.stringMatching(/^\d+ golfers of Coastal Open updated$/),
  })
  expect(requestCount()).toBe(countBefore + 1)
  clock.forward(16 * second)
  const secondUpdate = await finished(call.post('/api/v1/tours/pga/update'))
  expect(secondUpdate.result).toMatchObject({ outcome: 'unchanged', message: 'Nothing has changed in the feed' })
})

test('updates end a day past the last league that is not final, and the tour says so', async () => {
  const { app, call, clock, league, bookedUpdate, supervise } = await startFollowing()
  const end = Date.parse(league.ends_at) + day
  expect(Date.parse((await tour(call)).followed_until)).toBe(end)
  clock.forward(end - clock.now() - 30 * second) // of an interval of 60 s
  await supervise()
  await until(() => runById(app.db).get({ id: bookedUpdate.id })?.status === 'SUCCESS')
  const last = await untilBooked(app, bookedUpdate.id)
  clock.forward(4 * minute)
  await supervise()
  await until(() => runById(app.db).get({ id: last.id })?.status === 'SUCCESS')
  expect((await supervise()).findings).toMatchObject([{ state: 'idle' }])
  expect(missingTaskAlerts(app)).toEqual([])
  await call.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  expect((await tour(call)).followed_until).toBeNull()
})

redisTest(
  'a flushed Redis loses no score: the supervisor schedules lost updates again',
  async () => {
    const redis = await startRedis()
    const { app, clock, feed, bookedUpdate, supervise } = await startFollowing({ REDIS_URL: redis.url })
    const requestsBefore = feed.requests.length
    const client = new Bun.RedisClient(redis.url)
    await client.send('FLUSHALL', [])
    client.close()
    clock.forward(2 * minute)
    expect(await app.queues.stateOf('quick', bookedUpdate.id)).toBeUndefined()
    expect((await supervise()).findings).toMatchObject([{ state: 'missing', restarted: true }])
    await untilBooked(app, bookedUpdate.id)
    expect(feed.requests).toHaveLength(requestsBefore + 1)
    expect((await supervise()).findings).toMatchObject([{ state: 'booked' }])
  },
  60_000,
)

test('the feed is polled once per interval, however many processes supervise and however many users ask', async () => {
  const dataDir = temporaryFolder()
  const services = [await start({}, dataDir), await start({}, dataDir), await start({}, dataDir)]
  const feed = feedFor()
  const [{ call }] = services as [(typeof services)[0], ...typeof services]
  await newTour(call, feed.url, { interval_s: 2 })
  await newTourLeague(call)
  await until(() => feed.requests.length === 1)
  const startedAt = performance.now()
  const requests: Promise<unknown>[] = []
  const askings = rounds(40, 80)
  for (let asking = 0; asking < askings; asking++) {
    for (const { app, call } of services)
      requests.push(app.jobs.start(ensureUpdates, {}), call.post('/api/v1/tours/pga/update'))
    await Bun.sleep(4_000 / askings) // so that they take two intervals
  }
  await until(() => feed.requests.length > 1)
  const polls = feed.requests.length
  const intervals = (performance.now() - startedAt) / (2 * second)
  expect(polls).toBeLessThanOrEqual(Math.floor(intervals / 0.95) + 2)
  await Promise.all(requests) // or the last of them would be cut off by the end of the services
}, 60_000)
