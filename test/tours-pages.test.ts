import { expect, test } from 'bun:test'
import { minute } from '../src/platform/clock.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { newLeague } from './sheets.ts'
import { start } from './start.ts'
import { enter, feedFor, jsonFeed, newTourLeague, newUpdatedTour, newUser, players, playOn, update } from './tours.ts'
import { faintText, structureFaults } from './web-seen.ts'

type Golfer = { player_id: string; name: string }

async function startPool(config: object = {}) {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const feed = feedFor()
  await newUpdatedTour(call, `${feed.url}?key=secret`)
  const league = await newTourLeague(call, config)
  const field: Golfer[] = await players(call)
  const ann = await newUser(fieldhouse, 'ann')
  const play = playOn(fieldhouse, feed)
  const read = async (path: string, who = fieldhouse.as()) => {
    const response = await who.raw(path, { headers: { accept: 'text/html' } })
    return { status: response.status, text: await response.text() }
  }
  return { ...fieldhouse, feed, league, field, ids: field.map(({ player_id }) => player_id), ann, play, read }
}

test('the board and the entries page show everyone’s picks with live scores once they are closed, not before', async () => {
  const { league, field, ids, ann, play, read, ...fieldhouse } = await startPool()
  const bob = await newUser(fieldhouse, 'bob')
  const path = `/leagues/${league.id}/entries`
  await enter(ann, league.id, ids.slice(0, 4))
  const namesShown = ({ text }: { text: string }) =>
    field.slice(0, 4).filter(({ name }) => text.includes(`>${name}<`)).length
  const openPage = await read(path)
  expect(openPage.text).toContain('Sign in')
  expect(namesShown(openPage)).toBe(0)
  expect(namesShown(await read(`/leagues/${league.id}/players/1`))).toBe(0)
  const board = async (who?: typeof ann) => (await read(`/leagues/${league.id}`, who)).text
  expect(await board()).toContain('Make your entry')
  expect(await board(bob)).toMatch(
    /Picks close in <time[^>]+>[^<]+<\/time>\. <a href="\/leagues\/1\/entries">Make your entry/,
  )
  expect(await board(ann)).toMatch(/You have <a [^>]+>1 entry/)
  expect(namesShown({ text: await board(ann) })).toBe(0)
  const entryForm = await read(path, ann)
  expect(entryForm.text).toContain('Withdraw')
  expect(entryForm.text.match(/name="picks\[\]"/g)?.length).toBeGreaterThan(20)

  await play(120)
  const closedPage = await read(path)
  expect(namesShown(closedPage)).toBe(4)
  expect(closedPage.text).toContain('thru')
  expect(namesShown(await read(`/leagues/${league.id}/players/1`))).toBe(4)
  expect(namesShown({ text: await board() })).toBe(4)
  expect(await board()).toMatch(/today, thru/)
  expect(await board()).not.toContain('Make your entry')
  expect((await read(path, ann)).text).not.toContain('name="picks[]"')
})

test('an event that is cancelled is told on the board and the tour, to officers with what they can do', async () => {
  const fieldhouse = await start()
  const { call, as, clock } = fieldhouse
  const golfers = Array.from({ length: 8 }, (_, i) => ({ id: `g${i}`, name: `Golfer ${i}` }))
  const feed = jsonFeed({ event: { id: 'open', name: 'Northern Open', status: 'upcoming' }, golfers })
  await newUpdatedTour(call, feed.url)
  const { id } = await newTourLeague(call)
  const board = async (who = call): Promise<string> => who.get(`/leagues/${id}`)
  expect(await board()).not.toContain('cancelled')
  feed.json = { event: { id: 'open', name: 'Northern Open', status: 'cancelled' }, golfers }
  const told = 'Northern Open</bdi> is cancelled, abandoned or put off'
  clock.forward(minute)
  await update(fieldhouse)
  expect(await board()).toContain('finalise the board')
  expect(await board()).toContain(told)
  expect(await board(as())).toContain(told)
  expect(await board(as())).not.toContain('finalise the board')
  expect(await call.get('/tours/pga')).toContain('finalise the board')
})

test('pages of tours are for everyone, the feed’s URL and its buttons for officers', async () => {
  const { call, ann, read, feed, clock, ...fieldhouse } = await startPool()
  for (const who of [fieldhouse.as(), ann]) {
    for (const path of ['/tours', '/tours/pga']) {
      const { status, text } = await read(path, who)
      expect(status).toBe(200)
      expect(text).not.toContain('secret')
      expect(text).not.toContain('data-api')
    }
  }
  expect((await read('/tours/pga', call)).text).toContain('secret')
  expect((await read('/leagues/new?kind=tour', call)).text).toContain('<option value="pga">') // nobody has to know its short name
  expect((await read('/tours/none')).status).toBe(404)
  feed.fault('empty')
  clock.forward(2 * minute)
  await update({ ...fieldhouse, call })
  expect((await read('/tours/pga', call)).text).toContain('Accept it anyway')
  expect((await read('/tours/pga', ann)).text).toContain('Held back since')
  const sheets = await newLeague(call)
  expect((await read(`/leagues/${sheets.id}/entries`)).status).toBe(404)
})

test('members see all their entries, also after the league allows fewer', async () => {
  const { call, league, ids, ann, read } = await startPool()
  for (let i = 0; i < 3; i++) await enter(ann, league.id, ids.slice(i, i + 4))
  await call.patch(`/api/v1/leagues/${league.id}`, { config: { max_entries: 1 } })
  const { text } = await read(`/leagues/${league.id}/entries`, ann)
  expect(text.match(/Withdraw</g)).toHaveLength(3)
  expect(text).not.toContain('name="picks[]"')
})

test('a board says when its scores may be old', async () => {
  const { league, feed, clock, read, ...fieldhouse } = await startPool()
  feed.fault('down')
  clock.forward(2 * minute)
  await update(fieldhouse)
  expect((await read(`/leagues/${league.id}`)).text).toContain('has failed since')
  feed.fault(null)
  clock.forward(2 * minute)
  await update(fieldhouse)
  expect((await read(`/leagues/${league.id}`)).text).not.toContain('has failed since')
})

browserTest('an entry is made and changed with the keyboard alone', async () => {
  const { url, league, field, play, ann } = await startPool()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, 'ann@example.org', 'the password of ann')
  await page.goto(`${url}/leagues/${league.id}/entries`)
  expect(await page.evaluate(faintText)).toEqual([])
  expect(await page.evaluate(structureFaults)).toEqual([])
  const typedName = ({ name }: Golfer) =>
    name
      .normalize('NFD')
      .replace(/[\p{M}’]/gu, '')
      .toLowerCase()
  const pick = async (golfer: Golfer) => {
    await page.focus('[data-find-golfer]')
    await page.keyboard.type(typedName(golfer))
    await page.keyboard.press('Enter')
  }
  const chosen = () => page.locator('[data-chosen] bdi').allTextContents()
  const typeable = field.filter(golfer => /^[a-z .-]+$/.test(typedName(golfer))) // a key for each letter
  const [a, b, c, d, e] = typeable as [Golfer, Golfer, Golfer, Golfer, Golfer]
  await page.focus('[name=name]')
  await page.keyboard.type('Ann’s aces')
  for (const golfer of [a, b, c]) await pick(golfer)
  expect(await page.locator('[data-chosen-count]').textContent()).toBe('3 of 4 chosen')
  await page.focus('[name=tiebreaker]')
  await page.keyboard.type('-11')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-refusal]:has-text("Pick 4 golfers; these are 3.")')
  await pick(d)
  await pick(e) // there is no place left
  expect((await chosen()).toSorted()).toEqual([a, b, c, d].map(({ name }) => name).toSorted())
  await page.keyboard.press('Escape')
  await page.focus('#entry button[type=submit]')
  await page.keyboard.press('Enter')
  await page.waitForSelector('text=My entry')
  const { entries } = await ann.get(`/api/v1/leagues/${league.id}/entries`)
  expect(entries).toMatchObject([{ name: 'Ann’s aces', tiebreaker: -11 }])
  expect(entries[0].picks.toSorted()).toEqual([a, b, c, d].map(({ player_id }) => player_id).toSorted())

  await page.focus('a:text("Change")')
  await page.keyboard.press('Enter')
  await page.waitForSelector('h2:has-text("Change Ann’s aces")')
  expect(await page.locator('[data-chosen-count]').textContent()).toBe('All 4 chosen')
  await page.focus(`[aria-label="Remove ${c.name}"]`)
  await page.keyboard.press('Enter')
  await page.keyboard.type(typedName(e))
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Space')
  await page.focus('#entry button[type=submit]')
  await page.keyboard.press('Enter')
  await page.waitForSelector('h2:has-text("Make another entry")')
  const { picks } = await ann.get(`/api/v1/leagues/${league.id}/entries/${entries[0].id}`)
  expect(picks.toSorted()).toEqual([a, b, d, e].map(({ player_id }) => player_id).toSorted())

  await play(150)
  await page.waitForSelector('.live .picks')
  await page.reload()
  expect(await page.evaluate(faintText)).toEqual([])
  expect(consoleErrors.filter(text => !text.includes('422'))).toEqual([])
})

browserTest('"Update now" on the page of a tour says what came of it', async () => {
  const { url, feed, clock, ...fieldhouse } = await startPool()
  await newUser({ ...fieldhouse, url }, 'olga', 'officer')
  const page = await openBrowser()
  await signInBrowser(page, url, 'olga@example.org', 'the password of olga')
  await page.goto(`${url}/tours/pga`)
  const toast = (text: string) => page.waitForSelector(`[data-toast].shown:has-text("${text}")`)
  await page.click('text=Update now')
  await toast('skipped: the feed was polled')
  clock.forward(16_000)
  await page.reload()
  await page.click('text=Update now')
  await toast('Nothing has changed in the feed')
  clock.forward(16_000)
  feed.fault('down')
  await page.click('text=Update now')
  await toast('503')
})

browserTest('without script an entry is made with a plain form, and what is wrong is said on the page', async () => {
  const { url, league, field, ann, play } = await startPool()
  const page = await openBrowser({ javaScriptEnabled: false })
  await signInBrowser(page, url, 'ann@example.org', 'the password of ann')
  await page.goto(`${url}/leagues/${league.id}/entries`)
  const tick = (golfer: Golfer | undefined) => page.check(`[value="${golfer?.player_id}"]`)
  for (const golfer of field.slice(0, 3)) await tick(golfer)
  await page.fill('[name=name]', 'Plain')
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('text=Pick 4 golfers; these are 3.')
  expect(await page.inputValue('[name=name]')).toBe('Plain')
  expect(await page.locator('[name="picks[]"]:checked').count()).toBe(3)
  await tick(field[3])
  await page.fill('[name=tiebreaker]', '-8')
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('h2:has-text("My entry")')
  const read = async () => (await ann.get(`/api/v1/leagues/${league.id}/entries`)).entries
  const [entry] = await read()
  expect(entry).toMatchObject({ name: 'Plain', tiebreaker: -8 })
  expect(entry.picks.toSorted()).toEqual(
    field
      .slice(0, 4)
      .map(({ player_id }) => player_id)
      .toSorted(),
  )
  await page.click('a:text("Change")')
  await page.fill('[name=name]', 'Plainer')
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('h2:has-text("Make another entry")')
  expect(await read()).toMatchObject([{ name: 'Plainer', tiebreaker: -8, picks: entry.picks }])
  for (const golfer of field.slice(0, 4)) await tick(golfer)
  await play(90)
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('text=Picks are closed; the deadline was')
})

browserTest('with groups one of each is chosen, and the group that lacks one says so', async () => {
  const { url, league, field, ann } = await startPool({ picks: 3, best: 2, groups: { by: 'odds' } })
  const page = await openBrowser()
  await signInBrowser(page, url, 'ann@example.org', 'the password of ann')
  await page.goto(`${url}/leagues/${league.id}/entries`)
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.locator('[data-group]').count()).toBe(3)
  for (const group of ['A', 'C']) await page.locator(`[data-group=${group}] label`).first().click()
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('#f-picks-1-error:has-text("Pick one from group B.")')
  const isInSight = (error: Element) => {
    const { left, top, height } = error.getBoundingClientRect()
    return document.elementFromPoint(left + 1, top + height / 2) === error
  }
  expect(await page.locator('#f-picks-1-error').evaluate(isInSight)).toBe(true)
  await page.locator('[data-group=B] label').last().click()
  expect(await page.locator('[data-chosen]').textContent()).toContain('Group B')
  await page.click('#entry button[type=submit]')
  await page.waitForSelector('h2:has-text("My entry")')
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  const [{ picks }] = (await ann.get(`/api/v1/leagues/${league.id}/entries`)).entries
  expect(picks).toHaveLength(3)
  expect(picks.every((id: string) => field.some(({ player_id }) => player_id === id))).toBe(true)
})
