/** Readers with a key or a cookie are answered by the fast path, and only as long as they may be. */
import { expect, test } from 'bun:test'
import { day, hour, second } from '../src/platform/clock.ts'
import { newLeague, upload } from './sheets.ts'
import { adminToken, afterTest, shared, spawnFieldhouse, start, until } from './start.ts'
import { visitor } from './visitor.ts'

const sheet = `ID,Name,Power\n${Array.from({ length: 200 }, (_, i) => `${i},player ${i},${i * 7}`).join('\n')}\n`
const account = (username: string) => ({
  email: `${username}@example.org`,
  username,
  password: 'correct horse battery',
  role: 'member',
})

const startLimited = () => start({ RATE_LIMIT: '1000' })
const service = shared(startLimited)

/** A league of the shared service, or of `open`. Readers are deleted after their test, because their names are always the same. */
async function withReaders(open = service) {
  const fieldhouse = await open()
  const { app, call, as, url, finished } = fieldhouse
  const { id } = await newLeague(call, { score_on: 'current' })
  await finished(upload(call, id, sheet))
  const newReader = async (username: string) => {
    const { id: userId } = await call.post('/api/v1/users', account(username))
    afterTest(() => call.raw(`/api/v1/users/${userId}`, { method: 'DELETE' }))
    const browser = visitor(url)
    await browser.signIn(account(username).email, account(username).password)
    const { id: keyId, key } = await browser.post('/api/v1/keys', { name: 'wall', role: 'member' })
    return { userId, browser, keyId, key: as(key), secret: key }
  }
  const fastPathAnswers = async () =>
    Number((await app.metrics.text()).match(/^fieldhouse_fast_path_answers_total (\d+)$/m)?.[1] ?? Number.NaN)
  /** How many of the requests meanwhile were answered by the fast path. */
  const fastAnswersDuring = async (work: () => Promise<unknown>) => {
    const before = await fastPathAnswers()
    await work()
    return (await fastPathAnswers()) - before
  }
  return { ...fieldhouse, id, path: `/api/v1/leagues/${id}/leaderboard`, newReader, fastAnswersDuring }
}

test('a reader with a key or a cookie gets from the fast path what the router answered, counted for their account', async () => {
  const { newReader, path, fastAnswersDuring, lines } = await withReaders()
  const { browser, key } = await newReader('ann')
  const readers = [() => key.raw(path), () => browser.visit(path)]
  let left = 10_000
  for (const read of readers) {
    const first = await read()
    const text = await first.text()
    expect(
      await fastAnswersDuring(async () => {
        for (let i = 0; i < 3; i++) {
          const answer = await read()
          expect(await answer.text()).toBe(text)
          expect([...answer.headers.keys()].sort()).toEqual([...first.headers.keys()].sort())
          expect(answer.headers.get('cache-control')).toBe('private, no-cache')
          expect(answer.headers.get('etag')).toBe(first.headers.get('etag'))
        }
      }),
    ).toBe(3)
    left -= 4
    expect((await read()).headers.get('ratelimit-remaining')).toBe(String(--left))
  }
  const logged = lines.filter(({ path: asked }) => asked === path)
  expect(logged.every(({ user }) => user === 'ann')).toBe(true)
})

test('numbers, league, tiers, totals and player cards come from the fast path too, for another reader as well', async () => {
  const { newReader, id, fastAnswersDuring } = await withReaders()
  const [ann, bob] = [await newReader('ann'), await newReader('bob')]
  const paths = ['', '/stats', '/classifications', '/totals', '/players/7'].map(end => `/api/v1/leagues/${id}${end}`)
  for (const path of paths) await ann.key.get(path)
  await bob.key.get('/api/v1/auth/me')
  expect(await fastAnswersDuring(() => Promise.all(paths.map(path => bob.key.get(path))))).toBe(paths.length)
})

test('revoked and expired keys and ended sessions can no longer read', async () => {
  const { newReader, path, call, as, fastAnswersDuring, clock } = await withReaders(startLimited)
  const { browser, key, keyId } = await newReader('ann')
  const status = async () => (await key.raw(path)).status
  for (let i = 0; i < 3; i++) expect(await status()).toBe(200)
  await call.delete(`/api/v1/keys/${keyId}`)
  expect(await status()).toBe(401)

  const cookie = { headers: { cookie: browser.cookie() ?? '' } }
  const cacheControl = async () => (await as().raw(path, cookie)).headers.get('cache-control')
  for (let i = 0; i < 3; i++) expect(await cacheControl()).toStartWith('private')
  await browser.post('/api/v1/auth/logout')
  expect(await cacheControl()).toStartWith('public')

  const bob = await newReader('bob')
  expect(await fastAnswersDuring(async () => [await bob.key.get(path), await bob.key.get(path)])).toBeGreaterThan(0)
  clock.forward(day)
  expect((await bob.browser.visit(path)).headers.get('cache-control')).toStartWith('public')
  await call.delete(`/api/v1/users/${bob.userId}`)
  expect((await bob.key.raw(path)).status).toBe(401)

  const cy = await newReader('cy')
  const seen = async (after: number) => {
    clock.forward(after)
    return (await cy.browser.visit(path)).headers.get('cache-control')
  }
  for (let passed = 0; passed < 30; passed++) await seen(23.5 * hour)
  expect(await seen(15 * hour - 30 * second)).toStartWith('private') // 30 days all but half a minute
  expect(await seen(40 * second)).toStartWith('public')
})

test('a key that is revoked and a league that is made private in another process are read no longer here', async () => {
  const { newReader, id, path, dataDir, as } = await withReaders(startLimited)
  const { key, keyId, browser } = await newReader('ann')
  for (let i = 0; i < 3; i++) await key.get(path)
  const other = await spawnFieldhouse({}, dataDir)
  await fetch(`${other.url}/api/v1/keys/${keyId}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${adminToken}` },
  })
  await until(async () => (await key.raw(path)).status === 401)
  expect([(await as().raw(path)).status, (await browser.visit(path)).status]).toEqual([200, 200])

  const pages = [path, `/leagues/${id}`, `/leagues/${id}/players/7`]
  for (let i = 0; i < 3; i++) for (const page of pages) expect((await browser.visit(page)).status).toBe(200)
  await fetch(`${other.url}/api/v1/leagues/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ config: { score_on: 'current', public: false } }),
  })
  await until(async () => (await browser.visit(path)).status === 403)
  for (const page of pages)
    expect([(await browser.visit(page)).status, (await as().raw(page)).status]).toEqual([403, 401])
})

test('a league that is made private can be read by its members only', async () => {
  const { newReader, id, path, call, fastAnswersDuring } = await withReaders()
  const [ann, bob] = [await newReader('ann'), await newReader('bob')]
  const card = `/api/v1/leagues/${id}/players/7`
  for (let i = 0; i < 3; i++) for (const { key } of [ann, bob]) await Promise.all([key.get(path), key.get(card)])
  await ann.key.post(`/api/v1/leagues/${id}/join`, {})
  await call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', public: false } })
  const statuses = async (reader: typeof ann) =>
    Promise.all([path, card].map(async each => (await reader.key.raw(each)).status))
  expect(await fastAnswersDuring(async () => expect(await statuses(ann)).toEqual([200, 200]))).toBe(0)
  expect(await fastAnswersDuring(async () => expect(await statuses(ann)).toEqual([200, 200]))).toBe(0)
  expect(await statuses(bob)).toEqual([403, 403])
})

test('a list that depends on the reader is not served to others', async () => {
  const { newReader, call } = await withReaders(startLimited)
  const ann = await newReader('ann')
  const officer = await newReader('olga')
  await call.patch(`/api/v1/users/${officer.userId}`, { role: 'officer' })
  await officer.browser.signIn(account('olga').email, account('olga').password)
  await newLeague(call, { public: false })
  const total = async ({ browser }: typeof ann) =>
    (await (await browser.visit('/api/v1/leagues')).json()).pagination.total
  for (let i = 0; i < 3; i++) expect([await total(officer), await total(ann)]).toEqual([2, 1])
})

test('pages of a league come from the fast path only for the reader they were made for', async () => {
  const { newReader, id, fastAnswersDuring, as, call, finished } = await withReaders()
  const [ann, bob] = [await newReader('ann'), await newReader('bob')]
  const paths = [`/leagues/${id}`, `/leagues/${id}/board`, `/leagues/${id}/players/7`]
  const names = ['ann', 'bob', 'Sign in']
  const readers = [ann.browser.visit, bob.browser.visit, as().raw]
  const pageTexts = async (path: string) => {
    const pages: string[] = []
    for (const read of readers) pages.push(await (await read(path)).text())
    return pages
  }
  const first = new Map<string, string[]>()
  for (const path of paths) first.set(path, await pageTexts(path))
  for (const path of paths)
    expect(await fastAnswersDuring(async () => expect(await pageTexts(path)).toEqual(first.get(path) ?? []))).toBe(3)
  for (const page of [`/leagues/${id}`, `/leagues/${id}/players/7`])
    expect(first.get(page)?.map(text => names.filter(name => text.includes(`>${name}<`)))).toEqual(
      names.map(name => [name]),
    )
  const answer = await ann.browser.visit(`/leagues/${id}`)
  expect([answer.headers.get('cache-control'), answer.headers.get('etag')]).toEqual(['no-store', null])

  await finished(upload(call, id, sheet.replace('player 7,', 'player seven,')))
  for (const path of paths) for (const text of await pageTexts(path)) expect(text).toContain('player')
  expect((await pageTexts(`/leagues/${id}/players/7`)).every(text => text.includes('player seven'))).toBe(true)
})

test('a page that was made for one session is not given to another of the same account', async () => {
  const { newReader, id, url } = await withReaders()
  const { browser } = await newReader('ann')
  const other = visitor(url)
  await other.signIn(account('ann').email, account('ann').password)
  const tokenIn = async ({ visit }: typeof other) =>
    /name="csrf-token" content="([^"]+)"/.exec(await (await visit(`/leagues/${id}`)).text())?.[1]
  for (let i = 0; i < 3; i++)
    expect([await tokenIn(browser), await tokenIn(other)]).toEqual([browser.csrfToken(), other.csrfToken()])
})

test('a page of one reader ends with what it depends on: columns of their own, membership, role, session, a league made private', async () => {
  const { newReader, id, call } = await withReaders()
  const { browser, userId } = await newReader('ann')
  const [page, card] = [`/leagues/${id}`, `/leagues/${id}/players/7`]
  const visitPage = async (path: string) => {
    const answer = await browser.visit(path, { headers: { accept: 'text/html' } })
    return [answer.status, await answer.text()] as const
  }
  for (let i = 0; i < 3; i++) for (const path of [page, card]) expect((await visitPage(path))[0]).toBe(200)
  expect((await visitPage(page))[1]).toContain('Power')

  await browser.submit(`/leagues/${id}/columns`, { columns: 'score', csrf_token: browser.csrfToken() ?? '' })
  for (let i = 0; i < 2; i++) expect((await visitPage(page))[1]).not.toContain('data-label="Power"')

  const { id: other } = await newLeague(call, { public: false })
  await call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', public: false } })
  for (const path of [page, card]) expect((await visitPage(path))[0]).toBe(403)
  expect((await visitPage(`/leagues/${other}`))[0]).toBe(403)
  await call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', public: true } })
  for (let i = 0; i < 3; i++) for (const path of [page, card]) expect((await visitPage(path))[1]).toContain('>ann<')

  await call.patch(`/api/v1/users/${userId}`, { role: 'officer' })
  for (const path of [page, card]) expect((await visitPage(path))[1]).not.toContain('>ann<')
  await browser.signIn(account('ann').email, account('ann').password)
  for (let i = 0; i < 3; i++) for (const path of [page, card]) expect((await visitPage(path))[1]).toContain('Settings')
  await call.patch(`/api/v1/users/${userId}`, { role: 'member' })
  await browser.signIn(account('ann').email, account('ann').password)
  expect((await visitPage(page))[1]).not.toContain('Settings')
  await browser.post('/api/v1/auth/logout')
  for (const path of [page, card]) expect((await visitPage(path))[1]).toContain('Sign in')
})

test('the first reader after a mark, a config, a date, an undo or a held sheet finds the board computed, as JSON and as a page', async () => {
  const { id, path, call, as, finished, fastAnswersDuring } = await withReaders()
  const page = `/leagues/${id}`
  const readBoth = () => Promise.all([path, page].map(async one => (await as().raw(one)).text()))
  await readBoth()
  const uploadSheet = async (text: string) => {
    const started = await upload(call, id, text)
    await finished(started)
    return started.upload_id
  }
  const second = await uploadSheet(sheet.replace('player 7,', 'player seven,'))
  const held = await uploadSheet(sheet.slice(0, 1_000)) // would lose most players
  const changes: Record<string, () => Promise<unknown>> = {
    mark: () => call.put(`/api/v1/leagues/${id}/players/3/mark`, { reason: 'other', counted: false }),
    unmark: () => call.delete(`/api/v1/leagues/${id}/players/3/mark`),
    config: () => call.patch(`/api/v1/leagues/${id}`, { config: { score_on: 'current', weights: { power: 2 } } }),
    date: () => call.patch(`/api/v1/uploads/${second}`, { taken_at: '2026-01-02T00:00:00Z' }),
    undo: () => call.post(`/api/v1/uploads/${second}/undo`),
    held: () => call.post(`/api/v1/uploads/${held}/publish`),
  }
  let before = await readBoth()
  for (const [name, change] of Object.entries(changes)) {
    await change()
    let now: string[] = []
    const fastAnswers = await fastAnswersDuring(async () => {
      now = await readBoth()
    })
    expect([name, fastAnswers, now[0] !== before[0], now[1] !== before[1]]).toEqual([name, 2, true, true])
    before = now
  }
  const answer = await as().raw(path)
  expect([answer.headers.get('ratelimit-limit'), answer.headers.get('x-request-id')]).toEqual([
    '1000',
    expect.stringMatching(/-/),
  ])
})
