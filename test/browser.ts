import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from './needs.ts'
import { afterTest } from './start.ts'

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** One for the process: starting it takes longer than most tests that use it. */
let browser: Promise<Browser> | undefined

async function launch(): Promise<Browser> {
  const playwright = await import('playwright-core') // not where only the hook that closes it is wanted
  return playwright.chromium.launch({ executablePath: chromium ?? undefined, args })
}

/** A page of a real browser with a profile of its own, closed after the test. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= launch()
  const page = await (await browser).newPage(options)
  afterTest(() => page.close())
  return page
}

export async function closeBrowser(): Promise<void> {
  const open = browser
  browser = undefined
  await (await open)?.close()
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
