/**
 * `bun scripts/screenshots.ts [name …]`: takes the pictures of the README and the guide, docs/images/*.png, again, or only those named. Starts
 * Fieldhouse on a temporary folder, fills it with the demo and opens it in Chromium (CHROMIUM names another binary).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { startFieldhouse } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { openLog } from '../src/platform/process/log.ts'
import { type DemoCall, demoCaller } from './demo/call.ts'
import { marketDemo } from './demo/market.ts'
import { rosterDemo } from './demo/roster.ts'
import { sheetDemo } from './demo/sheet.ts'
import { tourDemo } from './demo/tour.ts'
import { helpFirst } from './script-help.ts'
import { trialSettings } from './trials/child-env.ts'

helpFirst(import.meta.path, { words: 100 })

const folder = join(import.meta.dir, '../docs/images')
const account = { email: 'officer@fieldhouse.example', password: crypto.randomUUID() }
const wide = { width: 1280, height: 620 }
const low = { width: 1280, height: 500 }
const readme = { width: 1200, height: 760 }
const phone = { width: 390, height: 620 }

/** `base` is the path under which the pages of the demo are, for example `/leagues/1`. */
type Scene = { page: Page; base: string }

/** What a picture shows: a page, as high as its window, or a part of it. `before` prepares the state to show. */
type Shot = {
  demo?: keyof typeof demos
  path(scene: Scene): string
  before?(scene: Scene): Promise<unknown>
  part?: string
  window?: { width: number; height: number }
  colorScheme?: 'dark'
}

/** The data for the pictures of a chapter, created once. Returns the base path of its pages. */
const demos = {
  sheet: sheetLeague,
  market: async (call: DemoCall) => `/leagues/${(await marketDemo(call)).id}`,
  async tour(call: DemoCall) {
    const pool = await tourDemo(call)
    if (!pool) throw new Error('The pictures need a feed on this machine: ALLOW_PRIVATE_FEEDS')
    return `/leagues/${pool.id}`
  },
  async rota(call: DemoCall) {
    await rosterDemo(call)
    return '/rota'
  },
}

const shots: Record<string, Shot> = {
  'install-home': { path: () => '/', window: low }, // taken first, while nothing has been created
  'sheets-file': {
    demo: 'sheet',
    path: ({ base }) => `${base}/uploads`,
    async before({ page }) {
      const rows = ['40000000,Iron Fox,98000000,1250000', '40007919,Silent Raven,61000000,870000']
      const text = ['Who,Called,Might,Fallen', ...rows].join('\n')
      const file = { name: 'from a friend 2026-03-05.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
      await page.setInputFiles('[name=file]', file)
      await page.waitForSelector('.file details[open]')
      await page.getByLabel('Read “Who” as').selectOption('id')
      await page.getByLabel('Read “Called” as').selectOption('name')
    },
    part: 'section.file',
  },
  'board-light': { demo: 'sheet', path: ({ base }) => base, window: readme },
  'board-dark': { demo: 'sheet', path: ({ base }) => base, window: readme, colorScheme: 'dark' },
  'sheets-board': { demo: 'sheet', path: ({ base }) => `${base}?limit=5` },
  'sheets-held': {
    demo: 'sheet',
    path: ({ base }) => `${base}/uploads`,
    before: ({ page }) => page.click('text=Answer'),
    part: '#held',
  },
  'sheets-people': {
    demo: 'sheet',
    path: ({ base }) => `${base}/uploads`,
    async before({ page }) {
      await page.click('tr:has-text("done") a[href*="change=missing"]')
      await page.waitForSelector('.filters')
    },
    window: low,
  },
  'sheets-card': {
    demo: 'sheet',
    path: ({ base }) => `${base}/marks`,
    before: ({ page }) => page.click('tbody th a'),
  },
  'sheets-totals': {
    demo: 'sheet',
    path: ({ base }) => `${base}/totals?label=alliance`,
    part: 'main .sheet',
  },
  'tours-picks': {
    demo: 'tour',
    path: () => '/',
    async before({ page }) {
      await page.click('main >> text=Inland Open pool')
      await page.click('main >> text=Make your entry')
      await page.waitForSelector('main >> text=Group A')
    },
  },
  'tours-board': {
    demo: 'tour',
    path: ({ base }) => base,
    before: ({ page }) => page.waitForSelector('main >> text=thru 5', { timeout: 120_000 }),
  },
  'trading-board': { demo: 'market', path: ({ base }) => base, window: low },
  'trading-prices': { demo: 'market', path: ({ base }) => `${base}/prices` },
  'people-members': { demo: 'market', path: ({ base }) => `${base}/members`, window: low },
  'rota-week': { demo: 'rota', path: ({ base }) => base },
  'rota-plan': { demo: 'rota', path: ({ base }) => `${base}/plan` },
  'operating-overview': { demo: 'rota', path: () => '/admin/monitoring/' },
  'scaling-performance': { demo: 'rota', path: () => '/admin/monitoring/performance' },
  'api-page': { path: () => '/swagger', before: ({ page }) => page.waitForSelector('.opblock-tag') },
  'sheets-columns': { demo: 'sheet', path: ({ base }) => `${base}/columns`, window: phone },
}

/** The demo's season, with a marked player and an old scan that was sent again and is held. */
async function sheetLeague(call: DemoCall): Promise<string> {
  const league = await sheetDemo(call)
  const path = `/api/v1/leagues/${league.id}`
  const { rows } = await call.get(`${path}/leaderboard?limit=300`)
  const mark = { reason: 'farm', farm_of: rows[0].player_id, note: 'Said so in chat', counted: false }
  await call.put(`${path}/players/${rows[6].player_id}/mark`, mark)
  const lines = rows.map(({ player_id, name }: { player_id: string; name: string }) => `${player_id},${name},1,1`)
  const form = new FormData()
  form.set('file', new File([['ID,Name,Killpoints,Deads', ...lines].join('\n')], 'scan from last month.csv'))
  await call.done(await call.post(`${path}/uploads`, form))
  return `/leagues/${league.id}`
}

async function takeShots(browser: Browser, call: DemoCall, url: string): Promise<void> {
  const chosen = process.argv.slice(2)
  const basePaths = new Map<string, Promise<string>>()
  const page = await browser.newPage({ reducedMotion: 'reduce' })
  await page.goto(`${url}/sign-in`)
  await page.fill('[name=email]', account.email)
  await page.fill('[name=password]', account.password)
  await page.click('main button[type=submit]')
  await page.waitForURL(`${url}/`)
  for (const [name, { demo, path, before, part, window = wide, colorScheme = 'light' }] of Object.entries(shots)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    if (demo && !basePaths.has(demo)) basePaths.set(demo, demos[demo](call))
    const scene = { page, base: (await basePaths.get(demo ?? '')) ?? '' }
    await page.setViewportSize(window)
    await page.emulateMedia({ colorScheme })
    await page.goto(url + path(scene), { waitUntil: 'networkidle' })
    await before?.(scene)
    const file = join(folder, `${name}.png`)
    await (part ? page.locator(part) : page).screenshot({ path: file, animations: 'disabled' })
    console.log(`${name}.png: ${Math.ceil(Bun.file(file).size / 1000)} kB`)
  }
}

mkdirSync(folder, { recursive: true })
const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-screenshots-'))
const token = crypto.randomUUID()
const config = readConfig({
  ...trialSettings(dataDir, token),
  ADMIN_EMAIL: account.email,
  ADMIN_PASSWORD: account.password,
})
const { url, stop } = await startFieldhouse(config, { log: openLog('error', Date.now) })
const executablePath = process.env.CHROMIUM ?? Bun.which('chromium') ?? Bun.which('google-chrome') ?? undefined
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  await takeShots(browser, demoCaller(url, token), url)
} finally {
  await browser.close()
  await stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(0)
