/** A real browser, closed after the test. */
import { type Page, chromium as playwright } from 'playwright-core'
import { chromium } from './needs.ts'
import { afterTest } from './start.ts'

export async function openBrowser(): Promise<Page> {
  const browser = await playwright.launch({ executablePath: chromium ?? undefined, args: ['--no-sandbox'] })
  afterTest(() => browser.close())
  return browser.newPage()
}
