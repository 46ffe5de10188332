import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from './needs.ts'
import { afterTest } from './start.ts'

const args = [
  ...['--no-sandbox', '--no-first-run', '--disable-background-networking'],
  ...['--disable-gpu', '--disable-gpu-compositing', '--disable-software-rasterizer'], // a tenth less processor time
  // A page keeps its frame from one address of the host to the next, and the network needs no process: a seventh less.
  '--enable-features=RenderDocument:level/crashed-frame,NetworkServiceInProcess2',
  '--js-flags=--no-opt --no-maglev', // scripts of a page end before compiling them well pays off: a third less for axe
]

/** One for the whole process, because starting it takes longer than most tests that use it. */
let browser: Promise<Browser> | undefined
/** Unused pages by their options, because opening one takes half a second of processor time. */
const idlePages = new Map<string, Page[]>()

async function launch(): Promise<Browser> {
  const playwright = await import('playwright-core')
  return playwright.chromium.launch({ executablePath: chromium ?? undefined, args })
}

/** Where unused pages are. They stay on the host of the tests, because a page that leaves its host gets a new process. */
const blankPage = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
blankPage.unref()

/** A page of a real browser with its own, empty profile. */
export async function openBrowser({
  viewport,
  colorScheme,
  javaScriptEnabled = true,
  timezoneId = '',
  ...options
}: BrowserContextOptions = {}): Promise<Page> {
  browser ??= launch()
  const key = JSON.stringify(options)
  const page = idlePages.get(key)?.pop() ?? (await (await browser).newPage(options))
  await page.setViewportSize(viewport ?? { width: 1280, height: 720 })
  // Animations take a tenth of a core as long as a page is open.
  await page.emulateMedia({ colorScheme: colorScheme ?? 'light', reducedMotion: 'reduce' })
  afterTest(async () => {
    try {
      await emptyPage(page)
      idlePages.set(key, [...(idlePages.get(key) ?? []), page])
    } catch {
      await page.close()
    }
  })
  if (!javaScriptEnabled || timezoneId) {
    const session = await page.context().newCDPSession(page)
    afterTest(() => session.detach()) // which takes both back
    await session.send('Emulation.setScriptExecutionDisabled', { value: !javaScriptEnabled })
    await session.send('Emulation.setTimezoneOverride', { timezoneId })
  }
  return page
}

const events = ['console', 'pageerror', 'request'] as const

async function emptyPage(page: Page): Promise<void> {
  for (const event of events) page.removeAllListeners(event)
  await page.unrouteAll()
  if (URL.canParse(page.url()) && page.url().startsWith('http'))
    await page.evaluate(() => {
      localStorage.clear()
      sessionStorage.clear()
    })
  await page.goto(blankPage.url.href)
  await page.context().clearCookies()
}

/** Signs in by the API instead of the form. */
export async function signInBrowser(page: Page, url: string, email: string, password: string): Promise<void> {
  const answer = await page.request.post(`${url}/api/v1/auth/login`, {
    data: { email, password },
    headers: { origin: url },
  })
  if (!answer.ok()) throw new Error(`${email} was not signed in: ${await answer.text()}`)
}

/** Collects what a page logs as errors and warnings, refused content included. Tests expect none. */
export function consoleErrorsOf(page: Page): string[] {
  const consoleErrors: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning')
      consoleErrors.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', error => consoleErrors.push(`${page.url()}: ${error.message}`))
  return consoleErrors
}
