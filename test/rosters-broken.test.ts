import { expect, test } from 'bun:test'
import { checkAlerts } from '../src/monitor/alerts/check-conditions.ts'
import { day } from '../src/platform/clock.ts'
import { longDate } from '../src/rota/long-date.ts'
import { inDays } from './dates.ts'
import { auditedActions, base, createPerson, createSite } from './rosters.ts'
import { refusalOf, start, until } from './start.ts'

/** Ann works alone at the bar in five days, pinned; Bob, Cy and Dee could replace her. */
async function startBar() {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const site = await createSite(call, 'Hall', 'UTC')
  const aid = { certifications: [{ name: 'aid', expires_on: inDays(100) }] }
  const ann = await createPerson(call, 'Ann', aid)
  const shift = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: `${inDays(5)}T10:00:00Z`,
    ends_at: `${inDays(5)}T16:00:00Z`,
    skill: 'bar',
    certification: 'aid',
  })
  const duty = await call.post(`${base}/assignments`, { shift_id: shift.id, staff_id: ann.id })
  const roster = async () => call.get(`${base}?start=${inDays(5)}&end=${inDays(5)}`)
  const reasonsAgainst = async () => {
    const { duties } = await call.get(`${base}/broken`)
    return duties.flatMap(({ against }: { against: { message: string }[] }) => against.map(({ message }) => message))
  }
  const brokenAlerts = async () => (await call.get('/admin/monitoring/alerts/json?type=roster_broken')).alerts
  return { ...fieldhouse, site, ann, shift, duty, roster, reasonsAgainst, brokenAlerts, aid }
}

test('a duty is broken at once when a person is ill, has left or lost a certificate, and valid again when that is over', async () => {
  const { call, ann, roster, reasonsAgainst } = await startBar()
  const change = (to: object) => call.patch(`${base}/staff/${ann.id}`, to)
  expect((await roster()).summary).toMatchObject({ filled: 1, open: 0, broken: 0 })
  expect(await reasonsAgainst()).toEqual([])
  for (const [broken, why, repaired] of [
    [
      { unavailable: [{ from: inDays(4), to: inDays(6) }] },
      `Ann is unavailable on ${longDate(inDays(5))}`,
      { unavailable: [] },
    ],
    [{ active: false }, 'Ann is not planned any more', { active: true }],
    [
      { certifications: [{ name: 'aid', expires_on: inDays(4) }] },
      `aid of Ann ran out on ${longDate(inDays(4))}`,
      { certifications: [{ name: 'aid', expires_on: inDays(5) }] },
    ],
    [{ skills: [] }, 'Ann lacks the skill bar', { skills: ['bar'] }],
  ] as const) {
    await change(broken)
    const current = await roster()
    expect(current.summary.broken).toBe(1)
    expect(current.shifts[0]).toMatchObject({ broken: 1, staff: [{ name: 'Ann', broken: true }] })
    expect(await reasonsAgainst()).toEqual([why])
    expect((await call.get('/api/v1/dashboard/upcoming_shifts?limit=5')).shifts[0].broken).toBe(1)
    for (const path of [`/rota?start=${inDays(5)}&end=${inDays(5)}`, '/rota/shifts'])
      expect(await call.get(path)).toContain('cannot work')
    expect(await call.get('/rota/dashboard')).toContain(why)
    await change(repaired)
    expect((await roster()).summary.broken).toBe(0)
    expect(await reasonsAgainst()).toEqual([])
  }
})

test('a past duty is not broken by a later change', async () => {
  const { call, ann, clock, roster, reasonsAgainst } = await startBar()
  clock.forward(6 * day)
  await call.patch(`${base}/staff/${ann.id}`, { active: false })
  expect((await roster()).summary.broken).toBe(0)
  expect(await reasonsAgainst()).toEqual([])
})

test('broken duties are one alert, which clears itself', async () => {
  const { call, ann, runJob, brokenAlerts } = await startBar()
  const runCheckAlerts = () => runJob(checkAlerts, {})
  await runCheckAlerts()
  expect(await brokenAlerts()).toEqual([])
  await call.patch(`${base}/staff/${ann.id}`, { active: false })
  await runCheckAlerts()
  await runCheckAlerts()
  const [alert, ...others] = await brokenAlerts()
  expect(others).toEqual([])
  expect(alert).toMatchObject({ severity: 'error', title: '1 duty on the roster cannot be worked as planned' })
  expect(alert.message).toContain('Ann is not planned any more')
  await call.patch(`${base}/staff/${ann.id}`, { active: true })
  await runCheckAlerts()
  await runCheckAlerts()
  expect(await brokenAlerts()).toEqual([])
})

test('the alert is raised with the change that breaks a duty, and resolved with the one that repairs it', async () => {
  const { call, ann, brokenAlerts } = await startBar()
  await call.patch(`${base}/staff/${ann.id}`, { unavailable: [{ from: inDays(4), to: inDays(6) }] })
  await until(async () => (await brokenAlerts()).length === 1)
  await call.patch(`${base}/staff/${ann.id}`, { unavailable: [] })
  await until(async () => (await brokenAlerts()).length === 0)
})

test('replacements are listed best first with rest, hours and cost, or the rule against them; one step assigns them', async () => {
  const { call, site, ann, shift, duty, roster, reasonsAgainst, aid } = await startBar()
  const bob = await createPerson(call, 'Bob', { ...aid, hourly_cents: 2000 })
  const cy = await createPerson(call, 'Cy', { ...aid, hourly_cents: 1000 })
  const dee = await createPerson(call, 'Dee', { hourly_cents: 100 })
  const before = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: `${inDays(4)}T20:00:00Z`,
    ends_at: `${inDays(4)}T23:00:00Z`,
  })
  await call.post(`${base}/assignments`, { shift_id: before.id, staff_id: cy.id })
  await call.patch(`${base}/staff/${ann.id}`, { unavailable: [{ from: inDays(5), to: inDays(5) }] })
  const path = `${base}/assignments/${duty.id}`
  const { candidates, pagination } = await call.get(`${path}/replacements`)
  expect(pagination.total).toBe(3)
  expect(
    candidates.map(({ name, allowed, cost_cents }: Record<string, unknown>) => [name, allowed, cost_cents]),
  ).toEqual([
    ['Cy', true, 6000],
    ['Bob', true, 12_000],
    ['Dee', false, 600],
  ])
  expect(candidates[0].rest_hours).toBe(11)
  expect(candidates[1]).toMatchObject({ rest_hours: null, week_hours: 6, max_hours_week: 40, against: [] })
  expect(candidates[2].against).toEqual([{ rule: 'certification', message: 'Dee has no aid' }])
  expect((await call.get(`${base}/shifts/${shift.id}/candidates?limit=1`)).candidates[0].name).toBe('Cy')

  const page = () => call.get(`/rota/shifts/${shift.id}`)
  expect(await page()).toContain('Instead of <bdi class="name">Ann')
  expect(await page()).toContain('<li>Dee has no aid</li>')
  expect(await page()).toContain(`Ann is unavailable on ${longDate(inDays(5))}`)

  const refusal = await refusalOf(call.post(`${path}/replace`, { staff_id: dee.id }))
  expect(refusal.status).toBe(409)
  expect(refusal.message).toContain('Dee has no aid')
  expect((await roster()).shifts[0].staff[0].name).toBe('Ann')
  expect(await call.post(`${path}/replace`, { staff_id: bob.id })).toMatchObject({
    shift_id: shift.id,
    staff_id: bob.id,
    pinned: true,
  })
  expect((await roster()).shifts[0]).toMatchObject({ broken: 0, staff: [{ name: 'Bob', pinned: true }] })
  expect(await reasonsAgainst()).toEqual([])
  await call.patch(`${base}/shifts/${shift.id}`, { headcount: 2 })
  const [picker] = (await page()).split('Who wants it')
  expect(picker).toContain(`<option value="${cy.id}"`)
  expect(picker).not.toContain(`<option value="${dee.id}"`)
  expect(await auditedActions(call)).toContain('roster.replace')
  expect((await refusalOf(call.get(`${path}/replacements`))).status).toBe(404)
})
