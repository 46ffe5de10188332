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
  const defaultColumns = ['#', 'Movement', 'Name', 'Score▼', 'Tier', 'Alliance', 'Power', 'Deads', 'Kill Points']
  expect((await headings(path)).filter(head => head !== 'Movement')).toEqual(
    defaultColumns.filter(head => head !== 'Movement'),
  )
  const config = { columns: ['Dead Troops.gain', 'alliance', 'Total Power', 'score'] }
  const changed = await call.patch(`/api/v1/leagues/${id}`, { config })
  expect(changed.config.columns).toEqual(['deads.gain', 'label:alliance', 'power', 'score'])
  expect((await headings(path)).slice(-4)).toEqual(['Deads: gained', 'Alliance', 'Power', 'Score▼'])
  expect((await headings(`${path}?sort_by=kill_points`)).at(-1)).toBe('Kill Points▼') // what it is ranked by is always shown
  const asOnBoard = await call.patch(`/api/v1/leagues/${id}`, { config: { columns: ['Alliance', 'Tier', 'Deads'] } })
  expect(asOnBoard.config.columns).toEqual(['label:alliance', 'tier', 'deads'])
  for (const unknown of ['luck', 'label:clan']) {
    const wrong = await refusalOf(call.patch(`/api/v1/leagues/${id}`, { config: { columns: ['power', unknown] } }))
    expect([wrong.status, wrong.problem.errors[0].path]).toEqual([422, 'config.columns.1'])
  }
  const settings: string = await call.get(`${path}/settings`)
  expect(settings.indexOf('value="deads.gain"')).toBeLessThan(settings.indexOf('value="label:alliance"'))
  await call.patch(`/api/v1/leagues/${id}`, { config: { columns: null } })
  expect((await headings(path)).at(-1)).toBe('Kill Points')
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
  expect((await lines(shown))[0]).toEndWith('power,power_gain,deads,deads_gain,Kill Points,Kill Points gain') // as they stand beside each other
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

const german = (n: number, headings = 'Allianz,VS Punkte,T4-Kills,K/D %') =>
  `Spieler-ID,Spieler,${headings}\n1,Ann,ABC,${10 + n},${n},7\n2,Bob,XY,20,${2 * n},8\n`
const keys = ['vs_punkte', 'kills_t4', 'k_d_pct']

test('pages call columns as the sheet writes them; the API keeps its keys and says what they are called', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, { weights: { 'T4-Kills': 1 }, sort: 'K/D %' })
  await finished(upload(call, id, german(0), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, german(5), { taken_at: '2026-03-02T00:00:00Z' }))
  const config = {
    weights: { 'VS Punkte': 2, 'T4-Kills': 10, Deads: 1 },
    goals: [{ targets: { 'T4-Kills': 5, 'K/D %': 9 } }],
  }
  expect((await call.patch(`/api/v1/leagues/${id}`, { config })).config).toMatchObject({
    weights: { vs_punkte: 2, kills_t4: 10, deads: 1 },
    goals: [{ targets: { kills_t4: 5, k_d_pct: 9 } }],
  })
  const headings = { 'label:alliance': 'Allianz', vs_punkte: 'VS Punkte', kills_t4: 'T4-Kills', k_d_pct: 'K/D %' }
  const board = await call.get(`/api/v1/leagues/${id}/leaderboard`)
  expect([board.sort_by, board.headings, Object.keys(board.rows[0].metrics)]).toEqual(['k_d_pct', headings, keys])
  expect(board.notes.join()).toContain('The sheet has VS Punkte, T4-Kills, K/D %.')
  for (const path of ['players/1', 'totals']) {
    const answer = await call.get(`/api/v1/leagues/${id}/${path}`)
    expect(answer.headings).toEqual(headings)
  }
  const weights = 'VS Punkte 2\nT4-Kills 10\nDeads 1'
  const shown = {
    '?label=alliance:ABC': ['Allianz ABC: 1 player'],
    '': ['>K/D %<', '>T4-Kills: goal<', '>Allianz<'],
    '/players/1': ['>VS Punkte<', '>T4-Kills<', 'T4-Kills 100', '>Allianz<'],
    '/totals': ['>K/D %<', 'By Allianz'],
    '/totals?label=alliance': ['>Allianz<', '>T4-Kills: gain<'],
    '/columns': ['K/D %', 'VS Punkte: gained'],
    '/settings': [
      weights,
      'T4-Kills 5\nK/D % 9',
      'The sheets have VS Punkte, T4-Kills, K/D %.',
      'VS Punkte: gained',
      'Allianz',
    ],
  }
  for (const [path, words] of Object.entries(shown)) {
    const page: string = await call.get(`/leagues/${id}${path}`)
    for (const text of words) expect(page).toContain(text)
    expect(page).not.toMatch(/Vs punkte|Kills t4|K d\b/)
  }
  const body = new URLSearchParams({ 'config.sort': 'VS Punkte.gain' })
  const preview = await call.raw(`/leagues/${id}/settings/preview`, { method: 'POST', body })
  expect(await preview.text()).toContain('K/D % now, VS Punkte: gained then')
  const later = 'Spieler-ID,Spieler,VS Punkte\n1,Ann,1\n2,Bob,2\n3,Cy,3\n'
  const { upload_id, ...job } = await upload(call, id, later, { taken_at: '2026-03-03T00:00:00Z' })
  const { result } = await finished(job)
  expect(result.doubts[0].message).toEndWith('columns of the scan before are not in it: T4-Kills, K/D %')
  expect(result.warnings).toEqual([
    'The league weighs T4-Kills, which this sheet does not have',
    'The league weighs Deads, which this sheet does not have',
    'Missing, but in the scan before: T4-Kills, K/D %, Allianz.',
  ])
  expect(await call.get(`/leagues/${id}/uploads/${upload_id}/people?change=new`)).toContain('VS Punkte 3')
})

test('a board is headed as the sheet it shows, also after an undo and as of an earlier time', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const headed = async (query = '') => (await call.get(`/api/v1/leagues/${id}/leaderboard${query}`)).headings
  const send = async (headings: string, n: number) => {
    const { upload_id, ...job } = await upload(call, id, german(n, headings), { taken_at: `2026-03-0${n}T00:00:00Z` })
    await finished(job)
    return upload_id
  }
  await send('alliance,vs_punkte,kills_t4,k_d_pct', 1)
  expect(await headed()).toBeUndefined() // written by a program
  const first = { vs_punkte: 'VS-PUNKTE', kills_t4: 'T4 Kills', k_d_pct: 'K/D %' }
  await send('Alliance,VS-PUNKTE,T4 Kills,K/D %', 2)
  expect(await headed()).toEqual(first)
  const newest = await send('Tag,VS Punkte,Tier 4 Kills,K/D %', 3)
  const now = { 'label:alliance': 'Tag', vs_punkte: 'VS Punkte', kills_t4: 'Tier 4 Kills', k_d_pct: 'K/D %' }
  expect(await headed()).toEqual(now)
  expect(await headed('?at=2026-03-02T12:00:00Z')).toEqual(first)
  await call.post(`/api/v1/uploads/${newest}/undo`)
  expect(await headed()).toEqual(first)
})

test('a column is called as the officer calls it; what is not read as the same column again is called by its key', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const mapping = JSON.stringify({ 'Col 1': 'VS Punkte', 'Col 2': 'power', 'Col 3': 'label:Rang der Allianz' })
  const text = 'ID,Name,Col 1,Col 2,Col 3,W/L,W L,Kills,Total Kills\n1,Ann,1,2,R4,3,4,5,6\n2,Bob,1,2,R4,3,4,5,6\n'
  const trial = await finished(upload(call, id, text, { mapping, dry_run: 'true' }))
  expect(trial.result.read_as).toMatchObject({ ID: 'Player id', 'Col 1': 'VS Punkte', 'Col 2': 'Power', 'W/L': 'W/L' })
  const { upload_id, ...job } = await upload(call, id, text, { mapping })
  await finished(job)
  const page: string = await call.get(`/leagues/${id}/uploads/${upload_id}`)
  for (const words of ['<td>VS Punkte<', '<td>W/L<', '<td>Total kills<', '<td>Rang der Allianz (label)<'])
    expect(page).toContain(words)
  const { headings, rows } = await call.get(`/api/v1/leagues/${id}/leaderboard`)
  expect(headings).toEqual({
    'label:rang_der_allianz': 'Rang der Allianz',
    vs_punkte: 'VS Punkte',
    w_l: 'W/L',
    total_kills: 'Total Kills',
  })
  expect(Object.keys(rows[0].metrics)).toEqual(['vs_punkte', 'power', 'w_l', 'w_l_2', 'kills', 'total_kills'])
})

test('what people export is headed as in the sheets, and is read as the same columns again', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, { goals: [{ targets: { kills_t4: 5, k_d_pct: 9 } }] })
  await finished(upload(call, id, german(0), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, german(5), { taken_at: '2026-03-02T00:00:00Z' }))
  const page: string = await call.get(`/leagues/${id}`)
  const exported = page.match(/leaderboard\.csv\?headings=sheet/)![0]
  const csv: string = await call.get(`/api/v1/leagues/${id}/${exported}`)
  expect(csv.split('\r\n')[0]).toEndWith(
    'name,score,tier,Allianz,VS Punkte,T4-Kills,K/D %,VS Punkte gain,T4-Kills gain,K/D % gain,goal_pct,T4-Kills goal_pct,K/D % goal_pct',
  )
  const asKeys: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)
  expect(asKeys.split('\r\n')[0]).toContain('alliance,vs_punkte,kills_t4,k_d_pct,vs_punkte_gain')
  const totals: string = await call.get(`/api/v1/leagues/${id}/totals.csv?label=alliance&headings=sheet`)
  expect(totals.split('\r\n')[0]).toContain('rank,Allianz,players,score,score_average,VS Punkte,VS Punkte average')
  const { upload_id, ...job } = await upload(call, id, csv, { taken_at: '2026-03-03T00:00:00Z' })
  await finished(job)
  expect((await call.get(`/api/v1/uploads/${upload_id}`)).mapping).toEqual({
    player_id: 'id',
    name: 'name',
    Allianz: 'label:alliance',
    'VS Punkte': 'vs_punkte',
    'T4-Kills': 'kills_t4',
    'K/D %': 'k_d_pct',
  })
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
      await page.getByLabel('Kill Points: gained', { exact: true }).check()
      await page.getByLabel('Move Kill Points up', { exact: true }).click()
      await page.getByLabel('Move Kill Points up', { exact: true }).click()
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
