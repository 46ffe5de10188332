/** Several processes on one folder, with SQLite or Redis as the queue; and the effects of kill -9. */
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { redisTest, rounds } from './needs.ts'
import { startRedis } from './redis.ts'
import { filesOfUploads, newLeague, upload } from './sheets.ts'
import { board, refusalOf, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

const rows = (count: number, power = 1) =>
  `ID,Name,Power\n${Array.from({ length: count }, (_, i) => `${i},player ${i},${i * power}`).join('\n')}\n`
const longSheet = rows(rounds(600_000, 3_000_000)) // enough to be cancelled at work, even on a fast machine

/** Runs the test with SQLite, and with Redis if it is installed. */
function overBoth(name: string, run: (env: Record<string, string>) => Promise<void>) {
  test(`${name}, over one SQLite file`, () => run({}), 240_000)
  redisTest(`${name}, over Redis`, async () => run({ REDIS_URL: (await startRedis()).url }), 240_000)
}

overBoth(
  'a web process takes uploads, a worker imports them, and the next read shows it or a cancel stops it',
  async env => {
    const folder = temporaryFolder()
    const web = await start({ ...env, ROLE: 'web' }, folder)
    const { id } = await newLeague(web.call)
    const queued = await upload(web.call, id, rows(50))
    expect((await web.call.get(queued.poll_url)).status).toBe('PENDING')
    expect((await board(web.call, id)).rows).toEqual([])
    const worker = await spawnFieldhouse({ ...env, ROLE: 'worker' }, folder)
    expect((await worker.call.raw('/livez')).status).toBe(200)
    await web.finished(queued)
    expect((await board(web.call, id)).pagination.total).toBe(50)
    await web.finished(upload(web.call, id, rows(60, 2)))
    expect((await board(web.call, id)).pagination.total).toBe(60)

    const { upload_id, ...started } = await upload(web.call, id, longSheet)
    await until(async () => (await web.call.get(started.poll_url)).status === 'PROGRESS')
    await web.call.delete(`/api/v1/jobs/cancel/${started.job_id}`)
    expect(await web.finished(started)).toMatchObject({ status: 'CANCELLED' })
    // A run that is slow to stop is cancelled before it has cleaned up.
    await until(async () => (await web.call.get(`/api/v1/uploads/${upload_id}`)).status === 'cancelled', 60_000)
    expect((await board(web.call, id)).pagination.total).toBe(60)
    await until(() => filesOfUploads(web).length === 2)
  },
)

overBoth('kill -9 in the middle of an import loses nothing: the next process finishes it', async env => {
  const folder = temporaryFolder()
  const first = await spawnFieldhouse(env, folder)
  const { id } = await newLeague(first.call)
  const playerCount = rounds(200_000, 3_000_000)
  const started = await upload(first.call, id, rows(playerCount))
  await until(async () => (await first.call.get(started.poll_url)).status === 'PROGRESS')
  await first.kill9()
  const second = await start(env, folder)
  expect(await second.finished(started)).toMatchObject({ status: 'SUCCESS', result: { players: playerCount } })
  expect((await board(second.call, id)).pagination.total).toBe(playerCount)
})

test('kill -9 right after each acceptance loses no accepted upload', async () => {
  const folder = temporaryFolder()
  const kills = rounds(1, 8)
  const uploadIds: number[] = []
  let league = 0
  for (let round = 0; round < kills; round++) {
    const fieldhouse = await spawnFieldhouse({}, folder)
    league ||= (await newLeague(fieldhouse.call)).id
    const answers = await Promise.all([0, 1, 2].map(i => upload(fieldhouse.call, league, rows(20 + round * 3 + i))))
    await fieldhouse.kill9()
    uploadIds.push(...answers.map(({ upload_id }) => upload_id))
  }
  const last = await start({}, folder)
  for (const uploadId of uploadIds) {
    const done = await until(async () => {
      const view = await last.call.get(`/api/v1/uploads/${uploadId}`)
      return view.status === 'done' ? view : undefined
    }, 60_000)
    expect(done.summary.players).toBe(done.rows_ok)
  }
  expect(new Set(uploadIds).size).toBe(3 * kills)
}, 240_000)

redisTest(
  'without Redis a start is refused with 503, an upload is kept, and work goes on when Redis is back',
  async () => {
    const redis = await startRedis({ appendonly: true })
    const { call, finished, app } = await start({ REDIS_URL: redis.url })
    const { id } = await newLeague(call)
    await finished(upload(call, id, rows(5)))
    await redis.kill()
    await until(() => !app.cache.usage().connected)
    expect((await board(call, id)).pagination.total).toBe(5)
    expect((await refusalOf(call.post('/admin/backups'))).problem).toMatchObject({ status: 503, code: 'unavailable' })
    const queued = await upload(call, id, rows(6))
    expect(queued.status).toBe('queued')
    await redis.restart()
    await until(() => app.cache.usage().connected)
    await until(async () => (await call.get(queued.poll_url)).status === 'SUCCESS', 30_000)
    expect((await board(call, id)).pagination.total).toBe(6)
  },
)

redisTest('a second start of the same work is refused like the first while Redis does not answer', async () => {
  const redis = await startRedis()
  const { call, app } = await start({ REDIS_URL: redis.url })
  await until(() => app.cache.usage().connected)
  redis.freeze()
  const refusals = await Promise.all([refusalOf(call.post('/admin/backups')), refusalOf(call.post('/admin/backups'))])
  redis.thaw()
  expect(refusals.map(({ status }) => status)).toEqual([503, 503])
})

redisTest('a flushed Redis loses no accepted work', async () => {
  const redis = await startRedis()
  const folder = temporaryFolder()
  const web = await start({ REDIS_URL: redis.url, ROLE: 'web' }, folder)
  const { id } = await newLeague(web.call)
  const queued = await upload(web.call, id, rows(7))
  const { Redis } = await import('ioredis')
  const client = new Redis(redis.url)
  await client.flushall()
  client.disconnect()
  const worker = await start({ REDIS_URL: redis.url, ROLE: 'worker' }, folder)
  await until(
    async () => (await worker.app.jobs.sweep(0)) >= 0 && (await web.call.get(queued.poll_url)).status === 'SUCCESS',
    60_000,
  )
  expect((await board(web.call, id)).pagination.total).toBe(7)
})

redisTest('a Redis that may evict keys is refused at boot', async () => {
  const redis = await startRedis({ options: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] })
  expect(await outcome(start({ REDIS_URL: redis.url }))).toThrow(/noeviction/)
})

redisTest('a Redis that refuses the connection is reported at the start, with what to check', async () => {
  const { port } = await startRedis({ options: ['--requirepass', 'open sesame'] })
  for (const [url, reason] of [
    [`redis://127.0.0.1:${port}`, 'NOAUTH'],
    [`redis://:wrong@127.0.0.1:${port}`, 'WRONGPASS'],
    [`redis://:open%20sesame@127.0.0.1:${port}/99`, 'ERR DB index is out of range'],
  ] as const)
    expect(await outcome(start({ REDIS_URL: url }))).toThrow(`Redis refuses what REDIS_URL says (${reason}`)
})

test('a stopped process leaves no process lock behind', async () => {
  const folder = temporaryFolder()
  const fieldhouse = await start({}, folder)
  expect(readdirSync(join(folder, 'run'))).toHaveLength(1)
  await fieldhouse.stop()
  expect(existsSync(join(folder, 'run')) ? readdirSync(join(folder, 'run')) : []).toEqual([])
})

test('the process lock of a killed process is removed by the next start, even if it was never registered', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'run'))
  writeFileSync(join(folder, 'run', 'killed-before-it-told-of-itself.alive'), '')
  await start({}, folder)
  expect(readdirSync(join(folder, 'run'))).toHaveLength(1)
})

redisTest('without Redis a service still closes', async () => {
  const redis = await startRedis()
  const { app, stop } = await start({ REDIS_URL: redis.url })
  await redis.kill()
  await until(() => !app.cache.usage().connected)
  await stop() // or the test times out
})
