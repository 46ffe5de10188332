import { longDate } from '../long-date.ts'
import { type RuleBreach, rounded, ruleBreaches } from './check-rules.ts'
import {
  type Assignment,
  assignmentKey,
  type Duty,
  type ProblemShift,
  type RosterProblem,
  type Staff,
} from './problem.ts'

/**
 * Reports every hard rule that a finished roster breaks. It shares no code with the solvers on purpose: it works on the
 * problem itself, with another calendar (Intl), so that a mistake in the solvers cannot hide in it.
 */

export type Violation = {
  rule:
    | 'unknown'
    | 'twice'
    | 'headcount'
    | 'skill'
    | 'certification'
    | 'unavailable'
    | 'overlap'
    | 'rest'
    | 'hours'
    | 'pin'
    | RuleBreach['rule']
  message: string
  shift_ids: number[]
  staff_id?: number
  /** All work involved is pinned or existing: no solver could have avoided it. */
  given: boolean
}

/** Minutes: less than a millisecond, as 8.3 hours are a little more than 498 minutes to a computer. */
const tolerance = 1e-5

type Known = { shift: ProblemShift; person: Staff; pinned: boolean }
type Stint = { siteId: number; shift?: ProblemShift; from: Date; until: Date; monday: string; given: boolean }

export function checkRoster(problem: RosterProblem, assignments: Assignment[]): Violation[] {
  const found: Violation[] = []
  const report = (violation: Violation) => void found.push(violation)
  const pinned = new Set(problem.pinned.map(assignmentKey))
  const shifts = new Map(problem.shifts.map(shift => [shift.id, shift]))
  const people = new Map(problem.staff.map(person => [person.id, person]))

  const known: Known[] = []
  const seen = new Set<string>()
  for (const assignment of assignments) {
    const { shift_id, staff_id } = assignment
    const [shift, person, key] = [shifts.get(shift_id), people.get(staff_id), assignmentKey(assignment)]
    const about = { shift_ids: [shift_id], staff_id, given: pinned.has(key) }
    if (!shift || !person)
      report({
        rule: 'unknown',
        message: shift
          ? `Staff ${staff_id} is inactive or deleted`
          : `Shift ${shift_id} is not among those of these days and sites`,
        ...about,
      })
    else if (seen.has(key)) report({ rule: 'twice', message: `${person.name} is on this shift already`, ...about })
    else known.push({ shift, person, pinned: about.given })
    seen.add(key)
  }
  for (const pin of problem.pinned) {
    const { shift_id, staff_id } = pin
    if (!seen.has(assignmentKey(pin)))
      report({
        rule: 'pin',
        message: `Staff ${staff_id} is pinned to shift ${shift_id} but not on it`,
        shift_ids: [shift_id],
        staff_id,
        given: false,
      })
  }
  const byShift = Map.groupBy(known, ({ shift }) => shift.id)
  for (const shift of problem.shifts) {
    const there = byShift.get(shift.id) ?? []
    const most = Math.max(shift.headcount, shift.most ?? 0)
    if (there.length > most)
      report({
        rule: 'headcount',
        message: `Shift ${shift.id} takes ${most} but has ${there.length}`,
        shift_ids: [shift.id],
        given: there.every(one => one.pinned),
      })
  }

  for (const { shift, person, pinned } of known) {
    const zone = zoneOf(problem, shift.site_id)
    const day = dayIn(zone, new Date(shift.starts_at))
    const about = { shift_ids: [shift.id], staff_id: person.id, given: pinned }
    for (const skill of [...(shift.skill ? [shift.skill] : []), ...(shift.skills ?? [])])
      if (person.skills.indexOf(skill) === -1)
        report({ rule: 'skill', message: `${person.name} lacks the skill ${skill}`, ...about })
    if (shift.certification) {
      const lastDay = person.certifications
        .filter(one => one.name === shift.certification)
        .map(one => one.expires_on)
        .sort()
        .pop()
      if (lastDay === undefined)
        report({ rule: 'certification', message: `${person.name} has no ${shift.certification}`, ...about })
      else if (lastDay < day)
        report({
          rule: 'certification',
          message: `${shift.certification} of ${person.name} ran out on ${longDate(lastDay)}`,
          ...about,
        })
    }
    if (person.unavailable.some(absence => meets(absence, shift, zone)))
      report({ rule: 'unavailable', message: `${person.name} is unavailable on ${longDate(day)}`, ...about })
  }

  const byPerson = Map.groupBy(known, ({ person }) => person.id)
  const existing = Map.groupBy(problem.existing, ({ staff_id }) => staff_id)
  for (const person of problem.staff) {
    const stints = stintsOf(problem, byPerson.get(person.id) ?? [], existing.get(person.id) ?? [])
    for (let later = 1; later < stints.length; later++) {
      for (let earlier = 0; earlier < later; earlier++) {
        const [a, b] = [stints[earlier]!, stints[later]!]
        const between = (b.from.getTime() - a.until.getTime()) / 60_000
        const owed = hoursOfRest(problem, person, a, b)
        if (between >= owed * 60 - tolerance) continue
        const about = { shift_ids: idsOf([a, b]), staff_id: person.id, given: a.given && b.given }
        if (between < 0) report({ rule: 'overlap', message: `${person.name} would be in two places at once`, ...about })
        else
          report({
            rule: 'rest',
            message: `${person.name} would rest ${Math.floor(between)} minutes instead of ${owed} hours`,
            ...about,
          })
      }
    }
    for (const monday of new Set(stints.filter(stint => stint.shift).map(stint => stint.monday))) {
      const week = stints.filter(stint => stint.monday === monday)
      const minutes = week.reduce((all, { from, until }) => all + (until.getTime() - from.getTime()) / 60_000, 0)
      if (minutes > person.max_hours_week * 60 + tolerance)
        report({
          rule: 'hours',
          message: `${person.name} would work ${rounded(minutes / 60)} of ${person.max_hours_week} hours in the week of ${monday}`,
          shift_ids: idsOf(week),
          staff_id: person.id,
          given: week.every(stint => stint.given),
        })
    }
  }
  for (const { price, units: _, ...broken } of ruleBreaches(problem, assignments, (site, instant) =>
    dayIn(zoneOf(problem, site), new Date(instant)),
  ))
    if (price === undefined) report(broken)
  return found
}

/** The person's own rest, otherwise that of the stricter site. */
const hoursOfRest = ({ sites }: RosterProblem, { rules }: Staff, ...stints: Stint[]) =>
  rules?.rest_hours ?? Math.max(...stints.map(({ siteId }) => sites.find(site => site.id === siteId)?.rest_hours ?? 10))

/** Breaches of rules that have a price. */
export const pricedBreaches = (problem: RosterProblem, assignments: Assignment[]): RuleBreach[] =>
  ruleBreaches(problem, assignments, (site, instant) => dayIn(zoneOf(problem, site), new Date(instant))).filter(
    ({ price }) => price !== undefined,
  )

/** One person's work in the problem and outside it. */
function stintsOf(problem: RosterProblem, known: Known[], existing: Duty[]): Stint[] {
  const stint = (
    work: { site_id: number; starts_at: string; ends_at: string },
    given: boolean,
    shift?: ProblemShift,
  ): Stint => {
    const from = new Date(work.starts_at)
    return {
      siteId: work.site_id,
      shift,
      from,
      until: new Date(work.ends_at),
      monday: mondayOf(dayIn(zoneOf(problem, work.site_id), from)),
      given,
    }
  }
  return [
    ...known.map(one => stint(one.shift, one.pinned, one.shift)),
    ...existing.map(duty => stint(duty, true)),
  ].sort((a, b) => a.from.getTime() - b.from.getTime() || a.until.getTime() - b.until.getTime())
}

const idsOf = (stints: Stint[]) => stints.flatMap(({ shift }) => (shift ? [shift.id] : []))

const zoneOf = (problem: RosterProblem, siteId: number) =>
  problem.sites.find(site => site.id === siteId)?.timezone ?? 'UTC'

const days = new Map<string, Intl.DateTimeFormat>()

/** The local date, as 2025-03-30. */
function dayIn(timeZone: string, when: Date): string {
  let format = days.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    days.set(timeZone, format)
  }
  return format.format(when)
}

function mondayOf(day: string): string {
  const date = new Date(`${day}T12:00:00Z`)
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}

/** Whether an absence and a shift overlap. Dates are compared with the local dates of the shift. */
function meets(absence: { from: string; to: string }, shift: ProblemShift, zone: string): boolean {
  const [start, end] = [new Date(shift.starts_at), new Date(shift.ends_at)]
  const [firstDay, lastDay] = [dayIn(zone, start), dayIn(zone, new Date(end.getTime() - 1))]
  const begun = absence.from.length === 10 ? absence.from <= lastDay : new Date(absence.from) < end
  const goesOn = absence.to.length === 10 ? absence.to >= firstDay : new Date(absence.to) > start
  return begun && goesOn
}
