/** Extra sheets add columns to the players of the newest scan, for example verified deaths. */
import { expect, test } from 'bun:test'
import { withExtras } from '../src/leagues/sheets/extra-columns.ts'
import { publishedSnapshots } from '../src/leagues/sheets/queries.ts'
import { selectSnapshots } from '../src/leagues/sheets/snapshot-selection.ts'
import { openScores } from '../src/leagues/sheets/snapshots/open.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { newLeague, upload } from './sheets.ts'
import { afterTest, board, type caller, refusalOf, shared, start } from './start.ts'

type Call = ReturnType<typeof caller>
type PlayerRow = { player_id: string; metrics: Record<string, number>; gains: Record<string, number>; score: number }

const scan = (...kills: (number | null)[]) =>
  `ID,Name,Power,Kill Points\n${kills.flatMap((each, i) => (each === null ? [] : [`${i + 1},P${i + 1},${100 * (i + 1)},${each}`])).join('\n')}\n`
const verified = (deaths: Record<string, number>) =>
  `ID,Name,Power,Verified Deaths\n${Object.entries(deaths)
    .map(([id, count]) => `${id},P${id},1,${count}`)
    .join('\n')}\n`
const at = (day: number) => `2026-03-0${day}T00:00:00Z`

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

async function leagueWithScans(config: object = {}) {
  const app = await service()
  const { id } = await newLeague(app.call, config)
  const send = async (content: string, day: number, kind: string) => {
    const { upload_id, ...job } = await upload(app.call, id, content, { kind, taken_at: at(day) })
    return { upload_id, ...(await app.finished(job)) }
  }
  await send(scan(10, 20, 30), 1, 'baseline')
  await send(scan(15, 21, 90), 2, 'current')
  return { ...app, id, send }
}

const deathsOf = async (call: Call, id: number, query = '') =>
  Object.fromEntries(
    (await board(call, id, query)).rows.map(({ player_id, metrics, gains }: PlayerRow) => [
      player_id,
      [metrics.verified_deaths, gains.verified_deaths],
    ]),
  )

test('an extra sheet adds its new columns to the players of the board, and replaces nothing', async () => {
  const { call, id, send } = await leagueWithScans({ weights: { kill_points: 1 } })
  const before = await board(call, id)
  const { upload_id, result } = await send(verified({ 1: 7, 2: 5, 9: 3 }), 3, 'extra')
  expect(result).toMatchObject({
    status: 'done',
    players: 3,
    unknown: 1,
    missing: 0,
    warnings: ['Left out, as the scans have these columns already: Power'],
  })
  const after = await board(call, id)
  expect(after.as_of).toBe('2026-03-03T00:00:00.000Z')
  expect(after.rows.map(({ player_id, score }: PlayerRow) => [player_id, score])).toEqual(
    before.rows.map(({ player_id, score }: PlayerRow) => [player_id, score]),
  )
  expect(await deathsOf(call, id)).toEqual({ 1: [7, 7], 2: [5, 5], 3: [null, null] })
  expect(Object.keys(await deathsOf(call, id, '?sort_by=verified_deaths'))).toHaveLength(3)
  expect((await board(call, id, '?sort_by=verified_deaths.gain')).rows[0].player_id).toBe('1')
  expect(await deathsOf(call, id, `?at=${at(2)}`)).toMatchObject({ 1: [undefined, undefined] })
  expect(await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)).toContain('verified_deaths_gain')
  const unknownPeople = await call.get(`/api/v1/uploads/${upload_id}/people?change=unknown`)
  expect(unknownPeople).toMatchObject({
    compared_to: { taken_at: '2026-03-02T00:00:00.000Z' },
    people: [{ player_id: '9', name: 'P9', changes: [{ field: 'verified_deaths', before: null, now: 3 }] }],
    pagination: { total: 1 },
  })
  expect(await call.get(`/api/v1/uploads/${upload_id}/people.csv?change=unknown`)).toContain('9,P9,,verified_deaths')
  expect(await call.get(`/leagues/${id}/uploads/${upload_id}/people`)).toContain('not in the newest scan')
  expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({
    kind: 'extra',
    mapping: { ID: 'id', 'Verified Deaths': 'verified_deaths' },
    summary: { unknown: 1 },
  })
})

test('what an extra sheet adds counts in the score, stays with the next scan, and goes with an undo', async () => {
  const { call, id, send } = await leagueWithScans()
  const scores = async () =>
    Object.fromEntries((await board(call, id)).rows.map(({ player_id, score }: PlayerRow) => [player_id, score]))
  const { upload_id } = await send(verified({ 1: 7, 2: 5 }), 3, 'extra')
  await call.patch(`/api/v1/leagues/${id}`, { config: { weights: { kill_points: 1, 'Verified Deaths': 10 } } })
  expect(await scores()).toEqual({ 1: 75, 2: 51, 3: 60 })
  expect((await send(scan(20, 22, 90, 1), 4, 'current')).result.warnings).toEqual([])
  expect(await scores()).toEqual({ 1: 80, 2: 52, 3: 60, 4: 0 })
  await send(verified({ 2: 9, 4: 2 }), 5, 'extra')
  expect(await scores()).toEqual({ 1: 80, 2: 92, 3: 60, 4: 20 })
  const card = await call.get(`/api/v1/leagues/${id}/players/2`)
  expect(card.metrics.verified_deaths).toMatchObject({ current: 9, baseline: 0, gain: 9, rank: 1 })
  expect(card.history.map(({ kind, score }: { kind: string; score: number }) => [kind, score])).toEqual([
    ['baseline', 0],
    ['current', 1],
    ['extra', 51],
    ['current', 52],
    ['extra', 92],
  ])
  await call.post(`/api/v1/uploads/${upload_id}/undo`)
  expect(await scores()).toEqual({ 1: 10, 2: 92, 3: 60, 4: 20 })
  const { final_hash } = await call.post(`/api/v1/leagues/${id}/finalize`)
  expect(final_hash).toHaveLength(64)
  expect((await refusalOf(upload(call, id, verified({ 1: 1 }), { kind: 'extra' }))).status).toBe(409)
})

test('an extra sheet that is no newer than the baseline is the start of its gains', async () => {
  const { call, id, send } = await leagueWithScans({ weights: { kill_points: 1 } })
  await send(verified({ 1: 100, 2: 50 }), 1, 'extra')
  await send(verified({ 1: 107, 2: 55, 3: 8 }), 3, 'extra')
  expect(await deathsOf(call, id)).toEqual({ 1: [107, 7], 2: [55, 5], 3: [8, null] })
  await send(scan(20, 22, 95), 4, 'current')
  await send(scan(21, 23, 96), 6, 'current')
  await send(verified({ 1: 110, 3: 9 }), 7, 'extra')
  expect(await deathsOf(call, id, `?from=${at(4)}`)).toEqual({ 1: [110, 3], 2: [55, 0], 3: [9, 1] })
  expect((await call.get(`/api/v1/leagues/${id}/players/1`)).metrics.verified_deaths).toMatchObject({
    baseline: 100,
    gain: 10,
  })
})

test('the history of a player counts a column from the same start as the board, whichever sheets have the column', async () => {
  const { call, id, send } = await leagueWithScans({ weights: { kill_points: 1, deads: 10 } })
  const scan = (i: number, deads: string) =>
    `ID,Kill Points${deads && ',Deads'}\n1,${20 + i}${deads}\n2,${30 + i}${deads}\n`
  const scores = async () => {
    const { score, history } = await call.get(`/api/v1/leagues/${id}/players/1`)
    return [score, history.at(-1).score]
  }
  await send('ID,Deads\n1,3\n2,3\n', 3, 'extra')
  expect(await scores()).toEqual([35, 35])
  await send(scan(0, ',8'), 4, 'current') // its own column now, which the baseline does not have
  expect(await scores()).toEqual([10, 10])
  await send(scan(0, ',4'), 5, 'baseline')
  await send(scan(1, ''), 6, 'current') // the column of the extra sheet again, beside one of the baseline
  expect(await scores()).toEqual([1, 1])
  await send(scan(5, ',9'), 7, 'baseline')
  await send('ID,Deads\n1,11\n2,4\n', 8, 'extra') // the board still shows the scan before that baseline
  expect(await scores()).toEqual([80, 80])
})

test('an extra sheet with unknown players is held; one with only columns of the scans is refused', async () => {
  const { call, id, send } = await leagueWithScans()
  const strangers = { 1: 7, 91: 5, 92: 3, 93: 4, 94: 1 }
  const { upload_id, result } = await send(verified(strangers), 3, 'extra')
  expect(result).toMatchObject({ status: 'held', doubts: [{ reason: 'unknown', count: 4, of: 5 }] })
  expect((await deathsOf(call, id))['1']).toEqual([undefined, undefined])
  await call.post(`/api/v1/uploads/${upload_id}/publish`)
  expect((await deathsOf(call, id))['1']).toEqual([7, 7])
  expect(await send(scan(1, 2, 3), 4, 'extra')).toMatchObject({
    status: 'FAILURE',
    error: expect.stringContaining('All columns of this sheet are columns of the scans: Power, Kill Points.'),
  })
  const form = new FormData()
  form.set('file', new File(['ID,Name,Alliance,Power,Deaths\n1,P1,A,5,7\n'], 'extra.csv'))
  const { columns, problem } = await call.post(`/api/v1/leagues/${id}/uploads/preview?kind=extra`, form)
  expect(columns.map(({ as }: { as: string | null }) => as)).toEqual(['id', 'name', null, null, 'deads'])
  expect(problem).toBeNull()
})

browserTest(
  'an officer adds verified deaths to the board: the columns of the scans are left out, the new one is named',
  async () => {
    const { call, url, id } = await leagueWithScans()
    const olga = { email: 'olga@example.org', username: 'olga', password: 'long enough for all', role: 'officer' }
    await call.post('/api/v1/users', olga)
    const page = await openBrowser()
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, olga.email, olga.password)
    await page.goto(`${url}/leagues/${id}/uploads`)
    const buffer = Buffer.from('ID,Name,Power,Kill Points\n1,P1,5,7\n2,P2,5,9\n9,Guest,5,1\n')
    await page.setInputFiles('input[type=file]', { name: 'proof.csv', mimeType: 'text/csv', buffer })
    await page.waitForSelector('.file >> text=Metrics: “Power”, “Kill Points”')
    await page.selectOption('.file select[id$=kind]', 'extra')
    await page.waitForSelector('.file >> text=The scans already have these columns')
    await page.selectOption('[aria-label="Read “Kill Points” as"]', 'metric')
    expect(await page.inputValue('[aria-label="What “Kill Points” is called"]')).toBe('verified Kill Points')
    await page.fill('[aria-label="What “Kill Points” is called"]', 'Verified deaths')
    await page.click('text=Preview without saving')
    await page.waitForSelector('[data-trial] >> text=1 unknown')
    await page.waitForSelector('[data-trial] td:text-is("Verified deaths")')
    await page.click('text=Import this file')
    await page.waitForSelector('text=On the board.')
    expect((await deathsOf(call, id))['2']).toEqual([9, 9])
    await page.click('td >> text="1" >> visible=true')
    await page.waitForSelector('text=Each of these players is in this extra sheet and not in the newest scan.')
    await page.waitForSelector('text=Guest')
    expect(consoleErrors).toEqual([])
  },
)

test('many readers of an older board at once make its columns once', async () => {
  const { app, id, send } = await leagueWithScans()
  await send(verified({ 1: 7 }), 3, 'extra')
  const { scores } = app.sheets.boards
  const selection = selectSnapshots(publishedSnapshots(app.db, id))
  if (!selection) throw new Error('There is no board')
  const scoresHere = openScores(app.config.dataDir)
  afterTest(() => scoresHere.close())
  scoresHere.run("delete from snapshots where starts_for like '%+%'")
  const work = { now: 0, pause: () => Bun.sleep(0) }
  const joined = await Promise.all([1, 2, 3].map(() => withExtras(scoresHere, selection, work)))
  expect(new Set(joined.map(({ current }) => current)).size).toBe(1)
  expect(scores.query("select id from snapshots where starts_for like '%+%'").all()).toHaveLength(1)
})

test('an extra sheet before the first scan says that it waits for one, and counts nobody as unknown', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const { upload_id, ...job } = await upload(call, id, verified({ 1: 7 }), { kind: 'extra' })
  const { result } = await finished(job)
  const { pagination } = await call.get(`/api/v1/uploads/${upload_id}/people?change=unknown`)
  expect([result.unknown, pagination.total, result.warnings]).toEqual([0, 0, [expect.stringContaining('no scan yet')]])
})

test('a count that fell from one extra sheet to the next makes no later scan suspicious', async () => {
  const { call, send } = await leagueWithScans()
  const healed = (count: number) => `ID,Name,Healed\n1,P1,${count}\n2,P2,9\n`
  await send(healed(8), 1, 'extra')
  const { upload_id } = await send(healed(3), 3, 'extra')
  expect((await call.get(`/api/v1/uploads/${upload_id}/people?change=went_down`)).people).toMatchObject([
    { player_id: '1', changes: [{ field: 'healed', before: 8, now: 3 }] },
  ])
  expect((await send(scan(16, 22, 91), 4, 'current')).result).toMatchObject({ status: 'done', suspicious: 0 })
})

test('an extra sheet that would make a board too wide is refused with the reason', async () => {
  const { send } = await leagueWithScans()
  const wide = (from: number) => {
    const columns = Array.from({ length: 600 }, (_, i) => from + i)
    return `ID,${columns.map(i => `m${i}`).join()}\n1,${columns.join()}\n2,${columns.join()}\n`
  }
  expect((await send(wide(0), 3, 'extra')).status).toBe('SUCCESS')
  expect((await send(wide(600), 4, 'extra')).error).toBe(
    'With the columns of earlier sheets this makes 1202 metrics; 1024 are the most',
  )
})
