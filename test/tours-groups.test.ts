import { describe, expect, test } from 'bun:test'
import type { Golfer } from '../src/leagues/tours/feeds/board.ts'
import { pickGroupsOf } from '../src/leagues/tours/groups.ts'
import { hour, minute } from '../src/platform/clock.ts'
import { refusalOf, start } from './start.ts'
import { enter, feedFor, jsonFeed, newTourLeague, newUpdatedTour, newUser, players, update } from './tours.ts'

async function startGrouped(config: object) {
  const fieldhouse = await start()
  const { call } = fieldhouse
  await newUpdatedTour(call, feedFor().url)
  const league = await newTourLeague(call, { picks: undefined, best: 2, ...config })
  const field: Golfer[] = await players(call)
  return { ...fieldhouse, league, field, ann: await newUser(fieldhouse, 'ann') }
}

test('in a league with groups by odds an entry picks one of each', async () => {
  const { call, league, field, ann } = await startGrouped({ groups: { by: 'odds', count: 3 } })
  expect(league.config).toMatchObject({ picks: 3, groups: { by: 'odds' } })
  const path = `/api/v1/leagues/${league.id}`
  const { groups } = await call.get(`${path}/field`)
  expect(groups.map(({ name, players }: { name: string; players: string[] }) => [name, players.length])).toEqual([
    ['A', 8],
    ['B', 8],
    ['C', 8],
  ])
  const [a, b, c] = groups.map(({ players }: { players: string[] }) => players)
  const pickErrors = async (picks: string[]) => (await refusalOf(enter(ann, league.id, picks))).problem.errors
  expect(await pickErrors([a[0], a[1], c[0]])).toEqual([
    { path: 'picks.0', message: 'Pick one from group A, not 2.' },
    { path: 'picks.1', message: 'Pick one from group B.' },
  ])
  expect(await pickErrors([a[0], b[0]])).toMatchObject([{ path: 'picks.2', message: 'Pick one from group C.' }])
  await enter(ann, league.id, [c[7], a[0], b[3]])
  expect((await refusalOf(call.patch(path, { config: { groups: null } }))).status).toBe(409)
  expect(field).toHaveLength(24)
})

test('the API returns the field of a league with ranks, odds and groups', async () => {
  const { as, league } = await startGrouped({ picks: 4, groups: { by: 'rank' } })
  const { players, pagination, picks_open } = await as().get(`/api/v1/leagues/${league.id}/field?limit=5`)
  expect(players).toHaveLength(5)
  expect(players[0]).toMatchObject({ rank: 1, odds: 5.5, group: 'A', name: expect.any(String) })
  expect(pagination.total).toBe(24)
  expect(picks_open).toBe(true)
})

test('groups are lists of names as people write them; golfers in no group cannot be picked', async () => {
  const { call, field, ann } = await startGrouped({ picks: 4 })
  const [a, b, c, d] = field as [Golfer, Golfer, Golfer, Golfer]
  const lists = [
    { name: 'Favourites', players: [a.name.toUpperCase(), b.player_id] },
    { name: 'Others', players: [c.name.split(' ').toReversed().join(' '), 'Ned Nowhere'] },
  ]
  const league = await newTourLeague(call, { picks: undefined, best: 1, groups: { lists } })
  expect(league.config).toMatchObject({ picks: 2, groups: { lists } })
  const pickErrors = async (picks: string[]) => (await refusalOf(enter(ann, league.id, picks))).problem.errors
  expect(await pickErrors([a.player_id, d.player_id])).toEqual([
    { path: 'picks.1', message: `${d.name} is in no group.` },
    { path: 'picks.1', message: 'Pick one from group Others.' },
  ])
  await enter(ann, league.id, [c.player_id, b.player_id])
  const page = await call.get(`/leagues/${league.id}/entries`)
  expect(page).toContain('Ned Nowhere is not in the field')
})

test('groups that do not fit are refused with the place', async () => {
  const { call } = await startGrouped({})
  const configError = async (config: object) =>
    (await refusalOf(newTourLeague(call, { picks: undefined, ...config }))).problem.errors[0]
  const list = (name: string, ...players: string[]) => ({ name, players })
  expect(await configError({ groups: {} })).toMatchObject({ path: 'config.groups.by' })
  expect(await configError({ groups: { by: 'luck' } })).toMatchObject({ path: 'config.groups.by' })
  expect(await configError({ picks: 5, groups: { by: 'odds', count: 4 } })).toMatchObject({
    path: 'config.picks',
    message: 'There are 4 groups and one pick from each: set 4 picks.',
  })
  expect(await configError({ groups: { lists: [list('A', 'Ann')] } })).toMatchObject({ path: 'config.groups.lists' })
  expect(await configError({ groups: { lists: [list('A', 'Ann'), list('a', 'Bob')] } })).toMatchObject({
    path: 'config.groups.lists',
  })
  expect(await configError({ groups: { lists: [list('A', 'Ann Lee'), list('B', 'Lee, Ann')] } })).toMatchObject({
    path: 'config.groups.lists',
    message: 'ann lee is in two groups.',
  })
  expect(await configError({ groups: { by: 'odds', lists: [list('A', 'Ann'), list('B', 'Bob')] } })).toMatchObject({
    path: 'config.groups.lists',
  })
  expect(await configError({ groups: { sizes: 4 } })).toMatchObject({ path: 'config.groups.sizes' })
})

describe('groups', () => {
  const golfers = (count: number) =>
    Array.from(
      { length: count },
      (_, i): Golfer => ({
        player_id: `p${i}`,
        name: `Golfer ${String(i).padStart(2, '0')}`,
        position: null,
        total: null,
        today: null,
        thru: null,
        round: null,
        rounds: [null, null, null, null],
        status: 'active',
        tee_time: null,
      }),
    )
  const ratings = (count: number) =>
    new Map(Array.from({ length: count }, (_, i) => [`p${i}`, { player_id: `p${i}`, rank: i + 1, odds: null }]))

  test('are of similar size, the favourites in the first, golfers without a rank in the last', () => {
    const groups = pickGroupsOf({ by: 'rank', count: 3 }, golfers(10).toReversed(), ratings(8))?.groups ?? []
    expect(groups.map(({ players }) => players.size)).toEqual([3, 3, 4])
    expect([...(groups[0]?.players ?? [])]).toEqual(['p0', 'p1', 'p2'])
    expect([...(groups[2]?.players ?? [])]).toEqual(['p6', 'p7', 'p8', 'p9'])
  })

  test('are not made from a field without odds', () => {
    expect(pickGroupsOf({ by: 'odds', count: 3 }, golfers(10), ratings(10))).toBeUndefined()
    expect(pickGroupsOf({ by: 'rank', count: 3 }, golfers(2), ratings(2))).toBeUndefined()
  })
})

test('odds that come after the field make the groups, on the page too', async () => {
  const { call, clock, finished } = await start()
  const golfers = ['Åke Berglund', 'Conor O’Shea', 'Nicolai Højgaard', 'Si Woo Kim'].map((name, i) => ({
    id: `${i}`,
    name,
  }))
  const event = { id: 'inland', name: 'Inland Open', round: 1, status: 'upcoming' }
  const feed = jsonFeed({ event, golfers })
  await newUpdatedTour(call, feed.url)
  const config = { picks: undefined, best: 1, groups: { by: 'odds', count: 2 } }
  const league = await newTourLeague(call, config, { starts: clock.now() + 2 * hour })
  const field = () => call.get(`/api/v1/leagues/${league.id}/field`)
  expect(await field()).toMatchObject({ groups: [], why: expect.stringContaining('odds') })
  feed.json = { event, golfers: golfers.map((golfer, i) => ({ ...golfer, odds: i + 2 })) }
  clock.forward(20 * minute)
  await update({ call, finished })
  expect(await field()).toMatchObject({ groups: [{ players: ['0', '1'] }, { players: ['2', '3'] }], why: null })
})
