import { begins, isOver, type Moment, onTheWall } from './calendar.ts'
import {
  type Assignment,
  type Duty,
  HOUR,
  type Problem,
  REST_HOURS,
  type Shift,
  type Staff,
  type Wish,
} from './problem.ts'

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
  /** what stays as it is, and what it is worth */
  pins: Assignment[]
  pinnedCost: number
  pinnedWish: number
  /** [person]: milliseconds pinned, and allowed over all weeks */
  pinned: Float64Array
  allowed: Float64Array
  /** [person]: whether fairness asks about them: they could work, or do */
  inPlay: boolean[]
}

type Work = { start: number; end: number; week: string }

export function prepare(problem: Problem): Plan {
  const zones = new Map(problem.sites.map(site => [site.id, site.timezone]))
  const zoneOf = (siteId: number) => zones.get(siteId) ?? unknown(`site ${siteId}`)
  const people = problem.staff.length
  const personAt = new Map(problem.staff.map((person, index) => [person.id, index]))
  const shiftAt = new Map(problem.shifts.map(shift => [shift.id, shift]))
  const momentOf = new Map(problem.shifts.map(shift => [shift.id, onTheWall(shift.starts_at, zoneOf(shift.site_id))]))

  const pins = [...new Map(problem.pinned.map(pin => [`${pin.shift_id} ${pin.staff_id}`, pin])).values()]
  const fixed: Work[][] = problem.staff.map(() => [])
  const workOf = (duty: Omit<Duty, 'staff_id'>): Work => ({
    start: Date.parse(duty.starts_at),
    end: Date.parse(duty.ends_at),
    week: onTheWall(duty.starts_at, zoneOf(duty.site_id)).week,
  })
  for (const duty of problem.existing) fixed[personAt.get(duty.staff_id) ?? -1]?.push(workOf(duty))
  const pinned = new Float64Array(people)
  const pinnedPlaces = new Map<number, number>()
  let [pinnedCost, pinnedWish] = [0, 0]
  for (const { shift_id, staff_id } of pins) {
    const person = personAt.get(staff_id) ?? unknown(`staff ${staff_id}`)
    const shift = shiftAt.get(shift_id) ?? unknown(`shift ${shift_id}`)
    const work = workOf(shift)
    fixed[person]!.push(work)
    pinned[person]! += lengthOf(work)
    pinnedCost += wages(problem.staff[person]!, lengthOf(work))
    pinnedWish += wishes(problem.staff[person]!.preferences, shift, momentOf.get(shift_id)!)
    pinnedPlaces.set(shift_id, (pinnedPlaces.get(shift_id) ?? 0) + 1)
  }

  const weekNames = [...new Set([...momentOf.values()].map(moment => moment.week))].sort()
  const weekAt = new Map(weekNames.map((name, index) => [name, index]))
  const weeks = weekNames.length
  const free = new Float64Array(people * weeks)
  const allowed = new Float64Array(people)
  for (const [person, { max_hours_week }] of problem.staff.entries()) {
    free.fill(max_hours_week * HOUR, person * weeks, (person + 1) * weeks)
    allowed[person] = max_hours_week * HOUR * weeks
    for (const work of fixed[person]!) {
      const week = weekAt.get(work.week)
      if (week !== undefined) free[person * weeks + week]! -= lengthOf(work)
    }
  }

  const openings = problem.shifts
    .map((shift): Opening => {
      const [start, end] = [Date.parse(shift.starts_at), Date.parse(shift.ends_at)]
      const places = Math.max(0, shift.headcount - (pinnedPlaces.get(shift.id) ?? 0))
      const week = weekAt.get(momentOf.get(shift.id)!.week)!
      return { shift, start, end, length: end - start, week, places, takers: [], clashes: [] }
    })
    .filter(opening => opening.places > 0)
    .sort((a, b) => a.start - b.start || a.end - b.end || a.shift.id - b.shift.id)
  linkClashes(openings)

  const cost = new Float64Array(openings.length * people)
  const wish = new Float64Array(openings.length * people)
  const inPlay = problem.staff.map((_, person) => pinned[person]! > 0 && allowed[person]! > 0)
  for (const [index, opening] of openings.entries()) {
    const moment = momentOf.get(opening.shift.id)!
    const zone = zoneOf(opening.shift.site_id)
    for (const [person, staff] of problem.staff.entries()) {
      const at = index * people + person
      cost[at] = wages(staff, opening.length)
      wish[at] = wishes(staff.preferences, opening.shift, moment)
      if (refusal(staff, opening.shift, moment.date, zone)) continue
      if (fixed[person]!.some(work => clash(work, opening))) continue
      if (opening.length > free[person * weeks + opening.week]!) continue
      opening.takers.push(person)
      inPlay[person] = true
    }
  }
  return { problem, openings, people, weeks, cost, wish, free, pins, pinnedCost, pinnedWish, pinned, allowed, inPlay }
}

/** The rule, if any, that keeps a person from a shift whatever else is planned. */
export function refusal(staff: Staff, shift: Shift, date: string, zone: string) {
  if (shift.skill && !staff.skills.includes(shift.skill)) return 'skill'
  if (shift.certification) {
    const held = staff.certifications.filter(one => one.name === shift.certification)
    if (!held.some(one => date <= one.expires_on)) return 'certification'
  }
  const [start, end] = [Date.parse(shift.starts_at), Date.parse(shift.ends_at)]
  const away = staff.unavailable.some(({ from, to }) => begins(from, zone) < end && start < isOver(to, zone))
  return away ? 'unavailable' : undefined
}

/** Two pieces of work one person cannot do both: they overlap or leave too little rest between. */
export const clash = (a: { start: number; end: number }, b: { start: number; end: number }) =>
  a.start < b.end + REST_HOURS * HOUR && b.start < a.end + REST_HOURS * HOUR

const lengthOf = ({ start, end }: Work) => end - start

export const wages = (staff: Staff, length: number) => Math.round((staff.hourly_cents * length) / HOUR)

function wishes(preferences: Wish[], shift: Shift, moment: Moment): number {
  let met = 0
  for (const wish of preferences) if (applies(wish, shift, moment)) met += wish.want === 'prefer' ? 1 : -1
  return met
}

const applies = (wish: Wish, shift: Shift, moment: Moment) =>
  (wish.site_id ?? shift.site_id) === shift.site_id &&
  (wish.weekday ?? moment.weekday) === moment.weekday &&
  (wish.date ?? moment.date) === moment.date &&
  within(moment.minute, minuteOf(wish.from ?? '00:00'), minuteOf(wish.to ?? '24:00'))

const within = (minute: number, from: number, to: number) =>
  from <= to ? from <= minute && minute < to : from <= minute || minute < to

const minuteOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))

/** Openings are in order of their start, so one pass that looks back over those still near will do. */
function linkClashes(openings: Opening[]) {
  let near: number[] = []
  for (const [index, opening] of openings.entries()) {
    near = near.filter(earlier => opening.start < openings[earlier]!.end + REST_HOURS * HOUR)
    for (const earlier of near) {
      opening.clashes.push(earlier)
      openings[earlier]!.clashes.push(index)
    }
    opening.clashes.push(index)
    near.push(index)
  }
}

function unknown(what: string): never {
  throw new Error(`The roster refers to ${what}, which is not part of the problem`)
}
