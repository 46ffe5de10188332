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
      const [all, asGiven] = [by(stints), by(stints.filter(({ given }) => given))]
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

function breachesOfRules(
  person: Staff,
  rules: WorkRules | undefined,
  stints: Stint[],
  range: string[],
  where = '',
): RuleBreach[] {
  if (!rules || !range.length) return []
  const found: RuleBreach[] = []
  const [first, last] = [range[0]!, range.at(-1)!]
  const isIn = ({ date }: { date: string }) => date >= first && date <= last
  const report = (
    rule: RuleBreach['rule'],
    { price_cents: price }: Pick<Limit, 'price_cents'>,
    units: number,
    those: Stint[],
    what: string,
  ) => {
    if (units > 0)
      found.push({
        rule,
        staff_id: person.id,
        shift_ids: those.flatMap(({ shiftId }) => (shiftId === undefined ? [] : [shiftId])),
        units,
        ...(price === undefined ? {} : { price }),
        message: `${person.name} ${what}${where}`,
        given: false,
      })
  }

  const inRange = stints.filter(isIn)
  const { least_hours, most_hours, most_weekends } = rules
  const hoursOf = (those: Stint[]) => those.reduce((all, { minutes }) => all + minutes, 0) / 60
  if (least_hours)
    for (const [days, words] of stretchesOf(least_hours, rules.counted_from, range)) {
      const planned = days.filter(date => date >= first && date <= last)
      const those = inRange.filter(({ date }) => planned.includes(date))
      const least = (least_hours.limit * planned.length) / days.length
      const units = Math.ceil(least - hoursOf(those) - 1e-9)
      const what = `would work ${rounded(hoursOf(those))} of at least ${rounded(least)} hours${words}`
      report('least_hours', least_hours, units, those, what)
    }
  if (most_hours)
    for (const [days, words] of stretchesOf(most_hours, rules.counted_from, range)) {
      const those = stints.filter(({ date }) => days.includes(date))
      const units = Math.ceil(hoursOf(those) - most_hours.limit - 1e-9)
      const what = `would work ${rounded(hoursOf(those))} of at most ${most_hours.limit} hours${words}`
      report('most_hours', most_hours, units, those, what)
    }

  const on = (date: string) => stints.filter(stint => stint.date === date)
  const worked = new Set(stints.map(({ date }) => date))
  const { most_days_in_row: most, least_days_in_row: least, least_days_off_in_row: leastOff } = rules
  if (most)
    for (const date of allDates(daysAfter(first, -most.limit), last)) {
      const days = Array.from({ length: most.limit + 1 }, (_, index) => daysAfter(date, index))
      if (days.every(day => worked.has(day)))
        report(
          'most_days_in_row',
          most,
          1,
          days.flatMap(on),
          `would work more than ${counted(most.limit, 'day')} in a row from ${longDate(date)}`,
        )
    }
  const lengthFrom = (date: string, most: number) => {
    let days = 1
    while (days < most && worked.has(daysAfter(date, days)) === worked.has(date)) days++
    return days
  }
  if (least)
    for (const date of range) {
      if (daysAfter(date, -1) < first || worked.has(daysAfter(date, -1)) || !worked.has(date)) continue
      const days = lengthFrom(date, least.limit)
      if (daysAfter(date, days) > last) continue
      const stretch = allDates(date, daysAfter(date, days)).flatMap(on)
      report(
        'least_days_in_row',
        least,
        least.limit - days,
        stretch,
        `would work only ${counted(days, 'day')} in a row from ${longDate(date)}`,
      )
    }
  if (leastOff)
    for (const date of allDates(daysAfter(first, -leastOff.limit), daysAfter(last, 1))) {
      const before = daysAfter(date, -1)
      if (!worked.has(before) || worked.has(date)) continue
      const days = lengthFrom(date, leastOff.limit)
      if (daysAfter(date, days) < first) continue
      const around = [...on(before), ...on(daysAfter(date, days))]
      const what = `would have only ${counted(days, 'day')} off from ${longDate(date)}`
      report('least_days_off_in_row', leastOff, leastOff.limit - days, around, what)
    }
  if (most_weekends)
    for (const [days, words] of stretchesOf(most_weekends, rules.counted_from, range)) {
      const saturdays = new Set<string>()
      for (const { date } of stints) {
        const day = weekday(date)
        if (day !== 6 && day !== 0) continue
        const saturday = day === 6 ? date : daysAfter(date, -1)
        if (days.includes(saturday) || days.includes(daysAfter(saturday, 1))) saturdays.add(saturday)
      }
      const those = [...saturdays].flatMap(date => [...on(date), ...on(daysAfter(date, 1))])
      const what = `would work on ${counted(saturdays.size, 'weekend')} of at most ${most_weekends.limit}${words}`
      report('most_weekends', most_weekends, saturdays.size - most_weekends.limit, those, what)
    }
  for (const kind of rules.most_of_kind ?? [])
    for (const [days, words] of stretchesOf(kind, rules.counted_from, range)) {
      const those = stints.filter(stint => stint.kind === kind.kind && days.includes(stint.date))
      const what = `would have ${counted(those.length, 'shift')} of the kind ${kind.kind} of at most ${kind.limit}${words}`
      report('most_of_kind', kind, those.length - kind.limit, those, what)
    }
  for (const succession of rules.successions ?? [])
    for (const stint of stints.filter(({ kind }) => kind === succession.kind))
      for (const next of on(daysAfter(stint.date, 1)).filter(({ kind }) => kind === succession.next))
        report(
          'successions',
          succession,
          1,
          [stint, next],
          `would begin ${next.kind} the day after ${stint.kind} on ${longDate(stint.date)}`,
        )
  return found
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

export const rounded = (hours: number) => Math.round(hours * 100) / 100

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

function allDates(first?: string, last?: string): string[] {
  const dates: string[] = []
  for (let date = first; date && last && date <= last; date = daysAfter(date, 1)) dates.push(date)
  return dates
}
