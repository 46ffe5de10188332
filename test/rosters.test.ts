import { expect, test } from 'bun:test'
import { auditedActions, base, createPerson, createSite, newVenue, week } from './rosters.ts'
import { refusalOf, start, until } from './start.ts'

type Assignment = { shift_id: number; staff_id: number }

test('a week is generated, read as a draft, confirmed and shown', async () => {
  const { call, generate, finished, roster, staff, site } = await newVenue()
  const job = await finished(generate({ algorithm: 'production', budget_s: 5, seed: 7 }))
  expect(job).toMatchObject({ status: 'SUCCESS', progress: 100, stage: 'checking' })
  expect(job.status_message).toMatch(/^best \d+\.\d\d/)
  expect(job.result.assignments).toHaveLength(14)
  expect(job.result.unfilled).toEqual([])
  expect(job.result.summary).toMatchObject({ coverage: 1 })
  expect((await roster()).summary).toMatchObject({ places: 14, filled: 0 })

  const draft = await call.get(`${base}/drafts/${job.job_id}`)
  expect(draft).toMatchObject({ ...week, site_ids: [site.id], seed: 7, confirmed_at: null })
  const confirmed = await call.post(`${base}/confirm`, { job_id: job.job_id })
  expect(confirmed).toMatchObject({ confirmed: 14, added: 14, removed: 0, already_confirmed: false })
  const confirmedRoster = await roster()
  expect(confirmedRoster.summary).toEqual({ shifts: 7, places: 14, filled: 14, open: 0, broken: 0, coverage: 1 })
  expect(confirmedRoster.shifts[0]).toMatchObject({
    site: 'Riverside',
    date: '2026-03-23',
    from: '18:00',
    to: '23:00',
    open: 0,
  })
  expect(confirmedRoster.shifts[0].staff[0]).toMatchObject({ pinned: false })
  expect(staff.map(({ name }: { name: string }) => name)).toContain(confirmedRoster.shifts[0].staff[0].name)
})

test('a change of a person or of a shift changes only the fields it names', async () => {
  const { call } = await start()
  const site = await createSite(call)
  const wage = { max_hours_week: 12, hourly_cents: 1750, active: false }
  const ann = await createPerson(call, 'Ann', wage)
  expect(await call.patch(`${base}/staff/${ann.id}`, { name: 'Anne' })).toEqual({ ...ann, name: 'Anne' })
  const replaced = await call.put(`${base}/staff/${ann.id}`, { name: 'Änn Özil' })
  for (const part of ['Änn', 'ÖZIL', 'n o'])
    expect((await call.get(`${base}/staff?q=${encodeURIComponent(part)}`)).staff).toEqual([replaced])
  expect(replaced).toMatchObject({ skills: [], max_hours_week: 40, hourly_cents: 0, active: true })
  for (const name of ['Zoe', 'Anton']) await createPerson(call, name)
  const pages = [1, 2].map(page => call.get(`${base}/staff?limit=2&page=${page}`))
  const names = (await Promise.all(pages)).flatMap(({ staff }) => staff.map(({ name }: { name: string }) => name))
  expect(names).toEqual(['Änn Özil', 'Anton', 'Zoe'])

  const times = { starts_at: '2026-03-23T18:00:00Z', ends_at: '2026-03-23T23:00:00Z' }
  const shift = await call.post(`${base}/shifts`, { site_id: site.id, ...times, headcount: 4 })
  expect(await call.patch(`${base}/shifts/${shift.id}`, { skill: 'bar' })).toEqual({ ...shift, skill: 'bar' })
})

test('confirming twice, also at the same time, is one roster', async () => {
  const { call, generate, finished, roster } = await newVenue()
  const { job_id } = await finished(generate())
  const answers = await Promise.all([1, 2, 3].map(() => call.post(`${base}/confirm`, { job_id })))
  expect(answers.map(({ confirmed }) => confirmed)).toEqual([14, 14, 14])
  expect(answers.filter(({ already_confirmed }) => !already_confirmed)).toHaveLength(1)
  const before = await roster()
  expect(await call.post(`${base}/confirm`, { job_id })).toMatchObject({ already_confirmed: true })
  expect(await roster()).toEqual(before)
  expect(before.summary.filled).toBe(14)
})

test('two generations wait for each other and both leave a draft, while the API answers', async () => {
  const { call, generate, finished } = await newVenue()
  const started = await Promise.all([generate({ seed: 1 }), generate({ seed: 2, algorithm: 'optimal', budget_s: 5 })])
  expect(started[0].job_id).not.toBe(started[1].job_id)
  expect(started[0]).toMatchObject({ status: 'pending', poll_url: `/api/v1/jobs/status/${started[0].job_id}` })
  const ended = Promise.all(started.map(finished))
  await call.get(`${base}/sites`)
  expect((await ended).map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS'])
  const { drafts } = await call.get(`${base}/drafts`)
  expect(drafts.map(({ seed }: { seed: number }) => seed).sort()).toEqual([1, 2])
})

test('the same seed gives the same roster', async () => {
  const { generate, finished } = await newVenue()
  const [one, two] = [await finished(generate({ seed: 3 })), await finished(generate({ seed: 3 }))]
  expect(one.result.assignments).toEqual(two.result.assignments)
})

test('a cancelled generation keeps the best it has found as a draft', async () => {
  const { call, site, generate, finished } = await newVenue()
  for (let n = 0; n < 40; n++)
    await createPerson(call, `Extra ${n}`, {
      skills: n % 2 ? ['bar'] : ['bar', 'door'],
      hourly_cents: 1200 + 37 * (n % 11),
    })
  for (const [from, to] of [
    ['06:00', '13:00'],
    ['09:30', '17:00'],
    ['12:00', '20:00'],
    ['20:00', '04:00'],
  ])
    await call.post(`${base}/shifts/pattern`, {
      site_id: site.id,
      start_date: '2026-03-23',
      end_date: '2026-05-17',
      weekdays: [1, 2, 3, 4, 5, 6, 7],
      from,
      to,
      skill: from === '20:00' ? 'door' : 'bar',
      headcount: 3,
    })
  const started = await generate({ algorithm: 'optimal', end_date: '2026-05-17', budget_s: 300 })
  const status = `/api/v1/jobs/status/${started.job_id}`
  await until(async () => (await call.get(status)).status_message?.includes('best'))
  await call.delete(`/api/v1/jobs/cancel/${started.job_id}`)
  const job = await finished(started)
  expect(job.status).toBe('CANCELLED')
  expect(job.result.summary.ended).toBe('cancelled')
  expect(job.result.assignments.length).toBeGreaterThan(100)
  const draft = await call.get(`${base}/drafts/${job.job_id}`)
  expect(draft.assignments).toEqual(job.result.assignments)
  expect((await call.post(`${base}/confirm`, { job_id: job.job_id })).added).toBe(draft.assignments.length)
  const published = await call.get(`${base}/drafts/${job.job_id}`)
  expect(published.confirmed_at).not.toBeNull()
  await call.post(`/api/v1/jobs/${job.job_id}/retry`)
  expect((await finished(started)).result.assignments).toEqual(draft.assignments)
  expect(await call.get(`${base}/drafts/${job.job_id}`)).toEqual(published) // it is not made anew
}, 120_000)

test('a roster that no longer holds is refused with what is wrong, and nothing of it is written', async () => {
  const { call, generate, finished, roster, staff } = await newVenue()
  const { job_id, result } = await finished(generate())
  const { staff_id } = result.assignments[0]
  await call.patch(`${base}/staff/${staff_id}`, { unavailable: [{ from: '2026-03-23', to: '2026-03-25' }] })
  const refusal = await refusalOf(call.post(`${base}/confirm`, { job_id }))
  expect(refusal.status).toBe(409)
  expect(refusal.problem.conflicts[0]).toMatchObject({ rule: 'unavailable', staff_id })
  expect(refusal.problem.detail).toContain('unavailable')
  expect((await roster()).summary.filled).toBe(0)

  await call.delete(`${base}/staff/${staff[3].id}`)
  const other = await refusalOf(
    call.post(`${base}/confirm`, {
      ...week,
      site_ids: [],
      assignments: [{ ...result.assignments[0], staff_id: staff[3].id }],
    }),
  )
  expect(other.problem.conflicts[0].rule).toBe('unknown')
})

test('hand-made rosters are checked too: rest, overlap, headcount, skill, and shifts outside the range', async () => {
  const { call, site, staff, shift_ids } = await newVenue()
  const [ann, bob, cy] = staff.map(({ id }: { id: number }) => id) as [number, number, number]
  const early = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: '2026-03-24T05:00:00Z',
    ends_at: '2026-03-24T09:00:00Z',
    skill: 'medic',
  })
  const confirm = (assignments: Assignment[], range = week) =>
    refusalOf(call.post(`${base}/confirm`, { ...range, site_ids: [site.id], assignments }))
  const rulesOf = async (assignments: Assignment[], range = week) =>
    (await confirm(assignments, range)).problem.conflicts.map(({ rule }: { rule: string }) => rule)
  const first = shift_ids[0] as number
  expect(
    await rulesOf([
      { shift_id: first, staff_id: ann },
      { shift_id: early.id, staff_id: ann },
    ]),
  ).toEqual(['skill', 'rest'])
  expect(await rulesOf([ann, bob, cy].map(staff_id => ({ shift_id: first, staff_id })))).toEqual(['headcount'])
  expect(
    await rulesOf([{ shift_id: first, staff_id: ann }], { start_date: '2026-03-25', end_date: '2026-03-29' }),
  ).toEqual(['unknown'])
  await call.patch(`${base}/staff/${cy}`, { active: false })
  expect((await confirm([{ shift_id: first, staff_id: cy }])).problem.detail).toBe(`Staff ${cy} is inactive or deleted`)
})

test('pinned places stay through a new roster, and unpinned ones of other ranges too', async () => {
  const { call, generate, finished, roster, shift_ids, staff } = await newVenue()
  const last = shift_ids.at(-1) as number
  const expensive = staff[3].id // the cheapest would be chosen
  const pinned = await call.post(`${base}/assignments`, { shift_id: last, staff_id: expensive })
  expect(pinned.pinned).toBe(true)
  const job = await finished(generate())
  expect(job.result.assignments).toContainEqual({ shift_id: last, staff_id: expensive })
  await call.post(`${base}/confirm`, { job_id: job.job_id })
  const others = (await roster()).shifts.slice(1)
  const oneDay = { start_date: '2026-03-23', end_date: '2026-03-23' }
  const answer = await call.post(`${base}/confirm`, {
    ...oneDay,
    assignments: [{ shift_id: shift_ids[0], staff_id: staff[0].id }],
  })
  expect(answer.removed).toBeGreaterThan(0)
  expect((await roster()).shifts.slice(1)).toEqual(others)
  expect((await roster()).shifts[0].staff).toHaveLength(1)

  expect(await call.post(`${base}/assignments/${pinned.id}/unpin`)).toMatchObject({ pinned: false })
  const day = { start_date: '2026-03-29', end_date: '2026-03-29' }
  await call.post(`${base}/confirm`, { ...day, assignments: [{ shift_id: last, staff_id: staff[0].id }] })
  expect((await roster()).shifts.at(-1).staff.map(({ name }: { name: string }) => name)).toEqual(['Ann'])
})

test('placing by hand keeps to the rules', async () => {
  const { call, shift_ids, staff } = await newVenue()
  const shift_id = shift_ids[0] as number
  const assignment = await call.post(`${base}/assignments`, { shift_id, staff_id: staff[0].id })
  const again = await refusalOf(call.post(`${base}/assignments`, { shift_id, staff_id: staff[0].id }))
  expect(again.problem.conflicts[0].rule).toBe('twice')
  const painter = await createPerson(call, 'Pat', { skills: ['paint'] })
  const refusal = await refusalOf(call.post(`${base}/assignments`, { shift_id, staff_id: painter.id }))
  expect(refusal.problem.detail).toBe('Pat lacks the skill bar')
  expect((await refusalOf(call.post(`${base}/assignments`, { shift_id: 999, staff_id: painter.id }))).status).toBe(404)
  expect(await call.delete(`${base}/assignments/${assignment.id}`)).toEqual({ deleted: true, id: assignment.id })
  expect((await refusalOf(call.post(`${base}/assignments/${assignment.id}/pin`))).status).toBe(404)
})

test('an impossible roster is the best partial one, with the reason for each open place', async () => {
  const { call, generate, finished, site } = await newVenue(['Ann'])
  await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: '2026-03-23T08:00:00Z',
    ends_at: '2026-03-23T10:00:00Z',
    skill: 'medic',
  })
  const { result } = await finished(generate({ algorithm: 'optimal' }))
  expect(result.assignments).toHaveLength(7)
  expect(result.unfilled).toHaveLength(8)
  expect(result.unfilled.map(({ reason }: { reason: string }) => reason)).toContain('skill')
  expect(result.unfilled[0].message).toBe('Nobody has the skill medic')
})

test('a certificate holds through its last day in the site’s time zone', async () => {
  const { call, finished } = await start()
  const site = await createSite(call, 'Harbour', 'Pacific/Auckland')
  const certifiedUntil = (expires_on: string) => ({ certifications: [{ name: 'first aid', expires_on }] })
  const lasting = await createPerson(call, 'Lou', certifiedUntil('2026-03-24'))
  await createPerson(call, 'Max', certifiedUntil('2026-03-23'))
  const shift = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: '2026-03-23T12:00:00Z', // the 24th in Auckland
    ends_at: '2026-03-23T15:00:00Z',
    certification: 'first aid',
    headcount: 2,
  })
  expect(shift.date).toBe('2026-03-24')
  const generated = call.post('/api/v1/jobs/roster/generate', { ...week, algorithm: 'optimal' })
  const { result } = await finished(generated)
  expect(result.assignments).toEqual([{ shift_id: shift.id, staff_id: lasting.id }])
  expect(result.unfilled[0].reason).toBe('certification')
})

test('a week in which the clocks change keeps its local hours, and nights their true length', async () => {
  const { call, site } = await newVenue()
  const night = { site_id: site.id, weekdays: [6], from: '22:00', to: '06:00', headcount: 1 }
  await call.post(`${base}/shifts/pattern`, { ...night, start_date: '2026-03-28', end_date: '2026-03-28' })
  const { shifts } = await call.get(`${base}?start=2026-03-28&end=2026-03-28`)
  expect(shifts[1]).toMatchObject({ from: '22:00', to: '06:00', date: '2026-03-28' })
  const hours = ({ starts_at, ends_at }: { starts_at: string; ends_at: string }) =>
    (Date.parse(ends_at) - Date.parse(starts_at)) / 3_600_000
  expect(hours(shifts[1])).toBe(7)

  const copy = { from: '2026-03-23', to: '2026-03-29', weeks: 1 }
  expect(await call.post(`${base}/shifts/copy`, copy)).toMatchObject({ created: 8, skipped: 0 })
  expect(await call.post(`${base}/shifts/copy`, copy)).toMatchObject({ created: 0, skipped: 8 })
  const later = await call.get(`${base}?start=2026-03-30&end=2026-04-05`)
  expect(later.shifts).toHaveLength(8)
  expect(new Set(later.shifts.map(({ from }: { from: string }) => from))).toEqual(new Set(['18:00', '22:00']))
  expect(hours(later.shifts.find(({ from }: { from: string }) => from === '22:00'))).toBe(8)
})

test('all shifts of a spreadsheet are imported or none, and every mistake is named', async () => {
  const { call } = await start()
  await createSite(call)
  const csv =
    'site,date,from,to,skill,headcount\nRiverside,2026-03-29,18:00,02:00,bar,2\nriverside,2026-03-30,9:30,17:00,,'
  const send = (body: string) =>
    call.raw(`${base}/shifts/import`, { method: 'POST', body, headers: { 'content-type': 'text/csv' } })
  const invalid = await send(`${csv}\nNowhere,2026-03-30,09:00,10:00,,1\nRiverside,2026-02-30,09:00,10:00,,1`)
  expect(invalid.status).toBe(422)
  expect((await invalid.json()).errors).toEqual([
    { path: 'line 4, site', message: 'There is no site named Nowhere.' },
    { path: 'line 5, date', message: '2026-02-30 is not a date such as 2025-03-30.' },
  ])
  expect((await call.get(`${base}/shifts`)).pagination.total).toBe(0)
  expect((await send(csv)).status).toBe(201)
  expect(await call.post(`${base}/shifts/import`, { csv })).toMatchObject({ created: 0, skipped: 2 })
  const form = new FormData()
  form.set('file', new File([`${csv}\nRiverside,2026-04-01,9:00:00,24:00,,1`], 'shifts.csv'))
  expect(await call.post(`${base}/shifts/import`, form)).toMatchObject({ created: 1, skipped: 2 })
  expect((await call.get(`${base}/shifts?start=2026-04-01`)).shifts).toMatchObject([
    { starts_at: '2026-04-01T07:00:00.000Z', ends_at: '2026-04-01T22:00:00.000Z' },
  ])
  const { shifts, pagination } = await call.get(`${base}/shifts?start=2026-03-29&end=2026-03-30&limit=1`)
  expect(pagination).toEqual({ page: 1, limit: 1, total: 2, pages: 2 })
  expect(shifts[0]).toMatchObject({ date: '2026-03-29', skill: 'bar', headcount: 2 })
})

test('a site, person or shift that assignments depend on is deleted only if confirmed, and audited', async () => {
  const { call, site, staff, shift_ids } = await newVenue()
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: staff[0].id })
  for (const path of [`sites/${site.id}`, `staff/${staff[0].id}`, `shifts/${shift_ids[0]}`])
    expect((await refusalOf(call.delete(`${base}/${path}`))).status).toBe(409)
  await call.delete(`${base}/staff/${staff[0].id}?confirm=true`)
  await call.delete(`${base}/shifts/${shift_ids[0]}`)
  await call.delete(`${base}/sites/${site.id}?confirm=true`)
  expect((await call.get(`${base}/shifts`)).pagination.total).toBe(0)
  const actions = await auditedActions(call)
  for (const action of ['staff.delete', 'shift.delete', 'site.delete']) expect(actions).toContain(action)
})

test('a shift that moves where its people cannot be is refused unless confirmed', async () => {
  const { call, staff, shift_ids } = await newVenue()
  const [monday, tuesday] = shift_ids as [number, number]
  for (const shift_id of [monday, tuesday]) await call.post(`${base}/assignments`, { shift_id, staff_id: staff[0].id })
  const move = { starts_at: '2026-03-24T17:00:00Z', ends_at: '2026-03-24T22:00:00Z' }
  const refusal = await refusalOf(call.patch(`${base}/shifts/${monday}`, move))
  expect(refusal.problem.conflicts[0].rule).toBe('overlap')
  expect((await call.get(`${base}/shifts/${monday}`)).date).toBe('2026-03-23')
  expect((await call.patch(`${base}/shifts/${monday}?confirm=true`, move)).date).toBe('2026-03-24')
  // What was wrong before a change is not held against it.
  expect(await call.patch(`${base}/shifts/${monday}`, { headcount: 3 })).toMatchObject({ headcount: 3 })
  expect((await refusalOf(call.patch(`${base}/shifts/${monday}`, { skill: 'medic' }))).status).toBe(409)
})

test('a site that moves to another zone keeps its moments and finds its shifts on their new days', async () => {
  const { call, site } = await newVenue()
  await call.patch(`${base}/sites/${site.id}`, { timezone: 'Pacific/Auckland' })
  const { shifts } = await call.get(`${base}?start=2026-03-24&end=2026-03-24`)
  expect(shifts).toHaveLength(1)
  expect(shifts[0]).toMatchObject({ starts_at: '2026-03-23T17:00:00.000Z', from: '06:00' })
  expect((await refusalOf(call.patch(`${base}/sites/${site.id}`, { timezone: 'Mars/Olympus' }))).status).toBe(422)
  const lower = await refusalOf(call.patch(`${base}/sites/${site.id}`, { timezone: 'europe/berlin' }))
  expect(lower.problem.errors).toEqual([{ path: 'timezone', message: 'Write it Europe/Berlin.' }])
})

test('invalid sites, people, shifts and requests for rosters are refused', async () => {
  const { call, site } = await newVenue()
  const problemOf = async (path: string, body: object) => (await refusalOf(call.post(`${base}/${path}`, body))).problem
  expect(await problemOf('sites', { name: 'Riverside', timezone: 'Europe/Berlin' })).toMatchObject({ code: 'conflict' })
  const person = { name: 'Eve', certifications: [{ name: 'aid', expires_on: '2026-02-30' }] }
  expect((await problemOf('staff', person)).errors[0].path).toBe('certifications.0.expires_on')
  const away = { name: 'Eve', unavailable: [{ from: '2026-03-05', to: '2026-03-01' }] }
  expect((await problemOf('staff', away)).errors[0].path).toBe('unavailable.0.to')
  const shift = { site_id: site.id, starts_at: '2026-03-05T10:00:00Z', ends_at: '2026-03-05T09:00:00Z' }
  expect((await problemOf('shifts', shift)).errors[0]).toEqual({
    path: 'ends_at',
    message: 'The end must be after the start.',
  })
  await call.post(`${base}/shifts`, { ...shift, starts_at: '2099-12-01T08:00:00Z', ends_at: '2099-12-01T09:00:00Z' })
  const copy = { from: '2099-12-01', to: '2099-12-01', weeks: 104 }
  expect((await problemOf('shifts/copy', copy)).errors[0].path).toBe('weeks') // no page or list could show them
  const lastNight = { start_date: '2100-12-31', end_date: '2100-12-31', from: '22:00', to: '06:00' }
  const pattern = { site_id: site.id, weekdays: [1, 2, 3, 4, 5, 6, 7], ...lastNight }
  expect((await problemOf('shifts/pattern', pattern)).errors[0].path).toBe('end_date')
  expect(await problemOf('sites', { name: 'Hill', timezone: '2026-03-30T12:00Z' })).toMatchObject({ status: 422 })
  const generate = (body: object) => refusalOf(call.post('/api/v1/jobs/roster/generate', body))
  expect((await generate({ start_date: '2026-03-29', end_date: '2026-03-23' })).status).toBe(422)
  expect((await generate({ ...week, site_ids: [99] })).status).toBe(404)
  expect((await generate({ ...week, algorithm: 'magic' })).status).toBe(422)
  expect((await refusalOf(call.get(`${base}?start=2026-01-01&end=2026-12-31`))).status).toBe(422)
  expect((await refusalOf(call.post(`${base}/confirm`, {}))).status).toBe(422)
  expect((await refusalOf(call.post(`${base}/confirm`, { job_id: 'none' }))).status).toBe(404)
})

test('generating a roster for days without shifts fails once, with the reason', async () => {
  const { call, finished } = await start()
  await createSite(call)
  const job = await finished(call.post('/api/v1/jobs/roster/generate', week))
  expect(job).toMatchObject({
    status: 'FAILURE',
    attempts: 1,
    error: 'There are no shifts from 23 March 2026 to 29 March 2026',
  })
})

test('more shifts and people than the solvers have memory for are refused with a way out', async () => {
  const { app, generate, site } = await newVenue() // of 7 shifts and 4 people
  const numbers = 'with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 2500)'
  app.db.$client.run(`insert into staff (name, skills, max_hours_week, hourly_cents, preferences, created_at)
    ${numbers} select 'Person ' || n, '[]', 40, 0, '[]', 0 from numbers`)
  app.db.$client.run(`insert into shifts (site_id, day, starts_at, ends_at, skills, headcount, created_at)
    ${numbers} select ${site.id}, '2026-03-23', 1774252800000, 1774256400000, '[]', 1, 0 from numbers`)
  const message = '2507 shifts and 2504 people are too many to plan at once: choose fewer days or sites.'
  expect((await refusalOf(generate())).problem.errors).toEqual([{ path: 'end_date', message }])
})
