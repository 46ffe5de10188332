/** Goals: several targets by power, and the share that each player has reached. */
import { expect, test } from 'bun:test'
import { readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { texts } from './fixtures/sheets/reads.ts'
import { newLeague, upload } from './sheets.ts'
import { board, refusalOf, shared, start } from './start.ts'

const scan = (...rows: (number | string)[][]) =>
  `ID,Name,Power,Kill Points,Deads\n${rows.map((cells, i) => `${i + 1},P${i + 1},${cells.join()}`).join('\n')}\n`
type GoalRow = { player_id: string; goal_pct: number | null; goals: Record<string, number | null>; tier: string | null }

const goals = [
  { to: 100, targets: { 'Kill Points': 50, Deaths: 10 } },
  { from: 100, to: 1000, targets: { kill_points: 200 } },
]

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

async function leagueOfFour(config: object) {
  const app = await service()
  const { id } = await newLeague(app.call, config)
  const send = (content: string, day: number, kind: string) =>
    app.finished(upload(app.call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z` }))
  await send(scan([50, 0, 0], [99, 10, 5], [100, 100, 0], [5000, 0, 0], [60, 0, '']), 1, 'baseline')
  await send(scan([500, 50, 5], [99, 35, 25], [100, 400, 0], [5000, 9, 9], [60, 50, '']), 2, 'current')
  const goalPercents = async (query = '') =>
    (await board(app.call, id, query)).rows.map(({ player_id, goal_pct }: GoalRow) => [player_id, goal_pct])
  return { ...app, id, goalPercents }
}

test('the percent of a goal is the least of its targets, for the power of each; boards are ranked and exported by it', async () => {
  const { call, id, goalPercents, url } = await leagueOfFour({ goals })
  const { config } = await call.get(`/api/v1/leagues/${id}`)
  expect(config.goals[0]).toEqual({ to: 100, targets: { kill_points: 50, deads: 10 } })
  const { rows } = await board(call, id, '?sort_by=goal_pct')
  expect(rows.map(({ player_id, goal_pct, goals }: GoalRow) => [player_id, goal_pct, goals])).toEqual([
    ['3', 150, { kill_points: 150, deads: null }],
    ['1', 50, { kill_points: 100, deads: 50 }],
    ['2', 50, { kill_points: 50, deads: 200 }],
    ['4', null, { kill_points: null, deads: null }],
    ['5', null, { kill_points: 100, deads: null }],
  ])
  expect((await goalPercents('?sort_by=deads.goal_pct'))[0]).toEqual(['2', 50])
  expect((await refusalOf(goalPercents('?sort_by=T4 Kills.goal_pct'))).status).toBe(400)
  expect((await goalPercents('?sort_by=Dead Troops.goal_pct&order=asc'))[0]).toEqual(['1', 50])
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv?sort_by=goal_pct`)
  expect(csv.split('\r\n')[0]).toEndWith(',goal_pct,kill_points_goal_pct,deads_goal_pct')
  expect(csv.split('\r\n')[1]).toEndWith(',150,150,')
  expect(await call.get(`/api/v1/leagues/${id}/players/1`)).toMatchObject({ goal_pct: 50, goals: { deads: 50 } })
  const page = await (await fetch(`${url}/leagues/${id}?sort_by=goal_pct`)).text()
  expect(page).toContain('Deads: goal')
  expect(await (await fetch(`${url}/leagues/${id}/players/1`)).text()).toContain('Kill Points 100')
  expect((await call.patch(`/api/v1/leagues/${id}`, { config: { sort: 'Deaths.goal_pct' } })).config.sort).toBe(
    'deads.goal_pct',
  )
})

test('tiers follow the percent of goals; a single goal for the score is shown in percent as well', async () => {
  const tiers = [
    { name: 'met', min: 100 },
    { name: 'half', min: 50 },
    { name: 'below', min: 0 },
  ]
  const { call, id, goalPercents } = await leagueOfFour({ goals, classify_by: 'goal', tiers })
  const tierOf = async () =>
    Object.fromEntries((await board(call, id)).rows.map(({ player_id, tier }: GoalRow) => [player_id, tier]))
  expect(await tierOf()).toEqual({ 1: 'half', 2: 'half', 3: 'met', 4: null, 5: null })
  await call.patch(`/api/v1/leagues/${id}`, { config: { goals: null, goal: 50 } })
  expect(await tierOf()).toEqual({ 1: 'met', 2: 'half', 3: 'met', 4: 'below', 5: 'met' })
  expect(await goalPercents('?sort_by=goal_pct')).toEqual([
    ['3', 600],
    ['1', 100],
    ['5', 100],
    ['2', 50],
    ['4', 18],
  ])
  const change = { goal: null, goals: [{ targets: { score: 100 } }], score_on: 'current', weights: { power: 1 } }
  await call.patch(`/api/v1/leagues/${id}`, { config: change })
  expect((await goalPercents('?sort_by=score.goal_pct'))[0]).toEqual(['4', 5000])
})

test('goals that overlap, end before they start or come in addition to a single goal are refused, each with its place', async () => {
  const { call } = await start()
  const errors = async (config: object) => {
    const { status, problem } = await refusalOf(newLeague(call, config))
    return [status, ...problem.errors.map(({ path }: { path: string }) => path)]
  }
  const targets = { deads: 1 }
  expect(
    await errors({
      goals: [
        { to: 10, targets },
        { from: 9, targets },
      ],
    }),
  ).toEqual([422, 'config.goals.1.from'])
  expect(await errors({ goals: [{ from: 10, to: 10, targets }] })).toEqual([422, 'config.goals.0.to'])
  expect(await errors({ goals: [{ targets }], goal: 5 })).toEqual([422, 'config.goal'])
  expect(await errors({ goals: [{ targets: {} }] })).toEqual([422, 'config.goals.0.targets'])
  expect(await errors({ goals: [{ target: 1, targets }] })).toEqual([422, 'config.goals.0.target'])
  expect(await errors({ goals: [{ targets: { deads: 1, Deaths: 2 } }] })).toEqual([
    422,
    'config.goals.0.targets.Deaths',
  ])
})

test('a board whose goals name a metric that nobody has says so', async () => {
  const { call, id } = await leagueOfFour({ goals: [{ from: 1, targets: { helps: 5 } }] })
  expect((await board(call, id)).notes).toEqual([
    "The goals name Helps, which the newest sheet does not have, so nobody's goal can be computed. The sheet has Power, Kill Points, Deads.",
  ])
})

test('an exported board that comes back as a sheet brings its metrics, and nothing that the board works out', async () => {
  const { call, id } = await leagueOfFour({ goals })
  await call.put(`/api/v1/leagues/${id}/players/2/mark`, { reason: 'farm', farm_of: '1' })
  const { metrics } = (await board(call, id)).rows[0]
  for (const format of ['csv', 'xlsx']) {
    const exported = await (await call.raw(`/api/v1/leagues/${id}/leaderboard.${format}`)).bytes()
    const sheet = await readSheet(exported)
    expect(sheet.metrics.map(({ name }) => name)).toEqual(Object.keys(metrics))
    expect(sheet.notes.join()).toStartWith('This is an exported board. ')
    const mapped = await readSheet(exported, { mapping: { score: 'points' } })
    expect(mapped.metrics.map(({ name }) => name)).toEqual(['points', ...Object.keys(metrics)])
  }
})

test('a table of somebody else, and columns that were added to an exported board, keep all their metrics', async () => {
  const metricsOf = async (csv: string) => (await readSheet(Buffer.from(csv))).metrics.map(({ name }) => name)
  expect(await metricsOf('rank,change,player_id,name,score,mana,,luck\n1,0,7,Ann,5,3,,2\n')).toEqual(['mana', 'luck'])
  expect(await metricsOf('player_id,name,score,mana,mana_gain,rank,change\n7,Ann,5,3,1,1,0\n')).toEqual([
    'points',
    'mana',
    'mana_gain',
    'change_value',
  ])
})

test('a name that an export writes with an apostrophe, lest it be a formula, is read without it', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, "id,name,power\n1,+Ann,1\n-2,=Bob,2\n3,'Cy,3\n"))
  const { ids, names } = await readSheet(await (await call.raw(`/api/v1/leagues/${id}/leaderboard.csv`)).bytes())
  expect([texts(ids), texts(names)]).toEqual([
    ['-2', '1', '3'],
    ['=Bob', '+Ann', "'Cy"],
  ])
})
