import { describe, expect, test } from 'bun:test'
import type { EventStatus, FeedBoard, Golfer } from '../src/leagues/tours/feeds/board.ts'
import { finishDecision, keepsPolling } from '../src/leagues/tours/finish.ts'
import { checkPicks, isClosedByPlay, type PickWindow, picksCloseAt } from '../src/leagues/tours/pick-rules.ts'
import {
  type GolferField,
  golferField,
  type MissedCut,
  type ScoringRules,
  scoreEntry,
} from '../src/leagues/tours/scoring.ts'
import { forSeeds } from './seeded.ts'

function golfer(player_id: string, total: number | null, more: Partial<Golfer> = {}): Golfer {
  return {
    player_id,
    name: `Golfer ${player_id}`,
    position: null,
    total,
    today: null,
    thru: 18,
    round: 4,
    rounds: [70, 70, 70, null],
    status: 'active',
    tee_time: null,
    ...more,
  }
}

/** `ann -7`, `bob E`, `cy ?`, `dee cut +6`, `eve wd ?` */
function field(...written: string[]): GolferField {
  return golferField(
    written.map(line => {
      const [id = '', ...rest] = line.split(' ')
      const total = rest.at(-1)
      const status =
        rest.find(word => word === 'cut' || word === 'wd' || word === 'dq' || word === 'finished') ?? 'active'
      return golfer(id, total === '?' ? null : total === 'E' ? 0 : Number(total), { status })
    }),
  )
}

const rules = (best: number, more: Partial<ScoringRules> = {}): ScoringRules => ({
  best,
  missed_cut: { rule: 'actual' },
  tiebreak: 'best_pick',
  ...more,
})
const entry = (picks: string, tiebreaker: number | null = null) => ({ picks: picks.split(' '), tiebreaker })
const countingPicks = (score: ReturnType<typeof scoreEntry>) =>
  score.picks.filter(({ counts }) => counts).map(({ player_id }) => player_id)

describe('an entry', () => {
  const open = field('ann -7', 'bob E', 'cy +3', 'dee -7', 'eve ?', 'fay -1')

  test.each<[what: string, picks: string, best: number, total: number | null, counted: string]>([
    ['the lowest picks count', 'cy ann fay bob', 2, -8, 'ann fay'],
    ['even par counts as 0, not as unknown', 'bob cy', 1, 0, 'bob'],
    ['zero stands between under and over par', 'cy bob fay', 2, -1, 'bob fay'],
    ['all picks may count', 'ann bob cy', 3, -4, 'ann bob cy'],
    ['among equals the one named first counts', 'cy dee ann', 1, -7, 'dee'],
    ['an unknown score is passed over', 'eve cy bob', 2, 3, 'cy bob'],
    ['an unknown score is not 0', 'eve cy', 2, null, 'cy'],
    ['a golfer the feed does not list is not 0 either', 'nobody cy', 2, null, 'cy'],
    ['a golfer the feed does not list is passed over', 'nobody cy bob', 2, 3, 'cy bob'],
    ['nothing known is nothing', 'eve nobody', 1, null, ''],
    ['over par adds up', 'cy cy2 bob', 2, 3, 'cy bob'],
  ])('%s', (_, picks, best, total, counted) => {
    const score = scoreEntry(entry(picks), open, rules(best))
    expect(score.total).toBe(total)
    expect(countingPicks(score)).toEqual(counted ? counted.split(' ') : [])
  })

  test('each pick says what it brings', () => {
    const score = scoreEntry(entry('dee eve nobody'), open, rules(1))
    expect(score.known).toBe(1)
    expect(score.picks).toEqual([
      {
        player_id: 'dee',
        name: 'Golfer dee',
        status: 'active',
        score: -7,
        total: -7,
        today: null,
        thru: 18,
        round: 4,
        counts: true,
      },
      {
        player_id: 'eve',
        name: 'Golfer eve',
        status: 'active',
        score: null,
        total: null,
        today: null,
        thru: 18,
        round: 4,
        counts: false,
      },
      {
        player_id: 'nobody',
        name: null,
        status: 'missing',
        score: null,
        total: null,
        today: null,
        thru: null,
        round: null,
        counts: false,
      },
    ])
  })

  test('holes are those of the counting picks, over the whole event', () => {
    const mixed = golferField([
      golfer('a', -3, { round: 2, thru: 7 }),
      golfer('b', -2, { round: 1, thru: 18 }),
      golfer('c', 4, { thru: 3 }),
    ])
    expect(scoreEntry(entry('a b c'), mixed, rules(2))).toMatchObject({ holes: 25 + 18, playing: 2 })
  })

  test('a golfer who has yet to tee off in round 1 is even; one whose feed is silent is unknown', () => {
    const early = { round: 1, rounds: [null, null, null, null] } satisfies Partial<Golfer>
    const waiting = [golfer('a', null, { ...early, thru: 0 }), golfer('b', null, { ...early, thru: null })]
    const morning = golferField([...waiting, golfer('c', null, { ...early, thru: 1 })])
    expect(scoreEntry(entry('a'), morning, rules(1)).total).toBe(0)
    expect(scoreEntry(entry('b'), morning, rules(1)).total).toBeNull()
    expect(scoreEntry(entry('a', -9), golferField(waiting), rules(1))).toMatchObject({ total: null, tiebreak: null })
  })
})

describe('a missed cut', () => {
  // The worst still in is low at +5. gus and hal are out, ivy never began, jo is out by far more than anyone in.
  const open = field('ann -7', 'low +5', 'gus cut +2', 'hal wd -3', 'ivy wd ?', 'jo dq +14', 'far cut +20')

  test.each<
    [rule: MissedCut['rule'], strokes: number | undefined, gus: number, hal: number, ivy: number | null, jo: number]
  >([
    // rule, strokes     cut +2  wd −3  wd ?  dq +14
    ['actual', undefined, 2, -3, null, 14],
    ['actual', 8, 2, -3, null, 14],
    ['worst', undefined, 5, 5, 5, 14],
    ['worst', 1, 6, 6, 6, 15],
    ['plus', 8, 10, 5, null, 22],
    ['plus', undefined, 2, -3, null, 14],
  ])(
    'by "%s" with %p strokes: cut +2 → %p, wd -3 → %p, wd before the start → %p, dq +14 → %p',
    (rule, strokes, gus, hal, ivy, jo) => {
      const missed_cut: MissedCut = strokes === undefined ? { rule } : { rule, strokes }
      const { picks } = scoreEntry(entry('gus hal ivy jo'), open, rules(1, { missed_cut }))
      expect(picks.map(({ score }) => score)).toEqual([gus, hal, ivy, jo])
      expect(picks.map(({ total }) => total)).toEqual([2, -3, null, 14])
    },
  )

  test('the rule leaves golfers who are in alone, finished ones too', () => {
    const finished = field('ann finished -7', 'low finished +5', 'gus cut +2')
    const { picks } = scoreEntry(entry('ann low gus'), finished, rules(1, { missed_cut: { rule: 'plus', strokes: 9 } }))
    expect(picks.map(({ score }) => score)).toEqual([-7, 5, 11])
  })

  test('"worst" with nobody in falls back to their own', () => {
    const { picks } = scoreEntry(
      entry('gus ivy'),
      field('gus cut +2', 'ivy wd ?'),
      rules(1, { missed_cut: { rule: 'worst', strokes: 1 } }),
    )
    expect(picks.map(({ score }) => score)).toEqual([3, null])
  })

  test('the penalty decides which picks count', () => {
    const actual = scoreEntry(entry('hal low ann'), open, rules(2))
    const worst = scoreEntry(entry('low hal ann'), open, rules(2, { missed_cut: { rule: 'worst', strokes: 1 } }))
    expect([actual.total, countingPicks(actual)]).toEqual([-10, ['hal', 'ann']])
    expect([worst.total, countingPicks(worst)]).toEqual([-2, ['low', 'ann']])
  })
})

describe('a tie', () => {
  const open = field('ann -7', 'bob -3', 'cy -4', 'dee E', 'gus cut -12')

  test.each<[picks: string, guess: number | null, expected: number | null]>([
    ['bob cy', -7, 0],
    ['bob cy', -10, 3],
    ['bob cy', -4, 3],
    ['bob cy', 0, 7],
    ['bob cy', null, null],
  ])('by guess is settled by the distance to the winning total, either way (%s, %p → %p)', (picks, guess, expected) => {
    expect(scoreEntry(entry(picks, guess), open, rules(2, { tiebreak: 'guess' })).tiebreak).toBe(expected)
  })

  test('by best pick is settled by the lowest score of any pick', () => {
    const [level, steep] = ['bob cy', 'ann dee'].map(picks => scoreEntry(entry(picks, -7), open, rules(2)))
    expect([level?.total, level?.tiebreak]).toEqual([-7, -4])
    expect([steep?.total, steep?.tiebreak]).toEqual([-7, -7])
  })

  test('by best pick counts a golfer who is out as the rule has them', () => {
    const penal = rules(1, { missed_cut: { rule: 'plus', strokes: 10 } })
    expect(scoreEntry(entry('gus bob'), open, penal).tiebreak).toBe(-3)
  })

  test('cannot be settled before anything is known', () => {
    expect(scoreEntry(entry('ann', -5), golferField([]), rules(1, { tiebreak: 'guess' })).tiebreak).toBeNull()
    expect(scoreEntry(entry('ann'), golferField([]), rules(1)).tiebreak).toBeNull()
  })
})

test('for any field, a total is the lowest sum of that many picks, in whatever order they were named', () => {
  const subsets = (all: number[], size: number): number[][] =>
    size === 0 ? [[]] : all.flatMap((first, i) => subsets(all.slice(i + 1), size - 1).map(rest => [first, ...rest]))
  forSeeds(300, random => {
    const golfers = Array.from({ length: 7 }, (_, i) =>
      golfer(String(i), random.chance(0.2) ? null : random.below(30) - 15),
    )
    const best = 1 + random.below(5)
    const picked = golfers.slice(0, 6)
    const known = picked.flatMap(({ total }) => total ?? [])
    const sums = subsets(known, best).map(some => some.reduce((sum, one) => sum + one, 0))
    const picks = picked.map(({ player_id }) => player_id)
    for (const order of [picks, picks.toReversed()]) {
      const score = scoreEntry({ picks: order, tiebreaker: null }, golferField(golfers), rules(best))
      expect(score.total).toBe(sums.length > 0 ? Math.min(...sums) : null)
      expect(countingPicks(score).length).toBe(Math.min(best, known.length))
    }
  })
})

describe('picks', () => {
  const { golfers } = field('ann -7', 'bob E', 'cy +3', 'gus cut +6')

  test.each<[picks: string[], wrong: Array<[path: string, message: string]>]>([
    [['ann', 'bob', 'cy'], []],
    [['ann', 'bob'], [['picks', 'Pick 3 golfers; these are 2.']]],
    [
      ['ann', 'bob', 'cy', 'dee'],
      [
        ['picks', 'Pick 3 golfers; these are 4.'],
        ['picks.3', 'dee is not in the field.'],
      ],
    ],
    [['ann', 'bob', 'ann'], [['picks.2', 'Golfer ann is already picked.']]],
    [
      ['ann', 'nobody', 'nobody'],
      [
        ['picks.1', 'nobody is not in the field.'],
        ['picks.2', 'nobody is not in the field.'],
      ],
    ],
    [['ann', 'bob', 'gus'], [['picks.2', 'Golfer gus is out of the event.']]],
    [['ann', 'bob', '__proto__'], [['picks.2', '__proto__ is not in the field.']]],
  ])('%j', (picks, wrong) => {
    expect(checkPicks(picks, 3, golfers).map(({ path, message }) => [path, message])).toEqual(wrong)
  })

  test('cannot be checked against a field nobody knows', () => {
    expect(checkPicks(['ann'], 1, new Map())).toEqual([
      { path: 'picks', message: 'Picks cannot be checked yet: the field is not known.' },
    ])
  })
})

const at = (time: string) => Date.parse(`2026-05-${time}Z`)

function board(golfers: Golfer[], event: Partial<FeedBoard['event']> = {}): FeedBoard {
  return {
    event: { id: 'coastal', name: 'Coastal Open', round: 1, status: 'upcoming', version: null, ...event },
    golfers,
    problems: [],
  }
}

describe('the deadline', () => {
  const league = { deadline: null, startsAt: at('14T00:00'), endsAt: at('17T22:00'), event: null }
  const waiting = (id: string, tee_time: string | null): Golfer =>
    golfer(id, 0, { tee_time, round: 1, thru: 0, rounds: [null, null, null, null] })
  const sheet = board([waiting('a', '2026-05-14T08:10:00Z'), waiting('b', '2026-05-14T07:40:00Z'), waiting('c', null)])

  const isOpen = (now: number, window: PickWindow, shown: FeedBoard) =>
    now < picksCloseAt(window, shown) && !isClosedByPlay(window, shown)

  test('is the first tee time', () => {
    expect(picksCloseAt(league, sheet)).toBe(at('14T07:40'))
    expect(isOpen(at('14T07:39'), league, sheet)).toBe(true)
    expect(isOpen(at('14T07:40'), league, sheet)).toBe(false)
  })

  test('is as set, earlier or later than the first tee time', () => {
    for (const set of [at('13T18:00'), at('14T12:00')]) {
      expect(picksCloseAt({ ...league, deadline: set }, sheet)).toBe(set)
      expect(isOpen(set - 1, { ...league, deadline: set }, sheet)).toBe(true)
    }
  })

  test.each<[what: string, board: FeedBoard | null]>([
    ['there is no board', null],
    ['it has no tee times', board([waiting('a', null)])],
    ["the tee times are last week's", board([waiting('a', '2026-05-07T07:40:00Z')])],
    ["the tee times are next week's", board([waiting('a', '2026-05-21T07:40:00Z')])],
    [
      'the tee times are of round 2',
      board([golfer('a', -1, { round: 2, tee_time: '2026-05-15T07:40:00Z' })], { round: 2 }),
    ],
  ])('is the start of the league where %s', (_, shown) => {
    expect(picksCloseAt(league, shown)).toBe(league.startsAt)
  })

  test('waits for the event of the league', () => {
    expect(picksCloseAt({ ...league, event: 'Inland Classic' }, sheet)).toBe(league.startsAt)
    expect(picksCloseAt({ ...league, event: 'coastal open' }, sheet)).toBe(at('14T07:40'))
    expect(picksCloseAt({ ...league, event: 'coastal' }, sheet)).toBe(at('14T07:40'))
  })

  test('is past once the first stroke is made, whatever the feed left out', () => {
    const begun = board([golfer('a', -1, { round: 1, thru: 1, rounds: [null, null, null, null] })], {
      status: 'in_progress',
    })
    const late = { ...league, startsAt: at('14T12:00') }
    expect(isOpen(at('14T08:00'), { ...late, event: 'coastal' }, begun)).toBe(false)
    // Without its own event the league cannot know that this is not last week's.
    expect(isOpen(at('14T08:00'), late, begun)).toBe(true)
    expect(isOpen(at('14T08:00'), { ...late, event: 'coastal', deadline: at('14T10:00') }, begun)).toBe(true)
  })
})

describe('the end', () => {
  const league = { startsAt: at('14T00:00'), endsAt: at('17T22:00'), event: null }
  const done = golfer('a', -9, { status: 'finished', rounds: [70, 70, 70, 69] })
  const onCourse = golfer('b', -4, { thru: 12 })
  const feed = (
    status: EventStatus,
    changed: string,
    golfers: Golfer[] = [done],
    more: Partial<FeedBoard['event']> = {},
  ) => ({
    board: board(golfers, { round: 4, status, ...more }),
    changedAt: at(changed),
  })

  test.each<
    [what: string, now: string, feed: Parameters<typeof finishDecision>[2], decision: ReturnType<typeof finishDecision>]
  >([
    ['play is on', '16T12:00', feed('in_progress', '16T11:58', [done, onCourse]), 'wait'],
    ['a round is complete', '16T20:00', feed('round_complete', '16T19:00'), 'wait'],
    ['all is quiet before the end', '17T21:59', feed('round_complete', '17T20:00'), 'wait'],
    ['the feed says official, before the end', '17T20:00', feed('official', '17T19:59'), 'finalise'],
    ['the feed says official, after the end', '18T09:00', feed('official', '18T08:59'), 'finalise'],
    [
      'the end has passed and the feed has been quiet for 30 minutes',
      '17T22:10',
      feed('round_complete', '17T21:40'),
      'finalise',
    ],
    ['… for 29 minutes', '17T22:10', feed('round_complete', '17T21:41'), 'alert'],
    ['… at the very end', '17T22:00', feed('in_progress', '17T21:00'), 'finalise'],
    ['… with somebody mid-round', '18T02:00', feed('in_progress', '17T21:00', [done, onCourse]), 'alert'],
    [
      '… with somebody stuck in an earlier round',
      '18T02:00',
      feed('in_progress', '17T21:00', [done, { ...onCourse, round: 2 }]),
      'finalise',
    ],
    [
      '… with someone who left mid-round',
      '18T02:00',
      feed('in_progress', '17T21:00', [done, { ...onCourse, status: 'wd' }]),
      'finalise',
    ],
    ['… with play suspended', '18T02:00', feed('suspended', '17T21:00'), 'alert'],
    ['… with the event cancelled', '18T02:00', feed('cancelled', '15T12:00'), 'alert'],
    ['… with an event that has not begun', '18T02:00', feed('upcoming', '14T12:00'), 'alert'],
    ['there has been no board, before the end', '16T12:00', { board: null, changedAt: null }, 'wait'],
    ['there has been no board, after the end', '17T22:00', { board: null, changedAt: null }, 'alert'],
    ["last week's official board is still on", '14T08:00', feed('official', '11T01:00'), 'wait'],
    ["last week's official board never went", '17T22:00', feed('official', '11T01:00'), 'alert'],
  ])('where %s at %s', (_, now, state, decision) => {
    expect(finishDecision(at(now), league, state)).toBe(decision)
  })

  test("another event's status does not count", () => {
    const mine = { ...league, event: 'Coastal Open' }
    const other = feed('official', '17T19:00', [done], { id: 'inland', name: 'Inland Classic' })
    expect(finishDecision(at('17T20:00'), mine, other)).toBe('wait')
    expect(finishDecision(at('17T23:00'), mine, other)).toBe('alert')
    expect(finishDecision(at('17T20:00'), mine, feed('official', '17T19:00'))).toBe('finalise')
  })

  test('polling goes on until the feed was asked a day past it', () => {
    expect(keepsPolling(at('18T21:59'), league, at('18T21:58'))).toBe(true)
    expect(keepsPolling(at('18T22:00'), league, at('18T21:59'))).toBe(true)
    expect(keepsPolling(at('18T22:02'), league, at('18T22:01'))).toBe(false)
    expect(keepsPolling(at('18T21:59'), league, at('19T22:00'))).toBe(true) // the clock was set back
  })
})
