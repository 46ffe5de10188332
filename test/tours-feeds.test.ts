import { afterEach, describe, expect, test } from 'bun:test'
import { closeDatabase, openDatabase } from '../db/open.ts'
import { transact } from '../db/transactions.ts'
import { type FakeFeedOptions, type FeedFault, feedFaults, startFakeFeed } from '../scripts/fake-feed.ts'
import type { Random } from '../scripts/random.ts'
import { type FeedBoard, type Golfer, holesPlayed, isOut, ScoreFeedError } from '../src/leagues/tours/feeds/board.ts'
import { type BoardComparison, compareBoards } from '../src/leagues/tours/feeds/compare-boards.ts'
import { type FeedFormat, feedParsers } from '../src/leagues/tours/feeds/formats.ts'
import { firstLast } from '../src/leagues/tours/feeds/names.ts'
import { golfersOf, insertTour } from '../src/leagues/tours/queries.ts'
import { storeBoard } from '../src/leagues/tours/stored-events.ts'
import type { TourEvent } from '../src/leagues/tours/tour.ts'
import { getJson, OutgoingFailure } from '../src/platform/http/outgoing.ts'
import { forSeeds } from './seeded.ts'
import { afterTest, temporaryFolder } from './start.ts'

const fixture = (name: string) => Bun.file(`${import.meta.dir}/fixtures/feeds/${name}.json`).json()
const parseFeed = (format: FeedFormat, json: unknown, event?: string) => feedParsers[format].read(json, event)
const formats: FeedFormat[] = ['fieldhouse', 'datagolf', 'espn']

const closers: Array<() => void> = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function startFeed(options: FakeFeedOptions = {}) {
  const feed = startFakeFeed(options)
  closers.push(feed.stop)
  return feed
}

describe('reading', () => {
  test.each([
    ['fieldhouse', 'fieldhouse'],
    ['datagolf', 'datagolf'],
    ['espn', 'espn'],
    ['espn', 'espn-leaderboard'],
  ] as const)('%s reads %s.json as its golden board', async (format, name) => {
    const board: unknown = await fixture(`${name}.board`)
    expect<unknown>(parseFeed(format, await fixture(name))).toEqual(board)
  })

  test.each([
    ['Berglund, Åke', 'Åke Berglund'],
    ['van der Berg, Jan', 'Jan van der Berg'],
    ['van der Berg, Jan Jr.', 'Jan van der Berg Jr.'],
    ['van der Berg Jr., Jan', 'Jan van der Berg Jr.'],
    ['Love III, Davis', 'Davis Love III'],
    ['Varner, Harold, III', 'Harold Varner III'],
    ['Harold Varner, III', 'Harold Varner III'],
    ['Kim, Si Woo', 'Si Woo Kim'],
    ['Ruiz-Núñez, José María', 'José María Ruiz-Núñez'],
    ["O'Shea, Conor (a)", "Conor O'Shea"],
    ['  Spaced ,   Out ', 'Out Spaced'],
    ['Si Woo Kim', 'Si Woo Kim'],
    ['Madonna', 'Madonna'],
    ['Madonna,', 'Madonna'],
    ['II', 'II'],
  ])('the name %p reads %p', (written, read) => {
    expect(firstLast(written)).toBe(read)
  })

  test('names are one text however they were encoded, without characters that cannot be seen', () => {
    const { golfers } = parseFeed('fieldhouse', {
      event: { name: 'Open' },
      golfers: [
        { id: 1, name: 'A\u030Ake\u00A0\t Berg\u00ADlund\u202E' },
        { id: 2, name: 'Half \uD83D' }, // as it is stored, or it would differ from itself at each poll
      ],
    })
    expect(golfers.map(({ name }) => name)).toEqual(['Åke Berglund', 'Half \uFFFD'])
  })

  test.each([
    [-7, -7],
    ['-7', -7],
    ['−7', -7],
    ['+3', 3],
    ['3', 3],
    [0, 0],
    ['0', 0],
    ['E', 0],
    ['e', 0],
    ['EVEN', 0],
    [-0, 0],
    [null, null],
    [undefined, null],
    ['', null],
    ['-', null],
    ['--', null],
    ['  ', null],
    ['WD', null],
    ['seven', null],
    [-7.5, null],
    [1e9, null],
    [Number.NaN, null],
    [true, null],
    [[], null],
    [{}, null],
    ['0x7', null],
  ])('a total written %p is %p', (written, total) => {
    const board = parseFeed('fieldhouse', {
      event: { name: 'Open' },
      golfers: [{ id: '1', name: 'Ann', total: written }],
    })
    expect(board.golfers[0]?.total).toBe(total)
  })

  test.each([
    ['fieldhouse', null, 'event.name'],
    ['fieldhouse', [], 'event.name'],
    ['fieldhouse', 'text', 'event.name'],
    ['fieldhouse', { event: { name: 'Open' } }, 'golfers'],
    ['fieldhouse', { event: { name: 'Open' }, golfers: {} }, 'golfers'],
    ['fieldhouse', { event: { name: 'Open', status: 'sleepy' }, golfers: [] }, 'event.status'],
    ['fieldhouse', { event: { name: 'Open' }, golfers: [{ id: '1' }, { name: 'Ann' }] }, 'golfers[0].name'],
    ['fieldhouse', { event: { name: 'Open' }, golfers: Array(2001).fill({ id: '1', name: 'Ann' }) }, ''],
    ['datagolf', { data: [] }, 'info.event_name'],
    ['datagolf', { info: { event_name: 'Open' }, data: 'none' }, 'data'],
    ['datagolf', { info: { event_name: 'Open' }, data: [{ player_name: 'Kim, Si Woo' }] }, 'data[0].dg_id'],
    ['espn', {}, 'events'],
    ['espn', { events: [] }, 'events'],
    ['espn', { events: [{ name: 'Open' }] }, 'events[0].competitions'],
    ['espn', { events: [{ name: 'Open', competitions: [] }] }, 'events[0].competitions'],
    ['espn', { events: [{ competitions: [{}] }] }, 'events[0].name'],
  ] as const)('%s says where %j is wrong', (format, json, path) => {
    let thrown: unknown
    try {
      parseFeed(format, json)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ScoreFeedError)
    expect(thrown instanceof ScoreFeedError && thrown.path).toBe(path)
  })

  test('a golfer DataGolf shows as cut keeps the holes of both rounds, though it says that they are thru 0', () => {
    const cut = { dg_id: 7, player_name: 'Berglund, Åke', current_pos: 'CUT', current_score: 16, today: 0 }
    const { golfers } = parseFeed('datagolf', {
      info: { event_name: 'Open', current_round: 3 },
      data: [{ ...cut, round: 2, thru: 0, R1: 79, R2: 81, R3: null, R4: null }],
    })
    expect(golfers[0]).toMatchObject({ status: 'cut', round: 2, thru: 18, total: 16 })
    expect(golfers.map(holesPlayed)).toEqual([36])
  })

  test('of two events ESPN is on, the one asked for is read', async () => {
    const json = await fixture('espn')
    expect(parseFeed('espn', json).event.name).toBe('Coastal Open')
    expect(parseFeed('espn', json, 'inland classic').event).toMatchObject({ id: '401000002', status: 'official' })
    expect(parseFeed('espn', json, '401000001').event.name).toBe('Coastal Open')
    expect(() => parseFeed('espn', json, 'Masters')).toThrow('lists no event "Masters"')
  })

  const junk = [null, undefined, 0, -1, 1.5, '', 'E', 'x', [], {}, [[]], { value: {} }, true, Infinity, '__proto__']

  function mangle(json: unknown, random: Random): unknown {
    if (random.chance(0.02)) return random.pick(junk)
    if (Array.isArray(json)) return json.map(item => mangle(item, random))
    if (typeof json !== 'object' || json === null) return json
    const entries = Object.entries(json).map(([key, value]) => [
      random.chance(0.01) ? `${key}x` : key,
      mangle(value, random),
    ])
    return Object.fromEntries(entries)
  }

  test.each([
    ['fieldhouse', 'fieldhouse'],
    ['datagolf', 'datagolf'],
    ['espn', 'espn'],
    ['espn', 'espn-leaderboard'],
  ] as const)('however the JSON is mangled, %s reads %s.json as a board or a ScoreFeedError', async (format, name) => {
    const json: unknown = await fixture(name)
    forSeeds(150, random => {
      let golfers: Golfer[] = []
      try {
        golfers = parseFeed(format, mangle(json, random)).golfers
      } catch (error) {
        expect(error).toBeInstanceOf(ScoreFeedError)
      }
      for (const { total, thru } of golfers) {
        expect(total === null || Number.isInteger(total)).toBe(true)
        expect(thru === null || (thru >= 0 && thru <= 18)).toBe(true)
      }
    })
  })
})

describe('comparing with the board before', () => {
  const event: FeedBoard['event'] = { id: 'a', name: 'Open', round: 2, status: 'in_progress', version: '1' }
  const golfer = (player_id: string, total: number | null, more: Partial<Golfer> = {}): Golfer => ({
    player_id,
    name: `Golfer ${player_id}`,
    position: null,
    total,
    today: null,
    thru: 9,
    round: 2,
    rounds: [70, null, null, null],
    status: 'active',
    tee_time: null,
    ...more,
  })
  const field = (totals: Array<number | null>) => totals.map((total, i) => golfer(String(i), total))
  const board = (golfers: Golfer[], more: Partial<FeedBoard['event']> = {}): FeedBoard => ({
    event: { ...event, ...more },
    golfers,
    problems: [],
  })
  const accepted = (verdict: BoardComparison) => {
    if (verdict.kind === 'held') throw new Error(verdict.message)
    return verdict
  }
  const reason = (verdict: BoardComparison) => (verdict.kind === 'held' ? verdict.reason : 'accepted')

  const ten = field([-9, -8, -7, -6, -5, -4, -3, -2, -1, 1])
  const change = (change: (golfer: Golfer, i: number) => Golfer | null) =>
    board(ten.map(change).filter(one => one !== null))

  test('the first board is accepted as it is', () => {
    for (const first of [board(ten), board([])]) expect(accepted(compareBoards(null, first)).board).toEqual(first)
  })

  test('only what has changed is stored; a new version alone is nothing new, a new round or status is', () => {
    const db = openDatabase(temporaryFolder())
    afterTest(() => closeDatabase(db))
    const values = {
      slug: 'pga',
      name: 'PGA',
      feedUrl: 'https://example.org',
      format: 'fieldhouse',
      intervalS: 60,
    } as const
    const tour = insertTour(db, { ...values, createdBy: null, createdAt: 0 })!
    let known: TourEvent | undefined
    let now = 1
    const store = (next: FeedBoard) => {
      const { event, changed, moved, quiet } = transact(db, tx => storeBoard(tx, tour, known, next, now++))
      known = event
      return { changed, moved: moved.map(({ player_id }) => player_id), quiet }
    }
    const onlyFourth = change((one, i) => (i === 3 ? { ...one, total: -7, thru: 10 } : one))
    expect(store(board(ten))).toMatchObject({ changed: 10, quiet: false })
    expect(store(board(ten, { version: '2' }))).toEqual({ changed: 0, moved: [], quiet: true })
    expect(store(onlyFourth)).toEqual({ changed: 1, moved: ['3'], quiet: false })
    expect(store(board(onlyFourth.golfers, { status: 'official' }))).toEqual({ changed: 0, moved: [], quiet: false })
    expect(store(board(onlyFourth.golfers, { round: 3 }))).toEqual({ changed: 0, moved: [], quiet: false })
    const late = [...onlyFourth.golfers.slice(1), golfer('99', 0)]
    expect(store(board(late, { round: 3 }))).toEqual({ changed: 2, moved: ['99'], quiet: false }) // one left
    expect(golfersOf(db, known!.id).map(({ player_id }) => player_id)).toEqual(
      late.map(({ player_id }) => player_id).sort(),
    )
  })

  test.each([
    ['a fifth vanish', change((one, i) => (i < 2 ? null : one)), 'accepted'],
    ['more than a fifth vanish', change((one, i) => (i < 3 ? null : one)), 'shrunk'],
    ['all vanish', board([]), 'emptied'],
    ['a fifth are zeroed', change((one, i) => (i < 2 ? { ...one, total: 0 } : one)), 'accepted'],
    ['more than a fifth are zeroed', change((one, i) => (i < 3 ? { ...one, total: 0 } : one)), 'zeroed'],
    ['all are zeroed', change(one => ({ ...one, total: 0 })), 'zeroed'],
    ['all are zeroed, thru as well', change(one => ({ ...one, total: 0, thru: 0, round: 1 })), 'zeroed'],
    ['more than a fifth are blanked', change((one, i) => (i < 3 ? { ...one, total: null } : one)), 'zeroed'],
    [
      'some are zeroed, some blanked, some vanish',
      change((one, i) => (i === 0 ? null : i < 3 ? { ...one, total: i === 1 ? 0 : null } : one)),
      'zeroed',
    ],
    [
      'half are cut and blanked',
      change((one, i) => (i < 5 ? { ...one, status: 'cut', total: null } : one)),
      'accepted',
    ],
    ['everybody plays on', change(one => ({ ...one, total: (one.total ?? 0) - 1, thru: 10 })), 'accepted'],
  ])('where %s the board is %3$s', (_, next, expected) => {
    expect(reason(compareBoards(board(ten), next))).toBe(expected)
  })

  test('early on, when scores are near even, playing back to even is play', () => {
    const early = board(field([1, -1, 1, -1, 2]).map(one => ({ ...one, round: 1, thru: 2 })))
    const back = board(field([0, 0, 0, -1, 2]).map(one => ({ ...one, round: 1, thru: 3 })))
    expect(reason(compareBoards(early, back))).toBe('accepted')
    expect(reason(compareBoards(early, { ...back, golfers: back.golfers.map(one => ({ ...one, thru: 2 })) }))).toBe(
      'zeroed',
    )
  })

  test('golfers yet to tee off do not hide that everyone else was zeroed', () => {
    const early = board([
      ...field([-1, 2, 1]),
      ...Array.from({ length: 97 }, (_, i) => golfer(`w${i}`, 0, { thru: 0, round: 1 })),
    ])
    expect(reason(compareBoards(early, board(early.golfers.map(one => ({ ...one, total: 0 })))))).toBe('zeroed')
  })

  test('the score of a golfer who is out stays when the feed blanks it', () => {
    const out = change((one, i) => (i === 0 ? { ...one, status: 'wd', total: null } : one))
    const first = accepted(compareBoards(board(ten), out))
    expect(first.board.golfers[0]).toMatchObject({ status: 'wd', total: -9 })
    expect(accepted(compareBoards(first.board, out)).board).toEqual(first.board)
  })

  test('a golfer who withdraws before their first hole has no score', () => {
    const waiting = golfer('w', 0, { thru: 0, round: 1, rounds: [null, null, null, null] })
    const verdict = accepted(
      compareBoards(board([...ten, waiting]), board([...ten, { ...waiting, status: 'wd', total: null }])),
    )
    expect(verdict.board.golfers.at(-1)?.total).toBeNull()
  })
})

describe('a whole tournament on the fake feed', () => {
  const fetchFeed = async (url: string) => {
    const answer = await getJson(url, { allowPrivate: true })
    if (answer.kind !== 'fresh') throw new Error('nothing new')
    return answer.json
  }

  /** What a format can express of a golfer's real standing. */
  const expressedBy = (format: FeedFormat, truth: Golfer): Partial<Golfer> => {
    if (format === 'fieldhouse') return truth
    if (format === 'datagolf') return { ...truth, tee_time: null }
    const { player_id, name, total, thru, rounds } = truth
    // The scoreboard is imprecise before the first hole of a round, and for golfers who are out.
    return thru && !isOut(truth) ? { player_id, name, total, thru, rounds } : { player_id, name }
  }

  test.each(formats)('reads in %s as it is played, and no poll of it is held', async format => {
    const feed = startFeed({ seed: 11, golfers: 40 })
    let last: FeedBoard | null = null
    for (; feed.minute() < feed.length + 60; feed.advance(37)) {
      const board = parseFeed(format, await fetchFeed(feed.urlOf(format)))
      expect(board.problems).toEqual([])
      expect(compareBoards(last, board).kind, `at minute ${feed.minute()}`).toBe('accepted')
      const parsed = new Map(board.golfers.map(golfer => [golfer.player_id, golfer]))
      for (const golfer of feed.board().golfers)
        expect(parsed.get(golfer.player_id)).toMatchObject(expressedBy(format, golfer))
      last = board
    }
    expect(last?.event.status).toBe(format === 'datagolf' ? 'round_complete' : 'official')
    if (format === 'espn') expect(last?.golfers.filter(({ status }) => status === 'cut').length).toBeGreaterThan(5)
  })

  test('is the same for the same seed and another for another', async () => {
    const boards = [7, 7, 8].map(seed => {
      const feed = startFeed({ seed })
      feed.advance(600)
      return feed.board()
    })
    expect(boards[0]).toEqual(boards[1]!)
    expect(boards[0]).not.toEqual(boards[2]!)
  })

  test('with a speed, time passes by the clock', () => {
    let now = 0
    const feed = startFeed({ speed: 60, clock: () => now, from: 0 })
    now = 10_000
    expect(feed.minute()).toBe(600)
    expect(feed.board().event.round).toBe(2)
  })

  test('a poll that finds nothing new costs a 304, and requests are counted', async () => {
    const feed = startFeed({ from: 100 })
    const first = await getJson(feed.url, { allowPrivate: true })
    if (first.kind !== 'fresh') throw new Error('nothing new')
    expect((await getJson(feed.url, { allowPrivate: true }, first.validators)).kind).toBe('unchanged')
    feed.advance(14)
    expect((await getJson(feed.url, { allowPrivate: true }, first.validators)).kind).toBe('fresh')
    expect(feed.requests.map(({ status }) => status)).toEqual([200, 304, 200])
  })

  const outcomes: Array<[FeedFault, string]> = [
    ['down', 'http_status'],
    ['slow', 'timeout'],
    ['truncated', 'not_json'],
    ['html', 'not_json'],
    ['huge', 'too_large'],
    ['blank', 'not_json'],
    ['empty', 'emptied'],
    ['zeroed', 'zeroed'],
    ['shrunk', 'shrunk'],
    ['wrong_type', 'accepted'],
    ['unchanged', 'http_status'],
    ['inward', 'refused'],
  ]

  test('every fault is tried', () => {
    expect(outcomes.map(([fault]) => String(fault)).sort()).toEqual(Object.keys(feedFaults).sort())
  })

  test.each(outcomes)('the fault "%s" ends as "%s"', async (fault, expected) => {
    const feed = startFeed({ from: 200 })
    const good = parseFeed('fieldhouse', await fetchFeed(feed.url))
    feed.fault(fault, 1)
    const options = {
      allowPrivate: false,
      isPublic: (address: string) => address === '127.0.0.1',
      maxBytes: 2_000_000,
      timeoutMs: fault === 'slow' ? 300 : 15_000,
    }
    const outcome = await getJson(feed.url, options).then(
      answer => {
        const verdict = answer.kind === 'fresh' && compareBoards(good, parseFeed('fieldhouse', answer.json))
        return verdict && (verdict.kind === 'held' ? verdict.reason : verdict.kind)
      },
      error => (error instanceof OutgoingFailure ? error.code : error),
    )
    expect(outcome).toBe(expected)
    expect(compareBoards(good, parseFeed('fieldhouse', await fetchFeed(feed.url)))).toMatchObject({
      kind: 'accepted',
      board: { golfers: good.golfers },
    })
  })

  test('faults and time are steered over HTTP as well', async () => {
    const feed = startFeed({ from: 0 })
    const control = new URL('/control', feed.url)
    const steer = async (query: string) => (await fetch(`${control}?${query}`, { method: 'POST' })).json()
    expect(await steer('fault=down&times=1&advance=60')).toMatchObject({ minute: 60, fault: 'down', requests: 0 })
    expect((await fetch(feed.url)).status).toBe(503)
    expect((await fetch(`${feed.url}?fault=html`)).headers.get('content-type')).toContain('html')
    expect(await (await fetch(control)).json()).toMatchObject({
      minute: 60,
      fault: null,
      requests: 2,
      round: 1,
      status: 'in_progress',
    })
  })
})
