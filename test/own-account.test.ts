import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { attempts, users } from '../db/schema.ts'
import { hour } from '../src/platform/clock.ts'
import { openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { runScript } from './operator.ts'
import { refusalOf, start } from './start.ts'
import { tokenOf, visitor } from './visitor.ts'

const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }
const newPassword = 'a whole new password'

test('people change their name as they like, and their e-mail address with their password', async () => {
  const { app, call, url } = await start()
  await call.post('/api/v1/users', ann)
  await call.post('/api/v1/users', { ...ann, email: 'bob@example.org', username: 'Bob' })
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  expect(await browser.patch('/api/v1/auth/me', { username: 'Ann B.', country: 'no' })).toMatchObject({
    username: 'Ann B.',
    country: 'NO',
  })
  const taken = await refusalOf(browser.patch('/api/v1/auth/me', { username: 'bob' }))
  expect(taken.status).toBe(409)
  const change = { email: 'ann@new.example.org', current_password: 'not this one' }
  const refused = await refusalOf(browser.patch('/api/v1/auth/me', change))
  expect(refused.problem.errors).toEqual([{ path: 'current_password', message: 'This is not your current password.' }])
  const { logs } = await call.get('/admin/audit/logs/json?action=user.change&result=refused')
  expect(logs).toMatchObject([{ user: 'Ann B.', target: 'user 1' }])
  await browser.patch('/api/v1/auth/me', { ...change, current_password: ann.password })
  const ofBrowsers = app.db.select().from(attempts).where(eq(attempts.most, 10)).all()
  expect(ofBrowsers).toEqual([]) // once it was right, the slip before it no longer counts
  await visitor(url).signIn(change.email, ann.password)
  expect((await refusalOf(call.patch('/api/v1/auth/me', { username: 'x' }))).status).toBe(409)
})

test('a country that was stored before countries were checked stays chosen: a change of something else would drop it', async () => {
  const { app, call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  app.db.update(users).set({ country: 'UK' }).where(eq(users.id, id)).run()
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const chosen = '<option value="UK" selected>United Kingdom</option>'
  expect(await (await browser.visit('/account')).text()).toContain(chosen)
  expect(await (await call.raw(`/admin/users/${id}`)).text()).toContain(chosen)
})

test('people delete their own account with their password, but not the last admin', async () => {
  const { call, url } = await start({ ADMIN_EMAIL: 'chief@example.org', ADMIN_PASSWORD: ann.password })
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const deleteAccount = (by: typeof browser, current_password: string) =>
    by.post('/api/v1/auth/delete', { current_password })
  const wrong = await refusalOf(deleteAccount(browser, 'not this one'))
  expect(wrong.problem.errors).toMatchObject([{ path: 'current_password' }])
  expect(await deleteAccount(browser, ann.password)).toEqual({ deleted: true, id })
  expect(browser.cookie()).toBeUndefined()
  expect((await refusalOf(browser.get('/api/v1/auth/me'))).status).toBe(401)
  expect((await refusalOf(call.get(`/api/v1/users/${id}`))).status).toBe(404)
  expect((await call.get('/admin/audit/logs/json?action=user.delete')).logs).toMatchObject([
    { user: 'Ann', target: `user ${id}`, result: 'ok' },
    { user: 'Ann', target: `user ${id}`, result: 'refused' },
  ])
  const chief = visitor(url)
  await chief.signIn('chief@example.org', ann.password)
  expect((await refusalOf(deleteAccount(chief, ann.password))).status).toBe(409)
})

test('a password that is changed while it is checked changes nothing any more', async () => {
  const { app, call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const thief = visitor(url)
  await thief.signIn(ann.email, ann.password)
  const [checked, changed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { matches } = app.passwords
  let checks = 0
  app.passwords.matches = async (...given) => {
    const isRight = await matches(...given)
    if (++checks === 2) checked.resolve()
    await changed.promise
    return isRight
  }
  const takeovers = [
    thief.post('/api/v1/auth/password', { current_password: ann.password, new_password: 'the password of a thief' }),
    thief.patch('/api/v1/auth/me', { email: 'thief@example.org', current_password: ann.password }),
  ].map(refusalOf)
  await checked.promise
  await call.patch(`/api/v1/users/${id}`, { password: newPassword })
  changed.resolve()
  for (const refusal of takeovers) expect((await refusal).problem.errors).toMatchObject([{ path: 'current_password' }])
  await visitor(url).signIn(ann.email, newPassword)
})

test('sessions are listed, each but this one is ended by itself, and all by an admin', async () => {
  const { call, url, clock } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const [here, there, stranger] = [visitor(url), visitor(url), visitor(url)]
  await call.post('/api/v1/users', { ...ann, email: 'bob@example.org', username: 'Bob' })
  for (const browser of [here, there]) await browser.signIn(ann.email, ann.password)
  await stranger.signIn('bob@example.org', ann.password)
  const { sessions, pagination } = await here.get('/api/v1/auth/sessions')
  expect(pagination.total).toBe(2)
  const other = sessions.find((session: { is_this: boolean }) => !session.is_this)
  expect((await refusalOf(stranger.delete(`/api/v1/auth/sessions/${other.id}`))).status).toBe(404)
  expect(await here.delete(`/api/v1/auth/sessions/${other.id}`)).toEqual({ ended: true, id: other.id })
  expect((await refusalOf(there.get('/api/v1/auth/me'))).status).toBe(401)
  expect((await here.get('/api/v1/auth/sessions')).sessions).toMatchObject([{ is_this: true }])
  await there.signIn(ann.email, ann.password)
  expect(await call.delete(`/api/v1/users/${id}/sessions`)).toEqual({ id, ended: 2 })
  for (const browser of [here, there]) expect((await refusalOf(browser.get('/api/v1/auth/me'))).status).toBe(401)
  expect((await stranger.get('/api/v1/auth/me')).user.username).toBe('Bob')
  const { logs } = await call.get('/admin/audit/logs/json?action=user.end_sessions')
  expect(logs).toMatchObject([{ target: `user ${id}`, detail: { ended: 2 } }])
  await here.signIn(ann.email, ann.password)
  clock.forward(25 * hour)
  expect(await call.delete(`/api/v1/users/${id}/sessions`)).toEqual({ id, ended: 0 }) // it has expired
})

test('a key works until its end date', async () => {
  const { call, url, as, clock } = await start()
  await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const expires_at = new Date(clock.now() + 3_600_000).toISOString()
  const { key } = await browser.post('/api/v1/keys', { name: 'scanner', role: 'member', expires_at })
  expect((await as(key).get('/api/v1/keys')).keys).toMatchObject([{ name: 'scanner', expires_at }])
  clock.forward(3_600_001)
  expect((await refusalOf(as(key).get('/api/v1/keys'))).status).toBe(401)
  const late = await refusalOf(browser.post('/api/v1/keys', { name: 'x', role: 'member', expires_at }))
  expect(late.problem.errors).toMatchObject([{ path: 'expires_at' }])
})

test('a link by an admin changes a forgotten password once, and ends what was open', async () => {
  const { call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const before = visitor(url)
  await before.signIn(ann.email, ann.password)
  expect((await refusalOf(before.post(`/api/v1/users/${id}/password-link`))).status).toBe(403)
  const first = await call.post(`/api/v1/users/${id}/password-link`)
  const { url: link } = await call.post(`/api/v1/users/${id}/password-link`)
  const browser = visitor(url)
  const form = await browser.visit(link.slice(url.length), { headers: { accept: 'text/html' } })
  expect(await form.text()).toContain(ann.email)
  const reset = { token: tokenOf(link), password: 'short' }
  expect((await browser.submit('/password', reset)).status).toBe(422)
  const changed = await browser.submit('/password', { ...reset, password: newPassword })
  expect([changed.status, changed.headers.get('location')]).toEqual([303, '/'])
  expect((await browser.get('/api/v1/auth/me')).user.id).toBe(id)
  expect((await refusalOf(before.get('/api/v1/auth/me'))).status).toBe(401)
  expect((await refusalOf(visitor(url).signIn(ann.email, ann.password))).status).toBe(401)
  for (const usedLink of [link, first.url]) {
    const again = visitor(url).post('/api/v1/auth/reset', { token: tokenOf(usedLink), new_password: newPassword })
    expect((await refusalOf(again)).status).toBe(410)
  }
})

test('a link for a new password ends with another password or address, because others may have it', async () => {
  const { call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  for (const change of [{ password: 'a whole new password' }, { email: 'ann@elsewhere.example.org' }]) {
    const token = tokenOf((await call.post(`/api/v1/users/${id}/password-link`)).url)
    await call.patch(`/api/v1/users/${id}`, change)
    const late = visitor(url).post('/api/v1/auth/reset', { token, new_password: 'not mine to choose' })
    expect((await refusalOf(late)).status).toBe(410)
  }
})

test('a link for a new password is used once, however many use it at once', async () => {
  const { call, url } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  const token = tokenOf((await call.post(`/api/v1/users/${id}/password-link`)).url)
  const chosen = Array.from({ length: 8 }, (_, n) => `a password of mine ${n}`)
  const outcomes = await Promise.allSettled(
    chosen.map(new_password => visitor(url).post('/api/v1/auth/reset', { token, new_password })),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.status).toBe(410)
  const winner = chosen[outcomes.findIndex(({ status }) => status === 'fulfilled')] ?? ''
  await visitor(url).signIn(ann.email, winner)
})

test("when the last admin's password is lost, a link can be made on the machine", async () => {
  const { call, url, dataDir } = await start()
  await call.post('/api/v1/users', { ...ann, role: 'admin' })
  const resetPassword = (email: string) =>
    runScript('admin.ts', ['reset-password', email], { DATA_DIR: dataDir, PUBLIC_URL: url })
  const { code, out } = await resetPassword(ann.email)
  expect(code).toBe(0)
  const link = /http\S+/.exec(out)?.[0] ?? ''
  await visitor(url).post('/api/v1/auth/reset', { token: tokenOf(link), new_password: newPassword })
  await visitor(url).signIn(ann.email, newPassword)
  expect(await resetPassword('nobody@example.org')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('no account'),
  })
})

browserTest('a new key is listed at once, and another session is ended in the page', async () => {
  const { call, url } = await start()
  await call.post('/api/v1/users', ann)
  await visitor(url).signIn(ann.email, ann.password)
  const page = await openBrowser()
  await signInBrowser(page, url, ann.email, ann.password)
  await page.goto(`${url}/account`)
  await page.fill('[name=name]', 'scanner')
  await page.click('text=Make a key')
  await page.waitForSelector('#keys >> text=scanner')
  expect(await page.textContent('.answer:not([hidden]) output')).toStartWith('fh_')
  await page.click('#sessions >> text=End')
  await page.click('dialog button.danger')
  await page.waitForFunction(() => !document.querySelector('#sessions form'))
})
