import { onTheWall } from './calendar.ts'
import type { Assignment, Duty, Problem, Shift } from './problem.ts'
import { clash, refusal, spanOf, wages, weeklyLimit } from './rules.ts'
import { wishesMet } from './wishes.ts'

/** A shift with places to fill, as the solvers see it. Openings and staff are known by their index. */
export type Opening = {
  shift: Shift
  /** epoch milliseconds, and milliseconds long: whole numbers, so that sums stay exact */
  start: number
  end: number
  length: number
  week: number
  /** headcount less those pinned */
  places: number
  /** who may stand there, looking at this shift alone and at what is fixed already */
  takers: number[]
  /** openings, itself included, that nobody can take together with this one */
  clashes: number[]
}

export type Pins = {
  assignments: Assignment[]
  cost: number
  wish: number
  /** [person]: milliseconds pinned */
  load: Float64Array
}

/** The problem made ready: everything that stays the same while rosters are tried. */
export type Plan = {
  problem: Problem
  openings: Opening[]
  people: number
  weeks: number
  /** [opening × people + person]: wages in cents, and wishes met less wishes gone against */
  cost: Float64Array
  wish: Float64Array
  /** [person × weeks + week]: milliseconds still free, before anything is planned */
  free: Float64Array
  /** what stays as it is */
  pins: Pins
  /** [person]: milliseconds allowed over all weeks */
  allowed: Float64Array
  /** [person]: whether fairness asks about them: they could work, or do */
  inPlay: boolean[]
}

/** What a person does already: it takes rest, and hours of the week it begins in. */
type Work = { start: number; end: number; week: string }

export function prepare(problem: Problem): Plan {
  const look = lookup(problem)
  const people = problem.staff.length
  const pins = pinsOf(problem, look)
  const fixed = fixedWork(problem, pins, look)
  const weekNames = [...new Set(problem.shifts.map(shift => look.moment(shift).week))].sort()
  const weeks = weekNames.length
  const free = new Float64Array(people * weeks)
  for (const [person, staff] of problem.staff.entries()) {
    free.fill(weeklyLimit(staff), person * weeks, (person + 1) * weeks)
    for (const { start, end, week } of fixed[person]!) {
      const index = weekNames.indexOf(week)
      if (index >= 0) free[person * weeks + index]! -= end - start
    }
  }

  const openings = openingsOf(problem, pins, shift => weekNames.indexOf(look.moment(shift).week))
  const cost = new Float64Array(openings.length * people)
  const wish = new Float64Array(openings.length * people)
  for (const [index, opening] of openings.entries()) {
    const { shift, length, week } = opening
    for (const [person, staff] of problem.staff.entries()) {
      cost[index * people + person] = wages(staff, opening)
      wish[index * people + person] = wishesMet(staff.preferences, shift, look.moment(shift))
      const isRefused = refusal(staff, shift, look.moment(shift).date, look.zone(shift.site_id))
      const isBusy = fixed[person]!.some(work => clash(work, opening))
      if (!isRefused && !isBusy && length <= free[person * weeks + week]!) opening.takers.push(person)
    }
  }
  const allowed = Float64Array.from(problem.staff, staff => weeklyLimit(staff) * weeks)
  const couldWork = new Set(openings.flatMap(opening => opening.takers))
  const inPlay = problem.staff.map(
    (_, person) => allowed[person]! > 0 && (couldWork.has(person) || pins.load[person]! > 0),
  )
  return { problem, openings, people, weeks, cost, wish, free, pins, allowed, inPlay }
}

/** Finds what an id stands for. */
function lookup({ sites, staff, shifts }: Problem) {
  const zones = new Map(sites.map(site => [site.id, site.timezone]))
  const people = new Map(staff.map((person, index) => [person.id, index]))
  const byId = new Map(shifts.map(shift => [shift.id, shift]))
  const zone = (siteId: number) => zones.get(siteId) ?? unknown(`site ${siteId}`)
  const moments = new Map(shifts.map(shift => [shift, onTheWall(shift.starts_at, zone(shift.site_id))]))
  return {
    zone,
    moment: (shift: Shift) => moments.get(shift)!,
    shift: (id: number) => byId.get(id) ?? unknown(`shift ${id}`),
    person: (id: number) => people.get(id),
  }
}

type Lookup = ReturnType<typeof lookup>

function pinsOf({ pinned, staff }: Problem, look: Lookup): Pins {
  const assignments = [...new Map(pinned.map(pin => [`${pin.shift_id} ${pin.staff_id}`, pin])).values()]
  const pins: Pins = { assignments, cost: 0, wish: 0, load: new Float64Array(staff.length) }
  for (const { shift_id, staff_id } of assignments) {
    const shift = look.shift(shift_id)
    const person = look.person(staff_id) ?? unknown(`staff ${staff_id}`)
    const span = spanOf(shift)
    pins.load[person]! += span.end - span.start
    pins.cost += wages(staff[person]!, span)
    pins.wish += wishesMet(staff[person]!.preferences, shift, look.moment(shift))
  }
  return pins
}

/** For every person, what is pinned and what stands outside the problem. */
function fixedWork({ staff, existing }: Problem, pins: Pins, look: Lookup): Work[][] {
  const fixed: Work[][] = staff.map(() => [])
  const add = (staffId: number, work: Omit<Duty, 'staff_id'>) =>
    fixed[look.person(staffId) ?? -1]?.push({
      ...spanOf(work),
      week: onTheWall(work.starts_at, look.zone(work.site_id)).week,
    })
  for (const duty of existing) add(duty.staff_id, duty)
  for (const { shift_id, staff_id } of pins.assignments) add(staff_id, look.shift(shift_id))
  return fixed
}

function openingsOf({ shifts }: Problem, pins: Pins, weekOf: (shift: Shift) => number): Opening[] {
  const openings = shifts
    .map((shift): Opening => {
      const { start, end } = spanOf(shift)
      const places = shift.headcount - pins.assignments.filter(pin => pin.shift_id === shift.id).length
      return { shift, start, end, length: end - start, week: weekOf(shift), places, takers: [], clashes: [] }
    })
    .filter(opening => opening.places > 0)
    .sort((a, b) => a.start - b.start || a.end - b.end || a.shift.id - b.shift.id)

  let near: number[] = [] // openings are in order of their start, so looking back over those still near will do
  for (const [index, opening] of openings.entries()) {
    near = near.filter(earlier => clash(openings[earlier]!, opening))
    for (const earlier of near) {
      opening.clashes.push(earlier)
      openings[earlier]!.clashes.push(index)
    }
    opening.clashes.push(index)
    near.push(index)
  }
  return openings
}

function unknown(what: string): never {
  throw new Error(`The roster refers to ${what}, which is not part of the problem`)
}
