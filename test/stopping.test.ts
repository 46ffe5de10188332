import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { processes, runs } from '../db/schema.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { freePort } from '../scripts/trials/free-port.ts'
import { openAppProcess } from './app-process.ts'
import { rounds } from './needs.ts'
import { ready, spawnFieldhouse, start, until } from './start.ts'

const season = { kind: 'sheet', starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }

/** A short round leaves SIGINT to the test of a second signal. */
test.each((['SIGTERM', 'SIGINT'] as const).slice(0, rounds(1, 2)))(
  '%s stops within 5 s, with an open stream, a job that ignores cancellation and a half-sent request',
  async signal => {
    const fieldhouse = await openAppProcess()
    fieldhouse.send('stubborn nothing')
    const jobId = await fieldhouse.answer('job')
    await until(async () => (await fieldhouse.call.get(`/api/v1/jobs/status/${jobId}`)).status === 'PROGRESS')
    const stream = await fieldhouse.call.raw(`/api/v1/jobs/${jobId}/events`)
    const reader = stream.body?.getReader()
    await reader?.read()
    const halfSent = await Bun.connect({
      hostname: '127.0.0.1',
      port: Number(new URL(fieldhouse.url).port),
      socket: { data() {} },
    })
    halfSent.write('POST /api/v1/leagues HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"na')

    fieldhouse.child.kill(signal)
    expect(await fieldhouse.ended()).toBe(0) // 1 would say that it gave up after 5 s
    while (!(await reader?.read())?.done); // the stream was ended, not torn
    halfSent.end()
    expect(readdirSync(join(fieldhouse.dataDir, 'run'))).toEqual([])

    const { app } = await start({ ROLE: 'web' }, fieldhouse.dataDir)
    expect(app.db.select().from(processes).all()).toHaveLength(1)
    const run = app.db.select().from(runs).where(eq(runs.id, jobId)).get()
    expect(run).toMatchObject({ status: 'PENDING', message: 'Interrupted by a restart' })
  },
)

test('a second signal at once is ignored, because npx signals twice; a later one ends the service', async () => {
  const { child } = await spawnFieldhouse()
  child.kill('SIGINT')
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)

  const busyService = await openAppProcess()
  busyService.send('stubborn nothing')
  const jobId = await busyService.answer('job')
  await until(async () => (await busyService.call.get(`/api/v1/jobs/status/${jobId}`)).status === 'PROGRESS')
  busyService.child.kill('SIGTERM')
  await Bun.sleep(1_200) // what comes within a second of the first is no second signal
  if (busyService.child.exitCode === null) busyService.child.kill('SIGTERM')
  expect(await busyService.ended()).toBeOneOf([0, 1])
})

test('a port in use ends the start with 1 and a clear message; it is never shared', async () => {
  const PORT = String(freePort())
  const first = await start({ PORT })
  expect(await outcome(spawnFieldhouse({ PORT }))).toThrow(
    `It ended before it opened: Port ${PORT} is in use by another program; set PORT to a free one`,
  )
  expect(await first.call.get('/livez')).toBe('ok')
})

test('kill -9 under load and a new start lose nothing that was accepted', async () => {
  const first = await spawnFieldhouse()
  const accepted: number[] = []
  const write = async () => {
    for (;;) accepted.push((await first.call.post('/api/v1/leagues', { name: `L${accepted.length}`, ...season })).id)
  }
  const writers = Array.from({ length: 4 }, () => write().catch(() => {}))
  await until(() => accepted.length > 50)
  await first.kill9()
  await Promise.all(writers)

  const second = await start({}, first.dataDir)
  const { pagination } = await second.call.get('/api/v1/leagues?limit=1')
  expect(pagination.total).toBeGreaterThanOrEqual(accepted.length)
  for (const id of accepted) await second.call.get(`/api/v1/leagues/${id}`)
})

test('a stopped service answers nobody, and starts again on the same folder and port', async () => {
  const PORT = String(freePort())
  const { child, call, dataDir } = await spawnFieldhouse({ PORT })
  await ready(call)
  child.kill()
  expect(await child.exited).toBe(0)
  expect(await outcome(call.get('/livez'))).toThrow()

  const second = await start({ PORT }, dataDir)
  await ready(second.call)
  await second.stop()
  expect(await outcome(second.call.get('/livez'))).toThrow()
  expect(existsSync(join(dataDir, 'fieldhouse.db-wal'))).toBe(false)
})
