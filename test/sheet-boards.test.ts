import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type Random, randomFrom } from '../scripts/random.ts'
import { type BoardQuery, canonicalQuery, UnknownColumn } from '../src/leaderboard/query.ts'
import { percentileOf, rankingOf, rankOf } from '../src/leaderboard/ranking.ts'
import { textColumn } from '../src/leaderboard/text.ts'
import { type BoardSource, openSheetBoards, sheetPage } from '../src/leagues/sheets/boards.ts'
import { byteBudget } from '../src/leagues/sheets/byte-budget.ts'
import { playerCard } from '../src/leagues/sheets/player-card.ts'
import { neededSnapshots } from '../src/leagues/sheets/retention.ts'
import type { BoardConfig } from '../src/leagues/sheets/scoring.ts'
import { startSheetThread } from '../src/leagues/sheets/sheet-thread.ts'
import type { Published } from '../src/leagues/sheets/snapshot-selection.ts'
import { SnapshotGone } from '../src/leagues/sheets/snapshots/snapshot.ts'
import { tiersOf } from '../src/leagues/sheets/tiers.ts'
import { ThreadDied } from '../src/platform/process/threads.ts'
import { firstSeed } from './seeded.ts'

const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-boards-'))
const thread = startSheetThread(folder)
const boards = openSheetBoards(folder, thread)
afterAll(async () => {
  boards.close()
  await thread.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Sheet = Record<string, Record<string, number>> // player → metric → value
const cumulative = (metric: string) => metric !== 'power'

async function storeSheet(sheet: Sheet): Promise<number> {
  const ids = Object.keys(sheet)
  const metrics = Object.keys(Object.values(sheet)[0] ?? {})
  return thread.run('write', {
    ids: textColumn(ids),
    names: textColumn(ids.map(id => `Player ${id}`)),
    metrics: metrics.map(name => ({
      name,
      cumulative: cumulative(name),
      values: Float64Array.from(ids, id => sheet[id]![name]!),
    })),
    labels: [],
  })
}

const query = (asked: Partial<BoardQuery> = {}): BoardQuery => ({ ...canonicalQuery({}), ...asked })
const standings = async (source: BoardSource, asked: Partial<BoardQuery> = {}) =>
  (await sheetPage(boards, source, query(asked))).rows.map(({ player_id, rank, score, change }) => [
    player_id,
    rank,
    score,
    change,
  ])

const kills = (values: Record<string, number>): Sheet =>
  Object.fromEntries(
    Object.entries(values).map(([id, kill_points]) => [id, { kill_points, power: 1000 - kill_points }]),
  )

test('a board counts gains since the baseline, and change since the snapshot before', async () => {
  const published: Published[] = []
  const source = { published, config: {} }
  const add = async (kind: Published['kind'], takenAt: number, sheet: Sheet) =>
    published.push({ kind, takenAt, snapshot: await storeSheet(sheet) })

  expect((await sheetPage(boards, source, query({ sort_by: 'power' }))).rows).toEqual([])
  await add('baseline', 1, kills({ ann: 10, bob: 10, cy: 10 }))
  expect(await standings(source)).toEqual([])
  await add('current', 2, kills({ ann: 15, bob: 30, cy: 12, dot: 500 }))
  expect(await standings(source)).toEqual([
    ['bob', 1, 20, null],
    ['ann', 2, 5, null],
    ['cy', 3, 2, null],
    ['dot', 4, 0, null], // a latecomer starts from their first appearance
  ])
  await add('current', 3, kills({ ann: 60, bob: 30, dot: 501, eve: 7 }))
  expect(await standings(source)).toEqual([
    ['ann', 1, 50, 1],
    ['bob', 2, 20, -1],
    ['dot', 3, 1, 1],
    ['eve', 4, 0, null],
  ])
  expect(await standings(source, { sort_by: 'power' })).toEqual([
    ['eve', 1, 0, null],
    ['bob', 2, 20, 1],
    ['ann', 3, 50, -1],
    ['dot', 4, 1, 0],
  ])
  expect(await standings(source, { at: 2 })).toHaveLength(4)
  expect((await sheetPage(boards, source, query({ at: 2 }))).asOf).toBe(2)
  expect(await standings(source, { at: 1 })).toEqual([])
})

test('the page of a large board is the same, whichever thread reads its rows', async () => {
  const scan = (gain: number) => kills(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`p${i}`, i * gain])))
  const published = [
    { snapshot: await storeSheet(scan(1)), kind: 'baseline' as const, takenAt: 1 },
    { snapshot: await storeSheet(scan(3)), kind: 'current' as const, takenAt: 2 },
  ]
  const source = { published, config: { weights: { kill_points: 1 } } }
  const page = await sheetPage(boards, source, query(), { isAhead: true })
  expect(page.rows[0]).toMatchObject({ rank: 1, player_id: 'p4999', score: 9998 })
  expect(page).toEqual(await sheetPage(boards, source, query()))
})

test('a player card shows current, baseline, gain, standing and history', async () => {
  const published: Published[] = [
    { kind: 'baseline', takenAt: 1, snapshot: await storeSheet(kills({ ann: 10, bob: 20 })) },
    { kind: 'current', takenAt: 2, snapshot: await storeSheet(kills({ ann: 30, bob: 20, cy: 5 })) },
    { kind: 'current', takenAt: 3, snapshot: await storeSheet(kills({ ann: 40, bob: 90, cy: 5 })) },
  ]
  const card = await playerCard(boards, { published, config: { weights: { kill_points: 2 } } }, 'ann')
  expect(card).toEqual({
    player_id: 'ann',
    name: 'Player ann',
    rank: 2,
    change: -1,
    score: 60,
    percentile: 50,
    tier: 'steady',
    metrics: {
      kill_points: { current: 40, baseline: 10, gain: 30, rank: 2, percentile: 50 },
      power: { current: 960, baseline: 990, gain: -30, rank: 2, percentile: 50 },
    },
    history: [
      { takenAt: 1, kind: 'baseline', name: 'Player ann', metrics: { kill_points: 10, power: 990 }, score: 0 },
      { takenAt: 2, kind: 'current', name: 'Player ann', metrics: { kill_points: 30, power: 970 }, score: 40 },
      { takenAt: 3, kind: 'current', name: 'Player ann', metrics: { kill_points: 40, power: 960 }, score: 60 },
    ],
    asOf: 3,
  })
  expect(await playerCard(boards, { published, config: {} }, 'zoe')).toBeUndefined()
})

test('the cards of many players asked for at once rank each of them in every metric as the board does', async () => {
  const { seed, below, chance } = randomFrom(firstSeed)
  const players = 6_000 // more than a walk holds at once
  const sheet: Sheet = Object.fromEntries(
    Array.from({ length: players }, (_, i) => [
      `p${i}`,
      { power: below(100_000), kill_points: below(50), deads: chance(0.1) ? Number.NaN : below(1e9) },
    ]),
  )
  const published: Published[] = [{ kind: 'current', takenAt: 1, snapshot: await storeSheet(sheet) }]
  const ids = Array.from({ length: 70 }, () => `p${below(players)}`)
  const cards = await Promise.all(ids.map(id => playerCard(boards, { published, config: {} }, id)))
  for (const metric of ['power', 'kill_points', 'deads']) {
    const ranking = rankingOf(
      Float64Array.from(Object.values(sheet), values => values[metric]!),
      'desc',
    )
    for (const [i, id] of ids.entries()) {
      const row = Number(id.slice(1))
      const { rank, percentile } = cards[i]!.metrics[metric]!
      const isKnown = !Number.isNaN(ranking.values[row]!)
      expect([seed, id, metric, rank]).toEqual([seed, id, metric, isKnown ? rankOf(ranking, row, 'standard') : null])
      expect([seed, id, metric, percentile]).toEqual([seed, id, metric, percentileOf(ranking, row)])
    }
  }
})

test('a board scored by power with goals by power has both', async () => {
  const published: Published[] = [
    { kind: 'baseline', takenAt: 1, snapshot: await storeSheet(kills({ ann: 0, bob: 500 })) },
    { kind: 'current', takenAt: 2, snapshot: await storeSheet(kills({ ann: 100, bob: 450 })) },
  ]
  const config: BoardConfig = { weights: { power: 1, kill_points: 1 }, classify_by: 'goal', goal: { per_power: 0.1 } }
  const { rows } = await sheetPage(boards, { published, config }, query())
  expect(rows.map(({ player_id, score, tier }) => [player_id, score, tier])).toEqual([
    ['bob', 50, 'elite'],
    ['ann', 0, 'idle'],
  ])
})

test('tiers by goal go by the baseline power of each', async () => {
  const published: Published[] = [
    { kind: 'baseline', takenAt: 1, snapshot: await storeSheet(kills({ ann: 0, bob: 500 })) },
    { kind: 'current', takenAt: 2, snapshot: await storeSheet(kills({ ann: 100, bob: 560 })) },
  ]
  const config: BoardConfig = { classify_by: 'goal', goal: { per_power: 0.12 } }
  const { tiers } = await tiersOf(boards, { published, config }, { page: 1, limit: 50 })
  expect(tiers.map(({ name, players, rows }) => `${name} ${players} ${rows.map(row => row.player_id)}`)).toEqual([
    'elite 1 bob',
    'strong 1 ann',
    'steady 0 ',
    'reserve 0 ',
    'idle 0 ',
  ])
})

test('a season whose scans were thinned out keeps its last board unchanged', async () => {
  const published: Published[] = []
  const counts: Record<string, number>[] = [
    { ann: 1, bob: 1 },
    { ann: 5, bob: 9, cy: 40 },
    { ann: 6, bob: 10, cy: 41, dot: 7 },
    { ann: 60, bob: 20, dot: 9 },
    { ann: 61, bob: 80, cy: 45, dot: 10 },
  ]
  for (const [takenAt, killsNow] of counts.entries()) {
    published.push({
      kind: takenAt === 0 ? 'baseline' : 'current',
      takenAt,
      snapshot: await storeSheet(kills(killsNow)),
    })
  }
  const source = { published, config: {} }
  const fresh = () => openSheetBoards(folder, thread)
  const freshPage = async () => {
    const opened = fresh()
    const page = await sheetPage(opened, source, query())
    opened.close()
    return page
  }
  const before = await freshPage()
  const { snapshots, derived } = neededSnapshots(boards.scores, published, 0)
  await thread.run('sweep', { keep: snapshots, keepDerived: derived, before: Date.now() + 1000 })
  expect(await freshPage()).toEqual(before)
  const card = await playerCard(boards, source, 'cy')
  expect(card?.history.map(({ takenAt }) => takenAt)).toEqual([4])
  expect(card?.score).toBe(5)
})

test('an unknown column is refused with the choices, and a deleted snapshot is reported', async () => {
  const published: Published[] = [{ kind: 'current', takenAt: 1, snapshot: await storeSheet(kills({ ann: 1 })) }]
  const source = { published, config: {} }
  expect(await outcome(standings(source, { sort_by: 'deads' }))).toThrow(UnknownColumn)
  await thread.run('remove', published[0]!.snapshot)
  expect(await outcome(standings(source))).toThrow(SnapshotGone)
})

// The same rules on plain objects, computed from the list alone.
type Upload = Published & { sheet: Sheet }

function naiveBoard(uploads: Upload[], { weights, score_on }: BoardConfig): Map<string, number> | undefined {
  const ordered = uploads.toSorted((a, b) => a.takenAt - b.takenAt || a.snapshot - b.snapshot)
  const currents = ordered.filter(({ kind }) => kind === 'current')
  const current = currents.at(-1)
  if (!current) return undefined
  const baseline = ordered.findLast(({ kind }) => kind === 'baseline') ?? currents[0]!
  const since = currents.filter(({ takenAt }) => takenAt >= baseline.takenAt)
  const board = new Map<string, number>()
  for (const [id, values] of Object.entries(current.sheet)) {
    const start = [baseline, ...since, current].find(({ sheet }) => id in sheet)!.sheet[id]!
    let score = Number.NaN
    for (const [metric, weight] of Object.entries(weights!)) {
      const isOfScan = metric in values
      const extras = ordered.filter(({ kind, sheet }) => kind === 'extra' && metricsOf(sheet).includes(metric))
      if (!isOfScan && extras.length === 0) continue
      const own = isOfScan ? values[metric]! : newestKnown(extras, id, metric)
      const startExtras = extras.filter(({ takenAt }) => takenAt <= baseline.takenAt)
      const extraStart = startExtras.length > 0 ? newestKnown(startExtras, id, metric) : 0
      const change = own - (isOfScan ? (start[metric] ?? Number.NaN) : extraStart)
      const value = score_on === 'current' ? own : cumulative(metric) && change < 0 ? 0 : change
      if (!Number.isNaN(value)) score = (Number.isNaN(score) ? 0 : score) + weight * value
    }
    board.set(id, score)
  }
  return board
}

const metricsOf = (sheet: Sheet) => Object.keys(Object.values(sheet)[0] ?? {})
const newestKnown = (sheets: Upload[], id: string, metric: string): number =>
  sheets.map(({ sheet }) => sheet[id]?.[metric] ?? Number.NaN).findLast(value => !Number.isNaN(value)) ?? Number.NaN

const rankIn = (board: Map<string, number>, id: string): number | null => {
  const own = board.get(id)
  if (own === undefined || Number.isNaN(own)) return null
  return 1 + [...board.values()].filter(score => score > own).length
}

/** An extra sheet may have columns of the scans, or its own. */
function randomSheet({ chance, below }: Random, kind: Published['kind']): Sheet {
  const players = Array.from({ length: 40 }, (_, i) => `p${i}`).filter(() => chance(0.6))
  const metrics =
    kind === 'extra'
      ? ['proofs', ...(chance(0.4) ? ['deads'] : [])]
      : ['power', 'kills', 'deads'].filter(metric => metric === 'kills' || chance(0.8))
  const value = () => (chance(0.1) ? Number.NaN : below(50))
  return Object.fromEntries(
    [...players, 'p0'].map(id => [id, Object.fromEntries(metrics.map(metric => [metric, value()]))]),
  )
}

test('whatever is uploaded, undone, out of order or replaced, the board is that of the list', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomFrom(seed)
    const { chance, below, pick } = random
    let uploads: Upload[] = []
    for (let step = 0; step < 14; step++) {
      if (uploads.length > 2 && chance(0.25)) uploads = uploads.filter(upload => upload !== pick(uploads))
      else {
        const kind = chance(0.2) ? 'baseline' : chance(0.3) ? 'extra' : 'current'
        const sheet = randomSheet(random, kind)
        const takenAt = chance(0.3) ? below(20) : 20 + step
        uploads = [...uploads, { kind, takenAt, sheet, snapshot: await storeSheet(sheet) }]
      }
      const config = pick<BoardConfig>([
        { weights: { kills: 10, deads: 3, proofs: 7 } },
        { weights: { kills: 1, power: -0.5, proofs: 2 }, score_on: 'current' },
      ])
      const at = chance(0.3) ? below(40) : undefined
      const visible = uploads.filter(({ takenAt }) => at === undefined || takenAt <= at)
      const now = naiveBoard(visible, config)
      const ordered = visible.toSorted((a, b) => a.takenAt - b.takenAt || a.snapshot - b.snapshot)
      const last = ordered.findLastIndex(({ kind }) => kind === 'current')
      const earlier = ordered.slice(0, Math.max(0, last))
      const hasBaseline = earlier.some(({ kind }) => kind === 'baseline')
      const laterBaselines = hasBaseline ? [] : ordered.filter(({ kind }) => kind === 'baseline')
      const previous = naiveBoard([...earlier, ...laterBaselines], config)
      const { rows } = await sheetPage(boards, { published: uploads, config }, query({ at }))
      const actual = Object.fromEntries(rows.map(row => [row.player_id, [row.score, row.change]]))
      const expected = Object.fromEntries(
        Array.from(now ?? [], ([id, score]) => {
          const [rank, was] = [rankIn(now!, id), previous ? rankIn(previous, id) : null]
          return [id, [Number.isNaN(score) ? null : score, rank === null || was === null ? null : was - rank]]
        }),
      )
      expect({ seed, step, board: actual }).toEqual({ seed, step, board: expected })
    }
  }
})

test('two readers of an uncached part compute it once, and the budget drops the least recently used', async () => {
  const computed: string[] = []
  const budget = byteBudget(25)
  const shelf = budget.newCache<string>(() => 10)
  const get = (key: string) =>
    shelf.get(key, async () => {
      computed.push(key)
      return key
    })
  await Promise.all([get('a'), get('a')])
  await get('b')
  await get('a')
  await get('c') // b goes
  await get('a')
  await get('b')
  expect(computed).toEqual(['a', 'b', 'c', 'b'])
  expect(budget.bytes()).toBe(20)
  shelf.drop('a')
  shelf.drop('nothing')
  expect(budget.bytes()).toBe(10)
  await get('b')
  await get('a')
  expect(computed).toEqual(['a', 'b', 'c', 'b', 'a'])
})

test('a part that failed is computed again, and one larger than the budget is still served', async () => {
  const shelf = byteBudget(5).newCache<string>(() => 10)
  expect(await outcome(shelf.get('a', () => Promise.reject(new Error('no'))))).toThrow('no')
  await Bun.sleep(0)
  expect(await shelf.get('a', async () => 'yes')).toBe('yes')
})

test('when a thread dies, waiting calls fail, and the next call starts another', async () => {
  const dataDir = join(folder, 'not-yet-there')
  const other = startSheetThread(dataDir)
  const questions = [1, 2].map(() => other.run('sweep', { keep: new Set(), before: 0 }))
  const outcomes = await Promise.allSettled(questions)
  expect(outcomes.map(end => end.status === 'rejected' && end.reason instanceof ThreadDied)).toEqual([true, true])
  mkdirSync(dataDir)
  expect(await other.run('sweep', { keep: new Set(), before: 0 })).toBe(0)
  await other.stop()
})

test('a thread may start before its first call; a stopped one refuses calls and does not start again', async () => {
  const other = startSheetThread(mkdtempSync(join(folder, 'other-')))
  other.start()
  await other.run('sweep', { keep: new Set(), before: 0 })
  await other.stop()
  other.start()
  expect(await outcome(other.run('sweep', { keep: new Set(), before: 0 }))).toThrow(ThreadDied)
})
