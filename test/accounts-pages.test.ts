import { expect, test } from 'bun:test'
import { localPath } from '../src/accounts/origin.ts'
import { openBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { shared, start } from './start.ts'
import { visitor } from './visitor.ts'

const ann = { email: 'ann@example.org', username: 'Ann <b>', password: 'correct horse battery', role: 'member' }
/** Shared by tests that at most sign Ann in and out. */
const serviceWithAnn = shared(async () => {
  const fieldhouse = await start()
  const { id } = await fieldhouse.call.post('/api/v1/users', { ...ann, username: 'Ann' })
  return { ...fieldhouse, id }
})

/** Shared by tests that know who makes an account there. */
const openService = shared(() => start({ SIGNUP: 'open' }))

const asPage = { headers: { accept: 'text/html' } }

test('signing in by form leads to the page that was asked for', async () => {
  const { url } = await serviceWithAnn()
  const browser = visitor(url)
  const turnedAway = await browser.visit('/account?x=1', asPage)
  expect(turnedAway.status).toBe(303)
  expect(turnedAway.headers.get('location')).toBe('/sign-in?next=%2Faccount%3Fx%3D1')
  const form = await (await browser.visit('/sign-in?next=%2Faccount%3Fx%3D1', asPage)).text()
  expect(form).toContain('name="next" value="/account?x=1"')
  const fields = { email: ann.email, password: ann.password, next: '/account?x=1' }
  const signedIn = await browser.submit('/sign-in', fields)
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/account?x=1'])
  const account = await browser.visit('/account', asPage)
  expect(account.status).toBe(200)
  expect(account.headers.get('content-security-policy')).toContain("script-src 'self'")
  const again = await browser.visit('/sign-in?next=/account', asPage)
  expect(again.headers.get('location')).toBe('/account')
  const tooLong = await browser.visit(`/sign-in?next=/search?q=${'x'.repeat(2_000)}`, asPage)
  expect([tooLong.status, tooLong.headers.get('location')]).toEqual([303, '/'])
})

test('a refused sign-in shows the form again, with the address and without the password', async () => {
  const { url } = await serviceWithAnn()
  const refused = await visitor(url).submit('/sign-in', {
    email: '"><i>@x',
    password: 'a wrong password',
    next: '/account',
  })
  const form = await refused.text()
  expect(refused.status).toBe(401)
  expect(form).toContain('The e-mail address or the password is not right')
  expect(form).toContain('value="&quot;&gt;&lt;i&gt;@x"')
  expect(form).toContain('name="next" value="/account"')
  expect(form).not.toContain('a wrong password')
})

test('a form whose fields the browser has not checked comes back with a sentence beside each', async () => {
  const { url } = await openService()
  const send = async (path: string, fields: Record<string, string>) => {
    const answer = await visitor(url).submit(path, fields)
    return [answer.status, await answer.text()] as const
  }
  const [status, form] = await send('/sign-up', { email: 'a', username: 'Ann', password: 'short', country: 'Norway' })
  expect(status).toBe(422)
  expect(form).toContain('<p class="error" id="f-email-error">Write an e-mail address such as ann@example.org.</p>')
  expect(form).toContain('<p class="error" id="f-password-error">From 12 to 200 characters.</p>')
  expect(form).toMatch(/name="username"[^>]* value="Ann"/)
  expect(form).not.toContain('short')
  const account = { email: ann.email, username: 'Ann', password: ann.password }
  expect((await send('/sign-up', { ...account, country: 'xy' }))[1]).toContain(
    'id="f-country-error">Write the two letters of a country, such as NO (ISO 3166).</p>',
  )
  expect((await send('/sign-up', { ...account, password: 'short', country: 'NO' }))[1]).toContain(
    '<option value="NO" selected>Norway</option>',
  )
  expect((await send('/sign-in', { email: ann.email, next: '/account' }))[1]).toMatch(
    /id="f-password-error">Fill this in.*name="next" value="\/account"/s,
  )
  expect((await send('/sign-in', {}))[1]).toContain('id="f-email-error">Fill this in with up to 254 characters.')
  expect((await send('/forgot-password', { email: '' }))[0]).toBe(422)
})

test('another site can neither sign in by form nor sign out', async () => {
  const { url } = await serviceWithAnn()
  const browser = visitor(url)
  const foreign = await browser.visit('/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ email: ann.email, password: ann.password }),
    headers: { origin: 'https://evil.example', accept: 'text/html' },
  })
  expect(foreign.status).toBe(403)
  expect(foreign.headers.get('set-cookie')).toBeNull()
  await browser.submit('/sign-in', { email: ann.email, password: ann.password })
  expect((await browser.submit('/sign-out', {})).status).toBe(403)
  const account = await (await browser.visit('/account', asPage)).text()
  const token = account.match(/name="csrf_token" value="([\w-]{43})"/)?.[1] ?? ''
  expect((await browser.submit('/sign-out', { csrf_token: `${token.slice(0, -1)}!` })).status).toBe(403)
  const long = 'x'.repeat(100_000) // as the form of a sheet with very many columns is
  expect((await browser.submit('/sign-out', { long, csrf_token: 'another' })).status).toBe(403)
  const out = await browser.submit('/sign-out', { long, csrf_token: token })
  expect([out.status, browser.cookie()]).toEqual([303, undefined])
})

test('no redirect leads to another site', () => {
  for (const next of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    'javascript:alert(1)',
    'account',
    '',
    undefined,
  ])
    expect(localPath(next)).toBe('/')
  expect(localPath('/leagues/3?page=2#row')).toBe('/leagues/3?page=2')
})

test('the setup link opens a form that makes the first admin', async () => {
  const { url, lines, app } = await start({ ADMIN_TOKEN: '' })
  app.log.flush()
  const link = lines.map(({ message }) => String(message).match(/http\S+\/setup\?token=\S+/)?.[0]).find(Boolean) ?? ''
  const browser = visitor(url)
  const path = link.slice(url.length)
  expect(link.startsWith(url)).toBe(true)
  expect(await (await browser.visit('/sign-in', asPage)).text()).toContain('There is no admin yet')
  expect((await browser.visit('/setup', asPage)).status).toBe(403)
  const form = await (await browser.visit(path, asPage)).text()
  const token = form.match(/name="token" value="([\w-]+)"/)?.[1] ?? ''
  const wrong = await browser.submit('/setup', { ...ann, token })
  expect([wrong.status, (await wrong.text()).includes('Letters, digits')]).toEqual([422, true])
  const created = await browser.submit('/setup', { ...ann, username: 'Ann', token })
  expect([created.status, created.headers.get('location')]).toEqual([303, '/'])
  expect((await browser.visit('/admin/users', asPage)).status).toBe(200)
  expect((await browser.visit(path, asPage)).status).toBe(410)
  expect(await (await visitor(url).visit('/sign-in', asPage)).text()).not.toContain('There is no admin yet')
})

test('the sign-up page is there where sign-up is open', async () => {
  const closed = await start()
  expect((await visitor(closed.url).visit('/sign-up', asPage)).status).toBe(404)
  expect((await visitor(closed.url).submit('/sign-up', { ...ann, username: 'Ann' })).status).toBe(403)
  const { url } = await openService()
  const browser = visitor(url)
  const signInPage = await (await browser.visit('/sign-in', asPage)).text()
  expect(signInPage).toContain('href="/sign-up"')
  expect(signInPage).toContain('with ADMIN_TOKEN') // nobody has an account yet
  const { role, ...account } = { ...ann, username: 'Ann', country: '' }
  const created = await browser.submit('/sign-up', account)
  expect([created.status, created.headers.get('location')]).toEqual([303, '/sign-in?new=true'])
  expect(await (await browser.visit('/sign-in?new=true', asPage)).text()).toContain('You can sign in now')
  const again = await visitor(url).submit('/sign-up', { ...account, username: 'Ann too' })
  expect([again.status, again.headers.get('location')]).toEqual([303, '/sign-in?new=true'])
  const taken = await visitor(url).submit('/sign-up', { ...account, email: 'another@example.org' })
  expect([taken.status, await taken.text()]).toEqual([
    409,
    expect.stringMatching(/<p class="error" id="f-username-error">The name Ann is taken/),
  ])
})

test('the pages of users are for admins', async () => {
  const { call, url, id } = await serviceWithAnn()
  const browser = visitor(url)
  expect(await (await browser.visit('/sign-in', asPage)).text()).not.toContain('ADMIN_TOKEN')
  await browser.signIn(ann.email, ann.password)
  for (const path of ['/admin/users', `/admin/users/${id}`]) {
    expect((await browser.visit(path, asPage)).status).toBe(403)
    expect(await call.get(path)).toContain(ann.email)
  }
  const second = await call.get('/admin/users?limit=20&page=2')
  expect(second).toContain('page=1&amp;limit=20"')
  expect(second).not.toContain('No accounts yet')
  const account = await call.raw('/account', { redirect: 'manual' }) // which pages link to, and the operator has none
  expect([account.status, account.headers.get('location')]).toEqual([303, '/admin/users'])
})

browserTest('a user signs in, makes a key, revokes it and signs out in a browser', async () => {
  const { call, url } = await serviceWithAnn()
  const page = await openBrowser()
  await page.goto(`${url}/account`)
  await page.fill('[name=email]', ann.email)
  await page.fill('[name=password]', ann.password)
  await page.click('main button[type=submit]')
  await page.waitForURL('**/account')
  await page.fill('[name=name]', 'scanner')
  await page.click('text=Make a key')
  const key = await page.textContent('.answer:not([hidden]) output')
  expect((await call.raw('/api/v1/auth/me', { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  await page.reload()
  await page.click('text=Revoke')
  await page.click('dialog button.danger')
  await page.waitForSelector('text=No keys')
  expect((await call.raw('/api/v1/auth/me', { headers: { authorization: `Bearer ${key}` } })).status).toBe(401)
  await page.click('text=Sign out')
  await page.waitForSelector('nav >> text=Sign in')
})
