/** Previews of a config: who would move how far before it is saved. */
import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { newCup } from './market.ts'
import { browserTest } from './needs.ts'
import { newLeague, season, upload } from './sheets.ts'
import { board, refusalOf, shared, start } from './start.ts'

const scan = (...rows: number[][]) =>
  `ID,Name,Power,Kill Points,Deads\n${rows.map((cells, i) => `${i + 1},P${i + 1},${cells.join()}`).join('\n')}\n`

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

async function leagueOfFive(config: object = { weights: { kill_points: 1 } }, open: typeof service = service) {
  const app = await open()
  const { id } = await newLeague(app.call, config)
  const send = (content: string, day: number, kind: string) =>
    app.finished(upload(app.call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z` }))
  await send(scan([10, 0, 0], [10, 0, 0], [10, 0, 0], [10, 0, 0], [10, 0, 0]), 1, 'baseline')
  await send(scan([50, 5, 90], [40, 4, 20], [30, 3, 30], [20, 2, 40], [10, 1, 5]), 2, 'current')
  const preview = (config: object, query = '') =>
    app.call.post(`/api/v1/leagues/${id}/preview-config${query}`, { config })
  return { ...app, id, preview }
}

test('a preview of weights says who would move up and down, and changes nothing', async () => {
  const { call, id, preview } = await leagueOfFive()
  const before = await board(call, id)
  const answer = await preview({ weights: { Deaths: 10 } })
  expect(answer).toMatchObject({ players: 5, moved: 2, sort_by_before: 'score', sort_by: 'score', notes: [] })
  expect(answer.up).toMatchObject([
    {
      player_id: '4',
      name: 'P4',
      rank_before: 4,
      rank: 2,
      move: 2,
      score_before: 2,
      score: 400,
      tier_before: 'reserve',
    },
  ])
  expect(answer.down.map(({ player_id, move }: { player_id: string; move: number }) => [player_id, move])).toEqual([
    ['2', -2],
  ])
  expect(await board(call, id)).toEqual(before)
  const changes = async () =>
    (await call.get('/admin/audit/logs/json?action=league.change')).logs.filter(
      ({ target }: { target: string }) => target === `league ${id}`,
    )
  expect(await changes()).toEqual([])
  await call.patch(`/api/v1/leagues/${id}`, { config: { weights: { deads: 10 } } })
  expect(await changes()).toHaveLength(1)
  expect((await board(call, id)).rows.map(({ player_id }: { player_id: string }) => player_id)).toEqual([
    '1',
    '4',
    '3',
    '2',
    '5',
  ])
  expect(await preview({ weights: { deads: 10 } })).toMatchObject({ moved: 0, up: [], down: [], tiers_changed: 0 })
})

test('tiers, goals and the order are previewed as well', async () => {
  const { preview } = await leagueOfFive()
  const tiers = [
    { name: 'met', min: 100 },
    { name: 'below', min: 0 },
  ]
  const goals = [{ targets: { deads: 30 } }]
  const change = { tiers, classify_by: 'goal', goals, sort: 'goal_pct' }
  const answer = await preview(change, '?limit=1')
  expect(answer).toMatchObject({ sort_by: 'goal_pct', tiers_changed: 5, up: [{ player_id: '4', tier: 'met' }] })
  expect(answer.up).toHaveLength(1)
  const to = (tier: string) =>
    answer.tiers
      .filter((change: { to: string }) => change.to === tier)
      .reduce((sum: number, { players }: { players: number }) => sum + players, 0)
  expect([to('met'), to('below')]).toEqual([3, 2])
})

test('a preview refuses an invalid config, a missing or final board, and strangers', async () => {
  const { call, as, id, preview } = await leagueOfFive()
  const wrong = await refusalOf(preview({ weights: { valor: 1 } }))
  expect([wrong.status, wrong.problem.errors[0].path]).toEqual([422, 'config.weights.valor'])
  expect((await refusalOf(as().post(`/api/v1/leagues/${id}/preview-config`, { config: {} }))).status).toBe(401)
  const empty = await newLeague(call, {}, 'Empty')
  expect((await refusalOf(call.post(`/api/v1/leagues/${empty.id}/preview-config`, { config: {} }))).status).toBe(409)
  const cup = await newCup(call)
  expect((await refusalOf(call.post(`/api/v1/leagues/${cup.id}/preview-config`, { config: {} }))).status).toBe(409)
  await call.post(`/api/v1/leagues/${id}/finalize`)
  expect((await refusalOf(preview({ weights: { deads: 1 } }))).status).toBe(409)
})

const officer = { email: 'olga@example.org', username: 'olga', password: 'long enough for all', role: 'officer' }

for (const javaScriptEnabled of [true, false])
  browserTest(
    `an officer changes weights, sees who would move and saves ${javaScriptEnabled ? 'then' : 'nothing yet, without JavaScript'}`,
    async () => {
      const config = { weights: { kill_points: 1 }, webhook_url: 'https://hooks.example.org/of-ours' }
      const { call, url, id } = await leagueOfFive(config, start)
      await call.post('/api/v1/users', officer)
      const page = await openBrowser({ javaScriptEnabled })
      const consoleErrors = consoleErrorsOf(page)
      await signInBrowser(page, url, officer.email, officer.password)
      await page.goto(`${url}/leagues/${id}/settings`)
      expect(await page.isVisible('button:text-is("Save")')).toBe(javaScriptEnabled) // it would only lead to a page of JSON
      await page.fill('[name="config.weights"]', 'Deaths 10\nKill points')
      await page.click('text=Preview the changes')
      await page.waitForSelector('main >> text=“Kill points” is no name with a number')
      if (!javaScriptEnabled) await page.goBack()
      await page.fill('[name="config.weights"]', 'Deaths 10')
      await page.click('summary:text("Goals")')
      await page.fill('[name="config.goals.0.targets"]', 'deads 30')
      await page.click('text=Preview the changes')
      await page.waitForSelector('#config-preview >> text=2 of 5 players would change rank')
      expect(await page.locator('#config-preview table').first().textContent()).toContain('P4')
      expect(await page.inputValue('[name="config.weights"]')).toContain(javaScriptEnabled ? 'Deaths 10' : 'Deads 10')
      expect(await page.inputValue('[name="config.goals.0.targets"]')).toBe(javaScriptEnabled ? 'deads 30' : 'Deads 30')
      expect(await page.content()).not.toContain('of-ours')
      expect((await call.get(`/api/v1/leagues/${id}`)).config.weights).toEqual({ kill_points: 1 })
      if (!javaScriptEnabled) return
      await page.fill('[name="config.weights"]', 'Deaths 1.500')
      await page.click('text=Preview the changes')
      await page.waitForSelector('#f-config-weights-error >> text=“1.500” may be 1500')
      await page.fill('[name="config.weights"]', 'valor 10')
      await page.click('text=Preview the changes')
      await page.waitForSelector('#f-config-weights-error >> text=There is no metric valor here')
      await page.fill('[name="config.weights"]', 'Deaths 10')
      await page.click('button:text-is("Save")')
      await page.waitForSelector('.toast.shown')
      expect((await call.get(`/api/v1/leagues/${id}`)).config).toMatchObject({
        weights: { deads: 10 },
        goals: [{ targets: { deads: 30 } }],
      })
      expect(consoleErrors.filter(error => !error.includes('422'))).toEqual([])
    },
  )

test('the API page describes the config of each kind, with an example', async () => {
  const { call } = await service()
  const { paths } = await call.get('/swagger/json')
  const { schema } = paths['/api/v1/leagues'].post.requestBody.content['application/json']
  const kinds = schema.properties.config.anyOf
  expect(kinds.map(({ title }: { title: string }) => title)).toEqual([
    'Config of a sheet league',
    'Config of a tour league',
    'Config of a market league',
  ])
  for (const kind of kinds) expect(Object.keys(kind.example).filter(key => !kind.properties[key])).toEqual([])
  expect(schema.example.kind).toBe('sheet')
  expect((await call.post('/api/v1/leagues', { ...season, config: schema.example.config })).config).toEqual(
    schema.example.config,
  )
})
