import { type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core'
import { chromium } from './needs.ts'
import { afterTest } from './start.ts'

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** A real browser, closed after the test. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<Page> {
  const browser = await playwright.launch({ executablePath: chromium ?? undefined, args })
  afterTest(() => browser.close())
  return browser.newPage(options)
}

/** Goes in by the form, as anybody would. */
export async function signIn(page: Page, url: string, email: string, password: string): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await page.fill('[name=email]', email)
  await page.fill('[name=password]', password)
  await page.click('main button[type=submit]')
  await page.waitForURL(`${url}/`)
}

/** What a page complains of: errors, warnings, refused content. Nothing is expected. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', error => complaints.push(`${page.url()}: ${error.message}`))
  return complaints
}
