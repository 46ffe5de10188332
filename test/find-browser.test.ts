/** The search box on every page, by keyboard and on a phone, with results below it. */
import { expect } from 'bun:test'
import { consoleErrorsOf, openBrowser } from './browser.ts'
import { newCup } from './market.ts'
import { browserTest } from './needs.ts'
import { shared, start } from './start.ts'

const installation = shared(async () => {
  const app = await start()
  await newCup(app.call, {}, { name: 'Northern cup' })
  await newCup(app.call, {}, { name: 'Northern <i>league</i>' })
  return app
})

browserTest('Ctrl-K opens the search, and arrows and Enter lead to a result', async () => {
  const { url } = await installation()
  const page = await openBrowser({ viewport: { width: 1280, height: 800 } })
  const consoleErrors = consoleErrorsOf(page)
  await page.goto(`${url}/help`)
  await page.keyboard.press('Control+k')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('find')
  await page.keyboard.type('north')
  await page.getByText('Everything for “north”').waitFor() // there are results of each letter before
  expect(await page.locator('#find-list .name').allTextContents()).toEqual([
    'Northern cup',
    'Northern <i>league</i>',
    'Everything for “north”',
  ])
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  expect(await page.getAttribute('#find', 'aria-activedescendant')).toBe('find-find-option-2')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/leagues/2`)

  await page.goto(`${url}/help`)
  await page.keyboard.press('/') // this page has no list of its own
  await page.keyboard.type('north')
  await page.waitForSelector('#find-list:not([hidden])')
  await page.keyboard.press('Escape')
  expect(await page.isVisible('#find-list')).toBe(false)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/search?q=north`)
  expect(await page.locator('.found a').allTextContents()).toEqual(['Northern cup', 'Northern <i>league</i>'])
  expect(consoleErrors).toEqual([])
})

browserTest('on a phone a button leads to the search, whose list never is that of another text', async () => {
  const { url } = await installation()
  const page = await openBrowser({ viewport: { width: 390, height: 800 } })
  await page.goto(`${url}/help`)
  expect(await page.isVisible('#find')).toBe(false)
  await page.click('.find-link')
  await page.waitForURL(`${url}/search`)
  await page.fill('#search-q', 'cup')
  await page.waitForSelector('#search-q-list:not([hidden])')
  await page.route('**/search/part?*', route => route.abort())
  const failed = page.waitForEvent('requestfailed')
  await page.fill('#search-q', 'north')
  await failed
  await page.waitForSelector('#search-q-list', { state: 'hidden' })
  await page.locator('#search-q').blur()
  await page.focus('#search-q')
  expect(await page.isVisible('#search-q-list')).toBe(false)
  await page.fill('#search-q', 'cup') // listed already
  await page.click('#search-q-list [role=option] >> nth=0')
  await page.waitForURL(`${url}/leagues/1`)
})
