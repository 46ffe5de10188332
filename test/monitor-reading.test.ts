/** The monitor in a real browser: charts, times, keys, copying, small screens, no script, a stable layout. */
import { expect } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { hour } from '../src/platform/clock.ts'
import { axeFaults, injectAxe } from './axe.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { cancellableJob, failingJob, fillMonitor, pagesOf, testJobs } from './monitor-app.ts'
import { browserTest, isLong } from './needs.ts'
import { shared, start, until } from './start.ts'
import { pageFaults } from './web-seen.ts'

const ada = { email: 'ada@example.org', password: 'a long enough one' }
const monitor = '/admin/task-monitor'
const monitoring = '/admin/monitoring'

const startEmpty = () => start({ ADMIN_EMAIL: ada.email, ADMIN_PASSWORD: ada.password }, undefined, testJobs)

async function startFilled() {
  const fieldhouse = await startEmpty()
  return { ...fieldhouse, ids: await fillMonitor(fieldhouse) }
}

/** Shared by tests that at most add to it. */
const filledMonitor = shared(startFilled)

async function openMonitor({ url }: { url: string }, options: BrowserContextOptions = {}) {
  const page = await openBrowser({ viewport: { width: 1280, height: 800 }, ...options })
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, ada.email, ada.password)
  return { page, consoleErrors, visit: (path: string) => page.goto(url + path) }
}
const untilLive = (page: Page) => page.waitForSelector('[data-feed=live]')
const focusedRow = (page: Page) => page.evaluate(() => document.activeElement?.closest('tr')?.id)

browserTest('a chart shows its values at the pointer, with unit and time', async () => {
  const { page, visit, consoleErrors } = await openMonitor(await filledMonitor(), { timezoneId: 'America/New_York' })
  await visit(`${monitoring}/performance`)
  const chart = page.locator('.charted', { hasText: 'Times of requests' })
  const legend = () => chart.locator('.u-legend').textContent()
  await chart.locator('.u-over').waitFor()
  expect(await legend()).toMatch(/Time\d+ \w+ \d{4}/) // the last values, where no pointer is
  const box = await chart.locator('.u-over').boundingBox()
  const hoverAt = async (share: number) =>
    chart.locator('.u-over').hover({ position: { x: (box?.width ?? 0) * share, y: 40 } })
  await hoverAt(0.1) // nobody was there to count
  await until(async () => /Time\d+ \w+ \d{4}/.test((await legend()) ?? ''))
  expect(await legend()).toContain('p95–')
  await hoverAt(58 / 60)
  await until(async () => /p95[\d,.]+\u202fms/.test((await legend()) ?? ''))
  const localTime = await legend()
  expect(localTime).toMatch(/\d\d:\d\d GMT-[45]/)
  await page.click('[data-times-switch]')
  await chart.locator('.u-over').waitFor()
  await hoverAt(58 / 60)
  await until(async () => /Time\d[^p]*\d\d:\d\d UTC/.test((await legend()) ?? ''))
  expect(await legend()).not.toBe(localTime)

  await visit(`${monitoring}/engagement`)
  const bars = page.locator('.charted', { hasText: 'Active users a day' })
  await bars.locator('.u-over').waitFor()
  const width = (await bars.locator('.u-over').boundingBox())?.width ?? 0
  await bars.locator('.u-over').hover({ position: { x: width - 5, y: 40 } })
  const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.now())
  await until(async () => (await bars.locator('.u-legend').textContent())?.includes(`Day${today} so far`)) // of the service, not of New York
  expect(consoleErrors).toEqual([])
})

browserTest('times are relative and absolute, or all in UTC', async () => {
  const fieldhouse = await filledMonitor()
  const { page, visit } = await openMonitor(fieldhouse, { timezoneId: 'Asia/Tokyo' })
  await visit('/admin/audit/logs')
  const first = page.locator('tbody time').first()
  await until(async () => /now|ago/.test((await first.textContent()) ?? ''))
  expect(await first.getAttribute('title')).toMatch(/at \d\d:\d\d:\d\d/)
  const shownIn = (hours: number) =>
    first.evaluate((time, ms) => {
      time.setAttribute('datetime', new Date(Date.now() + ms).toISOString())
      document.dispatchEvent(new Event('visibilitychange'))
      return time.firstChild?.textContent
    }, hours * hour)
  const week = 7 * 24
  expect([await shownIn(week - 0.1), await shownIn(1.9), await shownIn(-13), await shownIn(-23.9)]).toEqual([
    ...['in 7 days', 'in 2 hours', '13 hours ago', 'yesterday'],
  ])
  await page.keyboard.press('j')
  const shownTime = () => first.evaluate(time => getComputedStyle(time, '::after').content)
  expect(await shownTime()).toContain((await first.getAttribute('title')) ?? 'no title')
  await page.click('[data-times-switch]')
  expect(await first.textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
  expect(await page.getAttribute('[data-times-switch]', 'aria-pressed')).toBe('true')
  await visit(`${monitoring}/alerts`)
  await until(async () => (await page.locator('tbody time').first().textContent())?.endsWith('UTC'))
  await page.click('[data-times-switch]')
  expect(await page.locator('tbody time').first().textContent()).not.toContain('UTC')
})

browserTest('without JavaScript the pages are complete and reload every ten seconds', async () => {
  const fieldhouse = await filledMonitor()
  const { page, visit } = await openMonitor(fieldhouse, { javaScriptEnabled: false })
  for (const [path, expected] of [
    [monitor, 'on time'],
    [`${monitor}/jobs?status=FAILURE`, 'It broke in'],
    [`${monitoring}/`, 'Requests'],
    [`${monitoring}/alerts`, 'critical'],
    [`${monitoring}/performance`, 'POST /api/v1/leagues/:id/trades'],
    ['/admin/audit/logs', 'schedule.pause'],
  ] as const) {
    const html = await fieldhouse.call.get(path)
    expect(html).toContain('<noscript><meta http-equiv="refresh" content="10" /></noscript>')
    await visit(path)
    expect(await page.locator('.monitor-page').textContent()).toContain(expected)
    expect(await page.locator('[data-feed], [data-keys]').filter({ visible: true }).count()).toBe(0)
  }
  await visit(`${monitor}/jobs`)
  await page.fill('main input[name=q]', 'no such thing')
  await page.click('.filtering button')
  expect(await page.locator('.monitor-page').textContent()).toContain('No such job')
  await visit('/admin/audit/logs')
  await page.fill('input[name=action]', 'schedule')
  await page.click('.filtering button')
  await page.waitForURL(/action=schedule&result=&from=/) // what is left empty is sent too
  expect(await page.locator('.monitor-page').textContent()).toContain('schedule.pause')
  await visit('/admin/users')
  await page.fill('main input[name=q]', 'nobody of this name')
  await page.click('.filtering button')
  expect(await page.locator('.monitor-page').textContent()).toContain('No match')
  await visit(`${monitor}/jobs`)
  const before = await page.evaluate(() => performance.timeOrigin)
  await until(() => page.evaluate(before => performance.timeOrigin > before, before).catch(() => false), 30_000)
})

browserTest(
  'an update shows within moments, and moves neither selection, focus, typed text nor anything below',
  async () => {
    const fieldhouse = await startFilled()
    const { app, call } = fieldhouse
    const { page, visit, consoleErrors } = await openMonitor(fieldhouse)
    await visit(`${monitor}/jobs`)
    await untilLive(page)
    await page.fill('main input[name=q]', '')
    await page.focus('main input[name=q]')
    const { jobId } = await app.jobs.start(failingJob, { note: 'while one types', token: 'x' })
    await page.waitForSelector(`#job-${jobId}`, { timeout: 20_000 })
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('q')

    await visit(monitor)
    await untilLive(page)
    await page.evaluate(() => {
      const shifts: number[] = []
      Object.assign(window, { shifts })
      new PerformanceObserver(list => {
        for (const entry of list.getEntries()) shifts.push('value' in entry ? Number(entry.value) : 0)
      }).observe({ type: 'layout-shift', buffered: false })
      const task = document.querySelector('#task-jobs-sweep .names')
      if (task) getSelection()?.selectAllChildren(task)
    })
    const selected = await page.evaluate(() => String(getSelection()))
    expect(selected).toContain('job sweep')
    await call.post(`${monitor}/schedule/pause`, { name: 'backups.make', reason: 'Told while one marks' })
    await page.waitForSelector('[data-held]')
    expect(await page.evaluate(() => String(getSelection()))).toBe(selected)
    await page.evaluate(() => getSelection()?.removeAllRanges())
    await page.waitForSelector('text=Told while one marks', { timeout: 20_000 })
    await page.evaluate(() => Object.assign(window, { shifts: undefined }))
    expect(consoleErrors).toEqual([])
  },
)

browserTest('jobs that start and end above do not move the schedule', async () => {
  const fieldhouse = await startEmpty()
  const { app, call } = fieldhouse
  const { page, visit } = await openMonitor(fieldhouse)
  await visit(monitor)
  await untilLive(page)
  const scheduleTop = () => page.evaluate(() => document.querySelector('#expected')?.getBoundingClientRect().top)
  const before = await scheduleTop()
  await page.evaluate(() => {
    new PerformanceObserver(list => {
      // A column may grow by what the turn of a minute brings; what must not happen is that anything moves up or down.
      for (const entry of list.getEntries()) {
        const { sources } = entry as PerformanceEntry & { sources: { previousRect: DOMRect; currentRect: DOMRect }[] }
        if (sources.some(({ previousRect, currentRect }) => previousRect.y !== currentRect.y))
          document.body.dataset.shifted = JSON.stringify(entry)
      }
    }).observe({ type: 'layout-shift' })
  })
  const { jobId } = await app.jobs.start(cancellableJob, {})
  await page.waitForSelector(`#run-${jobId}`)
  expect(await scheduleTop()).toBe(before)
  await call.post(`${monitor}/jobs/cancel`, { job_id: jobId })
  await page.waitForSelector(`#run-${jobId}`, { state: 'detached' })
  expect(await scheduleTop()).toBe(before)
  expect(await page.getAttribute('body', 'data-shifted')).toBeNull()
})

browserTest('the performance page follows what happens', async () => {
  const fieldhouse = await startEmpty()
  const { app, clock } = fieldhouse
  const { page, visit } = await openMonitor(fieldhouse)
  await visit(`${monitoring}/performance`)
  await untilLive(page)
  app.metrics.request('GET /told/only/now', 3, 200)
  app.metrics.flush(app.db, clock.now())
  await page.waitForSelector('text=GET /told/only/now', { timeout: 20_000 })
})

browserTest('keys walk the rows, refresh, search and explain themselves', async () => {
  const { page, visit } = await openMonitor(await filledMonitor())
  await visit(`${monitor}/jobs`)
  await untilLive(page)
  const rows = await page.evaluate(() => [...document.querySelectorAll('table.jobs tbody tr')].map(({ id }) => id))
  await page.keyboard.press('j')
  expect(await focusedRow(page)).toBe(rows[0])
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  expect(await focusedRow(page)).toBe(rows[2])
  await page.keyboard.press('k')
  expect(await focusedRow(page)).toBe(rows[1])
  const refreshRequest = page.waitForRequest(request => request.url().includes('/jobs/part'))
  await page.keyboard.press('r')
  await refreshRequest
  expect(await focusedRow(page)).toBe(rows[1])
  await page.keyboard.press('/')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('q')
  await page.keyboard.type('?jk')
  expect(await page.inputValue('main input[name=q]')).toBe('?jk')
  expect(await page.locator('dialog').count()).toBe(0)
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await page.keyboard.press('?')
  const keys = await page.locator('dialog').textContent()
  for (const key of ['Search', 'Next row', 'Previous row', 'Refresh', 'Pause']) expect(keys).toContain(key)
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog', { state: 'detached' })
})

browserTest('a filter within the page applies to its live updates and its export', async () => {
  const fieldhouse = await filledMonitor()
  const { app } = fieldhouse
  const { page, visit } = await openMonitor(fieldhouse)
  const href = (text: string) => page.getAttribute(`.tools a:text-is("${text}")`, 'href')
  await visit(`${monitor}/jobs?status=FAILURE`)
  await untilLive(page)
  await page.fill('main input[name=q]', 'It broke')
  await page.waitForURL(/q=It\+broke/)
  expect(await href('CSV')).toEndWith('/jobs.csv?q=It+broke&status=FAILURE')
  await page.fill('main input[name=q]', '')
  await page.waitForURL(url => !url.search.includes('q='))
  await page.click('nav[data-choice=status] a:text-is("All")')
  await page.waitForURL(url => !url.search.includes('status'))
  const { jobId } = await app.jobs.start(cancellableJob, {})
  await page.waitForSelector(`#job-${jobId}:has-text("progress")`, { timeout: 20_000 })
  expect(await href('JSON')).toEndWith('/jobs.json')

  await visit(`${monitoring}/performance`)
  await untilLive(page)
  await page.click('table.routes a:has-text("POST /api/v1/leagues/:id/trades")')
  await page.waitForSelector('text=The charts show')
  await page.click('.tools a:text-is("24 h")')
  await page.waitForURL(/route=.*period=last_day|period=last_day.*route=/)
  await page.waitForSelector('text=The charts show')
})

browserTest('a link that is followed right after typing is what shows', async () => {
  const { page, visit } = await openMonitor(await filledMonitor())
  await visit(`${monitor}/jobs?status=FAILURE`)
  await untilLive(page)
  const searches: string[] = []
  page.on('request', request => searches.push(new URL(request.url()).search))
  await page.evaluate(async () => {
    const search = document.querySelector<HTMLInputElement>('main input[name=q]')
    if (search) search.value = 'It broke'
    search?.dispatchEvent(new Event('input', { bubbles: true }))
    document.querySelector<HTMLElement>('nav[data-choice=status] a')?.click()
    await new Promise(resolve => setTimeout(resolve, 400)) // set later, so it ends after what typing has set
  })
  await page.waitForURL(url => !url.search)
  expect(searches.filter(search => search.includes('status'))).toEqual([])
})

browserTest('ids, errors and inputs are copied whole, secrets left out', async () => {
  const fieldhouse = await filledMonitor()
  const { page, visit } = await openMonitor(fieldhouse, { permissions: ['clipboard-read', 'clipboard-write'] })
  await visit(`${monitor}/jobs/${fieldhouse.ids.job}`)
  const copyBy = async (button: string) => {
    await page.locator(button).first().click()
    await page.waitForSelector('.toast:has-text("Copied")')
    return page.evaluate(() => navigator.clipboard.readText())
  }
  expect(await copyBy('.toolbar [data-copy]')).toBe(fieldhouse.ids.job)
  expect(await copyBy('.failure [data-copy]')).toMatch(/^It broke in [\s\S]*\n\s+at /)
  const input = JSON.parse(await copyBy('.part:has(h2:text("Input")) [data-copy]'))
  expect(input).toMatchObject({ token: '…' })
})

browserTest(
  'every page with much on it can be read and reached, in light and dark, wide and narrow',
  async () => {
    const fieldhouse = await filledMonitor()
    const { page, visit, consoleErrors } = await openMonitor(fieldhouse)
    const faults: Record<string, string[]> = {}
    await injectAxe(page)
    for (const path of pagesOf(fieldhouse.ids)) {
      await visit(path)
      if (path.includes('performance') || path.includes('engagement')) await page.waitForSelector('.u-over')
      expect(await page.locator('.monitor-nav [aria-current]').count()).toBe(1)
      const widthFaults = await pageFaults(page, [390, 1280]) // the wide one last, for axe
      const pathFaults = [...widthFaults, ...(await axeFaults(page, isLong))]
      if (pathFaults.length) faults[path] = pathFaults
    }
    expect(faults).toEqual({})
    expect(consoleErrors).toEqual([])
  },
  300_000,
)
