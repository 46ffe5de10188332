import { expect, test } from 'bun:test'
import { systemAlerts } from '../db/schema.ts'
import { raiseAlert } from '../src/alerts.ts'
import { recordDailyMetrics } from '../src/dashboard/daily-metrics.ts'
import { recordLeagueHealth } from '../src/dashboard/record-league-health.ts'
import { pageOfAlert } from '../src/monitor/alerts/page.ts'
import { day, hour, iso } from '../src/platform/clock.ts'
import { alertExpiringCertificates } from '../src/rota/certificate-alerts.ts'
import { daysAfter } from '../src/rota/date-range.ts'
import { longDate } from '../src/rota/long-date.ts'
import { inDays } from './dates.ts'
import { newCup, newMember } from './market.ts'
import { base, type Call, createPerson, createSite, newVenue, week } from './rosters.ts'
import { newLeague } from './sheets.ts'
import { refusalOf, start } from './start.ts'
import { visitor } from './visitor.ts'

const certificateAlerts = async (call: Call) =>
  (await call.get('/admin/monitoring/alerts/json?type=certificate_expiring')).alerts

test('this week and today are those of the sites if they share a time zone, and those of UTC otherwise', async () => {
  const { call, clock, url } = await start()
  clock.forwardToNext(day)
  while (new Date(clock.now()).getUTCDay() !== 0) clock.forward(day)
  clock.forward(23.5 * hour)
  const sunday = iso(clock.now()).slice(0, 10)
  const shown = async () => (await call.get(base)).start
  await createSite(call, 'Hall', 'Europe/Berlin')
  expect(await shown()).toBe(daysAfter(sunday, 1))
  const ann = { username: 'Ann', email: 'ann@example.org', password: 'a long password for Ann' }
  await call.post('/api/v1/users', { ...ann, role: 'member' })
  await createPerson(call, 'Ann', {
    account: ann.username,
    certifications: [{ name: 'first aid', expires_on: daysAfter(sunday, 7) }],
  })
  expect((await certificateAlerts(call))[0].title).toBe('first aid of Ann expires in 6 days')
  const browser = visitor(url)
  await browser.signIn(ann.email, ann.password)
  const monday = daysAfter(sunday, 1)
  const leave = await browser.post(`${base}/me/leave`, { from: monday, to: monday })
  await call.post(`${base}/leave/${leave.id}/approve`)
  expect(await (await browser.visit('/rota/mine')).text()).not.toContain('Withdraw')
  expect((await refusalOf(browser.delete(`${base}/me/leave/${leave.id}`))).status).toBe(409)
  await createSite(call, 'Arena', 'America/New_York')
  expect(await shown()).toBe(daysAfter(sunday, -6))
})

test('the dashboard counts this week and the next, and again as soon as anything changes', async () => {
  const { call } = await start()
  const site = await createSite(call, 'Hall', 'UTC')
  const ann = await createPerson(call, 'Ann', {
    hourly_cents: 2000,
    certifications: [{ name: 'aid', expires_on: inDays(20) }],
  })
  const metrics = '/api/v1/dashboard/metrics'
  expect(await call.get(metrics)).toMatchObject({
    sites: 1,
    staff: { total: 1, active: 1 },
    this_week: { shifts: 0, coverage: null },
  })
  const today = new Date().toISOString().slice(0, 10)
  const { shift_ids } = await call.post(`${base}/shifts/pattern`, {
    site_id: site.id,
    start_date: today,
    end_date: today,
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '10:00',
    to: '14:00',
    headcount: 2,
  })
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: ann.id })
  const bob = await createPerson(call, 'Bob', { hourly_cents: 0 })
  const crowded = {
    site_id: site.id,
    starts_at: `${today}T15:00:00Z`,
    ends_at: `${today}T16:00:00Z`,
    headcount: 0,
    most: 1,
  }
  const { id: shift_id } = await call.post(`${base}/shifts`, crowded)
  await call.post(`${base}/assignments`, { shift_id, staff_id: bob.id }) // which fills no place of the other
  const after = await call.get(metrics)
  expect(after.this_week).toMatchObject({ shifts: 2, places: 2, filled: 1, coverage: 0.5, hours: 5, cost_cents: 8000 })
  expect(after.expiring_certificates).toEqual([
    { staff_id: ann.id, name: 'Ann', certification: 'aid', expires_on: inDays(20) },
  ])
})

test('cached answers are dropped by what the table says, and by nothing else', async () => {
  const { call, staff, shift_ids, site } = await newVenue()
  const paths = {
    metrics: '/api/v1/dashboard/metrics',
    upcoming: '/api/v1/dashboard/upcoming_shifts?limit=5',
    roster: `${base}?start=${week.start_date}&end=${week.end_date}`,
    shifts: `${base}/shifts`,
  }
  const states = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(paths).map(async ([name, path]) => [name, (await call.raw(path)).headers.get('x-cache')]),
      ),
    )
  const hit = { metrics: 'hit', upcoming: 'hit', roster: 'hit', shifts: 'hit' }
  const miss = { metrics: 'miss', upcoming: 'miss', roster: 'miss', shifts: 'miss' }
  await states()
  expect(await states()).toEqual(hit)
  await call.patch(`${base}/staff/${staff[0].id}`, { hourly_cents: 1 })
  expect(await states()).toEqual(miss)
  const { id } = await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: staff[0].id })
  expect(await states()).toEqual(miss)
  await call.post(`${base}/assignments/${id}/unpin`)
  expect(await states()).toEqual(miss)
  await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: '2026-05-01T10:00:00Z',
    ends_at: '2026-05-01T12:00:00Z',
  })
  expect(await states()).toEqual(miss)
  expect(await call.post(`${base}/confirm`, { assignments: [] })).toMatchObject({ confirmed: 0, removed: 0 })
  expect(await states()).toEqual(miss)
  expect(await states()).toEqual(hit)
})

test('upcoming shifts are those that have not started, also a moment later', async () => {
  const { call, clock } = await start()
  const site = await createSite(call, 'Hall', 'UTC')
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
  for (const [from, to] of [
    [-1, 1],
    [0.01, 2],
    [5, 6],
  ] as const)
    await call.post(`${base}/shifts`, { site_id: site.id, starts_at: at(from), ends_at: at(to) })
  const upcoming = async () => (await call.get('/api/v1/dashboard/upcoming_shifts?limit=5')).shifts.length
  expect(await upcoming()).toBe(2)
  const second = await call.get('/api/v1/dashboard/upcoming_shifts?limit=1&page=2')
  expect([second.shifts.length, second.pagination]).toEqual([1, { page: 2, limit: 1, total: 2, pages: 2 }])
  clock.forward(50_000)
  expect(await upcoming()).toBe(1)
})

test('certificates raise an alert 60, 30, 14, 7 and 1 days before they expire and once after, each time once', async () => {
  const { call, clock, runJob } = await start()
  await createPerson(call, 'Ann', { certifications: [{ name: 'first aid', expires_on: inDays(61) }] })
  await createPerson(call, 'Bob', { active: false, certifications: [{ name: 'first aid', expires_on: inDays(5) }] })
  await createPerson(call, 'Cy', {
    certifications: [
      { name: 'first aid', expires_on: inDays(5) },
      { name: 'first aid', expires_on: inDays(500) },
    ],
  })
  const runCertificateAlerts = async () => (await runJob(alertExpiringCertificates, {})).result
  const alertedDays: number[] = []
  for (let left = 61; left >= -1; left--) {
    const { told: alerted } = await runCertificateAlerts()
    if (left % 10 === 0) expect((await runCertificateAlerts()).told).toBe(0)
    if (alerted) alertedDays.push(left)
    if (left > 60) expect(alerted).toBe(0)
    clock.forward(day)
  }
  expect(alertedDays).toEqual([60, 30, 14, 7, 1, -1])
}, 120_000)

test('an expiring certificate is an alert of its type, and its renewal settles it at once', async () => {
  const { call, runJob } = await start()
  const ann = await createPerson(call, 'Ann', { certifications: [{ name: 'first aid', expires_on: inDays(6) }] })
  const runCertificateAlerts = () => runJob(alertExpiringCertificates, {})
  await runCertificateAlerts()
  const expiring = await certificateAlerts(call)
  expect(expiring).toHaveLength(1)
  expect(expiring[0]).toMatchObject({
    severity: 'warning',
    title: 'first aid of Ann expires in 6 days',
    state: 'active',
  })
  await call.patch(`${base}/staff/${ann.id}`, { certifications: [{ name: 'first aid', expires_on: inDays(700) }] })
  expect(await certificateAlerts(call)).toEqual([])
  expect((await runCertificateAlerts()).result).toEqual({ told: 0, settled: 0 })
})

test('an expired certificate raises an alert at once, is on the dashboard, and alerts again when its renewal is taken back', async () => {
  const { call } = await start()
  const certifiedUntil = (expires_on: string) => ({ certifications: [{ name: 'first aid', expires_on }] })
  const ann = await createPerson(call, 'Ann', certifiedUntil(inDays(-3)))
  const titles = async () =>
    (await certificateAlerts(call)).map(({ title, severity }: Record<string, string>) => `${severity}: ${title}`)
  const expiredTitle = `error: first aid of Ann expired on ${longDate(inDays(-3))}`
  expect(await titles()).toEqual([expiredTitle])
  const metrics = '/api/v1/dashboard/metrics'
  expect(await call.get(metrics)).toMatchObject({
    expiring_certificates: [],
    expired_certificates: [{ staff_id: ann.id, certification: 'first aid', expires_on: inDays(-3) }],
  })
  const page = () => call.get('/rota/dashboard')
  expect(await page()).toContain('expired')
  expect(await page()).not.toContain('None has expired')
  await call.patch(`${base}/staff/${ann.id}`, certifiedUntil(inDays(700)))
  expect(await titles()).toEqual([])
  expect((await call.get(metrics)).expired_certificates).toEqual([])
  expect(await page()).toContain('None has expired')
  await call.patch(`${base}/staff/${ann.id}`, certifiedUntil(inDays(-3)))
  expect(await titles()).toEqual([expiredTitle])
  await call.patch(`${base}/staff/${ann.id}`, { active: false })
  expect(await titles()).toEqual([])
  await call.patch(`${base}/staff/${ann.id}`, { active: true })
  expect(await titles()).toEqual([expiredTitle])
  await call.delete(`${base}/staff/${ann.id}`)
  expect(await titles()).toEqual([])
})

test('certificates of one kind that end on one day are one alert, which follows who still has one and how long', async () => {
  const { app, call, clock, runJob } = await start()
  const firstAid = (days: number) => ({ certifications: [{ name: 'first aid', expires_on: inDays(days) }] })
  const ann = await createPerson(call, 'Ann', firstAid(6))
  for (const name of ['Bob', 'zoe', 'Émile']) await createPerson(call, name, firstAid(6))
  await createPerson(call, 'Dee', firstAid(5))
  const titles = async () => (await certificateAlerts(call)).map(({ title }: { title: string }) => title).sort()
  expect(await titles()).toEqual(['first aid of 4 people expires in 6 days', 'first aid of Dee expires in 5 days'])
  const [group] = (await certificateAlerts(call)).filter(({ data }: { data: { people: number } }) => data.people === 4)
  expect(group.message).toStartWith('Ann, Bob, Émile, zoe: valid through ')
  expect(pageOfAlert(group)).toBe('/rota/dashboard#certificates')
  await call.patch(`${base}/staff/${ann.id}`, firstAid(700))
  expect(await titles()).toEqual(['first aid of 3 people expires in 6 days', 'first aid of Dee expires in 5 days'])
  const { alert_type: type, severity, title, message, data } = group
  const former = { key: `${type}:2:first aid:${inDays(6)}:7`, type, severity, title, message, data }
  app.db.update(systemAlerts).set({ state: 'resolved' }).run()
  raiseAlert(app.db, clock.now(), former) // as 1.0.0 did
  clock.forward(day)
  await runJob(alertExpiringCertificates, {})
  expect(await titles()).toEqual(['first aid of 3 people expires in 5 days'])
  const bob = (await call.get(`${base}/staff?q=Bob`)).staff[0]
  await call.patch(`${base}/staff/${bob.id}`, { active: false })
  const [{ id }] = await certificateAlerts(call)
  await call.post(`/admin/monitoring/alerts/${id}/acknowledge`, { reason: 'booked' })
  await call.patch(`${base}/staff/${bob.id}`, { active: true })
  expect(await titles()).toEqual(['first aid of 3 people expires in 5 days'])
  expect((await certificateAlerts(call))[0].state).toBe('active')
})

test('a day is counted once it is over, and counting it again changes nothing', async () => {
  const { call, clock, runJob } = await newVenue()
  const run = async () => (await runJob(recordDailyMetrics, {})).result
  clock.forward(Date.parse('2026-03-25T00:00:05Z') - clock.now())
  const recorded = await run()
  expect(recorded).toMatchObject({ day: '2026-03-24', shifts: 1, places: 2, filled: 0 })
  expect(await run()).toEqual(recorded)
  const { daily } = await call.get('/api/v1/dashboard/metrics')
  expect(daily).toHaveLength(1)
  expect(daily[0]).toMatchObject({ day: '2026-03-24', places: 2 })
  clock.forward(3 * day) // as after a stop
  expect(await run()).toMatchObject({ day: '2026-03-27' })
  const { daily: later } = await call.get('/api/v1/dashboard/metrics')
  expect(later.map(({ day }: { day: string }) => day)).toEqual(['2026-03-27', '2026-03-26', '2026-03-25', '2026-03-24'])
})

test('health scores name the sites and leagues at risk, and what would help now', async () => {
  const { app, call, clock, runJob } = await start()
  const [hall, quiet] = [await createSite(call, 'Hall', 'UTC'), await createSite(call, 'Quiet', 'UTC')]
  const ann = await createPerson(call, 'Ann', { skills: ['medic'] })
  const { shift_ids } = await call.post(`${base}/shifts/pattern`, {
    site_id: hall.id,
    start_date: inDays(0),
    end_date: inDays(9),
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '10:00',
    to: '12:00',
    skill: 'medic',
    headcount: 2,
  })
  const league = await newLeague(call)
  clock.forwardToNext(day)
  clock.forward(day / 2 + 1) // the shift of today is over: nobody needs to be called for it
  expect((await runJob(recordLeagueHealth, {})).result).toEqual({ scored: 1, at_risk: 0 })
  const { scores, pagination } = await call.get('/api/v1/dashboard/health_scores')
  expect(pagination).toEqual({ page: 1, limit: 20, total: 3, pages: 1 })
  const scoreOf = (subject: string, id: number) =>
    scores.find((score: { subject: string; id: number }) => score.subject === subject && score.id === id)
  expect(scoreOf('site', hall.id)).toMatchObject({ level: 'at_risk', factors: { coverage: 0 } })
  expect(scoreOf('site', hall.id).recommendations).toContain('Only Ann has the skill medic: train or find another.')
  expect(scoreOf('site', hall.id).recommendations[0]).toBe('4 places on the next 3 days are open: call people now.')
  expect(scoreOf('site', quiet.id)).toMatchObject({ level: 'no_data', score: null, factors: {} })
  expect(scoreOf('league', league.id)).toMatchObject({
    level: 'no_data',
    score: null,
    recommendations: ['Nothing has come in yet: upload a baseline.'],
  })
  await call.post(`${base}/assignments`, { shift_id: shift_ids[2], staff_id: ann.id })
  const [{ recommendations }] = (await call.get('/api/v1/dashboard/health_scores')).scores
  expect(recommendations[0]).toBe('3 places on the next 3 days are open: call people now.')
  await call.delete(`${base}/sites/${quiet.id}`)
  await call.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  expect((await call.get('/api/v1/dashboard/health_scores')).scores).toMatchObject([{ id: hall.id }])

  const { id: cup } = await newCup(call)
  await call.post(`/api/v1/leagues/${cup}/join`, { user_id: (await newMember(app, 'bob')).id })
  const recommended = async () => {
    clock.forward(hour)
    await runJob(recordLeagueHealth, {})
    const { scores } = await call.get('/api/v1/dashboard/health_scores')
    return scores.find(({ id, subject }: { id: number; subject: string }) => subject === 'league' && id === cup)
      .recommendations
  }
  const unseen = '1 of 1 members were not seen for two weeks: remind them.'
  expect(await recommended()).not.toContain(unseen) // they have just come
  clock.forward(14 * day)
  expect(await recommended()).toContain(unseen)
})

test('the roster is exported as CSV by site and by person, and no name is a formula', async () => {
  const { call, shift_ids } = await newVenue()
  const evil = await createPerson(call, '=HYPERLINK("x")')
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: evil.id })
  await call.patch(`${base}/shifts/${shift_ids[1]}`, { kind: 'late', skills: ['door', 'till'] })
  const csv = async (query: string) =>
    (await call.get(`${base}/export?start=2026-03-23&end=2026-03-24&${query}`)).split('\r\n')
  const bySite = await csv('by=site')
  expect(bySite[0]).toBe('site,date,from,to,hours,skill,certification,person,pinned,kind,skills')
  expect(bySite).toHaveLength(6) // a heading, four places and an end
  expect(bySite[1]).toBe(`Riverside,2026-03-23,18:00,23:00,5,bar,,"'=HYPERLINK(""x"")",yes,,`)
  expect(bySite[2]).toBe('Riverside,2026-03-23,18:00,23:00,5,bar,,,,,')
  expect(bySite[3]).toBe('Riverside,2026-03-24,18:00,23:00,5,bar,,,,late,door | till')
  const byPerson = await csv('by=person')
  expect(byPerson[0]).toContain('person,date,from,to,hours,site,skill,certification,kind,skills')
  expect(byPerson[1]).toStartWith(`"'=HYPERLINK`)
})

test('members see the rota but no wages; officers plan; strangers see nothing of it', async () => {
  const { call, url } = await newVenue()
  const signedIn = async (role: string) => {
    const user = { email: `${role}@example.com`, username: role, password: 'a-long-password-1', role }
    await call.post('/api/v1/users', user)
    const browser = visitor(url)
    await browser.signIn(user.email, user.password)
    return browser
  }
  const [member, officer, stranger] = [await signedIn('member'), await signedIn('officer'), visitor(url)]
  for (const path of [base, `${base}/shifts`, `${base}/sites`, '/api/v1/dashboard/upcoming_shifts']) {
    await member.get(path)
    expect((await refusalOf(stranger.get(path))).status).toBe(401)
  }
  for (const path of [
    `${base}/staff`,
    `${base}/drafts`,
    '/api/v1/dashboard/metrics',
    '/api/v1/dashboard/health_scores',
  ]) {
    await officer.get(path)
    expect((await refusalOf(member.get(path))).status).toBe(403)
  }
  expect(JSON.stringify(await member.get(base))).not.toContain('cents')
  expect((await refusalOf(member.post(`${base}/confirm`, { assignments: [] }))).status).toBe(403)
  expect((await refusalOf(member.post('/api/v1/jobs/roster/generate', week))).status).toBe(403)
  expect((await officer.post(`${base}/confirm`, { assignments: [] })).confirmed).toBe(0)
})

test('hours are exported to the hundredth', async () => {
  const { call } = await start()
  const { id } = await createSite(call, 'Riverside', 'UTC')
  const times = { starts_at: '2026-03-23T20:00:00Z', ends_at: '2026-03-23T23:59:00Z' }
  await call.post(`${base}/shifts`, { site_id: id, ...times })
  const csv = await call.get(`${base}/export?start=2026-03-23&end=2026-03-23`)
  expect(csv).toContain('Riverside,2026-03-23,20:00,23:59,3.98,')
})
