/** Players whom officers mark are left out of ranks and totals, or counted, and never disappear silently. */
import { expect, test } from 'bun:test'
import { transact } from '../db/transactions.ts'
import { systemActor } from '../src/audit.ts'
import { percentileOf, placeOf, rankingOf, rankOf, withoutRows } from '../src/leaderboard/ranking.ts'
import { leagueById } from '../src/leagues/queries.ts'
import { markPlayer } from '../src/leagues/sheets/marks.ts'
import { newMember } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { board, refusalOf, start } from './start.ts'

type MarkedRow = { player_id: string; rank: number | null; change: number | null; mark?: { counted: boolean } | null }

test('a ranking without some rows ranks the others as if those were not there', () => {
  const all = rankingOf(Float64Array.of(50, 40, 40, Number.NaN, 30, 20), 'desc')
  const ranking = withoutRows(all, Uint8Array.of(0, 1, 0, 0, 0, 1))
  expect([...ranking.order]).toEqual([0, 2, 4, 3, 1, 5])
  for (const ties of ['standard', 'dense', 'modified', 'ordinal'] as const)
    expect([0, 2, 4, 3].map(row => rankOf(ranking, row, ties))).toEqual([1, 2, 3, 4])
  expect([0, 2, 4, 3, 1].map(row => percentileOf(ranking, row))).toEqual([87.5, 62.5, 37.5, null, null])
  expect([1, 5].map(row => placeOf(ranking, row))).toEqual([4, 5])
  expect(all.order).toHaveLength(6)
})

const scan = (...power: number[]) =>
  `ID,Name,Power\n${power.map((count, i) => `${i + 1},P${i + 1},${count}`).join('\n')}\n`

async function startWithScans() {
  const app = await start()
  const { call, finished } = app
  const { id } = await newLeague(call, { weights: { power: 1 } })
  const send = (content: string, day: number, kind = 'current') =>
    finished(upload(call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z`, force: 'true' }))
  await send(scan(0, 0, 0, 0, 0), 1, 'baseline')
  await send(scan(50, 40, 30, 20, 10), 2)
  await send(scan(55, 46, 60, 20, 10), 3)
  const ranks = async (query = '') =>
    (await board(call, id, query)).rows.map(
      ({ player_id, rank, change }: MarkedRow) => `${player_id}:${rank}:${change}`,
    )
  const mark = (player: string, body: object) => call.put(`/api/v1/leagues/${id}/players/${player}/mark`, body)
  return { ...app, id, ranks, mark, send }
}

test('a player who is left out has no rank and moves nobody, but stays on the board, with a card that says why', async () => {
  const { call, id, ranks, mark } = await startWithScans()
  expect(await ranks()).toEqual(['3:1:2', '1:2:-1', '2:3:-1', '4:4:0', '5:5:0'])
  const path = `/api/v1/leagues/${id}`
  const marked = await mark('3', { reason: 'farm', farm_of: '1', note: 'seen on chat' })
  expect(marked).toMatchObject({ name: 'P3', reason: 'farm', farm_of: { player_id: '1', name: 'P1' }, counted: false })
  expect(await ranks()).toEqual(['1:1:0', '2:2:0', '4:3:0', '5:4:0', '3:null:null'])
  expect(await ranks('?sort_by=power&order=asc')).toEqual(['5:1:0', '4:2:0', '2:3:0', '1:4:0', '3:null:null'])
  expect(await ranks('?sort_by=power.gain&q=P3')).toEqual(['3:null:null'])
  expect((await board(call, id, '?around=3&limit=1')).rows[0].player_id).toBe('3')
  expect((await board(call, id)).left_out).toBe(1)

  const card = await call.get(`${path}/players/3`)
  expect(card).toMatchObject({ rank: null, percentile: null, tier: null, score: 60, mark: { counted: false } })
  expect(card.metrics.power).toMatchObject({ current: 60, rank: null })
  expect((await call.get(`${path}/players/2`)).metrics.power).toMatchObject({ rank: 2, percentile: 62.5 })
  const { tiers } = await call.get(`${path}/classifications`)
  expect(tiers.flatMap(({ rows }: { rows: MarkedRow[] }) => rows.map(row => row.player_id))).toEqual([
    '1',
    '2',
    '4',
    '5',
  ])

  const page: string = await call.get(`/leagues/${id}/players/3`)
  expect(page).toContain('has no rank and counts in no total')
  expect(page).toContain('seen on chat')
  expect(page).not.toContain('og:description') // it would say where they stand
  expect(await call.get(`/leagues/${id}`)).toContain('1 left out')
  expect(await call.get(`/leagues/${id}/marks`)).toContain('farm account of')
  const csv: string = await call.get(`${path}/leaderboard.csv`)
  expect(csv.split('\r\n')[0]).toContain('mark,farm_of,counted,note')
  expect(csv).toContain(',farm,1,no,seen on chat\r\n')

  await mark('3', { reason: 'vacation', counted: true })
  expect(await ranks()).toEqual(['3:1:2', '1:2:-1', '2:3:-1', '4:4:0', '5:5:0'])
  expect((await board(call, id)).rows[0].mark).toEqual({
    reason: 'vacation',
    farm_of: null,
    note: null,
    counted: true,
  })
  await call.delete(`${path}/players/3/mark`)
  expect((await board(call, id)).rows[0].mark).toBeUndefined()
  expect((await refusalOf(call.get(`${path}/players/3/mark`))).status).toBe(404)
  const { logs } = await call.get('/admin/audit/logs/json')
  const actions = logs
    .slice(0, 3)
    .map(({ action, target }: { action: string; target: string }) => `${action} ${target}`)
  expect(actions).toEqual(['player.unmark player 3', 'player.mark player 3', 'player.mark player 3'])
})

test('marks are for officers, of players the league knows, and end with the league', async () => {
  const { app, call, id, mark, as, send } = await startWithScans()
  const path = `/api/v1/leagues/${id}`
  expect((await refusalOf(mark('99', { reason: 'other' }))).status).toBe(404)
  const wrong = await refusalOf(mark('2', { reason: 'farm', farm_of: '99' }))
  expect([wrong.status, wrong.problem.errors[0].path]).toEqual([422, 'farm_of'])
  expect((await refusalOf(mark('2', { reason: 'farm', farm_of: '2' }))).status).toBe(422)
  expect((await refusalOf(mark('2', { reason: 'lazy' }))).status).toBe(422)
  const stranger = as()
  expect((await refusalOf(stranger.put(`${path}/players/2/mark`, { reason: 'other' }))).status).toBe(401)
  expect((await refusalOf(stranger.get(`${path}/marks`))).status).toBe(401)

  await mark('2', { reason: 'other', note: 'left' })
  await send(scan(70), 4) // the others are missing now
  expect(await stranger.get(`${path}/players/2/mark`)).toMatchObject({ name: 'P2', note: 'left' })
  const olga = as((await newMember(app, 'olga', 'officer')).key)
  await olga.put(`${path}/players/2/mark`, { reason: 'other', note: 'left' })
  expect(await olga.get(`${path}/players/2/mark`)).toMatchObject({ marked_by: 'olga' })
  expect(await stranger.get(`${path}/players/2/mark`)).toMatchObject({ marked_by: null })
  expect(await call.get(`${path}/players/2`)).toMatchObject({
    last_seen: '2026-03-03T00:00:00.000Z',
    mark: { note: 'left' },
  })
  expect((await call.get(`${path}/marks`)).marks).toHaveLength(1)
  await call.post(`${path}/finalize`)
  expect((await refusalOf(mark('2', { reason: 'other' }))).status).toBe(409)
  expect((await refusalOf(call.delete(`${path}/players/2/mark`))).status).toBe(409)
})

test('a board that changes while it is finalised is not final, and a mark that comes too late is refused', async () => {
  const { app, call, id, mark } = await startWithScans()
  const league = leagueById(app.db, id)
  const finalBoard = await app.kinds.sheet?.finalize(app, league)
  await mark('2', { reason: 'other' })
  expect(() => transact(app.db, tx => finalBoard?.store?.(tx))).toThrow('has just changed')
  await call.post(`/api/v1/leagues/${id}/finalize`)
  const officer = { ...systemActor, role: 'officer' as const, via: 'key' as const }
  const change = { playerId: '3', reason: 'other' as const, farmOf: null, note: null, counted: false }
  expect(() => transact(app.db, tx => markPlayer(tx, id, change, officer, 0))).toThrow('league is final')
})
