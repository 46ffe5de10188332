import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { base, createPerson, newVenue, week } from './rosters.ts'
import { start } from './start.ts'
import { visitor } from './visitor.ts'
import { faintText, structureFaults } from './web-seen.ts'

const password = 'a-long-password-1'
type Started = Awaited<ReturnType<typeof start>>

async function signedInAs({ call, url }: Pick<Started, 'call' | 'url'>, role: string) {
  const email = `${role}@example.com`
  await call.post('/api/v1/users', { email, username: role, password, role })
  const browser = visitor(url)
  await browser.signIn(email, password)
  const read = async (path: string) => {
    const response = await browser.visit(path, { headers: { accept: 'text/html' } })
    return { status: response.status, text: await response.text() }
  }
  return { email, read }
}
const weekQuery = `start=${week.start_date}&end=${week.end_date}`

test('the rota shows each site’s week and each person’s, without buttons for members', async () => {
  const fieldhouse = await newVenue()
  const { call, generate, finished } = fieldhouse
  const { job_id } = await finished(generate())
  await call.post(`${base}/confirm`, { job_id })
  const hostile = await createPerson(call, '<script>alert(1)</script>')
  const { shifts } = await fieldhouse.roster()
  await call.delete(`${base}/assignments/${shifts[0].staff[0].id}`)
  await call.post(`${base}/assignments`, { shift_id: shifts[0].id, staff_id: hostile.id })
  const member = await signedInAs(fieldhouse, 'member')
  const bySite = await member.read(`/rota?${weekQuery}&site_id=`)
  expect(bySite.status).toBe(200)
  expect(bySite.text).toContain('18:00–23:00')
  expect(bySite.text).toContain('&lt;script&gt;alert(1)')
  expect(bySite.text).not.toContain('<script>alert')
  expect(bySite.text).not.toContain('/rota/shifts/')
  expect((await member.read(`/rota/people?${weekQuery}`)).text).toContain('18:00–23:00')
  // An address may end in a slash.
  expect((await member.read('/rota/')).text).toContain('data-live="/rota/events" data-from="/rota/part"')
  for (const path of ['staff', 'shifts', 'sites', 'generate', 'dashboard', `drafts/${job_id}`])
    expect((await member.read(`/rota/${path}`)).status).toBe(403)
})

test('officers review a draft before it is published: what stays open and why, and what would change', async () => {
  const fieldhouse = await newVenue(['Ann'])
  const officer = await signedInAs(fieldhouse, 'officer')
  const { job_id } = await fieldhouse.finished(fieldhouse.generate())
  const draft = await officer.read(`/rota/drafts/${job_id}`)
  expect(draft.text).toContain('Publish this roster')
  expect(draft.text).toContain('is on this shift already')
  expect(draft.text).toContain('class="new"')
  await fieldhouse.call.post(`${base}/confirm`, { job_id })
  const after = await officer.read(`/rota/drafts/${job_id}`)
  expect(after.text).not.toContain('Publish this roster')
  expect(after.text).toContain('it is the roster')
  expect((await officer.read('/rota/drafts/none')).status).toBe(404)
})

test('counts of shifts and open places open the shifts that they count', async () => {
  const fieldhouse = await newVenue(['Ann'])
  const { call, shift_ids, staff, site } = fieldhouse
  for (const shift_id of shift_ids.slice(0, 2)) await call.patch(`${base}/shifts/${shift_id}`, { headcount: 1 })
  await call.post(`${base}/assignments`, { shift_id: shift_ids[0], staff_id: staff[0].id })
  const officer = await signedInAs(fieldhouse, 'officer')
  const shiftsBehind = async (path: string, count: number) => {
    const { text } = await officer.read(path)
    const href = new RegExp(`<a href="(/rota/shifts[?][^"]*)">${count}</a>`).exec(text)?.[1] ?? 'no link'
    return (await officer.read(href.replaceAll('&amp;', '&'))).text.match(/<tr id="s-\d+"/g)
  }
  expect(await shiftsBehind('/rota/sites', 7)).toHaveLength(7)
  expect(await shiftsBehind(`/rota/sites/${site.id}`, 7)).toHaveLength(7)
  expect(await shiftsBehind(`/rota?${weekQuery}`, 7)).toHaveLength(7)
  expect(await shiftsBehind(`/rota?${weekQuery}`, 11)).toHaveLength(6) // one place in one of them, two in five
})

browserTest(
  'an officer plans a rota with nothing but the pages, also on a phone',
  async () => {
    const fieldhouse = await start()
    const { url, call } = fieldhouse
    const officer = await signedInAs(fieldhouse, 'officer')
    const page = await openBrowser({ viewport: { width: 390, height: 844 } })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, officer.email, password)
    await page.goto(`${url}/rota`)
    await page.click('text=Make the first site')
    await page.fill('[name=name]', 'Riverside')
    await page.click('button:has-text("Make the site")')
    await page.locator('th a', { hasText: 'Riverside' }).waitFor()
    await page.goto(`${url}/rota/staff/new`)
    await page.fill('[name=name]', 'Ann')
    await page.fill('[name=skills]', 'bar')
    await page.fill('[name="certifications[1].name"]', 'first aid')
    await page.fill('[name="certifications[1].expires_on"]', '2030-01-01')
    await page.selectOption('[name="preferences[0].want"]', 'avoid')
    await page.selectOption('[name="preferences[0].weekday"]', '7')
    await page.click('main form button:has-text("Add person")')
    await page.waitForURL(`${url}/rota/staff`)
    const { staff } = await call.get(`${base}/staff`)
    expect(staff[0]).toMatchObject({
      name: 'Ann',
      skills: ['bar'],
      certifications: [{ name: 'first aid', expires_on: '2030-01-01' }],
      preferences: [{ want: 'avoid', weekday: 7 }],
    })
    await page.goto(`${url}/rota/shifts`)
    await page.fill('.rota-bar [name=end]', week.end_date) // days are chosen on a phone too
    await page.fill('[name=start_date]', week.start_date)
    await page.fill('[name=end_date]', week.end_date)
    await page.locator('[name=from]').first().fill('18:00')
    await page.locator('[name=to]').first().fill('23:00')
    await Promise.all([page.waitForEvent('load'), page.click('button:has-text("Make them")')]) // the page reloads
    expect((await call.get(`${base}/shifts`)).pagination.total).toBe(5)
    await page.goto(`${url}/rota/generate`)
    await page.fill('[name=start_date]', week.start_date)
    await page.fill('[name=end_date]', week.end_date)
    await page.fill('[name=budget_s]', '1')
    await page.click('button:has-text("Generate a roster")')
    await page.locator('button', { hasText: 'Publish this roster' }).click()
    await page.locator('dialog button', { hasText: 'Publish' }).click()
    await page.waitForURL(`${url}/rota?**`)
    await page.locator('.duty', { hasText: 'Ann' }).first().waitFor()
    expect((await call.get(`${base}?${weekQuery}`)).summary.filled).toBe(5)
    const fitsThePage = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
    expect(await fitsThePage()).toBe(true)
    expect([...(await page.evaluate(faintText)), ...(await page.evaluate(structureFaults))]).toEqual([])
    await page.goto(`${url}/rota/people?start=2026-03-01&end=2026-03-31`)
    await page.setViewportSize({ width: 1300, height: 900 })
    await page.emulateMedia({ media: 'print' })
    expect(await fitsThePage()).toBe(true) // what does not is not printed
    await page.emulateMedia({ media: null })
    expect(consoleErrors).toEqual([])
  },
  120_000,
)

browserTest(
  'rules of work are fields on the pages of a site and of a person: shown as sentences, saved as entered, with errors next to them',
  async () => {
    const fieldhouse = await newVenue(['Ann'])
    const { url, call, site, staff } = fieldhouse
    const officer = await signedInAs(fieldhouse, 'officer')
    const page = await openBrowser({ viewport: { width: 390, height: 844 } })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, officer.email, password)
    await page.goto(`${url}/rota/sites`)
    await page.click('a:has-text("Change")')
    await page.fill('[name=rest_hours]', '11')
    await page.click('summary:has-text("Add rules")')
    await page.fill('[name="rules.most_days_in_row.limit"]', '5')
    await page.fill('[name="rules.successions[0].kind"]', 'late')
    await page.fill('[name="rules.successions[0].next"]', 'early')
    await page.fill('[name="rules.successions[0].price_cents"]', '12.50')
    await page.click('button:has-text("Save")')
    await page.waitForURL(`${url}/rota/sites`)
    await page.locator('li', { hasText: 'No early the day after late, or 12.50 for each time' }).waitFor()
    expect(await call.get(`${base}/sites/${site.id}`)).toMatchObject({
      rest_hours: 11,
      rules: { most_days_in_row: { limit: 5 }, successions: [{ kind: 'late', next: 'early', price_cents: 1250 }] },
    })

    const sunday = fieldhouse.shift_ids.at(-1)
    await page.goto(`${url}/rota/shifts/${sunday}`) // asked in the time of the site, whatever the reader's is
    expect(await page.inputValue('[name=starts_at]')).toBe('2026-03-29T18:00')
    await page.fill('[name=starts_at]', '2026-03-29T19:30')
    await Promise.all([page.waitForEvent('load'), page.click('button:has-text("Save")')])
    expect(await call.get(`${base}/shifts/${sunday}`)).toMatchObject({ starts_at: '2026-03-29T17:30:00.000Z' })

    await page.goto(`${url}/rota/staff/${staff[0].id}`)
    await page.click('summary:has-text("Add rules")')
    await page.fill('[name="rules.least_hours.limit"]', '50')
    await page.fill('[name="rules.most_hours.limit"]', '20')
    await page.fill('[name="rules.most_of_kind[0].kind"]', 'night')
    await page.fill('[name="rules.most_of_kind[0].limit"]', '2')
    await page.click('button:has-text("Save")')
    await page.locator('.error', { hasText: 'The minimum must not be above the maximum.' }).waitFor()
    await page.fill('[name="rules.least_hours.limit"]', '10')
    await page.fill('[name="unavailable[1].from"]', '2026-12-05') // the row above it is empty
    await page.click('button:has-text("Save")')
    await page.locator('.field:has([name="unavailable[1].to"]) .error', { hasText: 'Write a day such as' }).waitFor()
    expect(await page.locator('.error:visible').count()).toBe(1)
    await page.fill('[name="unavailable[1].from"]', '')
    await page.fill('[name="rules.least_hours.price_cents"]', '5')
    await page.click('button:has-text("Save")')
    await page.waitForURL(`${url}/rota/staff`)
    expect((await call.get(`${base}/staff/${staff[0].id}`)).rules).toEqual({
      least_hours: { limit: 10, price_cents: 500 },
      most_hours: { limit: 20 },
      most_of_kind: [{ kind: 'night', limit: 2 }],
    })
    await page.goto(`${url}/rota/staff/${staff[0].id}`)
    await page.locator('li', { hasText: 'At least 10 h a week, or 5.00 for each hour too few' }).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    expect([...(await page.evaluate(faintText)), ...(await page.evaluate(structureFaults))]).toEqual([])
    expect(consoleErrors.filter(one => !one.includes('422'))).toEqual([])
  },
  120_000,
)
