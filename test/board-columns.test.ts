/** The columns of a board: chosen once for all readers, by each reader, and in exports. */
import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, shared, start } from './start.ts'

const sheet = (n: number) =>
  `ID,Name,Alliance,Power,Deads,Kill Points\n1,Ann,ABC,${10 + n},${n},7\n2,Bob,XY,20,${2 * n},8\n`

const service = shared(() => start())

/** A league of its own. */
async function leagueWithTwoScans() {
  const app = await service()
  const { call, finished, url } = app
  const { id } = await newLeague(call, { weights: { deads: 1 } })
  await finished(upload(call, id, sheet(0), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, sheet(5), { taken_at: '2026-03-02T00:00:00Z' }))
  const headingsIn = (page: string) =>
    [...page.matchAll(/<th scope="col"(?! class="unfold")[^>]*>(.*?)<\/th>/g)].map(([, head = '']) =>
      head.replaceAll(/<[^>]*>/g, '').trim(),
    )
  return {
    ...app,
    id,
    path: `/leagues/${id}`,
    headings: async (path: string) => headingsIn(await (await fetch(url + path)).text()),
  }
}

test('the columns an officer chose are shown to all readers, in that order, with the names of the sheets', async () => {
  const { call, id, path, headings } = await leagueWithTwoScans()
  const defaultColumns = ['#', 'Movement', 'Name', 'Score▼', 'Tier', 'Alliance', 'Power', 'Deads', 'Kill points']
  expect((await headings(path)).filter(head => head !== 'Movement')).toEqual(
    defaultColumns.filter(head => head !== 'Movement'),
  )
  const config = { columns: ['Dead Troops.gain', 'alliance', 'Total Power', 'score'] }
  const changed = await call.patch(`/api/v1/leagues/${id}`, { config })
  expect(changed.config.columns).toEqual(['deads.gain', 'label:alliance', 'power', 'score'])
  expect((await headings(path)).slice(-4)).toEqual(['Deads: gained', 'Alliance', 'Power', 'Score▼'])
  expect((await headings(`${path}?sort_by=kill_points`)).at(-1)).toBe('Kill points▼') // what it is ranked by is always shown
  const asOnBoard = await call.patch(`/api/v1/leagues/${id}`, { config: { columns: ['Alliance', 'Tier', 'Deads'] } })
  expect(asOnBoard.config.columns).toEqual(['label:alliance', 'tier', 'deads'])
  for (const unknown of ['luck', 'label:clan']) {
    const wrong = await refusalOf(call.patch(`/api/v1/leagues/${id}`, { config: { columns: ['power', unknown] } }))
    expect([wrong.status, wrong.problem.errors[0].path]).toEqual([422, 'config.columns.1'])
  }
  const settings: string = await call.get(`${path}/settings`)
  expect(settings.indexOf('value="deads.gain"')).toBeLessThan(settings.indexOf('value="label:alliance"'))
  await call.patch(`/api/v1/leagues/${id}`, { config: { columns: null } })
  expect((await headings(path)).at(-1)).toBe('Kill points')
})

test('an export writes the columns asked for, or all', async () => {
  const { call, id } = await leagueWithTwoScans()
  const file = `/api/v1/leagues/${id}/leaderboard.csv`
  const lines = async (query: string) => (await call.get(file + query)).trim().split('\r\n')
  const chosen = encodeURIComponent('deads.gain,label:alliance,score')
  expect((await lines(`?columns=${chosen}`))[0]).toEndWith('rank,change,player_id,name,deads_gain,alliance,score')
  expect((await lines(`?columns=${chosen}`))[1]).toBe('1,,2,Bob,10,XY,10')
  expect((await lines(''))[0]).toEndWith(
    'name,score,tier,alliance,power,deads,kill_points,power_gain,deads_gain,kill_points_gain',
  )
  const wrong = await refusalOf(call.get(`${file}?columns=luck`))
  expect([wrong.status, wrong.problem.errors[0].path]).toEqual([422, 'columns'])
  const page: string = await call.get(`/leagues/${id}?label=alliance:XY`)
  const shown =
    page.match(/leaderboard\.csv(\?label=alliance%3AXY&amp;columns=[^"]*)/)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect((await lines(shown))[0]).toEndWith('power,power_gain,deads,deads_gain,kill_points,kill_points_gain') // as they stand beside each other
})

test('of a board too wide to name its columns in an address, all are exported, and no reader chooses as many', async () => {
  const { call, finished, url } = await service()
  const { id } = await newLeague(call)
  const metrics = Array.from({ length: 120 }, (_, i) => `Some metric of a wide sheet ${i}`)
  await finished(upload(call, id, `ID,${metrics}\n1,${metrics.map((_, i) => i)}\n`))
  const page: string = await call.get(`/leagues/${id}`)
  const [shown = ''] = page.match(/(?<=href=")[^"]*leaderboard\.csv[^"]*/) ?? []
  expect((await call.get(shown)).split('\r\n')[0].split(',')).toHaveLength(4 + 2 + 2 * 120)
  const body = new URLSearchParams(
    [...(await call.get(`/leagues/${id}/columns`)).matchAll(/(?<=name="columns\[\]" value=")[^"]*/g)].map(
      ([column]) => ['columns[]', column],
    ),
  )
  const refused = await fetch(`${url}/leagues/${id}/columns`, { method: 'POST', body, headers: { origin: url } })
  const form = await refused.text()
  expect([refused.status, form]).toEqual([422, expect.stringContaining('tick fewer')])
  expect(form.match(/ checked /g)).toHaveLength(2 + 2 * 120) // as they were ticked
})

for (const javaScriptEnabled of [true, false])
  browserTest(
    `a reader chooses columns on a phone ${javaScriptEnabled ? 'with' : 'without'} JavaScript, and takes the choice back`,
    async () => {
      const { url, path } = await leagueWithTwoScans()
      const page = await openBrowser({ javaScriptEnabled, viewport: { width: 390, height: 800 } })
      const heads = async () =>
        (await page.locator('thead th:not(.unfold)').allTextContents()).map(head => head.trim().toLowerCase())
      await page.goto(url + path)
      await page.click('summary:text("View")')
      await page.click('text=Choose columns')
      for (const name of ['Tier', 'Alliance', 'Power']) await page.getByLabel(name, { exact: true }).uncheck()
      await page.getByLabel('Kill points: gained', { exact: true }).check()
      await page.getByLabel('Move Kill points up', { exact: true }).click()
      await page.getByLabel('Move Kill points up', { exact: true }).click()
      await page.click('.submit >> text=Show these columns')
      await page.waitForURL(url + path)
      expect((await heads()).slice(-4).map(head => head.replace('▼', ''))).toEqual([
        'score',
        'kill points',
        'deads',
        'kill points: gained',
      ])
      await page.goto(`${url}${path}/columns`)
      expect(await page.getByLabel('Tier', { exact: true }).isChecked()).toBe(false)
      await page.click('text=Reset')
      await page.waitForURL(url + path)
      expect(await heads()).toContain('tier')
    },
  )

browserTest(
  'an officer ticks and orders the columns of all readers in the settings, and marks a player on the card',
  async () => {
    const { call, url, id, path, headings } = await leagueWithTwoScans()
    const olga = { email: 'olga@example.org', username: 'Olga', password: 'correct horse battery', role: 'officer' }
    await call.post('/api/v1/users', olga)
    const page = await openBrowser()
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, olga.email, olga.password)
    const columns = async () => (await call.get(`/api/v1/leagues/${id}`)).config.columns
    const save = async () => {
      await page.click('button:text-is("Save")')
      await page.waitForSelector('.toast.shown')
      await page.goto(`${url}${path}/settings`)
    }
    await page.goto(`${url}${path}/settings`)
    await page.click('summary:text("Columns of the board")')
    for (const name of ['Score', 'Power', 'Deads: gained']) await page.getByLabel(name, { exact: true }).check()
    await page.getByLabel('Move Power up', { exact: true }).click()
    await page.getByLabel('Move Power up', { exact: true }).click()
    await page.getByLabel('Move Power up', { exact: true }).click()
    await save()
    expect(await columns()).toEqual(['power', 'score', 'deads.gain'])
    expect((await headings(path)).slice(-3)).toEqual(['Power', 'Score▼', 'Deads: gained'])
    await page.getByLabel('Move Deads: gained up', { exact: true }).click() // an order alone is a change
    await save()
    expect(await columns()).toEqual(['power', 'deads.gain', 'score'])
    for (const name of ['Score', 'Power', 'Deads: gained']) await page.getByLabel(name, { exact: true }).uncheck()
    await save()
    expect(await columns()).toBeUndefined()

    await page.goto(`${url}${path}/players/2`)
    await page.click('summary:text("Mark this player")')
    await page.selectOption('[name=reason]', 'farm')
    await page.fill('[name=farm_of]', '1')
    await page.fill('[name=note]', 'plays both')
    await page.click('text=Mark the player')
    await page.waitForSelector('.notice >> text=farm account of')
    expect(await call.get(`/api/v1/leagues/${id}/players/2/mark`)).toMatchObject({ note: 'plays both', counted: false })
    await page.goto(`${url}${path}/marks`)
    await page.click('text=Remove')
    await page.click('dialog button.danger')
    await page.waitForSelector('text=Nobody is marked')
    expect(consoleErrors).toEqual([])
  },
)

test('a sparkline in each row shows the course of the score, once there are three scans', async () => {
  const { call, finished, id, path, headings } = await leagueWithTwoScans()
  expect(await headings(path)).not.toContain('Trend')
  await finished(upload(call, id, sheet(9), { taken_at: '2026-03-03T00:00:00Z' }))
  expect(await headings(path)).toContain('Trend')
  const page: string = await call.get(path)
  expect(page.match(/aria-label="Score over 3 moments"/g)).toHaveLength(2)
  expect(await call.get(`${path}?q=Ann`)).not.toContain('over 3 moments') // not computed for each search
  await finished(upload(call, id, `${sheet(9)}constructor,Cy,ABC,1,1,1\n__proto__,Dee,ABC,1,1,1\n`))
  for (const query of ['', '?q=Ann', '?q=Cy']) expect(await call.get(path + query)).toContain('</table>') // also with such ids
})
