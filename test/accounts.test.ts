import { expect, spyOn, test } from 'bun:test'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { passwordCosts } from '../src/accounts/password.ts'
import { raiseAlert } from '../src/alerts.ts'
import { hour, minute } from '../src/platform/clock.ts'
import {
  adminToken,
  afterTest,
  type caller,
  refusalOf,
  shared,
  spawnFieldhouse,
  start,
  temporaryFolder,
  until,
} from './start.ts'
import { tokenOf, visitor } from './visitor.ts'

const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }
const bob = { email: 'bob@example.org', username: 'Bob', password: 'a staple of bobs', role: 'admin' }
const me = '/api/v1/auth/me'

const service = shared(async () => {
  const fieldhouse = await start({ SIGNUP: 'open' })
  const boss = { email: 'boss@example.org', username: 'The boss', password: 'the boss may enter', role: 'admin' }
  await fieldhouse.call.post('/api/v1/users', boss) // or the last admin of a test could not be deleted
  return fieldhouse
})

/** Deleted after the test, so that the next one may use the same name and address. */
async function addUser(call: ReturnType<typeof caller>, user: object): Promise<number> {
  const { id } = await call.post('/api/v1/users', user)
  afterTest(() => call.raw(`/api/v1/users/${id}`, { method: 'DELETE' }))
  return id
}

/** The shared service, for tests that only look at these users; `id` is that of the first. */
async function serviceWith(first: object, ...others: object[]) {
  const fieldhouse = await service()
  const id = await addUser(fieldhouse.call, first)
  for (const user of others) await addUser(fieldhouse.call, user)
  return { ...fieldhouse, id }
}

test('signing in sets an HttpOnly cookie, which identifies the user from then on', async () => {
  const { url, id } = await serviceWith(ann)
  const browser = visitor(url)
  const response = await browser.visit('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: ' Ann@Example.ORG', password: ann.password }),
  })
  expect(await response.json()).toEqual({
    user: { id, username: 'Ann', email: ann.email, role: 'member' },
    csrf_token: expect.any(String),
  })
  const cookie = response.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/^fieldhouse_session=\d+\.[\w-]{43}; .*HttpOnly; SameSite=Lax$/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect((await browser.get(me)).user.username).toBe('Ann')
})

test('over TLS the cookies are for TLS and this host only, and signing out empties the cache', async () => {
  const { call, url, as } = await start({ TRUST_PROXY: '1' })
  await call.post('/api/v1/users', ann)
  const login = (headers: Record<string, string>) =>
    visitor(url).visit('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ email: ann.email, password: ann.password }),
    })
  const proxied = { origin: 'https://play.example.org', 'x-forwarded-host': 'play.example.org' }
  const secure = await login({ ...proxied, 'x-forwarded-proto': 'https' })
  const cookies = secure.headers.getSetCookie()
  expect(cookies.map(cookie => cookie.match(/^(__Host-\w+session|__Secure-\w+)=.+; Secure$/) !== null)).toEqual([
    true,
    true,
    true,
  ])
  const session = cookies[0]?.split(';')[0] ?? ''
  const signedInAs = async (cookie: string) => (await as().raw(me, { headers: { cookie } })).status
  expect(await signedInAs(session)).toBe(200)
  const planted = `fieldhouse_session=1.${'x'.repeat(43)}` // by another host of the same domain
  expect(await signedInAs(`${planted}; ${session}`)).toBe(200)
  const out = await as().raw('/api/v1/auth/logout', {
    method: 'POST',
    headers: {
      ...proxied,
      'x-forwarded-proto': 'https',
      cookie: session,
      'x-csrf-token': (await secure.json()).csrf_token,
    },
  })
  expect(out.headers.get('clear-site-data')).toBe('"cache"')
  expect(out.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-fieldhouse_session=; Max-Age=0; .*Secure$/),
  ])
  expect(await signedInAs(session)).toBe(401)
  expect((await login({ ...proxied, 'x-forwarded-proto': 'http' })).status).toBe(403)
  expect((await login({ ...proxied, origin: 'https://evil.example.org' })).status).toBe(403)
  const withPort = (port: number) => ({ ...proxied, 'x-forwarded-host': `play.example.org:${port}` })
  expect((await login(withPort(443))).status).toBe(200) // nginx passes on $host:$server_port in many a configuration
  expect((await login(withPort(444))).status).toBe(403)
})

test('an unknown address and a wrong password get the same answer after the same work', async () => {
  const { call, url } = await start({}, undefined, { passwordCosts })
  await call.post('/api/v1/users', ann)
  const work = spyOn(Bun.password, 'verify')
  const hashes = spyOn(Bun.password, 'hash')
  try {
    const attempt = async (email: string) => {
      work.mockClear()
      const { problem, status } = await refusalOf(visitor(url).signIn(email, 'not the password'))
      return { ...problem, request_id: '', status, verified: work.mock.calls.length }
    }
    await attempt('first@example.org')
    hashes.mockClear()
    const wrong = await attempt(ann.email)
    expect(await attempt('nobody@example.org')).toEqual(wrong)
    expect(wrong).toMatchObject({ status: 401, code: 'unauthorized', verified: 1 })
    expect(hashes).not.toHaveBeenCalled()
    const costs = work.mock.calls.map(([, hash]) => String(hash).split('$').slice(1, 4).join())
    expect(costs).toEqual(['argon2id,v=19,m=19456,t=2,p=1'])
  } finally {
    work.mockRestore()
    hashes.mockRestore()
  }
})

test('a few wrong passwords lock the account, for that address only', async () => {
  const { call, url, app } = await start({ TRUST_PROXY: '1', RATE_LIMIT: '0' })
  const { id } = await call.post('/api/v1/users', ann)
  const attempt = (password: string, address: string) =>
    visitor(url).visit('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ email: ann.email, password }),
    })
  await attempt('wrong', '198.51.100.1')
  expect((await attempt(ann.password, '198.51.100.1')).status).toBe(200)
  for (let i = 0; i < 10; i++) expect((await attempt('wrong', '198.51.100.1')).status).toBe(401)
  const refused = await attempt(ann.password, '198.51.100.1')
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800)
  await attempt(ann.password, '198.51.100.1')
  const alerts = () => app.db.$client.query('select alert_type, count from system_alerts').all()
  expect(alerts()).toEqual([{ alert_type: 'security', count: 1 }])
  expect((await attempt(ann.password, '198.51.100.2')).status).toBe(200)
  for (let i = 0; i < 10; i++) await attempt('wrong', `2001:db8:1:2::${i}`)
  expect((await attempt(ann.password, '2001:db8:1:2:ffff::1')).status).toBe(429) // the same network
  expect((await attempt(ann.password, '2001:db8:1:3::1')).status).toBe(200)
  const named = () => app.db.$client.query("select * from system_alerts where message || data glob '*Ann*'").all()
  expect(named()).toHaveLength(1)
  await call.delete(`/api/v1/users/${id}`)
  expect(named()).toEqual([])
  const { alerts: open } = await call.get('/admin/monitoring/alerts/json')
  expect(open[0].message).toStartWith(`deleted-${id} cannot sign in`)
})

/** Attempts at Ann's password, by default each from another address. */
function attempts(url: string) {
  let n = 0
  return (
    password: string,
    browser = visitor(url),
    address = `198.51.${100 + Math.floor(n / 250)}.${(n++ % 250) + 1}`,
  ) =>
    browser.visit('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ email: ann.email, password }),
    })
}

test('guesses from many addresses lock out everyone except a known browser', async () => {
  const { call, url } = await start({ TRUST_PROXY: '1' })
  const { id } = await call.post('/api/v1/users', ann)
  await call.post('/api/v1/users', bob)
  const attempt = attempts(url)
  const own = visitor(url)
  await own.signIn(ann.email, ann.password)
  await own.post('/api/v1/auth/logout')
  const bobs = visitor(url)
  await bobs.signIn(bob.email, bob.password)
  for (let i = 0; i < 100; i++) await attempt('a guess')
  expect((await attempt(ann.password)).status).toBe(429)
  expect((await attempt(ann.password, bobs)).status).toBe(429) // known, but not to her account
  expect((await attempt(ann.password, own)).status).toBe(200)

  for (let i = 0; i < 10; i++) expect((await attempt('a guess', own)).status).toBe(401)
  expect((await attempt(ann.password, own)).status).toBe(429) // with that cookie guesses are limited, too
  await call.patch(`/api/v1/users/${id}`, { password: 'given by an admin' })
  expect((await attempt('given by an admin', own)).status).toBe(429) // with another password no browser is known
})

/** Two processes that share a folder. */
const twoProcesses = shared(async () => {
  const dataDir = temporaryFolder()
  const env = { TRUST_PROXY: '1' }
  return [await start(env, dataDir), await spawnFieldhouse(env, dataDir)] as const
})

test('all processes count attempts together, for a quarter of an hour', async () => {
  const [one, other] = await twoProcesses()
  await one.call.post('/api/v1/users', ann)
  const [here, there] = [attempts(one.url), attempts(other.url)]
  const address = '198.51.100.1'
  for (let i = 0; i < 5; i++) {
    expect((await here('a guess', undefined, address)).status).toBe(401)
    expect((await there('a guess', undefined, address)).status).toBe(401)
  }
  for (const attempt of [here, there]) expect((await attempt(ann.password, undefined, address)).status).toBe(429)
  expect((await there(ann.password, undefined, '198.51.100.2')).status).toBe(200)
  one.clock.forward(15 * minute)
  expect((await here(ann.password, undefined, address)).status).toBe(200)
})

test('the cookie of a known browser is sent only where passwords are entered', async () => {
  const { url, id } = await serviceWith(ann)
  const response = await visitor(url).visit('/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ email: ann.email, password: ann.password }),
  })
  expect(response.status).toBe(303)
  const cookies = response.headers.getSetCookie().filter(cookie => cookie.startsWith(`fieldhouse_device_${id}=`))
  expect(cookies.map(cookie => cookie.match(/Path=(\S+); HttpOnly; SameSite=Lax/)?.[1])).toEqual([
    '/sign-in',
    '/api/v1/auth',
  ])
})

test('a session lives 24 h from its last use', async () => {
  const { call, url, clock } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  for (let day = 0; day < 3; day++) {
    clock.forward(23 * hour)
    expect((await browser.get(me)).user.id).toBe(id)
  }
  const seen = Date.parse((await call.get(`/api/v1/users/${id}`)).last_seen_at)
  expect(clock.now() - seen).toBeLessThan(minute)
  clock.forward(24 * hour)
  expect((await refusalOf(browser.get(me))).status).toBe(401)
  expect((await refusalOf(browser.get(me))).status).toBe(401)
  expect((await browser.get('/api/v1/leagues')).leagues).toEqual([]) // an old cookie does no harm
})

test('a common password is refused wherever one is chosen', async () => {
  const { call, url, id } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const errorsOf = async (request: Promise<unknown>) => (await refusalOf(request)).problem.errors
  const commonPasswords = [
    '1qaz2wsx3edc',
    'Password123!',
    'abcabcabcabc',
    'cecilia19901990',
    'letmeinletmein',
    'manchesterunited',
  ]
  for (const password of [...commonPasswords, 'Fieldhouse2026!', 'officer-of-cecilia']) {
    const cecilia = { email: 'cecilia@example.org', username: 'Cecilia', password }
    expect(await errorsOf(browser.post('/api/v1/auth/signup', cecilia))).toMatchObject([{ path: 'password' }])
    expect(await errorsOf(call.post('/api/v1/users', { ...cecilia, role: 'member' }))).toMatchObject([
      { path: 'password' },
    ])
  }
  const spaced = { email: ' cecilia@example.org', username: ' Cecilia', password: 'cecilia12345' }
  expect(await errorsOf(browser.post('/api/v1/auth/signup', spaced))).toMatchObject([{ path: 'password' }])
  const renamed = { username: 'Cecilia', password: 'cecilia12345' }
  expect(await errorsOf(call.patch(`/api/v1/users/${id}`, renamed))).toMatchObject([{ path: 'password' }])
  const change = { current_password: ann.password, new_password: 'ann@example.org' }
  expect(await errorsOf(browser.post('/api/v1/auth/password', change))).toMatchObject([{ path: 'new_password' }])
  expect(await errorsOf(call.patch(`/api/v1/users/${id}`, { password: 'qwerty123456' }))).toMatchObject([
    { path: 'password' },
  ])
  const token = tokenOf((await call.post(`/api/v1/users/${id}/password-link`)).url)
  const form = await browser.submit('/password', { token, password: 'montgom240!!' })
  expect([form.status, await form.text()]).toEqual([422, expect.stringContaining('Many people use this password')])
})

test('a session ends after 30 days, however much it is used; its last day counts as activity like any other', async () => {
  const { call, url, clock } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  for (let passed = 0; passed < 29; passed++) {
    clock.forward(23.5 * hour)
    await browser.get(me)
  }
  clock.forward(23.5 * hour)
  await browser.get(me)
  clock.forward(14 * hour)
  await browser.get(me)
  const { last_seen_at } = await call.get(`/api/v1/users/${id}`)
  expect(clock.now() - Date.parse(last_seen_at)).toBeLessThan(minute)
  clock.forward(2 * hour) // 30 days and an hour, and not a day since it was used
  expect((await refusalOf(browser.get(me))).status).toBe(401)
})

test('signing out ends the session, not only the cookie', async () => {
  const { url } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const cookie = browser.cookie() ?? ''
  await browser.post('/api/v1/auth/logout')
  expect(browser.cookie()).toBeUndefined()
  expect((await visitor(url).visit(me, { headers: { cookie } })).status).toBe(401)
  expect(await browser.post('/api/v1/auth/logout')).toEqual({ done: true }) // nothing left to end
})

test('a lower role ends sessions and limits keys at once', async () => {
  const { call, as, url, id } = await serviceWith({ ...bob, role: 'officer' }, { ...ann, role: 'admin' })
  const browser = visitor(url)
  await browser.signIn(bob.email, bob.password)
  const { key } = await browser.post('/api/v1/keys', { name: 'import', role: 'officer' })
  const league = { name: 'North', kind: 'sheet', starts_at: 'never', ends_at: 'never' }
  expect((await refusalOf(as(key).post('/api/v1/leagues', league))).status).toBe(422)
  await call.patch(`/api/v1/users/${id}`, { role: 'member' })
  expect((await refusalOf(browser.get(me))).status).toBe(401)
  expect((await refusalOf(as(key).post('/api/v1/leagues', league))).status).toBe(403)
  expect((await as(key).get(me)).user.role).toBe('member')
})

test('a new password ends the other sessions; the old one no longer works', async () => {
  const { url } = await serviceWith(ann)
  const [here, there] = [visitor(url), visitor(url)]
  for (const browser of [here, there]) await browser.signIn(ann.email, ann.password)
  const change = { current_password: 'a guess', new_password: 'another horse battery' }
  expect((await refusalOf(here.post('/api/v1/auth/password', change))).problem).toMatchObject({
    status: 422,
    errors: [{ path: 'current_password' }],
  })
  await here.post('/api/v1/auth/password', { ...change, current_password: ann.password })
  expect((await here.get(me)).user.username).toBe('Ann')
  expect((await refusalOf(there.get(me))).status).toBe(401)
  expect((await refusalOf(there.signIn(ann.email, ann.password))).status).toBe(401)
  await there.signIn(ann.email, change.new_password)
})

test('a new password given by an admin ends all sessions', async () => {
  const { call, url, id } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  await call.patch(`/api/v1/users/${id}`, { password: 'given by an admin' })
  expect((await refusalOf(browser.get(me))).status).toBe(401)
  await browser.signIn(ann.email, 'given by an admin')
})

test('a change with a cookie needs the CSRF token and the origin', async () => {
  const { call, url } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const create = (headers: Record<string, string>) =>
    browser.visit('/api/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': browser.csrfToken() ?? '', ...headers },
      body: JSON.stringify({ name: 'k', role: 'member' }),
    })
  expect((await create({})).status).toBe(201)
  const foreign: Record<string, string>[] = [
    { 'x-csrf-token': '' },
    { 'x-csrf-token': 'x'.repeat(43) },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${url}.evil.example` },
    { 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' }, // no proxy is trusted
  ]
  for (const headers of foreign) expect((await create(headers)).status).toBe(403)
  expect((await call.raw('/api/v1/keys', { method: 'POST', headers: { cookie: browser.cookie() ?? '' } })).status).toBe(
    422,
  )
})

test('another site cannot sign a visitor in', async () => {
  const { url } = await serviceWith(ann)
  const login = (origin: string) =>
    visitor(url).visit('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ email: ann.email, password: ann.password }),
    })
  expect((await login('https://evil.example')).status).toBe(403)
  expect((await login('null')).status).toBe(403)
  expect((await login(url)).status).toBe(200)
})

test('a key is shown once, works until it is deleted, and never has a higher role than its owner', async () => {
  const { call, as, url, clock } = await start()
  await call.post('/api/v1/users', { ...ann, role: 'officer' })
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  expect((await refusalOf(browser.post('/api/v1/keys', { name: 'k', role: 'admin' }))).status).toBe(403)
  const { id, key } = await browser.post('/api/v1/keys', { name: 'scanner', role: 'member' })
  expect(key).toMatch(/^fh_[\w-]{43}$/)
  expect((await as(key).get(me)).user).toMatchObject({ username: 'Ann', role: 'member' })
  expect((await refusalOf(as(key).post('/api/v1/keys', { name: 'more', role: 'officer' }))).status).toBe(403)
  const soon = { name: 'soon', role: 'member', expires_at: new Date(clock.now() + 3_600_000).toISOString() }
  const passing = as((await browser.post('/api/v1/keys', soon)).key)
  const outliving = await refusalOf(passing.post('/api/v1/keys', { ...soon, expires_at: null }))
  expect([outliving.status, outliving.problem.errors[0].path]).toEqual([422, 'expires_at'])
  await passing.delete(`/api/v1/keys/${(await passing.post('/api/v1/keys', soon)).id}`)
  await passing.delete(`/api/v1/keys/${(await passing.get('/api/v1/keys')).keys[0].id}`)
  const listed = async () => (await browser.get('/api/v1/keys')).keys[0]
  const first = await listed()
  expect(first).toEqual({
    id,
    name: 'scanner',
    role: 'member',
    hint: key.slice(0, 7),
    created_at: expect.any(String),
    last_used_at: expect.any(String),
    expires_at: null,
  })
  clock.forward(minute)
  await as(key).get(me)
  expect((await listed()).last_used_at).toBe(first.last_used_at) // not every use is written
  clock.forward(hour)
  await as(key).get(me)
  expect((await listed()).last_used_at > first.last_used_at).toBe(true)
  clock.forward(-2 * hour) // it was ahead
  await as(key).get(me)
  expect((await listed()).last_used_at < first.last_used_at).toBe(true)
  await browser.delete(`/api/v1/keys/${id}`)
  expect((await refusalOf(as(key).get(me))).status).toBe(401)
})

test('an unknown key is refused even where strangers may read', async () => {
  const { as } = await service()
  expect((await refusalOf(as('fh_unknown').get('/api/v1/leagues'))).problem).toMatchObject({ status: 401 })
  expect((await refusalOf(as(`${adminToken}x`).get('/api/v1/leagues'))).status).toBe(401)
})

test('members see and delete their own keys only', async () => {
  const { url } = await serviceWith(ann, bob)
  const [anns, bobs] = [visitor(url), visitor(url)]
  await anns.signIn(ann.email, ann.password)
  await bobs.signIn(bob.email, bob.password)
  const { id } = await bobs.post('/api/v1/keys', { name: 'theirs', role: 'admin' })
  expect((await anns.get('/api/v1/keys')).pagination.total).toBe(0)
  expect((await refusalOf(anns.delete(`/api/v1/keys/${id}`))).status).toBe(404)
  expect(await bobs.delete(`/api/v1/keys/${id}`)).toEqual({ deleted: true, id })
})

test('nobody learns the shape of a route they may not use, and members cannot administer', async () => {
  const { as, url, id } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  for (const [method, path] of [
    ['GET', '/api/v1/users?role=7'],
    ['POST', '/api/v1/users'],
    ['PATCH', `/api/v1/users/${id}`],
    ['DELETE', '/api/v1/users/none'],
  ] as const) {
    const body = method === 'GET' || method === 'DELETE' ? undefined : '{"nonsense'
    const headers = { 'content-type': 'application/json' }
    expect((await as().raw(path, { method, body, headers })).status).toBe(401)
    expect(
      (await browser.visit(path, { method, body, headers: { ...headers, 'x-csrf-token': browser.csrfToken() ?? '' } }))
        .status,
    ).toBe(403)
  }
  expect((await browser.get(`/api/v1/users/${id}`)).email).toBe(ann.email) // but themselves they may see
  expect((await refusalOf(browser.get('/api/v1/users/999'))).status).toBe(403)
})

test('users are listed by name and found by part of a name or address', async () => {
  const { call } = await start()
  for (const [username, email] of [
    ['zoe', 'z@example.org'],
    ['Adam', 'adam@club.example'],
    ['bea', 'b%@example.org'],
  ])
    await call.post('/api/v1/users', { ...ann, username, email })
  const names = async (query: string) =>
    (await call.get(`/api/v1/users?${query}`)).users.map((user: { username: string }) => user.username)
  expect(await names('')).toEqual(['Adam', 'bea', 'zoe'])
  expect(await names('q=CLUB')).toEqual(['Adam'])
  expect(await names('q=%25')).toEqual(['bea'])
  await call.post('/api/v1/users', { ...ann, username: 'Éva Ørsted', email: 'eva@example.org' })
  expect(await names('q=eva%20orsted')).toEqual(['Éva Ørsted']) // as on boards
  expect(await names('role=admin')).toEqual([])
  expect(await names('page=2&limit=2')).toEqual(['zoe', 'Éva Ørsted'])
})

/** The status and the field that are refused when Bob is created with these changes. */
async function refusedUser(call: ReturnType<typeof caller>, change: object): Promise<[number, string | undefined]> {
  const { status, problem } = await refusalOf(call.post('/api/v1/users', { ...bob, ...change }))
  return [status, problem.errors?.[0]?.path]
}

test('an address or name that is taken, or one of the service, is refused', async () => {
  const { call } = await serviceWith(ann)
  expect(await refusedUser(call, { email: 'ANN@example.org ' })).toEqual([409, 'email'])
  expect(await refusedUser(call, { username: 'ann' })).toEqual([409, 'username'])
  expect(await refusedUser(call, { username: 'Operator' })).toEqual([422, 'username'])
  for (const username of ['ＡＮＮ', '𝐀𝐧𝐧']) expect(await refusedUser(call, { username })).toEqual([409, 'username']) // the same in plain letters
  expect(await refusedUser(call, { username: 'ｏｐｅｒａｔｏｒ' })).toEqual([422, 'username'])
  expect(await refusedUser(call, { username: '<b>' })).toEqual([422, 'username'])
  expect(await refusedUser(call, { email: 'no address' })).toEqual([422, 'email'])
  expect(await refusedUser(call, { password: 'short' })).toEqual([422, 'password'])
  expect(await refusedUser(call, { country: 'Norway' })).toEqual([422, 'country'])
  expect(await refusedUser(call, { country: 'UK' })).toEqual([422, 'country']) // it is GB
})

test('a name that looks like that of somebody else is refused, and the service’s own too', async () => {
  const { call } = await service()
  await addUser(call, { ...ann, username: 'Cooper' })
  for (const username of ['Соореr', 'СООРЕR', 'Cοοper', 'c\u03bfoper', 'cooper'])
    expect(await refusedUser(call, { username })).toEqual([409, 'username'])
  for (const username of ['оperator', 'FIELDΗOUSE', 'dеleted-7'])
    expect(await refusedUser(call, { username })).toEqual([422, 'username'])
  await addUser(call, { ...bob, username: 'İpek', email: 'i@p.ek' })
  for (const username of ['İpek', 'ipek', 'ıpek'])
    expect(await refusedUser(call, { username })).toEqual([409, 'username'])
  await addUser(call, { ...bob, username: 'Kali\u0307n', email: 'k@al.in' })
  for (const username of ['Kali\u0307n', 'kalin'])
    expect(await refusedUser(call, { username })).toEqual([409, 'username'])
  const id = await addUser(call, { ...bob, username: 'Борис' })
  expect(await refusedUser(call, { username: 'борис', email: 'c@d.ef' })).toEqual([409, 'username'])
  expect((await call.patch(`/api/v1/users/${id}`, { username: 'БОРИС' })).username).toBe('БОРИС') // their own name they may look like
})

test('names have no more than 40 letters once they are written plainly, and none that cannot be seen', async () => {
  const { call } = await service()
  const invisible = [
    '\u3164',
    'a\u115fb',
    'a\ufe0fb',
    'a\u034fb',
    'a\u200bb',
    'a\u202eb',
    'a\u200db',
    'a\0b',
    'a\ud800b',
  ]
  for (const username of [...invisible, '\ufdfa'.repeat(3), ' ', `a${'\u0301'.repeat(9)}`])
    expect(await refusedUser(call, { username })).toEqual([422, 'username'])
  for (const email of ['a\0@b.cd', 'a\u200b@b.cd', 'a@b\u202e.cd', 'a@b.cd\x1b', 'a\n@b.cd', 'a@b@c.de'])
    expect(await refusedUser(call, { email })).toEqual([422, 'email'])
  const id = await addUser(call, { ...bob, username: ' José  O’Neill-2 '.replace('’', "'") })
  expect((await call.get(`/api/v1/users/${id}`)).username).toBe("José O'Neill-2")
})

test('a change without any difference is accepted and ends no session', async () => {
  const { call, url, id } = await serviceWith(ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  expect(await call.patch(`/api/v1/users/${id}`, {})).toMatchObject({ username: ann.username })
  expect(await call.patch(`/api/v1/users/${id}`, { role: ann.role, username: 'Ann', more: 1 })).toMatchObject({ id })
  expect((await browser.get(me)).user.id).toBe(id)
})

test('a deleted user is anonymous, but what they did stays under their id', async () => {
  const { call, as, url } = await start()
  const { id } = await call.post('/api/v1/users', { ...ann, country: 'no' })
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const { key } = await browser.post('/api/v1/keys', { name: 'k', role: 'member' })
  await call.delete(`/api/v1/users/${id}`)
  expect((await refusalOf(browser.get(me))).status).toBe(401)
  expect((await refusalOf(as(key).get(me))).status).toBe(401)
  expect((await refusalOf(visitor(url).signIn(ann.email, ann.password))).status).toBe(401)
  expect((await refusalOf(visitor(url).signIn(`deleted-${id}`, 'x'))).status).toBe(401)
  expect((await refusalOf(call.get(`/api/v1/users/${id}`))).status).toBe(404)
  expect((await call.get('/api/v1/users')).pagination.total).toBe(0)
  const again = await call.post('/api/v1/users', ann) // the address is free again
  expect(again.id).toBeGreaterThan(id)
})

test('alerts about a user carry their new name, and after their deletion none', async () => {
  const { call, app, clock } = await start()
  const { id } = await call.post('/api/v1/users', { ...ann, username: 't' })
  raiseAlert(app.db, clock.now(), {
    key: `high_trades:${id}`,
    type: 'high_trades',
    severity: 'warning',
    title: 't trades very often',
    message: '101 trades since 00:00 UTC.',
    data: { user_id: id },
  })
  const title = async () => (await call.get('/admin/monitoring/alerts/json')).alerts[0].title
  await call.patch(`/api/v1/users/${id}`, { username: 'e' })
  expect(await title()).toBe('e trades very often')
  await call.delete(`/api/v1/users/${id}`)
  expect(await title()).toBe(`deleted-${id} trades very often`)
})

test('the last admin can neither be deleted nor demoted', async () => {
  const { call } = await start()
  const { id } = await call.post('/api/v1/users', bob)
  expect((await refusalOf(call.delete(`/api/v1/users/${id}`))).status).toBe(409)
  expect((await refusalOf(call.patch(`/api/v1/users/${id}`, { role: 'officer' }))).status).toBe(409)
  const { id: second } = await call.post('/api/v1/users', { ...ann, role: 'admin' })
  await call.patch(`/api/v1/users/${id}`, { role: 'officer' })
  expect((await refusalOf(call.delete(`/api/v1/users/${second}`))).status).toBe(409)
})

test('strangers make accounts only where sign-up is open, and only as members', async () => {
  const closed = await start()
  expect((await refusalOf(visitor(closed.url).post('/api/v1/auth/signup', ann))).status).toBe(403)
  const { url } = await start({ SIGNUP: 'open' })
  const browser = visitor(url)
  await browser.post('/api/v1/auth/signup', { ...ann, role: 'admin' })
  const { user } = await browser.signIn(ann.email, ann.password)
  expect(user).toMatchObject({ username: 'Ann', role: 'member' })
  expect((await browser.get(me)).user).toEqual(user)
})

test('sign-up answers the same whether an address has an account or not', async () => {
  const { call, url, app } = await start({ SIGNUP: 'open' })
  await call.post('/api/v1/users', ann)
  const signUp = (email: string, username: string) =>
    visitor(url).visit('/api/v1/auth/signup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, username, password: 'another password' }),
    })
  const contentsOf = async (answer: Response) => [
    answer.status,
    await answer.text(),
    [...answer.headers.keys()].toSorted(),
    answer.headers.getSetCookie(),
  ]
  const hashes = spyOn(app.passwords, 'hash')
  const known = await contentsOf(await signUp(ann.email, 'Annika'))
  const unknown = await contentsOf(await signUp('cy@example.org', 'Cy'))
  expect(known).toEqual(unknown)
  expect(known[0]).toBe(202)
  expect(hashes).toHaveBeenCalledTimes(2)
  const name = await refusalOf(visitor(url).post('/api/v1/auth/signup', { ...ann, email: 'dee@example.org' }))
  expect([name.status, name.problem.detail]).toEqual([409, expect.stringContaining('The name Ann is taken')])
  const sameName = await refusalOf(visitor(url).post('/api/v1/auth/signup', ann)) // names are no secret, addresses are
  expect(sameName.problem.detail).toBe(name.problem.detail)

  await visitor(url).signIn(ann.email, ann.password)
  await visitor(url).signIn('cy@example.org', 'another password')
  expect((await call.get('/api/v1/users')).users.map(({ username }: { username: string }) => username)).toEqual([
    'Ann',
    'Cy',
  ])
})

test('the first admin comes from the settings, once', async () => {
  const dataDir = temporaryFolder()
  const env = { ADMIN_EMAIL: 'Boss@example.org', ADMIN_PASSWORD: 'the boss may enter' }
  const first = await start(env, dataDir)
  expect((await visitor(first.url).signIn('boss@example.org', env.ADMIN_PASSWORD)).user).toMatchObject({
    username: 'admin',
    role: 'admin',
  })
  await first.stop()
  const second = await start({ ...env, ADMIN_PASSWORD: 'another password' }, dataDir)
  expect((await refusalOf(visitor(second.url).signIn('boss@example.org', 'another password'))).status).toBe(401)
  expect((await second.call.get('/api/v1/users')).pagination.total).toBe(1)
})

test('the link for the first admin starts with PUBLIC_URL', async () => {
  const { lines } = await start({ ADMIN_TOKEN: '', PUBLIC_URL: 'https://scores.example.org/' })
  const offers = lines.filter(({ message }) => /There is no admin yet/.test(String(message)))
  expect(offers.map(({ message }) => String(message).replace(/=.*/, ''))).toEqual([
    expect.stringMatching(/ https:\/\/scores\.example\.org\/setup\?token$/),
  ])
})

test('an incomplete admin in the settings is an error', async () => {
  expect(await outcome(start({ ADMIN_EMAIL: 'boss@example.org' }))).toThrow('ADMIN_PASSWORD')
  expect(await outcome(start({ ADMIN_PASSWORD: 'the boss may enter' }))).toThrow('ADMIN_PASSWORD')
})

const linkIn = (lines: Record<string, unknown>[]) =>
  lines.map(({ message }) => String(message).match(/\/setup\?token=([\w-]+)/)?.[1]).find(Boolean)

test('with no admin the first start prints a link that makes one, once', async () => {
  const { url, lines, app, as } = await start({ ADMIN_TOKEN: '' })
  app.log.flush()
  const token = linkIn(lines)
  const { role, ...admin } = bob
  const refused = await refusalOf(visitor(url).post('/api/v1/setup', { ...admin, token: 'x'.repeat(43) }))
  expect(refused.status).toBe(403)
  const attempts = await Promise.allSettled([
    as().post('/api/v1/setup', { ...admin, token }),
    as().post('/api/v1/setup', { ...ann, token }),
  ])
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect((await refusalOf(as().post('/api/v1/setup', { ...admin, token }))).status).toBe(410)
})

test('the person who sets up is signed in', async () => {
  const { url, lines, app } = await start({ ADMIN_TOKEN: '' })
  app.log.flush()
  const browser = visitor(url)
  const { role, ...admin } = bob
  await browser.post('/api/v1/setup', { ...admin, token: linkIn(lines) })
  expect((await browser.get('/api/v1/users')).users).toMatchObject([{ username: 'Bob', role: 'admin' }])
})

test('no link is printed where someone can sign in', async () => {
  const { lines, app } = await start()
  app.log.flush()
  expect(linkIn(lines)).toBeUndefined()
})

test('what somebody did is found under all their names, and not under that of another', async () => {
  const { call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  await visitor(url).signIn(ann.email, ann.password)
  await call.patch(`/api/v1/users/${id}`, { username: 'Beth' })
  const { id: other } = await call.post('/api/v1/users', { ...ann, email: 'ann@example.net' })
  const pageOf = async (user: number) => {
    const link = /href="(\/admin\/audit[^"]+)">Their activity/.exec(await call.get(`/admin/users/${user}`))?.[1]
    return call.get(link ?? '')
  }
  expect(await pageOf(id)).toContain('auth.login')
  expect(await pageOf(other)).not.toContain('auth.login')
})

test('actions are audited, secrets never', async () => {
  const { call, as, url, app, lines } = await start({ LOG_LEVEL: 'debug' })
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await refusalOf(browser.signIn(ann.email, 'a wrong password'))
  await refusalOf(browser.signIn('who@example.org', 'a wrong password'))
  await browser.signIn(ann.email, ann.password)
  const { key, id: keyId } = await browser.post('/api/v1/keys', { name: 'k', role: 'member' })
  await as(key).get(me)
  const change = { current_password: ann.password, new_password: 'another horse battery' }
  await browser.post('/api/v1/auth/password', change)
  await browser.delete(`/api/v1/keys/${keyId}`)
  await call.patch(`/api/v1/users/${id}`, { role: 'officer', password: 'yet another one' })
  await browser.signIn(ann.email, 'yet another one')
  const secrets = [browser.cookie()?.split('.')[1] ?? '', browser.csrfToken() ?? '', key, adminToken]
  await browser.post('/api/v1/auth/logout')
  await call.delete(`/api/v1/users/${id}`)

  const rows = app.db.$client.query('select * from audit_log order by id').all() as Record<string, unknown>[]
  expect(rows.map(({ username, action, target, result }) => [username, action, target, result])).toEqual([
    ['operator', 'user.create', `user ${id}`, 'ok'],
    ['stranger', 'auth.login', `user ${id}`, 'refused'],
    ['stranger', 'auth.login', 'unknown account', 'refused'],
    ['Ann', 'auth.login', `user ${id}`, 'ok'],
    ['Ann', 'key.create', `key ${keyId}`, 'ok'],
    ['Ann', 'auth.password', `user ${id}`, 'ok'],
    ['Ann', 'key.delete', `key ${keyId}`, 'ok'],
    ['operator', 'user.change', `user ${id}`, 'ok'],
    ['Ann', 'auth.login', `user ${id}`, 'ok'],
    ['Ann', 'auth.logout', `user ${id}`, 'ok'],
    ['operator', 'user.delete', `user ${id}`, 'ok'],
  ])
  app.log.flush()
  const tables = app.db.$client.query("select name from sqlite_master where type = 'table'").all() as { name: string }[]
  const stored = tables
    .map(({ name }) => JSON.stringify(app.db.$client.query(`select * from "${name}"`).all()))
    .join('\n')
  const written = `${JSON.stringify(lines)}\n${stored}`
  const passwords = [ann.password, change.new_password, 'yet another one', 'a wrong password']
  for (const secret of [...secrets, ...passwords]) {
    expect(secret.length).toBeGreaterThan(9)
    expect(written).not.toContain(secret)
  }
})

test('a session lives and ends in every process that shares the folder', async () => {
  const [one, other] = await twoProcesses()
  const { id } = await one.call.post('/api/v1/users', bob)
  const here = visitor(one.url)
  await here.signIn(bob.email, bob.password)
  const cookie = here.cookie() ?? ''
  const there = () => visitor(other.url).visit(me, { headers: { cookie } })
  expect((await (await there()).json()).user.id).toBe(id)
  await here.post('/api/v1/auth/logout')
  await until(async () => (await there()).status === 401)
})
