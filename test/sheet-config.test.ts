/** The config of a sheet league accepts the words of its sheets, and refuses unknown keys. */
import { expect, test } from 'bun:test'
import { configOfForm } from '../src/leagues/pages/config-form.ts'
import { sheetConfig } from '../src/leagues/sheets/config-schema.ts'
import { sheetKindPages } from '../src/leagues/sheets/kind-pages.ts'
import { MetricNames } from '../src/leagues/sheets/metric-names.ts'
import { formOf, newLeague, season, upload } from './sheets.ts'
import { board, refusalOf, shared, start } from './start.ts'

const errorsOf = async (call: Promise<unknown>) => {
  const { status, problem } = await refusalOf(call)
  return [status, ...problem.errors.map(({ path, message }: { path: string; message: string }) => `${path} ${message}`)]
}
const scan = 'Governor ID,Name,Power,T4 Kills,Honor Points\n1,Ann,100,10,5\n2,Bob,90,20,7\n'
const later = 'Governor ID,Name,Power,T4 Kills,Honor Points\n1,Ann,100,15,9\n2,Bob,90,22,8\n'

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

test('weights from a form are read line by line, and a line without a number is refused', () => {
  const long = '='.repeat(20_000)
  const weights = (text: string) => configOfForm(sheetConfig, { 'config.weights': text }).weights
  expect(weights(`deads 80\nKill Points: 2\r\n honor=1 \n${long} a 3`)).toEqual({
    deads: 80,
    'Kill Points': 2,
    honor: 1,
    [`${long} a`]: 3,
  })
  for (const line of ['valor x', `${long} a b`, long]) expect(() => weights(line)).toThrow('is no name with a number')
})

test('a field of a form changes nothing outside its config, whatever it is called', () => {
  configOfForm(sheetConfig, { 'config.__proto__.stray': '1', 'config.weights.__proto__.stray': '1' })
  expect({}).not.toHaveProperty('stray')
})

test('an unknown key of the config is refused, with the known ones', async () => {
  const { call } = await service()
  expect(await errorsOf(newLeague(call, { wieghts: { deads: 1 } }))).toEqual([
    422,
    expect.stringMatching(/^config\.wieghts There is no setting wieghts here; the settings are weights, score_on, /),
  ])
  const nested = { goal: { per_powr: 1, per_power: 1 }, tiers: [{ name: 'a', min: 1, max: 2 }] }
  expect(await errorsOf(newLeague(call, nested))).toEqual([
    422,
    'config.goal.per_powr There is no setting per_powr here; the settings are per_power.',
    'config.tiers.0.max There is no setting max here; the settings are name, min.',
  ])
  const market = { ...season, kind: 'market', config: { starting_cash: 5 } }
  expect((await errorsOf(call.post('/api/v1/leagues', market)))[1]).toStartWith(
    'config.starting_cash There is no setting starting_cash',
  )
  const tour = { ...season, kind: 'tour', config: { tour: 'pga', pick: 4 } }
  expect((await errorsOf(call.post('/api/v1/leagues', tour)))[1]).toStartWith(
    'config.pick There is no setting pick here',
  )
})

test('the form shows weights as the board calls them, and reads them back as the same metrics', () => {
  const weights = { kills_t4: 10, deads: 80, hit_pct: 2, score: 1 }
  const [, text = ''] = String(sheetKindPages.fields({ weights })).match(/name="config.weights"[^>]*>\n([^<]*)/) ?? []
  expect(text.split('\n')).toEqual(['Kills t4 10', 'Deads 80', 'hit_pct 2', 'score 1'])
})

test('weights and the order accept the words of the sheets, and unknown metrics are refused with the known ones', async () => {
  const { call, finished } = await service()
  const { id, config } = await newLeague(call, { weights: { 'T4 Kills': 10, 'Total Power': 1 }, sort: 'T4 Kills' })
  expect(config).toEqual({ weights: { kills_t4: 10, power: 1 }, sort: 'kills_t4' })
  const capitals = { sort: 'Score', columns: ['Tier', 'Score', 'Deads'], goals: [{ targets: { Score: 5, Deads: 2 } }] }
  expect((await newLeague(call, capitals, 'With capitals')).config).toEqual({
    sort: 'score',
    columns: ['tier', 'score', 'deads'],
    goals: [{ targets: { score: 5, deads: 2 } }],
  })
  await finished(upload(call, id, scan, { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, later, { taken_at: '2026-03-02T00:00:00Z' }))
  const change = (config: object) => call.patch(`/api/v1/leagues/${id}`, { config })
  expect((await change({ weights: { 'HONOR points': 2 } })).config.weights).toEqual({ honor_points: 2 })
  expect(await errorsOf(change({ weights: { valor: 1, 'T4 kills': 1, kills_t4: 2 }, sort: 'luck' }))).toEqual([
    422,
    'config.weights.valor There is no metric valor here; the sheets have Power, T4 Kills, Honor Points.',
    'config.weights.kills_t4 “kills_t4” is T4 Kills, which already has a weight.',
    'config.sort There is no metric luck here; the sheets have Power, T4 Kills, Honor Points.',
  ])
})

test('a metric is meant by its heading on the board, even where another sheet would mean something else by it', () => {
  const names = new MetricNames(['kills', 'total_kills', 'k_d_pct'], [], undefined)
  const meant = ['Kills', 'kills', 'Total kills', 'K d', 'K/D %', 'Dead Troops'].map(each => names.resolve(each, ''))
  expect(meant).toEqual(['kills', 'kills', 'total_kills', 'k_d_pct', 'k_d_pct', 'deads'])
  expect(new MetricNames(['win_pct', 'win'], [], undefined).resolve('Win', '')).toBe('win') // both are called so
})

test('an unknown metric is called as its heading writes it, and is the same one without accents, in sheets, weights and links', async () => {
  const { call, finished, url } = await service()
  const { id, config } = await newLeague(call, { weights: { Aktivität: 2 } })
  expect(config.weights).toEqual({ aktivität: 2 })
  const sheet = (head: string, value: number) => `ID,Name,${head},Kämpfe\n1,Ann,${value},3\n2,Bob,1,4\n`
  await finished(upload(call, id, sheet('Aktivität', 5), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  const { upload_id, ...job } = await upload(call, id, sheet('Aktivitat', 9), { taken_at: '2026-03-02T00:00:00Z' })
  await finished(job)
  expect((await call.get(`/api/v1/uploads/${upload_id}`)).mapping.Aktivitat).toBe('aktivität')
  const { rows } = await board(call, id)
  expect(rows[0]).toMatchObject({ score: 8, metrics: { aktivität: 9, kämpfe: 3 }, gains: { aktivität: 4 } })
  const sorted = await call.get(`/api/v1/leagues/${id}/leaderboard?sort_by=Kampfe&order=asc`)
  expect(sorted).toMatchObject({ sort_by: 'kämpfe', rows: [{ player_id: '1' }, {}] })
  const proof = formOf('ID,Aktivitat,Proof\n1,5,6\n', 'proof.csv', { kind: 'extra' })
  const preview = await call.post(`/api/v1/leagues/${id}/uploads/preview`, proof)
  expect(preview.columns).toMatchObject([{ as: 'id' }, { as: null }, { as: 'proof' }])
  const page = await (await fetch(`${url}/leagues/${id}`)).text()
  for (const heading of ['Aktivität', 'Kämpfe']) expect(page).toContain(heading)
  const change = await call.patch(`/api/v1/leagues/${id}`, {
    config: { weights: { Kampfe: 1 }, sort: 'aktivitat.gain' },
  })
  expect(change.config).toMatchObject({ weights: { kämpfe: 1 }, sort: 'aktivität.gain' })
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)
  expect(csv.split('\r\n')[0]).toContain('aktivität,kämpfe')
  await finished(upload(call, id, csv, { taken_at: '2026-03-03T00:00:00Z' }))
  expect((await board(call, id)).rows[0]?.metrics).toMatchObject({ aktivität: 9, kämpfe: 3 })
})

test('a league whose scans have a metric without its accents keeps it under that name', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const sheet = (head: string, value: number) => `ID,${head}\n1,${value}\n2,1\n`
  await finished(upload(call, id, sheet('Aktivitat', 5), { taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, sheet('Aktivität', 9), { taken_at: '2026-03-02T00:00:00Z' }))
  expect((await board(call, id)).rows[0]).toMatchObject({ metrics: { aktivitat: 9 }, gains: { aktivitat: 4 } })
})

test('a board whose score means nothing says why, and nobody is first on it', async () => {
  const { call, finished, url } = await service()
  const { id } = await newLeague(call, { weights: { deads: 1 } })
  await finished(upload(call, id, scan, { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, later, { taken_at: '2026-03-02T00:00:00Z' }))
  const { rows, notes } = await board(call, id)
  expect(rows.map(({ rank }: { rank: number | null }) => rank)).toEqual([null, null])
  expect(notes).toEqual([
    'Nobody has a score, so nobody is ranked.',
    'The weights name Deads, which the newest sheet does not have, so they add nothing. The sheet has Power, T4 Kills, Honor Points.',
  ])
  const page = await (await fetch(`${url}/leagues/${id}`)).text()
  expect(page).toContain('Nobody has a score')
  expect(page).not.toContain('Leader<')
})

test('a board on which everyone has the same score says what it is, until the league has weights', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, {})
  await finished(
    upload(call, id, 'id,name,power,deads\n1,Ann,5,1\n2,Bob,7,1\n', {
      kind: 'baseline',
      taken_at: '2026-03-01T00:00:00Z',
    }),
  )
  await finished(upload(call, id, 'id,name,power,deads\n1,Ann,5,3\n2,Bob,7,2\n', { taken_at: '2026-03-02T00:00:00Z' }))
  expect((await board(call, id)).notes).toEqual([
    'Everyone has the same score: without weights it is the gain in Power. Officers set weights in the settings.',
  ])
  await call.patch(`/api/v1/leagues/${id}`, { config: { weights: { deads: 1 } } })
  expect((await board(call, id)).notes).toBeUndefined()
})

test('players without a score have no rank on the page', async () => {
  const { call, finished, url } = await service()
  const { id } = await newLeague(call, { weights: { kills_t4: 1 } })
  const send = (content: string, day: number, kind: string) =>
    finished(upload(call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z` }))
  await send('ID,Name,Power,T4 Kills\n1,Ann,100,\n2,Bob,90,20\n', 1, 'baseline')
  await send('ID,Name,Power,T4 Kills\n1,Ann,100,15\n2,Bob,90,22\n', 2, 'current')
  expect((await board(call, id)).rows).toMatchObject([
    { name: 'Bob', rank: 1, score: 2 },
    { name: 'Ann', rank: 2, score: null },
  ])
  const ranks = async (path: string) =>
    [
      ...(await (await fetch(`${url}/leagues/${id}${path}`)).text()).matchAll(
        /class="num rank"[^>]*><span>(.*?)<\/span>(?=<\/td>)/g,
      ),
    ].map(([, rank]) => rank?.replaceAll(/<[^>]+>/g, ''))
  expect(await ranks('')).toEqual(['1', '–'])
  expect(await ranks('?sort_by=kills_t4.gain')).toEqual(['1', '–'])
  expect(await ranks('?sort_by=power')).toEqual(['1', '2'])
  expect(await (await fetch(`${url}/leagues/${id}/players/1`)).text()).toMatch(/<dt>Rank<\/dt><dd>(<[^>]+>)*–/)
})
