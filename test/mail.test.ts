import { expect, test } from 'bun:test'
import type { News } from '../src/mail/send.ts'
import { sendMails } from '../src/mail/send.ts'
import { linksOf, mailServer, mailSettings, silentServer } from './mail.ts'
import { refusalOf, start, until } from './start.ts'
import { visitor } from './visitor.ts'

const ann = { email: 'ann@example.org', username: 'Ann', password: 'correct horse battery', role: 'member' }
const news = (userId: number, more: Partial<News> = {}): News => ({
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
  expect(await sendMails(app, [news(id, { subject: 'Close\r\nBcc: all@example.org' })])).toBe(1)
  const [mail] = await server.to(ann.email)
  expect(mail?.from).toBe('fieldhouse@example.org')
  expect(mail?.headers.get('subject')).toBe('Close Bcc: all@example.org')
  expect(mail?.headers.has('bcc')).toBe(false)
  expect(mail?.text).toContain('The picks of <Masters & friends> close tomorrow.')
  expect(mail?.text).toContain('Choose:\nhttps://play.example.org/leagues/1')
  expect(mail?.html).toContain('The picks of &lt;Masters &amp; friends&gt; close tomorrow.')
  expect(mail?.html).toContain('href="https://play.example.org/leagues/1"')
})

test('one occasion is mailed once, however often it is asked for', async () => {
  const server = await mailServer()
  const { call, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  const { id: bob } = await call.post('/api/v1/users', { ...ann, email: 'bob@example.org', username: 'Bob' })
  const once = [id, bob].map(user => news(user, { once: 'league 1' }))
  expect(await sendMails(app, once)).toBe(2)
  expect(await sendMails(app, once)).toBe(0)
  expect(await sendMails(app, [news(id)])).toBe(1)
  expect(await server.to(ann.email, 2)).toHaveLength(2)
})

test('without SMTP_URL nothing is sent and nothing is kept for it', async () => {
  const { call, app } = await start()
  const { id } = await call.post('/api/v1/users', ann)
  expect(await sendMails(app, [news(id, { once: 'x' })])).toBe(0)
  expect((await call.get('/admin/task-monitor/json?name=send_mail')).tasks ?? []).toEqual([])
})

test('the link in a mail turns its kind off, for that address and no other kind', async () => {
  const server = await mailServer()
  const { call, app, url } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  await sendMails(app, [news(id)])
  const [mail] = await server.to(ann.email)
  const link = linksOf(mail ?? expect.unreachable()).at(-1) ?? ''
  expect(mail?.headers.get('list-unsubscribe')).toBe(`<https://play.example.org${link}>`)
  expect(mail?.headers.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click')
  const browser = visitor(url)
  expect(await (await browser.visit(link)).text()).toContain('You get these mails.')
  expect(await sendMails(app, [news(id)])).toBe(1)
  const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' })
  expect((await fetch(url + link, { method: 'POST', body })).status).toBe(200)
  expect(await sendMails(app, [news(id)])).toBe(0)
  expect(await sendMails(app, [news(id, { kind: 'final' })])).toBe(1)
  expect(await (await browser.visit(link)).text()).toContain('You get no more of these mails.')
  expect(await (await browser.submit(link, { again: 'true' })).text()).toContain('You get these mails.')
  expect(await sendMails(app, [news(id)])).toBe(1)
  const forged = link.replace(/token=./, 'token=-')
  expect((await browser.submit(forged, {})).status).toBe(404)
})

test('what was turned off while a mail waited is not sent', async () => {
  const { port, mails, refused } = await mailServer()
  const { call, app, url } = await start(mailSettings(port))
  const { id } = await call.post('/api/v1/users', ann)
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  refused.next = 1
  await sendMails(app, [news(id)])
  await until(() => refused.next === 0)
  await browser.patch('/api/v1/auth/mails', { picks: false })
  const run = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=send_mail')
    return jobs.find(({ status }: { status: string }) => status === 'SUCCESS')
  })
  expect(run.result).toEqual({ skipped: 'they have turned these mails off' })
  expect(mails).toEqual([])
})

test('a server that refuses, or is gone, is asked again; an alert names it until it takes a mail', async () => {
  const first = await mailServer()
  const { call, app } = await start(mailSettings(first.port))
  const { id } = await call.post('/api/v1/users', ann)
  first.refused.next = 1
  await sendMails(app, [news(id)])
  const alert = async (state: string) => {
    const { alerts } = await call.get('/admin/monitoring/alerts/json?state=all')
    return alerts.find(
      (each: { alert_type: string; state: string }) => each.alert_type === 'mail_failed' && each.state === state,
    )
  }
  const raised = await until(() => alert('active'))
  expect(raised).toMatchObject({ title: 'Mails cannot be sent', severity: 'error' })
  expect(raised.message).toContain(`127.0.0.1:${first.port}`)
  expect(raised.message).toContain('come again later')
  await first.to(ann.email)
  await until(() => alert('resolved'))
})

test('a server that takes the connection and says nothing does not hold up the next mails for ever', async () => {
  const port = await silentServer()
  const { call, app } = await start(mailSettings(port, '?greetingTimeout=300'))
  const { id } = await call.post('/api/v1/users', ann)
  await sendMails(app, [news(id)])
  const run = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=send_mail')
    return jobs.find(({ error }: { error: string | null }) => error)
  })
  expect(run.error).toContain(`127.0.0.1:${port}`)
})

test('an address that the server does not know is not tried again, and an admin hears of it', async () => {
  const server = await mailServer()
  const { call, app } = await start(mailSettings(server.port))
  const { id } = await call.post('/api/v1/users', ann)
  server.refused.addresses.add(ann.email)
  await sendMails(app, [news(id)])
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
  expect(await sendMails(app, [news(id)])).toBe(0)
  await browser.patch('/api/v1/auth/mails', { picks: true })
  expect(await sendMails(app, [news(id)])).toBe(1)
  await server.to('ann@new.example.org')
  expect((await refusalOf(call.get('/api/v1/auth/mails'))).status).toBe(409)
})
