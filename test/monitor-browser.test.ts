import { expect } from 'bun:test'
import { t } from 'elysia'
import type { Page } from 'playwright-core'
import { raiseAlert } from '../src/alerts.ts'
import { job } from '../src/context.ts'
import { lock } from '../src/platform/jobs/task-locks.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { pagesOf } from './monitor-app.ts'
import { browserTest, isLong } from './needs.ts'
import { start, until } from './start.ts'
import { pageFaults } from './web-seen.ts'

const ada = { email: 'ada@example.org', password: 'a long enough one' }
const taskMonitor = '/admin/task-monitor'

async function openMonitor() {
  const release = Promise.withResolvers<void>()
  const slow = job('test.slow', {
    input: t.Object({ note: t.Optional(t.String()) }),
    async run(_, __, { progress }) {
      progress(37, 'reading')
      await release.promise
    },
  })
  const failing = job('test.failing', {
    attempts: 1,
    run: async () => {
      throw new Error('It broke')
    },
  })
  const fieldhouse = await start({ ADMIN_EMAIL: ada.email, ADMIN_PASSWORD: ada.password }, undefined, {
    jobs: [slow, failing],
  })
  const page = await openBrowser({ viewport: { width: 1280, height: 600 } })
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, fieldhouse.url, ada.email, ada.password)
  const visit = (path: string) => page.goto(fieldhouse.url + path)
  return { ...fieldhouse, slow, failing, release: () => release.resolve(), page, consoleErrors, visit }
}
const untilFeedIs = (page: Page, state: string) => page.waitForSelector(`[data-feed=${state}]`)

browserTest('the task monitor updates itself and leaves the reader where they are', async () => {
  const { app, slow, page, visit, consoleErrors, release } = await openMonitor()
  await visit(taskMonitor)
  await untilFeedIs(page, 'live')
  await page.focus('#task-jobs-sweep button')
  await page.evaluate(() => scrollTo(0, 300))
  const before = await page.evaluate(() => scrollY)
  const { jobId } = await app.jobs.start(slow, {})
  await page.waitForSelector(`#run-${jobId} progress[value="37"]`)
  expect(await page.evaluate(() => document.activeElement?.closest('tr')?.id)).toBe('task-jobs-sweep')
  expect(Math.abs((await page.evaluate(() => scrollY)) - before)).toBeLessThanOrEqual(1)
  release()
  await page.waitForSelector(`#run-${jobId}`, { state: 'detached' })
  expect(consoleErrors).toEqual([])

  // An answer that a later one has overtaken is dropped.
  const [asked, answerNow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route(
    '**/task-monitor/part',
    async route => {
      const response = await route.fetch()
      asked.resolve()
      await answerNow.promise
      await route.fulfill({ response })
    },
    { times: 1 },
  )
  const raise = (title: string) =>
    raiseAlert(app.db, app.clock.now(), { key: title, type: 'feed_held', severity: 'warning', title, message: 'Odd' })
  raise('The first')
  await asked.promise
  raise('The second')
  await page.waitForSelector('#sentence:has-text("The second")')
  const overtaken = page.waitForResponse(/task-monitor\/part/)
  answerNow.resolve()
  await (await overtaken).finished()
  await page.evaluate(() => new Promise(done => requestAnimationFrame(done)))
  expect(await page.textContent('#sentence')).toContain('The second')
})

browserTest('a page has one stream while its tab is seen, and none while it is hidden', async () => {
  const { app, page, visit } = await openMonitor()
  await visit(taskMonitor)
  await untilFeedIs(page, 'live')
  expect(app.streams.size()).toBe(1)
  const setHidden = (hidden: boolean) =>
    page.evaluate(hidden => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  await setHidden(true)
  await until(() => app.streams.size() === 0)
  await setHidden(false)
  await until(() => app.streams.size() === 1)
})

browserTest('it is held still and goes on; cut off, it says that it is stale', async () => {
  const { app, call, slow, page, visit, stop } = await openMonitor()
  await visit(taskMonitor)
  await untilFeedIs(page, 'live')
  await page.keyboard.press('p')
  await untilFeedIs(page, 'paused')
  await until(() => app.streams.size() === 0) // no stream tells the page of an update
  const requests: string[] = []
  page.on('request', request => requests.push(request.url()))
  const { jobId } = await app.jobs.start(slow, {})
  await until(async () => (await call.get(`/api/v1/jobs/status/${jobId}`)).status === 'PROGRESS')
  expect(await page.locator(`#run-${jobId}`).count()).toBe(0)
  expect(requests).toEqual([])
  await page.click('[data-pause]')
  await page.waitForSelector(`#run-${jobId}`)
  await stop()
  await untilFeedIs(page, 'stale')
  expect(await page.locator('[data-feed]').textContent()).toContain('Stale')
})

browserTest('a lock counts down each second without asking, and is released after a question', async () => {
  const { app, call, page, visit } = await openMonitor()
  await app.locks.take(lock('test_lock', '10m', 'wait')(7))
  await visit(taskMonitor)
  const row = page.locator('#locks tr', { hasText: 'test_lock' }) // others come and go with the schedule
  const ttl = row.locator('time[data-countdown]')
  await until(async () => /^0\d:\d\d$/.test((await ttl.textContent()) ?? ''))
  await page.keyboard.press('p') // what ticks now, ticks by itself
  await untilFeedIs(page, 'paused')
  const requests: string[] = []
  page.on('request', request => requests.push(request.url()))
  const first = await ttl.textContent()
  await until(async () => (await ttl.textContent()) !== first)
  expect(requests).toEqual([])
  await page.keyboard.press('p')
  const held = () => app.locks.all().some(({ task }) => task === 'test_lock')
  await row.locator('button', { hasText: 'Release' }).click()
  await page.click('dialog button:text("Cancel")')
  expect(held()).toBe(true)
  await row.locator('button', { hasText: 'Release' }).click()
  await page.click('dialog button.danger')
  await row.waitFor({ state: 'detached' })
  expect(held()).toBe(false)
  const [logged] = (await call.get('/admin/audit/logs/json?action=lock')).logs
  expect(logged).toMatchObject({ action: 'lock.release', user: 'admin', result: 'ok' })
})

browserTest('a task is paused with a reason that everyone sees', async () => {
  const { page, visit } = await openMonitor()
  await visit(taskMonitor)
  await page.click('#task-backups-make button:text("Pause")')
  await page.fill('dialog input', 'The disk is being replaced')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#task-backups-make:has-text("The disk is being replaced")')
  expect(await page.locator('#sentence').textContent()).toContain('1 paused')
})

browserTest('jobs are searched as one types, the address holds what was typed, and found jobs are ticked', async () => {
  const { finished, runJob, failing, page, visit, url } = await openMonitor()
  const { job_id } = await runJob(failing, {})
  await visit(`${taskMonitor}/jobs`)
  await page.keyboard.press('/')
  await page.keyboard.type('it broke')
  await page.waitForURL(/q=it\+broke/)
  await until(async () => (await page.locator('table.jobs tbody tr').count()) === 1)
  expect(await page.inputValue('main input[name=q]')).toBe('it broke')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('q')
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await page.keyboard.press('j')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe(`job-${job_id}`)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}${taskMonitor}/jobs/${job_id}`)
  await page.waitForSelector('text=It broke')
  await page.keyboard.press('?')
  expect(await page.locator('dialog').textContent()).toContain('Next row')

  await runJob(failing, {})
  await visit(`${taskMonitor}/jobs?limit=1`)
  await page.click('text=Next →')
  await page.waitForURL(/page=2/)
  await page.waitForFunction(() => document.activeElement?.ariaLabel === 'Jobs, newest first')

  await visit(`${taskMonitor}/jobs`)
  await page.fill('main input[name=q]', 'no such thing')
  await page.click('.empty a')
  await page.waitForSelector(`#job-${job_id}`)
  expect(await page.inputValue('main input[name=q]')).toBe('')
  await page.goBack()
  await page.waitForSelector('text=No such job')
  expect(await page.inputValue('main input[name=q]')).toBe('no such thing')

  await visit(`${taskMonitor}/jobs?q=it+broke`)
  await page.locator('.jobs .tick input').first().check()
  await page.click('.ticked >> text=Retry')
  await page.click('button:text("Retry 1 job")')
  await page.waitForURL(/jobs\/[0-9a-f-]{30,}$/)
  expect((await finished({ job_id: page.url().split('/').at(-1) ?? '' })).result).toMatchObject({ matched: 1 })
})

browserTest('every page shows the number of open alerts live', async () => {
  const { app, clock, page, visit } = await openMonitor()
  await visit('/admin/monitoring/cache')
  await untilFeedIs(page, 'live')
  expect(await page.locator('[data-alerts]').isVisible()).toBe(false)
  const alert = { type: 'security', severity: 'error', title: 'Odd', message: 'It is odd' } as const
  raiseAlert(app.db, clock.now(), { key: 'security:a', ...alert })
  await page.waitForSelector('[data-alerts].bad:has-text("1 open")')
})

browserTest('an alert is acknowledged and resolved on its page', async () => {
  const { app, clock, page, visit } = await openMonitor()
  const alert = {
    key: 'feed_held:pga',
    type: 'feed_held',
    severity: 'warning',
    title: 'Held',
    message: 'It zeroes',
  } as const
  raiseAlert(app.db, clock.now(), alert)
  await visit('/admin/monitoring/alerts')
  await page.click('button:text("Acknowledge")')
  await page.fill('dialog input', 'It is known')
  await page.keyboard.press('Enter')
  await page.waitForSelector('td:has-text("It is known")')
  await page.click('button:text("Resolve")')
  await page.click('dialog button[value=yes]')
  await page.waitForSelector('text=Nothing is wrong.')
})

browserTest('every page of a new service can be read and reached, in light and dark, also on a phone', async () => {
  const { page, visit, consoleErrors } = await openMonitor()
  const faults: Record<string, string[]> = {}
  for (const path of pagesOf({ user: 1, job: '' })) {
    await visit(path)
    const pageFaultsFound = await pageFaults(page, isLong ? [1280, 390] : [390]) // with data in them, both are checked always
    if (pageFaultsFound.length) faults[path] = pageFaultsFound
  }
  expect(faults).toEqual({})
  expect(consoleErrors).toEqual([])
})
