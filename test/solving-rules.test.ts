import { expect, test } from 'bun:test'
import { checkRoster } from '../src/rota/solving/check.ts'
import { buildGreedyRoster } from '../src/rota/solving/greedy.ts'
import { preparePlan } from '../src/rota/solving/plan.ts'
import type { RosterProblem } from '../src/rota/solving/problem.ts'
import { toSolution } from '../src/rota/solving/solution.ts'
import { solve } from '../src/rota/solving/solve.ts'
import { small } from './roster-instances.ts'

/** Solves, checks the roster, and returns who is on which shift and why places are open. */
function rostered(problem: RosterProblem) {
  const { assignments, unfilled, summary } = toSolution(buildGreedyRoster(preparePlan(problem)), 0, 'heuristic')
  expect(checkRoster(problem, assignments).filter(violation => !violation.given)).toEqual([])
  return {
    taken: assignments.map(one => `${one.shift_id}:${one.staff_id}`),
    reasons: unfilled.map(one => one.reason),
    messages: unfilled.map(one => one.message),
    blocked: unfilled.map(one => one.blocked),
    summary,
  }
}

/** A shift of this many hours; `2025-06-02` is a Monday, when Berlin is two hours ahead of UTC. */
const on = (date: string, from: number, hours: number, more = {}) => {
  const starts = Date.parse(`${date}T00:00:00+02:00`) + from * 3_600_000
  return {
    starts_at: new Date(starts).toISOString(),
    ends_at: new Date(starts + hours * 3_600_000).toISOString(),
    ...more,
  }
}

test('only people with the skill take a shift that needs it', () => {
  const shifts = [on('2025-06-02', 8, 8, { skill: 'bar' })]
  expect(rostered(small([{}, { skills: ['bar'] }], shifts)).taken).toEqual(['1:2'])
  expect(rostered(small([{}, { skills: ['door'] }], shifts))).toMatchObject({
    taken: [],
    reasons: ['skill'],
    messages: ['Nobody has the skill bar'],
    blocked: [{ skill: 2 }],
  })
})

test('a certificate holds through the day it expires, as the calendar at the site has it', () => {
  const certifications = [{ name: 'first aid', expires_on: '2025-06-02' }]
  const at = (date: string, from: number) =>
    rostered(small([{ certifications }], [on(date, from, 8, { certification: 'first aid' })])).reasons
  expect(at('2025-06-02', 8)).toEqual([])
  expect(at('2025-06-02', 23.5)).toEqual([]) // it begins on the day, and 21:30 in UTC
  expect(at('2025-06-03', 0.5)).toEqual(['certification']) // still the day before in UTC
  expect(at('2025-06-03', 8)).toEqual(['certification'])
})

test('of two certificates of one kind the one that lasts longer counts', () => {
  const certifications = [
    { name: 'first aid', expires_on: '2024-01-01' },
    { name: 'first aid', expires_on: '2026-01-01' },
  ]
  expect(
    rostered(small([{ certifications }], [on('2025-06-02', 8, 8, { certification: 'first aid' })])).reasons,
  ).toEqual([])
})

test('days away are whole days at the site, both ends included, for any shift that touches them', () => {
  const away = [{ from: '2025-06-03', to: '2025-06-04' }]
  const at = (date: string, from: number) => rostered(small([{ unavailable: away }], [on(date, from, 8)])).reasons
  expect(at('2025-06-02', 16)).toEqual([]) // ends at midnight, as the days away begin
  expect(at('2025-06-02', 17)).toEqual(['unavailable'])
  expect(at('2025-06-04', 23)).toEqual(['unavailable'])
  expect(at('2025-06-05', 0)).toEqual([])
})

test('hours away are from one instant up to another', () => {
  const unavailable = [{ from: '2025-06-02T10:00:00Z', to: '2025-06-02T12:00:00Z' }]
  const at = (from: number) => rostered(small([{ unavailable }], [on('2025-06-02', from, 2)])).reasons
  expect(at(10)).toEqual([])
  expect(at(11)).toEqual(['unavailable'])
  expect(at(14)).toEqual([])
})

test('nobody works two shifts at once, or again before ten hours of rest', () => {
  const with_ = (from: number) => rostered(small([{}], [on('2025-06-02', 6, 8), on('2025-06-02', from, 4)])).reasons
  expect(with_(12)).toEqual(['overlap'])
  expect(with_(14)).toEqual(['rest'])
  expect(with_(23.75)).toEqual(['rest'])
  expect(with_(24)).toEqual([])
})

test('weekly hours run from Monday to Sunday, by the day a shift starts at the site', () => {
  const person = { max_hours_week: 16 }
  const three = (third: string, from: number) =>
    rostered(small([person], [on('2025-06-06', 8, 8), on('2025-06-07', 8, 8), on(third, from, 8)])).reasons
  expect(three('2025-06-08', 22)).toEqual(['hours']) // Sunday night belongs to the old week
  expect(three('2025-06-09', 0.5)).toEqual([]) // Monday half past midnight to the new one, though it is Sunday in UTC
})

test('the night the clocks go back is an hour longer, and counts so', () => {
  const night = { starts_at: '2025-10-25T20:00:00Z', ends_at: '2025-10-26T05:00:00Z' } // 22:00 to 06:00
  expect(rostered(small([{ max_hours_week: 8 }], [night])).reasons).toEqual(['hours'])
  expect(rostered(small([{ max_hours_week: 9 }], [night])).summary.cost_cents).toBe(9000)
})

test('the night the clocks go forward leaves an hour less of rest', () => {
  const evening = { starts_at: '2025-03-29T14:00:00Z', ends_at: '2025-03-29T21:30:00Z' } // to 22:30
  const morning = { starts_at: '2025-03-30T06:30:00Z', ends_at: '2025-03-30T12:00:00Z' } // from 08:30, ten hours by the local clock
  expect(rostered(small([{}], [evening, morning])).reasons).toEqual(['rest'])
})

test('weeks with a clock change are counted correctly', () => {
  const sunday = { starts_at: '2025-03-30T21:30:00Z', ends_at: '2025-03-30T22:00:00Z' } // Sunday 23:30, summer time
  const monday = { starts_at: '2025-03-31T08:00:00Z', ends_at: '2025-03-31T16:00:00Z' }
  expect(rostered(small([{ max_hours_week: 8 }], [sunday, monday])).reasons).toEqual([])
})

test('work outside the range takes rest and hours', () => {
  const duty = { staff_id: 1, site_id: 1, ...on('2025-06-02', 0, 8) }
  const with_ = (from: number, max_hours_week: number) =>
    rostered(small([{ max_hours_week }], [on('2025-06-02', from, 6)], { existing: [duty] })).reasons
  expect(with_(18, 40)).toEqual([])
  expect(with_(17, 40)).toEqual(['rest'])
  expect(with_(7, 40)).toEqual(['overlap'])
  expect(with_(18, 12)).toEqual(['hours'])
})

test('pins stay even if they break a rule, and no assignment is added that would break one with them', () => {
  const shifts = [on('2025-06-02', 8, 8, { skill: 'bar' }), on('2025-06-02', 12, 8), on('2025-06-03', 8, 8)]
  const problem = small([{}, { hourly_cents: 5000 }], shifts, { pinned: [{ shift_id: 1, staff_id: 1 }] })
  expect(rostered(problem).taken).toEqual(['1:1', '2:2', '3:1'])
  expect(checkRoster(problem, [{ shift_id: 1, staff_id: 1 }])).toMatchObject([{ rule: 'skill', given: true }])
  expect(checkRoster(problem, [])).toMatchObject([{ rule: 'pin', given: false }])
})

test('a pin that names an unknown shift or person is an error of the caller', () => {
  const problem = small([{}], [on('2025-06-02', 8, 8)], { pinned: [{ shift_id: 9, staff_id: 1 }] })
  expect(() => preparePlan(problem)).toThrow('shift 9')
})

test('a place nobody can take names the rule that keeps most people with the skill away', () => {
  const bar = { skills: ['bar'] }
  const first = { certifications: [{ name: 'first aid', expires_on: '2025-01-01' }] }
  const problem = small(
    [
      {},
      { ...bar, ...first },
      { ...bar, ...first },
      {
        ...bar,
        certifications: [{ name: 'first aid', expires_on: '2026-01-01' }],
        unavailable: [{ from: '2025-06-02', to: '2025-06-02' }],
      },
    ],
    [on('2025-06-02', 8, 8, { skill: 'bar', certification: 'first aid', headcount: 2 })],
  )
  expect(rostered(problem)).toMatchObject({
    reasons: ['certification', 'certification'],
    blocked: [{ skill: 1, certification: 2, unavailable: 1 }, {}],
    messages: [
      '2 of 3 with the skill bar have no first aid certificate valid on 2025-06-02',
      '2 of 3 with the skill bar have no first aid certificate valid on 2025-06-02',
    ],
  })
})

test('if everyone qualified is on the shift already, that is the reason', () => {
  expect(rostered(small([{}, {}], [on('2025-06-02', 8, 8, { headcount: 3 })]))).toMatchObject({
    taken: ['1:1', '1:2'],
    messages: ['Everyone is on this shift already'],
  })
})

test('without people or shifts there is nothing to do, and a message says so', () => {
  expect(rostered(small([], []))).toMatchObject({
    taken: [],
    reasons: [],
    summary: { coverage: 1, cost_cents: 0, gap: 0 },
  })
  expect(rostered(small([], [on('2025-06-02', 8, 8)])).messages).toEqual(['There is nobody to ask'])
})

test('the checker names what is wrong with a roster that was not made here', () => {
  const shifts = [on('2025-06-02', 8, 8), on('2025-06-02', 20, 8)]
  const problem = small([{ max_hours_week: 12 }], shifts)
  const on1 = { shift_id: 1, staff_id: 1 }
  const rules = (assignments: { shift_id: number; staff_id: number }[]) =>
    checkRoster(problem, assignments).map(one => one.rule)
  expect(rules([on1])).toEqual([])
  expect(rules([on1, on1])).toEqual(['twice'])
  expect(rules([on1, { shift_id: 2, staff_id: 1 }])).toEqual(['rest', 'hours'])
  expect(rules([{ shift_id: 7, staff_id: 1 }])).toEqual(['unknown'])
  expect(rules([{ shift_id: 1, staff_id: 7 }])).toEqual(['unknown'])
  expect(
    checkRoster({ ...problem, staff: [...problem.staff, { ...problem.staff[0]!, id: 2 }] }, [
      on1,
      { shift_id: 1, staff_id: 2 },
    ]),
  ).toMatchObject([{ rule: 'headcount', shift_ids: [1], given: false }])
})

test('who would fill open places has all the skills that they ask for', async () => {
  const day = (date: string) => ({ starts_at: `${date}T08:00:00Z`, ends_at: `${date}T16:00:00Z` })
  const two = { skill: 'bar', skills: ['english'] }
  const problem = small(
    [{ skills: ['bar'] }],
    [
      { ...day('2025-06-02'), ...two },
      { ...day('2025-06-03'), ...two },
    ],
  )
  const { summary } = await solve(problem, { algorithm: 'greedy' })
  expect(summary.advice).toEqual([
    '2 places cannot be filled by the people there are, whatever the roster.',
    '1 more person with the skills bar and english, each free for 40 hours a week, would fill all 2 open places.',
  ])
})
