import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { staffNotices, systemAlerts } from '../db/schema.ts'
import { day } from '../src/platform/clock.ts'
import { daysAfter, mondayOf } from '../src/rota/date-range.ts'
import { toIcal } from '../src/rota/own/ical.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { inDays } from './dates.ts'
import { browserTest } from './needs.ts'
import { auditedActions, base, createPerson, createSite } from './rosters.ts'
import { refusalOf, start, until } from './start.ts'
import { tokenOf, visitor } from './visitor.ts'

const account = (name: string) => ({
  email: `${name.toLowerCase()}@example.org`,
  username: name,
  password: 'correct horse battery',
  role: 'member',
})

test('a member of staff is linked to one account by its name, until either is deleted', async () => {
  const { call } = await start()
  const user = await call.post('/api/v1/users', account('ann'))
  const ann = await createPerson(call, 'Ann', { account: 'ANN' })
  expect(ann).toMatchObject({ account: 'ann', user_id: user.id })
  const bob = await createPerson(call, 'Bob')
  expect(bob).toMatchObject({ account: null, user_id: null })
  const link = (id: number, name: string | null) => call.patch(`${base}/staff/${id}`, { account: name })
  expect(await refusalOf(link(bob.id, 'ann'))).toMatchObject({ status: 409 })
  expect((await refusalOf(link(bob.id, 'nobody'))).problem.errors[0].path).toBe('account')
  expect(await link(ann.id, null)).toMatchObject({ account: null })
  expect(await link(bob.id, 'ann')).toMatchObject({ account: 'ann' })
  expect(await call.patch(`${base}/staff/${bob.id}`, { max_hours_week: 20 })).toMatchObject({ account: 'ann' })
  await call.delete(`/api/v1/users/${user.id}`)
  expect(await call.get(`${base}/staff/${bob.id}`)).toMatchObject({ account: null, user_id: null })
})

/** Ann, Bob and Cy work evenings at the bar and have accounts; Ann has shifts on three days. */
async function startBar(swaps = 'officer') {
  const app = await start()
  const { call, url } = app
  const site = await call.post(`${base}/sites`, { name: 'Hall, upstairs', timezone: 'Europe/Berlin', swaps })
  const people: Record<string, { id: number; browser: ReturnType<typeof visitor> }> = {}
  for (const name of ['Ann', 'Bob', 'Cy']) {
    const user = account(name)
    await call.post('/api/v1/users', user)
    const browser = visitor(url)
    await browser.signIn(user.email, user.password)
    people[name] = { id: (await createPerson(call, name, { account: name })).id, browser }
  }
  const { Ann: ann, Bob: bob, Cy: cy } = people
  if (!ann || !bob || !cy) throw new Error('Somebody is missing')
  const shift = (days: number) =>
    call.post(`${base}/shifts`, {
      site_id: site.id,
      starts_at: `${inDays(days)}T17:00:00Z`,
      ends_at: `${inDays(days)}T22:00:00Z`,
      skill: 'bar',
      kind: 'late',
    })
  const assignIn = async (days: number, id: number) =>
    call.post(`${base}/assignments`, { shift_id: (await shift(days)).id, staff_id: id })
  const duties = [await assignIn(5, ann.id), await assignIn(6, ann.id), await assignIn(7, ann.id)]
  return { ...app, site, ann, bob, cy, shift, assignIn, duties }
}

type Person = Awaited<ReturnType<typeof startBar>>['ann']
const shiftsOf = async ({ browser }: Person) => (await browser.get(`${base}/me/shifts`)).shifts
const textOf = async ({ browser }: Person, path: string) => (await browser.visit(path)).text()
const noticesOf = async ({ browser }: Person): Promise<string[]> =>
  (await browser.get(`${base}/me/notices`)).notices.map(({ message }: { message: string }) => message)

test('a person sees their own shifts in the site’s zone, and nobody else’s', async () => {
  const { call, ann, bob, duties, shift } = await startBar()
  await call.post(`${base}/assignments`, { shift_id: (await shift(8)).id, staff_id: bob.id })
  const shifts = await shiftsOf(ann)
  expect(shifts.map(({ assignment_id }: { assignment_id: number }) => assignment_id)).toEqual(
    duties.map(({ id }) => id),
  )
  expect(shifts[0]).toMatchObject({ site: 'Hall, upstairs', timezone: 'Europe/Berlin', hours: 5, against: [] })
  expect([shifts[0].kind, shifts[0].skill]).toEqual(['late', 'bar'])
  expect(shifts[0].from).toMatch(/^1[89]:00$/)
  expect(await shiftsOf(bob)).toHaveLength(1)
  expect(await ann.browser.get(`${base}/me`)).toMatchObject({ staff_id: ann.id, name: 'Ann', calendar_since: null })
  expect((await ann.browser.get(`${base}/me/shifts?past=true`)).shifts).toEqual([])
  await call.patch(`${base}/staff/${ann.id}`, { certifications: [{ name: 'first aid', expires_on: inDays(-2) }] })
  expect(await textOf(ann, '/rota/mine')).toMatch(/>Certificates<.*>first aid<.*ran out/s)
  const stranger = await refusalOf(call.get(`${base}/me`)) // the operator is none of the staff
  expect(stranger.status).toBe(404)
})

test('who works beside a person on another shift of that time and site is named, who only relieves them is not', async () => {
  const { call, url, site, ann, bob, cy, assignIn, as } = await startBar()
  await assignIn(5, bob.id)
  const dee = await createPerson(call, 'Dee')
  const assignFor = async (from: string, to: string, id: number, site_id = site.id) => {
    const times = { starts_at: `${inDays(5)}T${from}Z`, ends_at: `${inDays(5)}T${to}Z` }
    const { id: shift_id } = await call.post(`${base}/shifts`, { site_id, skill: 'bar', ...times })
    return call.post(`${base}/assignments`, { shift_id, staff_id: id })
  }
  await assignFor('11:00:00', '17:30:00', cy.id)
  await assignFor('17:00:00', '22:00:00', dee.id, (await createSite(call)).id)
  const colleaguesOf = async (person: Person) => (await shiftsOf(person))[0].colleagues
  expect([await colleaguesOf(ann), await colleaguesOf(bob), await colleaguesOf(cy)]).toEqual([['Bob'], ['Ann'], []])
  expect(await textOf(ann, '/rota/mine')).toMatch(/ · late, bar <small class="quiet">with Bob</)
  for (const name of ['zoe', 'Émile']) await assignIn(5, (await createPerson(call, name)).id)
  expect(await colleaguesOf(ann)).toEqual(['Bob', 'Émile', 'zoe'])
  const { url: calendar } = await ann.browser.post(`${base}/me/calendar`)
  const unfolded = (await (await as().raw(calendar.slice(url.length))).text()).replaceAll('\r\n ', '')
  expect(unfolded).toContain('\\nWith Bob\\, Émile\\, zoe\r\n')
  expect(unfolded).toContain('SUMMARY:late\\, bar\\, Hall\\, upstairs\r\n')
})

test('people are notified of shifts they get, lose and that move', async () => {
  const { call, ann, bob, duties } = await startBar()
  expect(await noticesOf(ann)).toHaveLength(3)
  expect((await noticesOf(ann))[0]).toMatch(
    /^New: \w{3} \d+ \w{3}, (18:00–23:00|19:00–00:00), Hall, upstairs \(Europe\/Berlin\)$/, // in winter, in summer
  )
  await call.patch(`${base}/shifts/${duties[0].shift_id}`, { ends_at: `${inDays(5)}T21:00:00Z` })
  expect((await noticesOf(ann))[0]).toMatch(/^Changed: .*; it was /)
  await call.post(`${base}/assignments/${duties[0].id}/replace`, { staff_id: bob.id })
  expect((await noticesOf(ann))[0]).toMatch(/^Taken off: /)
  expect((await noticesOf(bob))[0]).toMatch(/^New: /)
  await call.delete(`${base}/shifts/${duties[1].shift_id}?confirm=true`)
  expect((await noticesOf(ann))[0]).toMatch(/^Taken off: /)
  const { notices } = await ann.browser.get(`${base}/me/notices`)
  expect(await ann.browser.post(`${base}/me/notices/seen`, { up_to: notices[0].id })).toEqual({ seen: 6 })
  expect((await ann.browser.get(`${base}/me/notices`)).notices[0].seen_at).not.toBeNull()
})

test('a calendar is read at a private address, which is renewed, ended and nowhere in the log', async () => {
  const { call, url, lines, ann, bob, as } = await startBar()
  const renewCalendar = async () => (await ann.browser.post(`${base}/me/calendar`)).url as string
  const read = (address: string) => as().raw(address.slice(url.length))
  const first = await renewCalendar()
  const response = await read(first)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const text = await response.text()
  expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(3)
  expect(text).toContain(`DTSTART:${inDays(5).replaceAll('-', '')}T170000Z\r\n`)
  expect(text).toContain('LOCATION:Hall\\, upstairs\r\n')
  const second = await renewCalendar()
  expect((await read(first)).status).toBe(404)
  expect((await read(second)).status).toBe(200)
  expect((await read(`${url}/calendar/shifts.ics?token=x`)).status).toBe(404)
  expect(await (await read(second)).text()).not.toContain('Bob')
  await refusalOf(bob.browser.delete(`${base}/me/calendar`)) // Bob has none; Ann’s stays
  expect((await read(second)).status).toBe(200)
  await call.patch(`${base}/staff/${ann.id}`, { account: null })
  expect((await read(second)).status).toBe(404)
  const token = tokenOf(second)
  expect(JSON.stringify(lines)).not.toContain(token)
  expect(await auditedActions(call)).toContain('calendar.renew')
})

test('a calendar escapes its texts and folds long lines between letters', () => {
  const text = toIcal({
    name: 'a;b',
    at: Date.UTC(2026, 2, 1),
    events: [
      {
        uid: '1@x',
        from: Date.UTC(2026, 2, 29, 0, 30),
        to: Date.UTC(2026, 2, 29, 4),
        summary: 'Ä'.repeat(60),
        location: 'Back\\slash, 5; left',
        description: 'one\ntwo\r\nthree\u0007',
      },
    ],
  })
  const lines = text.split('\r\n')
  expect(lines.pop()).toBe('')
  for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
  expect(text).not.toMatch(/[^\r]\n/)
  expect(text.replaceAll('\r\n ', '')).toContain(`SUMMARY:${'Ä'.repeat(60)}\r\n`)
  expect(text).toContain('LOCATION:Back\\\\slash\\, 5\\; left\r\n')
  expect(text).toContain('DESCRIPTION:one\\ntwo\\nthree\r\n')
  expect(text).toContain('X-WR-CALNAME:a\\;b\r\n')
  expect(text).toContain('DTSTAMP:20260301T000000Z\r\nDTSTART:20260329T003000Z\r\n')
})

test('leave is requested, approved into an absence, declined with a reason, and withdrawn by the person', async () => {
  const { call, app, ann, bob, cy, clock, assignIn } = await startBar()
  const requestLeave = ({ browser }: Person, from: number, to: number) =>
    browser.post(`${base}/me/leave`, { from: inDays(from), to: inDays(to), note: 'A wedding' })
  const leave = await requestLeave(ann, 6, 7)
  expect(leave).toMatchObject({ state: 'pending', name: 'Ann', duties: 2, note: 'A wedding' })
  expect(await textOf(ann, '/rota/mine')).toContain('You have 2 shifts then')
  expect((await refusalOf(requestLeave(ann, 7, 9))).status).toBe(409)
  expect((await refusalOf(requestLeave(ann, -9, -8))).status).toBe(422)
  expect((await refusalOf(bob.browser.delete(`${base}/me/leave/${leave.id}`))).status).toBe(404)
  expect((await refusalOf(bob.browser.post(`${base}/leave/${leave.id}/approve`))).status).toBe(403)
  expect((await bob.browser.get(`${base}/me/leave`)).leave).toEqual([])
  expect((await call.get(`${base}/leave?state=pending`)).leave).toHaveLength(1)
  await assignIn(6, bob.id)
  const counted = /href="([^"]+)">2</.exec(await call.get('/rota/requests'))?.[1]?.replaceAll('&amp;', '&') ?? ''
  const shown = await call.get(counted)
  expect(shown).toContain('Only the shifts of <bdi class="name">Ann</bdi>')
  expect(shown.match(/href="\/rota\/shifts\/\d+"/g)).toHaveLength(2)

  expect(await call.post(`${base}/leave/${leave.id}/approve`)).toMatchObject({ state: 'approved' })
  const [cys, bobs] = [await requestLeave(cy, 7, 8), await requestLeave(bob, 7, 8)]
  const absent = [{ from: `${inDays(8)}T08:00:00Z`, to: `${inDays(9)}T08:00:00Z` }]
  const dora = await call.post(`${base}/staff`, { name: 'Dora', unavailable: absent })
  const requested = await call.get('/rota/requests')
  expect(requested.match(/data-head="Away then">2 <small class="quiet">Ann, Dora</g)).toHaveLength(2)
  await call.delete(`${base}/staff/${dora.id}`)
  expect(requested.indexOf('>Cy<')).toBeLessThan(requested.indexOf('>Bob<')) // Cy asked first
  for (const [{ browser }, { id }] of [[cy, cys] as const, [bob, bobs] as const])
    await browser.delete(`${base}/me/leave/${id}`)
  const form = await call.get(`${base}/staff/${ann.id}`)
  expect(form).toMatchObject({ unavailable: [], leave: [{ from: inDays(6), to: inDays(7) }] })
  await call.put(`${base}/staff/${ann.id}`, { name: 'Ann', skills: ['bar'], account: 'Ann' }) // as a form from before
  expect((await shiftsOf(ann)).map(({ against }: { against: { rule: string }[] }) => against[0]?.rule)).toEqual([
    undefined,
    'unavailable',
    'unavailable',
  ])
  expect((await noticesOf(ann))[0]).toContain('is approved')
  const alert = () => app.db.select().from(systemAlerts).where(eq(systemAlerts.key, 'roster_broken')).get()
  await until(() => alert()?.state === 'active')
  expect((await refusalOf(call.post(`${base}/leave/${leave.id}/approve`))).status).toBe(409)
  expect(await ann.browser.delete(`${base}/me/leave/${leave.id}`)).toMatchObject({ state: 'withdrawn' })
  expect((await call.get(`${base}/staff/${ann.id}`)).leave).toEqual([])
  await until(() => alert()?.state === 'resolved')
  expect((await refusalOf(call.post(`${base}/leave/${leave.id}/decline`))).status).toBe(409)

  const unavailable = [{ from: inDays(30), to: inDays(31) }]
  await call.patch(`${base}/staff/${bob.id}`, { unavailable })
  const same = await requestLeave(bob, 30, 31)
  await call.post(`${base}/leave/${same.id}/approve`)
  expect(await call.get('/rota/requests')).toContain('Decline after all')
  expect(await call.get(`/rota/staff/${bob.id}`)).toContain('>approved leave</a> counts too')
  expect(await call.post(`${base}/leave/${same.id}/decline`, { reason: 'Two are ill' })).toMatchObject({
    state: 'declined',
  })
  expect((await noticesOf(bob))[0]).toMatch(/is declined: Two are ill$/)
  expect(await call.get(`${base}/staff/${bob.id}`)).toMatchObject({ unavailable, leave: [] }) // the officer's own entry stays

  const other = await requestLeave(bob, 20, 21)
  await requestLeave(ann, 12, 12)
  await requestLeave(ann, 50, 50)
  const days = (await call.get(`${base}/leave`)).leave.map(({ from }: { from: string }) => from)
  expect(days).toEqual([12, 20, 50, 30, 7, 7, 6].map(inDays)) // pending ones first, by their day
  await call.post(`${base}/leave/${other.id}/decline`, { reason: 'Too many are away' })
  expect((await noticesOf(bob))[0]).toMatch(/is declined: Too many are away$/)
  expect(await auditedActions(call)).toContain('leave.decline')

  clock.forwardToNext(day)
  expect(await requestLeave(bob, 0, 0)).toMatchObject({ state: 'pending' }) // in America it is still that day

  for (let at = 60; at < 80; at++) await requestLeave(bob, at, at)
  const mine = async (path: string) => (await bob.browser.visit(path)).text()
  expect(await mine('/rota/mine')).toContain('href="/rota/mine?leave=2">')
  app.db.$client
    .query(`insert into staff_notices (staff_id, at, message) select ?, 1, 'Notice ' || value from json_each(?)`)
    .run(bob.id, JSON.stringify(Array.from({ length: 501 }, (_, i) => i)))
  const last = await mine('/rota/mine?leave=2&notices=26')
  expect(last).toContain('Notice 0 ')
  expect(last).toMatch(/<details class="fold" id="fold-leave" open>[\s\S]*21–24 of 24[\s\S]*id="fold-notices" open>/)
  expect(last).toContain('href="/rota/mine?leave=2&amp;notices=25"')
})

test('a night that reaches into leave counts among the shifts then, as approving breaks it', async () => {
  const { call, ann, site } = await startBar()
  const night = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: `${inDays(8)}T20:00:00Z`,
    ends_at: `${inDays(9)}T04:00:00Z`,
    skill: 'bar',
  })
  await call.post(`${base}/assignments`, { shift_id: night.id, staff_id: ann.id })
  const asked = await ann.browser.post(`${base}/me/leave`, { from: inDays(9), to: inDays(10) })
  expect(asked).toMatchObject({ duties: 1, first_duty: inDays(8) })
  expect(await call.get('/rota/requests')).toContain(`start=${inDays(8)}&amp;end=${inDays(10)}&amp;staff_id=${ann.id}`)
  await call.post(`${base}/leave/${asked.id}/approve`)
  const { duties: broken } = await call.get(`${base}/broken`)
  expect(broken.map(({ shift_id }: { shift_id: number }) => shift_id)).toEqual([night.id])
})

test('leave is asked for without script too, and the form comes back with what is wrong', async () => {
  const { bob } = await startBar()
  const askWithoutScript = (fields: Record<string, string>) =>
    bob.browser.submit('/rota/mine', { csrf_token: bob.browser.csrfToken() ?? '', ...fields })
  const asked = await askWithoutScript({ from: inDays(90), to: inDays(91), note: '' })
  expect([asked.status, asked.headers.get('location')]).toEqual([303, '/rota/mine'])
  expect((await bob.browser.get(`${base}/me/leave`)).leave).toContainEqual(
    expect.objectContaining({ from: inDays(90), to: inDays(91), note: null, state: 'pending' }),
  )
  const refused = await askWithoutScript({ from: 'soon', to: inDays(95), note: 'A wedding' })
  const form = /id="fold-leave" open>.*?<\/form>/s.exec(await refused.text())?.[0]
  expect([refused.status, form]).toEqual([422, expect.stringContaining('id="f-from-error">Write a date such as')])
  expect(form).toContain('value="A wedding"')
  const again = await askWithoutScript({ from: inDays(91), to: inDays(92), note: '' })
  expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('You have already asked for leave')])
})

test('an offered duty is taken by a colleague and approved by an officer, within the rules', async () => {
  const { call, ann, bob, cy, duties, assignIn } = await startBar()
  const offers = async ({ browser }: Person) => (await browser.get(`${base}/me/swaps`)).swaps
  const offer = ({ browser }: Person, id: number) =>
    browser.post(`${base}/me/swaps`, { assignment_id: id, note: 'ill' })
  expect((await refusalOf(offer(bob, duties[0].id))).status).toBe(404) // it is not theirs
  const swap = await offer(ann, duties[0].id)
  expect((await refusalOf(offer(ann, duties[0].id))).status).toBe(409)
  expect((await shiftsOf(ann))[0].offered).toEqual({ id: swap.id, taken_by: null })
  const meanwhile = await assignIn(5, cy.id)
  expect((await offers(bob))[0]).toMatchObject({ mine: false, state: 'open', note: 'ill', against: [] })
  expect((await offers(cy))[0].against[0].rule).toBe('overlap')
  const own = await offer(cy, meanwhile.id)
  expect((await offers(cy))[0].against[0].rule).toBe('overlap') // it is theirs until somebody takes it
  await cy.browser.delete(`${base}/me/swaps/${own.id}`)
  const shown = await textOf(cy, '/rota/mine')
  expect(shown).toContain('Only for one of yours: Cy would be in two places at once')
  expect(shown).toContain(`<option value="${meanwhile.id}"`)
  const offered = `${base}/shifts/${duties[0].shift_id}`
  await call.patch(offered, { headcount: 2 })
  const second = await call.post(`${base}/assignments`, { shift_id: duties[0].shift_id, staff_id: bob.id })
  await call.patch(`${offered}?confirm=true`, { headcount: 1 })
  expect(await textOf(cy, '/rota/mine')).toMatch(/Not for you: The shift of .* takes 1 but has 2/) // nothing in return helps
  await call.delete(`${base}/assignments/${second.id}`)
  const take = ({ browser }: Person, body = {}) => browser.post(`${base}/swaps/${swap.id}/take`, body)
  expect((await refusalOf(take(cy))).problem.conflicts[0].rule).toBe('overlap')
  expect((await refusalOf(take(ann))).status).toBe(409)
  expect((await refusalOf(call.post(`${base}/swaps/${swap.id}/approve`))).status).toBe(409)

  const other = await assignIn(9, bob.id)
  expect((await refusalOf(take(bob, { in_return: duties[1].id }))).status).toBe(404) // that is hers
  expect(await take(bob, { in_return: other.id })).toEqual({ done: false })
  expect((await noticesOf(ann))[0]).toMatch(/^Bob would take .*, you get .*an officer has to approve it$/)
  expect(await offers(cy)).toEqual([]) // what goes on between two others
  expect((await refusalOf(cy.browser.delete(`${base}/me/swaps/${swap.id}`))).status).toBe(404)
  expect((await refusalOf(bob.browser.post(`${base}/swaps/${swap.id}/approve`))).status).toBe(403)
  expect((await call.get(`${base}/swaps?taken=true`)).swaps[0]).toMatchObject({
    name: 'Ann',
    taken_by: { name: 'Bob' },
    in_return: { assignment_id: other.id },
  })
  expect(await call.get('/rota/requests?swaps=2')).toContain('There is no page 2 of this list: it has one page.')
  await call.post(`${base}/swaps/${swap.id}/approve`)
  expect((await shiftsOf(bob)).map(({ shift_id }: { shift_id: number }) => shift_id)).toEqual([duties[0].shift_id])
  expect((await shiftsOf(ann)).map(({ shift_id }: { shift_id: number }) => shift_id)).toContain(other.shift_id)
  expect((await noticesOf(bob))[0]).toMatch(/^You work .* for Ann; Ann works .* for you$/)
  expect(await offers(ann)).toEqual([])

  for (let days = 20; days < 41; days++) await offer(ann, (await assignIn(days, ann.id)).id)
  expect(await textOf(cy, '/rota/mine')).toContain('Offered by colleagues <span class="badge warn">20+</span>') // one on the next page
})

test('where the rules alone decide, a swap takes effect at once for one of those who take it; takers and owners can withdraw', async () => {
  const { ann, bob, cy, duties, call } = await startBar('rules')
  const offer = (id: number) => ann.browser.post(`${base}/me/swaps`, { assignment_id: id })
  const first = await offer(duties[0].id)
  const takers = [bob, cy, bob, cy].map(({ browser }) => browser.post(`${base}/swaps/${first.id}/take`))
  const outcomes = await Promise.allSettled(takers)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toMatchObject([{ value: { done: true } }])
  expect(await shiftsOf(ann)).toHaveLength(2)
  expect([...(await shiftsOf(bob)), ...(await shiftsOf(cy))]).toHaveLength(1)
  await call.patch(`${base}/sites/1`, { swaps: 'officer' })
  const second = await offer(duties[1].id)
  await bob.browser.post(`${base}/swaps/${second.id}/take`)
  await bob.browser.delete(`${base}/me/swaps/${second.id}`)
  expect((await noticesOf(ann))[0]).toContain('open again')
  await ann.browser.delete(`${base}/me/swaps/${second.id}`)
  expect((await call.get(`${base}/swaps`)).swaps).toEqual([])
  const third = await offer(duties[2].id)
  await call.post(`${base}/swaps/${third.id}/decline`, { reason: 'We need you' })
  expect((await noticesOf(ann))[0]).toMatch(/is declined: We need you$/)
  expect(await shiftsOf(ann)).toHaveLength(2)
})

test('an exchange whose duty in return is gone is open again, not a gift', async () => {
  const { call, ann, bob, duties, assignIn } = await startBar()
  const other = await assignIn(9, bob.id)
  const offer = ({ browser }: Person, duty: { id: number }) =>
    browser.post(`${base}/me/swaps`, { assignment_id: duty.id })
  await offer(ann, duties[0])
  await offer(bob, await assignIn(4, bob.id))
  const { id } = await offer(ann, duties[1])
  await bob.browser.post(`${base}/swaps/${id}/take`, { in_return: other.id })
  const namesIn = (swaps: { name: string }[]) => swaps.map(({ name }) => name)
  expect((await call.get(`${base}/swaps`)).swaps[0]).toMatchObject({ id, state: 'taken' }) // it waits for an officer
  expect(namesIn((await bob.browser.get(`${base}/me/swaps`)).swaps)).toEqual(['Ann', 'Ann', 'Bob'])
  await call.delete(`${base}/assignments/${other.id}`)
  const { swaps } = await call.get(`${base}/swaps`)
  expect(swaps).toHaveLength(3)
  for (const swap of swaps) expect(swap).toMatchObject({ state: 'open', taken_by: null, in_return: null })
})

test('a swap that was taken is open again once one of its shifts is at other hours', async () => {
  const { call, ann, bob, duties, assignIn } = await startBar()
  const other = await assignIn(9, bob.id)
  const { id } = await ann.browser.post(`${base}/me/swaps`, { assignment_id: duties[0].id })
  const change = (shiftId: number, body: object) => call.patch(`${base}/shifts/${shiftId}`, body)
  const state = async () => (await call.get(`${base}/swaps`)).swaps[0].state
  for (const [{ shift_id }, days] of [
    [duties[0], 5],
    [other, 9],
  ] as const) {
    await bob.browser.post(`${base}/swaps/${id}/take`, { in_return: other.id })
    await change(shift_id, { headcount: 2, starts_at: `${inDays(days)}T19:00:00+02:00` }) // the same hours
    expect(await state()).toBe('taken')
    await change(shift_id, { starts_at: `${inDays(days)}T15:00:00Z` })
    expect(await state()).toBe('open')
    for (const person of [ann, bob]) expect((await noticesOf(person))[0]).toMatch(/^The swap of .* is open again/)
  }
})

test('an exchange waits for an officer also where the rules alone decide, and is not approved once the duty in return has begun', async () => {
  const { call, clock, ann, bob, duties, assignIn } = await startBar('rules')
  const { id: in_return, shift_id } = await assignIn(3, bob.id)
  const { id } = await ann.browser.post(`${base}/me/swaps`, { assignment_id: duties[0].id })
  expect(await bob.browser.post(`${base}/swaps/${id}/take`, { in_return })).toEqual({ done: false })
  expect(await shiftsOf(bob)).toMatchObject([{ assignment_id: in_return }])
  clock.forward(4 * day)
  const late = await refusalOf(call.post(`${base}/swaps/${id}/approve`))
  expect(late.problem.detail).toContain('has started')
  expect((await call.get(`${base}/shifts/${shift_id}/candidates`)).candidates[0].name).not.toBe('Bob') // who worked it
})

test('unread notices are all shown before they are marked as read', async () => {
  const { app, ann } = await startBar()
  const notices = Array.from({ length: 25 }, (_, i) => ({
    staffId: ann.id,
    at: app.clock.now() + i,
    message: `No. ${i}.`,
  }))
  app.db.insert(staffNotices).values(notices).run()
  const seen = new Set<string>()
  for (let read = 0; read < 5; read++) {
    const news = /<ul class="items">.*?name="up_to" value="(\d+)"/s.exec(await textOf(ann, '/rota/mine/part'))
    if (!news) break
    for (const [message] of news[0].matchAll(/No\. \d+\./g)) seen.add(message)
    await ann.browser.post(`${base}/me/notices/seen`, { up_to: Number(news[1]) })
  }
  expect(seen.size).toBe(25)
  expect(await textOf(ann, '/rota/mine')).toContain('1–20 of 28') // three shifts were new before
})

test('people set their own preferences, and officers their weights', async () => {
  const { call, ann } = await startBar()
  const wishes = [{ want: 'avoid', weekday: 7 }]
  const setPreferences = (body: object) =>
    ann.browser.visit(`${base}/me/wishes`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'x-csrf-token': ann.browser.csrfToken() ?? '' },
      body: JSON.stringify(body),
    })
  expect((await setPreferences({ preferences: wishes })).status).toBe(200)
  expect((await call.get(`${base}/staff/${ann.id}`)).preferences).toEqual(wishes)
  const aboutNothing = await refusalOf(
    call.patch(`${base}/staff/${ann.id}`, { preferences: [{ want: 'prefer', weight: 3 }] }),
  )
  expect(aboutNothing.problem.errors).toEqual([
    { path: 'preferences.0.want', message: 'Say of which shifts: choose a day, a site, a date or times.' },
  ])
  await call.patch(`${base}/staff/${ann.id}`, { preferences: [{ want: 'avoid', weekday: 7, weight: 3 }] })
  await setPreferences({ preferences: [...wishes, { want: 'prefer', weekday: 1, weight: 50 }] }) // weights are for officers to say
  expect((await call.get(`${base}/staff/${ann.id}`)).preferences).toEqual([
    { want: 'avoid', weekday: 7, weight: 3 },
    { want: 'prefer', weekday: 1 },
  ])
  await setPreferences({ preferences: [...wishes, ...wishes, ...wishes] }) // the same wish thrice would weigh thrice as much
  expect((await call.get(`${base}/staff/${ann.id}`)).preferences).toEqual([{ want: 'avoid', weekday: 7, weight: 3 }])
  const gone = await createSite(call, 'Gone')
  await setPreferences({
    preferences: [
      { want: 'avoid', date: '2030-12-24' },
      { want: 'avoid', site_id: gone.id },
    ],
  })
  await call.delete(`${base}/sites/${gone.id}`)
  for (const page of [await textOf(ann, '/rota/mine'), await call.get(`/rota/staff/${ann.id}`)]) {
    expect(page).toContain('value="2030-12-24"') // without it, saving the form would avoid every day
    expect(page).toContain('name="preferences[2].want"')
    expect(page).not.toContain('name="preferences[3].want"') // without its site, that wish would be for all
  }
  expect((await setPreferences({})).status).toBe(200)
  expect((await call.get(`${base}/staff/${ann.id}`)).preferences).toEqual([])
})

browserTest(
  'on a phone a person finds their next shift, offers it and asks for leave; the rota is a day at a time',
  async () => {
    const { url, ann, bob, call, shift } = await startBar()
    for (let days = 5; days < 12; days++)
      for (let i = 0; i < 4; i++)
        await call.post(`${base}/assignments`, { shift_id: (await shift(days)).id, staff_id: bob.id }).catch(() => {})
    const page = await openBrowser({ viewport: { width: 390, height: 844 }, hasTouch: true })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, 'ann@example.org', 'correct horse battery')
    await page.goto(`${url}/rota/mine`)
    expect(await page.locator('.duties > li').count()).toBe(3)
    const size = () =>
      page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight])
    expect((await size())[0]).toBe(390)

    await page.locator('.duties button:has-text("Offer it")').first().click()
    await page.fill('dialog input', 'ill')
    await page.click('dialog button:has-text("Offer it")')
    await page.waitForSelector('.duties .badge:has-text("offered")')
    expect((await bob.browser.get(`${base}/me/swaps`)).swaps).toMatchObject([{ name: 'Ann', note: 'ill' }])

    // Without a reload: a colleague takes it, and the page says so.
    const [offer] = (await bob.browser.get(`${base}/me/swaps`)).swaps
    await call.delete(`${base}/assignments/${(await bob.browser.get(`${base}/me/shifts`)).shifts[0].assignment_id}`)
    await bob.browser.post(`${base}/swaps/${offer.id}/take`)
    await page.waitForSelector('.duties .badge:has-text("Bob would take it")')

    await page.click('summary:has-text("Leave")')
    await page.fill('[name=from]', inDays(20))
    await page.fill('[name=to]', inDays(22))
    await page.click('button:has-text("Ask for leave")')
    await page.waitForSelector('summary:has-text("Leave") .badge')
    expect((await ann.browser.get(`${base}/me/leave`)).leave).toMatchObject([{ state: 'pending', from: inDays(20) }])

    await page.click('summary:has-text("In my calendar")')
    await page.click('button:has-text("Make an address")')
    const address = page.locator('[data-answer=url] output')
    await address.filter({ hasText: '/calendar/shifts.ics?token=' }).waitFor()
    expect((await fetch((await address.textContent()) ?? '')).status).toBe(200)
    expect(await page.getAttribute('a:text("Open in my calendar")', 'href')).toStartWith('webcal://')

    const monday = mondayOf(inDays(7))
    await page.goto(`${url}/rota?start=${monday}&end=${daysAfter(monday, 6)}`)
    const visible = () => page.locator('.week > li:visible').count()
    expect(await visible()).toBe(1)
    expect((await size())[0]).toBe(390)
    await page.locator('.day-picker label').nth(3).click()
    expect(await visible()).toBe(1)
    expect(consoleErrors).toEqual([])
  },
)
