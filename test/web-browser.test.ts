import { expect } from 'bun:test'
import type { Page } from 'playwright-core'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest, isLong } from './needs.ts'
import { newLeague, season, upload } from './sheets.ts'
import { shared, start } from './start.ts'
import { hostile } from './web-samples.ts'
import { pageFaults } from './web-seen.ts'

const olga = { email: 'olga@example.org', username: 'Olga', password: 'a long enough one', role: 'officer' }
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const names = ['Ann', 'Bob', 'Cy', 'Dee', 'Eve', ...Object.values(hostile)]

/** Sixty players; each takes more power the later the scan, and the last ones overtake the first. */
const sheet = (scan: number) =>
  [
    'id,name,power,deads',
    ...Array.from({ length: 60 }, (_, i) =>
      [
        `p${100 + i}`,
        quoted(names[i] ?? `Player ${i}`),
        1_000 + scan * (scan === 2 ? i * 70 : (60 - i) * 50),
        i === 4 ? '' : 10 * scan * i,
      ].join(','),
    ),
  ].join('\n')

/** One service for all tests, because the browser keeps its scripts and styles. */
const sharedFieldhouse = shared(async () => {
  const fieldhouse = await start()
  await fieldhouse.call.post('/api/v1/users', olga)
  return fieldhouse
})

/** A league of its own. */
async function newSeason() {
  const fieldhouse = await sharedFieldhouse()
  const { id } = await newLeague(fieldhouse.call, { weights: { power: 1 } })
  await fieldhouse.finished(
    upload(fieldhouse.call, id, sheet(0), { kind: 'baseline', taken_at: '2026-02-01T00:00:00Z' }),
  )
  const current = await upload(fieldhouse.call, id, sheet(1), { taken_at: '2026-02-02T00:00:00Z' })
  await fieldhouse.finished(current)
  return { ...fieldhouse, id, path: `${fieldhouse.url}/leagues/${id}`, uploadId: current.upload_id }
}
const namesOnBoard = (page: Page) => page.locator('table.board tbody .names').allInnerTexts()
const untilFirstIs = (first: string) => (page: Page) =>
  page.waitForFunction(first => document.querySelector('table.board tbody .names')?.textContent === first, first)

browserTest('pages work where the browser stores nothing, as with cookies blocked', async () => {
  const { url } = await sharedFieldhouse()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await page.addInitScript(() => {
    const get = () => {
      throw new DOMException('Access is denied', 'SecurityError')
    }
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get })
  })
  await page.goto(url)
  await page.click('[data-theme-switch]')
  await page.waitForSelector('html[data-theme=dark]')
  expect(consoleErrors).toEqual([])
})

browserTest('a board updates itself and leaves the reader where they are', async () => {
  const { call, finished, id, path } = await newSeason()
  const page = await openBrowser({ viewport: { width: 1000, height: 500 } })
  const consoleErrors = consoleErrorsOf(page)
  await page.goto(path)
  expect((await namesOnBoard(page))[0]).toBe('Ann')
  await page.click('summary:text("View")')
  await page.focus('#p-p130 a')
  await page.evaluate(() => scrollTo(0, 700))
  const before = await page.evaluate(() => scrollY)
  await finished(upload(call, id, sheet(2)))
  await untilFirstIs('Player 59')(page)
  expect(await page.evaluate(() => [scrollY, document.activeElement?.closest('tr')?.id])).toEqual([before, 'p-p130'])
  expect(await page.locator('#board-view').getAttribute('open')).not.toBeNull()
  expect(await page.locator('#p-p159 .move').textContent()).toContain('59')
  const headingsTop = () => page.evaluate(() => document.querySelector('.board thead')?.getBoundingClientRect().top)
  expect(await headingsTop()).toBeCloseTo(0, 0) // they stay in sight
  const tableTop = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[href*="fieldhouse.css"]')
    const text = await (await fetch(link?.href ?? '')).text()
    const styles = new CSSStyleSheet()
    styles.replaceSync(text.replaceAll('animation-timeline', 'animation-of-tomorrow'))
    document.adoptedStyleSheets = [styles]
    link?.remove()
    return document.querySelector('.board')?.getBoundingClientRect().top ?? 0
  })
  expect((await headingsTop()) ?? 0).toBeCloseTo(tableTop + 1, 0) // where the browser cannot keep them they stay in place
  expect(consoleErrors).toEqual([])
  await call.delete(`/api/v1/leagues/${id}`, { name: season.name })
  await page.evaluate(() => {
    for (const type of ['pagehide', 'pageshow']) dispatchEvent(new Event(type)) // it connects again at once
  })
  await page.waitForSelector(`text=There is no league ${id}`)
})

browserTest(
  'a page of an earlier version whose address of the content is gone reloads itself once, and never while somebody types',
  async () => {
    const { call, finished, id, path } = await newSeason()
    const page = await openBrowser()
    const moveContent = () =>
      page.evaluate(() => document.querySelector('[data-live]')?.setAttribute('data-from', '/of-an-earlier-version'))
    const part = page.locator('[data-live]')
    await page.goto(path)
    await moveContent()
    await page.fill('#find', 'Bo')
    await finished(upload(call, id, sheet(2)))
    await page.waitForSelector('.outdated')
    expect(await part.getAttribute('data-from')).toBe('/of-an-earlier-version')
    await page.fill('#find', '')
    await untilFirstIs('Player 59')(page)
    expect(await part.getAttribute('data-from')).toBe(`/leagues/${id}/board`)
    await moveContent()
    await finished(upload(call, id, sheet(2).replace('Ann', 'Anna')))
    await page.waitForSelector('.offline')
  },
)

browserTest('the focus goes to what a form answers, and from a row that is gone to its table', async () => {
  const { path, url } = await newSeason()
  const page = await openBrowser()
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${path}/members`)
  const focused = () =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)
  const join = 'button:text("Add a member")'
  await page.fill('[name=username]', 'Olga')
  await page.press(join, 'Enter')
  await page.waitForSelector('#members :text("Olga")')
  await page.waitForSelector(`${join}:not([aria-disabled])`)
  expect(await focused()).toBe('Add a member')
  await page.press('button:text("Invite")', 'Enter')
  await page.waitForSelector('.answer >> visible=true')
  expect(await focused()).toContain('/invitation?token=')
  await page.press('#invitations button:text("End")', 'Enter')
  await page.press('dialog button[value=yes]', 'Enter')
  await page.waitForSelector('#invitations button', { state: 'detached' })
  expect(await focused()).toBe('Invitations, newest first')
})

browserTest('a link is copied also where the site has no TLS, and the page no clipboard', async () => {
  const { path, url } = await newSeason()
  const page = await openBrowser()
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${path}/members`)
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined })
    document.addEventListener('copy', () => document.body.setAttribute('data-copied', String(getSelection())))
  })
  await page.press('button:text("Invite")', 'Enter')
  await page.press('button:text("Copy")', 'Enter')
  await page.waitForSelector('[data-toast]:text("Copied")')
  const link = await page.locator('.answer output').textContent()
  expect(link).toContain('/invitation?token=')
  expect(await page.getAttribute('body', 'data-copied')).toBe(link)
  expect(await page.locator('button:text("Copy")').evaluate(button => button === document.activeElement)).toBe(true)
})

browserTest('j, k and the arrows walk the rows of a board, and Enter opens the player', async () => {
  const { path } = await newSeason()
  const page = await openBrowser()
  await page.goto(path)
  const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.id)
  const focusedAfter = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
    return focused()
  }
  expect(await focusedAfter('ArrowDown')).toBeUndefined()
  expect(await focusedAfter('j')).toBe('p-p100')
  expect(await focusedAfter('j', 'ArrowDown')).toBe('p-p102')
  expect(await focusedAfter('k', 'ArrowUp', 'k')).toBe('p-p100')
  expect(await focusedAfter('/', 'j')).toBeUndefined()
  expect(await page.inputValue('#board-q')).toBe('j')
  await page.goto(path)
  expect(await focusedAfter('j', 'j')).toBe('p-p101')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${path}/players/p101`)
})

browserTest('selected text stays selected while the board updates', async () => {
  const { call, finished, id, path } = await newSeason()
  const page = await openBrowser()
  await page.goto(path)
  const select = () => {
    const name = document.querySelector('#p-p101 .names bdi')
    if (name) getSelection()?.selectAllChildren(name)
  }
  await page.evaluate(select)
  await finished(upload(call, id, sheet(2)))
  await page.waitForSelector('[data-held]')
  expect(await page.evaluate(() => getSelection()?.toString())).toBe('Bob')
  expect((await namesOnBoard(page))[0]).toBe('Ann')
  await page.evaluate(() => getSelection()?.removeAllRanges())
  await untilFirstIs('Player 59')(page)
})

browserTest('sorting, searching and paging change the table and the address', async () => {
  const { path } = await newSeason()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await page.goto(path)
  const isMarked = await page.evaluate(() => Object.assign(window, { kept: true }) && true)
  await page.click('th a:text("Deads")')
  await page.waitForURL(`${path}?sort_by=deads&order=desc`)
  await untilFirstIs('Player 59')(page)
  expect(await page.locator('th[aria-sort]').textContent()).toContain('Deads')
  await page.keyboard.press('/')
  await page.keyboard.type('player 2')
  await page.waitForURL(/q=player\+2/)
  await untilFirstIs('Player 29')(page)
  expect(await namesOnBoard(page)).toHaveLength(10)
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('board-q')
  expect(await page.locator('.viewing').textContent()).toContain('10 matches')
  await page.fill('#board-q', '')
  await page.waitForURL(url => !url.search.includes('q='))
  await page.click('text=Next →')
  await page.waitForURL(/page=2/)
  expect(await namesOnBoard(page)).toHaveLength(10)
  await page.waitForFunction(() => document.activeElement?.ariaLabel?.startsWith('Board of'))
  expect(await page.evaluate(() => document.activeElement?.getBoundingClientRect().top)).toBeGreaterThanOrEqual(0)
  await page.goBack()
  await untilFirstIs('Player 59')(page)
  expect(await page.evaluate(() => 'kept' in window)).toBe(isMarked) // never left the page
  expect(consoleErrors).toEqual([])
})

browserTest('a user says which player they are and finds themselves on the board', async () => {
  const { path } = await newSeason()
  const page = await openBrowser()
  await page.goto(`${path}?page=2`)
  await page.click('text=Player 55')
  await page.click('text=This is me')
  await page.goto(path)
  await page.click('text=Around me')
  await page.waitForURL(/around=p155/)
  await page.waitForSelector('#p-p155.mine')
})

const chooseFiles = (page: Page, ...files: [name: string, text: string][]) =>
  page.setInputFiles(
    '[name=file]',
    files.map(([name, text]) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })),
  )

browserTest('an officer sends a sheet, tries another, and takes one back', async () => {
  const { url, path } = await newSeason()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${path}/uploads`)
  await chooseFiles(page, ['third.csv', sheet(2)])
  await page.click('button:text-is("Import")')
  await page.waitForSelector('tr:has-text("third.csv") >> text=done')
  expect(await page.locator('tbody tr:has-text("third.csv") td').allInnerTexts()).toContain('Olga')

  await chooseFiles(page, ['trial.csv', `${sheet(3)}\np999,New one,lots,5\np998,Newcomer,5,5`])
  await page.click('button:text("Preview without saving")')
  await page.waitForSelector('[data-trial] >> text=1 bad')
  expect(await page.locator('[data-trial]').textContent()).toContain('lots')
  await page.click('[data-trial] summary:has-text("1 new")')
  await page.waitForSelector('[data-trial] td:text("Newcomer") >> visible=true')
  expect(await page.locator('tbody tr:has-text("trial.csv")').count()).toBe(0)

  await page.click('tr:has-text("third.csv") >> text=Undo')
  await page.click('dialog >> text=Cancel')
  expect(await page.locator('tr:has-text("third.csv") >> text=done').count()).toBe(1)
  await page.click('tr:has-text("third.csv") >> text=Undo')
  await page.click('dialog button.danger')
  await page.waitForSelector('tr:has-text("third.csv") >> text=undone')
  await page.goto(path)
  expect((await namesOnBoard(page))[0]).toBe('Ann')
  expect(consoleErrors).toEqual([])

  await page.goto(`${path}/uploads`)
  await chooseFiles(page, ['scan.json', '[{"id": 1}]'])
  await page.waitForSelector('.file >> text=this is JSON; save it as .csv')
  expect(await page.locator('[data-files] :is(select, input):visible').count()).toBe(0)
})

browserTest('a sheet with strange headings is mapped, tried, imported and on the board', async () => {
  const { url, path } = await newSeason()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${path}/uploads`)
  const sheetWithOddHeadings = sheet(2).replace('id,name,power,deads', 'Who,Called,Might,Fallen')
  await chooseFiles(page, ['strange.csv', sheetWithOddHeadings])
  await page.waitForSelector('.file >> text=No player id found')
  await page.click('button:text-is("Import")')
  await page.waitForSelector('.file >> text=Choose one column as the player id')
  const choiceFor = (header: string) => page.getByLabel(`Read “${header}” as`)
  await choiceFor('Who').selectOption('id')
  await choiceFor('Called').selectOption('name')
  await page.getByLabel('What “Might” is called').fill('Power')
  await page.getByLabel('What “Fallen” is called').fill('Deads')
  await page.click('button:text("Preview without saving")')
  await page.waitForSelector('[data-trial] >> text=/^60 rows(?!.* bad)/')
  await page.click('button:text("Import this file")')
  await page.waitForSelector('tr:has-text("strange.csv") >> text=done')

  await chooseFiles(page, ['again.csv', sheetWithOddHeadings.replaceAll('Ann', 'Anna')])
  await page.waitForSelector('.file >> text=As you chose for these headings before')
  await page.goto(path)
  expect((await namesOnBoard(page))[0]).not.toBe('Ann')
  expect(consoleErrors).toEqual([])
})

browserTest(
  'several files are dated each by its own name; one that looks wrong is held until it is answered',
  async () => {
    const { url, path } = await newSeason()
    const page = await openBrowser({ timezoneId: 'Asia/Tokyo' })
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, olga.email, olga.password)
    await page.goto(`${path}/uploads`)
    await chooseFiles(page, ['scan 2026-02-05.csv', sheet(2)], ['scan 2026-02-04 12-00.csv', sheet(3)])
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLInputElement>('.file input[type=datetime-local]')].every(({ value }) => value),
    )
    expect(
      await page
        .locator('.file input[type=datetime-local]')
        .evaluateAll(all => all.map(input => (input as HTMLInputElement).value)),
    ).toEqual(['2026-02-05T09:00', '2026-02-04T21:00'])
    await page.click('button:text-is("Import")')
    await page.waitForSelector('tr:has-text("scan 2026-02-04 12-00.csv") >> text=done')
    await page.waitForSelector('tr:has-text("scan 2026-02-05.csv") >> text=held')
    await page.click('tr:has-text("scan 2026-02-05.csv") >> text=Answer')
    await page.waitForSelector('#held >> text=counters that should only rise')
    await page.click('#held >> text=Publish anyway')
    await page.waitForSelector('.toolbar >> text=done')
    expect(consoleErrors).toEqual([])
  },
)

browserTest('an officer makes a league, changes it and deletes it', async () => {
  const { url, call } = await newSeason()
  const page = await openBrowser({ timezoneId: 'Asia/Tokyo' })
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(url)
  await page.click('text=New league')
  await page.locator('#f-starts_at-hint').getByText('In your time zone, Asia/Tokyo').waitFor()
  await page.fill('[name=name]', 'Harbour cup')
  await page.fill('[name=starts_at]', '2026-05-02T09:00')
  await page.fill('[name=ends_at]', '2026-05-01T09:00')
  await page.fill('[name="config.weights"]', 'kills_t4 10\ndeads: 80')
  await page.click('text=Make the league')
  await page.waitForSelector('#f-ends_at-error >> text=after')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('f-ends_at')
  await page.fill('[name=ends_at]', '2026-06-01T09:00')
  await page.click('text=Make the league')
  await page.waitForURL(/leagues\/\d+$/)
  const path = `/api/v1${new URL(page.url()).pathname}`
  const created = await call.get(path)
  expect([created.starts_at, created.config.weights]).toEqual(['2026-05-02T00:00:00.000Z', { kills_t4: 10, deads: 80 }])

  await page.click('.tabs >> text=Settings')
  expect(await page.inputValue('[name=starts_at]')).toBe('2026-05-02T09:00')
  await page.fill('[name="config.weights"]', '')
  await page.fill('#f-name', 'Harbour cup 2')
  await page.click('text=Save')
  await page.waitForSelector('h1 >> text=Harbour cup 2')
  const changed = await call.get(path)
  expect([changed.starts_at, changed.config.weights]).toEqual([created.starts_at, undefined])

  await page.click('summary:text("Delete")')
  await page.fill('#f-confirm', 'Harbour')
  await page.click('text=Delete for good')
  await page.waitForSelector('#f-confirm-error >> text=Harbour cup 2')
  await page.fill('#f-confirm', 'Harbour cup 2')
  await page.click('text=Delete for good')
  await page.waitForURL(`${url}/`)
  await page.waitForSelector('.toast.shown')
  expect(await page.locator('text=Harbour').count()).toBe(0)
})

browserTest('weights, tiers and goals are written in the words of the sheets, row by row', async () => {
  const { url, call, path, id } = await newSeason()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${path}/settings`)
  await page.waitForSelector('text=The sheets have Power, Deads')
  await page.fill('[name="config.weights"]', 'Dead Troops 80\nTotal Power: 2')
  for (const part of ['Tiers', 'Goals']) await page.click(`summary:text("${part}")`)
  await page.fill('[name="config.tiers.0.name"]', 'gold')
  await page.fill('[name="config.tiers.0.min"]', '50')
  await page.fill('[name="config.tiers.2.name"]', 'rest')
  await page.fill('[name="config.tiers.2.min"]', '0')
  await page.selectOption('[name="config.classify_by"]', 'goal')
  await page.fill('[name="config.goal.per_power"]', '0.5')
  await page.click('button:text-is("Save")')
  await page.waitForSelector('.toast.shown')
  const config = async () => (await call.get(`/api/v1/leagues/${id}`)).config
  const tiers = [
    { name: 'gold', min: 50 },
    { name: 'rest', min: 0 },
  ]
  expect(await config()).toMatchObject({ weights: { deads: 80, power: 2 }, tiers, goal: { per_power: 0.5 } })

  await page.goto(`${path}/settings`)
  expect(await page.inputValue('[name="config.tiers.1.name"]')).toBe('rest')
  for (const row of [0, 1])
    for (const part of ['name', 'min']) await page.fill(`[name="config.tiers.${row}.${part}"]`, '')
  await page.fill('[name="config.goal.per_power"]', '')
  await page.fill('[name="config.goal"]', '5000')
  await page.click('button:text-is("Save")')
  await page.waitForSelector('.toast.shown')
  expect(await config()).toMatchObject({ goal: 5000 })
  expect((await config()).tiers).toBeUndefined()
  expect(consoleErrors).toEqual([])

  await page.goto(`${path}/settings`)
  await page.fill('[name="config.weights"]', 'Deads 1.500')
  await page.click('button:text-is("Save")')
  await page.waitForSelector('#f-config-weights-error >> text=“1.500” may be 1500 or have three decimals')
  await page.fill('[name="config.weights"]', 'Deads 5\nDeads 7')
  await page.click('button:text-is("Save")')
  await page.waitForSelector('#f-config-weights-error >> text=“Deads” stands twice.')
  await page.fill('[name="config.weights"]', 'valor 80')
  await page.click('button:text-is("Save")')
  await page.waitForSelector(
    '#f-config-weights-error >> text=There is no metric valor here; the sheets have Power, Deads',
  )
})

browserTest('everything that is only read works without JavaScript', async () => {
  const { path } = await newSeason()
  const page = await openBrowser({ javaScriptEnabled: false })
  await page.goto(path)
  expect((await namesOnBoard(page))[0]).toBe('Ann')
  await page.click('th a:text("Deads")')
  expect((await namesOnBoard(page))[0]).toBe('Player 59')
  await page.fill('#board-q', 'player 3')
  await page.press('#board-q', 'Enter')
  expect(await namesOnBoard(page)).toHaveLength(10)
  expect(await page.locator('th[aria-sort]').textContent()).toContain('Deads')
  await page.click('text=Player 31')
  expect(await page.locator('h1').textContent()).toBe('Player 31')
  expect(await page.locator('.needs-js:visible').count()).toBe(0)
})

browserTest('light and dark follow the system until the user chooses', async () => {
  const { path } = await newSeason()
  const page = await openBrowser({ colorScheme: 'dark' })
  const backgroundColor = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.goto(path)
  const dark = await backgroundColor()
  await page.click('[data-theme-switch]')
  const light = await backgroundColor()
  expect(light).not.toBe(dark)
  await page.reload()
  expect(await backgroundColor()).toBe(light)
  await page.click('[data-theme-switch]')
  expect(await backgroundColor()).toBe(dark)
})

browserTest('every page can be read, named and reached, in light and dark, wide and narrow', async () => {
  const { url, id, path, uploadId } = await newSeason()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, olga.email, olga.password)
  const paths = [
    '/',
    '/?status=archived',
    '/leagues/new',
    '/leagues/new?kind=tour',
    '/nowhere',
    ...['', '?q=zzz', '?page=2&sort_by=power', '/players/p107', '/uploads', `/uploads/${uploadId}`, '/settings'].map(
      rest => `/leagues/${id}${rest}`,
    ),
  ]
  const faults: unknown[] = []
  for (const [i, pagePath] of paths.entries()) {
    const widths = i % 2 ? [390, 1280] : [1280, 390] // it begins as the page before ended, as each change draws the page again
    // In a short round each is loaded at one width, and checked at both.
    for (const width of isLong ? widths : widths.slice(0, 1)) {
      await page.setViewportSize({ width, height: 800 })
      await page.goto(url + pagePath, { waitUntil: 'load' })
      const shift = await page.evaluate(
        () =>
          new Promise<number>(resolve => {
            let sum = 0
            new PerformanceObserver(list => {
              for (const entry of list.getEntries()) sum += 'value' in entry ? Number(entry.value) : 0
            }).observe({ type: 'layout-shift', buffered: true })
            requestAnimationFrame(() => setTimeout(() => resolve(sum), 50))
          }),
      )
      const checked = isLong ? [width] : widths
      const pageFaultsFound = [...(await pageFaults(page, checked)), ...(shift > 0.02 ? [`shifts by ${shift}`] : [])]
      if (pageFaultsFound.length) faults.push([pagePath, pageFaultsFound])
    }
  }
  await page.setViewportSize({ width: 390, height: 800 }) // a phone
  await page.goto(path)
  await page.click('summary:text("View")')
  const menu = await page.locator('#board-view > div').boundingBox()
  expect([menu && menu.x >= 0, menu && menu.x + menu.width <= 390]).toEqual([true, true])
  await page.goto(path)
  const row = page.locator('.board tbody tr').first() // a tap next to the name shows its columns beyond the first two
  const folded = row.locator('.folded').first()
  expect([await row.locator('.score').isVisible(), await folded.isVisible()]).toEqual([true, false])
  await row.locator('.score').click({ force: true })
  expect([await folded.isVisible(), await row.getByRole('checkbox').isChecked()]).toEqual([true, true])
  expect(faults).toEqual([])
  expect(consoleErrors.filter(text => !text.includes('/nowhere'))).toEqual([])

  await page.goto(path)
  const focused: string[] = []
  for (let i = 0; i < 16; i++) {
    await page.keyboard.press('Tab')
    focused.push(
      await page.evaluate(() => {
        const element = document.activeElement
        return element
          ? `${element.textContent?.trim() || element.id || element.getAttribute('aria-label')} ${getComputedStyle(element).outlineStyle}`
          : ''
      }),
    )
  }
  expect(focused.slice(0, 13)).toEqual([
    'Skip to the content solid',
    'Fieldhouse solid',
    'My page solid',
    'Leagues solid',
    'Tours solid',
    'Quotes solid',
    'Rota solid',
    'Olga solid',
    'Search solid',
    'Change between light and dark solid',
    expect.stringMatching(/ago solid|yesterday/),
    expect.stringMatching(/solid/),
    'Board solid',
  ])
  expect(focused.every(text => text.endsWith('solid'))).toBe(true)
})

browserTest(
  'a form outlives its session: it says so, and can be sent once its writer has signed in again',
  async () => {
    const { call, url, path } = await newSeason()
    const page = await openBrowser()
    await signInBrowser(page, url, olga.email, olga.password)
    await page.goto(`${path}/settings`)
    await page.fill('#f-name', 'Spring')
    await page.context().clearCookies()
    await page.click('button:text-is("Save")')
    await page.waitForSelector('[data-refusal]:text("You are signed out.")')
    await signInBrowser(page, url, olga.email, olga.password)
    await page.click('button:text-is("Save")')
    await page.waitForSelector('.toast:text("Saved")')
    expect((await call.get(path.replace(url, '/api/v1'))).name).toBe('Spring')
  },
)
