import { expect, test } from 'bun:test'
import { checkRoster } from '../src/rota/solving/check.ts'
import { buildGreedyRoster } from '../src/rota/solving/greedy.ts'
import { preparePlan } from '../src/rota/solving/plan.ts'
import type { RosterProblem } from '../src/rota/solving/problem.ts'
import { Roster } from '../src/rota/solving/roster.ts'
import { toSolution } from '../src/rota/solving/solution.ts'
import { solve } from '../src/rota/solving/solve.ts'
import { smallProblem } from './roster-instances.ts'

/** Solves, checks the roster, and returns who is on which shift and why places are open. */
function solveGreedily(problem: RosterProblem) {
  const { assignments, unfilled, summary } = toSolution(buildGreedyRoster(preparePlan(problem)), 0, 'heuristic')
  expect(checkRoster(problem, assignments).filter(violation => !violation.given)).toEqual([])
  return {
    taken: assignments.map(assignment => `${assignment.shift_id}:${assignment.staff_id}`),
    reasons: unfilled.map(place => place.reason),
    messages: unfilled.map(place => place.message),
    blocked: unfilled.map(place => place.blocked),
    summary,
  }
}

/** A shift of this many hours; `2025-06-02` is a Monday, when Berlin is two hours ahead of UTC. */
const shiftOn = (date: string, from: number, hours: number, more = {}) => {
  const startsAt = Date.parse(`${date}T00:00:00+02:00`) + from * 3_600_000
  return {
    starts_at: new Date(startsAt).toISOString(),
    ends_at: new Date(startsAt + hours * 3_600_000).toISOString(),
    ...more,
  }
}

test('only people with the skill take a shift that needs it', () => {
  const shifts = [shiftOn('2025-06-02', 8, 8, { skill: 'bar' })]
  expect(solveGreedily(smallProblem([{}, { skills: ['bar'] }], shifts)).taken).toEqual(['1:2'])
  expect(solveGreedily(smallProblem([{}, { skills: ['door'] }], shifts))).toMatchObject({
    taken: [],
    reasons: ['skill'],
    messages: ['Nobody has the skill bar'],
    blocked: [{ skill: 2 }],
  })
  expect(solveGreedily(smallProblem([{ skills: ['Bar'] }], shifts)).messages).toEqual([
    'Nobody has the skill bar; some have Bar, which is spelled differently',
  ])
})

test('a certificate holds through the day it expires, as the calendar at the site has it', () => {
  const certifications = [{ name: 'first aid', expires_on: '2025-06-02' }]
  const reasonsAt = (date: string, from: number) =>
    solveGreedily(smallProblem([{ certifications }], [shiftOn(date, from, 8, { certification: 'first aid' })])).reasons
  expect(reasonsAt('2025-06-02', 8)).toEqual([])
  expect(reasonsAt('2025-06-02', 23.5)).toEqual([]) // it begins on the day, and 21:30 in UTC
  expect(reasonsAt('2025-06-03', 0.5)).toEqual(['certification']) // still the day before in UTC
  expect(reasonsAt('2025-06-03', 8)).toEqual(['certification'])
})

test('of two certificates of one kind the one that lasts longer counts', () => {
  const certifications = [
    { name: 'first aid', expires_on: '2024-01-01' },
    { name: 'first aid', expires_on: '2026-01-01' },
  ]
  expect(
    solveGreedily(smallProblem([{ certifications }], [shiftOn('2025-06-02', 8, 8, { certification: 'first aid' })]))
      .reasons,
  ).toEqual([])
})

test('days away are whole days at the site, both ends included, for any shift that touches them', () => {
  const daysAway = [{ from: '2025-06-03', to: '2025-06-04' }]
  const reasonsAt = (date: string, from: number) =>
    solveGreedily(smallProblem([{ unavailable: daysAway }], [shiftOn(date, from, 8)])).reasons
  expect(reasonsAt('2025-06-02', 16)).toEqual([]) // ends at midnight, as the days away begin
  expect(reasonsAt('2025-06-02', 17)).toEqual(['unavailable'])
  expect(reasonsAt('2025-06-04', 23)).toEqual(['unavailable'])
  expect(reasonsAt('2025-06-05', 0)).toEqual([])
  const messageAt = (date: string) =>
    checkRoster(smallProblem([{ unavailable: daysAway }], [shiftOn(date, 19, 12)]), [{ shift_id: 1, staff_id: 1 }])
      .map(({ message }) => message)
      .join()
  expect(messageAt('2025-06-02')).toEndWith(' is unavailable on 3 June 2025') // into which the night reaches
  expect(messageAt('2025-06-04')).toEndWith(' is unavailable on 4 June 2025')
})

test('hours away are from one instant up to another', () => {
  const unavailable = [{ from: '2025-06-02T10:00:00Z', to: '2025-06-02T12:00:00Z' }]
  const reasonsAt = (from: number) =>
    solveGreedily(smallProblem([{ unavailable }], [shiftOn('2025-06-02', from, 2)])).reasons
  expect(reasonsAt(10)).toEqual([])
  expect(reasonsAt(11)).toEqual(['unavailable'])
  expect(reasonsAt(14)).toEqual([])
})

test('nobody works two shifts at once, or again before ten hours of rest', () => {
  const reasonsWith = (from: number) =>
    solveGreedily(smallProblem([{}], [shiftOn('2025-06-02', 6, 8), shiftOn('2025-06-02', from, 4)])).reasons
  expect(reasonsWith(12)).toEqual(['overlap'])
  expect(reasonsWith(14)).toEqual(['rest'])
  expect(reasonsWith(23.75)).toEqual(['rest'])
  expect(reasonsWith(24)).toEqual([])
})

test('nobody who works 256 short shifts takes a long one at the same time', () => {
  const short = Array.from({ length: 256 }, (_, i) => shiftOn('2025-06-02', i / 6, 1 / 6))
  const plan = preparePlan(
    smallProblem([{ max_hours_week: 168, rules: { rest_hours: 0 } }], [...short, shiftOn('2025-06-02', 0, 44)]),
  )
  const roster = new Roster(plan)
  const long = plan.openings.findIndex(({ shift }) => shift.id === 257)
  for (const opening of plan.openings.keys()) if (opening !== long) roster.assign(opening, 0)
  expect(roster.canTake(long, 0)).toBe(false)
})

test('the rest and the hours of a limit with decimals are enough to the minute', () => {
  const dayWithRest = (rest_hours: number) =>
    smallProblem([{ rules: { rest_hours } }], [shiftOn('2025-06-02', 0, 2), shiftOn('2025-06-02', 2 + rest_hours, 1)])
  for (const hours of [8.3, 16.1]) expect(solveGreedily(dayWithRest(hours)).reasons).toEqual([])
  const week = smallProblem([{ max_hours_week: 0.333333 + 1 }], [shiftOn('2025-06-02', 8, 4 / 3)])
  expect(solveGreedily(week).reasons).toEqual(['hours']) // 1.2 ms too long
})

test('weekly hours run from Monday to Sunday, by the day a shift starts at the site', () => {
  const person = { max_hours_week: 16 }
  const reasonsWith = (third: string, from: number) =>
    solveGreedily(
      smallProblem([person], [shiftOn('2025-06-06', 8, 8), shiftOn('2025-06-07', 8, 8), shiftOn(third, from, 8)]),
    ).reasons
  expect(reasonsWith('2025-06-08', 22)).toEqual(['hours']) // Sunday night belongs to the old week
  expect(reasonsWith('2025-06-09', 0.5)).toEqual([]) // Monday half past midnight to the new one, though it is Sunday in UTC
})

test('the night the clocks go back is an hour longer, and counts so', () => {
  const night = { starts_at: '2025-10-25T20:00:00Z', ends_at: '2025-10-26T05:00:00Z' } // 22:00 to 06:00
  expect(solveGreedily(smallProblem([{ max_hours_week: 8 }], [night])).reasons).toEqual(['hours'])
  expect(solveGreedily(smallProblem([{ max_hours_week: 9 }], [night])).summary.cost_cents).toBe(9000)
})

test('the night the clocks go forward leaves an hour less of rest', () => {
  const evening = { starts_at: '2025-03-29T14:00:00Z', ends_at: '2025-03-29T21:30:00Z' } // to 22:30
  const morning = { starts_at: '2025-03-30T06:30:00Z', ends_at: '2025-03-30T12:00:00Z' } // from 08:30, ten hours by the local clock
  expect(solveGreedily(smallProblem([{}], [evening, morning])).reasons).toEqual(['rest'])
})

test('weeks with a clock change are counted correctly', () => {
  const sunday = { starts_at: '2025-03-30T21:30:00Z', ends_at: '2025-03-30T22:00:00Z' } // Sunday 23:30, summer time
  const monday = { starts_at: '2025-03-31T08:00:00Z', ends_at: '2025-03-31T16:00:00Z' }
  expect(solveGreedily(smallProblem([{ max_hours_week: 8 }], [sunday, monday])).reasons).toEqual([])
})

test('work outside the range takes rest and hours', () => {
  const duty = { staff_id: 1, site_id: 1, ...shiftOn('2025-06-02', 0, 8) }
  const reasonsWith = (from: number, max_hours_week: number) =>
    solveGreedily(smallProblem([{ max_hours_week }], [shiftOn('2025-06-02', from, 6)], { existing: [duty] })).reasons
  expect(reasonsWith(18, 40)).toEqual([])
  expect(reasonsWith(17, 40)).toEqual(['rest'])
  expect(reasonsWith(7, 40)).toEqual(['overlap'])
  expect(reasonsWith(18, 12)).toEqual(['hours'])
})

test('pins stay even if they break a rule, and no assignment is added that would break one with them', () => {
  const shifts = [
    shiftOn('2025-06-02', 8, 8, { skill: 'bar' }),
    shiftOn('2025-06-02', 12, 8),
    shiftOn('2025-06-03', 8, 8),
  ]
  const problem = smallProblem([{}, { hourly_cents: 5000 }], shifts, { pinned: [{ shift_id: 1, staff_id: 1 }] })
  expect(solveGreedily(problem).taken).toEqual(['1:1', '2:2', '3:1'])
  expect(checkRoster(problem, [{ shift_id: 1, staff_id: 1 }])).toMatchObject([{ rule: 'skill', given: true }])
  expect(checkRoster(problem, [])).toMatchObject([{ rule: 'pin', given: false }])
})

test('a pin that names an unknown shift or person is an error of the caller', () => {
  const problem = smallProblem([{}], [shiftOn('2025-06-02', 8, 8)], { pinned: [{ shift_id: 9, staff_id: 1 }] })
  expect(() => preparePlan(problem)).toThrow('shift 9')
})

test('a place nobody can take names the rule that keeps most people with the skill away', () => {
  const bar = { skills: ['bar'] }
  const expiredFirstAid = { certifications: [{ name: 'first aid', expires_on: '2025-01-01' }] }
  const problem = smallProblem(
    [
      {},
      { ...bar, ...expiredFirstAid },
      { ...bar, ...expiredFirstAid },
      {
        ...bar,
        certifications: [{ name: 'first aid', expires_on: '2026-01-01' }],
        unavailable: [{ from: '2025-06-02', to: '2025-06-02' }],
      },
    ],
    [shiftOn('2025-06-02', 8, 8, { skill: 'bar', certification: 'first aid', headcount: 2 })],
  )
  expect(solveGreedily(problem)).toMatchObject({
    reasons: ['certification', 'certification'],
    blocked: [{ skill: 1, certification: 2, unavailable: 1 }, {}],
    messages: [
      '2 of 3 with the skill bar have no first aid certificate valid on 2 June 2025',
      '2 of 3 with the skill bar have no first aid certificate valid on 2 June 2025',
    ],
  })
})

test('if everyone qualified is on the shift already, that is the reason', () => {
  expect(solveGreedily(smallProblem([{}, {}], [shiftOn('2025-06-02', 8, 8, { headcount: 3 })]))).toMatchObject({
    taken: ['1:1', '1:2'],
    messages: ['Everyone is on this shift already'],
  })
})

test('without people or shifts there is nothing to do, and a message says so', () => {
  expect(solveGreedily(smallProblem([], []))).toMatchObject({
    taken: [],
    reasons: [],
    summary: { coverage: 1, cost_cents: 0, gap: 0 },
  })
  expect(solveGreedily(smallProblem([], [shiftOn('2025-06-02', 8, 8)])).messages).toEqual(['There is nobody to ask'])
})

test('the checker names what is wrong with a roster that was not made here', () => {
  const shifts = [shiftOn('2025-06-02', 8, 8), shiftOn('2025-06-02', 20, 8)]
  const problem = smallProblem([{ max_hours_week: 12 }], shifts)
  const assignment = { shift_id: 1, staff_id: 1 }
  const rulesBroken = (assignments: { shift_id: number; staff_id: number }[]) =>
    checkRoster(problem, assignments).map(violation => violation.rule)
  expect(rulesBroken([assignment])).toEqual([])
  expect(rulesBroken([assignment, assignment])).toEqual(['twice'])
  expect(rulesBroken([assignment, { shift_id: 2, staff_id: 1 }])).toEqual(['rest', 'hours'])
  expect(rulesBroken([{ shift_id: 7, staff_id: 1 }])).toEqual(['unknown'])
  expect(rulesBroken([{ shift_id: 1, staff_id: 7 }])).toEqual(['unknown'])
  expect(
    checkRoster({ ...problem, staff: [...problem.staff, { ...problem.staff[0]!, id: 2 }] }, [
      assignment,
      { shift_id: 1, staff_id: 2 },
    ]),
  ).toMatchObject([{ rule: 'headcount', shift_ids: [1], given: false }])
})

test('who would fill open places has all the skills that they ask for', async () => {
  const day = (date: string) => ({ starts_at: `${date}T08:00:00Z`, ends_at: `${date}T16:00:00Z` })
  const skillsNeeded = { skill: 'bar', skills: ['english'] }
  const problem = smallProblem(
    [{ skills: ['bar'] }],
    [
      { ...day('2025-06-02'), ...skillsNeeded },
      { ...day('2025-06-03'), ...skillsNeeded },
    ],
  )
  const { summary } = await solve(problem, { algorithm: 'greedy' })
  expect(summary.advice).toEqual([
    '2 places cannot be filled by the people there are, whatever the roster.',
    '1 more person with the skills bar and english, each free for 40 hours a week, would fill all 2 open places.',
  ])
})
