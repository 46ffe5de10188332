/** Boards ranked by gains, also between any two scans. */
import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser } from './browser.ts'
import { newCup } from './market.ts'
import { browserTest } from './needs.ts'
import { newLeague, upload } from './sheets.ts'
import { board, refusalOf, shared, start } from './start.ts'

const scan = (...deads: number[]) =>
  `ID,Name,Power,Kill Points,Deads\n${deads.map((count, i) => `${i + 1},P${i + 1},${100 - i},${1000 + i},${count}`).join('\n')}\n`
type GainRow = { player_id: string; gains: Record<string, number>; rank: number; change: number | null }

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

test('a board is ranked by the gain of a metric, and counted from any scan to any other', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const send = (content: string, day: number, kind = 'current') =>
    finished(upload(call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z`, force: 'true' }))
  await send(scan(100, 10, 10), 1, 'baseline')
  await send(scan(101, 15, 10), 2)
  await send(scan(102, 16, 40), 3)
  const deadGains = async (query: string) =>
    (await board(call, id, query)).rows.map(({ player_id, gains }: GainRow) => [player_id, gains.deads])

  expect(await deadGains('?sort_by=deads')).toEqual([
    ['1', 2],
    ['3', 30],
    ['2', 6],
  ])
  expect(await deadGains('?sort_by=deads.gain')).toEqual([
    ['3', 30],
    ['2', 6],
    ['1', 2],
  ])
  expect(await deadGains('?sort_by=Deaths.gain&order=asc')).toEqual([
    ['1', 2],
    ['2', 6],
    ['3', 30],
  ])
  const second = await board(call, id, '?sort_by=deads.gain&from=2026-03-02T12:00:00Z')
  expect(second.gains_from).toBe('2026-03-02T00:00:00.000Z')
  expect(second.rows.map(({ player_id, gains }: GainRow) => [player_id, gains.deads])).toEqual([
    ['3', 30],
    ['1', 1],
    ['2', 1],
  ])
  expect(await deadGains('?sort_by=deads.gain&from=2026-03-01T00:00:00Z&at=2026-03-02T00:00:00Z')).toEqual([
    ['2', 5],
    ['1', 1],
    ['3', 0],
  ])
  const early = await refusalOf(board(call, id, '?from=2026-02-01T00:00:00Z'))
  expect([early.status, early.problem.errors[0].path]).toEqual([422, 'from'])
  const unknown = await refusalOf(board(call, id, '?sort_by=luck.gain'))
  expect([unknown.status, unknown.problem.choices.includes('deads.gain')]).toEqual([400, true])
  const csv: string = await call.get(
    `/api/v1/leagues/${id}/leaderboard.csv?sort_by=deads.gain&from=2026-03-02T00:00:00Z`,
  )
  expect(csv.split('\r\n')[1]).toStartWith('1,')
  expect(csv.split('\r\n')[1]).toEndWith(',30')

  const page: string = await call.get(`/leagues/${id}?sort_by=deads.gain&from=2026-03-02T00:00`)
  expect(page).toContain('gains since the scan of')
  expect(page).toContain('Deads: gained')
  expect(await call.get(`/leagues/${id}?q=P2`)).toContain('Leader')
  const { config } = await call.patch(`/api/v1/leagues/${id}`, { config: { sort: 'Dead Troops.gain' } })
  expect(config.sort).toBe('deads.gain')
  expect((await board(call, id)).sort_by).toBe('deads.gain')
})

test('the board of a trading league has no past, and says so', async () => {
  const { call } = await service()
  const { id } = await newCup(call)
  for (const parameter of ['at', 'from']) {
    const { status, problem } = await refusalOf(board(call, id, `?${parameter}=2026-03-01T00:00:00Z`))
    expect([status, problem.errors[0].path]).toEqual([422, parameter])
  }
})

test('a board is filtered by what a label says, with the ranks of the whole board', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const sheet = 'ID,Name,Alliance,Power\n1,Ann,ABC,10\n2,Bob,XY,20\n3,Cy,ABC,30\n'
  await finished(upload(call, id, sheet, { kind: 'current', taken_at: '2026-03-01T00:00:00Z' }))
  const totalAndRanks = async (query: string) => {
    const { rows, pagination } = await board(call, id, query)
    return [pagination.total, ...rows.map(({ player_id, rank }: GainRow) => `${player_id}:${rank}`)]
  }
  expect(await totalAndRanks('?sort_by=power&label=alliance:ABC')).toEqual([2, '3:1', '1:3'])
  expect(await totalAndRanks('?sort_by=power&label=alliance:ABC&q=ann')).toEqual([1, '1:3'])
  expect(await totalAndRanks('?label=alliance:abc')).toEqual([0])
  for (const label of ['clan:ABC', 'ABC']) {
    const { status, problem } = await refusalOf(board(call, id, `?label=${label}`))
    expect([status, problem.errors[0].path]).toEqual([422, 'label'])
  }
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv?label=alliance:XY`)
  expect(csv.trim().split('\r\n')).toHaveLength(2)
  const page: string = await call.get(`/leagues/${id}?label=alliance:ABC`)
  expect(page).toContain('alliance ABC: 2 players')
  expect(page).toContain('label=alliance%3AABC')
})

browserTest(
  'two scans are compared in the page: gains since one, as of another, ranked by what was gained',
  async () => {
    const { call, finished, url } = await start()
    const { id } = await newLeague(call)
    const send = (content: string, day: number, kind = 'current') =>
      finished(upload(call, id, content, { kind, taken_at: `2026-03-0${day}T00:00:00Z`, force: 'true' }))
    await send(scan(100, 10, 10), 1, 'baseline')
    await send(scan(101, 15, 10), 2)
    await send(scan(102, 16, 40), 3)
    await send(scan(190, 17, 41), 4)
    const page = await openBrowser()
    const consoleErrors = consoleErrorsOf(page)
    await page.goto(`${url}/leagues/${id}`)
    await page.click('summary:text("View")')
    await page.getByLabel('Rank by').selectOption('deads.gain')
    await page.waitForURL(/sort_by=deads.gain/)
    await page.getByLabel('Gains since, in UTC').fill('2026-03-02T00:00')
    await page.waitForURL(/from=2026-03-02/)
    await page.getByLabel('As of, in UTC').fill('2026-03-03T00:00')
    await page.waitForURL(/at=2026-03-03/)
    await page.waitForSelector('.viewing >> text=gains since the scan of 2 Mar 2026')
    expect(await page.locator('tbody th').allTextContents()).toEqual(['P3', 'P1', 'P2'])
    expect(await page.locator('tbody tr').first().textContent()).toContain('+30')
    expect(consoleErrors).toEqual([])
  },
)

test('changes of rank count from the same baseline, also where that was dated after the scans', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const powers = (...all: number[]) => `ID,Power\n${all.map((power, i) => `${i + 1},${power}`).join('\n')}\n`
  await finished(upload(call, id, powers(10, 10, 10), { kind: 'baseline' }))
  await finished(upload(call, id, powers(50, 40, 20), { taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, powers(51, 41, 60), { taken_at: '2026-03-02T00:00:00Z' }))
  const { rows } = await board(call, id)
  expect(rows.map(({ player_id, change }: GainRow & { player_id: string }) => [player_id, change])).toEqual([
    ['3', 2],
    ['1', -1],
    ['2', -1],
  ])
})
