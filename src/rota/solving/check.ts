import { longDate } from '../long-date.ts'
import { type RuleBreach, roundedHours, ruleBreaches } from './check-rules.ts'
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
  const { known, violations } = knownPlaces(problem, assignments)
  const byPerson = Map.groupBy(known, ({ person }) => person.id)
  const existing = Map.groupBy(problem.existing, ({ staff_id }) => staff_id)
  return [
    ...violations,
    ...missingPins(problem, assignments),
    ...crowdedShifts(problem, known),
    ...known.flatMap(place => [...reasonsAgainst(problem, place)]),
    ...problem.staff.flatMap(person => {
      const stints = stintsOf(problem, byPerson.get(person.id) ?? [], existing.get(person.id) ?? [])
      return [...tooLittleRest(problem, person, stints), ...tooManyHours(person, stints)]
    }),
    ...ruleBreaches(problem, assignments, localDates(problem)).flatMap(({ price, units: _, ...broken }) =>
      price === undefined ? broken : [],
    ),
  ]
}

/** The places of people and shifts that there are; anybody in one twice, and anything else, is a violation. */
function knownPlaces({ shifts, staff, pinned }: RosterProblem, assignments: Assignment[]) {
  const violations: Violation[] = []
  const known: Known[] = []
  const pins = new Set(pinned.map(assignmentKey))
  const shiftById = new Map(shifts.map(shift => [shift.id, shift]))
  const personById = new Map(staff.map(person => [person.id, person]))
  const seen = new Set<string>()
  for (const assignment of assignments) {
    const { shift_id, staff_id } = assignment
    const [shift, person, key] = [shiftById.get(shift_id), personById.get(staff_id), assignmentKey(assignment)]
    const about = { shift_ids: [shift_id], staff_id, given: pins.has(key) }
    if (!shift || !person) {
      const message = shift
        ? `Staff ${staff_id} is inactive or deleted`
        : `Shift ${shift_id} is not among those of these days and sites`
      violations.push({ rule: 'unknown', message, ...about })
    } else if (seen.has(key))
      violations.push({ rule: 'twice', message: `${person.name} is on this shift already`, ...about })
    else known.push({ shift, person, pinned: about.given })
    seen.add(key)
  }
  return { known, violations }
}

function missingPins({ pinned }: RosterProblem, assignments: Assignment[]): Violation[] {
  const assigned = new Set(assignments.map(assignmentKey))
  return pinned
    .filter(pin => !assigned.has(assignmentKey(pin)))
    .map(({ shift_id, staff_id }) => {
      const message = `Staff ${staff_id} is pinned to shift ${shift_id} but not on it`
      return { rule: 'pin', message, shift_ids: [shift_id], staff_id, given: false }
    })
}

function crowdedShifts(problem: RosterProblem, known: Known[]): Violation[] {
  const byShift = Map.groupBy(known, ({ shift }) => shift.id)
  return problem.shifts.flatMap((shift): Violation[] => {
    const there = byShift.get(shift.id) ?? []
    const most = Math.max(shift.headcount, shift.most ?? 0)
    if (there.length <= most) return []
    const [timeZone, start] = [zoneOf(problem, shift.site_id), new Date(shift.starts_at)]
    const time = start.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
    const message = `The shift of ${longDate(dayIn(timeZone, start))}, ${time}, takes ${most} but has ${there.length}`
    return [{ rule: 'headcount', message, shift_ids: [shift.id], given: there.every(one => one.pinned) }]
  })
}

/** What keeps somebody from a shift, whatever else they do. */
function* reasonsAgainst(problem: RosterProblem, { shift, person, pinned }: Known): Iterable<Violation> {
  const zone = zoneOf(problem, shift.site_id)
  const day = dayIn(zone, new Date(shift.starts_at))
  const about = { shift_ids: [shift.id], staff_id: person.id, given: pinned }
  for (const skill of [...(shift.skill ? [shift.skill] : []), ...(shift.skills ?? [])])
    if (person.skills.indexOf(skill) === -1)
      yield { rule: 'skill', message: `${person.name} lacks the skill ${skill}`, ...about }
  if (shift.certification) {
    const lastDay = person.certifications
      .filter(one => one.name === shift.certification)
      .map(one => one.expires_on)
      .sort()
      .pop()
    const message =
      lastDay === undefined
        ? `${person.name} has no ${shift.certification}`
        : `${shift.certification} of ${person.name} ran out on ${longDate(lastDay)}`
    if (lastDay === undefined || lastDay < day) yield { rule: 'certification', message, ...about }
  }
  const absence = person.unavailable.find(each => meets(each, shift, zone))
  if (absence) {
    const from = absence.from.length === 10 ? absence.from : dayIn(zone, new Date(absence.from))
    const isLater = from > day // a night shift may only reach into the absence
    const message = `${person.name} is unavailable on ${longDate(isLater ? from : day)}`
    yield { rule: 'unavailable', message, ...about }
  }
}

function* tooLittleRest(problem: RosterProblem, person: Staff, stints: Stint[]): Iterable<Violation> {
  for (const [later, b] of stints.entries())
    for (const a of stints.slice(0, later)) {
      const between = (b.from.getTime() - a.until.getTime()) / 60_000
      const owed = hoursOfRest(problem, person, a, b)
      if (between >= owed * 60 - tolerance) continue
      const about = { shift_ids: idsOf([a, b]), staff_id: person.id, given: a.given && b.given }
      if (between < 0) yield { rule: 'overlap', message: `${person.name} would be in two places at once`, ...about }
      else {
        const message = `${person.name} would rest ${roundedHours(Math.floor(between) / 60)} of ${owed} hours`
        yield { rule: 'rest', message, ...about }
      }
    }
}

/** In each week with work in the problem. */
function* tooManyHours({ id, name, max_hours_week: most }: Staff, stints: Stint[]): Iterable<Violation> {
  for (const [monday, week] of Map.groupBy(stints, stint => stint.monday)) {
    const minutes = week.reduce((all, { from, until }) => all + (until.getTime() - from.getTime()) / 60_000, 0)
    if (!week.some(stint => stint.shift) || minutes <= most * 60 + tolerance) continue
    const message = `${name} would work ${roundedHours(minutes / 60)} of ${most} hours in the week of ${monday}`
    yield { rule: 'hours', message, shift_ids: idsOf(week), staff_id: id, given: week.every(stint => stint.given) }
  }
}

/** The person's own rest, otherwise that of the stricter site. */
const hoursOfRest = ({ sites }: RosterProblem, { rules }: Staff, ...stints: Stint[]) =>
  rules?.rest_hours ?? Math.max(...stints.map(({ siteId }) => sites.find(site => site.id === siteId)?.rest_hours ?? 10))

/** Breaches of rules that have a price. */
export const pricedBreaches = (problem: RosterProblem, assignments: Assignment[]): RuleBreach[] =>
  ruleBreaches(problem, assignments, localDates(problem)).filter(({ price }) => price !== undefined)

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

const localDates = (problem: RosterProblem) => (siteId: number, instant: string) =>
  dayIn(zoneOf(problem, siteId), new Date(instant))

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
