import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from './needs.ts'
import { afterTest } from './start.ts'

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** One for the process, which ends it: starting it takes longer than most tests that use it. */
let browser: Promise<Browser> | undefined
/** Pages that no test uses at the moment, by their options: making one costs the machine half a second. */
const idle = new Map<string, Page[]>()

async function launch(): Promise<Browser> {
  const playwright = await import('playwright-core')
  return playwright.chromium.launch({ executablePath: chromium ?? undefined, args })
}

/** A page of a real browser with a profile of its own, empty as a new one. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= launch()
  const key = JSON.stringify(options)
  const page = idle.get(key)?.pop() ?? (await (await browser).newPage(options))
  afterTest(async () => {
    try {
      await empty(page, options)
      idle.set(key, [...(idle.get(key) ?? []), page])
    } catch {
      await page.close()
    }
  })
  return page
}

const events = ['console', 'pageerror', 'request'] as const

async function empty(page: Page, { viewport, colorScheme }: BrowserContextOptions): Promise<void> {
  for (const event of events) page.removeAllListeners(event)
  await page.unrouteAll()
  if (URL.canParse(page.url()) && page.url().startsWith('http'))
    await page.evaluate(() => {
      localStorage.clear()
      sessionStorage.clear()
    })
  await page.goto('about:blank')
  await page.context().clearCookies()
  await page.emulateMedia({ colorScheme: colorScheme ?? 'light', reducedMotion: 'no-preference' })
  await page.setViewportSize(viewport ?? { width: 1280, height: 720 }) // what a page without a wish begins with
}

/** Signed in as by the form, without showing it. */
export async function signIn(page: Page, url: string, email: string, password: string): Promise<void> {
  const answer = await page.request.post(`${url}/api/v1/auth/login`, {
    data: { email, password },
    headers: { origin: url },
  })
  if (!answer.ok()) throw new Error(`${email} was not signed in: ${await answer.text()}`)
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
