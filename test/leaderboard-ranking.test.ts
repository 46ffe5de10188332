import { expect, test } from 'bun:test'
import { type Random, randomFrom } from '../scripts/random.ts'
import { type BoardColumns, buildBoard } from '../src/leaderboard/board.ts'
import { gainOf, matchRows } from '../src/leaderboard/gains.ts'
import { rankedPage } from '../src/leaderboard/page.ts'
import { BadQuery, type BoardQuery, canonicalQuery, UnknownColumn, UnknownPlayer } from '../src/leaderboard/query.ts'
import { percentileOf, type RankOrder, rankingOf, type Ties } from '../src/leaderboard/ranking.ts'
import { idOrder, sortByValue } from '../src/leaderboard/sort.ts'
import { rowOfId, takeTexts, textAt, textColumn } from '../src/leaderboard/text.ts'
import { forSeeds } from './seeded.ts'

const unknown = Number.NaN
const query = (asked: Partial<BoardQuery> = {}): BoardQuery => ({ ...canonicalQuery({}), ...asked })

/** A board of players a, b, c… with these scores. */
const scored = (...scores: number[]): BoardColumns => ({
  ids: textColumn(scores.map((_, i) => String.fromCharCode(97 + i))),
  names: textColumn(scores.map((_, i) => `Player ${i}`)),
  score: Float64Array.from(scores),
  metrics: [],
})
const ranks = (columns: BoardColumns, asked: Partial<BoardQuery> = {}) =>
  rankedPage(buildBoard(columns), query(asked)).rows.map(({ player_id, rank }) => `${player_id}${rank}`)

test('ties are ranked in four ways', () => {
  const four = scored(9, 7, 7, 3)
  expect(ranks(four)).toEqual(['a1', 'b2', 'c2', 'd4'])
  expect(ranks(four, { ties: 'dense' })).toEqual(['a1', 'b2', 'c2', 'd3'])
  expect(ranks(four, { ties: 'modified' })).toEqual(['a1', 'b3', 'c3', 'd4'])
  expect(ranks(four, { ties: 'ordinal' })).toEqual(['a1', 'b2', 'c3', 'd4'])
})

test('an unknown score is last in both directions, and no zero', () => {
  const columns = scored(unknown, 0, -5, unknown)
  expect(ranks(columns)).toEqual(['b1', 'c2', 'a3', 'd3'])
  expect(ranks(columns, { order: 'asc' })).toEqual(['c1', 'b2', 'a3', 'd3'])
  expect(rankedPage(buildBoard(columns), query()).rows.map(row => row.score)).toEqual([0, -5, null, null])
})

test('-0 ties with 0, infinities and huge values keep their places', () => {
  const columns = scored(-0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300, 5e-324, 2 ** 53)
  expect(ranks(columns)).toEqual(['c1', 'e2', 'h3', 'g4', 'a5', 'b5', 'f7', 'd8'])
})

test('a board where lower is better starts at the lowest', () => {
  expect(ranks({ ...scored(-4, 0, unknown, -12), better: 'lower' })).toEqual(['d1', 'a2', 'b3', 'c4'])
})

test('a tie-break settles equal scores, and who lacks one comes after those who have one', () => {
  const columns: BoardColumns = {
    ...scored(-4, -4, -4, unknown, -9, -4),
    better: 'lower',
    tiebreak: { values: Float64Array.of(3, unknown, 1, 0, 8, 3), better: 'lower' },
  }
  expect(ranks(columns)).toEqual(['e1', 'c2', 'a3', 'f3', 'b5', 'd6'])
  expect(ranks(columns, { ties: 'dense' })).toEqual(['e1', 'c2', 'a3', 'f3', 'b4', 'd5'])
  expect(ranks(columns, { order: 'desc' })).toEqual(['b1', 'a2', 'f2', 'c4', 'e5', 'd6'])
  expect(rankedPage(buildBoard(columns), query({ around: 'f', limit: 1 })).rows).toMatchObject([
    { player_id: 'f', score: -4 },
  ])
  const metric = { name: 'holes', values: Float64Array.of(1, 2, 3, 4, 5, 6) }
  expect(ranks({ ...columns, metrics: [metric] }, { sort_by: 'holes' })).toEqual(['f1', 'e2', 'd3', 'c4', 'b5', 'a6'])
})

test('a tie-break ranks as comparing one pair at a time does, whatever the columns', () => {
  forSeeds(200, ({ below }) => {
    const some = () => (below(5) === 0 ? unknown : below(4) - 2)
    const columns: BoardColumns = {
      ...scored(...Array.from({ length: below(30) }, some)),
      better: below(2) ? 'lower' : 'higher',
    }
    const tiebreak = { values: columns.score.map(some), better: below(2) ? ('lower' as const) : ('higher' as const) }
    const isAhead = (a: number, b: number, better: string) => (better === 'lower' ? a < b : a > b)
    const beats = (i: number, j: number) => {
      const [own, other] = [columns.score[i]!, columns.score[j]!]
      if (Number.isNaN(own) || Number.isNaN(other)) return Number.isNaN(other) && !Number.isNaN(own)
      if (own !== other) return isAhead(own, other, columns.better!)
      const [mine, theirs] = [tiebreak.values[i]!, tiebreak.values[j]!]
      if (Number.isNaN(mine) || Number.isNaN(theirs)) return Number.isNaN(theirs) && !Number.isNaN(mine)
      return isAhead(mine, theirs, tiebreak.better)
    }
    const ids = Array.from(columns.score, (_, i) => String.fromCharCode(97 + i))
    const isRanked = columns.score.some(value => !Number.isNaN(value))
    const naive = ids.map((id, i) => `${id}${isRanked ? 1 + ids.filter((_, j) => beats(j, i)).length : null}`)
    expect(ranks({ ...columns, tiebreak }).toSorted()).toEqual(naive.toSorted())
  })
})

test('an empty board has an empty page, a single player is first in the middle', () => {
  expect(rankedPage(buildBoard(scored()), query())).toEqual({
    sort_by: 'score',
    order: 'desc',
    rows: [],
    pagination: { page: 1, limit: 50, total: 0, pages: 0 },
  })
  expect(ranks(scored(4), { around: 'a' })).toEqual(['a1'])
  expect(percentileOf(rankingOf(Float64Array.of(4), 'desc'), 0)).toBe(50)
})

test('a page beyond the last is empty and still has the total', () => {
  const page = rankedPage(buildBoard(scored(3, 2, 1)), query({ page: 9, limit: 2 }))
  expect(page.rows).toEqual([])
  expect(page.pagination).toEqual({ page: 9, limit: 2, total: 3, pages: 2 })
})

test('around centres the page on a player and clamps at both ends', () => {
  const ten = scored(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
  const window = (around: string, limit = 4) => ranks(ten, { around, limit }).join(' ')
  expect(window('a')).toBe('a1 b2 c3 d4')
  expect(window('b')).toBe('a1 b2 c3 d4')
  expect(window('f')).toBe('d4 e5 f6 g7')
  expect(window('j')).toBe('g7 h8 i9 j10')
  expect(window('e', 5)).toBe('c3 d4 e5 f6 g7')
  expect(window('e', 50)).toBe('a1 b2 c3 d4 e5 f6 g7 h8 i9 j10')
  expect(() => window('nobody')).toThrow(UnknownPlayer)
})

test('a search keeps true ranks and finds names without case or accents, and ids', () => {
  const columns = {
    ...scored(5, 4, 3, 2, 1, 0),
    names: textColumn(['José', 'JOSEFINE', 'Ann', '𝓙𝓸𝓼𝓮', 'Straße', 'ΝΙΚΟΣ']),
  }
  expect(ranks(columns, { q: 'jose' })).toEqual(['a1', 'b2', 'd4'])
  expect(ranks(columns, { q: ' JOSÉ ' })).toEqual(['a1', 'b2', 'd4'])
  expect(ranks(columns, { q: 'STRASSE' })).toEqual(['e5'])
  expect(ranks(columns, { q: 'νικος' })).toEqual(['f6'])
  expect(ranks(columns, { q: 'c' })).toEqual(['c3'])
  expect(ranks(columns, { q: 'nobody' })).toEqual([])
  expect(rankedPage(buildBoard(columns), query({ q: 'jose', limit: 2, page: 2 })).pagination).toEqual({
    page: 2,
    limit: 2,
    total: 3,
    pages: 2,
  })
})

test('a column that is not there is refused with the choices', () => {
  const board = buildBoard({ ...scored(1), metrics: [{ name: 'power', values: Float64Array.of(7) }] })
  expect(() => rankedPage(board, query({ sort_by: 'kills' }))).toThrow('choose one of score, power')
  expect(() => rankedPage(board, query({ sort_by: '__proto__' }))).toThrow(UnknownColumn)
})

test('a row shows metrics with gains beside them, and sorting by a metric ranks its current values', () => {
  const columns: BoardColumns = {
    ...scored(1, 2),
    metrics: [
      { name: 'power', values: Float64Array.of(70, 60), gains: Float64Array.of(1, unknown) },
      { name: '__proto__', values: Float64Array.of(unknown, 4) },
    ],
  }
  const page = rankedPage(buildBoard(columns), query({ sort_by: 'power', limit: 1 }))
  expect(page.rows).toEqual([
    {
      rank: 1,
      change: null,
      player_id: 'a',
      name: 'Player 0',
      score: 1,
      metrics: Object.fromEntries([
        ['power', 70],
        ['__proto__', null],
      ]),
      gains: { power: 1 },
    },
  ])
})

test('change counts the climb since the previous board and is null for a newcomer', () => {
  const previous = buildBoard({ ...scored(1, 5, 9, unknown), metrics: [{ name: 'old', values: new Float64Array(4) }] })
  const board = buildBoard({ ...scored(8, 7, 6, 5, 4), previous })
  const changes = (asked: Partial<BoardQuery>) => rankedPage(board, query(asked)).rows.map(({ change }) => change)
  expect(changes({})).toEqual([2, 0, -2, null, null])
  expect(changes({ order: 'asc' })).toEqual([-4, -2, 0, null, null].toReversed())
})

test('percentile is the share strictly below plus half of the equals', () => {
  const ranking = rankingOf(Float64Array.of(9, 7, 7, 3, unknown), 'desc')
  expect([0, 1, 2, 3, 4].map(row => percentileOf(ranking, row))).toEqual([90, 60, 60, 30, null])
})

test('a query is read once and gives equal keys for equal questions', () => {
  expect(canonicalQuery({ page: '-2', limit: '9999', ties: 'DENSE', colour: 'red', q: ' ' })).toEqual({
    page: 1,
    limit: 500,
    ties: 'dense',
  })
  expect(canonicalQuery({ at: '2026-03-01T12:00:00Z' }).at).toBe(Date.UTC(2026, 2, 1, 12))
  let refusal: unknown
  try {
    canonicalQuery({ page: '1.5', limit: 'many', ties: 'fair', order: 'up', at: 'noon' })
  } catch (error) {
    refusal = error
  }
  const paths = refusal instanceof BadQuery ? refusal.errors.map(({ path }) => path) : []
  expect(paths.toSorted()).toEqual(['at', 'limit', 'order', 'page', 'ties'])
})

/** The same rules in the simplest, slow way. */
function naive(columns: { id: string; value: number }[], order: RankOrder, ties: Ties) {
  const sorted = columns.toSorted((a, b) => {
    if (Number.isNaN(a.value) !== Number.isNaN(b.value)) return Number.isNaN(a.value) ? 1 : -1
    const difference = order === 'asc' ? a.value - b.value : b.value - a.value
    return difference && !Number.isNaN(difference) ? difference : Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))
  })
  const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b))
  return sorted.map(({ id, value }, place) => {
    const first = sorted.findIndex(other => same(other.value, value))
    const last = sorted.findLastIndex(other => same(other.value, value))
    const distinct = new Set(sorted.slice(0, first).map(other => other.value + 0)).size
    return { id, rank: { standard: first + 1, modified: last + 1, dense: distinct + 1, ordinal: place + 1 }[ties] }
  })
}

const values = [0, -0, 1, 2, 3, 2.5, -7, 1e15, 2 ** 40, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, unknown]
const letters = ['', 'a', 'b', '0', '9', 'é', 'Z', '\0', '𝓐', 'player-'] as const

function uniqueIds(random: Random, count: number): string[] {
  const ids = new Set<string>()
  while (ids.size < count) ids.add(Array.from({ length: random.below(12) }, () => random.pick(letters)).join(''))
  return [...ids]
}

test('every page equals the obvious sort, whatever the ties, order, page and values', () => {
  forSeeds(300, random => {
    const ids = uniqueIds(random, random.below(60))
    const wide = random.chance(0.3)
    const score = ids.map(() => (wide ? random.next() * 1e12 - 5e11 : random.pick(values)))
    const order = random.pick(['asc', 'desc'] as const)
    const ties = random.pick(['standard', 'dense', 'modified', 'ordinal'] as const)
    const [page, limit] = [1 + random.below(4), 1 + random.below(20)]
    const columns = { ids: textColumn(ids), names: textColumn(ids), score: Float64Array.from(score), metrics: [] }
    const shown = rankedPage(buildBoard(columns), query({ order, ties, page, limit })).rows
    const expected = naive(
      ids.map((id, i) => ({ id, value: score[i]! })),
      order,
      ties,
    ).slice((page - 1) * limit, page * limit)
    expect(shown.map(({ player_id, rank }) => ({ id: player_id, rank }))).toEqual(expected)
  })
})

test('ids sort by their bytes however alike they are, and are found again', () => {
  forSeeds(60, random => {
    const prefix = 'x'.repeat(random.pick([0, 3, 8, 70]))
    const ids = uniqueIds(random, 1 + random.below(300)).map(id => prefix + id)
    const column = textColumn(ids)
    const order = idOrder(column)
    const sorted = order ? takeTexts(column, order) : column
    const expected = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(ids.map((_, row) => textAt(sorted, row))).toEqual(expected)
    const wanted = random.pick(expected)
    expect(rowOfId(sorted, wanted)).toBe(expected.indexOf(wanted))
    expect(rowOfId(sorted, `${wanted}?`)).toBe(expected.indexOf(`${wanted}?`))
  })
})

test('rows of two columns are matched by id', () => {
  forSeeds(60, random => {
    const all = uniqueIds(random, 50).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const [left, right] = [0, 1].map(() => all.filter(() => random.chance(0.6)))
    const matches = matchRows(textColumn(left!), textColumn(right!))
    expect(Array.from(matches)).toEqual(left!.map(id => right!.indexOf(id)))
  })
})

test('a cumulative metric that went down gains nothing', () => {
  expect([gainOf(5, 1, true), gainOf(2, 3, true), gainOf(2, 3, false)]).toEqual([4, 0, -1])
  expect([gainOf(unknown, 3, true), gainOf(1, unknown, true)]).toEqual([unknown, unknown])
})

test('a million values are sorted correctly', () => {
  const { next, chance } = randomFrom(7)
  for (const scale of [1e6, 1e13]) {
    const million = Float64Array.from({ length: 1_000_000 }, () =>
      chance(0.05) ? unknown : Math.floor(next() * scale),
    )
    const { order, known } = sortByValue(million, true)
    let wrong = 0
    for (let place = 1; place < known; place++) {
      const [above, below] = [order[place - 1]!, order[place]!]
      const gap = million[above]! - million[below]!
      if (gap < 0 || (gap === 0 && above > below)) wrong++
    }
    for (let place = known; place < order.length; place++) if (!Number.isNaN(million[order[place]!]!)) wrong++
    expect(wrong).toBe(0)
    const isPlaced = new Uint8Array(order.length)
    for (const row of order) isPlaced[row] = 1
    expect([isPlaced.length, isPlaced.indexOf(0)]).toEqual([1_000_000, -1])
  }
})
