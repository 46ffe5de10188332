import { expect, test } from 'bun:test'
import { databaseFile } from '../db/open.ts'
import { passwordLinks, runs } from '../db/schema.ts'
import { clearAlert, raiseAlert } from '../src/alerts.ts'
import type { Notification } from '../src/mail/send.ts'
import { sendMails } from '../src/mail/send.ts'
import { mailAlerts } from '../src/monitor/alerts/send-alerts.ts'
import { day } from '../src/platform/clock.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { linksOf, linkTo, mailServer, mailSettings, silentServer } from './mail.ts'
import { browserTest, redisTest } from './needs.ts'
import { runScript } from './operator.ts'
import { startRedis } from './redis.ts'
import { newLeague, season } from './sheets.ts'
import { refusalOf, start, until } from './start.ts'
import { tokenOf, visitor } from './visitor.ts'

const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }
const notification = (userId: number, more: Partial<Notification> = {}): Notification => ({
  kind: 'picks',
  userId,
  subject: 'Picks close tomorrow',
  lines: ['The picks of <Masters & friends> close tomorrow.'],
  link: { label: 'Choose', path: '/leagues/1' },
  ...more,
})

test('a mail is short, in text and in HTML, and escapes what others wrote', async () => {
  const server = await mailServer()
  const { call, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  expect(await sendMails(app, [notification(id, { subject: 'Close\r\nBcc: all@example.org' })])).toBe(1)
  const [mail] = await server.to(ann.email)
  expect(mail?.to).toEqual([ann.email])
  expect(mail?.from).toBe('fieldhouse@example.org')
  expect(mail?.headers.get('subject')).toBe('Close Bcc: all@example.org')
  expect(mail?.headers.has('bcc')).toBe(false)
  expect(mail?.text).toContain('The picks of <Masters & friends> close tomorrow.')
  expect(mail?.text).toContain('Choose:\nhttps://play.example.org/leagues/1')
  expect(mail?.html).toContain('The picks of &lt;Masters &amp; friends&gt; close tomorrow.')
  expect(mail?.html).toContain('href="https://play.example.org/leagues/1"')
})

test('one occasion is mailed once, however often it is requested', async () => {
  const server = await mailServer()
  const { call, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  const { id: bob } = await call.post('/api/v1/users', { ...ann, email: 'bob@example.org', username: 'Bob' })
  const notifications = [id, bob].map(user => notification(user, { once: 'league 1' }))
  expect(await sendMails(app, notifications)).toBe(2)
  expect(await sendMails(app, notifications)).toBe(0)
  expect(await sendMails(app, [notification(id)])).toBe(1)
  expect(await server.to(ann.email, 2)).toHaveLength(2)
})

test('without SMTP_URL nothing is sent and nothing is kept for it', async () => {
  const { call, app } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  expect(await sendMails(app, [notification(id, { once: 'x' })])).toBe(0)
  expect((await call.get('/admin/task-monitor/json?name=send_mail')).tasks ?? []).toEqual([])
})

test('the link in a mail turns its kind off, for that address and no other kind', async () => {
  const server = await mailServer()
  const { call, app, url } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  await sendMails(app, [notification(id)])
  const [mail] = await server.to(ann.email)
  const link = linksOf(mail ?? expect.unreachable()).at(-1) ?? ''
  expect(mail?.headers.get('list-unsubscribe')).toBe(`<https://play.example.org${link}>`)
  expect(mail?.headers.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click')
  const browser = visitor(url)
  expect(await (await browser.visit(link)).text()).toContain('You get these mails.')
  expect(await sendMails(app, [notification(id)])).toBe(1)
  const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' })
  expect((await fetch(url + link, { method: 'POST', body })).status).toBe(200)
  expect(await sendMails(app, [notification(id)])).toBe(0)
  expect(await sendMails(app, [notification(id, { kind: 'final' })])).toBe(1)
  expect(await (await browser.visit(link)).text()).toContain('You get no more of these mails.')
  expect(await (await browser.submit(link, { again: 'true' })).text()).toContain('You get these mails.')
  expect(await sendMails(app, [notification(id)])).toBe(1)
  const forged = link.replace(/token=(.)/, (_, first) => `token=${first === 'a' ? 'b' : 'a'}`)
  expect((await browser.submit(forged, {})).status).toBe(404)
})

test('what was turned off while a mail waited is not sent, nor alerts to a former admin', async () => {
  const { port, mails, refused } = await mailServer()
  const { call, app, url } = await start(mailSettings(port))
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const bob = { ...ann, email: 'bob@example.org', username: 'Bob', role: 'admin' }
  const { id: bobId } = await call.post('/api/v1/users', bob)
  await call.post('/api/v1/users', { ...bob, email: 'cy@example.org', username: 'Cy' })
  refused.next = 2
  await sendMails(app, [notification(id), notification(bobId, { kind: 'alert' })])
  await until(() => refused.next === 0)
  await browser.patch('/api/v1/auth/mails', { picks: false })
  await call.patch(`/api/v1/users/${bobId}`, { role: 'member' })
  const runs = await until(async () => {
    const { jobs, pagination } = await call.get('/api/v1/jobs?name=send_mail&status=SUCCESS')
    return pagination.total === 2 && jobs
  })
  expect(runs.map(({ result }: { result: { skipped: string } }) => result.skipped).toSorted()).toEqual([
    'there is nobody to send it to any more',
    'they have turned these mails off',
  ]) // which of the two is tried again first is chance
  expect(mails).toEqual([])
})

test('a mail server that refuses or is unreachable is tried again; an alert names it until it accepts a mail', async () => {
  const first = await mailServer()
  const { call, app } = await start(mailSettings(first.port))
  const { id } = await call.post('/api/v1/users', ann)
  first.refused.next = 1
  await sendMails(app, [notification(id)])
  const alertIn = async (state: string) => {
    const { alerts } = await call.get('/admin/monitoring/alerts/json?state=all')
    return alerts.find(
      (each: { alert_type: string; state: string }) => each.alert_type === 'mail_failed' && each.state === state,
    )
  }
  const alert = await until(() => alertIn('active'))
  expect(alert).toMatchObject({ title: 'Mails cannot be sent', severity: 'error' })
  expect(alert.message).toContain(`127.0.0.1:${first.port}`)
  expect(alert.message).toContain('come again later')
  await first.to(ann.email)
  await until(() => alertIn('resolved'))
})

test('a mail server that never answers does not block the next mails for ever', async () => {
  const port = await silentServer()
  const { call, app } = await start(mailSettings(port, '?greetingTimeout=300'))
  const { id } = await call.post('/api/v1/users', ann)
  await sendMails(app, [notification(id)])
  const run = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=send_mail')
    return jobs.find(({ error }: { error: string | null }) => error)
  })
  expect(run.error).toContain(`127.0.0.1:${port}`)
})

test('an address that the mail server rejects is not tried again, and an admin is told', async () => {
  const server = await mailServer()
  const { call, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  server.refused.addresses.add(ann.email)
  await sendMails(app, [notification(id)])
  const run = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=send_mail')
    return jobs.find(({ status }: { status: string }) => status === 'FAILURE')
  })
  expect(run).toMatchObject({ error: expect.stringContaining('no such mailbox') })
  const { alerts } = await call.get('/admin/monitoring/alerts/json')
  expect(alerts.map(({ title }: { title: string }) => title)).toContain('A mail was refused')
})

test('each chooses their mails on their own account, and keeps the choice with another address', async () => {
  const server = await mailServer()
  const { call, app, url } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const { mails, sent } = await browser.patch('/api/v1/auth/mails', { picks: false })
  expect(sent).toBe(true)
  expect(mails).toContainEqual(expect.objectContaining({ kind: 'picks', on: false }))
  expect(mails.map(({ kind }: { kind: string }) => kind)).not.toContain('alert')
  await browser.patch('/api/v1/auth/me', { email: 'ann@new.example.org', current_password: ann.password })
  expect(await sendMails(app, [notification(id)])).toBe(0)
  await browser.patch('/api/v1/auth/mails', { picks: true })
  expect(await sendMails(app, [notification(id)])).toBe(1)
  await server.to('ann@new.example.org')
  expect((await refusalOf(call.get('/api/v1/auth/mails'))).status).toBe(409)
})

test('a forgotten password is reset by mail, and no answer reveals whether there is an account', async () => {
  const server = await mailServer()
  const { call, url, as, clock, app, lines, dataDir } = await start(mailSettings(server.port))
  await call.post('/api/v1/users', ann)
  await call.put('/api/v1/place', { name: 'Northern Alliance' })
  const answerToStranger = await as().post('/api/v1/auth/forgot', { email: 'nobody@example.org' })
  expect(await as().post('/api/v1/auth/forgot', { email: ' ANN@example.org' })).toEqual(answerToStranger)
  const [mail] = await server.to(ann.email)
  expect(mail?.headers.get('subject')).toBe('A new password for Northern Alliance')
  const link = linkTo('/password', mail)
  const token = tokenOf(link)
  app.log.flush()
  expect(JSON.stringify(lines)).not.toContain(token)
  expect(JSON.stringify(await call.get('/api/v1/jobs?name=send_password_link'))).not.toContain(token)
  expect(Buffer.from(await Bun.file(databaseFile(dataDir)).arrayBuffer()).includes(token)).toBe(false)
  const browser = visitor(url)
  const changed = await browser.submit('/password', { token, password: 'a whole new password' })
  expect([changed.status, changed.headers.get('location')]).toEqual([303, '/'])
  await visitor(url).signIn(ann.email, 'a whole new password')
  expect((await visitor(url).submit('/password', { token, password: 'another new password' })).status).toBe(410)

  clock.forward(61_000)
  await as().post('/api/v1/auth/forgot', { email: ann.email })
  const mails = await server.to(ann.email, 3) // one that the password was changed among them
  const secondMail = mails.findLast(({ headers }) => headers.get('subject') === 'A new password for Northern Alliance')
  clock.forward(3_600_001)
  const expiredLink = linkTo('/password', secondMail)
  expect((await browser.visit(expiredLink)).status).toBe(410)
  expect(server.mails.filter(({ to }) => to.includes('nobody@example.org'))).toEqual([])
})

test('the owner is mailed about a new password, and at the old address about a new address', async () => {
  const server = await mailServer()
  const { call, url, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const current_password = 'a whole new password'
  await browser.post('/api/v1/auth/password', { current_password: ann.password, new_password: current_password })
  await browser.patch('/api/v1/auth/me', { email: 'ann@new.example.org', current_password })
  await call.patch(`/api/v1/users/${id}`, { country: 'NO' }) // sends no mail
  const texts = (await server.to(ann.email, 2)).map(({ text }) => text).sort() // they are sent at the same time
  expect(texts[0]).toContain('The e-mail address of your account has been changed')
  expect(texts[0]).not.toContain('ann@new.example.org')
  expect(texts[1]).toContain('The password of your account has been changed')
  await call.patch(`/api/v1/users/${id}`, { password: 'chosen by an admin' })
  const [mail] = await server.to('ann@new.example.org')
  expect(mail?.text).toContain('/forgot-password')
  expect(server.mails).toHaveLength(3)
  await call.delete(`/api/v1/users/${id}`)
  const inputs = app.db.select({ input: runs.input }).from(runs).all()
  expect(JSON.stringify(inputs)).toContain('userId')
  expect(JSON.stringify(inputs)).not.toContain('ann@')
})

test('nobody can flood a mailbox with links', async () => {
  const server = await mailServer()
  const { call, as, finished, app, clock } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  const forgot = () => as().post('/api/v1/auth/forgot', { email: ann.email })
  await call.post(`/api/v1/users/${id}/password-link`) // does not count
  await forgot()
  await server.to(ann.email)
  await forgot()
  const { jobs } = await call.get('/api/v1/jobs?name=send_password_link')
  for (const job of jobs) await finished({ job_id: job.job_id })
  expect(server.mails).toHaveLength(1)
  for (let more = 0; more < 8; more++) await forgot()
  expect((await refusalOf(forgot())).status).toBe(429)
  expect(app.config.smtpUrl).toContain('smtp://')
  clock.forward(-365 * day) // it was ahead, and that link is of a time to come
  await forgot()
  await server.to(ann.email, 2)
})

test('a link for a new password that a restart interrupts is mailed by the next process', async () => {
  const server = await mailServer()
  const { call, as, app, stop, dataDir } = await start(mailSettings(await silentServer()))
  await call.post('/api/v1/users', ann)
  await as().post('/api/v1/auth/forgot', { email: ann.email })
  await until(() => app.db.select().from(passwordLinks).get())
  await stop()
  await start(mailSettings(server.port), dataDir)
  expect(await server.to(ann.email)).toHaveLength(1)
})

test('where no mails are sent the page of a forgotten password leads to an admin', async () => {
  const { as, url } = await start()
  const browser = visitor(url)
  expect(await (await browser.visit('/sign-in')).text()).toContain('href="/forgot-password"')
  expect(await (await browser.visit('/forgot-password')).text()).toContain('Ask an admin')
  expect((await refusalOf(as().post('/api/v1/auth/forgot', { email: ann.email }))).status).toBe(409)
})

test('the page of a forgotten password works without script', async () => {
  const server = await mailServer()
  const { call, url } = await start(mailSettings(server.port))
  await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  expect(await (await browser.visit('/forgot-password')).text()).toContain('Send me the link')
  const answer = await (await browser.submit('/forgot-password', { email: ann.email })).text()
  expect(answer).toContain('If this address has an account')
  expect(await (await browser.submit('/forgot-password', { email: 'nobody@example.org' })).text()).toBe(answer)
  await server.to(ann.email)
})

test('friends are invited by mail, each with a link for one', async () => {
  const server = await mailServer()
  const { call, url } = await start(mailSettings(server.port))
  const { id } = await newLeague(call, { public: false })
  server.refused.addresses.add('gone@example.org')
  const emails = ['bob@example.org', 'Bob@example.org', 'cy@example.org', 'gone@example.org']
  const created = await call.post('/api/v1/invitations', { league_id: id, emails })
  expect(created).toMatchObject({ url: null, mailed: 3, max_uses: 1, email: 'bob@example.org' })
  const [mail] = await server.to('bob@example.org')
  expect(mail?.headers.get('subject')).toBe(`You are invited to ${season.name}`)
  const link = linkTo('/invitation', mail)
  const browser = visitor(url)
  expect(await (await browser.visit(link)).text()).toContain('value="bob@example.org"')
  const token = tokenOf(link)
  const bob = { email: 'bob@example.org', username: 'Bob', password: ann.password }
  expect(await browser.post('/api/v1/invitations/accept', { token, ...bob })).toMatchObject({ league_id: id })
  const secondUse = visitor(url).post('/api/v1/invitations/accept', { token, ...bob, username: 'Bobby' })
  expect((await refusalOf(secondUse)).status).toBe(410)
  const invitationsMailed = await until(async () => {
    const { invitations } = await call.get(`/api/v1/invitations?league_id=${id}`)
    return invitations.every((each: { mailed_at: string; mail_error: string }) => each.mailed_at ?? each.mail_error)
      ? invitations
      : undefined
  })
  expect(invitationsMailed).toMatchObject([
    { email: 'gone@example.org', mailed_at: null, mail_error: expect.stringContaining('no such mailbox') },
    { email: 'cy@example.org', state: 'open', mail_error: null },
    { email: 'bob@example.org', state: 'used' },
  ])
  const { users } = await call.get('/api/v1/users?q=bob@example.org')
  await call.delete(`/api/v1/users/${users[0].id}`)
  const { invitations } = await call.get(`/api/v1/invitations?league_id=${id}`)
  expect(JSON.stringify(invitations)).not.toContain('bob@example.org')
  const invalid = await refusalOf(call.post('/api/v1/invitations', { emails: ['bob at example.org'] }))
  expect(invalid.problem.errors).toMatchObject([{ path: 'emails' }])
})

test('where no mails are sent an invitation is a link to copy', async () => {
  const { call } = await start()
  const refused = await refusalOf(call.post('/api/v1/invitations', { emails: ['bob@example.org'] }))
  expect(refused.problem.errors).toMatchObject([{ path: 'emails', message: expect.stringContaining('sends no mail') }])
  expect(await call.post('/api/v1/invitations')).toMatchObject({ url: expect.stringContaining('token='), mailed: 0 })
})

test('admins get alerts by mail, those of one check together and each condition once an hour', async () => {
  const server = await mailServer()
  const { call, app, clock } = await start(mailSettings(server.port))
  await call.post('/api/v1/users', { ...ann, role: 'admin' })
  await call.post('/api/v1/users', { ...ann, email: 'bob@example.org', username: 'Bob' })
  const alert = (key: string) =>
    raiseAlert(app.db, clock.now(), {
      key,
      type: 'feed_held',
      severity: 'warning',
      title: `${key} is held`,
      message: 'No.',
    })
  alert('feed_held:pga')
  alert('feed_held:euro')
  raiseAlert(app.db, clock.now(), { key: 'x', type: 'performance', severity: 'info', title: 'x', message: 'x' })
  raiseAlert(app.db, clock.now(), {
    key: 'mail:server',
    type: 'mail_failed',
    severity: 'error',
    title: 'x',
    message: 'x',
  })
  expect(await mailAlerts(app)).toBe(1)
  expect(await mailAlerts(app)).toBe(0)
  const [mail] = await server.to(ann.email)
  expect(mail?.headers.get('subject')).toBe('feed_held:pga is held, and 1 more')
  expect(mail?.text).toContain('WARNING: feed_held:euro is held\nNo.')
  clearAlert(app.db, clock.now(), 'feed_held:pga')
  alert('feed_held:pga')
  expect(await mailAlerts(app)).toBe(0)
  clock.forward(2_400_000)
  clearAlert(app.db, clock.now(), 'feed_held:pga')
  alert('feed_held:pga')
  expect(await mailAlerts(app)).toBe(0)
  clearAlert(app.db, clock.now(), 'feed_held:pga')
  clock.forward(1_200_001)
  alert('feed_held:pga')
  expect(await mailAlerts(app)).toBe(1)
})

browserTest(
  'friends are invited by mail from the form, and mails are chosen on the account page of a phone',
  async () => {
    const server = await mailServer()
    const { call, url } = await start(mailSettings(server.port))
    await call.post('/api/v1/users', { ...ann, role: 'officer' })
    const { id } = await newLeague(call)
    const page = await openBrowser({ viewport: { width: 390, height: 800 } })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, ann.email, ann.password)
    await page.goto(`${url}/leagues/${id}/members`)
    await page.fill('[name=emails]', 'bob@example.org\ncy@example.org')
    await page.click('text="Invite"')
    await page.waitForSelector('#invitations >> text=cy@example.org')
    expect(await page.locator('.answer:not([hidden])').count()).toBe(0)
    const [mail] = await server.to('bob@example.org')
    expect(mail?.text).toContain('Ann invites you to')
    await page.goto(`${url}/account`)
    await page.uncheck('[name=picks]')
    await page.click('form[action="/api/v1/auth/mails"] button')
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('[name=picks]')?.defaultChecked === false)
    const overflows = () =>
      [...document.querySelectorAll('#sessions .sheet')].map(sheet => sheet.scrollWidth > sheet.clientWidth)
    expect(await page.evaluate(overflows)).toEqual([false])
    expect(consoleErrors).toEqual([])
  },
)

test('an operator tries the mail server without waiting for a reason to mail', async () => {
  const server = await mailServer()
  const sendTestMail = (settings: Record<string, string>) => runScript('admin.ts', ['test-mail', ann.email], settings)
  expect(await sendTestMail(mailSettings(server.port))).toEqual({
    code: 0,
    out: `127.0.0.1:${server.port} has taken a mail to ${ann.email}\n`,
    err: '',
  })
  expect(server.mails).toMatchObject([{ to: [ann.email] }])
  server.refused.addresses.add(ann.email)
  expect((await sendTestMail(mailSettings(server.port))).err).toContain('550 no such mailbox')
  expect((await sendTestMail(mailSettings(1))).err).toContain('127.0.0.1:1 failed: The server refuses connections')
  expect(await sendTestMail({})).toMatchObject({ code: 1, err: expect.stringContaining('SMTP_URL is not set') })
})

redisTest('with Redis a mail is tried again too', async () => {
  const [server, redis] = [await mailServer(), await startRedis()]
  const { call, app } = await start({ ...mailSettings(server.port), REDIS_URL: redis.url })
  const { id } = await call.post('/api/v1/users', ann)
  server.refused.next = 1
  await sendMails(app, [notification(id)])
  expect(await server.to(ann.email)).toHaveLength(1)
})
