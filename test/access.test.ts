import { expect, test } from 'bun:test'
import { hour } from '../src/platform/clock.ts'
import { spawnFieldhouse, start, temporaryFolder } from './start.ts'
import { visitor } from './visitor.ts'

test('a cached board says what it depends on, whichever path answers it', async () => {
  const { call, as } = await start()
  const { id } = await call.post('/api/v1/leagues', {
    name: 'North',
    kind: 'sheet',
    starts_at: '2026-01-01T00:00:00Z',
    ends_at: '2099-01-01T00:00:00Z',
  })
  for (let i = 0; i < 3; i++) {
    const { headers } = await as().raw(`/api/v1/leagues/${id}/leaderboard`)
    expect(headers.get('vary')?.toLowerCase().split(', ').toSorted()).toEqual([
      'accept-encoding',
      'authorization',
      'cookie',
    ])
  }
})

const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'officer' }

test('an event stream ends with the session, key, role or account that opened it', async () => {
  const dataDir = temporaryFolder()
  const [fieldhouse, other] = [await start({}, dataDir), await spawnFieldhouse({}, dataDir)]
  const { call } = fieldhouse
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(fieldhouse.url)
  await browser.signIn(ann.email, ann.password)
  const { id: keyId, key } = await browser.post('/api/v1/keys', { name: 'wall', role: 'officer' })

  /** Opens a stream in each process. The returned function waits until both have ended. */
  async function listen(headers: Record<string, string>) {
    const streams = await Promise.all([fieldhouse.url, other.url].map(url => fetch(`${url}/rota/events`, { headers })))
    for (const { status } of streams) expect(status).toBe(200)
    return () => Promise.all(streams.map(stream => stream.text()))
  }
  const withCookie = () => listen({ cookie: browser.cookie() ?? '' })
  const withKey = (secret = key) => listen({ authorization: `Bearer ${secret}` })

  const untilKeyDeleted = await withKey()
  const untilLogout = await withCookie()
  await browser.post('/api/v1/auth/logout')
  await untilLogout()
  expect(fieldhouse.app.streams.size()).toBe(1) // the key's goes on

  await call.delete(`/api/v1/keys/${keyId}`)
  await untilKeyDeleted()

  await browser.signIn(ann.email, ann.password)
  const { key: next } = await browser.post('/api/v1/keys', { name: 'wall', role: 'officer' })
  const untilDemoted = [await withCookie(), await withKey(next)]
  await call.patch(`/api/v1/users/${id}`, { role: 'member' })
  for (const ended of untilDemoted) await ended()

  const untilDeleted = await withKey(next)
  await call.delete(`/api/v1/users/${id}`)
  await untilDeleted()
  expect(fieldhouse.app.streams.size()).toBe(0)
})

test('a stream does not keep a session alive, and ends with it', async () => {
  const { call, url, clock, app } = await start()
  await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const stream = await browser.visit('/rota/events')
  clock.forward(25 * hour)
  app.db.$client.run("update stamps set seq = (select max(seq) from stamps) + 1 where topic = 'account'") // not to wait a minute
  app.stamps.readLatestChanges()
  await stream.text()
  expect((await browser.visit('/api/v1/auth/me')).status).toBe(401)
})
