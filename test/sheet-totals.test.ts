/** Totals of players, by a label and of the whole board. */
import { expect, test } from 'bun:test'
import { randomFrom } from '../scripts/random.ts'
import { textColumn } from '../src/leaderboard/text.ts'
import { groupRows } from '../src/leaderboard/totals.ts'
import { newCup } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, shared, start } from './start.ts'

test('texts are grouped by value, even if their hashes are equal', () => {
  const { below } = randomFrom(7)
  const texts = Array.from({ length: 5_000 }, () => `tag ${below(900)}`)
  const { groupOfRow: groupOf, texts: groups } = groupRows(textColumn(texts), 1_000)!
  expect(groups).toHaveLength(new Set(texts).size)
  expect(texts.map((_, row) => groups[groupOf[row]!]!)).toEqual(texts)
  expect(groupRows(textColumn(['a', 'b', 'c']), 2)).toBeUndefined()
})

const before = 'ID,Name,Alliance,Power,Deads\n1,Ann,ABC,10,0\n2,Bob,XY,20,0\n3,Cy,ABC,30,0\n4,Di,,40,0\n'
const after = 'ID,Name,Alliance,Power,Deads\n1,Ann,ABC,11,5\n2,Bob,XY,25,7\n3,Cy,ABC,30,\n4,Di,,50,1\n'

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

async function startWithScans() {
  const app = await service()
  const { call, finished } = app
  const { id } = await newLeague(call, { weights: { deads: 10 } })
  await finished(upload(call, id, before, { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, after, { taken_at: '2026-03-02T00:00:00Z' }))
  const path = `/api/v1/leagues/${id}`
  return { ...app, id, path, totals: (query = '') => call.get(`${path}/totals${query}`) }
}

type GroupRow = { text: string; rank: number; players: number; score: { sum: number } }
const ranksOf = ({ rows }: { rows: GroupRow[] }) => rows.map(({ text, rank }) => `${text}:${rank}`)

test('alliances are added up and ranked by any sum or average, players who are left out not among them', async () => {
  const { call, id, path, totals } = await startWithScans()
  const { all, labels, rows } = await totals()
  expect([labels, rows]).toEqual([['alliance'], []])
  expect(all).toEqual({
    players: 4,
    score: { sum: 130, average: 130 / 3, known: 3 },
    metrics: { power: { sum: 116, average: 29, known: 4 }, deads: { sum: 13, average: 13 / 3, known: 3 } },
    gains: { power: { sum: 16, average: 4, known: 4 }, deads: { sum: 13, average: 13 / 3, known: 3 } },
  })
  const byAlliance = await totals('?label=alliance')
  expect(ranksOf(byAlliance)).toEqual(['XY:1', 'ABC:2', ':3'])
  expect(byAlliance.rows[1]).toMatchObject({
    players: 2,
    score: { sum: 50, average: 50, known: 1 },
    metrics: { power: { sum: 41, average: 20.5 } },
    gains: { power: { sum: 1 } },
  })
  expect(byAlliance.all).toEqual(all)
  expect(ranksOf(await totals('?label=alliance&sort_by=players'))).toEqual(['ABC:1', ':2', 'XY:2'])
  expect(ranksOf(await totals('?label=alliance&sort_by=Total Power&by=average'))).toEqual([':1', 'XY:2', 'ABC:3'])
  expect(ranksOf(await totals('?label=alliance&sort_by=power.gain&limit=1&page=2'))).toEqual(['XY:2'])
  expect((await totals('?from=2026-03-01T12:00:00Z')).gains_from).toBe('2026-03-01T00:00:00.000Z')
  expect((await totals('?at=2026-02-01T00:00:00Z')).all).toBeNull()

  await call.put(`${path}/players/2/mark`, { reason: 'vacation' })
  expect((await totals()).all.players).toBe(3)
  expect(ranksOf(await totals('?label=alliance'))).toEqual(['ABC:1', ':2'])

  const csv: string = await call.get(`${path}/totals.csv?label=alliance`)
  const lines = csv.trim().split('\r\n')
  expect(lines[0]).toEndWith(
    'rank,alliance,players,score,score_average,power,power_average,deads,deads_average,power_gain,power_gain_average,deads_gain,deads_gain_average',
  )
  expect(lines.slice(1).map(line => line.split(',').slice(0, 4).join())).toEqual(['1,ABC,2,50', '2,,1,10', ',all,3,60'])

  const page: string = await call.get(`/leagues/${id}/totals?label=alliance&by=average`)
  expect(page).toContain('Everyone')
  expect(page).toContain('label=alliance%3AABC')
  expect(await call.get(`/leagues/${id}`)).toContain('Total of 3')
  expect(await call.get(`/leagues/${id}?label=alliance:ABC`)).toContain('Total of 2')
  expect(await call.get(`/leagues/${id}?label=alliance:`)).toContain('Total of 1')
  expect(await call.get(`/leagues/${id}?q=ann`)).not.toContain('Total of')
  const earlier: string = await call.get(`/leagues/${id}/totals?at=2026-03-02T00:00`) // as a form sends it
  const [file = ''] = earlier.match(/(?<=href=")[^"]*totals\.csv[^"]*/) ?? []
  expect(await call.get(file.replaceAll('&amp;', '&'))).toContain('all,')
})

test('unknown totals are refused with the choices', async () => {
  const { call, totals } = await startWithScans()
  const label = await refusalOf(totals('?label=clan'))
  expect([label.status, label.problem.errors[0].path]).toEqual([422, 'label'])
  expect(label.problem.errors[0].message).toContain('It has alliance')
  const sort = await refusalOf(totals('?label=alliance&sort_by=luck'))
  expect([sort.status, sort.problem.choices]).toEqual([
    400,
    ['score', 'players', 'power', 'deads', 'power.gain', 'deads.gain'],
  ])
  const cup = await newCup(call)
  expect((await refusalOf(call.get(`/api/v1/leagues/${cup.id}/totals`))).status).toBe(404)
})

test('the count of a tier opens its players, with their ranks on the whole board', async () => {
  const { call, id, path } = await startWithScans()
  await call.patch(path, {
    config: {
      weights: { deads: 10 },
      classify_by: 'score',
      tiers: [
        { name: 'star', min: 1_000_000 },
        { name: 'high & dry', min: 40 },
        { name: 'low', min: 0 },
      ],
    },
  })
  const listed = async (query: string) =>
    (await call.get(`${path}/leaderboard?${query}`)).rows.map((row: { player_id: string; rank: number }) => [
      row.player_id,
      row.rank,
    ])
  expect((await call.get(`${path}/classifications`)).tiers.map((tier: { players: number }) => tier.players)).toEqual([
    0, 2, 1,
  ])
  expect(await listed('tier=high %26 dry')).toEqual([
    ['2', 1],
    ['1', 2],
  ])
  expect(await listed('tier=high %26 dry&label=alliance:ABC')).toEqual([['1', 2]])
  expect(await listed('tier=low&q=bob')).toEqual([])
  expect(await call.get(`${path}/leaderboard.csv?tier=low`)).toMatch(/^rank.*\r\n3,,4,Di,.*\r\n$/)

  expect(await call.get(`/leagues/${id}`)).toContain(`<a href="/leagues/${id}?tier=high+%26+dry">2</a>`)
  expect(await call.get(`/leagues/${id}?tier=high+%26+dry`)).toContain('high &amp; dry: 2 players')
  expect(await call.get(`/leagues/${id}?tier=star`)).toContain('No player of this board is in star.')
  expect(await call.get(`/leagues/${id}?label=alliance:NIX&at=2099-01-01`)).toContain('is in alliance NIX.')
  expect(await refusalOf(call.get(`${path}/leaderboard?tier=top`))).toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'tier', message: 'Choose one of: star, high & dry, low.' }] },
  })
  const cup = await newCup(call)
  expect(await refusalOf(call.get(`/api/v1/leagues/${cup.id}/leaderboard?tier=top`))).toMatchObject({
    status: 422,
    problem: { errors: [{ path: 'tier' }] },
  })
})
