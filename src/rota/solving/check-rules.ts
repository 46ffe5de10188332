import { counted } from '../../platform/number-text.ts'
import { longDate } from '../long-date.ts'
import {
  type Assignment,
  assignmentKey,
  dutyKey,
  FIRST_MONDAY,
  type Limit,
  type PeriodLimit,
  type RosterProblem,
  type Staff,
  type WorkRules,
} from './problem.ts'

/**
 * The checker's own count of rules of work, requests and headcounts, day by day on the calendar. It shares no code with the
 * solvers. A breach with a price costs that price; one without is a violation.
 */
export type RuleBreach = {
  rule: (typeof workRuleNames)[number]
  staff_id?: number
  shift_ids: number[]
  units: number
  /** whole cents; without one the rule is hard */
  price?: number
  message: string
  /** Pinned or existing work alone breaks the rule as much. */
  given: boolean
}

const workRuleNames = [
  'least_hours',
  'most_hours',
  'least_days_in_row',
  'most_days_in_row',
  'least_days_off_in_row',
  'most_weekends',
  'most_of_kind',
  'successions',
  'request',
  'cover',
] as const

/** The units by which a hard rule is broken. Too few days of work and too few days off count together, as fixing one can cause the other. */
const hardUnits = (breaks: RuleBreach[], { rule }: RuleBreach): number => {
  const rules = tradedRules.includes(rule) ? tradedRules : [rule]
  return breaks.reduce((all, one) => all + (one.price === undefined && rules.includes(one.rule) ? one.units : 0), 0)
}

const tradedRules: RuleBreach['rule'][] = ['least_days_in_row', 'least_days_off_in_row']

type Stint = {
  staffId: number
  siteId: number
  date: string
  minutes: number
  kind?: string | null
  shiftId?: number
  given: boolean
}

/** `dateOf` returns the local date at a site. */
export function ruleBreaches(
  problem: RosterProblem,
  assignments: Assignment[],
  dateOf: (siteId: number, instant: string) => string,
): RuleBreach[] {
  const asked = problem.range ? [problem.range.start, problem.range.end] : []
  const dates = [...problem.shifts.map(shift => dateOf(shift.site_id, shift.starts_at)), ...asked].sort()
  const range = allDates(dates[0], dates.at(-1))
  const byPerson = Map.groupBy(stintsOf(problem, assignments, dateOf), ({ staffId }) => staffId)
  return [
    ...problem.staff.flatMap(person => {
      const stints = byPerson.get(person.id) ?? []
      const by = (those: Stint[]) => [
        ...breachesOfRules(person, person.rules, those, range),
        ...problem.sites.flatMap(({ id, name, rules }) =>
          breachesOfRules(
            person,
            rules,
            those.filter(({ siteId }) => siteId === id),
            range,
            ` at ${name ?? `site ${id}`}`,
          ),
        ),
      ]
      const all = by(stints)
      const asGiven = all.length ? by(stints.filter(({ given }) => given)) : []
      return all.map(one => ({ ...one, given: hardUnits(all, one) <= hardUnits(asGiven, one) }))
    }),
    ...requestsUnmet(problem, assignments),
    ...wrongNumbers(problem, assignments),
  ]
}

export const penaltyOf = (breaks: RuleBreach[]) => breaks.reduce((all, { units, price = 0 }) => all + units * price, 0)

function stintsOf(
  { shifts, existing, pinned }: RosterProblem,
  assignments: Assignment[],
  dateOf: (siteId: number, instant: string) => string,
): Stint[] {
  const byId = new Map(shifts.map(shift => [shift.id, shift]))
  const pins = new Set(pinned.map(assignmentKey))
  const minutes = (work: { starts_at: string; ends_at: string }) =>
    (new Date(work.ends_at).getTime() - new Date(work.starts_at).getTime()) / 60_000
  return [
    ...assignments.flatMap(({ shift_id, staff_id: staffId }) => {
      const shift = byId.get(shift_id)
      if (!shift) return []
      return {
        staffId,
        siteId: shift.site_id,
        date: dateOf(shift.site_id, shift.starts_at),
        minutes: minutes(shift),
        kind: shift.kind,
        shiftId: shift.id,
        given: pins.has(dutyKey(shift_id, staffId)),
      }
    }),
    ...existing.map(duty => ({
      staffId: duty.staff_id,
      siteId: duty.site_id,
      date: dateOf(duty.site_id, duty.starts_at),
      minutes: minutes(duty),
      kind: duty.kind,
      given: true,
    })),
  ]
}

/** One person's work, as one set of rules counts it over the days that are planned. */
type CountedWork = {
  rules: WorkRules
  stints: Stint[]
  byDate: ReadonlyMap<string, Stint[]>
  range: string[]
  first: string
  last: string
}

/** By how many units these stints break a rule; 0 or less is no breach. */
type Count = {
  rule: RuleBreach['rule']
  limit: Pick<Limit, 'price_cents'>
  units: number
  stints: Stint[]
  what: string
}

function breachesOfRules(
  person: Staff,
  rules: WorkRules | undefined,
  stints: Stint[],
  range: string[],
  where = '',
): RuleBreach[] {
  const [first, last] = [range[0], range.at(-1)]
  if (!rules || !first || !last) return []
  if (!stints.length && !rules.least_hours) return [] // all other rules are about work that somebody has
  const work = { rules, stints, byDate: Map.groupBy(stints, ({ date }) => date), range, first, last }
  return counts
    .flatMap(countsOf => [...countsOf(work)])
    .filter(({ units }) => units > 0)
    .map(({ rule, limit: { price_cents: price }, units, stints, what }) => ({
      rule,
      staff_id: person.id,
      shift_ids: stints.flatMap(({ shiftId }) => shiftId ?? []),
      units,
      ...(price === undefined ? {} : { price }),
      message: `${person.name} ${what}${where}`,
      given: false,
    }))
}

const counts: ((work: CountedWork) => Iterable<Count>)[] = [
  leastHours,
  mostHours,
  mostDaysInRow,
  leastDaysInRow,
  leastDaysOffInRow,
  mostWeekends,
  mostOfKind,
  successions,
]

const hoursOf = (stints: Stint[]) => stints.reduce((all, { minutes }) => all + minutes, 0) / 60

function* leastHours({ rules, stints, range, first, last }: CountedWork): Iterable<Count> {
  const { least_hours: limit, counted_from } = rules
  if (!limit) return
  for (const [days, words] of stretchesOf(limit, counted_from, range)) {
    const planned = days.filter(date => date >= first && date <= last)
    const there = stints.filter(({ date }) => planned.includes(date))
    const least = (limit.limit * planned.length) / days.length
    const units = Math.ceil(least - hoursOf(there) - 1e-9)
    const what = `would work ${roundedHours(hoursOf(there))} of at least ${roundedHours(least)} hours${words}`
    yield { rule: 'least_hours', limit, units, stints: there, what }
  }
}

function* mostHours({ rules, stints, range }: CountedWork): Iterable<Count> {
  const { most_hours: limit, counted_from } = rules
  if (!limit) return
  for (const [days, words] of stretchesOf(limit, counted_from, range)) {
    const there = stints.filter(({ date }) => days.includes(date))
    const units = Math.ceil(hoursOf(there) - limit.limit - 1e-9)
    const what = `would work ${roundedHours(hoursOf(there))} of at most ${limit.limit} hours${words}`
    yield { rule: 'most_hours', limit, units, stints: there, what }
  }
}

const stintsOn = ({ byDate }: CountedWork, dates: string[]): Stint[] => dates.flatMap(date => byDate.get(date) ?? [])

function* mostDaysInRow(work: CountedWork): Iterable<Count> {
  const { most_days_in_row: limit } = work.rules
  if (!limit) return
  for (const date of allDates(daysAfter(work.first, -limit.limit), work.last)) {
    if (!work.byDate.has(date)) continue
    const days = allDates(date, daysAfter(date, limit.limit))
    if (!days.every(day => work.byDate.has(day))) continue
    const what = `would work more than ${counted(limit.limit, 'day')} in a row from ${longDate(date)}`
    yield { rule: 'most_days_in_row', limit, units: 1, stints: stintsOn(work, days), what }
  }
}

/** How many days from this one are like it, worked or off; no more than `most` are counted. */
function daysAlike({ byDate }: CountedWork, date: string, most: number): number {
  let days = 1
  while (days < most && byDate.has(daysAfter(date, days)) === byDate.has(date)) days++
  return days
}

function* leastDaysInRow(work: CountedWork): Iterable<Count> {
  const { least_days_in_row: limit } = work.rules
  if (!limit) return
  for (const date of work.range) {
    const before = daysAfter(date, -1)
    if (before < work.first || work.byDate.has(before) || !work.byDate.has(date)) continue
    const days = daysAlike(work, date, limit.limit)
    const after = daysAfter(date, days)
    if (after > work.last) continue
    const what = `would work only ${counted(days, 'day')} in a row from ${longDate(date)}`
    const stints = stintsOn(work, allDates(date, after))
    yield { rule: 'least_days_in_row', limit, units: limit.limit - days, stints, what }
  }
}

function* leastDaysOffInRow(work: CountedWork): Iterable<Count> {
  const { least_days_off_in_row: limit } = work.rules
  if (!limit) return
  for (const date of allDates(daysAfter(work.first, -limit.limit), daysAfter(work.last, 1))) {
    const before = daysAfter(date, -1)
    if (!work.byDate.has(before) || work.byDate.has(date)) continue
    const days = daysAlike(work, date, limit.limit)
    const after = daysAfter(date, days)
    if (after < work.first) continue
    const what = `would have only ${counted(days, 'day')} off from ${longDate(date)}`
    const stints = stintsOn(work, [before, after])
    yield { rule: 'least_days_off_in_row', limit, units: limit.limit - days, stints, what }
  }
}

function* mostWeekends(work: CountedWork): Iterable<Count> {
  const { most_weekends: limit, counted_from } = work.rules
  if (!limit) return
  for (const [days, words] of stretchesOf(limit, counted_from, work.range)) {
    const saturdays = new Set<string>()
    for (const { date } of work.stints) {
      const day = weekday(date)
      if (day !== 6 && day !== 0) continue
      const saturday = day === 6 ? date : daysAfter(date, -1)
      if (days.includes(saturday) || days.includes(daysAfter(saturday, 1))) saturdays.add(saturday)
    }
    const stints = [...saturdays].flatMap(saturday => stintsOn(work, [saturday, daysAfter(saturday, 1)]))
    const what = `would work on ${counted(saturdays.size, 'weekend')} of at most ${limit.limit}${words}`
    yield { rule: 'most_weekends', limit, units: saturdays.size - limit.limit, stints, what }
  }
}

function* mostOfKind({ rules, stints, range }: CountedWork): Iterable<Count> {
  for (const limit of rules.most_of_kind ?? [])
    for (const [days, words] of stretchesOf(limit, rules.counted_from, range)) {
      const there = stints.filter(({ kind, date }) => kind === limit.kind && days.includes(date))
      const what = `would have ${counted(there.length, 'shift')} of the kind ${limit.kind} of at most ${limit.limit}${words}`
      yield { rule: 'most_of_kind', limit, units: there.length - limit.limit, stints: there, what }
    }
}

function* successions(work: CountedWork): Iterable<Count> {
  for (const limit of work.rules.successions ?? [])
    for (const stint of work.stints.filter(({ kind }) => kind === limit.kind))
      for (const next of stintsOn(work, [daysAfter(stint.date, 1)]).filter(({ kind }) => kind === limit.next)) {
        const what = `would begin ${next.kind} the day after ${stint.kind} on ${longDate(stint.date)}`
        yield { rule: 'successions', limit, units: 1, stints: [stint, next], what }
      }
}

/** The whole periods that the range touches, each with words for it; without `weeks`, the range itself. */
function stretchesOf({ weeks }: PeriodLimit, from = FIRST_MONDAY, range: string[]): [days: string[], words: string][] {
  if (weeks === undefined) return [[range, '']]
  const length = 7 * weeks
  const since = (date: string) => Math.round((Date.parse(date) - Date.parse(from)) / 86_400_000)
  const firstStretch = daysAfter(range[0]!, -(((since(range[0]!) % length) + length) % length))
  const found: [string[], string][] = []
  for (let date = firstStretch; date <= range.at(-1)!; date = daysAfter(date, length)) {
    const words = weeks === 1 ? ` in the week of ${longDate(date)}` : ` in the ${weeks} weeks from ${longDate(date)}`
    found.push([allDates(date, daysAfter(date, length - 1)), words])
  }
  return found
}

export const roundedHours = (hours: number) => Math.round(hours * 100) / 100

const requestsUnmet = ({ requests = [], staff }: RosterProblem, assignments: Assignment[]): RuleBreach[] =>
  requests.flatMap(({ staff_id, shift_id, want, price_cents: price }) => {
    const isThere = assignments.some(one => one.staff_id === staff_id && one.shift_id === shift_id)
    if (isThere === (want === 'on')) return []
    const name = staff.find(({ id }) => id === staff_id)?.name
    const message = `${name} ${want === 'on' ? 'wants' : 'does not want'} shift ${shift_id}`
    return [{ rule: 'request', staff_id, shift_ids: [shift_id], units: 1, price, message, given: false }]
  })

/** Shifts with too few or too many people, and the price of that; the checker of places reports those without a price. */
const wrongNumbers = ({ shifts }: RosterProblem, assignments: Assignment[]): RuleBreach[] => {
  const byShift = Map.groupBy(assignments, ({ shift_id }) => shift_id)
  return shifts.flatMap(({ id, headcount, under_cents, over_cents = 0 }): RuleBreach[] => {
    const there = byShift.get(id)?.length ?? 0
    const price = there < headcount ? (under_cents ?? 0) : over_cents
    if (there === headcount) return []
    const message = `Shift ${id} wants ${headcount} and has ${there}`
    return [{ rule: 'cover', shift_ids: [id], units: Math.abs(there - headcount), price, message, given: false }]
  })
}

const weekday = (date: string) => new Date(`${date}T12:00:00Z`).getUTCDay()

function daysAfter(date: string, days: number): string {
  const later = new Date(`${date}T12:00:00Z`)
  later.setUTCDate(later.getUTCDate() + days)
  return later.toISOString().slice(0, 10)
}

/** Kept, because each person and each rule asks for the same days. */
function allDates(first = '', last = ''): string[] {
  const key = `${first} ${last}`
  const known = datesKept.get(key)
  if (known) return known
  const dates: string[] = []
  for (let date = first; date && date <= last; date = daysAfter(date, 1)) dates.push(date)
  if (datesKept.size > 1_000) datesKept.clear()
  datesKept.set(key, dates)
  return dates
}
const datesKept = new Map<string, string[]>()
