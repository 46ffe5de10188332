/** axe-core has no finding on any page, filled by the demo, as the users of each page, alternately light and dark. The pages of the monitor are in `monitor-reading.test.ts`, in dark. */
import { afterEach, expect } from 'bun:test'
import type { Page } from 'playwright-core'
import { demoCaller, demoMember } from '../scripts/demo/call.ts'
import { marketDemo } from '../scripts/demo/market.ts'
import { rosterDemo } from '../scripts/demo/roster.ts'
import { sheetDemo } from '../scripts/demo/sheet.ts'
import { tourDemo } from '../scripts/demo/tour.ts'
import { axeFaults, injectAxe } from './axe.ts'
import { openBrowser, signInBrowser } from './browser.ts'
import { browserTest, isLong } from './needs.ts'
import { adminToken, afterTest, shared, start, stopEverything } from './start.ts'
import { faintText } from './web-seen.ts'

afterEach(stopEverything)

const timeoutMs = 300_000 // a slow machine plays the demo and looks at dozens of pages

const filledWithDemo = shared(async () => {
  const admin = { email: 'ada@fieldhouse.example', password: 'long enough for all' }
  const fieldhouse = await start({ ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password })
  const call = demoCaller(fieldhouse.url, adminToken)
  const sheet = await sheetDemo(call)
  const market = await marketDemo(call)
  await rosterDemo(call, 0.1) // any roster will do
  const tour = await tourDemo(call)
  if (tour) afterTest(tour.stop)
  tour?.played.catch(() => {}) // it is not played to its end
  const member = await demoMember(call, 'nora')
  const firstOf = async (path: string, list: string) => (await call.get(path))[list][0]
  const ids = {
    sheet: sheet.id,
    market: market.id,
    tour: tour?.id,
    next: tour?.next.id,
    player: (await firstOf(`/api/v1/leagues/${sheet.id}/leaderboard`, 'rows')).player_id,
    upload: (await firstOf(`/api/v1/leagues/${sheet.id}/uploads`, 'uploads')).id,
    symbol: (await firstOf('/api/v1/quotes', 'quotes')).symbol,
    nora: (await firstOf('/api/v1/users?q=nora@', 'users')).id,
    site: (await firstOf('/api/v1/roster/sites', 'sites')).id,
    staff: (await firstOf('/api/v1/roster/staff', 'staff')).id,
  }
  return { ...fieldhouse, admin, member, ids }
})

/** In a short round our own check finds faint text, because axe takes longer for contrast than for all its other rules. */
const faultsOf = async (page: Page) => [
  ...(isLong ? [] : await page.evaluate(faintText)),
  ...(await axeFaults(page, isLong)),
]

async function findings(account: { email: string; password: string } | undefined, paths: string[]): Promise<string[]> {
  const { url } = await filledWithDemo()
  const found: string[] = []
  const page = await openBrowser({ viewport: { width: 1280, height: 900 } })
  if (account) await signInBrowser(page, url, account.email, account.password)
  await injectAxe(page)
  for (const [turn, colorScheme] of (['light', 'dark'] as const).entries()) {
    await page.emulateMedia({ colorScheme })
    for (const path of paths.filter((_, i) => i % 2 === turn)) {
      const answer = await page.goto(url + path)
      const faults = answer?.status() === 200 ? await faultsOf(page) : [`answers ${answer?.status()}`]
      found.push(...faults.map(fault => `${path} ${fault}`))
    }
  }
  return found
}

type Ids = Awaited<ReturnType<typeof filledWithDemo>>['ids']
/** Ten rows of the sheet: most differ in their badges. */
const leaguePaths = ({ sheet, market, tour, next }: Ids) => [
  `/leagues/${sheet}?limit=10`,
  ...[market, tour, next].map(id => `/leagues/${id}`),
]

browserTest(
  'axe finds nothing on what strangers see',
  async () => {
    const { ids } = await filledWithDemo()
    const paths = [
      ...['/', '/sign-in', '/forgot-password', '/tours', '/quotes', `/quotes/${ids.symbol}`, '/help', '/help/sheets'],
      ...(isLong ? leaguePaths(ids) : []), // members see the same, and more, on the pages of leagues
      `/leagues/${ids.sheet}/players/${ids.player}`,
    ]
    expect(await findings(undefined, paths)).toEqual([])
  },
  timeoutMs,
)

browserTest(
  'axe finds nothing on what members see',
  async () => {
    const { ids, member } = await filledWithDemo()
    const paths = [
      ...['/', '/me', '/account', '/rota', '/rota/mine', `/people/${ids.nora}`],
      ...leaguePaths(ids),
      ...[`/leagues/${ids.market}/trade`, `/leagues/${ids.next}/entries`],
    ]
    expect(await findings(member, paths)).toEqual([])
  },
  timeoutMs,
)

browserTest(
  'axe finds nothing on what officers and admins see',
  async () => {
    const { ids, admin } = await filledWithDemo()
    const paths = [
      ...[
        '/leagues/new',
        `/leagues/${ids.sheet}/settings`,
        `/leagues/${ids.tour}/settings`,
        `/leagues/${ids.market}/settings`,
      ],
      ...[
        `/leagues/${ids.sheet}/uploads`,
        `/leagues/${ids.sheet}/uploads/${ids.upload}/people?change=new`,
        `/leagues/${ids.sheet}/members`,
      ],
      ...['/rota', '/rota/plan', '/rota/staff', `/rota/staff/${ids.staff}`, `/rota/sites/${ids.site}`, '/rota/shifts'],
      '/admin/settings',
    ]
    expect(await findings(admin, paths)).toEqual([])
  },
  timeoutMs,
)
