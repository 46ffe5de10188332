import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { auditedActions, base, createPerson, createSite, newVenue, week } from './rosters.ts'
import { refusalOf, start } from './start.ts'
import { visitor } from './visitor.ts'
import { pageFaults } from './web-seen.ts'

const officer = { email: 'olga@example.org', username: 'olga', password: 'correct horse battery', role: 'officer' }
type Place = { shift_id: number; staff_id: number }

/** The venue with an empty draft of its week. */
async function venueWithDraft(people?: string[]) {
  const app = await newVenue(people)
  const { call } = app
  const draft = await call.post(`${base}/drafts`, { ...week, from: 'nobody' })
  const path = `${base}/drafts/${draft.job_id}`
  const change = (body: { put?: Place[]; take?: Place[] }) => call.post(`${path}/changes`, body)
  const assigned = async (): Promise<Place[]> => (await call.get(path)).assignments
  return { ...app, draft, path, change, assigned }
}

test('a draft made by hand is named after its site and week, changed place by place within the rules, and published', async () => {
  const { call, draft, path, change, assigned, staff, shift_ids, roster } = await venueWithDraft()
  expect(draft).toMatchObject({ name: 'All sites, week of 23 Mar', changes: 0, unfilled: 14, summary: null })
  const [ann, bob] = staff.map(({ id }) => id)
  const [monday = 0, tuesday = 0] = shift_ids
  const place = (shift_id: number, staff_id: number) => ({ shift_id, staff_id })
  expect(await change({ put: [place(monday, ann), place(tuesday, ann)] })).toEqual({
    changes: 1,
    unfilled: 12,
    conflicts: [],
  })
  expect(await change({ take: [place(monday, ann)], put: [place(monday, bob)] })).toMatchObject({ changes: 2 })
  expect((await refusalOf(change({ take: [place(monday, ann)] }))).status).toBe(409) // not there any more
  expect((await refusalOf(change({ put: [place(monday, bob)] }))).problem.conflicts[0].rule).toBe('twice')
  await call.patch(`${base}/staff/${ann}`, { max_hours_week: 9 })
  const refused = await refusalOf(change({ put: [place(monday, ann)] }))
  expect(refused).toMatchObject({ status: 409, problem: { conflicts: [{ rule: 'hours', staff_id: ann }] } })
  expect(await assigned()).toEqual([place(tuesday, ann), place(monday, bob)])
  expect((await roster()).summary.filled).toBe(0)

  await call.patch(path, { name: 'The quiet week' })
  expect((await call.get(`${base}/drafts`)).drafts[0]).toMatchObject({ name: 'The quiet week', changes: 2 })
  expect(await call.post(`${base}/confirm`, { job_id: draft.job_id })).toMatchObject({ added: 2 })
  expect((await roster()).summary.filled).toBe(2)
  expect((await refusalOf(change({ take: [place(monday, bob)] }))).status).toBe(409) // published
  expect(await auditedActions(call)).toEqual(
    expect.arrayContaining(['roster.draft', 'roster.draft_change', 'roster.draft_name']),
  )
})

test('the people concerned are notified when a draft is published, and not before', async () => {
  const { call, url, draft, change, staff, shift_ids, clock } = await venueWithDraft()
  clock.forward(Date.parse('2026-03-01T00:00:00Z') - clock.now())
  const user = { ...officer, role: 'member' }
  await call.post('/api/v1/users', user)
  await call.patch(`${base}/staff/${staff[0].id}`, { account: 'olga' })
  const browser = visitor(url)
  await browser.signIn(user.email, user.password)
  const noticesOf = async () =>
    (await browser.get(`${base}/me/notices`)).notices.map(({ message }: { message: string }) => message)
  await change({ put: shift_ids.slice(0, 2).map(shift_id => ({ shift_id, staff_id: staff[0].id })) })
  await change({ put: [{ shift_id: shift_ids[0] ?? 0, staff_id: staff[1].id }] })
  expect(await noticesOf()).toEqual([])
  expect(await call.post(`${base}/confirm`, { job_id: draft.job_id })).toMatchObject({ notified: 1 })
  expect(await noticesOf()).toEqual([
    'New: Mon 23 Mar, 18:00–23:00; Tue 24 Mar, 18:00–23:00; all at Riverside (Europe/Berlin)',
  ])
  expect(await call.post(`${base}/clear`, week)).toMatchObject({ removed: 3, notified: 1 })
  expect((await noticesOf())[0]).toMatch(/^Taken off: Mon 23 Mar.*; Tue 24 Mar/)
})

test('pinned assignments stay in every draft and when a range is cleared', async () => {
  const { call, path, change, assigned, staff, shift_ids, roster } = await venueWithDraft()
  const pinned = { shift_id: shift_ids[0] ?? 0, staff_id: staff[0].id }
  await call.post(`${base}/assignments`, pinned)
  const copy = await call.post(`${base}/drafts`, week)
  expect((await call.get(`${base}/drafts/${copy.job_id}`)).assignments).toEqual([pinned])
  const inCopy = (body: object) => call.post(`${base}/drafts/${copy.job_id}/changes`, body)
  expect((await refusalOf(inCopy({ take: [pinned] }))).problem.detail).toContain('pinned')
  await change({ put: shift_ids.map(shift_id => ({ shift_id, staff_id: staff[1].id })) })
  expect(await assigned()).toHaveLength(7)
  await call.post(`${path}/clear`, { start: '2026-03-23', end: '2026-03-25' })
  expect(await assigned()).toHaveLength(4)
  await call.post(`${path}/clear`, {})
  expect(await assigned()).toEqual([])
  expect((await refusalOf(call.post(`${path}/clear`, {}))).status).toBe(409)
  expect(await call.post(`${base}/clear`, week)).toMatchObject({ removed: 0, pinned: 1, confirmed: 1 })
  expect((await roster()).summary.filled).toBe(1)
})

test('two drafts, or a draft and the roster, are compared shift by shift', async () => {
  const { call, draft, path, change, staff, shift_ids } = await venueWithDraft()
  const [ann, bob] = staff
  const [first = 0, second = 0] = shift_ids
  await change({
    put: [
      { shift_id: first, staff_id: ann.id },
      { shift_id: second, staff_id: ann.id },
    ],
  })
  const other = await call.post(`${base}/drafts`, { ...week, from: draft.job_id })
  await call.post(`${base}/drafts/${other.job_id}/changes`, {
    take: [{ shift_id: second, staff_id: ann.id }],
    put: [{ shift_id: second, staff_id: bob.id }],
  })
  expect(await call.get(`${path}/compare?with=${other.job_id}`)).toMatchObject({
    same: 1,
    differences: [
      {
        shift_id: second,
        words: 'Tue 24 Mar, 18:00–23:00, Riverside (Europe/Berlin)',
        here: [{ name: 'Ann' }],
        there: [{ name: 'Bob' }],
      },
    ],
  })
  expect((await call.get(`${path}/compare`)).pagination.total).toBe(2) // with the roster, which is empty
  const comparePage = () => call.get(`/rota/drafts/${other.job_id}/compare?with=${draft.job_id}`)
  const page = await comparePage()
  expect(page).toContain('Shifts that differ')
  expect(page).toContain('Bob')
  await call.patch(path, { name: 'The first' })
  await call.post(`${base}/confirm`, { job_id: draft.job_id })
  expect(await comparePage()).toContain('Only in The first') // also once it is published, as the roster may change after that
})

test('a draft says who may take a place, and what is wrong with it now', async () => {
  const { call, draft, path, change, staff, shift_ids } = await venueWithDraft()
  const [ann, bob, cy] = staff
  const [first = 0] = shift_ids
  const shown = async () => (await call.raw(`/rota/drafts/${draft.job_id}/part`)).headers.get('x-version')
  const version = await shown()
  await change({ put: [{ shift_id: first, staff_id: ann.id }] })
  expect(await shown()).not.toBe(version) // the page of the draft follows changes in the grid
  await call.patch(`${base}/staff/${bob.id}`, { skills: [] })
  const { people, shifts } = await call.get(`${path}/targets?shift_id=${first}&staff_id=${ann.id}&to=2026-03-24`)
  const ruleAgainst = new Map(
    people.map((one: { staff_id: number; against: { rule: string }[] }) => [one.staff_id, one.against[0]?.rule]),
  )
  expect(ruleAgainst.get(bob.id)).toBe('skill')
  expect(ruleAgainst.get(cy.id)).toBeUndefined()
  expect(ruleAgainst.has(ann.id)).toBe(false)
  expect(shifts).toEqual([{ shift_id: shift_ids[1], against: [] }])
  expect((await refusalOf(call.get(`${path}/targets?shift_id=999&to=2026-03-24`))).status).toBe(404)
  await call.patch(`${base}/staff/${ann.id}`, { unavailable: [{ from: '2026-03-23', to: '2026-03-23' }] })
  expect((await call.get(`${path}/check`)).conflicts).toMatchObject([{ rule: 'unavailable', staff_id: ann.id }])
  const page = await call.get(`/rota/plan?draft=${draft.job_id}`)
  expect(page).toContain('Ann is unavailable on 23 March 2026')
  expect((await refusalOf(call.post(`${base}/confirm`, { job_id: draft.job_id }))).status).toBe(409)
  // Conflicts that were there before do not prevent other changes.
  await change({ put: [{ shift_id: shift_ids[2] ?? 0, staff_id: cy.id }] })
})

test('a page of conflicts has all that it counts', async () => {
  const { call, path, change, shift_ids } = await venueWithDraft([])
  const names = ['name,skills', ...Array.from({ length: 101 }, (_, i) => `P${i},bar`)].join('\n')
  await call.post(`${base}/staff/import`, { csv: names })
  const { staff } = await call.get(`${base}/staff?limit=200`)
  const [shift_id = 0] = shift_ids
  await call.patch(`${base}/shifts/${shift_id}`, { headcount: 101 })
  await change({ put: staff.map(({ id: staff_id }: { id: number }) => ({ shift_id, staff_id })) })
  await call.patch(`${base}/shifts/${shift_id}`, { skill: 'medic' })
  const { conflicts, pagination } = await call.get(`${path}/check?limit=200`)
  expect(conflicts).toHaveLength(pagination.total)
  expect(pagination.total).toBe(101)
})

test('a week becomes a template, and other weeks are made from it at the same local times', async () => {
  const { call, staff, shift_ids } = await newVenue()
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: staff[0].id })
  const template = await call.post(`${base}/templates`, { name: 'Evenings', monday: '2026-03-25' })
  expect(template).toMatchObject({ monday: '2026-03-23', shifts: 7 })
  const again = call.post(`${base}/templates`, { name: 'Evenings', monday: '2026-03-25' })
  expect((await refusalOf(again)).status).toBe(409)
  const emptyWeek = call.post(`${base}/templates`, { name: 'Nothing', monday: '2026-06-01' })
  expect((await refusalOf(emptyWeek)).status).toBe(422)
  const apply = (monday: string, people?: boolean) =>
    call.post(`${base}/templates/${template.id}/apply`, { monday, people })
  expect(await apply('2026-03-23')).toMatchObject({ created: 0, skipped: 7, draft_id: null })
  const applied = await apply('2026-07-08', true)
  expect(applied).toMatchObject({ created: 7, skipped: 0 })
  const { shifts } = await call.get(`${base}?start=2026-07-06&end=2026-07-12`)
  expect(shifts).toHaveLength(7)
  expect(shifts[0]).toMatchObject({
    from: '18:00',
    to: '23:00',
    date: '2026-07-06',
    starts_at: '2026-07-06T16:00:00.000Z',
  })
  const draft = await call.get(`${base}/drafts/${applied.draft_id}`)
  expect(draft).toMatchObject({ name: 'Evenings, 2026-07-06', unfilled: { length: 13 } })
  expect(draft.assignments).toEqual([{ shift_id: shifts[0].id, staff_id: staff[0].id }])
  expect(await apply('2026-01-01')).toMatchObject({ created: 7 }) // earlier too
  expect((await refusalOf(apply('1970-01-01'))).problem.errors[0].path).toBe('monday') // its Monday is of 1969
  await call.delete(`${base}/templates/${template.id}`)
  expect((await call.get(`${base}/templates`)).templates).toEqual([])
  expect(await auditedActions(call)).toEqual(
    expect.arrayContaining(['template.create', 'template.apply', 'template.delete']),
  )
})

test('the grid of one site counts the hours of all, and what lies outside a draft cannot be moved in it', async () => {
  const { call, staff, shift_ids, site } = await venueWithDraft()
  const hill = await createSite(call, 'Hill')
  const shiftAtHill = await call.post(`${base}/shifts`, {
    site_id: hill.id,
    starts_at: '2026-03-25T08:00:00Z',
    ends_at: '2026-03-25T12:00:00Z',
  })
  const pin = { pinned: false, staff_id: staff[0].id }
  await call.post(`${base}/assignments`, { ...pin, shift_id: shiftAtHill.id })
  await call.post(`${base}/assignments`, { ...pin, shift_id: shift_ids[0] })
  const draft = await call.post(`${base}/drafts`, { ...week, site_ids: [site.id] })
  expect(draft.name).toBe('Riverside, week of 23 Mar')
  const planPage = (query: string) => call.get(`/rota/plan?${query}`)
  expect(await planPage(`draft=${draft.job_id}`)).toContain('9 of 40\u202fh')
  const both = await planPage(`draft=${draft.job_id}&site_id=${hill.id}`)
  expect(both).toContain(`<span class="chip" id="c-${shiftAtHill.id}-${staff[0].id}">`)
  expect(await planPage(`week=2026-03-23`)).toContain('<strong>2 of 15</strong> places filled')
  await call.post(`${base}/confirm`, { job_id: draft.job_id })
  const copyForm = (await planPage(`draft=${draft.job_id}`)).split(`name="from" value="${draft.job_id}"`)[1]
  expect(copyForm?.split('</form>')[0]).toContain(`name="site_ids[]" value="${site.id}"`) // a copy for all sites would empty the others
  const many = ['name', ...Array.from({ length: 500 }, (_, i) => `Aa ${i}`)].join('\n') // more than the grid lists
  await call.raw(`${base}/staff/import`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: many })
  expect((await call.get(`${base}/staff`)).pagination.total).toBe(504)
  const grid = await planPage(`week=2026-03-23`)
  expect(grid).toContain(`<tr id="p-${staff[0].id}">`) // who has a duty is always there
  expect(grid).toContain('<a href="/rota/staff">And 3 more</a>.')
  await call.delete(`${base}/sites/${site.id}?confirm=true`)
  expect(await call.get(`${base}/drafts/${draft.job_id}`)).toMatchObject({ name: 'Deleted sites, week of 23 Mar' })
})

test('changes that planners send at once are all kept', async () => {
  const { change, assigned, staff, shift_ids } = await venueWithDraft()
  const puts = shift_ids.map(shift_id => change({ put: [{ shift_id, staff_id: staff[0].id }] }))
  await Promise.all(puts)
  expect(await assigned()).toHaveLength(7)
})

test('a draft is published as it is at that moment, and not once it was discarded or published', async () => {
  const { call, change, path, draft, staff, shift_ids, roster } = await venueWithDraft()
  const put = (i: number) => change({ put: [{ shift_id: shift_ids[i] ?? 0, staff_id: staff[0].id }] })
  const publish = (job_id: string) => call.post(`${base}/confirm`, { job_id })
  await put(0)
  await Promise.allSettled([publish(draft.job_id), put(1), put(2), put(3)])
  const kept: Place[] = (await call.get(path)).assignments
  expect((await roster()).summary.filled).toBe(kept.length)
  const other = await call.post(`${base}/drafts`, { ...week, from: 'nobody' })
  const [published] = await Promise.allSettled([publish(other.job_id), call.delete(`${base}/drafts/${other.job_id}`)])
  expect(published).toMatchObject({ status: 'rejected', reason: { status: 404 } })
  expect((await roster()).summary.filled).toBe(kept.length)
})

test('a draft is published without the places of shifts that were deleted or moved to other days', async () => {
  const { call, draft, change, assigned, staff, shift_ids, path } = await venueWithDraft()
  const [deleted = 0, moved = 0, kept = 0] = shift_ids
  await change({ put: [deleted, moved, kept].map(shift_id => ({ shift_id, staff_id: staff[0].id })) })
  await call.delete(`${base}/shifts/${deleted}`)
  const nextWeek = { starts_at: '2026-03-31T16:00:00Z', ends_at: '2026-03-31T21:00:00Z' }
  await call.patch(`${base}/shifts/${moved}`, nextWeek)
  expect(await assigned()).toEqual([{ shift_id: kept, staff_id: staff[0].id }])
  expect((await call.get(`${path}/check`)).conflicts).toEqual([])
  expect(await call.post(`${base}/confirm`, { job_id: draft.job_id })).toMatchObject({ confirmed: 1, added: 1 })
})

test('a template puts people on as many equal shifts as it has, and makes nothing once its sites are gone', async () => {
  const { call, site, staff, shift_ids } = await newVenue()
  const { starts_at, ends_at } = await call.get(`${base}/shifts/${shift_ids[0]}`)
  const twin = await call.post(`${base}/shifts`, { site_id: site.id, starts_at, ends_at, skill: 'bar' })
  for (const [i, shift_id] of [shift_ids[0], twin.id].entries())
    await call.post(`${base}/assignments`, { shift_id, staff_id: staff[i].id })
  const { id } = await call.post(`${base}/templates`, { name: 'Twins', monday: week.start_date })
  const apply = () => call.post(`${base}/templates/${id}/apply`, { monday: '2026-07-06', people: true })
  const { draft_id } = await apply()
  const { assignments } = await call.get(`${base}/drafts/${draft_id}`)
  expect(new Set(assignments.map(({ shift_id }: Place) => shift_id)).size).toBe(2)
  await call.delete(`${base}/sites/${site.id}?confirm=true`)
  expect((await refusalOf(apply())).status).toBe(409) // a draft of nowhere would be one of all sites, and empty
})

test('without script a place is moved by a form, which shows the rule against it', async () => {
  const { call, url, draft, assigned, staff, shift_ids } = await venueWithDraft()
  await call.post('/api/v1/users', officer)
  const browser = visitor(url)
  await browser.signIn(officer.email, officer.password)
  const move = (place: string, to: string) =>
    browser.submit(`/rota/plan/${draft.job_id}/move`, {
      csrf_token: browser.csrfToken() ?? '',
      place,
      to,
    })
  const moved = await move(`${shift_ids[0]}/`, String(staff[0].id))
  expect(moved.status).toBe(303)
  expect(moved.headers.get('location')).toBe(`/rota/plan?draft=${draft.job_id}`)
  expect(await assigned()).toEqual([{ shift_id: shift_ids[0] ?? 0, staff_id: staff[0].id }])
  for (const place of [`${shift_ids[1]}/`, '']) expect((await move(place, '')).status).toBe(422) // an open place to nobody is no change
  await call.patch(`${base}/staff/${staff[1].id}`, { skills: [] })
  const refused = await move(`${shift_ids[0]}/${staff[0].id}`, String(staff[1].id))
  expect(refused.status).toBe(409)
  const answer = await refused.text()
  expect(answer).toContain('Bob lacks the skill bar')
  expect(answer).toContain(`<option value="${staff[1].id}" selected`) // the form comes back as it was sent
  await move(`${shift_ids[0]}/${staff[0].id}`, '')
  expect(await assigned()).toEqual([])
})

browserTest('a place is dragged to a person, refused where a rule is against it, and moved by keyboard', async () => {
  const { call, url, draft, change, assigned, staff, shift_ids } = await venueWithDraft(['Ann', 'Bob', 'Cy'])
  await call.post('/api/v1/users', officer)
  await call.patch(`${base}/staff/${staff[1].id}`, { skills: [] })
  const [first = 0, second = 0] = shift_ids
  await change({ put: [{ shift_id: first, staff_id: staff[0].id }] })
  const page = await openBrowser({ viewport: { width: 1300, height: 900 } })
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, officer.email, officer.password)
  await page.goto(`${url}/rota/plan?draft=${draft.job_id}`)
  const cell = (name: string, date: string) => `td[data-name="${name}"][data-date="${date}"]`
  const ann = `#c-${first}-${staff[0].id}`

  await page.dragAndDrop(ann, cell('Cy', '2026-03-23'))
  await page.waitForSelector(`${cell('Cy', '2026-03-23')} #c-${first}-${staff[2].id}`)
  expect(await assigned()).toEqual([{ shift_id: first, staff_id: staff[2].id }])

  await page.dragAndDrop(`#c-${first}-${staff[2].id}`, cell('Bob', '2026-03-23'))
  await page.waitForFunction(() => document.querySelector('[data-toast]')?.textContent?.includes('lacks the skill'))
  expect(await assigned()).toEqual([{ shift_id: first, staff_id: staff[2].id }])

  // By keyboard: an open place of Tuesday to Ann, two rows down from the row of open places is Bob, one is Ann.
  await page.focus(`#c-${second}-open`)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`${cell('Ann', '2026-03-24')}.may`)
  expect(await page.locator(`${cell('Bob', '2026-03-24')}.may-not`).count()).toBe(1)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const placed = `${cell('Ann', '2026-03-24')} #c-${second}-${staff[0].id}`
  await page.waitForSelector(placed)
  await page.waitForFunction(id => document.activeElement?.id === id, `c-${second}-${staff[0].id}`)
  expect(await assigned()).toContainEqual({ shift_id: second, staff_id: staff[0].id })

  // Escape lets go, and nothing is moved.
  await page.keyboard.press('Enter')
  await page.waitForSelector('.may')
  await page.keyboard.press('Escape')
  expect(await page.locator('.may').count()).toBe(0)

  // To another day of the same person, and off again in the grid by site.
  await page.dragAndDrop(placed, cell('Ann', '2026-03-25'))
  await page.waitForSelector(`${cell('Ann', '2026-03-25')} .chip`)
  await page.goto(`${url}/rota/plan?draft=${draft.job_id}&view=sites`)
  await page.dragAndDrop(`#c-${first}-${staff[2].id}`, 'td[data-target=off]')
  await page.waitForSelector(`#c-${first}-${staff[2].id}`, { state: 'detached' })
  expect(await assigned()).toHaveLength(1)

  await page.click('button:text("Publish")')
  await page.click('dialog button:text("Publish")')
  await page.waitForURL(/plan\?week=/)
  expect((await call.get(`${base}?start=${week.start_date}&end=${week.end_date}`)).summary.filled).toBe(1)
  expect(consoleErrors.filter(one => !one.includes('409'))).toEqual([])
})

browserTest('sites are listed one below the other, and one click puts a replacement in a broken duty', async () => {
  const app = await start()
  const { call, url } = app
  await call.post('/api/v1/users', officer)
  const sites = [await createSite(call), await createSite(call, 'Hill', 'America/New_York')]
  const ann = await createPerson(call, 'Ann')
  const bob = await createPerson(call, 'Bob')
  const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10)
  const shift = await call.post(`${base}/shifts`, {
    site_id: sites[0].id,
    starts_at: `${day}T12:00:00Z`,
    ends_at: `${day}T16:00:00Z`,
    skill: 'bar',
  })
  await call.post(`${base}/shifts`, {
    site_id: sites[1].id,
    starts_at: `${day}T15:00:00Z`,
    ends_at: `${day}T19:00:00Z`,
  })
  await call.post(`${base}/assignments`, { shift_id: shift.id, staff_id: ann.id })
  await call.patch(`${base}/staff/${ann.id}`, { unavailable: [{ from: day, to: day }] })

  const page = await openBrowser()
  await signInBrowser(page, url, officer.email, officer.password)
  await page.goto(`${url}/rota/plan?week=${day}&view=sites`)
  expect(await page.locator('table.plan tbody tr').count()).toBe(2)
  expect(await page.locator('main').textContent()).toContain('Hill America/New_York')
  expect(await page.locator('.chip.broken').textContent()).toContain('unavailable')
  await page.click(`a[href="/rota/shifts/${shift.id}"]`)
  await page.click('button:has-text("Instead of")')
  await page.waitForFunction(() => !document.querySelector('main')?.textContent?.includes('cannot work'))
  const { shifts } = await call.get(`${base}?start=${day}&end=${day}&site_id=${sites[0].id}`)
  expect(shifts[0].staff).toMatchObject([{ name: 'Bob', broken: false }])
  expect(bob.id).toBe(shifts[0].staff[0].staff_id)
})

browserTest(
  'the pages of planners and people can be read in light and dark, on a desk and on a phone',
  async () => {
    const { call, url, draft, change, staff, shift_ids } = await venueWithDraft(['Ann', 'Bob'])
    await call.post('/api/v1/users', officer)
    await call.patch(`${base}/staff/${staff[0].id}`, { account: 'olga' })
    await change({ put: [{ shift_id: shift_ids[0] ?? 0, staff_id: staff[0].id }] })
    await call.patch(`${base}/staff/${staff[0].id}`, { unavailable: [{ from: '2026-03-23', to: '2026-03-24' }] })
    await call.post(`${base}/templates`, { name: 'Evenings', monday: '2026-03-23' })
    const page = await openBrowser({ viewport: { width: 1280, height: 844 } })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, officer.email, officer.password)
    for (const path of [
      `/rota/plan?draft=${draft.job_id}`,
      `/rota/plan?draft=${draft.job_id}&view=sites`,
      '/rota/plan?week=2026-03-23',
      `/rota/drafts/${draft.job_id}/compare`,
      '/rota/requests',
      '/rota/mine',
      '/rota/staff',
    ]) {
      await page.goto(url + path)
      for (const fold of await page.locator('main details > summary').all()) await fold.click()
      expect([path, ...(await pageFaults(page, [1280, 390]))]).toEqual([path])
    }
    expect(consoleErrors).toEqual([])
  },
  120_000,
)
