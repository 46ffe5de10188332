import { expect, test } from 'bun:test'
import { databaseFile } from '../db/open.ts'
import { openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { newLeague, season } from './sheets.ts'
import { refusalOf, start } from './start.ts'
import { tokenOf, visitor } from './visitor.ts'

const password = 'correct horse battery'
const account = (n: number | string) => ({ email: `p${n}@example.org`, username: `Player ${n}`, password })
const asPage = { headers: { accept: 'text/html' } }

test('a link lets a fixed number of people make accounts and join a private league, and no more', async () => {
  const { call, as, url } = await start()
  const { id } = await newLeague(call, { public: false })
  const invitation = await call.post('/api/v1/invitations', { league_id: id, max_uses: 2 })
  expect(invitation).toMatchObject({ league_id: id, state: 'open', uses: 0, max_uses: 2, created_by: null })
  expect(invitation.url).toStartWith(`${url}/invitation?token=`)
  const token = tokenOf(invitation.url)
  expect(await as().post('/api/v1/invitations/read', { token })).toMatchObject({ league: { id, name: season.name } })
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4].map(n => visitor(url).post('/api/v1/invitations/accept', { token, ...account(n) })),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.status).toBe(410)
  expect(await call.get(`/api/v1/leagues/${id}/members`)).toMatchObject({ pagination: { total: 2 } })
  expect(await call.get('/api/v1/users')).toMatchObject({ pagination: { total: 2 } })
  expect((await call.get(`/api/v1/invitations?league_id=${id}`)).invitations).toMatchObject([
    { uses: 2, state: 'used' },
  ])
})

test('a whole club can make its accounts from one address, where only refusals count', async () => {
  const { call, url } = await start()
  const token = tokenOf((await call.post('/api/v1/invitations', { max_uses: 30 })).url)
  const accept = (n: number) => visitor(url).post('/api/v1/invitations/accept', { token, ...account(n) })
  for (let n = 1; n <= 12; n++) await accept(n)
  for (let again = 0; again < 10; again++) expect((await refusalOf(accept(1))).status).toBe(409)
  expect((await refusalOf(accept(13))).status).toBe(429)
})

test('an invitation ends by an officer, by its time, and with its league', async () => {
  const { call, as, clock } = await start()
  const { id } = await newLeague(call)
  const refusedRead = (url: string) => refusalOf(as().post('/api/v1/invitations/read', { token: tokenOf(url) }))
  const ended = await call.post('/api/v1/invitations', { league_id: id, max_uses: 9 })
  expect(await call.delete(`/api/v1/invitations/${ended.id}`)).toEqual({ ended: true, id: ended.id })
  expect(await refusedRead(ended.url)).toMatchObject({ status: 410, problem: { code: 'gone' } })
  const inAMinute = new Date(clock.now() + 60_000).toISOString()
  const short = await call.post('/api/v1/invitations', { league_id: id, expires_at: inAMinute })
  clock.forward(61_000)
  expect((await refusedRead(short.url)).status).toBe(410)
  const past = await refusalOf(call.post('/api/v1/invitations', { expires_at: '2020-01-01T00:00:00Z' }))
  expect(past.problem.errors).toMatchObject([{ path: 'expires_at' }])
  const orphan = await call.post('/api/v1/invitations', { league_id: id })
  await call.delete(`/api/v1/leagues/${id}`, { name: season.name })
  expect((await refusedRead(orphan.url)).status).toBe(404)
  expect((await refusalOf(as().get('/api/v1/invitations'))).status).toBe(401)
})

test('a signed-in user joins by the link once, however often it is opened', async () => {
  const { call, url } = await start()
  const { id } = await newLeague(call, { public: false })
  await call.post('/api/v1/users', { ...account('a'), role: 'member' })
  const browser = visitor(url)
  await browser.signIn(account('a').email, password)
  expect((await refusalOf(browser.get(`/api/v1/leagues/${id}`))).status).toBe(403)
  const { url: link, id: invitation } = await call.post('/api/v1/invitations', { league_id: id, max_uses: 5 })
  const page = await (await browser.visit(link.slice(url.length), asPage)).text()
  expect(page).toContain(`You are invited to <bdi class="name">${season.name}</bdi>`)
  const fields = { token: tokenOf(link), csrf_token: browser.csrfToken() ?? '' }
  expect((await browser.submit('/invitation', { token: fields.token })).status).toBe(403)
  for (let i = 0; i < 2; i++) {
    const joined = await browser.submit('/invitation', fields)
    expect([joined.status, joined.headers.get('location')]).toEqual([303, `/leagues/${id}`])
  }
  expect((await browser.get(`/api/v1/leagues/${id}`)).members).toBe(1)
  const { invitations } = await call.get('/api/v1/invitations')
  expect(invitations).toMatchObject([{ id: invitation, uses: 1 }])
  const list = await (await call.raw('/invitations', asPage)).text()
  expect(list).toContain(`<a href="/leagues/${id}/members"><bdi class="name">${season.name}</bdi></a>`)
})

test('the page of a link makes the account without script, and leaks its address to nobody', async () => {
  const { call, url, dataDir, lines, app } = await start()
  const { id } = await newLeague(call)
  const { url: link } = await call.post('/api/v1/invitations', { league_id: id })
  const browser = visitor(url)
  const linkPage = await browser.visit(link.slice(url.length), asPage)
  expect(linkPage.headers.get('referrer-policy')).toBe('same-origin')
  expect(linkPage.headers.get('cache-control')).toBe('no-store')
  expect(await linkPage.text()).toContain(`<meta property="og:title" content="You are invited to ${season.name}" />`)
  const token = tokenOf(link)
  const wrong = await browser.submit('/invitation', { token, ...account(1), password: 'short' })
  expect(wrong.status).toBe(422)
  const accepted = await browser.submit('/invitation', { token, ...account(1), country: '' })
  expect([accepted.status, accepted.headers.get('location')]).toEqual([303, `/leagues/${id}`])
  expect((await browser.visit(`/leagues/${id}/members`, asPage)).status).toBe(200)
  app.log.flush()
  expect(JSON.stringify(lines)).not.toContain(token)
  expect(JSON.stringify(await call.get('/admin/audit/logs/json'))).not.toContain(token)
  expect(Buffer.from(await Bun.file(databaseFile(dataDir)).arrayBuffer()).includes(token)).toBe(false)
})

test('a link is made as PUBLIC_URL says, and only officers make one', async () => {
  const { call, as } = await start({ PUBLIC_URL: 'https://play.example.org/' })
  expect((await call.post('/api/v1/invitations', {})).url).toStartWith('https://play.example.org/invitation?token=')
  expect((await refusalOf(as().post('/api/v1/invitations', {}))).status).toBe(401)
  expect((await refusalOf(call.post('/api/v1/invitations', { league_id: 77 }))).status).toBe(404)
})

test('every invitation is listed, page by page, also those of one league', async () => {
  const { call, app } = await start()
  const { id } = await newLeague(call)
  const { id: first } = await call.post('/api/v1/invitations', { league_id: id })
  app.db.$client.run(
    `insert into invitations (league_id, token_hash, max_uses, expires_at, created_at)
     select league_id, 'token ' || value, max_uses, expires_at, created_at from invitations, json_each(?)`,
    [JSON.stringify(Array.from({ length: 50 }, (_, i) => i))],
  )
  const ofLeague = `/invitations?league_id=${id}`
  expect(await call.get(`/leagues/${id}/members`)).toContain(`<a href="${ofLeague}">All 51 invitations</a>`)
  expect(await call.get(ofLeague)).not.toContain(`id="i-${first}"`)
  expect(await call.get(`${ofLeague}&page=2`)).toContain(`id="i-${first}"`)
})

test('members are told what happens to what they played before they leave, and leaving is audited', async () => {
  const { call, url } = await start()
  const { id } = await call.post('/api/v1/leagues', { ...season, kind: 'market' })
  const { id: user } = await call.post('/api/v1/users', { ...account('a'), role: 'member' })
  await call.post('/api/v1/quotes', { quotes: [{ symbol: 'ABC', price_cents: 100 }] })
  const session = visitor(url)
  await session.signIn(account('a').email, password)
  await session.post(`/api/v1/leagues/${id}/join`)
  await session.post(`/api/v1/leagues/${id}/trades`, { symbol: 'ABC', side: 'buy', quantity: 3 })
  const played = 'The portfolio stays on the board as it is; nothing more can be traded with it.'
  expect(await session.get(`/api/v1/leagues/${id}/members/${user}`)).toMatchObject({ on_leaving: played })
  expect(await session.post(`/api/v1/leagues/${id}/leave`)).toEqual({ league_id: id, user_id: user, played })
  expect((await refusalOf(session.post(`/api/v1/leagues/${id}/leave`))).status).toBe(404)
  const order = session.post(`/api/v1/leagues/${id}/trades`, { symbol: 'ABC', side: 'buy', quantity: 3 })
  expect((await refusalOf(order)).status).toBe(403)
  expect((await call.get(`/api/v1/leagues/${id}/leaderboard`)).rows).toHaveLength(1)
  await session.post(`/api/v1/leagues/${id}/join`)
  expect((await session.get(`/api/v1/leagues/${id}/portfolio`)).holdings).toMatchObject([
    { symbol: 'ABC', quantity: 3 },
  ])
  expect((await refusalOf(session.delete(`/api/v1/leagues/${id}/members/${user}`))).status).toBe(403)
  expect(await call.delete(`/api/v1/leagues/${id}/members/${user}`)).toMatchObject({ user_id: user, played })
  const { logs } = await call.get('/admin/audit/logs/json')
  expect(logs.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['league.leave', 'league.remove_member']),
  )
})

browserTest('an officer makes a link, sees it listed at once, and a friend comes in by it', async () => {
  const { call, url } = await start()
  const { id } = await newLeague(call, { public: false })
  await call.post('/api/v1/users', { ...account('o'), role: 'officer' })
  const officer = await openBrowser()
  await signInBrowser(officer, url, account('o').email, password)
  await officer.goto(`${url}/leagues/${id}/members`)
  await officer.fill('[name=max_uses]', '30')
  await officer.click('text="Invite"')
  const link = (await officer.textContent('.answer:not([hidden]) output')) ?? ''
  await officer.waitForSelector('#invitations >> text=0 of 30')
  const friend = await openBrowser()
  await friend.goto(link)
  await friend.fill('[name=username]', 'Fay')
  await friend.fill('[name=email]', 'fay@example.org')
  await friend.fill('[name=password]', password)
  await friend.click('main button[type=submit]')
  await friend.waitForURL(`${url}/leagues/${id}`)
  await officer.reload()
  await officer.waitForSelector('#members >> text=Fay')
  await officer.click('#members >> text=Remove')
  await officer.waitForSelector('dialog >> text=Nothing was played.')
  await officer.click('dialog button.danger')
  await officer.waitForSelector('text=Nobody is in it yet')
  await officer.click('#invitations >> text=End')
  await officer.click('dialog button.danger')
  await officer.waitForSelector('#invitations .badge >> text=ended')
})
